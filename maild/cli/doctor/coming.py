"""What the next weeks bring: days on which nobody is there, and rules that say nothing; checks of ``doctor``.

It reads the configuration alone.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from maild import config
from maild.cli.counts import counted
from maild.cli.doctor.faults import Fault
from maild.cli.doctor.findings import Finding, ok, warn
from maild.config import Config

_DAY = timedelta(days=1)
# Christmas and New Year lie within.
WEEKS = 5
# Longer than over any weekend with a holiday on each side of it.
_LONG = 6


def calendar(settings: Config, _file: Path) -> Iterator[Finding]:
    """Which days of the next weeks are closed, and whether somebody is there on the others."""
    days = _days(datetime.now(UTC), settings)
    open_hours = config.calendar(settings)
    closed = [day for day in days if open_hours.is_closed_on(day)]
    extra = [day for day in closed if open_hours.hours[day.weekday()]]
    told = f"; closed on {_told(extra)}" if extra else ""
    yield ok("calendar", f"open on {counted(len(days) - len(closed), 'day')} until {days[-1]:%Y-%m-%d}{told}")
    if len(longest := _longest(closed)) > _LONG:
        found = f"closed from {longest[0]:%Y-%m-%d} to {longest[-1]:%Y-%m-%d}"
        remedy = "see that somebody looks after what comes; or mend [calendar]"
        yield warn("calendar", Fault.CLOSED_FOR_LONG, found, remedy)
    yield from _unmanned([day for day in days if day not in closed], settings)
    yield from _holidays(days[-1].year, settings)


def _days(now: datetime, settings: Config) -> list[date]:
    today = now.astimezone(ZoneInfo(settings.desk.timezone)).date()
    return [today + _DAY * number for number in range(WEEKS * 7)]


def _longest(days: Sequence[date]) -> list[date]:
    """The longest of these days that follow each other."""
    longest, run = list[date](), list[date]()
    for day in days:
        run = [*run, day] if run and day - run[-1] == _DAY else [day]
        longest = max(longest, run, key=len)
    return longest


def _unmanned(days: Sequence[date], settings: Config) -> Iterator[Finding]:
    """Open days on which every agent is away."""
    away = [agent.away for agent in settings.agent]
    nobody = [day for day in days if away and all(_covers(spans, day) for spans in away)]
    if nobody:
        found = f"open, and every agent is away: {_told(nobody)}"
        remedy = "write those days in [calendar] closed, or mend away of an agent"
        yield warn("calendar", Fault.EVERYBODY_AWAY, found, remedy)


def _covers(spans: Sequence[tuple[date, date]], day: date) -> bool:
    return any(first <= day <= last for first, last in spans)


def _holidays(year: int, settings: Config) -> Iterator[Finding]:
    country = settings.calendar.holidays
    if country and not config.PublicHolidays(country=country)(year):
        found = f"no holidays of {year} are known for {country}"
        remedy = "install a newer release of holidays, or write them in [calendar] closed"
        yield warn("calendar", Fault.HOLIDAYS_UNKNOWN, found, remedy)


def _told(days: Sequence[date]) -> str:
    return ", ".join(f"{day:%Y-%m-%d}" for day in days)


def rules(settings: Config, _file: Path) -> Iterator[Finding]:
    """Whether each rule will be heard of."""
    unheard = config.unheard_rules(settings)
    for key, what, remedy in unheard:
        yield warn("rules", Fault.RULE_UNHEARD, f"{key} {what}", remedy)
    if settings.rule and not unheard:
        yield ok("rules", f"{len(settings.rule)}, each of which some mail can match first")
