"""When the desk is open: tables for the days that are special, and what holds for every calendar."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from maild import config
from maild.decide.hours import Calendar

H = timedelta(hours=1)
BELGIAN = Calendar(yearly=frozenset({(9, 27)}), holidays=config.PublicHolidays(country="BE"))
# Every day and every night.
ALWAYS = Calendar(hours=(((0, 1440),),) * 7)
NIGHTS = replace(ALWAYS, hours=(((60, 150),),) * 7)  # from one to half past two


def utc(text: str) -> datetime:
    """A day and a time in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-11-23 08:00", 1, "2026-11-23 09:00"),
        ("2026-11-23 08:00", 8, "2026-11-23 16:00"),  # the whole day: until it closes
        ("2026-11-23 08:00", 9, "2026-11-24 08:00"),
        ("2026-11-23 03:00", 1, "2026-11-23 08:00"),  # before it opens at seven, UTC
        ("2026-11-20 15:00", 2, "2026-11-23 08:00"),  # Friday, an hour before it closes
        ("2026-11-21 12:00", 0.5, "2026-11-23 07:30"),  # a Saturday
        ("2026-11-23 07:00", 24, "2026-11-25 13:00"),
        ("2026-11-23 07:00", 100, "2026-12-08 08:00"),
        ("2026-07-20 14:00", 2, "2026-07-22 07:00"),  # over the national day, in summer
        ("2026-04-03 14:00", 2, "2026-04-07 07:00"),  # over Easter Monday
        ("2027-09-24 14:00", 2, "2027-09-28 07:00"),  # Monday 27 September
        ("2026-09-25 14:00", 2, "2026-09-28 07:00"),  # on a Sunday it takes no other day
        ("2026-08-14 14:00", 2, "2026-08-17 07:00"),  # 15 August on a Saturday
        ("2026-03-27 15:00", 2, "2026-03-30 07:00"),  # over the night when the clocks go forward
        ("2026-10-23 14:00", 2, "2026-10-26 08:00"),  # and over the one when they go back
        ("2099-12-31 15:00", 2, "2100-01-04 08:00"),
    ],
)
def test_the_desk_s_own_time_passes_while_it_is_open(start: str, hours: float, end: str) -> None:
    """And what has passed is what was asked for."""
    assert BELGIAN.after(utc(start), hours * H) == utc(end)
    assert BELGIAN.between(utc(start), utc(end)) == hours * H


@pytest.mark.parametrize(
    ("calendar", "day", "hours"),
    [
        (ALWAYS, "2026-03-29", 23),
        (ALWAYS, "2026-10-25", 25),
        (ALWAYS, "2026-11-23", 24),
        (NIGHTS, "2026-03-29", 1),  # what is left out, is no opening hour
        (NIGHTS, "2026-10-25", 1.5),  # the hour is meant once
        (NIGHTS, "2026-11-23", 1.5),
    ],
)
def test_the_nights_when_the_clocks_change(calendar: Calendar, day: str, hours: float) -> None:
    """Are as long as they are."""
    begin = calendar._instant(date.fromisoformat(day), 0)
    end = calendar._instant(date.fromisoformat(day), 1440)
    assert calendar.between(begin, end) == hours * H


@pytest.mark.parametrize(
    ("now", "then"),
    [
        ("2026-11-23 06:59", "2026-11-23 07:00"),
        ("2026-11-23 07:00", "2026-11-23 08:00"),
        ("2026-11-23 07:20", "2026-11-23 08:00"),
        ("2026-11-23 15:00", "2026-11-24 07:00"),  # at five it is closed
        ("2026-11-27 15:30", "2026-11-30 07:00"),
        ("2026-12-24 15:30", "2026-12-28 07:00"),
    ],
)
def test_digests_go_out_at_openings_and_full_hours(now: str, then: str) -> None:
    """Strictly later, and only while somebody is there."""
    assert BELGIAN.round_after(utc(now)) == utc(then)
    assert BELGIAN.is_open(utc(then))
