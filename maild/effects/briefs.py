"""A ticket comes to somebody of the desk: what was asked, what was said last, and why it is theirs now.

One of the effects of ``apply``, for acts of people and for the passing of time alike.
"""

from maild import compose, instants
from maild.decide import commands
from maild.decide.decision import Brief
from maild.decide.tokens import Purpose
from maild.effects.work import Work, marker_of
from parsers.addresses import Address
from parsers.quotes import reply_text
from storage.records import MessageKind, Spoken


def brief(work: Work, brief: Brief) -> None:
    """A letter to each; a reply to it works as one to the first notification."""
    ticket = work.before.ticket
    place = {name: getattr(ticket, name) for name in _PLACE} | work.changed
    # As the first notification: in the thread of the ticket, an answer to no mail that its reader has.
    thread = tuple(one.message_id for one in work.before.handling.spoken)
    for address, language in brief.recipients:
        post = work.post(Purpose.NOTIFICATION, Address("", address), language, beside=thread)
        letter = compose.notification(
            work.paper, number=work.number, subject=work.subject,
            requester=Address(ticket.requester_name, ticket.requester_address),
            text=_text(work, brief, language), due_at=work.derived.get("due_at", ticket.due_at),
            reason=brief.reason, by=brief.by, marker=marker_of(post),
            category=place["category"], priority=place["priority"], standing=place["standing"],
            entity=place["entity"], card=commands.card(language),
            undo=instants.duration(work.policy.relay_delay, language), **post,
        )  # fmt: skip
        work.owe(letter, MessageKind.NOTIFICATION, f"brief:{work.once}:{address.casefold()}")
        work.tell("notified", "maild", to=address, reason=brief.reason)


_PLACE = ("category", "priority", "standing", "entity")


def _text(work: Work, brief: Brief, language: str) -> str:
    """What a colleague says, what was asked, and the new words of the last mail."""
    spoken = work.before.handling.spoken
    parts = [f"{brief.by}:\n{brief.words.strip()}"] if brief.words.strip() else []
    parts += [spoken[0].text.strip()] if spoken else []
    if len(spoken) > 1:
        parts.append(f"{_heading(work, spoken[-1], language)}\n{reply_text(spoken[-1].text).strip()}")
    return "\n\n---\n\n".join(parts)


def _heading(work: Work, said: Spoken, language: str) -> str:
    return f"{said.sender}, {instants.deadline(said.arrived_at, work.policy.desk.timezone, language)}:"
