"""Which troubles the administrators were told of and that are not over: the memory of the alarm.

Stands beside ``store``. A row is written with the telling of a trouble, and taken out with the telling of
its end, so that a restart says nothing twice. Raises ``database.Unavailable``.
"""

from datetime import datetime

from sqlalchemy import delete, func, insert, select, text
from sqlmodel import SQLModel

from storage.records import StandingTrouble
from storage.store import SIGHTING, Transaction
from storage.tables import TroubleRow

TROUBLE = SQLModel.metadata.tables[TroubleRow.__tablename__]
# Written and taken out again in one transaction: no look ever finds it.
_PROBE = "probe"


def standing(tx: Transaction) -> tuple[StandingTrouble, ...]:
    """Every trouble that lasts, the oldest first."""
    rows = tx.connection.execute(select(TROUBLE).order_by(TROUBLE.c.since, TROUBLE.c.name))
    return tuple(StandingTrouble(**row._mapping) for row in rows)


def begin(tx: Transaction, trouble: StandingTrouble) -> bool:
    """Remember a trouble that is told in this transaction; False where it is remembered already."""
    known = tx.connection.execute(select(TROUBLE.c.name).where(TROUBLE.c.name == trouble.name)).first()
    if known is None:
        tx.connection.execute(
            insert(TROUBLE).values(
                name=trouble.name, since=trouble.since, told_at=trouble.told_at, detail=trouble.detail
            )
        )
    return known is None


def end(tx: Transaction, name: str) -> bool:
    """Forget a trouble whose end is told in this transaction; False where none was remembered."""
    return tx.connection.execute(delete(TROUBLE).where(TROUBLE.c.name == name)).rowcount > 0


def probe(tx: Transaction, now: datetime) -> None:
    """Write something that leaves nothing behind: whether the database takes writes shows at the commit."""
    tx.connection.execute(insert(TROUBLE).values(name=_PROBE, since=now, told_at=None, detail=""))
    tx.connection.execute(delete(TROUBLE).where(TROUBLE.c.name == _PROBE))


def set_aside(tx: Transaction) -> int:
    """How many mails could not be read and are in the quarantine."""
    # Written out: SQLite takes a partial index only for a condition that it can read.
    count = select(func.count()).select_from(SIGHTING).where(text("state = 'quarantined'"))
    return int(tx.connection.execute(count).scalar() or 0)
