"""The figures by which the promise is proven: mails and calls of a span in, one ``Report`` out (pure).

Asked by ``report``, which reads the rows and shows what comes of them. It cannot fail. Every figure is the
length of a tuple of rows, so that the tickets behind it can always be named.

What counts, and what does not:

- *received*: the first mail of a person on a matter; spam and mail that no person wrote are no part of it;
- *in time*: a person acted, by a proven act, within the limit of that mail; at the limit itself is in time;
- *late*: the limit passed without one, though somebody acted later, or is presumed to have acted;
- *presumed*: ``\\Answered`` was seen within the limit and the answer itself never found: apart, in no share;
- *pending*: nobody has acted and the limit is yet to come: apart, in no share;
- the *share* is in time / (in time + late).

An act that nobody can prove never makes the share better.
"""

import statistics
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import TypeVar
from zoneinfo import ZoneInfo

from storage.records import Call, Status, TimedMail

K = TypeVar("K", bound=Hashable)
# How much of the desk's opening hours lies between two instants.
OpenTime = Callable[[datetime, datetime], timedelta]

# The phone objectives of the service description, and what is promised of each.
ANSWERED_WITHIN = timedelta(minutes=5)
TAKEN_WITHIN = timedelta(hours=4)
OBJECTIVES: Mapping[str, float] = {"under_5_min": 0.85, "first_call": 0.85, "within_4_hours": 1.0}

# The bars of the distribution, in hours: each goes from one of these to the next, that one included.
_EDGES = (0, 1, 2, 4, 8, 12, 18, 24, 36, 48)


class Outcome(StrEnum):
    """What became of the promise for one mail."""

    IN_TIME = "in_time"
    LATE = "late"
    PRESUMED = "presumed"
    PENDING = "pending"


# ---------------------------------------------------------------------- spans of days


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Whole days of the desk, ``first`` and ``last`` included; ``until`` is the midnight after, both UTC."""

    first: date
    last: date
    since: datetime
    until: datetime

    @property
    def is_month(self) -> bool:
        """It is one whole month of the calendar."""
        return self.first.day == 1 and self.last + timedelta(days=1) == _next_month(self.first)

    @property
    def name(self) -> str:
        """``2026-11``, or ``2026-11-02_2026-11-08``: what files are called by."""
        return f"{self.first:%Y-%m}" if self.is_month else f"{self.first}_{self.last}"


def days(first: date, last: date, zone: str) -> Span:
    """From the midnight before ``first`` to the midnight after ``last``, by the desk's clocks."""
    after = last + timedelta(days=1)
    return Span(first=first, last=last, since=_midnight(first, zone), until=_midnight(after, zone))


def month(day: date, zone: str) -> Span:
    """The month that this day lies in."""
    first = day.replace(day=1)
    return days(first, _next_month(first) - timedelta(days=1), zone)


def month_before(day: date, zone: str) -> Span:
    """The last month that was over on this day."""
    return month(day.replace(day=1) - timedelta(days=1), zone)


def _next_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)


def _midnight(day: date, zone: str) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)


# ---------------------------------------------------------------------- mails


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One mail and what became of it.

    ``delay``: wall time from arrival to the act, or to the moment of the report where nobody has acted;
    ``own``: the same in opening hours, None where the promise is in wall time.
    """

    mail: TimedMail
    outcome: Outcome
    delay: timedelta
    own: timedelta | None = None

    @property
    def is_measured(self) -> bool:
        """A person acted, provably: it has a time to first answer."""
        return self.mail.stopped_at is not None and not self.mail.presumed


def outcome_of(mail: TimedMail, now: datetime) -> Outcome:
    """What became of the promise for a mail, as far as it is known now."""
    end = mail.stopped_at or now
    # A limit does not come nearer while its clock stands still.
    if min(end, mail.paused_at or end) > mail.due_at:
        return Outcome.LATE
    if mail.stopped_at is None:
        return Outcome.PENDING
    return Outcome.PRESUMED if mail.presumed else Outcome.IN_TIME


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Some mails, counted."""

    rows: tuple[Row, ...]

    def of(self, outcome: Outcome) -> tuple[Row, ...]:
        """Those with this outcome, in the order of arrival."""
        return tuple(row for row in self.rows if row.outcome is outcome)

    @property
    def share(self) -> float | None:
        """In time / (in time + late); None where there is neither."""
        in_time = len(self.of(Outcome.IN_TIME))
        return _share(in_time, in_time + len(self.of(Outcome.LATE)))

    @property
    def delays(self) -> tuple[timedelta, ...]:
        """Wall time to the act, of the mails on which somebody provably acted."""
        return tuple(row.delay for row in self.rows if row.is_measured)

    @property
    def own_delays(self) -> tuple[timedelta, ...]:
        """The same in opening hours; empty where the promise is in wall time."""
        return tuple(row.own for row in self.rows if row.is_measured and row.own is not None)


def _share(part: int, whole: int) -> float | None:
    """To four places, rounded down: only the whole is 1."""
    return part * 10_000 // whole / 10_000 if whole else None


def tickets_of(rows: Iterable[Row]) -> tuple[int, ...]:
    """The tickets behind a figure, by number, each once."""
    return tuple(sorted({row.mail.ticket for row in rows}))


def median(spans: Sequence[timedelta]) -> timedelta | None:
    """The middle one, or the mean of the two in the middle; None of none."""
    return timedelta(seconds=statistics.median(s.total_seconds() for s in spans)) if spans else None


def p90(spans: Sequence[timedelta]) -> timedelta | None:
    """The least that nine of ten do not exceed (nearest rank): one that was measured; None of none."""
    return sorted(spans)[-(-9 * len(spans) // 10) - 1] if spans else None


# ---------------------------------------------------------------------- the telephone


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """One objective of the telephone: the calls that met it and those that missed it; others are unknown."""

    met: tuple[tuple[int, Call], ...]
    missed: tuple[tuple[int, Call], ...]

    @property
    def known(self) -> int:
        """The calls of which enough was said."""
        return len(self.met) + len(self.missed)

    @property
    def share(self) -> float | None:
        """Met / known; None where nothing is known."""
        return _share(len(self.met), self.known)


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """The calls that agents logged, (ticket, call) each. A call of which a thing was not said is in no share
    of that thing."""

    calls: tuple[tuple[int, Call], ...]
    under_5_min: Objective
    first_call: Objective
    within_4_hours: Objective


def phone_of(calls: Sequence[tuple[int, Call]], open_time: OpenTime) -> Phone:
    """Taken in less than five minutes, solved at the first call, taken within four opening hours."""
    waited = [(ticket, call) for ticket, call in calls if call.waited is not None]
    told = [(ticket, call) for ticket, call in calls if call.first_call is not None]
    return Phone(
        calls=tuple(calls),
        under_5_min=_objective(waited, lambda call: _waited(call) < ANSWERED_WITHIN),
        first_call=_objective(told, lambda call: bool(call.first_call)),
        within_4_hours=_objective(
            waited, lambda call: open_time(call.at - _waited(call), call.at) <= TAKEN_WITHIN
        ),
    )


def _objective(calls: Iterable[tuple[int, Call]], is_met: Callable[[Call], bool]) -> Objective:
    judged = [(ticket, call, is_met(call)) for ticket, call in calls]
    return Objective(
        met=tuple((ticket, call) for ticket, call, met in judged if met),
        missed=tuple((ticket, call) for ticket, call, met in judged if not met),
    )


def _waited(call: Call) -> timedelta:
    return timedelta(seconds=call.waited or 0)


# ---------------------------------------------------------------------- the report


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Mails whose time to first answer is more than ``above`` and at most ``upto`` hours (None: any more)."""

    above: int
    upto: int | None
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The figures of one span, as they stand at ``now``.

    ``mail``: the promise; ``next_answers``: later mails on open tickets, reported apart; ``out_of_scope``:
    those of ``mail`` whose ticket the service does not include, which stay in its share. ``arrivals``: by
    weekday (0: Monday) and hour of the desk's clocks.
    """

    span: Span
    now: datetime
    mail: Tally
    next_answers: Tally
    out_of_scope: Tally
    by_team: Mapping[str, Tally]
    by_category: Mapping[str, Tally]
    by_entity: Mapping[str, Tally]
    distribution: tuple[Bar, ...]
    arrivals: Mapping[tuple[int, int], tuple[Row, ...]]
    phone: Phone


def report(
    mails: Iterable[TimedMail],
    calls: Sequence[tuple[int, Call]],
    span: Span,
    now: datetime,
    *,
    zone: str,
    open_time: OpenTime,
) -> Report:
    """The figures of a span; ``zone``: the desk's."""
    rows = [_row(mail, now, open_time) for mail in mails]
    first = tuple(row for row in rows if row.mail.first)
    return Report(
        span=span,
        now=now,
        mail=Tally(rows=first),
        next_answers=Tally(rows=tuple(row for row in rows if not row.mail.first)),
        out_of_scope=Tally(rows=tuple(r for r in first if r.mail.status is Status.OUT_OF_SCOPE)),
        by_team=_tallies(first, lambda row: row.mail.team),
        by_category=_tallies(first, lambda row: row.mail.category),
        by_entity=_tallies(first, lambda row: row.mail.entity),
        distribution=_distribution(first),
        arrivals=_arrivals(first, ZoneInfo(zone)),
        phone=phone_of(calls, open_time),
    )


def _row(mail: TimedMail, now: datetime, open_time: OpenTime) -> Row:
    end = mail.stopped_at or now
    paused = timedelta(seconds=mail.paused)
    own = open_time(mail.started_at, end) - paused if mail.desk else None
    return Row(mail=mail, outcome=outcome_of(mail, now), delay=end - mail.started_at, own=own)


def _grouped(rows: Iterable[Row], key: Callable[[Row], K]) -> dict[K, tuple[Row, ...]]:
    found: dict[K, list[Row]] = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return {name: tuple(theirs) for name, theirs in found.items()}


def _tallies(rows: Iterable[Row], key: Callable[[Row], str]) -> dict[str, Tally]:
    """The largest first; "" is what has no name."""
    found = sorted(_grouped(rows, key).items(), key=lambda pair: (-len(pair[1]), pair[0]))
    return {name: Tally(rows=theirs) for name, theirs in found}


def _distribution(rows: Iterable[Row]) -> tuple[Bar, ...]:
    measured = [row for row in rows if row.is_measured]
    edges = (*pairwise(_EDGES), (_EDGES[-1], None))
    return tuple(
        Bar(above=low, upto=high, rows=tuple(row for row in measured if _is_between(row, low, high)))
        for low, high in edges
    )


def _is_between(row: Row, low: int, high: int | None) -> bool:
    hours = row.delay / timedelta(hours=1)
    return (hours > low or low == 0) and (high is None or hours <= high)


def _arrivals(rows: Iterable[Row], zone: ZoneInfo) -> dict[tuple[int, int], tuple[Row, ...]]:
    def when(row: Row) -> tuple[int, int]:
        local = row.mail.started_at.astimezone(zone)
        return local.weekday(), local.hour

    return _grouped(rows, when)
