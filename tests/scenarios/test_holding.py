"""An answer on its way: `#stop` holds it while it has not left, `#envoyer` lets it go (DESIGN section 6)."""

from email.message import EmailMessage

import pytest

from storage.records import Status
from tests.scenarios.desk import ANNE, Desk, mail, reply

BOB = "bob@etnic.test"
JEAN = "jean@ecole.test"


@pytest.fixture
def told(desk: Desk) -> Desk:
    """Jean has asked for help; Anne and Bob have their notifications."""
    desk.configure(agent=[{"name": "Anne", "address": ANNE}, {"name": "Bob", "address": BOB}])
    desk.receive(mail("m1@ecole.test", Cc="luc@ecole.test"))
    desk.once()
    return desk


def words(letter: EmailMessage) -> str:
    """The plain text of a letter."""
    part = letter.get_body(("plain",))
    return part.get_content().replace("\u00a0", " ") if part else ""


def says(desk: Desk, text: str, name: str, *, who: str = ANNE) -> str:
    """An agent answers her notification; what the desk says to her last."""
    desk.receive(reply(f"{name}@etnic.test", desk.letters(who)[0], f"{text}\n", sender=who))
    desk.once()
    return words(desk.letters(who)[-1])


def relayed(desk: Desk) -> list[str]:
    """What Jean has got besides his receipt."""
    return [words(letter) for letter in desk.letters(JEAN)[1:]]


def test_an_answer_that_is_stopped_leaves_when_its_author_says_so(told: Desk) -> None:
    """Meanwhile the ticket stands as before, and its clock runs."""
    before = told.standing()[0]
    says(told, "Redémarrez l'imprimante.", "r1")
    assert told.tickets()[0].status is Status.TAKEN
    told.later(minutes=1)
    line = says(told, "#stop\n\nNon, attendez, c'était pour un autre ticket.", "r2")
    assert "la réponse de Anne du lundi 25 novembre 2024 à 14 h 32 est retenue" in line
    assert "ETNIC-1001 est « nouveau ». Son délai court de nouveau." in line
    assert told.standing()[0] == before
    told.later(hours=3)
    told.once()
    assert relayed(told) == []
    assert told.outbox()["held"] == 2
    assert "est déjà retenue" in says(told, "#stop", "r3")
    assert "part maintenant" in says(told, "#envoyer", "r4")
    assert [("Redémarrez l'imprimante." in text, "attendez" in text) for text in relayed(told)] == [
        (True, False)
    ]
    (ticket,) = told.tickets()
    assert (ticket.status, ticket.assignee, ticket.due_at) == (Status.TAKEN, ANNE, None)
    assert len(told.letters("luc@ecole.test")) == 1
    assert "aucune réponse n’est retenue" in says(told, "#envoyer", "r5")


def test_too_late_is_told_with_the_instant(told: Desk) -> None:
    """Nothing brings a letter back, and nothing changes."""
    says(told, "Redémarrez l'imprimante.", "r1")
    told.later(minutes=2)
    told.once()
    line = says(told, "#stop", "r2")
    assert (
        "trop tard, la réponse de Anne est partie à jean@ecole.test (lundi 25 novembre 2024 à 14 h 34)"
        in line
    )
    assert told.tickets()[0].status is Status.TAKEN
    assert len(relayed(told)) == 1


def test_a_resolution_that_is_stopped_was_none(told: Desk) -> None:
    """The ticket is open as before, and resolved when its letter leaves after all."""
    says(told, "#prendre", "r0")
    says(told, "#résolu\n\nC'est réparé.", "r1")
    assert told.tickets()[0].status is Status.RESOLVED
    assert "ETNIC-1001 est « pris en charge »" in says(told, "#stop", "r2")
    assert (told.tickets()[0].status, told.tickets()[0].assignee) == (Status.TAKEN, ANNE)
    assert "ETNIC-1001 est « résolu »" in says(told, "#envoyer", "r3")
    assert told.tickets()[0].status is Status.RESOLVED
    assert ["C'est réparé." in text for text in relayed(told)] == [True]


def test_an_order_above_an_answer_is_an_act_of_its_own(told: Desk) -> None:
    """Anne has taken the ticket, whatever becomes of her words."""
    says(told, "#prendre\n\nJe viens demain.", "r1")
    assert "est retenue" in says(told, "#stop", "r2")
    (ticket,) = told.tickets()
    assert (ticket.status, ticket.assignee, ticket.due_at) == (Status.TAKEN, ANNE, None)


def test_any_agent_may_stop_but_everybody_s_own_first(told: Desk) -> None:
    """Bob holds his own answer, then Anne's."""
    says(told, "Réponse d'Anne.", "r1")
    says(told, "Réponse de Bob.", "r2", who=BOB)
    assert "la réponse de Bob" in says(told, "#stop", "r3", who=BOB)
    assert "la réponse de Anne" in says(told, "#stop", "r4", who=BOB)
    told.later(hours=1)
    told.once()
    assert relayed(told) == []
    assert "aucune réponse" not in says(told, "#envoyer", "r5", who=BOB)
    assert ["Réponse de Bob." in text for text in relayed(told)] == [True]
    assert says(told, "#prendre\n#stop", "r6").count("ne vont pas ensemble") == 1
