"""What repairs look up and move in the ledger: what was done last, merged tickets, a mail with all its own.

Stands beside ``handling``; asked when an agent, or the shell, repairs a ticket. The story stays as it was
written, whatever is moved. Raises ``database.Unavailable``.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import delete, func, select, update

from storage import handling, outbox
from storage.handling import VISIT
from storage.records import (
    Changed,
    Clock,
    Event,
    Given,
    MessageKind,
    OutboxState,
    OwedLetter,
    Stage,
    VisitState,
)
from storage.store import (
    CLOCK,
    EVENT,
    LINK,
    MESSAGE,
    PARTICIPANT,
    RAW,
    REFERENCE,
    Transaction,
    clock_record,
    expand,
    in_parts,
    indexable,
)

# The facts that tell of an act; the sweep and the mailbox write none of these but the second.
_ACTS = ("changed", "clock_stopped", "relayed", "linked", "absorbed", "merged", "split", "undone")
# What has not left yet.
_STAYS = (OutboxState.READY, OutboxState.CLAIMED, OutboxState.HELD)

# Why a mail that was split off is where it is.
SPLIT = "split"

# ---------------------------------------------------------------------- what was done last


def last_change(tx: Transaction, ticket_id: int) -> Changed | None:
    """What somebody did last with a ticket and nobody has undone; None where there is nothing."""
    rows = tx.connection.execute(
        select(EVENT)
        .where(EVENT.c.ticket_id == ticket_id, EVENT.c.kind.in_(_ACTS))
        .order_by(EVENT.c.id.desc())
    )
    undone: set[str] = set()
    for row in rows:
        detail = json.loads(row.detail)
        if row.kind == "undone":
            undone.add(str(detail.get("of", "")))
        elif row.cause not in undone and not detail.get("presumed"):
            events, letters = _of_tickets(tx, {ticket_id}, row.cause)
            visit = _still_standing(tx, events)
            if row.kind == "changed" and not detail["after"] and not visit:
                continue  # a visit that is called off already
            return Changed(
                at=row.at, actor=row.actor, cause=row.cause, events=events, letters=letters, visit=visit,
            )  # fmt: skip
    return None


def _of_tickets(
    tx: Transaction, tickets: Collection[int], cause: str
) -> tuple[tuple[Event, ...], tuple[OwedLetter, ...]]:
    """What one cause brought about on these tickets, and on those that it merged with them: a mail may order
    on many, and each stands for itself."""
    events, together = tx.events(cause=cause), set(tickets)
    merged = [
        {event.ticket_id, json.loads(event.detail)["ticket"]} for event in events if event.kind == "absorbed"
    ]
    while more := [pair for pair in merged if pair & together and not pair <= together]:
        together = together.union(*more)
    letters = outbox.letters_of(tx, cause)
    return (
        tuple(event for event in events if event.ticket_id in together),
        tuple(letter for letter in letters if letter.ticket_id in together),
    )


def _still_standing(tx: Transaction, events: Sequence[Event]) -> int:
    """The visit that was ordered or moved then; 0 for one that was cancelled meanwhile, and for none."""
    told = (json.loads(event.detail) for event in events if event.kind == "changed")
    ordered = next((detail["visit"] for detail in told if detail.get("visit")), 0)
    state = tx.connection.execute(select(VISIT.c.state).where(VISIT.c.id == ordered)).scalar()
    return ordered if state not in (None, VisitState.CANCELLED.value) else 0


# ---------------------------------------------------------------------- answers on their way


def answers(tx: Transaction, ticket_id: int) -> tuple[Changed, ...]:
    """The agents' answers that wait or are held, and the last of all, with what came of each, oldest first.

    Their ``letters`` are those to requesters; no courier takes one of them until the commit.
    """
    line = handling.line_of(tx, ticket_id)
    given = [one for one in handling.given(tx, *line) if one.outbox_id]
    causes = {one.cause: one for one in given if one.state in _STAYS} | {g.cause: g for g in given[-1:]}
    return tuple(_answer(tx, line, one) for one in sorted(causes.values(), key=lambda one: one.outbox_id))


def _answer(tx: Transaction, line: Collection[int], one: Given) -> Changed:
    events, letters = _of_tickets(tx, line, one.cause)
    relays = tuple(letter for letter in letters if letter.kind is MessageKind.RELAY)
    return Changed(at=one.created_at, actor=one.agent, cause=one.cause, events=events, letters=relays)


# ---------------------------------------------------------------------- merged tickets


def move_clocks(
    tx: Transaction, ticket_id: int, into: int, *, only: Sequence[int] | None = None
) -> tuple[int, ...]:
    """Let the desk's clocks of one ticket count for another; returns the messages whose they are.

    A team's own clock stays with the ticket of which the team was asked.

    Args:
        only: of these messages.
    """
    theirs = (CLOCK.c.ticket_id == ticket_id) & (CLOCK.c.team == "")
    found = tx.connection.execute(select(CLOCK.c.message_id).where(theirs).order_by(CLOCK.c.message_id))
    messages = tuple(row for row in found.scalars() if only is None or row in only)
    for part in in_parts(messages):
        moved = update(CLOCK).where(theirs, CLOCK.c.message_id.in_(part))
        tx.connection.execute(moved.values(ticket_id=into))
    return messages


def join(tx: Transaction, ticket_id: int, into: int) -> tuple[str, ...]:
    """Let the people of one ticket take part in another; returns the addresses of those who had not."""
    rows = tx.connection.execute(select(PARTICIPANT).where(PARTICIPANT.c.ticket_id == ticket_id)).all()
    there = tx.connection.execute(select(PARTICIPANT.c.address).where(PARTICIPANT.c.ticket_id == into))
    known = set(there.scalars())
    fresh = [(row.address, row.name, row.role) for row in rows if row.address not in known]
    tx.add_participants(into, fresh)
    return tuple(address for address, _, _ in fresh)


def leave(tx: Transaction, ticket_id: int, addresses: Sequence[str]) -> None:
    """Those people take part in a ticket no longer."""
    for part in in_parts(addresses):
        theirs = (PARTICIPANT.c.ticket_id == ticket_id) & PARTICIPANT.c.address.in_(part)
        tx.connection.execute(delete(PARTICIPANT).where(theirs))


# ---------------------------------------------------------------------- linked tickets


def unlink(tx: Transaction, ticket_id: int, other_id: int) -> None:
    """Let two tickets know nothing of each other."""
    low, high = sorted((ticket_id, other_id))
    tx.connection.execute(delete(LINK).where(LINK.c.ticket_id == low, LINK.c.other_id == high))


# ---------------------------------------------------------------------- a mail with a ticket of its own


def contents(tx: Transaction, mail_ids: Iterable[str], *, most: int) -> dict[str, bytes]:
    """Mail id -> the first ``most`` of the bytes of the mail as received; not of one that was erased."""
    found: dict[str, bytes] = {}
    for part in in_parts(mail_ids):
        rows = tx.connection.execute(
            select(MESSAGE.c.mail_id, RAW.c.content)
            .join(RAW, RAW.c.id == MESSAGE.c.raw_id)
            .where(MESSAGE.c.mail_id.in_(part), func.length(RAW.c.content) > 0)
        )
        found |= {row.mail_id: expand(row.content)[:most] for row in rows}
    return found


def tickets_of(tx: Transaction, mail_ids: Iterable[str]) -> dict[str, int]:
    """Mail id -> the ticket where the mail lies."""
    found: dict[str, int] = {}
    for part in in_parts(mail_ids):
        lies = select(MESSAGE.c.mail_id, MESSAGE.c.ticket_id).where(MESSAGE.c.ticket_id.is_not(None))
        rows = tx.connection.execute(lies.where(MESSAGE.c.mail_id.in_(part)))
        found |= {row.mail_id: row.ticket_id for row in rows}
    return found


def move_message(tx: Transaction, message_row: int, into: int) -> None:
    """Put a mail on another ticket, as the one that opens it; what came with it goes along."""
    moved = {"ticket_id": into, "kind": MessageKind.REQUEST.value, "thread_reason": SPLIT}
    tx.connection.execute(update(MESSAGE).where(MESSAGE.c.id == message_row).values(moved))


def move_reference(tx: Transaction, message_id: str, ticket_id: int, into: int) -> None:
    """What names this mail belongs to the other ticket from now on, and to this one no more."""
    named = (REFERENCE.c.message_id == indexable(message_id)) & (REFERENCE.c.ticket_id == ticket_id)
    tx.connection.execute(delete(REFERENCE).where(named))
    tx.add_references(into, (message_id,))


def clock_of(tx: Transaction, message_row: int) -> Clock | None:
    """The desk's clock of a mail; None where there is none."""
    desks = (CLOCK.c.message_id == message_row) & (CLOCK.c.team == "")
    row = tx.connection.execute(select(CLOCK).where(desks)).first()
    return clock_record(row) if row else None


def begin_anew(tx: Transaction, clock: Clock, into: int, *, next_at: datetime) -> None:
    """A clock is the first one of another ticket, by the limits that it has now; the sweep looks at it."""
    limits = {
        "near_at": clock.near_at, "due_at": clock.due_at, "span": clock.span, "desk": clock.desk,
        "paused": clock.paused, "paused_at": None, "warned": 0.0,
    }  # fmt: skip
    one = CLOCK.c.id == clock.id
    tx.connection.execute(update(CLOCK).where(one).values(ticket_id=into, first=True, **limits))
    if clock.stopped_at is None:
        anew = {"stage": Stage.RUNNING.value, "next_at": next_at}
        tx.connection.execute(update(CLOCK).where(one).values(**anew))
    tx.unmark([clock.message_id])
