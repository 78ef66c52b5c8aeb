"""What agents hand on to the desk: its author is the requester, and hears nothing of the agent's words."""

from email.message import EmailMessage
from typing import Any

import pytest

from maild import cli
from storage.records import Status
from tests.parsers.clients import header
from tests.scenarios.desk import ANNE, DESK, Desk, mail, reply

AUTH = "mx.etnic.test; dmarc=pass header.from=etnic.test"
BRUNO = "bruno@etnic.test"
WORDS = "Goedendag,\n\nMijn printer werkt sinds vanmorgen niet meer, kunt u mij helpen?\n\nJan\n"
# What the clients of the desk put above the header of the mail that they hand on.
ABOVE = {
    "Outlook": "",
    "Gmail": "---------- Forwarded message ---------\n",
    "Apple Mail": "Begin forwarded message:\n\n",
}


@pytest.fixture
def office(desk: Desk) -> Desk:
    """Two agents, whose own server vouches for them."""
    desk.configure(
        security={"trusted_authserv_ids": ["mx.etnic.test"]},
        agent=[{"name": "Anne", "address": ANNE}, {"name": "Bruno", "address": BRUNO}],
    )
    return desk


def words(letter: EmailMessage) -> str:
    """The plain text of a letter."""
    part = letter.get_body(("plain",))
    return part.get_content().replace("\u00a0", " ") if part else ""


def handed_on(
    name: str = "f1@etnic.test", *, order: str = "#transfert\n\nClient difficile.\n\n", **more: Any
) -> bytes:
    """Anne forwards what Jan wrote to her."""
    client = more.pop("client", "Outlook")
    written = header("nl", sender="Jan Peeters <jan@school.test>")
    body = f"{order}{ABOVE[client]}{written}\n\n{WORDS}"
    made = {"sender": f"Anne <{ANNE}>", "subject": "TR: Printer", "Authentication_Results": AUTH}
    return mail(name, body=body, **(made | more))


def reconciles(desk: Desk) -> bool:
    """Mailbox and ledger agree."""
    return cli.answer(["reconcile", "--config", str(desk.file)]) == 0


@pytest.mark.parametrize("client", ABOVE)
def test_a_forward_becomes_its_author_s_ticket(office: Desk, client: str) -> None:
    """He has a receipt in his language, the team is told, and the agent reads whom it chose."""
    office.receive(handed_on(client=client))
    office.once()
    (ticket,) = office.tickets()
    assert (ticket.requester_address, ticket.requester_name) == ("jan@school.test", "Jan Peeters")
    assert (ticket.language, ticket.status, ticket.due_at is None) == ("nl", Status.NEW, False)
    (receipt,) = office.letters("jan@school.test")
    assert "ETNIC-1001" in str(receipt["Subject"])
    assert receipt["In-Reply-To"] is None
    assert not any(secret in str(receipt) for secret in ("difficile", ANNE, "f1@etnic.test"))
    told = [words(one) for one in office.letters(ANNE)]
    assert any(
        "Demandeur : Jan Peeters <jan@school.test>" in one and "ETNIC-1001 est ouvert" in one for one in told
    )
    (notified,) = office.letters(BRUNO)
    assert "Jan Peeters" in words(notified)
    assert "Client difficile." in words(notified)
    assert "Mijn printer werkt" in words(notified)
    assert reconciles(office)


def test_the_author_is_answered_in_a_thread_of_his_own(office: Desk) -> None:
    """And his next mail finds the ticket."""
    office.receive(handed_on())
    office.once()
    office.receive(reply("a1@etnic.test", office.letters(BRUNO)[0], "Wij bekijken het.\n", sender=BRUNO))
    office.once()
    office.later(minutes=3)
    office.once()
    answer = office.letters("jan@school.test")[-1]
    assert "Wij bekijken het." in words(answer)
    assert "f1@etnic.test" not in str(answer)
    office.receive(
        reply("j1@school.test", answer, "Bedankt, het werkt nog niet.\n", sender="jan@school.test")
    )
    office.once()
    assert office.number_of("j1@school.test") == 1001
    assert office.kinds(1001)[:3] == ["request", "relay", "reply"]


def test_a_wrong_choice_is_corrected_by_reply(office: Desk) -> None:
    """The right one has a receipt, the wrong one hears nothing more; an undo names the way."""
    office.receive(handed_on())
    office.once()
    (chosen,) = [one for one in office.letters(ANNE) if "est ouvert" in words(one)]
    office.receive(reply("c1@etnic.test", chosen, "#transfert Eva <eva@school.test>\n", sender=ANNE))
    office.once()
    assert office.tickets()[0].requester_address == "eva@school.test"
    assert len(office.letters("eva@school.test")) == 1
    office.receive(
        reply("u1@etnic.test", office.letters(ANNE)[-1], "#annuler\n", sender=ANNE),
        reply("a1@etnic.test", office.letters(BRUNO)[0], "Wij bekijken het.\n", sender=BRUNO),
    )
    office.once()
    assert "ne s’annule pas" in words(office.letters(ANNE)[-1])
    office.later(minutes=3)
    office.once()
    assert "Wij bekijken het." in words(office.letters("eva@school.test")[-1])
    assert len(office.letters("jan@school.test")) == 1
    assert reconciles(office)


def test_a_forward_that_is_the_agent_s_own_ticket_is_handed_over(office: Desk) -> None:
    """In answer to its receipt, with proof; without any nothing happens, and the agent is told."""
    office.receive(handed_on(order="Pour info.\n\n"))
    office.once()
    assert office.tickets()[0].requester_address == ANNE
    (receipt,) = office.letters(ANNE)
    office.receive(reply("t1@etnic.test", receipt, "#transfert\n", sender=ANNE))
    office.once()
    assert office.tickets()[0].requester_address == ANNE
    assert any("pas pu vérifier" in words(one) for one in office.letters(ANNE))
    office.receive(reply("t2@etnic.test", receipt, "#transfert\n", sender=ANNE, Authentication_Results=AUTH))
    office.once()
    (ticket,) = office.tickets()
    assert (ticket.requester_address, ticket.language, ticket.subject) == ("jan@school.test", "nl", "x")
    assert len(office.letters("jan@school.test")) == 1
    assert any("Demandeur de ETNIC-1001 : Jan Peeters" in words(one) for one in office.letters(ANNE))
    assert reconciles(office)


def test_what_cannot_be_read_opens_nothing_and_is_told(office: Desk) -> None:
    """No author, no ticket: one line, and an example."""
    unread = mail(
        "f1@etnic.test",
        sender=ANNE,
        subject="TR: x",
        body="#transfert\n\nVoir.\n",
        Authentication_Results=AUTH,
    )
    office.receive(unread)
    office.once()
    assert office.tickets() == []
    (answer,) = office.letters(ANNE)
    assert "#transfert jean.dupont@example.org" in words(answer)
    assert DESK not in words(answer).partition("#transfert")[2].partition("\n")[0]
    assert reconciles(office)
