"""When the desk is open, as the oracle knows it: a list of stretches, and sums over it (pure).

Stands under ``oracle``. Made by looking each quarter of an hour at the clock on the desk's wall and at what
is written in its calendar, never by asking that calendar: what the clocks reckon with is checked, not
repeated, in the nights when they change as well. It cannot fail.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from maild.decide.hours import Calendar

QUARTER = timedelta(minutes=15)
NOTHING = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """The stretches in which the desk is open, and the open time before each; ``rounds``: when digests go."""

    begins: tuple[datetime, ...]
    ends: tuple[datetime, ...]
    before: tuple[timedelta, ...]
    rounds: tuple[datetime, ...]

    def is_open(self, at: datetime) -> bool:
        """Somebody is at work at this instant."""
        place = bisect_right(self.begins, at) - 1
        return place >= 0 and at < self.ends[place]

    def passed(self, at: datetime) -> timedelta:
        """How long the desk had been open until then, since the first stretch."""
        place = bisect_right(self.begins, at) - 1
        if place < 0:
            return NOTHING
        return self.before[place] + min(at, self.ends[place]) - self.begins[place]

    def when(self, passed: timedelta) -> datetime:
        """The first instant at which the desk has been open for so long since the first stretch."""
        place = max(0, bisect_left(self.before, passed) - 1)
        return self.begins[place] + passed - self.before[place]

    def round_after(self, at: datetime) -> datetime:
        """The next round, later than ``at``."""
        return self.rounds[bisect_right(self.rounds, at)]


def by_the_wall(calendar: Calendar) -> Callable[[datetime], bool]:
    """Whether the desk is open when its clocks show the time that they show at an instant."""
    zone = ZoneInfo(calendar.zone)

    def is_open(at: datetime) -> bool:
        local = at.astimezone(zone)
        day, minute = local.date(), local.hour * 60 + local.minute
        if (
            (day.month, day.day) in calendar.yearly
            or day in calendar.once
            or day in calendar.holidays(day.year)
        ):
            return False
        return any(opens <= minute < closes for opens, closes in calendar.hours[day.weekday()])

    return is_open


def opening(is_open: Callable[[datetime], bool], first: datetime, last: datetime) -> Opening:
    """The stretches between two instants, which both stand at a full hour."""
    begins: list[datetime] = []
    ends: list[datetime] = []
    rounds: list[datetime] = []
    at, was = first, False
    while at < last:
        now = is_open(at)
        if now != was:
            (begins if now else ends).append(at)
        # Brussels differs from UTC by whole hours.
        if now and (not was or at.minute == 0):
            rounds.append(at)
        at, was = at + QUARTER, now
    if was:
        ends.append(last)
    before = [NOTHING]
    for begun, ended in zip(begins, ends, strict=True):
        before.append(before[-1] + (ended - begun))
    return Opening(begins=tuple(begins), ends=tuple(ends), before=tuple(before[:-1]), rounds=tuple(rounds))
