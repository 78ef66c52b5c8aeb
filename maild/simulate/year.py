"""What people do in a year: who writes when, what the desk does about it, and when maild does not run (pure).

Asked by ``running`` at its start; the same seed tells the same year. Most is done in time and in the hours of
the desk, as in life; the tail is long enough that every clock reaches every share. It cannot fail.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from random import Random
from typing import TypeAlias
from zoneinfo import ZoneInfo

from maild.decide.policy import Agent

IsOpen: TypeAlias = Callable[[datetime], bool]

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SECOND = timedelta(seconds=1)
# Mails an hour, against the mean of a day: few at night, most before noon, a second wave at two.
BY_HOUR = (
    0.05, 0.03, 0.03, 0.03, 0.05, 0.1, 0.4, 1.2, 2.8, 3.6, 3.4, 2.6,
    1.4, 1.8, 2.4, 1.8, 1.2, 0.7, 0.4, 0.3, 0.3, 0.2, 0.15, 0.06,
)  # fmt: skip
BY_WEEKDAY = (1.5, 1.3, 1.2, 1.2, 1.1, 0.4, 0.3)
# What a closed day keeps of its mail.
ON_CLOSED_DAYS = 0.25
# Something breaks for everybody: so often a year, so many mails within an hour, against a day's.
BURSTS, BURST = 12, (0.5, 2.0)
# Whoever answers for the desk works in its hours, nearly always.
AT_WORK = 0.85


class What(StrEnum):
    """What is done about one matter."""

    WRITES = "writes"  # the requester: the mail that begins it, or the next one
    THANKS = "thanks"
    TAKES = "takes"
    ASSIGNS = "assigns"
    HANDS_OVER = "hands over"  # to another team
    WAITS = "waits"
    RESOLVES = "resolves"
    CLOSES = "closes"
    REOPENS = "reopens"
    SPAM = "spam"
    FLAGGED = "flagged"  # \\Answered was seen on its first mail
    ESCALATES = "escalates"
    TEAM_ANSWERS = "team answers"


class Pace(StrEnum):
    """How long after the step before."""

    SOON = "soon"
    DAY = "day"
    LATE = "late"
    WEEK = "week"
    FORTNIGHT = "fortnight"


_W, _P = What, Pace
Life: TypeAlias = tuple[tuple[Pace, What], ...]
# How often of a hundred, and what happens after the first mail.
LIVES: tuple[tuple[int, Life], ...] = (
    (24, ((_P.SOON, _W.TAKES), (_P.SOON, _W.RESOLVES))),
    (10, ((_P.SOON, _W.RESOLVES),)),
    (6, ((_P.SOON, _W.TAKES), (_P.DAY, _W.RESOLVES), (_P.SOON, _W.THANKS))),
    (7, ((_P.DAY, _W.TAKES), (_P.SOON, _W.CLOSES))),
    (7, ((_P.LATE, _W.TAKES), (_P.SOON, _W.RESOLVES))),
    (1, ((_P.DAY, _W.FLAGGED), (_P.LATE, _W.TAKES), (_P.SOON, _W.RESOLVES))),
    (5, ((_P.SOON, _W.ASSIGNS), (_P.DAY, _W.TAKES), (_P.WEEK, _W.RESOLVES))),
    (4, ((_P.SOON, _W.HANDS_OVER), (_P.DAY, _W.WRITES), (_P.DAY, _W.TAKES), (_P.SOON, _W.CLOSES))),
    (5, ((_P.SOON, _W.TAKES), (_P.SOON, _W.WAITS), (_P.LATE, _W.WRITES), (_P.DAY, _W.RESOLVES))),
    (5, ((_P.SOON, _W.TAKES), (_P.DAY, _W.WRITES), (_P.SOON, _W.WAITS), (_P.WEEK, _W.RESOLVES))),
    (3, ((_P.SOON, _W.TAKES), (_P.SOON, _W.WRITES), (_P.DAY, _W.WAITS), (_P.SOON, _W.WRITES),
         (_P.LATE, _W.TAKES), (_P.SOON, _W.CLOSES))),
    (3, ((_P.SOON, _W.WAITS), (_P.LATE, _W.TAKES), (_P.SOON, _W.RESOLVES))),
    (3, ((_P.SOON, _W.WRITES), (_P.DAY, _W.TAKES), (_P.SOON, _W.RESOLVES))),
    (3, ((_P.SOON, _W.TAKES), (_P.SOON, _W.WRITES), (_P.SOON, _W.WRITES), (_P.LATE, _W.TAKES),
         (_P.SOON, _W.CLOSES))),
    (3, ((_P.SOON, _W.TAKES), (_P.FORTNIGHT, _W.TAKES), (_P.SOON, _W.RESOLVES))),
    (2, ((_P.SOON, _W.ESCALATES), (_P.SOON, _W.TEAM_ANSWERS), (_P.SOON, _W.RESOLVES))),
    (2, ((_P.SOON, _W.ESCALATES), (_P.LATE, _W.TEAM_ANSWERS), (_P.DAY, _W.CLOSES))),
    (1, ((_P.SOON, _W.ESCALATES), (_P.WEEK, _W.RESOLVES))),
    (2, ((_P.DAY, _W.RESOLVES), (_P.DAY, _W.WRITES), (_P.DAY, _W.TAKES), (_P.SOON, _W.RESOLVES))),
    (1, ((_P.SOON, _W.CLOSES), (_P.DAY, _W.WRITES), (_P.DAY, _W.TAKES), (_P.SOON, _W.CLOSES))),
    (1, ((_P.SOON, _W.RESOLVES), (_P.DAY, _W.REOPENS), (_P.LATE, _W.WRITES), (_P.DAY, _W.CLOSES))),
    (1, ((_P.SOON, _W.SPAM),)),
    (1, ()),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One thing that somebody does. ``matter``: which of the year's it is about; ``who``: his address;
    ``words``: what stands behind the command, or the language of a mail."""

    at: datetime
    matter: int
    what: What
    who: str
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """From when until when maild does not run: what arrives waits in the mailbox."""

    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Who plays: the desk's agents, the teams that may be asked, and the categories that mail may have."""

    agents: tuple[Agent, ...]
    teams: tuple[str, ...]
    requesters: tuple[tuple[str, str], ...]  # (address, language)


@dataclass(frozen=True, slots=True, kw_only=True)
class Year:
    """All that happens, in the order of its instants."""

    happenings: tuple[Happening, ...]
    outages: tuple[Outage, ...]


def year(begins: datetime, days: int, per_day: float, cast: Cast, is_open: IsOpen, rng: Random) -> Year:
    """A year of it.

    Args:
        begins: aware UTC, the first midnight.
        per_day: requests a day, in the mean.
    """
    arrivals = sorted((*_arrivals(begins, days, per_day, is_open, rng), *_bursts(begins, days, per_day, rng)))
    happenings = [one for matter, at in enumerate(arrivals) for one in _life(matter, at, cast, is_open, rng)]
    ends = begins + days * DAY
    return Year(
        happenings=tuple(sorted((h for h in happenings if h.at < ends), key=lambda h: (h.at, h.matter))),
        outages=tuple(_outages(begins, days, rng)),
    )


# ---------------------------------------------------------------------- arrivals


def _arrivals(
    begins: datetime, days: int, per_day: float, is_open: IsOpen, rng: Random
) -> Iterator[datetime]:
    """A Poisson process whose rate follows the hour and the weekday."""
    zone = ZoneInfo("Europe/Brussels")
    for number in range(days * 24):
        hour = begins + number * HOUR
        local = hour.astimezone(zone)
        noon = local.replace(hour=11)
        quiet = ON_CLOSED_DAYS if local.weekday() < 5 and not is_open(noon) else 1.0
        rate = per_day / 24 * BY_HOUR[local.hour] * BY_WEEKDAY[local.weekday()] * quiet
        for _ in range(_poisson(rate, rng)):
            yield hour + rng.randrange(3600) * SECOND


def _poisson(mean: float, rng: Random) -> int:
    limit, product, count = math.exp(-mean), rng.random(), 0
    while product > limit:
        product *= rng.random()
        count += 1
    return count


def _bursts(begins: datetime, days: int, per_day: float, rng: Random) -> Iterator[datetime]:
    for _ in range(round(BURSTS * days / 365)):
        hour = begins + rng.randrange(days * 24) * HOUR
        for _ in range(max(2, round(per_day * rng.uniform(*BURST)))):
            yield hour + rng.randrange(3600) * SECOND


# ---------------------------------------------------------------------- what is done about each


def _life(matter: int, at: datetime, cast: Cast, is_open: IsOpen, rng: Random) -> Iterator[Happening]:
    requester, language = rng.choice(cast.requesters)
    yield Happening(at=at, matter=matter, what=What.WRITES, who=requester, words=language)
    (life,) = rng.choices([life for _, life in LIVES], [weight for weight, _ in LIVES])
    for pace, what in life:
        at = _after(at, pace, rng)
        if what in (What.WRITES, What.THANKS):
            yield Happening(at=at, matter=matter, what=what, who=requester, words=language)
        else:
            at = _at_work(at, is_open, rng)
            agent = rng.choice(cast.agents).address
            yield Happening(at=at, matter=matter, what=what, who=agent, words=_words(what, cast, rng))


def _words(what: What, cast: Cast, rng: Random) -> str:
    match what:
        case What.ASSIGNS:
            return rng.choice(cast.agents).address
        case What.HANDS_OVER | What.ESCALATES:
            return rng.choice(cast.teams)
        case What.WAITS:
            return rng.choice(("", "1j", "2j", "3j", "5h", "30h"))
        case _:
            return ""


def _after(at: datetime, pace: Pace, rng: Random) -> datetime:
    match pace:
        case Pace.SOON:
            hours = min(20.0, rng.lognormvariate(math.log(1.5), 1.0))
        case Pace.DAY:
            hours = rng.uniform(10, 30)
        case Pace.LATE:
            hours = rng.uniform(26, 80)
        case Pace.WEEK:
            hours = rng.uniform(80, 220)
        case _:
            hours = rng.uniform(280, 480)
    return at + max(1, round(hours * 3600)) * SECOND


def _at_work(at: datetime, is_open: IsOpen, rng: Random) -> datetime:
    """In the hours of the desk, but for a few who cannot let go."""
    if rng.random() > AT_WORK:
        return at
    while not is_open(at):
        at += rng.randrange(600, 3600) * SECOND
    return at


# ---------------------------------------------------------------------- who is away, what is down


def absences(
    agents: Sequence[Agent], begins: date, days: int, rng: Random
) -> tuple[tuple[tuple[date, date], ...], ...]:
    """The spans in which each is away; on some days everybody is."""
    together = [begins + timedelta(days=rng.randrange(days)) for _ in range(max(1, days // 90))]
    spans = [[(day, day + timedelta(days=1)) for day in together] for _ in agents]
    for own in spans:
        for _ in range(max(1, days // 60)):
            first = begins + timedelta(days=rng.randrange(days))
            own.append((first, first + timedelta(days=rng.choice((0, 1, 4, 11)))))
    return tuple(tuple(sorted(own)) for own in spans)


def _outages(begins: datetime, days: int, rng: Random) -> Iterator[Outage]:
    """Minutes often, hours sometimes, days seldom; none begins before the one before it is over."""
    spans = [rng.uniform(60, 900) for _ in range(days // 15)]
    spans += [rng.uniform(3600, 8 * 3600) for _ in range(days // 30)]
    spans += [rng.uniform(18 * 3600, 60 * 3600) for _ in range(days // 100)]
    starts = sorted(rng.randrange(days * 86400) for _ in spans)
    rng.shuffle(spans)
    free = begins
    for start, span in zip(starts, spans, strict=True):
        first = max(begins + start * SECOND, free)
        free = first + round(span) * SECOND
        yield Outage(begins=first, ends=free)
