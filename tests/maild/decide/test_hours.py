"""When the desk is open: tables for the days that are special, and what holds for every calendar."""

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild import config
from maild.decide.hours import Calendar, no_holidays

H = timedelta(hours=1)
BELGIUM = config.PublicHolidays(country="BE")
BELGIAN = Calendar(yearly=frozenset({(9, 27)}), holidays=BELGIUM)
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
    begin = calendar.instant_of(date.fromisoformat(day), 0)
    end = calendar.instant_of(date.fromisoformat(day), 1440)
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


# --- what holds for every calendar


def _week(draw: st.DrawFn) -> tuple[tuple[tuple[int, int], ...], ...]:
    edges = st.lists(st.integers(0, 1440), min_size=0, max_size=4, unique=True).map(sorted)
    days = [draw(edges) for _ in range(7)]
    days[draw(st.integers(0, 6))] = [480, 1020]
    return tuple(tuple((a, b) for a, b in itertools.pairwise(day) if day.index(a) % 2 == 0) for day in days)


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    """Any hours, on at least one day of the week; by a clock that is changed, or in the other half-year."""
    zone = draw(st.sampled_from(["Europe/Brussels", "America/St_Johns", "UTC", "Australia/Sydney"]))
    return Calendar(zone=zone, hours=_week(draw), holidays=BELGIUM if draw(st.booleans()) else no_holidays)


INSTANTS = st.integers(0, 365 * 86_400).map(lambda seconds: utc("2026-01-01") + timedelta(seconds=seconds))
# Near the nights when the clocks change, too.
NIGHTLY = st.sampled_from(["2026-03-29", "2026-10-25"]).flatmap(
    lambda day: st.integers(-60, 300).map(lambda minutes: utc(f"{day} 00:00") + timedelta(minutes=minutes))
)
SPANS = st.integers(0, 500 * 3600).map(lambda seconds: timedelta(seconds=seconds))


@given(calendars(), INSTANTS | NIGHTLY, SPANS, SPANS)
def test_own_time_adds_up(calendar: Calendar, start: datetime, one: timedelta, other: timedelta) -> None:
    """What passes in two spans is what passes in both together; what has passed is what was waited for."""
    once = calendar.after(start, one)
    assert calendar.after(once, other) == calendar.after(start, one + other)
    assert calendar.between(start, once) == one
    assert once - start >= one
    end = calendar.after(once, other)
    assert calendar.between(start, end) == calendar.between(start, once) + calendar.between(once, end)


@given(calendars(), INSTANTS | NIGHTLY)
def test_it_opens_when_it_is_open(calendar: Calendar, at: datetime) -> None:
    """And no digest goes out but then, nor later than the next hour of it."""
    opens, then = calendar.opens(at), calendar.round_after(at)
    assert calendar.is_open(opens)
    assert (opens == at) is calendar.is_open(at)
    assert calendar.between(at, opens) == timedelta(0)
    assert then > at
    assert calendar.is_open(then)
    assert calendar.between(at, then) <= H


@given(INSTANTS | NIGHTLY, SPANS)
def test_a_desk_that_never_closes_counts_wall_time(start: datetime, span: timedelta) -> None:
    """Through every night."""
    assert ALWAYS.after(start, span) == start + span
    assert ALWAYS.between(start, start + span) == span
