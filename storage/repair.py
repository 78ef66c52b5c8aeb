"""What repairs look up and move in the ledger: what was done last, merged tickets, a mail with all its own.

Stands beside ``handling``; asked when an agent, or the shell, repairs a ticket. The story stays as it was
written, whatever is moved. Raises ``database.Unavailable``.
"""

import json
from collections.abc import Sequence

from sqlalchemy import delete, select, update

from storage import handling, outbox
from storage.handling import VISIT
from storage.records import Changed, Event, MessageKind, OutboxState, VisitState
from storage.store import CLOCK, EVENT, LINK, PARTICIPANT, Transaction, in_parts

# The facts that tell of an act; the sweep and the mailbox write none of these but the second.
_ACTS = ("changed", "clock_stopped", "relayed", "linked", "absorbed", "merged", "split", "undone")
# What has not left yet.
_STAYS = (OutboxState.READY, OutboxState.CLAIMED, OutboxState.HELD)

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
            events = tx.events(cause=row.cause)
            visit = _still_standing(tx, events)
            if row.kind == "changed" and not detail["after"] and not visit:
                continue  # a visit that is called off already
            return Changed(
                at=row.at, actor=row.actor, cause=row.cause, events=events,
                letters=outbox.letters_of(tx, row.cause), visit=visit,
            )  # fmt: skip
    return None


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
    given = [one for one in handling.given(tx, ticket_id) if one.outbox_id]
    causes = {one.cause: one for one in given if one.state in _STAYS} | {g.cause: g for g in given[-1:]}
    return tuple(
        Changed(
            at=one.created_at, actor=one.agent, cause=cause, events=tx.events(cause=cause),
            letters=tuple(one for one in outbox.letters_of(tx, cause) if one.kind is MessageKind.RELAY),
        )
        for cause, one in sorted(causes.items(), key=lambda pair: pair[1].outbox_id)
    )  # fmt: skip


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
