"""Tickets on which nothing moves: they wake, are brought back to mind, and close by themselves."""

from typing import Any

import pytest
from sqlalchemy import event

from maild import sweep
from maild.sweep import clocks, standing_still
from storage.records import Ticket
from tests.maild.decide.cases import ANNE, DAY, NOON
from tests.maild.office import Room, raw


def change(desk: Room, *numbers: int, **values: Any) -> None:
    """Nobody waits for these tickets any more, and this is how they stand."""
    with desk.office.store.write() as tx:
        for number in numbers:
            tx.stop_clocks(number, at=NOON, by=ANNE, presumed=False)
            tx.change_ticket(number, taken_at=NOON, due_at=None, **values)


def waiting(desk: Room, *numbers: int) -> None:
    """These tickets wait for two days."""
    change(desk, *numbers, status="waiting", wake_at=NOON + 2 * DAY, assignee=ANNE)


def taken(desk: Room, *numbers: int) -> None:
    """These tickets are Anne's, since noon."""
    change(desk, *numbers, status="taken", assignee=ANNE, touched_at=NOON, look_at=NOON + 5 * DAY)


def each_day(desk: Room, days: int) -> list[sweep.Swept]:
    """What the sweep of each day finds."""
    found = []
    for _ in range(days):
        found.append(sweep.sweep(desk.office))
        desk.clock.later(days=1)
    return found


def acts_of_the_clock(desk: Room) -> list[str]:
    """What the stories say that nobody did."""
    return [row.kind for row in desk.rows("SELECT kind FROM event WHERE actor = 'clock' ORDER BY id")]


# --- waking -------------------------------------------------------------------------------------------------


def test_a_waiting_ticket_wakes_once(desk: Room) -> None:
    """Whoever has it gets one letter, its story says so, and nobody can undo the passing of time."""
    desk.ingest(raw())
    waiting(desk, 1001)
    before = len(desk.letters())
    assert [swept.woken for swept in each_day(desk, 5)] == [0, 0, 1, 0, 0]
    assert desk.letters()[before:] == [("notification", ANNE)]
    (ticket,) = desk.tickets()
    assert (ticket.status.value, ticket.wake_at) == ("taken", None)
    assert acts_of_the_clock(desk) == ["woken"]
    assert not desk.rows("SELECT 1 FROM event WHERE kind = 'changed'")


def test_a_ticket_that_woke_is_forgotten_only_from_then_on(desk: Room) -> None:
    """Nobody has touched it for two days, and whoever has it has just been told."""
    desk.ingest(raw())
    waiting(desk, 1001)
    assert [swept.silent for swept in each_day(desk, 8)] == [0, 0, 0, 0, 0, 0, 0, 1]


def test_more_tickets_wake_than_one_look_holds(desk: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest follows at once."""
    monkeypatch.setattr(standing_still, "AT_ONCE", 2)
    desk.ingest(*(raw(f"m{n}@ecole.test", Subject=f"Sujet {n}") for n in range(5)))
    waiting(desk, *range(1001, 1006))
    desk.clock.later(days=3)
    assert sweep.sweep(desk.office).woken == 5
    assert {ticket.status.value for ticket in desk.tickets()} == {"taken"}


def test_a_sweep_with_nothing_to_do_looks_once(desk: Room) -> None:
    """A statement for each part, answered from an index of what is to do, and no transaction that writes."""
    desk.ingest(raw())
    asked: list[str] = []
    engine = desk.office.store.database.engine
    event.listen(engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    assert standing_still.look_after(desk.office) == standing_still.Still()
    assert len([one for one in asked if "SELECT" in one]) == 1
    assert clocks.advance(desk.office) == (0, 0)
    assert len([one for one in asked if "SELECT" in one]) == 2
    assert not [one for one in asked if one.startswith(("BEGIN IMMEDIATE", "UPDATE", "INSERT"))]


# --- silence ------------------------------------------------------------------------------------------------


def test_a_ticket_that_was_taken_and_forgotten_is_brought_back_to_mind(desk: Room) -> None:
    """After five days of silence, and again after each further five; it stays as it is."""
    desk.ingest(raw())
    taken(desk, 1001)
    before = len(desk.letters())
    assert [day for day, swept in enumerate(each_day(desk, 13)) if swept.silent] == [5, 10]
    assert desk.letters()[before:] == [("warning", ANNE)] * 2
    (ticket,) = desk.tickets()
    assert (ticket.status.value, ticket.look_at) == ("taken", NOON + 15 * DAY)
    assert acts_of_the_clock(desk) == ["silent", "silent"]


def test_forgotten_tickets_stand_in_one_letter(desk: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """One a person; in more than one where a look holds fewer."""
    desk.ingest(*(raw(f"m{n}@ecole.test", Subject=f"Sujet {n}") for n in range(5)))
    taken(desk, *range(1001, 1006))
    before = len(desk.letters())
    desk.clock.later(days=6)
    assert sweep.sweep(desk.office).silent == 5
    assert desk.letters()[before:] == [("warning", ANNE)]
    assert [row.ticket_id for row in desk.rows("SELECT ticket_id FROM outbox WHERE kind = 'warning'")] == [
        None
    ]
    monkeypatch.setattr(standing_still, "REMIND_AT_ONCE", 2)
    desk.clock.later(days=6)
    assert sweep.sweep(desk.office).silent == 5
    assert len(desk.letters()) == before + 4


def test_whatever_a_person_writes_ends_the_silence(desk: Room) -> None:
    """The requester's mail of the fourth day counts; an absence notice of the eighth does not."""
    desk.ingest(raw())
    taken(desk, 1001)
    desk.clock.later(days=4)
    desk.ingest(raw("m2@ecole.test", Subject="Re: Imprimante", References="<m1@ecole.test>"))
    assert one(desk).look_at == NOON + 9 * DAY
    assert one(desk).touched_at == NOON + 4 * DAY
    desk.clock.later(days=4)
    notice = {"Auto_Submitted": "auto-replied", "References": "<m1@ecole.test>"}
    desk.ingest(raw("m3@ecole.test", Subject="Absence", **notice))
    assert (one(desk).touched_at, one(desk).look_at) == (NOON + 4 * DAY, NOON + 9 * DAY)
    assert [swept.silent for swept in each_day(desk, 3)] == [0, 1, 0]


def one(desk: Room) -> Ticket:
    """The first ticket."""
    return desk.tickets()[0]


def test_a_longer_patience_moves_the_next_look(desk: Room) -> None:
    """What was noted by the rule of before is looked at and left alone."""
    desk.ingest(raw())
    taken(desk, 1001)
    change(desk, 1001, touched_at=NOON + 3 * DAY)
    desk.clock.later(days=5)
    assert sweep.sweep(desk.office).silent == 0
    assert one(desk).look_at == NOON + 8 * DAY


@pytest.mark.parametrize("status", ["new", "waiting", "closed", "spam", "out_of_scope", "merged"])
def test_no_other_ticket_is_looked_at_twice(desk: Room, status: str) -> None:
    """One that stands otherwise by now is nobody's to be reminded of, and nothing to close."""
    desk.ingest(raw())
    taken(desk, 1001)
    change(desk, 1001, status=status)
    before = len(desk.letters())
    desk.clock.later(days=6)
    swept = sweep.sweep(desk.office)
    assert (swept.silent, swept.closed, one(desk).look_at) == (0, 0, None)
    assert one(desk).status.value == status
    assert len(desk.letters()) == before


# --- closing ------------------------------------------------------------------------------------------------


def test_a_resolved_ticket_closes_by_itself_and_nobody_is_written_to(desk: Room) -> None:
    """After fourteen days; its story says who did it, and nobody can undo that."""
    desk.ingest(raw())
    change(desk, 1001, status="resolved", touched_at=NOON, look_at=NOON + 14 * DAY)
    before = len(desk.letters())
    assert [day for day, swept in enumerate(each_day(desk, 17)) if swept.closed] == [14]
    assert (one(desk).status.value, one(desk).look_at) == ("closed", None)
    assert len(desk.letters()) == before
    assert acts_of_the_clock(desk) == ["closed"]
    assert not desk.rows("SELECT 1 FROM event WHERE kind = 'changed'")


def test_more_tickets_close_than_one_look_holds(desk: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest follows at once; one that was touched since then stays."""
    monkeypatch.setattr(standing_still, "AT_ONCE", 2)
    desk.ingest(*(raw(f"m{n}@ecole.test", Subject=f"Sujet {n}") for n in range(5)))
    change(desk, *range(1001, 1006), status="resolved", touched_at=NOON, look_at=NOON + 14 * DAY)
    change(desk, 1003, touched_at=NOON + DAY)
    desk.clock.later(days=14, hours=1)
    assert sweep.sweep(desk.office).closed == 4
    assert {t.id for t in desk.tickets() if t.status.value == "resolved"} == {1003}
    assert one(desk).touched_at == NOON
    assert [t.look_at for t in desk.tickets()] == [None, None, NOON + 15 * DAY, None, None]
