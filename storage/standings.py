"""What people have settled of who may use the service, by address.

Stands beside ``handling``; asked for mail of those alone whom the configuration does not know. What is
settled stands on the ticket where that was done, so that undoing it there undoes it here. Raises
``database.Unavailable``.
"""

from collections.abc import Sequence

from sqlalchemy import delete, insert, select
from sqlmodel import SQLModel

from storage.records import Standing
from storage.store import TICKET, Transaction
from storage.tables import SettledRow

SETTLED = SQLModel.metadata.tables[str(SettledRow.__tablename__)]
_KNOWN = ("yes", "study", "no")


def settled(tx: Transaction, addresses: Sequence[str]) -> dict[str, Standing]:
    """Of these few addresses, case folded, the ones that people have settled."""
    rows = tx.connection.execute(
        select(SETTLED.c.address, TICKET.c.standing, TICKET.c.entity)
        .join(TICKET, TICKET.c.id == SETTLED.c.ticket_id)
        .where(SETTLED.c.address.in_(addresses), TICKET.c.standing.in_(_KNOWN))
    )
    return {row.address: Standing(status=row.standing, entity=row.entity) for row in rows}


def settle(tx: Transaction, address: str, ticket_id: int) -> None:
    """From now on this address, case folded, stands as this ticket says."""
    tx.connection.execute(delete(SETTLED).where(SETTLED.c.address == address))
    tx.connection.execute(insert(SETTLED).values(address=address, ticket_id=ticket_id))
