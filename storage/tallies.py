"""How much there is to do: what a monitor draws. It never counts what is done.

Stands beside ``store``. Every question is answered from an index of what is still to be done, so that it
costs the same after a million tickets as after none. Raises ``database.Unavailable``.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, case, func, select, text

from storage.store import CLOCK, MAILDROP, OUTBOX, SIGHTING, TICKET, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Tallies:
    """What waits for whom.

    ``unfiled``: maildrop -> mails kept and not filed; ``due`` and ``later``: letters that should leave now,
    or not yet; ``tickets``: open status -> tickets; ``running``, ``near``, ``breached``: tickets by what
    their earliest clock has reached; ``paused``: clocks that stand still; ``next_due``: the next limit.
    """

    unfiled: dict[str, int]
    due: int
    later: int
    tickets: dict[str, int]
    running: int
    near: int
    breached: int
    paused: int
    next_due: datetime | None


def count(tx: Transaction, now: datetime) -> Tallies:
    """All of them, as they stand."""
    ask = tx.connection.execute
    due, later = ask(_OWED, {"now": now}).one()
    limits = {(bool(near), bool(over)): int(number) for near, over, number in ask(_LIMITS)}
    return Tallies(
        unfiled={name: int(number) for name, number in ask(_UNFILED)},
        due=int(due or 0), later=int(later or 0),
        tickets={status: int(number) for status, number in ask(_TICKETS)},
        running=sum(n for (near, over), n in limits.items() if not near and not over),
        near=limits.get((True, False), 0),
        breached=sum(n for (_, over), n in limits.items() if over),
        paused=int(ask(_PAUSED).scalar() or 0),
        next_due=ask(_NEXT_DUE, {"now": now}).scalar(),
    )  # fmt: skip


_NUMBER = func.count()
# Conditions written out: SQLite takes a partial index only for one that it can read.
_OPEN = text("status = 'new' OR status = 'taken' OR status = 'waiting'")
_UNFILED = (
    select(MAILDROP.c.name, _NUMBER)
    .join(SIGHTING, SIGHTING.c.maildrop_id == MAILDROP.c.id)
    .where(text("sighting.state = 'received'"))
    .group_by(MAILDROP.c.name)
)
_OWED = select(
    func.sum(case((OUTBOX.c.next_at <= bindparam("now"), 1), else_=0)),
    func.sum(case((OUTBOX.c.next_at > bindparam("now"), 1), else_=0)),
).where(OUTBOX.c.next_at.is_not(None))
_TICKETS = select(TICKET.c.status, _NUMBER).where(_OPEN).group_by(TICKET.c.status)
_LIMITS = (
    select(TICKET.c.near_limit, TICKET.c.breached, _NUMBER)
    .where(TICKET.c.due_at.is_not(None))
    .group_by(TICKET.c.near_limit, TICKET.c.breached)
)
_PAUSED = (
    select(_NUMBER)
    .select_from(CLOCK)
    .where(CLOCK.c.stopped_at.is_(None), CLOCK.c.paused_at.is_not(None), CLOCK.c.team == "")
)
_NEXT_DUE = select(func.min(TICKET.c.due_at)).where(TICKET.c.due_at > bindparam("now"))
