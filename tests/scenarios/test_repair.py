"""Threads that agents repair by replying, and what both tickets tell of it (DESIGN section 6)."""

import json
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest

from maild import cli
from storage.records import Status
from tests.scenarios.desk import ANNE, MONDAY, Desk, mail, reply

DAY = timedelta(days=1)
AUTH = "mx.etnic.test; dmarc=pass header.from=etnic.test"


def twice(desk: Desk) -> None:
    """Jean has asked twice for the same, an hour apart: ETNIC-1001 and ETNIC-1002."""
    desk.receive(mail("m1@ecole.test", Cc="Luc <luc@ecole.test>"))
    desk.once()
    desk.later(hours=1)
    desk.receive(mail("m2@ecole.test", subject="Toujours en panne", Cc="Zoe <zoe@ecole.test>", at=desk.now))
    desk.once()


def words(letter: EmailMessage) -> str:
    """The plain text of a letter."""
    part = letter.get_body(("plain",))
    return part.get_content().replace("\u00a0", " ") if part else ""


def orders(desk: Desk, name: str, number: int, body: str, **headers: Any) -> str:
    """Anne answers the notification of a ticket; what she is answered."""
    about = next(one for one in desk.letters(ANNE) if f"ETNIC-{number}]" in str(one["Subject"]))
    desk.receive(reply(f"{name}@etnic.test", about, body, sender=f"Anne <{ANNE}>", at=desk.now, **headers))
    desk.once()
    return words(desk.letters(ANNE)[-1])


def told(desk: Desk, number: int, kind: str) -> dict[str, Any]:
    """What the story of a ticket says of the one event of a kind."""
    (event,) = [one for one in desk.story(number) if one.kind == kind]
    detail: dict[str, Any] = json.loads(event.detail)
    return detail


def reconciles(desk: Desk) -> bool:
    """Mailbox and ledger agree."""
    return cli.answer(["reconcile", "--config", str(desk.file)]) == 0


# --- merging ------------------------------------------------------------------------------------------------


def test_two_tickets_become_one(any_desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """The clocks count for the survivor, all later mail lands there, and both stories tell it."""
    desk = any_desk
    twice(desk)
    said = orders(desk, "o1", 1002, "#fusionner 1001\n")
    assert "ETNIC-1002 est fusionné dans ETNIC-1001, qui continue pour les deux" in said
    survivor, merged = desk.tickets()
    assert (merged.status, merged.merged_into, merged.due_at) == (Status.MERGED, 1001, None)
    assert (survivor.status, survivor.due_at) == (Status.NEW, MONDAY + DAY)
    assert told(desk, 1002, "merged") == {"into": 1001}
    absorbed = told(desk, 1001, "absorbed")
    assert (absorbed["ticket"], absorbed["people"]) == (1002, ["zoe@ecole.test"])
    receipt = desk.letters("jean@ecole.test")[1]
    desk.receive(
        reply("later1@ecole.test", receipt, "Et maintenant ?\n", at=desk.now),
        mail("later2@ecole.test", subject="Re: Toujours en panne", In_Reply_To="<m2@ecole.test>"),
    )
    desk.once()
    assert desk.number_of("later1@ecole.test") == desk.number_of("later2@ecole.test") == 1001
    assert cli.answer(["tickets", "--json", "--config", str(desk.file)]) == 0
    shown = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["status"], one["merged_into"]) for one in shown] == [("new", None), ("merged", 1001)]
    assert reconciles(desk)


def test_an_act_on_the_survivor_stops_the_clocks_of_both(any_desk: Desk) -> None:
    """The later one too, whose mail lies on the ticket that was merged."""
    twice(any_desk)
    orders(any_desk, "o1", 1001, "#merge 1002\n")
    assert [one.due_at for one in any_desk.tickets()] == [None, MONDAY + DAY]
    orders(any_desk, "o2", 1002, "#prendre\n")
    assert [one.due_at for one in any_desk.tickets()] == [None, None]
    assert any_desk.rows("SELECT count(*) FROM clock WHERE stopped_at IS NULL")[0][0] == 0
    # What the ended ticket sent still leads to the one that goes on.
    assert any_desk.why("o2@etnic.test").ticket == 1002
    any_desk.later(minutes=1)
    orders(any_desk, "o3", 1001, "#note\n\nVu.\n")
    assert any_desk.why("o3@etnic.test").ticket == 1002


def test_words_below_a_merge_answer_the_ticket_that_ends(desk: Desk) -> None:
    """They reach the requester, and stop its clock; the other's runs on."""
    twice(desk)
    orders(desk, "o1", 1002, "#fusionner 1001\n\nJe regarde les deux ensemble.\n")
    survivor, merged = desk.tickets()
    assert (merged.status, survivor.due_at) == (Status.MERGED, MONDAY + DAY)
    assert desk.rows("SELECT count(*) FROM clock WHERE stopped_at IS NULL")[0][0] == 1
    desk.later(minutes=5)
    desk.once()
    assert "Je regarde les deux ensemble." in words(desk.letters("jean@ecole.test")[-1])


@pytest.mark.parametrize("order", ["#fusionner 1001", "#fusionner 1003", "#fusionner 999", "#lier 999"])
def test_what_cannot_be_repaired_changes_nothing(desk: Desk, order: str) -> None:
    """With itself, across requesters, with nothing: one line, and every ticket as it was."""
    twice(desk)
    desk.receive(mail("m3@ailleurs.test", sender="Marc <marc@ailleurs.test>", subject="Badge", at=desk.now))
    desk.once()
    before = desk.tickets()
    said = orders(desk, "o1", 1001, f"{order}\n")
    assert "rien n’a changé" in said
    assert desk.tickets() == before
    assert len(desk.letters(ANNE)) == 4
    assert reconciles(desk)


# --- linking ------------------------------------------------------------------------------------------------


def test_two_tickets_know_of_each_other(any_desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Both ways, told once however often it is ordered."""
    twice(any_desk)
    assert "ETNIC-1001 est lié à ETNIC-1002" in orders(any_desk, "o1", 1001, "#lier 1002\n")
    assert "ETNIC-1002 est lié à ETNIC-1001" in orders(any_desk, "o2", 1002, "#link 1001\n")
    assert (told(any_desk, 1001, "linked"), told(any_desk, 1002, "linked")) == (
        {"other": 1002},
        {"other": 1001},
    )
    assert cli.answer(["tickets", "--json", "--config", str(any_desk.file)]) == 0
    shown = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["linked"] for one in shown] == [[1002], [1001]]
    assert reconciles(any_desk)
