"""Clocks: what they count, what of them people must hear, and when they are looked at again."""

from dataclasses import replace
from datetime import timedelta

import pytest

from maild.decide import sla
from maild.decide.policy import Sla
from storage.records import Clock, Stage
from tests.maild.decide.cases import DAY, HOUR, NOON, clock, policy

DESK = policy(sla=Sla(clock="desk"))


def at(hours: float, **values: object) -> Clock:
    """A clock with a limit of 24 hours, near it after 19.2, looked at so many hours after it began."""
    made = clock(near_at=NOON + 19.2 * HOUR, **values)
    return replace(made, stage=sla.stage(made, NOON + hours * HOUR))


@pytest.mark.parametrize(
    ("hours", "share"), [(0, 0.0), (11.9, 0.0), (12, 0.5), (19.2, 0.8), (22.8, 0.95), (24, 1.0), (99, 1.0)]
)
def test_the_highest_share_that_is_reached_counts(hours: float, share: float) -> None:
    """Of those that people are warned at, and of the whole."""
    assert sla.reached(clock(), NOON + hours * HOUR, policy()) == share


@pytest.mark.parametrize(
    ("hours", "warned", "next_hours"),
    [
        # It began on a Monday at 13:00 by the desk's time; the desk is open until 17:00, and from 08:00.
        (0, 0.0, 12),
        (12, 0.0, 19),  # half of it at one in the night: told when the desk opens
        (12, 0.5, 19.2),
        (19, 0.0, 19.2),
        (19.2, 0.5, 20),  # near: people hear of it at the next full hour
        (19.2, 0.8, 22.8),
        (20, 0.5, 21),  # told now, else at the next round
        (22.8, 0.95, 24),
        (24, 1.0, None),
    ],
)
def test_the_sweep_looks_when_there_is_something_to_do(
    hours: float, warned: float, next_hours: float | None
) -> None:
    """At each share, at the rounds of digests while one is not told, near the limit, and there."""
    looked = at(hours, warned=warned)
    then = NOON + next_hours * HOUR if next_hours is not None else None
    assert sla.next_look(looked, NOON + hours * HOUR, policy()) == then


def test_a_team_s_clock_knows_no_shares() -> None:
    """Near its limit, and there."""
    looks = [sla.next_look(at(hours, team="réseau"), NOON + hours * HOUR, policy()) for hours in (0, 20, 24)]
    assert looks == [NOON + 19.2 * HOUR, NOON + DAY, None]


def test_a_clock_that_stands_still_is_not_looked_at() -> None:
    """And reaches nothing, however long that lasts."""
    paused = at(0, paused_at=NOON + HOUR)
    assert sla.next_look(paused, NOON + 9 * DAY, policy()) is None
    assert sla.stage(paused, NOON + 9 * DAY) is Stage.RUNNING
    assert sla.reached(paused, NOON + 9 * DAY, policy()) == 0.0


def test_desk_hours_make_another_moment_of_the_same_limit() -> None:
    """A limit of 24 hours from Monday at 13:00 is over on Thursday at 10:00."""
    found = sla.limits(NOON, DESK)
    assert found.due_at == NOON + 2 * DAY + 21 * HOUR
    assert (found.span, found.desk) == (86_400, True)
    started = clock(near_at=found.near_at, due_at=found.due_at, desk=True)
    assert found.next_at == sla.at_share(started, 0.5, DESK) == NOON + DAY + 3 * HOUR
    assert sla.at_share(started, 0.8, DESK) == found.near_at
    assert sla.at_share(started, 1.0, DESK) == found.due_at


def test_what_was_paused_is_counted_in() -> None:
    """Half of the time is over later by it."""
    later = clock(paused=7200, due_at=NOON + DAY + 2 * HOUR)
    assert sla.at_share(later, 0.5, policy()) == NOON + 14 * HOUR
    assert sla.at_share(later, 1.0, policy()) == NOON + timedelta(hours=26)
