"""The year itself: the time jumps to what happens next, and after every sweep two records are compared.

Stands above ``room`` and ``oracle``; called by ``cli``. The sweep runs at those ticks of its grid at which
the ledger or the oracle says that something is due, and at some at which neither does: a sweep with nothing
to do does nothing, so that these few prove the same as all. Raises what the ledger raises.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice
from random import Random

from maild import assembly
from maild import config as configuration
from maild.decide.hours import Calendar
from maild.decide.policy import Agent, Desk, Policy, Sla, Team
from maild.simulate.opening import by_the_wall, opening
from maild.simulate.oracle import Oracle, Row, Told
from maild.simulate.room import Room, opened
from maild.simulate.year import DAY, Cast, Happening, What, Year, absences, year
from storage.due import Written
from storage.records import Status

BEGINS = datetime(2026, 1, 1, tzinfo=UTC)
TICK = timedelta(seconds=20)
# One sweep in so many is made at a tick at which nothing should be due.
IDLE = 10
# All tickets and clocks are compared whole so often.
COMPARED = timedelta(days=7)
# More differences than these say nothing new: the year ends there.
SHOWN = 10
_SPECIALISTS = ("réseau", "logiciels")


@dataclass(slots=True, kw_only=True)
class Found:
    """What a year came to: its counts, and the first of the differences, in sentences."""

    days: int
    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        """So much differs that nothing new is to be learnt."""
        return len(self.wrong) >= SHOWN

    def note(self, differences: Iterator[str]) -> None:
        """Keep the first few."""
        self.wrong.extend(islice(differences, SHOWN - len(self.wrong)))


def policy(clock: str, begins: datetime, days: int, rng: Random) -> Policy:
    """A desk of invented people: three agents and a lead, and two teams of specialists."""
    people = [
        Agent(name="Anne", address="anne@etnic.test"),
        Agent(name="Bob", address="bob@etnic.test", language="nl"),
        Agent(name="Chloé", address="chloe@etnic.test"),
        Agent(name="Dora", address="dora@etnic.test", lead=True, language="de"),
        Agent(name="Emil", address="emil@etnic.test", teams=("logiciels",), language="en"),
        Agent(name="Fay", address="fay@etnic.test", teams=("logiciels",), lead=True),
    ]
    away = absences(people, begins.date(), days, rng)
    return Policy(
        desk=Desk(
            name="ETNIC", address="support@etnic.test", administrators=("admin@etnic.test",),
            secrets=(b"a year that never was, in no mail",),
        ),
        agents=tuple(replace(agent, away=spans) for agent, spans in zip(people, away, strict=True)),
        teams=(Team(name="réseau", address="reseau@etnic.test", limit=timedelta(hours=8)),),
        sla=Sla(clock=clock, pause=("next", "team")),
        calendar=Calendar(
            yearly=frozenset({(9, 27)}), holidays=configuration.PublicHolidays(country="BE")
        ),
    )  # fmt: skip


def cast(judged: Policy) -> Cast:
    """Who plays at this desk."""
    desk = tuple(agent for agent in judged.agents if "desk" in agent.teams)
    languages = ("fr", "fr", "fr", "nl", "de", "en")
    people = tuple((f"p{n}@ecole{n % 40}.test", languages[n % len(languages)]) for n in range(400))
    return Cast(agents=desk, teams=_SPECIALISTS, requesters=people)


Passed = Callable[[int], None]  # hears how many days have passed


def simulate(
    *, days: int, seed: int, per_day: float, clock: str = "wall", told: Passed = lambda _: None
) -> Found:
    """Let a year pass, and compare.

    Args:
        days: how many; seed: the same one tells the same year; per_day: requests in the mean.
        clock: "wall" or "desk".
    """
    rng = Random(seed)  # noqa: S311  (a year that can be told again)
    judged = policy(clock, BEGINS, days, rng)
    open_hours = opening(by_the_wall(judged.calendar), BEGINS - 2 * DAY, BEGINS + (days + 60) * DAY)
    the_year = year(BEGINS, days, per_day, cast(judged), open_hours.is_open, rng)
    with opened(judged, BEGINS) as room:
        running = Running(room=room, oracle=Oracle(policy=judged, opening=open_hours), rng=rng, days=days)
        running.pass_through(the_year, told)
    running.found.counts.update(running.oracle.counts)
    return running.found


@dataclass(slots=True, kw_only=True)
class Running:
    """A year under way. ``tickets``: which ticket each matter stands on; ``asked``: the team that was asked
    last about a ticket; ``left``: so many sweeps in a row have left something that was due."""

    room: Room
    oracle: Oracle
    rng: Random
    days: int
    tickets: dict[int, int] = field(default_factory=dict)
    asked: dict[int, str] = field(default_factory=dict)
    left: int = 0
    found: Found = field(init=False)

    def __post_init__(self) -> None:
        """Nothing has happened."""
        self.found = Found(days=self.days)

    def pass_through(self, the_year: Year, told: Passed) -> None:
        """All that happens, and a sweep at each tick between at which something is due."""
        ends = BEGINS + self.days * DAY
        last = BEGINS
        for happening in the_year.happenings:
            filed = _up(happening.at, the_year)
            self._sweep_until(filed, the_year)
            if self.found.is_over:
                return
            self._happen(happening, filed)
            if filed - last >= COMPARED:
                last = filed
                self._compare(filed)
            told((filed - BEGINS).days)
        self._sweep_until(ends, the_year)
        self._compare(ends)

    # ------------------------------------------------------------------ sweeping

    def _sweep_until(self, end: datetime, the_year: Year) -> None:
        """Every sweep before the next mail is filed."""
        while not self.found.is_over and (tick := self._next_tick(the_year)) is not None and tick < end:
            self._sweep(tick)
            if self.rng.randrange(IDLE) == 0 and (later := _up(tick + TICK, the_year)) == tick + TICK < end:
                self._sweep(later)
                self.found.counts["sweeps with nothing due"] += 1

    def _next_tick(self, the_year: Year) -> datetime | None:
        """The first tick, later than this moment, at which one of the two records has something due."""
        due = [at for at in (self.room.next_due(), self.oracle.next_due()) if at is not None]
        return _tick(max(min(due), self.room.now.at), the_year) if due else None

    def _sweep(self, tick: datetime) -> None:
        self.room.now.at = tick
        letters, events = self.room.sweep()
        self.found.counts["sweeps"] += 1
        rows = (*_rows(letters, self.oracle.policy), *_shown_rows(events))
        self.found.note(self.oracle.check(tick, rows))
        self.found.note(self._left(tick))

    def _left(self, tick: datetime) -> Iterator[str]:
        """What a sweep leaves to the next one, such as the clocks of a ticket that woke, is done by that."""
        left = self.room.next_due()
        self.left = self.left + 1 if left is not None and left <= tick else 0
        if self.left > 1:
            yield f"{tick:%Y-%m-%d %H:%M:%S} left: what was due at {left} still is"

    # ------------------------------------------------------------------ happening

    def _happen(self, one: Happening, filed: datetime) -> None:
        self.room.now.at = filed
        self.found.counts[f"happenings: {one.what.value}"] += 1
        if one.what in (What.WRITES, What.THANKS):
            self._write(one)
        elif self._act(one, filed) is False:
            number = self.tickets[one.matter]
            said = f"{filed:%Y-%m-%d %H:%M:%S} differs: {one.what.value} of {number} was refused, or not"
            self.found.note(iter((said,)))

    def _write(self, one: Happening) -> None:
        thanks = one.what is What.THANKS
        before = self.tickets.get(one.matter)
        ticket = self.room.write(one.who, one.words, one.at, before, thanks=thanks)
        self.tickets[one.matter] = ticket
        self.oracle.wrote(ticket, one.at, thanks=thanks)

    def _act(self, one: Happening, filed: datetime) -> bool:
        """False where the two records differ on whether it may be done."""
        number, at = self.tickets[one.matter], one.at
        room, oracle = self.room, self.oracle
        agent = oracle.policy.agent(one.who)
        if agent is None:
            raise RuntimeError(f"{one.who} is no agent")
        match one.what:
            case What.TAKES:
                return room.order(number, "prendre", "", agent, at) == oracle.took(number, one.who, at)
            case What.ASSIGNS:
                done = room.order(number, "assigner", one.words, agent, at)
                return done == oracle.assigned(number, at, agent=one.words)
            case What.HANDS_OVER:
                done = room.order(number, "assigner", one.words, agent, at)
                return done == oracle.assigned(number, at, team=one.words)
            case What.WAITS:
                return self._wait(number, one, agent)
            case What.RESOLVES | What.CLOSES | What.SPAM:
                verb, status = _ENDS[one.what]
                done = room.order(number, verb, "", agent, at)
                return done == oracle.ended(number, status, one.who, at)
            case What.REOPENS:
                return room.order(number, "rouvrir", "", agent, at) == oracle.reopened(number, one.who, at)
            case What.FLAGGED:
                done = room.flag(number, at, filed)
                return done == oracle.presumed(number, at, filed)
            case What.ESCALATES:
                return self._escalate(number, one, agent)
            case _:
                return self._answer_of_team(number, one)

    def _wait(self, number: int, one: Happening, agent: Agent) -> bool:
        span = _SPANS[one.words]
        until = one.at + span if span else None
        done = self.room.order(number, "attente", one.words, agent, one.at)
        return done == self.oracle.waits(number, until, one.at)

    def _escalate(self, number: int, one: Happening, agent: Agent) -> bool:
        letters = self.room.escalate(number, one.words, agent, one.at)
        if letters:
            self.asked[number] = one.words
        return bool(letters) == self.oracle.escalated(number, one.words, one.who, one.at, self.room.now.at)

    def _answer_of_team(self, number: int, one: Happening) -> bool:
        if number in self.asked:
            self.room.answer_of_team(number, "expert@ailleurs.test", one.at)
            self.oracle.team_answered(number, self.asked[number], one.at)
        return True

    # ------------------------------------------------------------------ comparing

    def _compare(self, now: datetime) -> None:
        self.found.note(self.oracle.compare(now, *self.room.ledger()))
        self.found.counts["whole comparisons"] += 1


_ENDS = {
    What.RESOLVES: ("résolu", Status.RESOLVED),
    What.CLOSES: ("clore", Status.CLOSED),
    What.SPAM: ("spam", Status.SPAM),
}
_SPANS = {
    "": None, "1j": DAY, "2j": 2 * DAY, "3j": 3 * DAY,
    "5h": timedelta(hours=5), "30h": timedelta(hours=30),
}  # fmt: skip


def _up(at: datetime, the_year: Year) -> datetime:
    """This instant, or the end of the outage that it falls into."""
    return next((one.ends for one in the_year.outages if one.begins <= at < one.ends), at)


def _tick(at: datetime, the_year: Year) -> datetime:
    """The first tick of the grid, not before this instant, at which maild runs."""
    tick = BEGINS + -(-(at - BEGINS) // TICK) * TICK
    up = _up(tick, the_year)
    return tick if up == tick else _tick(up, the_year)


# By what a letter is owed for, as the sweep names it.
_KINDS: tuple[tuple[str, Told], ...] = (
    ("digest:", Told.SHARE),
    ("near:", Told.LAST),
    ("breached:", Told.LIMIT),
    ("team:near", Told.TEAM_NEAR),
    ("team:breached", Told.TEAM_LIMIT),
    ("silent:", Told.SILENT),
    ("brief:", Told.WOKEN),
)


def _rows(letters: list[Written], judged: Policy) -> Iterator[Row]:
    """What these letters told to whom, ticket by ticket."""
    for letter in letters:
        what = next((told for prefix, told in _KINDS if letter.owed.startswith(prefix)), None)
        if what is not None:
            yield from ((what, letter.recipient.casefold(), one) for one in _tickets(letter, judged))


def _shown_rows(events: list[tuple[int, int, str]]) -> Iterator[Row]:
    """What stands on tickets and in their stories without a letter."""
    kinds = {"near_limit": Told.NEAR, "breached": Told.BREACHED, "closed": Told.CLOSED}
    return ((kinds[kind], "", ticket) for _, ticket, kind in events if kind in kinds)


def _tickets(letter: Written, judged: Policy) -> frozenset[int]:
    if letter.ticket_id is not None:
        return frozenset((letter.ticket_id,))
    return frozenset(map(int, _listed(judged.desk.prefix).findall(assembly.text_of(letter.content))))


@lru_cache
def _listed(prefix: str) -> re.Pattern[str]:
    return re.compile(rf"\[{re.escape(prefix)}-(\d+)\]")
