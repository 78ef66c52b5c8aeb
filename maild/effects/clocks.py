"""Clocks that start, stop, stand still and go on, and what the ticket shows of them.

One of the effects of ``apply``; ``receive.sent`` presumes an answer through ``presume_answered``.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from maild.decide import silence, sla
from maild.decide.decision import Recognise, StartClock, StopClocks, TakeInCharge
from maild.decide.policy import Policy
from maild.effects.work import Work
from storage import handling
from storage.records import Clock, Event, Stage, Status, Ticket
from storage.store import Transaction


def start_clock(work: Work, clock: StartClock) -> None:
    """A person wrote: from now on a person must act."""
    work.tx.start_clock(
        {
            "ticket_id": work.ticket, "message_id": work.message, "first": clock.first,
            "started_at": clock.started_at, "near_at": clock.near_at, "due_at": clock.due_at,
            "next_at": clock.next_at, "stage": Stage.RUNNING.value, "stopped_at": None, "stopped_by": "",
            "presumed": False, "team": "", "span": clock.span, "desk": clock.desk,
        }
    )  # fmt: skip
    work.tell("clock_started", "mail", first=clock.first, due_at=clock.due_at)
    if work.decision.ticket is not None:
        before = work.before.ticket.due_at
        work.derived["due_at"] = min(before, clock.due_at) if before else clock.due_at


def answer_clocks(work: Work, stop: StopClocks) -> None:
    """A person acted: the clocks that this answers stand still."""
    known = work.facts.tickets.get(work.here)  # none where the same mail opens it
    if known is not None and any(clock.paused_at for clock in known.running):
        _go_on_until(work.tx, known.ticket, stop.at, work.policy, begun=stop.at)
    stopped = work.tx.stop_clocks(work.here, at=stop.at, by=stop.by, presumed=stop.presumed)
    work.derived |= shown(work.tx, work.here)
    if stopped:
        work.tell(
            "clock_stopped", stop.by, act=stop.act, at=stop.at, presumed=stop.presumed, messages=stopped
        )
        first = next((c.started_at for c in known.running if c.first and not c.team), None) if known else None
        seconds = round((stop.at - first).total_seconds()) if first else None
        if not stop.presumed:
            work.say("sla.met", ticket=work.number, act=stop.act, agent=stop.by, first_s=seconds)


def shown(tx: Transaction, ticket: int) -> dict[str, Any]:
    """What a ticket shows of the clocks that run; one that stands still shows nothing."""
    left = [clock for clock in tx.running(ticket) if not clock.team and clock.paused_at is None]
    return {
        "due_at": left[0].due_at if left else None,
        "near_limit": any(c.stage is not Stage.RUNNING for c in left),
        "breached": any(c.stage is Stage.BREACHED for c in left),
    }


# ---------------------------------------------------------------------- standing still


def keep_pace(work: Work) -> None:
    """The clocks of a ticket that waits, or waited until now, stand still or go on as its status asks."""
    known = work.facts.tickets.get(work.here)
    if known is None:
        return  # the same mail opens it: its one clock is the first
    status = Status((work.derived | work.changed).get("status", known.ticket.status))
    if Status.WAITING not in (status, known.ticket.status) or status is Status.MERGED:
        return  # what is merged keeps the pace of where it went
    waits, at = status is Status.WAITING, _until(known.ticket, work.facts.arrived_at)
    line = handling.line_of(work.tx, work.here)
    if moved := hold_or_go_on(work.tx, line, waits=waits, at=at, policy=work.policy):
        work.derived |= shown(work.tx, work.here)
        kind = "clock_paused" if waits else "clock_resumed"
        work.tell(kind, work.actor, at=at, due_at=[clock.due_at for clock in moved])


def hold_or_go_on(
    tx: Transaction, line: Sequence[int], *, waits: bool, at: datetime, policy: Policy
) -> list[Clock]:
    """Let the clocks of a ticket stand still while it waits, else go on; returns those that did not before.

    Args:
        line: the ticket and those that were merged into it, with which the clocks of teams stay.
    """
    running = [clock for number in line for clock in tx.running(number)]
    if not waits:
        return _go_on(tx, running, at, policy)
    held = [replace(clock, paused_at=at) for clock in running if sla.pauses(clock, at, policy)]
    tx.hold_clocks([(clock, None) for clock in held])
    return held


def _go_on(tx: Transaction, clocks: Iterable[Clock], at: datetime, policy: Policy) -> list[Clock]:
    on = [sla.resumed(clock, at, policy) for clock in clocks if clock.paused_at]
    # The sweep looks at once: what was reached meanwhile is found by whoever looks.
    tx.hold_clocks([(clock, clock.started_at) for clock in on])
    return on


def _go_on_until(
    tx: Transaction, ticket: Ticket, at: datetime, policy: Policy, *, begun: datetime, team: str = ""
) -> None:
    """What an act stops while it stands still has stood still until then."""
    theirs = [clock for clock in tx.running(ticket.id) if clock.team == team and clock.started_at <= begun]
    _go_on(tx, theirs, _until(ticket, at), policy)


def _until(ticket: Ticket, at: datetime) -> datetime:
    """A ticket waits until it wakes at the latest, whenever that is noticed."""
    return min(at, ticket.wake_at) if ticket.wake_at and ticket.status is Status.WAITING else at


def stop_team_clock(
    tx: Transaction, ticket: int, *, at: datetime, by: str, team: str, policy: Policy
) -> None:
    """A specialist team answered: its own clock is over."""
    if (state := tx.states((ticket,)).get(ticket)) is not None:
        _go_on_until(tx, state.ticket, at, policy, begun=at, team=team)
    tx.stop_clocks(ticket, at=at, by=by, presumed=False, team=team)


def recognise(work: Work, change: Recognise) -> None:
    """A mail that was taken for a person's is the desk's own: nobody waits for an answer to it."""
    work.tx.recognise(change.message, change.kind)
    work.derived |= shown(work.tx, work.here)
    work.tell("recognised", "mail", kind=change.kind.value)


def presume_answered(
    tx: Transaction, ticket: int, *, begun: datetime, at: datetime, mail_id: str, policy: Policy
) -> bool:
    """\\Answered was seen on a mail: somebody answered outside maild, until the answer itself is found.

    Args:
        begun: when the clock of that mail started; what was written later is not presumed to be answered.
        at: when the flag was seen.
    """
    before = tx.states((ticket,))[ticket].ticket
    _go_on_until(tx, before, at, policy, begun=begun)
    if not tx.stop_clocks(ticket, at=at, by="", presumed=True, begun=begun):
        return False
    changed: dict[str, Any] = {}
    if before.status in (Status.NEW, Status.WAITING):
        changed = {"status": Status.TAKEN.value, "wake_at": None}
        line = handling.line_of(tx, ticket)
        hold_or_go_on(tx, line, waits=False, at=_until(before, at), policy=policy)
    status = Status(changed.get("status", before.status))
    changed |= {"touched_at": at, "look_at": silence.look_at_once(status, at)}
    tx.change_ticket(ticket, **shown(tx, ticket), **changed, taken_at=before.taken_at or at)
    detail = json.dumps({"act": "answered_flag", "at": at, "presumed": True}, default=str)
    tx.add_events(
        (Event(ticket_id=ticket, at=at, kind="clock_stopped", actor="mailbox", cause=mail_id, detail=detail),)
    )
    return True


def take(work: Work, taken: TakeInCharge) -> None:
    """The ticket is in a person's hands."""
    known = work.facts.tickets.get(work.here)  # none where the same mail opens it
    taken_at, stood = (known.ticket.taken_at, known.ticket.status) if known else (None, Status.NEW)
    # An act that comes to light late is the first one all the same, and undoes nothing that people did since.
    is_late = taken_at is not None and taken.at < taken_at
    if taken_at is None or is_late:
        work.changed["taken_at"] = taken.at
    # What another order of the same mail says of its status stands: taken, and waiting for something.
    status = Status(work.changed.get("status", stood))
    waits = status is Status.WAITING and "status" not in work.changed
    if (status is Status.NEW or waits) and not is_late:
        work.changed |= {"status": Status.TAKEN.value, "wake_at": None}
    if taken.agent:
        work.changed["assignee"] = taken.agent
    work.tell("taken", taken.agent, at=taken.at)
    work.say("ticket.assigned", ticket=work.number, agent=taken.agent)
