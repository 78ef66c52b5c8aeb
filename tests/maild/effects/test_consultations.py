"""What a specialist team is given to read, and what of it is taken back."""

from collections.abc import Iterator
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path

import pytest

from maild import sweep
from maild.decide.policy import Agent, Team
from maild.effects import consultations
from storage import handling
from tests.maild.decide.cases import ANNE, DAY, HOUR, NOON
from tests.maild.office import Room, raw, room
from tests.parsers import replies

TEAM, CHEF = "reseau@etnic.test", "chef@etnic.test"
AUTH = "mx.etnic.test; dmarc=pass header.from=etnic.test"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Room]:
    """An office at noon, with Jean's request in it."""
    agents = (
        Agent(name="Anne", address=ANNE),
        Agent(name="Chef", address=CHEF, teams=("Réseau",), lead=True),
    )
    with room(tmp_path, agents=agents, teams=(Team(name="Réseau", address=TEAM, limit=4 * HOUR),)) as made:
        made.ingest(with_file("m1@ecole.test", "Plus de Wi-Fi.", b"%PDF plan", "plan.pdf"))
        yield made


def with_file(message_id: str, text: str, content: bytes, name: str, **headers: str) -> bytes:
    """A mail of Jean's with a file."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Jean <jean@ecole.test>", "support@etnic.test", "Imprimante"
    mail["Message-ID"] = f"<{message_id}>"
    for header, value in headers.items():
        mail[header.replace("_", "-")] = value
    mail.set_content(text)
    mail.add_attachment(content, "application", "pdf", filename=name)
    return mail.as_bytes()


def order(desk: Room, body: str) -> None:
    """Anne writes about the request, a while later."""
    desk.clock.later(minutes=10)
    number = len(desk.rows("SELECT id FROM message"))
    subject = "Re: [ETNIC-1001] Imprimante"
    desk.ingest(
        raw(
            f"a{number}@etnic.test",
            body=body,
            From=f"Anne <{ANNE}>",
            Subject=subject,
            Authentication_Results=AUTH,
        )
    )


def letters(desk: Room, kind: str) -> list[EmailMessage]:
    """What is owed of a kind."""
    with desk.office.store.read() as tx:
        owed = tx.connection.exec_driver_sql("SELECT message_id, kind FROM outbox ORDER BY id").all()
        known = [tx.known_mails((one.message_id,))[0].content for one in owed if one.kind == kind]
    return [BytesParser(policy=default).parsebytes(content) for content in known]


def questions(desk: Room) -> list[EmailMessage]:
    """What the team is to read."""
    return letters(desk, "consultation")


def words(letter: EmailMessage) -> str:
    """The plain text of a letter."""
    part = letter.get_body(("plain",))
    return part.get_content().replace("\u00a0", " ") if part else ""


def files(letter: EmailMessage) -> list[str | None]:
    """The names of its files."""
    return [part.get_filename() for part in letter.iter_attachments()]


def test_the_case_is_what_was_said_and_never_a_note(desk: Room) -> None:
    """The request, the desk's answer once, the requester's new words, in this order."""
    desk.ingest(
        raw("m2@ecole.test", body="C'est urgent.\n", Cc="luc@ecole.test", References="<m1@ecole.test>")
    )
    order(desk, "#note\n\nClient difficile, attention.\n")
    order(desk, "Avez-vous redémarré la borne ?\n")
    desk.clock.later(minutes=5)
    quoted = (
        "Oui, sans effet.\n\nLe lundi 25 novembre 2024, Anne a écrit :\n> Avez-vous redémarré la borne ?\n"
    )
    desk.ingest(raw("m3@ecole.test", body=quoted, References="<m1@ecole.test>"))
    order(desk, "#escalader réseau\n\nUne idée ?\n\nAnne\n")
    (question,) = questions(desk)
    text = words(question)
    said = (
        "Une idée ?",
        "Plus de Wi-Fi.",
        "C'est urgent.",
        "Avez-vous redémarré la borne ?",
        "Oui, sans effet.",
    )
    assert [text.count(each) for each in said] == [1] * len(said)
    assert list(said) == sorted(said, key=text.index)
    assert "difficile" not in text
    assert "#escalader" not in text
    assert ANNE not in str(question)
    assert "+ plan.pdf" in text
    assert files(question) == ["plan.pdf"]


def test_what_teams_answered_before_is_part_of_the_case(desk: Room) -> None:
    """Under the name of whoever wrote it."""
    order(desk, "#escalader réseau\n")
    (first,) = questions(desk)
    desk.ingest(raw("t1@labo.test", body="La borne est tombée.\n", From="Luc <luc@labo.test>",
                    In_Reply_To=str(first["Message-ID"])))  # fmt: skip
    order(desk, "#escalader réseau\n\nEt maintenant ?\n")
    text = words(questions(desk)[1])
    assert text.index("luc@labo.test") < text.index("La borne est tombée.")


def test_files_go_along_as_long_as_there_is_room(desk: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not fit is named, with its size; the same file goes once."""
    desk.ingest(with_file("m2@ecole.test", "Encore.", b"%PDF plan", "plan.pdf", References="<m1@ecole.test>"))
    desk.ingest(with_file("m3@ecole.test", "Film.", b"x" * 5000, "film.pdf", References="<m1@ecole.test>"))
    monkeypatch.setattr(consultations, "MOST_RELAYED", 1000)
    order(desk, "#escalader réseau\n")
    (question,) = questions(desk)
    assert files(question) == ["plan.pdf"]
    assert "- film.pdf (1 MB)" in words(question)


def test_a_question_that_has_not_left_is_taken_back_whole(desk: Room) -> None:
    """Neither row nor clock is left, and the promise to the requester runs again."""
    order(desk, "#escalader réseau\n")
    order(desk, "#annuler\n")
    assert desk.rows("SELECT id FROM consultation") == []
    assert [(row.team, row.stopped_at) for row in desk.rows("SELECT team, stopped_at FROM clock")] == [
        ("", None)
    ]
    assert [row.state for row in desk.rows("SELECT state FROM outbox WHERE kind = 'consultation'")] == [
        "dropped"
    ]
    (ticket,) = desk.tickets()
    assert (ticket.status.value, ticket.assignee, ticket.due_at) == ("new", "", NOON + DAY)


def test_the_clock_of_a_merged_ticket_s_team_is_told_to_whoever_has_the_survivor(desk: Room) -> None:
    """It stays with the ticket of which the team was asked."""
    desk.ingest(raw("n1@ecole.test", Subject="Autre chose"))
    order(desk, "#escalader réseau\n")
    order(desk, "#fusionner 1002\n")
    desk.clock.later(hours=4)
    sweep.sweep(desk.office)
    sweep.sweep(desk.office)
    assert [to for kind, to in desk.letters() if kind == "alert"] == [ANNE, CHEF]


@pytest.mark.parametrize("status", ["resolved", "closed", "spam"])
def test_nobody_is_told_of_a_limit_that_matters_to_nobody(desk: Room, status: str) -> None:
    """The ticket has ended."""
    order(desk, "#escalader réseau\n")
    with desk.office.store.write() as tx:
        tx.change_ticket(1001, status=status)
    desk.clock.later(hours=6)
    sweep.sweep(desk.office)
    assert "alert" not in dict(desk.letters())


def test_consultations_are_known_by_ticket(desk: Room) -> None:
    """With the limit of each; a ticket without any has none."""
    desk.ingest(raw("n1@ecole.test", Subject="Autre chose"))
    order(desk, "#escalader réseau\n")
    with desk.office.store.read() as tx:
        found = handling.consultations_of(tx, (1001, 1002))
    (asked,) = found[1001]
    assert (asked.team, asked.asked_by, asked.answered_at) == ("Réseau", ANNE, None)
    assert asked.due_at == asked.asked_at + 4 * HOUR
    assert found[1002] == ()


@pytest.mark.parametrize("client", replies.CLIENTS)
def test_an_answer_of_any_client_comes_back_and_is_passed_on(desk: Room, client: str) -> None:
    """Only its new words and its file, without the card of whoever wrote it; and the desk hears it once."""
    order(desk, "#escalader réseau\n\nLa borne répond-elle ?\n")
    (question,) = questions(desk)
    page = question.get_body(("html",))
    asked = replies.Answered(
        text=words(question), page=page.get_content() if page else "", subject=str(question["Subject"]),
        desk="support@etnic.test", message_id=str(question["Message-ID"]).strip("<>"),
    )  # fmt: skip
    draft = replies.Draft(
        lines=("Bonjour,", "La borne de la cour est remplacée depuis ce matin."),
        card=("Luc Renard", "Équipe réseau", "+32 2 800 10 11"), files=(("borne.pdf", "application/pdf"),),
        sender="Luc Renard <luc@labo.test>", message_id="t1@labo.test",
    )  # fmt: skip
    desk.clock.later(minutes=5)
    desk.ingest(replies.CLIENTS[client]("fr", draft, asked))
    order(desk, "#relayer\n\nVoici la réponse.\n")
    (sent,) = letters(desk, "relay")
    text = words(sent)
    assert text.index("Voici la réponse.") < text.index("La borne de la cour est remplacée depuis ce matin.")
    assert files(sent) == ["borne.pdf"]
    page = sent.get_body(("html",))
    whole = f"{text}{page.get_content() if page else ''}"
    for inside in ("Renard", "luc@labo.test", TEAM, "800 10 11", "répond-elle", ANNE, "Wi-Fi"):
        assert inside not in whole
    (heard,) = [one for one in letters(desk, "notification") if "Réponse de Réseau" in str(one["Subject"])]
    assert "La borne de la cour est remplacée" in words(heard)
    assert "répond-elle" not in words(heard)
