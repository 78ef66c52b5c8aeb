"""What of an agent's mail goes to the requester, to whom else, and why not."""

from dataclasses import replace
from datetime import timedelta

import pytest

from maild.decide import relays
from maild.decide.case import weighed
from maild.decide.classify import MailKind
from maild.decide.decision import SendRelay
from maild.decide.facts import Handling, TicketFacts
from maild.decide.policy import Agent, Budget, Rate
from maild.decide.relays import Relayed
from storage.records import Given, OutboxState, Participant, Spoken, Status
from tests.maild.decide.cases import ANNE, JEAN, NOON, facts, mail, policy, state

WHO = Agent(name="Anne", address=ANNE, language="fr")
ASKED = Spoken(message_row=1, message_id="m1@ecole.test", sender=JEAN, arrived_at=NOON, text="Aidez-moi.")


def on_ticket(
    *people: str, given: tuple[Given, ...] = (), status: Status = Status.NEW, requester: str = JEAN
) -> TicketFacts:
    """Jean's ticket, with these people beside him."""
    known = state(1001, JEAN, status=status, requester_address=requester)
    followers = tuple(Participant(address=address, name="", role="watcher") for address in people)
    return replace(known, handling=Handling(people=followers, spoken=(ASKED,), given=given))


def relayed(ticket: TicketFacts, words: str = "Je passe demain.", **known: bool) -> Relayed:
    """What becomes of Anne's words."""
    desk = replace(policy(), agents=(WHO,))
    case = weighed(mail(words, sender=ANNE), MailKind.AGENT, facts(**known), desk)
    return relays.relay(case, WHO, ticket, words)


def sent(found: Relayed) -> SendRelay:
    """The one letter that is sent."""
    (letter,) = (change for change in found.changes if isinstance(change, SendRelay))
    return letter


def test_the_requester_first_then_who_follows() -> None:
    """Never the desk's own people, nor an address that nobody reads."""
    found = sent(relayed(on_ticket("marie@ecole.test", ANNE, "no-reply@ecole.test", JEAN)))
    assert [to.address for to in found.to] == [JEAN, "marie@ecole.test"]
    assert found.parents == ("m1@ecole.test",)
    assert found.not_before == NOON + timedelta(minutes=2)


@pytest.mark.parametrize("status", [Status.CLOSED, Status.SPAM, Status.MERGED])
def test_nothing_is_sent_on_what_is_over(status: Status) -> None:
    """And its author reads how to answer all the same."""
    found = relayed(on_ticket(status=status))
    assert (found.refused, found.changes) == (True, ())
    assert "#rouvrir" in found.lines[0]


@pytest.mark.parametrize(
    ("words", "known", "line"),
    [("", {}, "aucun texte nouveau"), ("Voici.", {"cut": True}, "trop volumineuses")],
    ids=["nothing new", "only its beginning is here"],
)
def test_what_cannot_be_sent_is_refused_whole(words: str, known: dict[str, bool], line: str) -> None:
    """With a reason that its author can do something about."""
    found = relayed(on_ticket(), words, **known)
    assert found.refused
    assert line in found.lines[0]


def test_a_ticket_without_an_address_is_answered_to_nobody() -> None:
    """A mail that nobody could read has none."""
    assert "pas d’adresse" in relayed(on_ticket(requester="")).lines[0]


def test_a_colleague_was_first() -> None:
    """There is time to read that before the second answer leaves."""
    first = Given(
        outbox_id=1,
        cause="m2",
        agent="bob@etnic.be",
        recipient=JEAN,
        state=OutboxState.READY,
        created_at=NOON,
    )
    found = relayed(on_ticket(given=(first,)))
    assert sent(found).not_before == NOON + relays.WHERE_ANSWERED
    assert "bob@etnic.be a déjà répondu" in found.lines[0]
    own = replace(first, agent=ANNE)
    assert relayed(on_ticket(given=(own,))).lines == ()


def test_more_than_a_person_writes_is_held() -> None:
    """What a program may have written waits for a person's word, and is not lost."""
    given = tuple(
        Given(outbox_id=n, cause=f"m{n}", agent=ANNE, recipient=JEAN, state=OutboxState.SENT, created_at=NOON)
        for n in range(1, 4)
    )
    desk = replace(policy(), agents=(WHO,), budget=Budget(ticket=(Rate(count=3, span=timedelta(hours=1)),)))
    case = weighed(mail("Encore.", sender=ANNE), MailKind.AGENT, facts(), desk)
    found = relays.relay(case, WHO, on_ticket(given=given), "Encore.")
    assert sent(found).held.startswith("budget: 3 answers")
    assert "retenue" in found.lines[0]


def test_an_attached_mail_that_discloses_a_colleague_stays_behind() -> None:
    """Its author reads which one did, and why."""
    told = f"From: Bob <{ANNE}>\nSubject: interne\n\nBonjour\n"
    raw = (
        "--b\nContent-Type: text/plain\n\nVoici.\n--b\nContent-Type: message/rfc822; name=fil.eml\n"
        f"Content-Disposition: attachment\n\n{told}\n--b--\n"
    )
    desk = replace(policy(), agents=(WHO,))
    read = mail(raw, sender=ANNE, Content_Type='multipart/mixed; boundary="b"')
    case = weighed(read, MailKind.AGENT, facts(), desk)
    found = relays.relay(case, WHO, on_ticket(), "Voici.")
    assert sent(found).files == ()
    assert "non transmise" in found.lines[0]
