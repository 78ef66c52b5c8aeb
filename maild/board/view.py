"""What the board shows, as a value: tickets by the time that is left, teams, the day, the maildrops (pure).

Stands between ``storage.overview`` and ``page``. Judged by the time that it is given and not by what the last
sweep wrote, so that a limit shows when it is reached. What strangers wrote is made harmless here: one line,
bounded, nothing that turns the line around; an address is never shown. It cannot fail.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from maild import log
from maild.assembly import NAME_LIMIT, one_line
from maild.decide import sla
from maild.decide.policy import Policy
from maild.decide.troubles import SILENCE, Contact, Reach
from storage.overview import Overview, TeamCount, Today
from storage.records import Clock, Maildrop, Stage, Status
from storage.store import TicketState

SUBJECT_LIMIT = 120
# A wall has room for so many teams: those with the most to do.
_TEAMS = 12
_RANK = {Stage.BREACHED: 0, Stage.NEAR: 1, Stage.RUNNING: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A ticket whose clock runs. ``left``: wall time to its limit, negative past it; ``share``: of its whole
    time, how much is left, 0.0 to 1.0. ``who``: the agent who has it, "" for nobody that is known."""

    ticket: int
    number: str
    subject: str
    requester: str
    team: str
    who: str
    untaken: bool
    first: bool
    stage: Stage
    due_at: datetime
    left: timedelta
    share: float


class Service(StrEnum):
    """How a maildrop is being served."""

    WELL = "well"
    LOST = "lost"  # its server did not answer last time
    SILENT = "silent"  # nobody has looked into it for too long
    REFUSED = "refused"  # its server does not let us in


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """A maildrop. ``lag``: since when nothing is known of it, None where it never was; ``door``: mail is
    handed in there; ``unfiled``: mails that are kept and on no ticket yet."""

    name: str
    door: bool
    service: Service
    lag: timedelta | None
    unfiled: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """The desk at an instant. ``more``: tickets whose clocks run and that are not among the rows."""

    at: datetime
    rows: tuple[Row, ...]
    more: int
    all: TeamCount
    teams: tuple[TeamCount, ...]
    today: Today
    drops: tuple[Drop, ...]
    troubles: tuple[str, ...]

    @property
    def next(self) -> Row | None:
        """The ticket that reaches its limit next; those that are past it do no more."""
        ahead = (row for row in self.rows if row.stage is not Stage.BREACHED)
        return min(ahead, key=lambda row: row.due_at, default=None)


def day_began(now: datetime, zone: str) -> datetime:
    """The last local midnight, in UTC."""
    there = ZoneInfo(zone)
    return datetime.combine(now.astimezone(there).date(), time(), there).astimezone(UTC)


def board(
    found: Overview,
    *,
    now: datetime,
    policy: Policy,
    polls: Mapping[str, timedelta],
    contacts: Mapping[str, Contact],
    masked: bool = False,
) -> Board:
    """The desk as it stands.

    Args:
        polls: how often each configured maildrop is looked at; no time at all: a door.
        contacts: how servers met us last, as ``health`` knows.
        masked: the log keeps addresses to itself, so the wall names no requester.
    """
    seen = [(state, row) for state in found.nearest for row in _row(state, now, policy, masked=masked)]
    rows = sorted((row for _, row in seen), key=lambda row: (_RANK[row.stage], row.due_at, row.ticket))
    teams = _judged(found.teams, seen)
    whole = _sum(teams)
    drops = {drop.name: drop for drop in found.maildrops}
    return Board(
        at=now,
        rows=tuple(rows),
        more=max(0, whole.running - len(rows)),
        all=whole,
        teams=tuple(sorted(sorted(teams, key=_load)[:_TEAMS], key=lambda team: team.team)),
        today=found.today,
        drops=tuple(
            _drop(name, drops.get(name), every, contacts, found.unfiled.get(name, 0), now)
            for name, every in polls.items()
        ),
        troubles=tuple(trouble.name for trouble in found.troubles),
    )


def crossed(before: Board, after: Board) -> tuple[Row, ...]:
    """The tickets that came near their limit or passed it between two looks."""
    was = {row.ticket: _RANK[row.stage] for row in before.rows}
    return tuple(row for row in after.rows if _RANK[row.stage] < was.get(row.ticket, -1))


# --- tickets ------------------------------------------------------------------------------------------------


def _row(state: TicketState, now: datetime, policy: Policy, *, masked: bool) -> tuple[Row, ...]:
    """One row; none where no clock of the desk's own runs."""
    running = [clock for clock in state.running if not clock.team and clock.paused_at is None]
    if not running:
        return ()
    clock, ticket = min(running, key=lambda each: each.due_at), state.ticket
    agent = policy.agent(ticket.assignee)
    return (
        Row(
            ticket=ticket.id,
            number=policy.desk.number(ticket.id),
            subject=_subject(ticket.subject, masked=masked),
            requester=_requester(ticket.requester_name, ticket.requester_address, masked=masked),
            team=one_line(ticket.team, NAME_LIMIT),
            who=one_line(agent.name, NAME_LIMIT) if agent else "",
            untaken=ticket.status is Status.NEW,
            first=clock.first,
            stage=min((sla.stage(each, now) for each in running), key=_RANK.__getitem__),
            due_at=clock.due_at,
            left=clock.due_at - now,
            share=_share(clock, now, policy),
        ),
    )


def _subject(subject: str, *, masked: bool) -> str:
    line = one_line(subject, SUBJECT_LIMIT)
    return log.mask(line) if masked else line


def _requester(name: str, address: str, *, masked: bool) -> str:
    """Who asked: by name, else by the domain alone."""
    known = one_line(name, NAME_LIMIT)
    if known and "@" not in known and not masked:
        return known
    return one_line(address.rpartition("@")[2], NAME_LIMIT)


def _share(clock: Clock, now: datetime, policy: Policy) -> float:
    """How much of a clock's own time is left."""
    if now >= clock.due_at or clock.span <= 0:
        return 0.0
    left = policy.calendar.between(now, clock.due_at) if clock.desk else clock.due_at - now
    return min(1.0, left.total_seconds() / clock.span)


# --- teams --------------------------------------------------------------------------------------------------


def _judged(teams: tuple[TeamCount, ...], seen: list[tuple[TicketState, Row]]) -> list[TeamCount]:
    """The counts of the ledger, with what became near or late since the last sweep."""
    since: Counter[tuple[str, Stage]] = Counter()
    for state, row in seen:
        since[state.ticket.team, row.stage] += 1
        since[state.ticket.team, _swept(state)] -= 1
    return [
        TeamCount(
            team=one_line(team.team, NAME_LIMIT), open=team.open, untaken=team.untaken,
            waiting=team.waiting, running=team.running,
            near=team.near + since[team.team, Stage.NEAR],
            breached=team.breached + since[team.team, Stage.BREACHED],
        )
        for team in teams
    ]  # fmt: skip


def _swept(state: TicketState) -> Stage:
    if state.ticket.breached:
        return Stage.BREACHED
    return Stage.NEAR if state.ticket.near_limit else Stage.RUNNING


def _sum(teams: list[TeamCount]) -> TeamCount:
    return TeamCount(
        team="", open=sum(t.open for t in teams), untaken=sum(t.untaken for t in teams),
        waiting=sum(t.waiting for t in teams), running=sum(t.running for t in teams),
        near=sum(t.near for t in teams), breached=sum(t.breached for t in teams),
    )  # fmt: skip


def _load(team: TeamCount) -> tuple[int, int, int, str]:
    return -team.breached, -team.near, -team.open, team.team


# --- maildrops ----------------------------------------------------------------------------------------------


def _drop(
    name: str,
    known: Maildrop | None,
    every: timedelta,
    contacts: Mapping[str, Contact],
    unfiled: int,
    now: datetime,
) -> Drop:
    polled_at = known.polled_at if known else None
    return Drop(
        name=one_line(name, NAME_LIMIT), door=not every, unfiled=unfiled,
        lag=max(timedelta(), now - polled_at) if polled_at else None,
        service=_service(polled_at, max(SILENCE, every * 3), contacts.get(f"maildrop {name}"), now),
    )  # fmt: skip


def _service(
    polled_at: datetime | None, silence: timedelta, contact: Contact | None, now: datetime
) -> Service:
    if contact is not None and contact.reach is Reach.REFUSED:
        return Service.REFUSED
    if polled_at is None or now - polled_at > silence:
        return Service.SILENT
    return Service.LOST if contact is not None and contact.reach is Reach.LOST else Service.WELL
