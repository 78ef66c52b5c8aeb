"""What repairing threads moves in the ledger: the clocks of merged tickets, a mail with all that is its own.

Stands beside ``handling``; asked when an agent, or the shell, repairs a ticket. The story stays as it was
written, whatever is moved. Raises ``database.Unavailable``.
"""

from collections.abc import Sequence

from sqlalchemy import delete, select, update

from storage.store import CLOCK, LINK, PARTICIPANT, Transaction, in_parts

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
