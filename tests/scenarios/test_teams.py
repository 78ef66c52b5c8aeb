"""Specialist teams are asked by the desk, answer the desk, and the requester hears one voice."""

import json
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest

from maild import cli
from storage.records import Status
from tests.scenarios.desk import ANNE, DESK, MONDAY, Desk, mail, reply

TEAM, LUC, BOB, CHEF = "reseau@etnic.test", "luc@labo.test", "bob@etnic.test", "chef@etnic.test"
AGENTS: list[dict[str, Any]] = [
    {"name": "Anne", "address": ANNE},
    {"name": "Bob", "address": BOB, "teams": ["sap"], "language": "nl"},
    {"name": "Chef", "address": CHEF, "teams": ["réseau"], "lead": True},
    {"name": "Zoé", "address": "zoe@etnic.test", "teams": ["sap"], "away": ["2024-11-20/2024-11-30"]},
]
TEAMS: list[dict[str, Any]] = [{"name": "réseau", "address": TEAM, "limit": "4h"}]
PLAN = (
    "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
    '--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename="{name}"\r\n\r\n'
    "%PDF {name}\r\n--b--\r\n"
)


def enclosing(text: str, name: str) -> dict[str, Any]:
    """Body and type of a mail with a file."""
    return {"body": PLAN.format(text=text, name=name), "Content_Type": 'multipart/mixed; boundary="b"'}


def words(letter: EmailMessage) -> str:
    """The plain text of a letter."""
    part = letter.get_body(("plain",))
    return part.get_content().replace("\u00a0", " ") if part else ""


def names(letter: EmailMessage) -> list[str | None]:
    """The files of a letter."""
    return [part.get_filename() for part in letter.iter_attachments()]


@pytest.fixture
def told(desk: Desk) -> Desk:
    """Jean has asked for help, with a plan, and Anne has her notification."""
    desk.configure(agent=AGENTS, team=TEAMS)
    desk.receive(mail("m1@ecole.test", **enclosing("Bonjour, plus de Wi-Fi dans la cour.", "plan.pdf")))
    desk.once()
    return desk


@pytest.fixture
def asked(told: Desk) -> Desk:
    """Anne has asked the network team."""
    order(told, "#escalader Réseau\n\nLa borne de la cour répond-elle ?\n\nAnne\n")
    return told


def order(desk: Desk, body: str, number: int = 1, **headers: Any) -> None:
    """Anne replies to the last letter that she has about the request."""
    (*_, last) = desk.letters(ANNE)
    desk.receive(reply(f"a{number}@etnic.test", last, body, sender=f"Anne <{ANNE}>", **headers))
    desk.once()


def answer(desk: Desk, body: str = "", *, sender: str = f"Luc Renard <{LUC}>", **headers: Any) -> None:
    """Somebody replies to what the network team was asked."""
    (*_, question) = desk.letters(TEAM)
    desk.receive(reply(headers.pop("message_id", "t1@labo.test"), question, body, sender=sender, **headers))
    desk.once()


def is_marked(desk: Desk) -> bool:
    """Whether a mail in the mailbox shows that its limit is near."""
    return any(flags & {"\\Flagged", "$MaildNearLimit", "$MaildBreached"} for flags in desk.flags())


def clocks(desk: Desk) -> list[tuple[str, bool]]:
    """Of each clock whose it is, and whether it runs."""
    return [
        (row.team, row.stopped_at is None)
        for row in desk.rows("SELECT team, stopped_at FROM clock ORDER BY id")
    ]


def test_a_team_is_asked_at_its_address(asked: Desk) -> None:
    """With case, question and files; it has a clock of its own, and the requester hears nothing."""
    (question,) = asked.letters(TEAM)
    assert "La borne de la cour répond-elle ?" in words(question)
    assert "plus de Wi-Fi dans la cour" in words(question)
    assert "lundi 25 novembre 2024 à 18 h 32" in words(question)
    assert names(question) == ["plan.pdf"]
    assert "m1@ecole.test" not in str(question["References"])
    (ticket,) = asked.tickets()
    assert (ticket.status, ticket.assignee, ticket.due_at) == (Status.TAKEN, ANNE, None)
    assert clocks(asked) == [("", False), ("réseau", True)]
    assert "ETNIC-1001 est soumis à l’équipe réseau" in words(asked.letters(ANNE)[-1])
    asked.later(minutes=5)
    asked.once()
    assert len(asked.letters("jean@ecole.test")) == 1
    assert not is_marked(asked)


def test_its_answer_comes_back_to_whoever_has_the_ticket(asked: Desk) -> None:
    """From a member's own address, whom nobody knows: an internal note, and the team's clock stops."""
    asked.later(hours=1)
    answer(asked, "La borne est tombée, nous la relançons.\n\n-- \nLuc Renard\n+32 2 800 10 11\n")
    (note,) = asked.letters(ANNE, "Réponse de réseau")
    assert "La borne est tombée, nous la relançons." in words(note)
    assert "L’équipe réseau (Luc Renard) a répondu" in words(note)
    assert asked.kinds(1001)[:3] == ["request", "command", "note"]
    assert clocks(asked) == [("", False), ("réseau", False)]
    (ticket,) = asked.tickets()
    assert (ticket.status, ticket.due_at) == (Status.TAKEN, None)
    asked.later(hours=1)
    asked.once()
    assert len(asked.letters("jean@ecole.test")) == 1
    assert not asked.letters(LUC)


def test_its_answer_is_passed_on(asked: Desk) -> None:
    """Its new words and files below the agent's own, from the desk, without who or where the team is."""
    answer(asked, **enclosing(f"La borne est remplacée.\n\nLuc Renard\n{LUC}\n", "borne.pdf"), Cc=TEAM)
    order(asked, "#relayer\n\nBonjour Monsieur Dupont,\n\nvoici ce qui a été fait.\n", 2)
    assert "la réponse de l’équipe réseau part au demandeur" in words(asked.letters(ANNE)[-1])
    asked.later(minutes=2)
    asked.once()
    (_, relayed) = asked.letters("jean@ecole.test")
    text = words(relayed)
    assert text.index("voici ce qui a été fait.") < text.index("La borne est remplacée.")
    assert names(relayed) == ["borne.pdf"]
    for private in (LUC, "Luc Renard", TEAM, "répond-elle"):
        assert private not in text
    assert str(relayed["In-Reply-To"]) == "<m1@ecole.test>"


def test_nothing_is_passed_on_before_there_is_an_answer(asked: Desk) -> None:
    """And nothing leaves."""
    order(asked, "#pass-on\n", 2)
    assert "aucune réponse à transmettre" in words(asked.letters(ANNE)[-1])
    asked.later(minutes=5)
    asked.once()
    assert len(asked.letters("jean@ecole.test")) == 1


def test_an_absence_notice_of_a_team_stops_nothing(asked: Desk) -> None:
    """It is shown as what it is."""
    answer(asked, "Je suis absent.\n", Auto_Submitted="auto-replied")
    assert "auto_reply" in asked.kinds(1001)
    assert clocks(asked)[1] == ("réseau", True)
    assert not asked.letters(ANNE, "Réponse de réseau")


def test_a_team_of_agents_gets_a_copy_each(told: Desk) -> None:
    """Those who are there, in their own language; what one of them replies is a note, and not an answer."""
    order(told, "#escalate SAP\n")
    (question,) = told.letters(BOB)
    assert "Kunt u ons helpen deze aanvraag op te lossen?" in words(question)
    assert not told.letters("zoe@etnic.test")
    told.receive(reply("b1@etnic.test", question, "Dat is een bekend probleem.\n", sender=f"Bob <{BOB}>"))
    told.once()
    told.later(minutes=5)
    told.once()
    assert "Dat is een bekend probleem." in words(told.letters(ANNE)[-1])
    assert len(told.letters("jean@ecole.test")) == 1
    assert told.tickets()[0].assignee == ANNE


def test_commands_of_a_member_who_is_an_agent_are_his(told: Desk) -> None:
    """What he writes below them is the desk's to pass on."""
    order(told, "#escalader sap\n")
    (question,) = told.letters(BOB)
    body = "#prendre\n\nIk kijk ernaar, dit duurt een uur.\n"
    told.receive(reply("b1@etnic.test", question, body, sender=f"Bob <{BOB}>"))
    told.once()
    told.later(minutes=5)
    told.once()
    assert told.tickets()[0].assignee == BOB
    assert len(told.letters("jean@ecole.test")) == 1
    assert clocks(told) == [("", False), ("sap", False)]


def test_a_team_s_own_limit_is_told_to_whoever_waits_and_to_its_lead(asked: Desk) -> None:
    """Once near it and once past it; the ticket and its mail bear no mark."""
    for hours in (3, 0.5, 1, 1):
        asked.later(hours=hours)
        asked.once()
    for person in (ANNE, CHEF):
        assert len(asked.letters(person, "L’équipe réseau n’a pas encore répondu")) == 1
        assert len(asked.letters(person, "L’équipe réseau n’a pas répondu dans le délai")) == 1
    (ticket,) = asked.tickets()
    assert (ticket.near_limit, ticket.breached, ticket.due_at) == (False, False, None)
    assert not is_marked(asked)
    kinds = [event.kind for event in asked.story(1001)]
    assert kinds.count("team_near_limit") == kinds.count("team_breached") == 1
    # The lead's reply is the team's.
    (*_, alert) = asked.letters(CHEF)
    asked.receive(reply("c1@etnic.test", alert, "Nous y travaillons.\n", sender=f"Chef <{CHEF}>"))
    asked.once()
    asked.later(minutes=5)
    asked.once()
    assert "Nous y travaillons." in words(asked.letters(ANNE)[-1])
    assert len(asked.letters("jean@ecole.test")) == 1


def test_a_second_question_reminds_and_a_later_one_is_new(asked: Desk) -> None:
    """The clock of the first stays; what is asked after the answer has a clock of its own."""
    asked.later(hours=1)
    order(asked, "#escalader réseau\n\nAvez-vous pu regarder ?\n", 2)
    assert "rappel envoyé à l’équipe réseau" in words(asked.letters(ANNE)[-1])
    assert len(asked.letters(TEAM)) == 2
    assert "lundi 25 novembre 2024 à 18 h 32" in words(asked.letters(TEAM)[1])
    answer(asked, "La borne est tombée.\n")
    order(asked, "#escalader réseau\n\nEt l’autre ?\n", 3)
    assert clocks(asked) == [("", False), ("réseau", False), ("réseau", True)]
    assert "La borne est tombée." in words(asked.letters(TEAM)[2])
    (first, second) = asked.rows("SELECT answered_at FROM consultation ORDER BY id")
    assert (first.answered_at is None, second.answered_at is None) == (False, True)


def test_a_ticket_shows_who_was_asked(asked: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Until when, and since when it is answered; as JSON too."""
    show = ["ticket", "show", "1001", "--config", str(asked.file)]
    assert cli.answer(show) == 0
    assert (
        "asked      réseau, by anne@etnic.test 2024-11-25 14:32, due 2024-11-25 18:32"
        in capsys.readouterr().out
    )
    asked.later(hours=1)
    answer(asked, "La borne est tombée.\n")
    assert cli.answer(show) == 0
    assert "réseau, by anne@etnic.test 2024-11-25 14:32, answered 2024-11-25 15:32" in capsys.readouterr().out
    assert cli.answer(["tickets", "--json", "--config", str(asked.file)]) == 0
    (told,) = json.loads(capsys.readouterr().out)["consultations"]
    assert told["answer"] == next(m.mail_id for m in asked.thread(1001) if m.kind == "note")
    assert (told["team"], told["due_at"], told["answered_at"]) == (
        "réseau", "2024-11-25T17:32:00Z", "2024-11-25T14:32:00Z",
    )  # fmt: skip


def test_two_teams_are_asked_apart(asked: Desk) -> None:
    """Each has its clock; the answer of one leaves the other's running, and the last is passed on."""
    order(asked, "#escalader sap\n\nEt chez vous ?\n", 2)
    answer(asked, "Chez nous, tout va bien depuis ce matin.\n")
    assert clocks(asked) == [("", False), ("réseau", False), ("sap", True)]


def test_a_requester_who_has_the_question_is_no_team(asked: Desk) -> None:
    """The team wrote to him with its whole thread: his own words start a clock, as ever."""
    (question,) = asked.letters(TEAM)
    asked.receive(reply("j2@ecole.test", question, "Merci, mais cela ne marche toujours pas.\n"))
    asked.once()
    assert asked.kinds(1001)[:3] == ["request", "command", "reply"]
    (ticket,) = asked.tickets()
    assert ticket.due_at == MONDAY + timedelta(hours=24)


def test_an_answer_to_a_closed_ticket_reopens_nothing(asked: Desk) -> None:
    """It is a note on it, and whoever had it hears of it."""
    with asked.writing() as connection:
        connection.exec_driver_sql("UPDATE ticket SET status = 'closed'")
    answer(asked, "C’était la borne.\n", subject="Borne 14")
    assert "C’était la borne." in words(asked.letters(ANNE)[-1])
    assert [ticket.status for ticket in asked.tickets()] == [Status.CLOSED]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("#escalader", "à quelle équipe"),
        ("#escalader juristes", "il n’y a pas d’équipe « juristes », rien n’a été exécuté"),
        ("#relayer", "aucune équipe n’a été consultée"),
    ],
)
def test_what_cannot_be_done_is_said_with_what_can(told: Desk, line: str, said: str) -> None:
    """And changes nothing."""
    order(told, f"{line}\n")
    assert said in words(told.letters(ANNE)[-1])
    assert told.tickets()[0].status is Status.NEW
    assert not told.letters(TEAM)


def test_a_reply_to_a_plus_address_is_the_team_s(desk: Desk) -> None:
    """Where a client keeps nothing but the address."""
    desk.configure(agent=AGENTS, team=TEAMS, desk={"plus_addresses": True})
    desk.receive(mail("m1@ecole.test"))
    desk.once()
    order(desk, "#escalader réseau\n\nUne idée ?\n")
    (question,) = desk.letters(TEAM)
    to = question["Reply-To"].addresses[0].addr_spec
    assert to != DESK
    subject = f"RE: {question['Subject']}"
    desk.receive(mail("t1@labo.test", sender=LUC, to=to, subject=subject, body="Oui : redémarrer.\n"))
    desk.once()
    assert "Oui : redémarrer." in words(desk.letters(ANNE)[-1])


def test_the_marker_alone_brings_an_answer_back(asked: Desk) -> None:
    """Where a client drops every header: the quoted question holds it."""
    (question,) = asked.letters(TEAM)
    quoted = "\n".join(f"> {line}" for line in words(question).splitlines())
    body = f"La borne est morte.\n\n{quoted}\n"
    asked.receive(mail("t1@labo.test", sender=LUC, subject="Re: borne", body=body))
    asked.once()
    assert "La borne est morte." in words(asked.letters(ANNE)[-1])
    assert len(asked.tickets()) == 1
