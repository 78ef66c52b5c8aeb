"""The watch over a maildrop: what passes is waited out, what is ours is told with its place."""

import io
from collections.abc import Iterator

import pytest

from maild import log
from maild.bell import Bell
from maild.receive import vigil
from maild.receive.mailbox import LoginRefused, Unreachable
from storage.database import Unavailable
from storage.store import LeaseLost


@pytest.fixture
def bell() -> Iterator[Bell]:
    """The bell of the maildrop; it closes at the end."""
    made = Bell()
    yield made
    made.dispose()


@pytest.fixture
def journal() -> io.StringIO:
    """What is logged."""
    stream = io.StringIO()
    log.configure("logfmt", "info", stream=stream)
    return stream


@pytest.mark.parametrize(
    ("error", "first", "last"), [(Unreachable("x"), 1, 300), (LoginRefused("x"), 60, 3600)]
)
def test_the_wait_doubles_up_to_its_longest(error: Exception, first: float, last: float) -> None:
    """With a fifth of jitter; slowly where a password is refused, because logins lock accounts."""
    middle = [vigil.backoff(n, error, lambda: 0.5) for n in range(1, 40)]
    assert middle[:3] == pytest.approx([first, 2 * first, 4 * first])
    assert middle[-1] == pytest.approx(last)
    assert vigil.backoff(1, error, lambda: 0.0) == pytest.approx(first * 0.8)
    assert vigil.backoff(10_000, error, lambda: 0.999) < last * 1.2


@pytest.mark.parametrize(
    ("error", "event"),
    [
        (Unreachable("no route"), "maildrop.lost"),
        (LoginRefused("wrong password"), "maildrop.auth_failed"),
        (Unavailable("disk full"), "maildrop.lost"),
        (LeaseLost("taken over"), "maildrop.lost"),
        (vigil.StandBy("another one"), "maildrop.standby"),
        (ZeroDivisionError(), "maildrop.failed"),
    ],
)
def test_whatever_goes_wrong_it_is_tried_again(
    bell: Bell, journal: io.StringIO, monkeypatch: pytest.MonkeyPatch, error: Exception, event: str
) -> None:
    """Said once each time; a fault of ours with its traceback."""
    monkeypatch.setattr(vigil, "backoff", lambda *_: 0.0)
    monkeypatch.setattr(vigil, "LEASE_TTL", vigil.LEASE_TTL * 0)
    rounds = iter([error, error, None])

    def serve() -> None:
        if (fault := next(rounds)) is not None:
            raise fault
        bell.close()

    vigil.watch("support", bell, serve)
    lines = [line for line in journal.getvalue().splitlines() if f"event={event} " in line]
    assert len(lines) == 2
    assert ("Traceback" in lines[0]) is isinstance(error, ZeroDivisionError)


def test_a_session_that_lasted_begins_a_new_row_of_waits(bell: Bell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten lost connections in a year are no reason to wait for minutes at the eleventh."""
    now, waits = [0.0], list[int]()

    def noted(attempt: int, _error: Exception) -> float:
        waits.append(attempt)
        return 0.0

    monkeypatch.setattr(vigil, "backoff", noted)
    monkeypatch.setattr("maild.receive.vigil.time.monotonic", lambda: now[0])
    lasted = iter([1.0, 1.0, 4000.0, 1.0])

    def serve() -> None:
        now[0] += next(lasted, 0.0)
        if len(waits) == 4:
            bell.close()
            return
        raise Unreachable("gone")

    vigil.watch("support", bell, serve)
    assert waits == [1, 2, 1, 2]


def test_no_watch_begins_where_the_bell_has_closed(bell: Bell) -> None:
    """The daemon ends before it has begun."""
    bell.close()
    vigil.watch("support", bell, lambda: pytest.fail("served"))


def test_a_refused_login_is_counted_apart(
    bell: Bell, journal: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An outage is tried again soon, a refusal late: neither makes the other later than it is by itself."""
    monkeypatch.setattr(vigil, "backoff", lambda *_: 0.0)
    lost, refused = Unreachable("away"), LoginRefused("wrong password")
    rounds = iter([lost, lost, refused, lost, refused])

    def serve() -> None:
        if (fault := next(rounds, None)) is not None:
            raise fault
        bell.close()

    vigil.watch("support", bell, serve)
    lines = [line for line in journal.getvalue().splitlines() if "attempt=" in line]
    assert [line.partition("attempt=")[2].partition(" ")[0] for line in lines] == ["1", "2", "1", "3", "2"]
