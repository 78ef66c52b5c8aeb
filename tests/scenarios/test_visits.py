"""Technicians on site: invitations that calendars understand, and what comes back (RFC 5545, 5546, 6047)."""

import json
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import icalendar
import pytest
from typer.testing import CliRunner

from maild.cli import app
from storage import handling
from storage.records import Status, Visit
from tests.parsers import calendars
from tests.peers.smtp import Reply
from tests.scenarios.desk import ADMIN, ANNE, DESK, Desk, mail, reply

PAUL = "paul.martin@etnic.test"
MARC = "marc@extern.test"
# Tuesday, 26 November 2024, 14:00 in Brussels.
TUESDAY = datetime(2024, 11, 26, 13, tzinfo=UTC)


@pytest.fixture
def asked(desk: Desk) -> Desk:
    """Jean has asked for help, Anne has her notification, and Paul goes on site."""
    desk.configure(
        agent=[
            {"name": "Anne", "address": ANNE},
            {"name": "Paul Martin", "address": PAUL, "teams": ["terrain"]},
        ]
    )
    desk.receive(mail("m1@ecole.test"))
    desk.once()
    return desk


def ordered(desk: Desk, body: str, message_id: str = "o1@etnic.test") -> None:
    """Anne answers her notification."""
    (first, *_) = desk.letters(ANNE)
    desk.receive(reply(message_id, first, body, sender=f"Anne <{ANNE}>"))
    desk.once()


@pytest.fixture
def invited(asked: Desk) -> Desk:
    """Paul and Jean have their invitations, for tomorrow at two."""
    ordered(asked, "#intervention Paul demain 14h Rue Neuve 1, Namur durée=2h\n\nPrendre un toner noir.\n")
    return asked


@pytest.fixture
def contracted(asked: Desk) -> Desk:
    """The technician is no agent."""
    ordered(asked, f"#intervention Marc Leroy <{MARC}> demain 14h Rue Neuve 1\n")
    return asked


def invitations(desk: Desk, to: str) -> list[EmailMessage]:
    """The letters with a calendar that somebody got."""
    return [
        one for one in desk.letters(to) if any(p.get_content_type() == "text/calendar" for p in one.walk())
    ]


def calendar(letter: EmailMessage) -> Any:
    """The calendar of a letter, as icalendar reads it."""
    (part,) = [one for one in letter.walk() if one.get_content_type() == "text/calendar"]
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    read = icalendar.Calendar.from_ical(content)
    assert part.get_param("method") == str(read["METHOD"])
    assert [one.errors for one in read.walk()] == [[] for _ in read.walk()]
    return read


def event(letter: EmailMessage) -> Any:
    """Its one event."""
    (one,) = calendar(letter).walk("VEVENT")
    return one


def visits(desk: Desk) -> tuple[Visit, ...]:
    """What the ledger says."""
    with desk.ledger() as tx:
        return handling.visits(tx, 1001)


def words(letter: EmailMessage) -> str:
    """The plain text of a letter."""
    part = letter.get_body(("plain",))
    return part.get_content().replace("\u00a0", " ") if part else ""


def told(desk: Desk, to: str = ANNE) -> str:
    """The last letter that one of the desk's people got."""
    return words(desk.letters(to)[-1])


def answer(
    desk: Desk, written: str, sender: str, *, message_id: str = "a1@x.test", sequence: int = 0, **headers: Any
) -> None:
    """Somebody answers the invitation, with what his program makes of it."""
    (visit,) = visits(desk)
    made = calendars.about(written, visit.uid, sequence=sequence)
    desk.receive(calendars.answering_mail(made, sender=sender, message_id=message_id, **headers))
    desk.once()


# --- the invitation


def test_technician_and_requester_are_invited_each_alone(invited: Desk) -> None:
    """One appointment: a UID, a beginning, a place; and no address of the one in the other's mail."""
    (for_paul,), (for_jean,) = invitations(invited, PAUL), invitations(invited, "jean@ecole.test")
    (visit,) = visits(invited)
    for letter, who in ((for_paul, PAUL), (for_jean, "jean@ecole.test")):
        one = event(letter)
        assert (str(calendar(letter)["METHOD"]), int(one["SEQUENCE"]), str(one["UID"])) == (
            "REQUEST",
            0,
            visit.uid,
        )
        assert str(one["ORGANIZER"]) == f"mailto:{DESK}"
        assert str(one["ATTENDEE"]) == f"mailto:{who}"
        assert one["DTSTART"].params["TZID"] == "Europe/Brussels"
        assert (one["DTSTART"].dt, one["DTEND"].dt) == (TUESDAY, TUESDAY + timedelta(hours=2))
        assert one["DTSTAMP"].dt == invited.now
        assert str(one["LOCATION"]) == "Rue Neuve 1, Namur"
        assert letter["Auto-Submitted"] is None
    assert "toner" in str(event(for_paul)["DESCRIPTION"])
    assert "jean@ecole.test" in words(for_paul)
    assert PAUL not in str(for_jean)
    assert "toner" not in str(for_jean)
    assert PAUL.encode() not in calendar(for_jean).to_ical()
    assert "Paul Martin" in words(for_jean)
    assert "<m1@ecole.test>" in str(for_jean["References"] or for_jean["In-Reply-To"])


def test_nothing_of_the_order_is_in_the_technician_s_mail(contracted: Desk) -> None:
    """No token of Anne's notification, by which somebody outside could act as her."""
    (letter,) = invitations(contracted, MARC)
    assert letter["References"] is None
    assert ANNE not in str(letter)


def test_an_intervention_is_an_act(invited: Desk) -> None:
    """The clock stops, the ticket is Anne's, and she reads what was done."""
    (ticket,) = invited.tickets()
    assert (ticket.status, ticket.assignee, ticket.due_at) == (Status.TAKEN, ANNE, None)
    assert "Paul Martin est attendu le mardi 26 novembre 2024 à 14 h 00 – 16 h 00" in told(invited)
    kinds = [event.kind for event in invited.story(1001)]
    assert kinds.count("invited") == 2
    assert "visit_planned" in kinds


@pytest.mark.parametrize("line", ["Paul hier 14h", "Paul demain", "Zoé demain 14h", "Paul un de ces jours"])
def test_what_is_not_understood_invites_nobody(asked: Desk, line: str) -> None:
    """Nor does it take the ticket in charge; the answer has examples."""
    ordered(asked, f"#prendre\n#intervention {line}\n")
    assert (visits(asked), invitations(asked, PAUL), invitations(asked, "jean@ecole.test")) == ((), [], [])
    assert asked.tickets()[0].status is Status.NEW
    assert told(asked).count("#intervention Anne") >= 2


# --- moved, handed over, called off


def test_a_second_order_moves_it(invited: Desk) -> None:
    """The same UID, the next number, for both; who had accepted is asked again."""
    answer(invited, calendars.OUTLOOK, f"Paul Martin <{PAUL}>")
    ordered(invited, "#intervention mercredi 9h30\n", "o2@etnic.test")
    (visit,) = visits(invited)
    assert (visit.sequence, visit.state, visit.technician) == (1, "asked", PAUL)
    for who in (PAUL, "jean@ecole.test"):
        first, second = map(event, invitations(invited, who))
        assert [int(one["SEQUENCE"]) for one in (first, second)] == [0, 1]
        assert first["UID"] == second["UID"]
        assert second["DTSTART"].dt == datetime(2024, 11, 27, 8, 30, tzinfo=UTC)
        assert str(calendar(invitations(invited, who)[1])["METHOD"]) == "REQUEST"
        assert "déplacé" in words(invitations(invited, who)[1])


def test_another_technician_takes_it_over(invited: Desk) -> None:
    """The first is called off, the second invited, the requester kept up to date; all in one visit."""
    ordered(invited, f"#intervention Marc Leroy <{MARC}> mercredi 9h30\n", "o2@etnic.test")
    first, off = map(calendar, invitations(invited, PAUL))
    assert [str(one["METHOD"]) for one in (first, off)] == ["REQUEST", "CANCEL"]
    (new,) = invitations(invited, MARC)
    moved = invitations(invited, "jean@ecole.test")[1]
    ends = [off.walk("VEVENT")[0], event(new), event(moved)]
    assert {(str(one["UID"]), int(one["SEQUENCE"])) for one in ends} == {(visits(invited)[0].uid, 1)}
    assert ends[0]["DTSTART"].dt == TUESDAY
    assert str(ends[0]["STATUS"]) == "CANCELLED"
    assert "Marc Leroy" in words(moved)
    assert MARC not in str(moved)
    assert "toner noir" in words(new)


@pytest.mark.parametrize("order", ["#annuler", "#annuler intervention", "#undo", "#undo visit"])
def test_it_is_called_off(invited: Desk, order: str) -> None:
    """After it was moved, for both: the number goes on rising, and what a calendar has vanishes from it."""
    ordered(invited, "#intervention mercredi 9h30\n", "o2@etnic.test")
    ordered(invited, f"{order}\n", "o3@etnic.test")
    for who in (PAUL, "jean@ecole.test"):
        letters = invitations(invited, who)
        assert [str(calendar(one)["METHOD"]) for one in letters] == ["REQUEST", "REQUEST", "CANCEL"]
        assert [int(event(one)["SEQUENCE"]) for one in letters] == [0, 1, 2]
        assert len({str(event(one)["UID"]) for one in letters}) == 1
        assert (str(event(letters[2])["STATUS"]), str(event(letters[2])["ATTENDEE"])) == (
            "CANCELLED",
            f"mailto:{who}",
        )
        assert "annulé" in words(letters[2])
    assert visits(invited)[0].state == "cancelled"
    assert "est annulée" in told(invited)
    ordered(invited, "#annuler intervention\n", "o4@etnic.test")
    assert "aucune intervention n’est prévue" in told(invited)
    assert len(invitations(invited, PAUL)) == 3


# --- answers by calendar


@pytest.mark.parametrize(
    ("written", "state", "said"),
    [
        (
            calendars.OUTLOOK,
            "accepted",
            "Paul Martin a accepté l’intervention du mardi 26 novembre 2024 à 14 h 00",
        ),
        (calendars.APPLE, "accepted", "Paul Martin a accepté"),
        (
            calendars.GMAIL,
            "declined",
            "Paul Martin a refusé l’intervention du mardi 26 novembre 2024 à 14 h 00",
        ),
        (calendars.THUNDERBIRD, "tentative", "Paul Martin a répondu « peut-être »"),
        (
            calendars.COUNTER_OUTLOOK,
            "tentative",
            "Paul Martin propose un autre moment que le mardi 26 novembre",
        ),
    ],
    ids=["Outlook", "Apple", "Gmail", "Thunderbird", "Outlook proposes a time"],
)
def test_the_technician_s_answer_is_kept_shown_and_told(
    invited: Desk, written: str, state: str, said: str
) -> None:
    """Whatever the mail is called, whomever the calendar names, also where it is marked as automatic."""
    before = len(invited.letters(PAUL)) + len(invited.letters("jean@ecole.test"))
    answer(invited, written, f"Paul Martin <{PAUL}>", Auto_Submitted="auto-replied")
    (visit,) = visits(invited)
    assert (visit.state, visit.requester_state) == (state, "")
    assert said in told(invited)
    assert invited.number_of("a1@x.test") == 1001
    assert "visit_answer" in invited.kinds(1001)
    assert len(invited.letters(PAUL)) + len(invited.letters("jean@ecole.test")) == before
    assert invited.tickets()[0].due_at is None


def test_comments_and_proposals_are_told(invited: Desk) -> None:
    """With what to answer: it moves the visit as it stands in the letter."""
    answer(invited, calendars.GMAIL, PAUL)
    assert "> Je suis absent, désolé" in told(invited)
    assert "#intervention QUI QUAND OÙ" in told(invited)
    answer(invited, calendars.COUNTER_OUTLOOK.replace("20261125", "20241127"), PAUL, message_id="a2@x.test")
    assert "Moment proposé : mercredi 27 novembre 2024 à 9 h 30" in told(invited)
    line = next(one for one in told(invited).splitlines() if "#intervention" in one)
    invited.receive(
        reply("o2@etnic.test", invited.letters(ANNE)[-1], line[line.index("#intervention") :], sender=ANNE)
    )
    invited.once()
    assert visits(invited)[0].starts_at == datetime(2024, 11, 27, 8, 30, tzinfo=UTC)


def test_the_requester_s_answer_is_kept_apart(invited: Desk) -> None:
    """It starts no clock: a person has nothing to answer, and Anne hears of it."""
    answer(invited, calendars.GMAIL, "Jean Dupont <jean@ecole.test>")
    (visit,) = visits(invited)
    assert (visit.state, visit.requester_state) == ("asked", "declined")
    assert "Jean Dupont a refusé" in told(invited)
    assert invited.tickets()[0].due_at is None
    assert len(invited.letters("jean@ecole.test")) == 2


def test_who_was_not_invited_changes_nothing(invited: Desk) -> None:
    """He has the UID, so it is shown; the calendar may call him what it likes."""
    answer(invited, calendars.OUTLOOK.replace("jean.dupont@ecole.test", PAUL), "Eve <eve@ailleurs.test>")
    assert visits(invited)[0].state == "asked"
    assert "visit_answer" in invited.kinds(1001)
    assert "ni le technicien ni le demandeur" in told(invited)


def test_an_answer_to_what_has_moved_since_changes_nothing(invited: Desk) -> None:
    """The number in it is lower than the visit's."""
    ordered(invited, "#intervention mercredi 9h30\n", "o2@etnic.test")
    answer(invited, calendars.OUTLOOK, PAUL, sequence=0)
    assert visits(invited)[0].state == "asked"
    assert "a changé depuis" in told(invited)
    answer(invited, calendars.OUTLOOK, PAUL, sequence=1, message_id="a2@x.test")
    assert visits(invited)[0].state == "accepted"


def test_an_answer_on_a_closed_ticket_opens_none(invited: Desk) -> None:
    """It is shown where it belongs, and no receipt leaves."""
    with invited.writing() as connection:
        connection.exec_driver_sql("UPDATE ticket SET status = 'closed'")
    answer(invited, calendars.OUTLOOK, PAUL)
    assert [ticket.status for ticket in invited.tickets()] == [Status.CLOSED]
    assert "visit_answer" in invited.kinds(1001)
    assert not invited.letters(PAUL, about="reçu")


def test_an_answer_to_a_forged_uid_is_no_answer_of_ours(invited: Desk) -> None:
    """Without our signature it is a mail like any other."""
    (visit,) = visits(invited)
    forged = visit.uid.replace("@etnic.test", "x@etnic.test").replace(".", "z", 1)
    made = calendars.about(calendars.OUTLOOK, forged)
    invited.receive(calendars.answering_mail(made, sender=PAUL, message_id="f1@x.test"))
    invited.once()
    assert visits(invited)[0].state == "asked"
    assert invited.number_of("f1@x.test") != 1001


# --- answers in words


def test_a_technician_s_words_are_a_note(contracted: Desk) -> None:
    """No ticket, no clock, nothing for the requester; Anne reads them and may answer him."""
    (letter,) = invitations(contracted, MARC)
    contracted.receive(
        reply("w1@extern.test", letter, "Toner remplacé, tout fonctionne.\n", sender=f"Marc Leroy <{MARC}>")
    )
    contracted.once()
    assert "note" in contracted.kinds(1001)
    assert len(contracted.tickets()) == 1
    assert contracted.tickets()[0].due_at is None
    assert "Toner remplacé, tout fonctionne." in told(contracted)
    assert "Marc Leroy a écrit au sujet de son intervention" in told(contracted)
    assert len(contracted.letters(MARC)) == 1
    assert not any("Toner" in words(one) for one in contracted.letters("jean@ecole.test"))


def test_whoever_else_has_his_letter_is_a_stranger(contracted: Desk) -> None:
    """It lets anybody add to the thread, as every letter of ours; a person must look at that."""
    (letter,) = invitations(contracted, MARC)
    contracted.receive(reply("w1@extern.test", letter, "Je remplace Marc.\n", sender="eve@extern.test"))
    contracted.once()
    assert "reply" in contracted.kinds(1001)
    assert contracted.tickets()[0].due_at is not None


def test_an_agent_closes_it_by_replying_to_his_invitation(invited: Desk) -> None:
    """It proves him; plain words of his stay inside, and Anne hears them."""
    (letter,) = invitations(invited, PAUL)
    invited.receive(reply("p1@etnic.test", letter, "Sur place, c'est plus long que prévu.\n", sender=PAUL))
    invited.once()
    assert "plus long que prévu" in told(invited)
    assert "note interne" in told(invited, PAUL)
    assert not any("plus long" in words(one) for one in invited.letters("jean@ecole.test"))
    invited.receive(reply("p2@etnic.test", letter, "#prendre\n", sender=PAUL))
    invited.once()
    assert invited.tickets()[0].assignee == PAUL
    invited.receive(reply("p3@etnic.test", letter, "#résolu\n\nLe toner est remplacé.\n", sender=PAUL))
    invited.once()
    assert invited.tickets()[0].status is Status.RESOLVED
    invited.later(minutes=3)
    invited.once()
    assert "Le toner est remplacé." in words(invited.letters("jean@ecole.test")[-1])


def test_the_requester_may_answer_in_words(invited: Desk) -> None:
    """As to any letter: somebody must read it."""
    (letter,) = invitations(invited, "jean@ecole.test")
    invited.receive(reply("j1@ecole.test", letter, "Je ne suis pas là demain.\n"))
    invited.once()
    assert invited.tickets()[0].due_at is not None
    assert "Je ne suis pas là demain." in told(invited)


# --- what people see of it


def test_the_ticket_shows_its_visit(invited: Desk) -> None:
    """To people, and to programs."""
    answer(invited, calendars.GMAIL, "Jean Dupont <jean@ecole.test>")
    runner = CliRunner()
    shown = runner.invoke(app, ["ticket", "show", "1001", "--config", str(invited.file)])
    line = "2024-11-26 14:00 to 2024-11-26 16:00  Paul Martin <paul.martin@etnic.test>  Rue Neuve 1, Namur"
    assert f"visit      {line}  (asked; requester: declined)" in shown.stdout
    told = runner.invoke(app, ["ticket", "show", "1001", "--json", "--config", str(invited.file)])
    (visit,) = json.loads(told.stdout)["visits"]
    assert visit == {
        "uid": visits(invited)[0].uid, "sequence": 0, "state": "asked", "requester_state": "declined",
        "technician": {"name": "Paul Martin", "address": PAUL}, "starts_at": "2024-11-26T13:00:00Z",
        "ends_at": "2024-11-26T15:00:00Z", "place": "Rue Neuve 1, Namur", "ordered_by": ANNE,
    }  # fmt: skip
    trace = runner.invoke(app, ["trace", "1001", "--config", str(invited.file)]).stdout
    assert all(said in trace for said in ("visit_planned", "invited", "visit_answered"))


def test_an_invitation_that_does_not_arrive_is_told(asked: Desk) -> None:
    """Nobody goes where nobody was called."""
    asked.sink.script(Reply(stage="rcpt", say="550 5.1.1 no such user", match=MARC))
    ordered(asked, f"#intervention {MARC} demain 14h Rue Neuve 1\n")
    assert MARC in told(asked)
    assert not asked.letters(ADMIN)
