"""Clocks that start and stop, and what the ticket shows of them.

One of the effects of ``apply``; ``receive.sent`` presumes an answer through ``presume_answered``.
"""

import json
from datetime import datetime
from typing import Any

from maild.decide.decision import Recognise, StartClock, StopClocks, TakeInCharge
from maild.effects.work import Work
from storage.records import Event, Stage, Status
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
    stopped, changed = stop_clocks(work.tx, work.here, stop)
    work.derived |= changed
    if stopped:
        work.tell(
            "clock_stopped", stop.by, act=stop.act, at=stop.at, presumed=stop.presumed, messages=stopped
        )
        work.say("sla.met", ticket=work.number, act=stop.act, agent=stop.by)


def stop_clocks(tx: Transaction, ticket: int, stop: StopClocks) -> tuple[tuple[int, ...], dict[str, Any]]:
    """Stop the clocks that an act answers: the messages whose they were, and what the ticket shows of it."""
    stopped = tx.stop_clocks(ticket, at=stop.at, by=stop.by, presumed=stop.presumed)
    return stopped, shown(tx, ticket)


def shown(tx: Transaction, ticket: int) -> dict[str, Any]:
    """What a ticket shows of the clocks that run."""
    left = [clock for clock in tx.running(ticket) if not clock.team]
    return {
        "due_at": left[0].due_at if left else None,
        "near_limit": any(c.stage is not Stage.RUNNING for c in left),
        "breached": any(c.stage is Stage.BREACHED for c in left),
    }


def recognise(work: Work, change: Recognise) -> None:
    """A mail that was taken for a person's is the desk's own: nobody waits for an answer to it."""
    work.tx.recognise(change.message, change.kind)
    work.derived |= shown(work.tx, work.here)
    work.tell("recognised", "mail", kind=change.kind.value)


def presume_answered(tx: Transaction, ticket: int, *, begun: datetime, at: datetime, mail_id: str) -> bool:
    """\\Answered was seen on a mail: somebody answered outside maild, until the answer itself is found.

    Args:
        begun: when the clock of that mail started; what was written later is not presumed to be answered.
        at: when the flag was seen.
    """
    if not tx.stop_clocks(ticket, at=at, by="", presumed=True, begun=begun):
        return False
    changed = shown(tx, ticket)
    before = tx.states((ticket,))[ticket].ticket
    if before.status in (Status.NEW, Status.WAITING):
        changed |= {"status": Status.TAKEN.value, "wake_at": None}
    tx.change_ticket(ticket, **changed, taken_at=before.taken_at or at)
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
