"""In whose hands a ticket is, where it stands, and how it is sorted: a story a verb (DESIGN section 6)."""

from email.message import EmailMessage

import pytest

from storage.records import Status
from tests.scenarios.desk import ANNE, Desk, mail, reply

BOB = "bob@etnic.test"
JEAN = "jean@ecole.test"


@pytest.fixture
def told(desk: Desk) -> Desk:
    """Jean has asked for help and Anne has her notification; Bob is of another team."""
    desk.configure(
        agent=[{"name": "Anne", "address": ANNE}, {"name": "Bob", "address": BOB, "teams": ["réseau"]}]
    )
    desk.receive(mail("m1@ecole.test"))
    desk.once()
    return desk


def words(letter: EmailMessage) -> str:
    """The plain text of a letter."""
    part = letter.get_body(("plain",))
    return part.get_content().replace("\u00a0", " ") if part else ""


def says(desk: Desk, text: str, *, who: str = ANNE, name: str = "r1") -> str:
    """An agent answers the last letter about the ticket; what the desk says to it."""
    desk.receive(reply(f"{name}@etnic.test", desk.letters(who)[-1], f"{text}\n", sender=who))
    desk.once()
    return words(desk.letters(who)[-1])


def test_a_ticket_is_handed_to_a_colleague_who_can_work_on_it(told: Desk) -> None:
    """He gets the request and what was said inside; his reply is the desk's answer."""
    line = says(told, "#assigner bob\n#note\n\nC'est sûrement le switch.")
    assert "#assigner : fait, ETNIC-1001 est confié à Bob" in line
    (letter,) = told.letters(BOB)
    assert "Anne vous a attribué la demande ETNIC-1001." in words(letter)
    assert "mon imprimante ne fonctionne plus" in words(letter)
    assert "C'est sûrement le switch." in words(letter)
    (ticket,) = told.tickets()
    assert (ticket.status, ticket.assignee, ticket.due_at) == (Status.TAKEN, BOB, None)
    says(told, "Je passe cet après-midi.", who=BOB, name="b1")
    told.later(minutes=2)
    told.once()
    assert "Je passe cet après-midi." in words(told.letters(JEAN)[-1])
