"""The oracle's hours: sums over stretches, there and back."""

from datetime import UTC, datetime, timedelta

import pytest

from maild.decide.hours import Calendar
from maild.simulate.opening import Opening, by_the_wall, opening

HOUR = timedelta(hours=1)


def at(text: str) -> datetime:
    """An instant, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture(scope="module")
def hours() -> Opening:
    """From eight to five in Brussels, Monday to Friday, over the night when summer time begins."""
    return opening(by_the_wall(Calendar()), at("2026-03-23T00:00"), at("2026-04-04T00:00"))


@pytest.mark.parametrize(
    ("first", "last", "passed"),
    [
        ("2026-03-23T00:00", "2026-03-23T07:00", 0 * HOUR),
        ("2026-03-23T08:00", "2026-03-23T09:30", 1.5 * HOUR),
        ("2026-03-23T08:00", "2026-03-24T08:00", 9 * HOUR),
        ("2026-03-27T15:00", "2026-03-30T06:30", 1.5 * HOUR),  # Friday in winter, Monday in summer
    ],
)
def test_open_time_between_two_instants(hours: Opening, first: str, last: str, passed: timedelta) -> None:
    """The sums of before and after differ by it, and lead back to the later instant."""
    assert hours.passed(at(last)) - hours.passed(at(first)) == passed
    if passed:
        assert hours.when(hours.passed(at(first)) + passed) == at(last)


@pytest.mark.parametrize(
    ("now", "then"),
    [
        ("2026-03-23T07:00", "2026-03-23T08:00"),
        ("2026-03-23T07:59:59", "2026-03-23T08:00"),
        ("2026-03-23T15:00:01", "2026-03-24T07:00"),
        ("2026-03-27T16:00", "2026-03-30T06:00"),
    ],
)
def test_digests_go_out_at_openings_and_full_hours(hours: Opening, now: str, then: str) -> None:
    """Never at once, and never at closing time."""
    assert hours.round_after(at(now)) == at(then)
    assert hours.is_open(at(then))
