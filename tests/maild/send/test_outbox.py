"""Send what is owed: what each outcome means, and a courier with bad days."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.bell import Bell
from maild.decide.troubles import SUBMISSION, Reach
from maild.send import outbox as sending
from maild.send.courier import Deferred, Misconfigured, Outcome, Refused, Sent
from maild.send.outbox import Dispatch
from maild.send.pace import LONGEST_PAUSE, Pace
from storage import outbox
from storage.database import Unavailable
from storage.records import OutboxEntry, OutboxState
from tests.maild.decide.cases import HOUR, NOON
from tests.maild.office import Room, raw, room
from tests.maild.send.letters import RETRY, entry, submission

MINUTE = timedelta(minutes=1)


# --- what an outcome means


@pytest.mark.parametrize(
    ("outcome", "ambiguous", "state", "after"),
    [
        (Sent(reply="250"), 0, OutboxState.SENT, None),
        (Refused(reply="550"), 0, OutboxState.FAILED, None),
        (Misconfigured(reply="535"), 0, OutboxState.READY, timedelta()),
        (Deferred(reply="451"), 0, OutboxState.READY, MINUTE),
        (Deferred(reply="", unreachable=True), 0, OutboxState.READY, MINUTE),
        (Deferred(reply="", ambiguous=True), 0, OutboxState.READY, MINUTE),
        (Deferred(reply="", ambiguous=True), 1, OutboxState.READY, MINUTE),
        (Deferred(reply="", ambiguous=True), 2, OutboxState.UNCERTAIN, None),
        (Deferred(reply="451"), 2, OutboxState.READY, MINUTE),
    ],
)
def test_what_becomes_of_a_row(outcome: Outcome, ambiguous: int, state: OutboxState, after: Any) -> None:
    """And when it is tried again."""
    found = sending.settled(entry(ambiguous=ambiguous), outcome, NOON, submission(), chance=lambda: 0.5)
    assert (found.state, found.next_at) == (state, None if after is None else NOON + after)
    assert found.reply == outcome.reply


def test_what_was_tried_for_too_long_is_given_up() -> None:
    """With the server's last word."""
    late = entry(attempts=50, due_at=NOON - 48 * HOUR)
    found = sending.settled(late, Deferred(reply="451 later"), NOON, submission())
    assert (found.state, found.reply) == (OutboxState.FAILED, "gave up after 50 attempts: 451 later")
    wrong = sending.settled(late, Misconfigured(reply="535"), NOON, submission())
    assert wrong.state is OutboxState.READY, "no mail fails for our configuration"
    released = entry(attempts=1, created_at=NOON - 72 * HOUR)
    assert sending.settled(released, Deferred(reply="451"), NOON, submission()).state is OutboxState.READY


@given(st.integers(0, 10_000), st.floats(0, 1, exclude_max=True))
def test_the_wait_grows_to_the_last_step_with_a_fifth_of_jitter(attempts: int, chance: float) -> None:
    """1 minute, 5 minutes, then hourly."""
    step = RETRY[min(max(attempts, 1), 3) - 1]
    assert step * 0.8 <= sending.delay(attempts, RETRY, chance) <= step * 1.2


# --- the round


@dataclass
class Fake:
    """A courier who does as he is told, then delivers everything."""

    orders: list[Outcome | Exception] = field(default_factory=list)
    carried: list[OutboxEntry] = field(default_factory=list)
    rested: int = 0

    def send(self, one: OutboxEntry) -> Outcome:
        self.carried.append(one)
        order = self.orders.pop(0) if self.orders else Sent(reply="250 ok")
        if isinstance(order, Exception):
            raise order
        return order

    def rest(self) -> None:
        self.rested += 1


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Room]:
    """An office without agents, which owes ten receipts."""
    with room(tmp_path, agents=()) as made:
        made.ingest(*(raw(f"m{n}@ecole.test", Subject=f"S {n}") for n in range(10)))
        yield made


def dispatch(desk: Room, *orders: Outcome | Exception, **settings: Any) -> tuple[Dispatch, Fake]:
    """The sending room, with a courier who has these orders."""
    fake = Fake(list(orders))
    made = Dispatch(
        office=desk.office, courier=fake, submission=submission(**settings), holder="a", bell=Bell()
    )
    return made, fake


def states(desk: Room) -> list[tuple[str, int]]:
    """State and attempts of each letter."""
    return [(row.state, row.attempts) for row in desk.rows("SELECT state, attempts FROM outbox ORDER BY id")]


def test_all_that_is_due_leaves_in_its_order(desk: Room) -> None:
    """And the courier rests."""
    made, fake = dispatch(desk)
    sending.drain(made)
    assert [one.id for one in fake.carried] == list(range(1, 11))
    assert states(desk) == [("sent", 1)] * 10
    assert fake.rested == 1


def test_one_refusal_stops_nobody_else(desk: Room) -> None:
    """Neither a final one nor one for now."""
    made, _ = dispatch(desk, Refused(reply="550"), Deferred(reply="451"))
    sending.drain(made)
    assert [state for state, _ in states(desk)][:10] == ["failed", "ready", *["sent"] * 8]


@pytest.mark.parametrize("fault", [Deferred(reply="", unreachable=True), Misconfigured(reply="535")])
def test_a_fault_of_the_server_is_tried_with_one_letter_only(desk: Room, fault: Outcome) -> None:
    """The others lose no attempt, and all leave when it is over."""
    made, fake = dispatch(desk, fault)
    sending.drain(made)
    assert len(fake.carried) == 1
    assert states(desk) == [("ready", 1), *[("ready", 0)] * 9]
    desk.clock.later(minutes=2)
    sending.drain(made)
    assert [state for state, _ in states(desk)] == ["sent"] * 10


def test_a_server_that_refuses_us_stops_the_whole_outbox(desk: Room) -> None:
    """Also what is owed only now; it is asked again at growing intervals, and no letter fails for it."""
    made, fake = dispatch(desk, *[Misconfigured(reply="535")] * 3)
    pace = sending.pace_of(made)
    for wait in (MINUTE, 5 * MINUTE, LONGEST_PAUSE):
        assert sending._round(made, pace) == 0
        desk.ingest(raw(f"late{wait.seconds}@ecole.test", From="eva@ecole.test", Subject="x"))
        assert sending._round(made, pace) == wait.total_seconds()
        desk.clock.later(seconds=wait.total_seconds())
    assert len(fake.carried) == 3
    assert {fake.carried[0].id} == {one.id for one in fake.carried}
    assert states(desk) == [("ready", 3), *[("ready", 0)] * 12]
    while sending._round(made, pace) == 0:
        continue
    assert {state for state, _ in states(desk)} == {"sent"}
    assert pace.refusals == 0


def test_a_process_that_starts_anew_asks_a_server_that_refused_us_at_once(desk: Room) -> None:
    """Somebody may have mended the password, and started it for that."""
    made, _ = dispatch(desk, Misconfigured(reply="535"))
    sending.drain(made)
    again, fake = dispatch(desk)
    sending.drain(again)
    assert len(fake.carried) == 10


def test_what_the_courier_meets_is_noted(desk: Room) -> None:
    """For the alarm: refused until it is let in again, whatever the network does meanwhile."""
    lost = Deferred(reply="timed out", unreachable=True)
    made, _ = dispatch(desk, lost, Misconfigured(reply="535"), lost, Refused(reply="550"))
    seen = []
    for _ in range(4):
        sending.drain(made)
        seen.append(made.health.contacts()[SUBMISSION].reach)
        desk.clock.later(hours=1)
    assert seen == [Reach.LOST, Reach.REFUSED, Reach.REFUSED, Reach.WELL]


def test_nothing_is_begun_that_the_claim_may_not_outlast(desk: Room) -> None:
    """A slow server: what was not tried in half the claim's time is given back, with its attempt."""
    made, fake = dispatch(desk)
    send = fake.send

    def slow(one: OutboxEntry) -> Outcome:
        desk.clock.later(minutes=6)
        return send(one)

    fake.send = slow  # type: ignore[method-assign]
    sending._round(made, sending.pace_of(made))
    assert states(desk) == [*[("sent", 1)] * 3, *[("ready", 0)] * 7]


def test_a_busy_ledger_at_the_start_ends_nothing(desk: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread asks again."""
    made, fake = dispatch(desk)
    begin, failures = sending.pace_of, [1]

    def busy(one: Dispatch) -> Pace:
        if failures:
            raise Unavailable(f"database is locked {failures.pop()}")
        return begin(one)

    def close_when_done(_seconds: float) -> bool:
        if len(fake.carried) == 10:
            made.bell.close()
        return False

    monkeypatch.setattr(sending, "pace_of", busy)
    monkeypatch.setattr(made.bell, "wait", close_when_done)
    sending.deliver(made)
    assert [state for state, _ in states(desk)] == ["sent"] * 10


def test_the_rate_holds_across_rounds_and_restarts(desk: Room) -> None:
    """What left in the last minute is read from the outbox itself."""
    made, _ = dispatch(desk, per_minute=4)
    sending.drain(made)
    assert [state for state, _ in states(desk)].count("sent") == 4
    again, fake = dispatch(desk, per_minute=4)
    sending.drain(again)
    assert fake.carried == []
    desk.clock.later(seconds=61)
    sending.drain(again)
    assert len(fake.carried) == 4
    assert {attempts for _, attempts in states(desk)} == {0, 1}


def test_a_courier_who_falls_over_costs_one_claim(desk: Room) -> None:
    """A fault of ours: the letters are due again when the claim is over."""
    made, _ = dispatch(desk, RuntimeError("a fault of ours"))
    with pytest.raises(RuntimeError):
        sending.drain(made)
    desk.clock.later(hours=1)
    sending.drain(made)
    assert [state for state, _ in states(desk)] == ["sent"] * 10


def test_asked_to_end_it_ends_between_two_letters(desk: Room) -> None:
    """What it holds is given back at once, with its attempt."""
    made, fake = dispatch(desk)

    def send_then_close(one: OutboxEntry) -> Outcome:
        made.bell.close()
        fake.carried.append(one)
        return Sent(reply="250 ok")

    fake.send = send_then_close  # type: ignore[method-assign]
    sending.deliver(made)
    assert states(desk) == [("sent", 1), *[("ready", 0)] * 9]


def test_a_busy_ledger_is_waited_out_with_the_reply_in_hand(
    desk: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mail that was accepted is settled before anything else, and never sent again."""
    made, fake = dispatch(desk)
    settle, failures = outbox.settle, [1, 1]

    def busy(*args: Any) -> None:
        if failures:
            failures.pop()
            raise Unavailable("database is locked")
        settle(*args)

    monkeypatch.setattr(outbox, "settle", busy)
    monkeypatch.setattr(made.bell, "wait", lambda _seconds: False)
    sending.drain(made)
    assert len(fake.carried) == 10
    assert [state for state, _ in states(desk)] == ["sent"] * 10
