"""The clock: when a person must have acted, and how near that is (pure; DESIGN section 7).

Asked by ``message.decide`` when a mail starts a clock and by ``sweep`` as time passes. A clock runs in its
own time: wall time, or the desk's opening hours, whichever ``policy.sla.clock`` said when it started; what it
stood still is counted in that time too. Instants are aware UTC, so the nights when the clocks change are as
long as they are.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from maild.decide.hours import Calendar
from maild.decide.policy import Policy
from storage.records import Clock, Stage

DESK = "desk"
_SECOND = timedelta(seconds=1)
# The share at which a limit is reached.
WHOLE = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When a clock that starts at an arrival comes near its limit, and when it is there.

    ``span``: its limit in seconds of its own time; ``desk``: that is the desk's opening hours, not wall time.
    ``next_at``: when the sweep must look at it first.
    """

    near_at: datetime
    due_at: datetime
    next_at: datetime
    span: int
    desk: bool = False


def limits(arrived_at: datetime, policy: Policy, *, category: str = "", team: str = "") -> Limits:
    """The limits of a mail: of its category, else of its team, else the desk's own."""
    own = next((c.limit for c in policy.categories if c.name == category and c.limit), None)
    own = own or next((t.limit for t in policy.teams if t.name == team and t.limit), None)
    span, desk = own or policy.sla.limit, policy.sla.clock == DESK
    near_at = _after(arrived_at, span * policy.sla.near, policy.calendar, desk=desk)
    first = min((policy.sla.near, *policy.sla.warn_at))
    return Limits(
        near_at=near_at,
        due_at=_after(arrived_at, span, policy.calendar, desk=desk),
        next_at=_after(arrived_at, span * first, policy.calendar, desk=desk),
        span=int(span.total_seconds()),
        desk=desk,
    )


def _after(start: datetime, span: timedelta, calendar: Calendar, *, desk: bool) -> datetime:
    return calendar.after(start, span) if desk else start + span


def at_share(clock: Clock, share: float, policy: Policy) -> datetime:
    """When a share of a clock's time has passed, what it stood still counted in; never after its limit."""
    own = timedelta(seconds=clock.span * share + clock.paused)
    at = clock.due_at
    if share < WHOLE:
        at = min(at, _after(clock.started_at, own, policy.calendar, desk=clock.desk))
    return at


def reached(clock: Clock, now: datetime, policy: Policy) -> float:
    """The highest of ``warn_at`` and the whole that a clock has reached; 0.0 for none of them."""
    shares = (*policy.sla.warn_at, WHOLE)
    return max((s for s in shares if at_share(clock, s, policy) <= _stands(clock, now)), default=0.0)


def stage(clock: Clock, now: datetime) -> Stage:
    """How near its limit a clock is; never less near than it was."""
    at = _stands(clock, now)
    if at >= clock.due_at or clock.stage is Stage.BREACHED:
        return Stage.BREACHED
    if at >= clock.near_at or clock.stage is Stage.NEAR:
        return Stage.NEAR
    return Stage.RUNNING


def _stands(clock: Clock, now: datetime) -> datetime:
    """The last instant at which it ran."""
    return min(at for at in (now, clock.paused_at, clock.stopped_at) if at is not None)


# ---------------------------------------------------------------------- standing still


def pauses(clock: Clock, at: datetime, policy: Policy) -> bool:
    """Whether a clock stands still from an instant on at which its ticket begins to wait.

    Never the first, which is the promise itself, nor one that has reached its limit, nor one that a later
    mail started, nor one that stands still already.
    """
    kind = "team" if clock.team else "first" if clock.first else "next"
    runs = clock.stopped_at is None and clock.paused_at is None and clock.stage is not Stage.BREACHED
    return runs and kind != "first" and kind in policy.sla.pause and clock.started_at <= at < clock.due_at


def resumed(clock: Clock, at: datetime, policy: Policy) -> Clock:
    """A clock that goes on: its limits are later by the time that it stood still, in whole seconds."""
    if clock.paused_at is None:
        return clock
    lost = -(-_own(clock, at, policy) // _SECOND)
    return replace(later(clock, lost, policy), paused_at=None)


def _own(clock: Clock, at: datetime, policy: Policy) -> timedelta:
    """For how long it has stood still now, in its own time."""
    since = clock.paused_at or at
    return policy.calendar.between(since, at) if clock.desk else max(at - since, timedelta(0))


def later(clock: Clock, lost: int, policy: Policy) -> Clock:
    """A clock that stood still for so many more seconds of its own time."""
    span = timedelta(seconds=lost)
    near_at, due_at = (
        _after(limit, span, policy.calendar, desk=clock.desk) for limit in (clock.near_at, clock.due_at)
    )
    return replace(clock, near_at=near_at, due_at=due_at, paused=clock.paused + lost)


# ---------------------------------------------------------------------- the sweep


def digest_at(clock: Clock, now: datetime, policy: Policy) -> datetime | None:
    """When people hear, together with others, of a share that is reached and was not told; None for nothing.

    The last share is told at once and by itself, and so is the limit.
    """
    share = reached(clock, now, policy)
    if clock.team or not clock.warned < share < max(policy.sla.warn_at, default=0.0):
        return None
    return policy.calendar.round_after(at_share(clock, share, policy))


def next_look(clock: Clock, now: datetime, policy: Policy) -> datetime | None:
    """When the sweep must look at a clock again, after it has done now what was to do.

    None for a clock that stands still, for one that was stopped and after the limit.
    """
    at = stage(clock, now)
    if clock.paused_at or clock.stopped_at or at is Stage.BREACHED:
        return None
    looks = [clock.due_at, *([clock.near_at] if at is Stage.RUNNING else [])]
    if not clock.team:
        looks += [at for at in (at_share(clock, s, policy) for s in policy.sla.warn_at) if at > now]
        looks += _rounds(clock, now, policy)
    return min(looks)


def _rounds(clock: Clock, now: datetime, policy: Policy) -> list[datetime]:
    told_at = digest_at(clock, now, policy)
    if told_at is None:
        return []
    return [told_at if told_at > now else policy.calendar.round_after(now)]


# ---------------------------------------------------------------------- all of it, from what happened


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrote:
    """A person wrote on an open ticket, which waits no longer."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Acted:
    """A person of the desk acted, or a flag says that somebody did."""

    at: datetime
    presumed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stood:
    """The ticket begins to wait, or waits no longer."""

    at: datetime
    waits: bool


Happened = Wrote | Acted | Stood


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """The clocks of one ticket, and since when it is taken in charge."""

    clocks: tuple[Clock, ...] = ()
    taken_at: datetime | None = None

    @property
    def due_at(self) -> datetime | None:
        """The earliest limit of those that run."""
        runs = (c.due_at for c in self.clocks if c.stopped_at is None and c.paused_at is None)
        return min(runs, default=None)


def replayed(happened: Iterable[Happened], policy: Policy) -> Course:
    """The clocks of a ticket as a function of what happened to it, in the order in which it came to light.

    The ledger must say the same of the same facts. Stages and warnings follow from it and from the time.
    """
    course = Course()
    for one in happened:
        match one:
            case Wrote():
                course = _wrote(_stood(course, one.at, waits=False, policy=policy), one.at, policy)
            case Stood():
                course = _stood(course, one.at, waits=one.waits, policy=policy)
            case Acted():
                course = _acted(course, one, policy)
    return course


def _wrote(course: Course, at: datetime, policy: Policy) -> Course:
    of, number = limits(at, policy), len(course.clocks) + 1
    first = course.taken_at is None and not any(clock.first for clock in course.clocks)
    begun = Clock(
        id=number, ticket_id=0, message_id=number, first=first, started_at=at,
        near_at=of.near_at, due_at=of.due_at, stage=Stage.RUNNING, span=of.span, desk=of.desk,
    )  # fmt: skip
    return replace(course, clocks=(*course.clocks, begun))


def _stood(course: Course, at: datetime, *, waits: bool, policy: Policy) -> Course:
    if not waits:
        return replace(course, clocks=tuple(resumed(clock, at, policy) for clock in course.clocks))
    held = (replace(c, paused_at=at) if pauses(c, at, policy) else c for c in course.clocks)
    return replace(course, clocks=tuple(held))


def _acted(course: Course, act: Acted, policy: Policy) -> Course:
    stopped = replace(course, clocks=tuple(_stopped(clock, act, policy) for clock in course.clocks))
    if course.taken_at is not None and act.at < course.taken_at:
        # It came to light late: it is the first all the same, and undoes nothing that people did since.
        return stopped if act.presumed else replace(stopped, taken_at=act.at)
    taken = replace(stopped, taken_at=course.taken_at or act.at)
    return _stood(taken, act.at, waits=False, policy=policy)


def _stopped(clock: Clock, act: Acted, policy: Policy) -> Clock:
    """What an act answers; one that was found corrects what was presumed, and what came later."""
    corrects = not act.presumed and (clock.presumed or (clock.stopped_at or act.at) > act.at)
    if clock.started_at > act.at or not (clock.stopped_at is None or corrects):
        return clock
    return replace(resumed(clock, act.at, policy), stopped_at=act.at, presumed=act.presumed)
