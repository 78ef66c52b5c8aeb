"""What must have been told to whom: a record of its own of all that happened, and plain arithmetic over it.

Stands beside ``room``, which does what this only notes down; ``running`` compares the two after every sweep.
It reads no ledger, calls nothing of ``decide.sla``, ``effects`` or ``sweep``, and knows time as differences
of instants and of sums of open time. It cannot fail: where the desk's record differs, it says how.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

from maild.decide.policy import Policy
from maild.simulate.opening import NOTHING, Opening
from storage.due import Kept, Shown
from storage.records import Status

OPEN = (Status.NEW, Status.TAKEN, Status.WAITING)
ENDED = (Status.RESOLVED, Status.CLOSED, Status.SPAM)
LIMIT = 1.0


class Told(StrEnum):
    """What people hear as time passes."""

    SHARE = "share"  # a digest: part of the time is gone
    LAST = "last share"  # an alert, at once
    LIMIT = "limit"  # whoever has it, and the leads
    TEAM_NEAR = "team near"
    TEAM_LIMIT = "team limit"
    WOKEN = "woken"
    SILENT = "silent"
    # What nobody is written to of: it stands on the ticket and in its story.
    NEAR = "near limit"
    BREACHED = "breached"
    CLOSED = "closed"


# Of these a ticket is told once at a time: the most urgent.
_RANK = {Told.SHARE: 1, Told.LAST: 2, Told.LIMIT: 3}

Row: TypeAlias = tuple[Told, str, int]
"""What was told to whom (an address, case folded; "" for nobody) of which ticket."""


@dataclass(slots=True, kw_only=True)
class Matter:
    """A ticket as people left it."""

    number: int
    team: str
    status: Status = Status.NEW
    assignee: str = ""
    taken: bool = False
    wakes: datetime | None = None
    touched: datetime
    asked_by: str = ""
    watches: list["Watch"] = field(default_factory=list)
    quiet_since: datetime
    next: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Watch:
    """One clock: its own time runs from ``started``, but for what it stood still (``stood``, ``paused``).

    ``told``: the highest share that people have heard of; ``marked``: how near its limit the ticket shows it,
    as a share; ``next``: when something may be due of it.
    """

    matter: Matter
    started: datetime
    span: timedelta
    first: bool
    team: str = ""
    stopped: datetime | None = None
    presumed: bool = False
    stood: timedelta = NOTHING
    paused: datetime | None = None
    told: float = 0.0
    marked: float = 0.0
    next: datetime | None = None

    @property
    def runs(self) -> bool:
        """Nobody has acted, and it does not stand still."""
        return self.stopped is None and self.paused is None


@dataclass(slots=True, kw_only=True)
class Oracle:
    """The record, and what follows from it."""

    policy: Policy
    opening: Opening
    matters: dict[int, Matter] = field(default_factory=dict)
    alive: dict[int, Matter] = field(default_factory=dict)
    watches: list[Watch] = field(default_factory=list)
    running: list[Watch] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    # ------------------------------------------------------------------ time

    def own(self, first: datetime, last: datetime) -> timedelta:
        """How much of a clock's own time lies between two instants."""
        if self.policy.sla.clock == "wall":
            return last - first
        return self.opening.passed(last) - self.opening.passed(first)

    def share(self, watch: Watch, at: datetime) -> float:
        """How much of its time is gone."""
        until = min((one for one in (at, watch.paused) if one), default=at)
        return (self.own(watch.started, until) - watch.stood) / watch.span

    def reached(self, share: float) -> float:
        """The highest of the shares at which people hear, and of the limit; 0.0 for none."""
        return max((one for one in (*self.policy.sla.warn_at, LIMIT) if one <= share), default=0.0)

    # ------------------------------------------------------------------ what happened

    def wrote(self, number: int, at: datetime, *, thanks: bool) -> None:
        """A person's mail was filed on this ticket."""
        matter = self.matters.get(number)
        if matter is None:
            matter = self.matters[number] = Matter(number=number, team="desk", touched=at, quiet_since=at)
        matter.touched = max(matter.touched, at)
        if thanks and matter.status is Status.RESOLVED:
            return self._anew(matter)
        if matter.status in (Status.WAITING, Status.RESOLVED):
            self._stands(matter, Status.TAKEN, at)
        promised = any(one.first and one.stopped is None for one in matter.watches)
        self._start(matter, at, self._limit(matter.team), first=not matter.taken and not promised)
        return self._anew(matter)

    def _limit(self, team: str) -> timedelta:
        own = next((one.limit for one in self.policy.teams if one.name == team), None)
        return own or self.policy.sla.limit

    def _start(self, matter: Matter, at: datetime, span: timedelta, *, first: bool, team: str = "") -> None:
        watch = Watch(matter=matter, started=at, span=span, first=first, team=team)
        watch.next = self._next_of(watch, 0.0, at)
        matter.watches.append(watch)
        self.watches.append(watch)
        self.running.append(watch)
        self.counts["clocks"] += 1

    def took(self, number: int, who: str, at: datetime) -> bool:
        """An agent takes it; False where it has ended, and he is refused."""
        return self._acted(number, at, assignee=who, wakes=True)

    def assigned(self, number: int, at: datetime, *, agent: str = "", team: str = "") -> bool:
        """It is given to an agent, or to a team and to none of its agents."""
        done = self._acted(number, at, assignee=agent, wakes=False)
        if done and team:
            self.matters[number].team = team
        return done

    def _acted(self, number: int, at: datetime, *, assignee: str, wakes: bool) -> bool:
        matter = self.matters[number]
        if matter.status not in OPEN:
            return False
        if matter.status is Status.NEW or (wakes and matter.status is Status.WAITING):
            self._stands(matter, Status.TAKEN, at)
        matter.assignee, matter.taken, matter.touched = assignee, True, max(matter.touched, at)
        self._stop(matter, at)
        self._anew(matter)
        return True

    def _stop(self, matter: Matter, at: datetime, *, team: str = "") -> None:
        for watch in matter.watches:
            if watch.team != team or watch.started > at:
                continue
            if watch.stopped is None or watch.presumed or watch.stopped > at:
                watch.stopped, watch.presumed = at, False

    def _set_aside(self, matter: Matter, at: datetime) -> None:
        """Nobody waits any more; what answers it, if it is no spam after all, is a later act."""
        for watch in matter.watches:
            if not watch.team and watch.stopped is None and watch.started <= at:
                watch.stopped, watch.presumed = at, True

    def presumed(self, number: int, begun: datetime, at: datetime) -> bool:
        """A mail was seen to be answered; False where no clock of its time runs."""
        matter = self.matters[number]
        stopped = [
            one for one in matter.watches
            if not one.team and one.started <= begun and one.stopped is None
        ]  # fmt: skip
        for watch in stopped:
            watch.stopped, watch.presumed = at, True
        if stopped:
            matter.taken, matter.touched = True, at
            if matter.status in (Status.NEW, Status.WAITING):
                self._stands(matter, Status.TAKEN, at)
        self._anew(matter)
        return bool(stopped)

    def waits(self, number: int, until: datetime | None, at: datetime) -> bool:
        """An agent lets it wait."""
        matter = self.matters[number]
        if matter.status not in OPEN:
            return False
        self._stands(matter, Status.WAITING, at)
        matter.wakes, matter.touched = until, max(matter.touched, at)
        self._anew(matter)
        return True

    def ended(self, number: int, status: Status, who: str, at: datetime) -> bool:
        """It is resolved, closed or thrown away."""
        matter, spam = self.matters[number], status is Status.SPAM
        allowed = {Status.RESOLVED: OPEN, Status.CLOSED: (*OPEN, Status.RESOLVED)}
        if matter.status not in allowed.get(status, (*OPEN, Status.RESOLVED, Status.CLOSED)):
            return False
        was_open = matter.status in OPEN
        if spam:
            self._set_aside(matter, at)
        else:
            self._stop(matter, at)
        self._stands(matter, status, at)
        matter.touched = max(matter.touched, at)
        if was_open and not spam:
            matter.assignee, matter.taken = matter.assignee or who, True
        self._anew(matter)
        return True

    def reopened(self, number: int, who: str, at: datetime) -> bool:
        """An agent opens it again."""
        matter = self.matters[number]
        if matter.status not in ENDED:
            return False
        if matter.status is Status.SPAM:
            self._stop(matter, at)
        self._stands(matter, Status.TAKEN, at)
        matter.assignee, matter.taken = matter.assignee or who, True
        matter.touched = max(matter.touched, at)
        self._anew(matter)
        return True

    def escalated(self, number: int, team: str, who: str, at: datetime, filed: datetime) -> bool:
        """A team is asked: an act, and a clock of the team's own."""
        matter = self.matters[number]
        address = any(one.address for one in self.policy.teams if one.name == team)
        others = (a.address for a in self.policy.members(team) if a.address != who)
        if not address and not self._present(others, filed):
            return False
        if not self._acted(number, at, assignee=matter.assignee or who, wakes=True):
            return False
        asked = any(one.team == team and one.stopped is None for one in matter.watches)
        if not asked:
            matter.asked_by = who
            self._start(matter, at, self._limit(team), first=False, team=team)
        return True

    def team_answered(self, number: int, team: str, at: datetime) -> None:
        """What it was asked is answered."""
        matter = self.matters[number]
        self._stop(matter, at, team=team)
        matter.touched = max(matter.touched, at)
        self._anew(matter)

    def _stands(self, matter: Matter, status: Status, at: datetime) -> None:
        """Clocks that the policy lets stand still do so exactly while the ticket waits, whenever that it
        has woken is noticed."""
        until = min(at, matter.wakes) if matter.wakes else at
        was, matter.status, matter.wakes = matter.status, status, None
        if (was is Status.WAITING) == (status is Status.WAITING):
            return
        for watch in (one for one in matter.watches if one.stopped is None):
            if status is Status.WAITING and self._may_pause(watch, at):
                watch.paused = at
            elif watch.paused is not None:
                watch.stood += self.own(watch.paused, until)
                watch.paused, watch.next = None, watch.started

    def _may_pause(self, watch: Watch, at: datetime) -> bool:
        kind = "team" if watch.team else "next"
        runs = watch.started <= at and self.share(watch, at) < LIMIT and watch.marked < LIMIT
        return not watch.first and kind in self.policy.sla.pause and runs

    # ------------------------------------------------------------------ what follows

    def next_due(self) -> datetime | None:
        """The first instant at which somebody must hear of something, or a mark must be set."""
        self.running = [one for one in self.running if one.stopped is None]
        instants = [one.next for one in self.running if one.next is not None and one.paused is None]
        instants += [one.next for one in self.alive.values() if one.next is not None]
        return min(instants, default=None)

    def check(self, now: datetime, written: Iterable[Row]) -> Iterator[str]:
        """What a sweep at this instant told, against what it had to tell: each difference in a sentence."""
        wanted = Counter(self._due(now))
        found = Counter(written)
        self.counts.update(what.value for what, _, _ in found.elements())
        for what, to, number in (wanted - found).elements():
            yield f"{now:%Y-%m-%d %H:%M:%S} missed: {what.value} of {number} to {to}"
        for what, to, number in (found - wanted).elements():
            yield f"{now:%Y-%m-%d %H:%M:%S} not due: {what.value} of {number} to {to}"

    def _due(self, now: datetime) -> Iterator[Row]:
        rows = [
            (what, to, watch.matter.number)
            for watch in self.running
            if watch.runs and watch.next is not None and watch.next <= now
            for what, to in self._of_watch(watch, now)
        ]
        most: dict[int, int] = {}
        for what, _, number in rows:
            most[number] = max(most.get(number, 0), _RANK.get(what, 0))
        rows = [row for row in rows if _RANK.get(row[0], most[row[2]]) == most[row[2]]]
        # A ticket stands once in a letter, however many of its clocks are due.
        yield from dict.fromkeys(row for row in rows if row[1])
        yield from (row for row in rows if not row[1])
        for matter in [one for one in self.alive.values() if one.next is not None and one.next <= now]:
            yield from ((what, to, matter.number) for what, to in self._of_matter(matter, now))

    def _of_watch(self, watch: Watch, now: datetime) -> Iterator[tuple[Told, str]]:
        share = self.share(watch, now)
        stage = LIMIT if share >= LIMIT else self.policy.sla.near if share >= self.policy.sla.near else 0.0
        advanced, watch.marked = stage > watch.marked, max(stage, watch.marked)
        if watch.team:
            yield from self._of_team(watch, now) if advanced else ()
        else:
            if advanced:
                yield (Told.BREACHED if stage >= LIMIT else Told.NEAR), ""
            yield from self._of_desk(watch, self.reached(share), now)
        watch.next = self._next_of(watch, share, now)

    def _of_desk(self, watch: Watch, reached: float, now: datetime) -> Iterator[tuple[Told, str]]:
        if reached <= watch.told or now < self._heard_at(watch, reached, now):
            return
        # Whoever knows it of one mail of a ticket need not hear it of the next, until somebody acts.
        known = max((one.told for one in watch.matter.watches if one.runs and not one.team), default=0.0)
        watch.told = reached
        if reached <= known:
            return
        what = Told.LIMIT if reached >= LIMIT else Told.SHARE
        if what is Told.SHARE and reached >= max(self.policy.sla.warn_at):
            what = Told.LAST
        people = self._hear(watch.matter, now, self._leads(now) if what is Told.LIMIT else ())
        yield from ((what, to) for to in dict.fromkeys(people))

    def _heard_at(self, watch: Watch, share: float, now: datetime) -> datetime:
        """When people hear of a share: of one between at the next round, or when somebody is there again who
        was to hear of it then; of the last and of the limit at once."""
        if share >= max(self.policy.sla.warn_at):
            return now
        at = self.opening.round_after(self._instant(watch, share))
        return at if at >= now or self.opening.is_open(now) else self.opening.round_after(now)

    def _of_team(self, watch: Watch, now: datetime) -> Iterator[tuple[Told, str]]:
        if watch.matter.status not in OPEN:
            return
        what = Told.TEAM_LIMIT if watch.marked >= LIMIT else Told.TEAM_NEAR
        waiting = self._present((watch.matter.assignee, watch.matter.asked_by), now)[:1]
        leads = (
            a for a in self.policy.members(watch.team) if a.lead and a.is_present(self.policy.desk.day(now))
        )
        people = (*(waiting or self._of_house(watch.matter.team, now)), *(a.address for a in leads))
        yield from ((what, to) for to in dict.fromkeys(people))

    def _of_matter(self, matter: Matter, now: datetime) -> Iterator[tuple[Told, str]]:
        if matter.wakes is not None and matter.wakes <= now:
            yield from ((Told.WOKEN, to) for to in self._hear(matter, now))
            self._stands(matter, Status.TAKEN if matter.taken else Status.NEW, now)
            matter.quiet_since = now
        elif (quiet := self._quiet_until(matter)) is not None and quiet <= now:
            if matter.status is Status.RESOLVED:
                yield Told.CLOSED, ""
                self._stands(matter, Status.CLOSED, now)
            else:
                yield from ((Told.SILENT, to) for to in self._hear(matter, now))
                matter.quiet_since = now
        self._look(matter)

    # ------------------------------------------------------------------ who hears

    def _hear(self, matter: Matter, now: datetime, leads: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Whose ticket it is, else the team, else whoever is there, and the leads if they are to hear; where
        that is nobody, the administrators."""
        own = self._present((matter.assignee,), now) or self._of_house(matter.team, now)
        return (*own, *leads) or self.policy.desk.administrators

    def _of_house(self, team: str, now: datetime) -> tuple[str, ...]:
        address = next((one.address for one in self.policy.teams if one.name == team), "")
        if address:
            return (address,)
        members = [a.address for a in self.policy.agents if team in a.teams]
        return self._present(members, now) or self._present((a.address for a in self.policy.agents), now)

    def _leads(self, now: datetime) -> tuple[str, ...]:
        """Whoever leads and is there; where all are away, all of them."""
        leads = tuple(a.address for a in self.policy.agents if a.lead)
        return self._present(leads, now) or leads

    def _present(self, addresses: Iterable[str], now: datetime) -> tuple[str, ...]:
        day, agents = self.policy.desk.day(now), {a.address: a for a in self.policy.agents}
        known = (agents.get(address) for address in addresses)
        there = (a for a in known if a and not any(first <= day <= last for first, last in a.away))
        return tuple(a.address for a in there)

    # ------------------------------------------------------------------ when next

    def _next_of(self, watch: Watch, share: float, now: datetime) -> datetime | None:
        sla = self.policy.sla
        shares = [sla.near, LIMIT] if watch.team else [sla.near, *sla.warn_at, LIMIT]
        instants = [self._instant(watch, one) for one in shares if one > share]
        if not watch.team and (reached := self.reached(share)) > watch.told:
            instants.append(self._heard_at(watch, reached, now))
        return min(instants, default=None)

    def _quiet_until(self, matter: Matter) -> datetime | None:
        """When a ticket that nobody touches is brought back to mind, or closes."""
        sla, since = self.policy.sla, max(matter.touched, matter.quiet_since)
        after = {Status.TAKEN: sla.silent_after, Status.RESOLVED: sla.close_after}.get(matter.status)
        return since + after if after else None

    def _instant(self, watch: Watch, share: float) -> datetime:
        """When this share of its time has passed, if it does not stand still."""
        own = watch.span * share + watch.stood
        if self.policy.sla.clock == "wall":
            return watch.started + own
        return self.opening.when(self.opening.passed(watch.started) + own)

    def _anew(self, matter: Matter) -> None:
        """Somebody has just touched it."""
        matter.quiet_since = matter.touched
        self._look(matter)

    def _look(self, matter: Matter) -> None:
        """When to look at it again."""
        matter.next = matter.wakes or self._quiet_until(matter)
        self.alive.pop(matter.number, None)
        if matter.next is not None:
            self.alive[matter.number] = matter

    # ------------------------------------------------------------------ the ledger as a whole

    def compare(
        self,
        now: datetime,
        shown: dict[int, Shown],
        clocks: Iterable[Kept],
    ) -> Iterator[str]:
        """What the ledger shows of every ticket and clock, against this record."""
        stood = {matter.number: self._shown(matter, now) for matter in self.matters.values()}
        for number in sorted(stood.keys() | shown.keys()):
            if stood.get(number) != shown.get(number):
                yield f"{now:%Y-%m-%d %H:%M:%S} ticket {number}: {shown.get(number)}, not {stood.get(number)}"
        theirs = Counter((one.ticket_id, one.started_at, one.team, one.stopped_at) for one in clocks)
        ours = Counter((one.matter.number, one.started, one.team, one.stopped) for one in self.watches)
        for clock in ((theirs - ours) + (ours - theirs)).elements():
            yield f"{now:%Y-%m-%d %H:%M:%S} clock {clock} is in one record alone"

    def _shown(self, matter: Matter, now: datetime) -> Shown:
        watches = [one for one in matter.watches if one.runs and not one.team]
        return Shown(
            status=matter.status, assignee=matter.assignee, team=matter.team,
            due_at=min((self._instant(one, LIMIT) for one in watches), default=None),
            near_limit=any(one.marked > 0.0 for one in watches),
            breached=any(one.marked >= LIMIT for one in watches),
        )  # fmt: skip
