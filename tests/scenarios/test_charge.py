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


def test_a_resolved_ticket_is_told_of_and_opens_again_by_a_reply(told: Desk) -> None:
    """With the agent's words and how to reopen; thanks leave it as it is, a problem opens it again."""
    line = says(told, "#résolu\n\nLe pilote est remplacé.")
    assert "#résolu : fait, ETNIC-1001 est résolu et le demandeur en est averti" in line
    assert told.tickets()[0].status is Status.RESOLVED
    assert told.tickets()[0].assignee == ANNE
    told.later(minutes=2)
    told.once()
    letter = told.letters(JEAN)[-1]
    assert "Le pilote est remplacé." in words(letter)
    assert "répondez simplement à ce message : elle sera rouverte" in words(letter)
    told.receive(reply("t1@ecole.test", letter, "Merci beaucoup !\n"))
    told.once()
    assert told.tickets()[0].status is Status.RESOLVED
    told.receive(reply("t2@ecole.test", letter, "Cela recommence depuis ce matin.\n"))
    told.once()
    assert told.tickets()[0].status is Status.TAKEN
    assert told.tickets()[0].due_at is not None


def test_a_ticket_is_closed_without_a_word_and_opened_again(told: Desk) -> None:
    """Nothing leaves for the requester."""
    assert "rien n’est envoyé au demandeur" in says(told, "#clore")
    assert (told.tickets()[0].status, told.tickets()[0].due_at) == (Status.CLOSED, None)
    refused = says(told, "#attente 2j", name="r2")
    assert "ETNIC-1001 est « clôturé », rien n’a changé" in refused
    assert "de nouveau ouvert" in says(told, "#rouvrir", name="r3")
    assert told.tickets()[0].status is Status.TAKEN
    told.later(minutes=5)
    told.once()
    assert len(told.letters(JEAN)) == 1


def test_spam_leaves_no_trace_with_its_sender(told: Desk) -> None:
    """Its clock stops, what the agent says of it stays inside."""
    assert "ne compte plus" in says(told, "#spam\n\nEncore lui.")
    told.later(minutes=5)
    told.once()
    (ticket,) = told.tickets()
    assert (ticket.status, ticket.due_at, ticket.near_limit) == (Status.SPAM, None, False)
    assert len(told.letters(JEAN)) == 1


def test_a_ticket_is_sorted_and_its_team_hears_of_it(told: Desk) -> None:
    """The category's team and priority; the clock goes on."""
    told.configure(category=[{"name": "incident", "team": "réseau", "priority": "haute", "limit": "4h"}])
    due = told.tickets()[0].due_at
    assert "équipe réseau, priorité haute" in says(told, "#catégorie incident")
    (ticket,) = told.tickets()
    assert (ticket.category, ticket.team, ticket.priority, ticket.due_at) == (
        "incident",
        "réseau",
        "haute",
        due,
    )
    (letter,) = told.letters(BOB)
    assert "Anne a confié la demande ETNIC-1001 à votre équipe." in words(letter)
    assert "priorité de ETNIC-1001 est « basse »" in says(told, "#priorité basse", name="r2")
    assert told.tickets()[0].priority == "basse"


def test_a_ticket_waits_and_comes_back_by_itself(told: Desk) -> None:
    """Its clock goes on, because waiting is no answer; it wakes at its time though the daemon was stopped."""
    line = says(told, "#prendre\n#attente 2j")
    assert "est en attente jusqu’au mercredi 27 novembre 2024 à 14 h 32" in line
    assert "continue de courir" not in line
    told.later(hours=47)
    told.once()
    assert told.tickets()[0].status is Status.WAITING
    before = len(told.letters(ANNE))
    told.later(hours=2)
    told.once()
    told.once()
    (letter,) = told.letters(ANNE)[before:]
    assert "La mise en attente de la demande ETNIC-1001 est terminée." in words(letter)
    assert (told.tickets()[0].status, told.tickets()[0].wake_at) == (Status.TAKEN, None)
    assert [event.kind for event in told.story(1001)].count("woken") == 1
    says(told, "Je reviens vers vous.", name="r2")
    assert told.kinds(1001).count("relay") >= 1


def test_a_mail_of_the_requester_ends_the_waiting(told: Desk) -> None:
    """Nothing wakes later; an answer below `#attente` is one, and the ticket waits all the same."""
    line = says(told, "#attente demain 9h\n\nQuel est le modèle ?")
    assert "Votre texte part au demandeur dans 2 minutes ; d’ici là, #stop le retient." in line
    (ticket,) = told.tickets()
    assert (ticket.status, ticket.assignee, ticket.due_at) == (Status.WAITING, ANNE, None)
    assert ticket.wake_at is not None
    told.later(minutes=2)
    told.once()
    told.receive(reply("t1@ecole.test", told.letters(JEAN)[-1], "C'est une Laser 400.\n"))
    told.once()
    assert (told.tickets()[0].status, told.tickets()[0].wake_at) == (Status.TAKEN, None)
    before = len(told.letters(ANNE))
    told.later(hours=19)
    told.once()
    assert [one for one in told.letters(ANNE)[before:] if "mise en attente" in words(one)] == []
