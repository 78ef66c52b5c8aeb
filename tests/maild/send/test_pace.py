"""The provider's rate: never more than it allows, and little to remember of it."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from maild.send.pace import MINUTE, Limit, paced
from tests.maild.decide.cases import DAY, HOUR, NOON

SECOND = timedelta(seconds=1)


def test_a_minute_takes_so_many_and_a_day_so_many() -> None:
    """The wait is until the oldest of them is a minute ago, or the oldest minute of them a day."""
    pace = paced(per_minute=2, per_day=3)
    for seconds in (0, 10):
        assert pace.wait(NOON + seconds * SECOND) == timedelta()
        pace.spend(NOON + seconds * SECOND)
    assert pace.wait(NOON + 20 * SECOND) == 40 * SECOND
    assert pace.wait(NOON + MINUTE) == timedelta()
    pace.spend(NOON + MINUTE)
    assert pace.wait(NOON + HOUR) == DAY - HOUR + 10 * SECOND
    assert pace.wait(NOON + DAY + 10 * SECOND) == timedelta()


def test_what_left_before_counts() -> None:
    """As after a restart."""
    pace = paced(per_minute=2, per_day=3, sent=[NOON - HOUR, NOON - 2 * SECOND, NOON - SECOND])
    assert pace.wait(NOON) == DAY - HOUR
    assert paced(per_minute=2, per_day=9, sent=[NOON - 2 * SECOND, NOON - SECOND]).wait(NOON) == 58 * SECOND


@given(
    most=st.integers(1, 5),
    step=st.integers(0, 4),
    pauses=st.lists(st.integers(0, 30), max_size=60),
)
def test_there_are_never_more_within_any_span(most: int, step: int, pauses: list[int]) -> None:
    """However they come, and whoever waits as long as he is told need not ask twice."""
    limit = Limit(most=most, span=10 * SECOND, step=step * SECOND)
    left: list[datetime] = []
    now = NOON
    for pause in pauses:
        now += pause * SECOND
        wait = limit.wait(now)
        assert wait <= (10 + step) * SECOND
        now += wait
        assert limit.wait(now) == timedelta()
        limit.spend(now)
        left.append(now)
        assert sum(at > now - 10 * SECOND for at in left) <= most


def test_a_day_of_many_is_little_to_remember() -> None:
    """The daily limit of a large provider is a matter of minutes, not of letters."""
    limit = Limit(most=10**6, span=DAY, step=MINUTE)
    for number in range(20_000):
        limit.spend(NOON + number * 4 * SECOND)
    assert len(limit._left) <= DAY / MINUTE
