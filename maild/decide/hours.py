"""When the desk is open: which days, from when to when, and how long that is (pure; DESIGN section 7).

Asked by ``sla`` for clocks that count the desk's own hours, and by ``sweep`` for the moments at which
digests go out. Instants are aware UTC outside and local at the edges only, so the nights when the clocks
change are as long as they are: a time of day that is left out begins when the clocks have changed, one that
is there twice is meant the first time. A calendar that never opens is refused by ``maild.config``.
"""

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_DAY, _HOUR, _MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
_ALL_DAY = 24 * 60
# From eight to five: the hours of a Belgian public service.
_OFFICE = ((8 * 60, 17 * 60),)


def no_holidays(_year: int) -> frozenset[date]:
    """Of a desk that keeps none."""
    return frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """Opening hours, and the days on which there are none.

    ``hours``: for each weekday from Monday on the (opening, closing) times in minutes of the local day, in
    order and apart from each other; 1440 is the midnight that ends it. ``yearly``: closed (month, day) of
    each year; ``once``: closed days. ``holidays``: the public holidays of a year, asked for year by year.
    """

    zone: str = "Europe/Brussels"
    hours: tuple[tuple[tuple[int, int], ...], ...] = (*(_OFFICE,) * 5, (), ())
    yearly: frozenset[tuple[int, int]] = frozenset()
    once: frozenset[date] = frozenset()
    holidays: Callable[[int], frozenset[date]] = field(default=no_holidays)

    def is_closed_on(self, day: date) -> bool:
        """No hour of this day is an opening hour."""
        return (
            not self.hours[day.weekday()]
            or (day.month, day.day) in self.yearly
            or day in self.once
            or day in self.holidays(day.year)
        )

    def is_open(self, at: datetime) -> bool:
        """Somebody is there at this instant; the instant of closing is closed."""
        return any(opens <= at < closes for opens, closes in _of_day(self, self._local_day(at)))

    def opens(self, at: datetime) -> datetime:
        """This instant where the desk is open, else the next opening.

        Raises:
            OverflowError: it never opens again.
        """
        return next(max(opens, at) for opens, closes in self._since(at) if closes > at)

    def after(self, start: datetime, span: timedelta) -> datetime:
        """When so much open time has passed since the start; the start itself for no time at all.

        Raises:
            OverflowError: that much never passes.
        """
        if span <= timedelta(0):
            return start
        for opens, closes in self._since(start):
            begun = max(opens, start)
            if closes - begun >= span:
                return begun + span
            span -= max(timedelta(0), closes - begun)
        raise OverflowError("a calendar without end came to one")

    def between(self, a: datetime, b: datetime) -> timedelta:
        """The open time from the first instant to the second; none where that is not later."""
        passed = timedelta(0)
        if b <= a:
            return passed
        for opens, closes in self._since(a):
            if opens >= b:
                break
            passed += max(timedelta(0), min(closes, b) - max(opens, a))
        return passed

    def round_after(self, now: datetime) -> datetime:
        """When digests go out next: at an opening, or at a full local hour while the desk is open.

        Raises:
            OverflowError: it never opens again.
        """
        for opens, closes in self._since(now):
            if opens > now:
                return opens
            full = self._full_hour_after(now)
            if full < closes:
                return full
        raise OverflowError("a calendar without end came to one")

    # ------------------------------------------------------------------ days

    def _local_day(self, at: datetime) -> date:
        return at.astimezone(ZoneInfo(self.zone)).date()

    def _since(self, at: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The opening hours from this instant's local day on, without end.

        Raises:
            OverflowError: after the last day that there is.
        """
        day = self._local_day(at)
        while True:
            yield from _of_day(self, day)
            day += _DAY

    def instant_of(self, day: date, minutes: int) -> datetime:
        """So many minutes of a local day, in UTC; 1440 is the midnight that ends it."""
        if minutes >= _ALL_DAY:
            return self.instant_of(day + _DAY, 0)
        local = datetime.combine(day, time(minutes // 60, minutes % 60), ZoneInfo(self.zone))
        at = local.astimezone(UTC)
        is_there = at.astimezone(ZoneInfo(self.zone)).replace(tzinfo=None) == local.replace(tzinfo=None)
        return at if is_there else self._change_before(at)

    def _change_before(self, at: datetime) -> datetime:
        """When the clocks were changed that left out a time of day which would be at this instant."""
        zone = ZoneInfo(self.zone)
        offset = at.astimezone(zone).utcoffset()
        while (at - _MINUTE).astimezone(zone).utcoffset() == offset:
            at -= _MINUTE
        return at.replace(second=0, microsecond=0)

    def _full_hour_after(self, now: datetime) -> datetime:
        local = now.astimezone(ZoneInfo(self.zone))
        past = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        return now - past + _HOUR


# A clock counts the same few days again and again, and a change of zone costs more than a look.
@functools.lru_cache(maxsize=4096)
def _of_day(calendar: Calendar, day: date) -> tuple[tuple[datetime, datetime], ...]:
    """The opening hours of one day; an hour that the change of the clocks leaves out is none."""
    if calendar.is_closed_on(day):
        return ()
    opening = calendar.hours[day.weekday()]
    spans = ((calendar.instant_of(day, opens), calendar.instant_of(day, closes)) for opens, closes in opening)
    return tuple((opens, closes) for opens, closes in spans if opens < closes)
