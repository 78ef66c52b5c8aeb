"""What agents say to requesters, and letters that are stopped on their way.

One of the effects of ``apply``: one letter for each who is answered, with the files of the agent's own mail.
"""

from maild import compose
from maild.assembly import file_of
from maild.decide.decision import ReleaseLetters, SendRelay, StopLetters, Tell
from maild.decide.tokens import Purpose
from maild.effects import clocks
from maild.effects.work import Work, marker_of
from parsers.addresses import Address
from parsers.attachments import Attachment
from storage import outbox
from storage.outbox import Act
from storage.records import MessageKind


def send(work: Work, relay: SendRelay) -> None:
    """A letter to each, in the thread that the requester began; all are shown to all."""
    first, *followers = relay.to
    files = tuple(file_of(file) for file in _at_hand(work) if file.sha256 in relay.files)
    for to in relay.to:
        post = work.post(Purpose.RELAY, to, relay.language, answers=relay.parents)
        # The token names who gets this copy; the header shows everybody, as in any conversation.
        post |= {"to": first, "cc": tuple(followers), "recipient": to, "files": files}
        letter = compose.relay(
            work.paper, number=work.number, subject=work.subject, text=relay.text, html=relay.html,
            notice=relay.notice, values=dict(relay.values), **post,
        )  # fmt: skip
        owed = f"relay:{work.once}:{to.key}"
        work.owe(letter, MessageKind.RELAY, owed, not_before=relay.not_before, held=relay.held)
    work.tell("relayed", work.actor, to=[to.address for to in relay.to], notice=relay.notice)


def _at_hand(work: Work) -> tuple[Attachment, ...]:
    """The files of the agent's own mail, and of what he passes on; nothing that is held."""
    passed = work.facts.team_answers.get(work.here)
    own = (file for file in work.mail.attachments if file.sha256 not in work.decision.held)
    theirs = (file for file in passed.mail.attachments if file.sha256 not in passed.held) if passed else ()
    return (*own, *theirs)


def tell(work: Work, told: Tell) -> None:
    """A letter to each of the desk's people who must hear of it; a reply to it works on the ticket."""
    thread = (*work.mail.references, work.mail.message_id)
    for address, language in told.recipients:
        post = work.post(Purpose.NOTIFICATION, Address("", address), language, beside=thread)
        letter = compose.told(
            work.paper, number=work.number, subject=work.subject, headline=told.headline, lines=told.lines,
            marker=marker_of(post), **post,
        )  # fmt: skip
        work.owe(letter, MessageKind.NOTIFICATION, f"told:{work.once}:{address.casefold()}")
        work.tell("notified", "maild", to=address)


def stop(work: Work, stopped: StopLetters) -> None:
    """Hold or drop what has not left, and let the clocks run again that it had stopped."""
    act = Act.DROP if stopped.drop else Act.HOLD
    for number in stopped.letters:
        outbox.intervene(work.tx, number, act, by=work.actor, now=work.facts.now)
    # What is restored is no change that could be undone in its turn.
    work.derived |= dict(stopped.restore)
    if stopped.restart:
        work.tx.restart_clocks(stopped.restart)
        work.derived |= clocks.shown(work.tx, work.here)
        work.tell("clock_restarted", work.actor, messages=len(stopped.restart))


def release(work: Work, released: ReleaseLetters) -> None:
    """Let held letters go."""
    for number in released.letters:
        outbox.intervene(work.tx, number, Act.RELEASE, by=work.actor, now=work.facts.now)
