"""The clock of the rehearsal runs when it is told to."""

from datetime import UTC, datetime, timedelta

import pytest

from maild.demo import stage
from maild.demo.clock import Clock

FIRST = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def test_it_stands_runs_fast_and_stands_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten minutes in a second, from `start` to `stop`."""
    seconds = [100.0]
    monkeypatch.setattr("maild.demo.clock.time.monotonic", lambda: seconds[0])
    now = Clock(FIRST, speed=600)
    seconds[0] += 5
    assert now() == FIRST
    now.start()
    seconds[0] += 3
    assert now() == FIRST + timedelta(minutes=30)
    now.stop()
    seconds[0] += 7
    now.stop()
    assert now() == FIRST + timedelta(minutes=30)


@pytest.mark.parametrize(("seconds", "between"), [(45, 2.0), (600, 2.0), (29, 1.0), (1, 0.25)])
def test_the_tempo_fits_the_time_that_is_granted(seconds: int, between: float) -> None:
    """A mail each twenty minutes of the rehearsal, whatever they take in the world."""
    pace = stage.tempo(seconds, began=0.0)
    assert pace.seconds == between
    assert pace.speed * pace.seconds == 1200
    assert pace.deadline < seconds
