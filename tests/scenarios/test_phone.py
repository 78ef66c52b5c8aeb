"""The phone in the same register: a call is a ticket, or a line of one, and its words stay inside."""

import json
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest

from storage import handling
from storage.records import Call, Status
from tests.scenarios.desk import ANNE, MONDAY, Desk, mail, reply

AUTH = "mx.etnic.test; dmarc=pass header.from=etnic.test"
JEAN = "jean@ecole.test"
LUC = "luc@ecole.test"


@pytest.fixture
def phone(desk: Desk) -> Desk:
    """A desk that knows its agents' mail by DMARC."""
    desk.configure(security={"trusted_authserv_ids": ["mx.etnic.test"]})
    return desk


def words(letter: EmailMessage) -> str:
    """The plain text of a letter."""
    part = letter.get_body(("plain",))
    return part.get_content().replace("\u00a0", " ") if part else ""


def logs(desk: Desk, body: str, *, subject: str = "Mot de passe oublié", **headers: Any) -> str:
    """Anne writes to the desk after a call; what she is told."""
    proven = {"Authentication_Results": AUTH} | headers
    desk.receive(mail("call@etnic.test", sender=f"Anne <{ANNE}>", subject=subject, body=body, **proven))
    desk.once()
    return words(desk.letters(ANNE)[-1])


def calls(desk: Desk) -> list[tuple[int, Call]]:
    """What the phone objectives are counted from."""
    with desk.ledger() as tx:
        day = timedelta(days=1)
        return list(handling.calls(tx, since=MONDAY - day, until=MONDAY + day))


def test_a_fresh_call_is_a_ticket_of_the_caller(phone: Desk) -> None:
    """In the hands of who took it, from its own instant, without a clock; Luc hears nothing of it."""
    told = logs(
        phone, "#appel Luc <luc@ecole.test> attente=3m durée=4m à=14:05\n\nIl doit vérifier son badge.\n"
    )
    assert "l’appel de Luc est noté et pris en charge par Anne" in told
    assert "[ETNIC-1001]" in str(phone.letters(ANNE)[-1]["Subject"])
    (ticket,) = phone.tickets()
    at = MONDAY - timedelta(minutes=27)
    assert (ticket.requester_name, ticket.requester_address) == ("Luc", LUC)
    assert (ticket.status, ticket.assignee, ticket.due_at) == (Status.TAKEN, ANNE, None)
    assert (ticket.arrived_at, ticket.taken_at, ticket.acked_at) == (at, at, None)
    assert calls(phone) == [(1001, Call(at=at, agent=ANNE, waited=180, lasted=240, first_call=None))]
    opened = next(event for event in phone.story(1001) if event.kind == "opened")
    assert json.loads(opened.detail)["reason"] == "phone"
    assert phone.kinds(1001) == ["call", "answer"]
    assert not phone.rows("SELECT id FROM clock")
    assert not phone.letters(LUC)


def test_a_later_answer_reaches_the_caller_and_his_own_comes_back(phone: Desk) -> None:
    """A reply to the desk's answer about the call is a note; a command in it works on the ticket."""
    logs(phone, "#appel luc@ecole.test durée=4m\n\nIl doit vérifier son badge.\n")
    answer = phone.letters(ANNE)[-1]
    phone.receive(reply("r@etnic.test", answer, "Encore une chose pour nous, entre nous.\n", sender=ANNE))
    phone.once()
    assert phone.kinds(1001)[:2] == ["call", "note"]
    phone.receive(reply("r2@etnic.test", answer, "#résolu\n\nVotre badge fonctionne.\n", sender=ANNE))
    phone.once()
    phone.later(minutes=2)
    phone.once()
    (letter,) = phone.letters(LUC)
    assert "Votre badge fonctionne." in words(letter)
    phone.receive(reply("m2@ecole.test", letter, "Non, toujours pas.\n", sender=LUC))
    phone.once()
    assert phone.tickets()[0].status is Status.TAKEN
    assert [row.first for row in phone.rows("SELECT first FROM clock")] == [False]


def test_solved_at_the_first_call(phone: Desk) -> None:
    """Resolved at once, with a receipt because she asked for one; it says nothing of her note."""
    told = logs(
        phone, "#call luc@ecole.test wait=1m duration=6m first-call=yes receipt=yes\n\nEncore son badge.\n"
    )
    assert "résolu au premier appel par Anne" in told
    (ticket,) = phone.tickets()
    assert (ticket.status, ticket.due_at, ticket.acked_at) == (Status.RESOLVED, None, MONDAY)
    assert calls(phone)[0][1].first_call is True
    (receipt,) = phone.letters(LUC)
    assert "résolue pendant l’appel" in words(receipt)
    assert "« Mot de passe oublié »" in words(receipt)
    assert "badge" not in str(receipt)
    assert receipt["Auto-Submitted"] == "auto-generated"
    assert receipt["In-Reply-To"] is None
    phone.receive(reply("m2@ecole.test", receipt, "Cela recommence, malheureusement.\n", sender=LUC))
    phone.once()
    assert phone.tickets()[0].status is Status.TAKEN


def test_a_call_about_a_ticket_is_logged_there(phone: Desk) -> None:
    """It answers what Jean wrote; what is said below stays inside."""
    phone.receive(mail("m1@ecole.test"))
    phone.once()
    phone.later(hours=1)
    notified = phone.letters(ANNE)[0]
    phone.receive(
        reply("r@etnic.test", notified, "#appel durée=2m\n\nIl rappelle demain à ce sujet.\n", sender=ANNE)
    )
    phone.once()
    assert "l’appel est noté sur ETNIC-1001" in words(phone.letters(ANNE)[-1])
    (ticket,) = phone.tickets()
    assert (ticket.status, ticket.assignee, ticket.due_at) == (Status.TAKEN, ANNE, None)
    assert [number for number, _ in calls(phone)] == [1001]
    assert phone.kinds(1001)[:2] == ["request", "call"]
    phone.later(minutes=5)
    phone.once()
    assert len(phone.letters(JEAN)) == 1


def test_a_receipt_for_a_call_stands_in_the_thread_of_its_ticket(phone: Desk) -> None:
    """Where there is one."""
    phone.receive(mail("m1@ecole.test"))
    phone.once()
    phone.receive(reply("r@etnic.test", phone.letters(ANNE)[0], "#appel durée=2m reçu=oui\n", sender=ANNE))
    phone.once()
    (_, receipt) = phone.letters(JEAN)
    assert receipt["In-Reply-To"] == "<m1@ecole.test>"
    assert "Vous nous avez téléphoné" in words(receipt)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("#appel luc@ecole.test tarif=3m\n", "« tarif= » est inconnu"),
        ("#appel durée=3m\n", "qui a appelé ?"),
        ("#appel luc@ecole.test\n#prendre\n", "de quel ticket ?"),
    ],
)
def test_what_is_not_understood_opens_nothing(phone: Desk, body: str, told: str) -> None:
    """One answer with an example."""
    assert told in logs(phone, body)
    assert not phone.tickets()
    assert not calls(phone)


def test_without_proof_it_is_a_mail_like_any_other(phone: Desk) -> None:
    """A ticket of whoever wrote it, who is told so; nothing is logged, and Luc hears nothing."""
    body = "#appel luc@ecole.test durée=4m reçu=oui\n"
    told = logs(phone, body, Authentication_Results="mx.etnic.test; dmarc=none")
    assert "Rien n’a été exécuté" in told
    (ticket,) = phone.tickets()
    assert ticket.requester_address == ANNE
    assert not calls(phone)
    assert not phone.letters(LUC)
