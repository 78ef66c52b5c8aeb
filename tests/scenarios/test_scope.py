"""What the service includes, for whom, and what a request is: scope, beneficiaries, categories."""

from email.message import EmailMessage

import pytest

from storage.records import Status
from tests.scenarios.desk import ANNE, Desk, mail, reply

JEAN = "jean@ecole.test"


def words(letter: EmailMessage) -> str:
    """The plain text of a letter."""
    part = letter.get_body(("plain",))
    return part.get_content().replace("\u00a0", " ") if part else ""


def orders(desk: Desk, body: str, message_id: str = "r@etnic.test") -> str:
    """Anne answers her notification; what she is told."""
    desk.receive(reply(message_id, desk.letters(ANNE)[0], body, sender=f"Anne <{ANNE}>"))
    desk.once()
    return words(desk.letters(ANNE)[-1])


def asked(desk: Desk) -> Desk:
    """Jean has asked for help, and Anne has her notification."""
    desk.receive(mail("m1@ecole.test"))
    desk.once()
    return desk


# --- scope


@pytest.mark.parametrize(
    ("reason", "scope", "told"),
    [
        ("matériel", "matériel", "un logiciel que notre organisation n’a pas fourni"),
        ("training", "formation", "n’assure pas de formation"),
        ("métier", "métier", "application métier"),
        ("citoyen", "citoyen", "dossiers des citoyens"),
    ],
)
def test_each_exclusion_is_told_in_its_own_words(desk: Desk, reason: str, scope: str, told: str) -> None:
    """It is an act, and the ticket says so; Jean's answer brings it back."""
    asked(desk)
    line = orders(desk, f"#hors-périmètre {reason}\n\nBonjour Jean,\n\nCe n'est pas chez nous.\n")
    assert f"hors périmètre ({scope})" in line
    (ticket,) = desk.tickets()
    assert (ticket.status, ticket.scope, ticket.due_at) == (Status.OUT_OF_SCOPE, scope, None)
    stopped = next(event for event in desk.story(1001) if event.kind == "clock_stopped")
    assert '"act": "out_of_scope"' in stopped.detail
    desk.later(minutes=2)
    desk.once()
    letter = desk.letters(JEAN)[-1]
    assert told in words(letter)
    assert "Ce n'est pas chez nous." in words(letter)
    assert "#" not in words(letter)
    desk.receive(reply("m2@ecole.test", letter, "L'imprimante vient bien de chez vous.\n"))
    desk.once()
    (ticket,) = desk.tickets()
    assert ticket.status is Status.TAKEN
    assert ticket.due_at is not None


def test_thanks_for_a_refusal_bring_nothing_back(desk: Desk) -> None:
    """As they reopen nothing that is resolved."""
    asked(desk)
    orders(desk, "#hors-périmètre formation\n")
    desk.later(minutes=2)
    desk.once()
    desk.receive(reply("m2@ecole.test", desk.letters(JEAN)[-1], "Merci !\n"))
    desk.once()
    assert desk.tickets()[0].status is Status.OUT_OF_SCOPE


def test_specialists_and_unknown_reasons_change_nothing(desk: Desk) -> None:
    """One proposes the escalation, the other names the reasons; Jean hears of neither."""
    desk.configure(team=[{"name": "réseau", "address": "reseau@etnic.test"}])
    asked(desk)
    assert "#escalader réseau" in orders(desk, "#hors-périmètre spécialiste\n\nPas pour nous.\n")
    told = orders(desk, "#hors-périmètre café\n", "r2@etnic.test")
    assert "matériel, formation, métier, citoyen, spécialiste" in told
    desk.later(minutes=5)
    desk.once()
    (ticket,) = desk.tickets()
    assert (ticket.status, ticket.scope) == (Status.NEW, "")
    assert ticket.due_at is not None
    assert len(desk.letters(JEAN)) == 1
