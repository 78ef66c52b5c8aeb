"""What is due, and what was written of it: the ledger as a simulation looks at it from outside.

Stands beside ``store``. It changes nothing and shares no statement with the sweep that it is to judge. Raises
``database.Unavailable``.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ScalarSelect, bindparam, func, select

from storage.records import MessageKind, Stage, Status
from storage.store import CLOCK, EVENT, OUTBOX, TICKET, Transaction, expand


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A letter of the desk, as it lies in the outbox."""

    id: int
    ticket_id: int | None
    kind: MessageKind
    recipient: str
    owed: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a ticket shows of its clocks, and where it stands."""

    status: Status
    assignee: str
    team: str
    due_at: datetime | None
    near_limit: bool
    breached: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A clock as it stands in the ledger."""

    ticket_id: int
    started_at: datetime
    team: str
    stage: Stage
    stopped_at: datetime | None


def next_due(tx: Transaction) -> datetime | None:
    """The earliest instant at which the sweep has something to look at; None where nothing is to come."""
    return min((at for at in tx.connection.execute(_NEXT).one() if at is not None), default=None)


def _first(column: Any) -> ScalarSelect[Any]:
    return select(func.min(column)).where(column.is_not(None)).scalar_subquery()


_NEXT = select(_first(CLOCK.c.next_at), _first(TICKET.c.wake_at), _first(TICKET.c.look_at))


def letters(tx: Transaction, *, after: int) -> Iterator[Written]:
    """The letters that were written after the one of this number, in their order."""
    for row in tx.connection.execute(_LETTERS, {"after": after}):
        yield Written(
            id=row.id, ticket_id=row.ticket_id, kind=MessageKind(row.kind), recipient=row.recipient,
            owed=row.owed, content=expand(row.content),
        )  # fmt: skip


_LETTERS = (
    select(*(OUTBOX.c[name] for name in ("id", "ticket_id", "kind", "recipient", "owed", "content")))
    .where(OUTBOX.c.id > bindparam("after"))
    .order_by(OUTBOX.c.id)
)


def events(tx: Transaction, *, after: int) -> Iterator[tuple[int, int, str]]:
    """(number, ticket, kind) of what the passing of time has put on stories since this event."""
    for row in tx.connection.execute(_EVENTS, {"after": after}):
        yield row.id, row.ticket_id, row.kind


_EVENTS = (
    select(EVENT.c.id, EVENT.c.ticket_id, EVENT.c.kind)
    .where(EVENT.c.id > bindparam("after"), EVENT.c.actor == "clock")
    .order_by(EVENT.c.id)
)


def shown(tx: Transaction) -> dict[int, Shown]:
    """Ticket -> what it shows, of every ticket."""
    names = ("status", "assignee", "team", "due_at", "near_limit", "breached")
    rows = tx.connection.execute(select(TICKET.c.id, *(TICKET.c[name] for name in names)))
    return {
        row.id: Shown(
            status=Status(row.status), assignee=row.assignee, team=row.team, due_at=row.due_at,
            near_limit=row.near_limit, breached=row.breached,
        )
        for row in rows
    }  # fmt: skip


def clocks(tx: Transaction) -> tuple[Kept, ...]:
    """Every clock, in the order of its start."""
    names = ("ticket_id", "started_at", "team", "stopped_at")
    rows = tx.connection.execute(
        select(CLOCK.c.stage, *(CLOCK.c[name] for name in names)).order_by(CLOCK.c.started_at, CLOCK.c.id)
    )
    return tuple(
        Kept(
            ticket_id=row.ticket_id, started_at=row.started_at, team=row.team, stage=Stage(row.stage),
            stopped_at=row.stopped_at,
        )
        for row in rows
    )  # fmt: skip
