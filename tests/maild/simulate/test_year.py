"""The year's happenings: the same for the same seed, in order, and of every kind."""

from datetime import timedelta
from itertools import pairwise
from random import Random

from maild.decide.hours import Calendar
from maild.simulate import running
from maild.simulate.opening import by_the_wall, opening
from maild.simulate.year import DAY, What, Year, year

BEGINS = running.BEGINS


def told(seed: int, *, days: int = 365) -> Year:
    """A year of three requests a day."""
    rng = Random(seed)
    cast = running.cast(running.policy("wall", BEGINS, days, rng))
    hours = opening(by_the_wall(Calendar()), BEGINS - DAY, BEGINS + (days + 40) * DAY)
    return year(BEGINS, days, 3, cast, hours.is_open, rng)


def test_the_same_seed_tells_the_same_year() -> None:
    """A difference can be looked at again."""
    assert told(7, days=30) == told(7, days=30)
    assert told(7, days=30) != told(8, days=30)


def test_a_year_is_in_order_and_has_everything_in_it() -> None:
    """Every kind of act; nothing before the first mail of its matter; about as many as were asked for."""
    made = told(1)
    instants = [one.at for one in made.happenings]
    assert instants == sorted(instants)
    assert {one.what for one in made.happenings} == set(What)
    begun: set[int] = set()
    for one in made.happenings:
        assert one.matter in begun or one.what is What.WRITES
        begun.add(one.matter)
    assert 0.9 < len(begun) / (3 * 365) < 1.2


def test_outages_last_minutes_hours_and_days_and_do_not_meet() -> None:
    """The daemon comes up between two of them."""
    outages = told(1).outages
    spans = [one.ends - one.begins for one in outages]
    assert min(spans) < timedelta(hours=1) < sorted(spans)[-10] < timedelta(days=1) / 2
    assert max(spans) > timedelta(hours=18)
    assert all(one.ends <= other.begins for one, other in pairwise(outages))
