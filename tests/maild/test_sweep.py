"""The passing of time, in seconds of a test: each stage once, few letters, nothing missed."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from maild import sweep
from maild.decide.policy import Agent
from tests.maild.decide.cases import ANNE, DAY, HOUR, NOON
from tests.maild.office import Room, raw, room


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Room]:
    """An office at noon, with a lead beside its agent."""
    lead = Agent(name="Chef", address="chef@etnic.test", teams=("direction",), lead=True)
    with room(tmp_path, agents=(Agent(name="Anne", address=ANNE), lead)) as made:
        yield made


def alerts(desk: Room) -> list[str]:
    """Whom an alert was written to."""
    return [to for kind, to in desk.letters() if kind == "alert"]


def test_a_clock_comes_up_at_each_stage_once(desk: Room) -> None:
    """Near: whose ticket it is; breached: the lead too."""
    desk.ingest(raw())
    seen = []
    for _ in range(30):
        swept = sweep.sweep(desk.office)
        seen.append((swept.near, swept.breached))
        desk.clock.later(hours=1)
    assert seen[20] == (1, 0)
    assert seen[24] == (0, 1)
    assert sum(near for near, _ in seen) == sum(over for _, over in seen) == 1
    assert alerts(desk) == [ANNE, ANNE, "chef@etnic.test"]
    (ticket,) = desk.tickets()
    assert (ticket.near_limit, ticket.breached) == (True, True)


def test_a_daemon_that_was_down_sends_no_flood(desk: Room) -> None:
    """Forty limits passed over night: one letter a person, none for a stage that was slept through."""
    desk.ingest(*(raw(f"m{n}@ecole.test", Subject=f"Sujet {n}") for n in range(40)))
    desk.clock.later(days=2)
    assert sweep.sweep(desk.office) == sweep.Swept(near=0, breached=40)
    assert alerts(desk) == [ANNE, "chef@etnic.test"]


def test_more_than_one_look_holds(desk: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest follows at once."""
    monkeypatch.setattr(sweep, "AT_ONCE", 3)
    desk.ingest(*(raw(f"m{n}@ecole.test", Subject=f"Sujet {n}") for n in range(10)))
    desk.clock.later(hours=20)
    assert sweep.sweep(desk.office).near == 10


def test_a_clock_that_was_stopped_comes_up_no_more(desk: Room) -> None:
    """Somebody acted in time."""
    desk.ingest(raw())
    with desk.office.store.write() as tx:
        tx.stop_clocks(1001, at=NOON + HOUR, by=ANNE, presumed=False)
    desk.clock.later(days=3)
    assert sweep.sweep(desk.office) == sweep.Swept(near=0, breached=0)
    assert alerts(desk) == []


def test_a_machine_whose_time_was_set_back_takes_nothing_back(desk: Room) -> None:
    """What was said stays said, and is not said again."""
    desk.ingest(raw())
    desk.clock.later(hours=20)
    sweep.sweep(desk.office)
    desk.clock.later(hours=-15)
    sweep.sweep(desk.office)
    desk.clock.later(hours=15)
    assert sweep.sweep(desk.office) == sweep.Swept(near=0, breached=0)
    assert alerts(desk) == [ANNE]


def test_without_agents_the_administrators_hear(tmp_path: Path) -> None:
    """A limit never passes unheard."""
    with room(tmp_path, agents=()) as desk:
        desk.ingest(raw())
        desk.clock.later(hours=25)
        sweep.sweep(desk.office)
        assert alerts(desk) == ["admin@etnic.test"]


def test_the_assignee_hears_alone_until_the_limit(desk: Room) -> None:
    """It is his ticket."""
    bob = Agent(name="Bob", address="bob@etnic.test")
    desk.office = replace(
        desk.office, policy=replace(desk.office.policy, agents=(*desk.office.policy.agents, bob))
    )
    desk.ingest(raw())
    with desk.office.store.write() as tx:
        tx.change_ticket(1001, assignee="bob@etnic.test")
    desk.clock.later(hours=20)
    sweep.sweep(desk.office)
    assert alerts(desk) == ["bob@etnic.test"]


def test_a_backlog_is_told_in_one_digest_when_it_has_settled(desk: Room) -> None:
    """Half a minute after the last old mail, or at the end of a single pass."""
    desk.ingest(*(raw(f"m{n}@ecole.test", Subject=f"Vieux {n}") for n in range(5)), at=NOON - 3 * DAY)
    sweep.sweep(desk.office)
    assert "digest" not in dict(desk.letters())
    desk.clock.later(seconds=31)
    sweep.sweep(desk.office)
    sweep.sweep(desk.office)
    assert [to for kind, to in desk.letters() if kind == "digest"] == [ANNE]
    assert not [kind for kind, _ in desk.letters() if kind in ("receipt", "notification")]


def test_a_year_passes_in_seconds(desk: Room) -> None:
    """Time is an argument everywhere: ten requests a month, half of them taken in time."""
    taken = 0
    for month in range(12):
        desk.clock.now = NOON + timedelta(days=30 * month)
        done = desk.ingest(*(raw(f"{month}.{n}@ecole.test", Subject=f"{month}/{n}") for n in range(10)))
        desk.clock.later(hours=3)
        with desk.office.store.write() as tx:
            for one in done[::2]:
                assert one.ticket is not None
                taken += bool(tx.stop_clocks(one.ticket, at=desk.clock.now, by=ANNE, presumed=False))
        desk.clock.later(hours=22)
        sweep.sweep(desk.office)
    assert taken == 60
    assert sum(ticket.breached for ticket in desk.tickets()) == 60


@pytest.mark.parametrize(
    ("now", "morning"),
    [
        ("2024-11-25T05:59:59", "2024-11-24T06:00:00"),
        ("2024-11-25T06:00:00", "2024-11-25T06:00:00"),
        ("2024-11-25T23:30:00", "2024-11-25T06:00:00"),
        ("2024-10-27T05:30:00", "2024-10-26T05:00:00"),
        ("2024-10-27T06:00:00", "2024-10-27T06:00:00"),
    ],
    ids=["before", "at", "at night", "summer", "summer is over"],
)
def test_the_morning_is_the_desks_own(now: str, morning: str) -> None:
    """Seven o'clock in Brussels, in winter and in summer."""
    wanted, at = (datetime.fromisoformat(one).replace(tzinfo=UTC) for one in (morning, now))
    assert sweep.last_morning(at, "Europe/Brussels") == wanted


def waiting(desk: Room, *numbers: int) -> None:
    """These tickets wait for two days."""
    with desk.office.store.write() as tx:
        for number in numbers:
            tx.stop_clocks(number, at=NOON, by=ANNE, presumed=False)
            tx.change_ticket(
                number, status="waiting", wake_at=NOON + 2 * DAY, assignee=ANNE, taken_at=NOON, due_at=None
            )


def test_a_waiting_ticket_wakes_once(desk: Room) -> None:
    """Whoever has it gets one letter, its story says so, and nobody can undo the passing of time."""
    desk.ingest(raw())
    waiting(desk, 1001)
    before = len(desk.letters())
    seen = []
    for _ in range(5):
        seen.append(sweep.sweep(desk.office).woken)
        desk.clock.later(days=1)
    assert seen == [0, 0, 1, 0, 0]
    assert desk.letters()[before:] == [("notification", ANNE)]
    (ticket,) = desk.tickets()
    assert (ticket.status.value, ticket.wake_at) == ("taken", None)
    kinds = [row.kind for row in desk.rows("SELECT kind FROM event WHERE actor = 'clock' ORDER BY id")]
    assert kinds == ["woken"]
    assert not desk.rows("SELECT 1 FROM event WHERE kind = 'changed'")


def test_more_tickets_wake_than_one_look_holds(desk: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest follows at once."""
    monkeypatch.setattr(sweep, "WAKE_AT_ONCE", 2)
    desk.ingest(*(raw(f"m{n}@ecole.test", Subject=f"Sujet {n}") for n in range(5)))
    waiting(desk, *range(1001, 1006))
    desk.clock.later(days=3)
    assert sweep.sweep(desk.office).woken == 5
    assert {ticket.status.value for ticket in desk.tickets()} == {"taken"}


def test_a_sweep_with_nothing_to_wake_looks_once(desk: Room) -> None:
    """One statement, answered from the index of what is to wake, and no transaction that writes."""
    from sqlalchemy import event

    desk.ingest(raw())
    asked: list[str] = []
    engine = desk.office.store.database.engine
    event.listen(engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    assert sweep._wake(desk.office) == 0
    assert (
        len([one for one in asked if "wake_at" in one]) == len([one for one in asked if "SELECT" in one]) == 1
    )
    assert not [one for one in asked if one.startswith(("BEGIN IMMEDIATE", "UPDATE", "INSERT"))]
