"""The outbox: mails that we owe, claimed before the connection and settled after the reply.

Stands beside ``store``. What is owed is written in the transaction that decided it (``owe``); the
courier claims rows with the time of the next attempt already recorded, so that whatever dies in between
still waits its turn (notes on reliability, section 5, steps 7 to 9). Raises ``database.Unavailable``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import zstandard
from sqlalchemy import and_, bindparam, exists, func, insert, or_, select, update

from storage.records import MessageKind, OutboxEntry, OutboxState
from storage.store import OUTBOX, Transaction

# Who goes first when the provider's rate is spent: an answer that a person waits for, then the rest.
RANKS = {
    MessageKind.RELAY: 0,
    MessageKind.RECEIPT: 1,
    MessageKind.ANSWER: 1,
    MessageKind.ALERT: 2,
    MessageKind.TROUBLE: 2,
    MessageKind.NOTIFICATION: 3,
    MessageKind.DIGEST: 3,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What became of one claimed row. ``next_at``: when to try again, None when it is over."""

    id: int
    state: OutboxState
    reply: str
    at: datetime
    next_at: datetime | None = None
    ambiguous: bool = False


def owe(
    tx: Transaction,
    *,
    owed: str,
    mail_id: str,
    ticket_id: int | None,
    kind: MessageKind,
    recipient: str,
    message_id: str,
    subject: str,
    content: bytes,
    sha256: str,
    now: datetime,
    not_before: datetime | None = None,
    suppressed: str = "",
) -> None:
    """Write a mail that we owe, or that we would owe but for the reason given.

    Args:
        owed: what it is owed for, such as ``receipt:1042``: unique, so that nothing is owed twice.
        suppressed: why it must not leave; recorded in its place.
    """
    tx.connection.execute(
        _OWE,
        {
            "owed": owed, "mail_id": mail_id, "ticket_id": ticket_id, "kind": kind.value,
            "recipient": recipient.casefold(), "domain": recipient.casefold().rpartition("@")[2],
            "message_id": message_id, "subject": subject, "sha256": sha256,
            "content": b"" if suppressed else zstandard.ZstdCompressor(level=3).compress(content),
            "state": (OutboxState.SUPPRESSED if suppressed else OutboxState.READY).value,
            "rank": RANKS.get(kind, 3), "attempts": 0, "ambiguous": 0, "created_at": now,
            "next_at": None if suppressed else (not_before or now), "claim": "", "sent_at": None,
            "reply": suppressed,
        },
    )  # fmt: skip


def is_owed(tx: Transaction, owed: str) -> bool:
    """Something is, or was, owed for this."""
    return tx.connection.execute(_IS_OWED, {"wanted": owed}).first() is not None


def claim(
    tx: Transaction, *, holder: str, now: datetime, until: datetime, limit: int
) -> tuple[OutboxEntry, ...]:
    """Take due rows for sending; the attempt and the time of the next one are recorded first.

    Rows of a ticket leave in order: one that has an earlier unsent row to the same recipient waits.
    Rows whose claim has expired are due again.
    """
    earlier = OUTBOX.alias("earlier")
    waits = exists().where(
        earlier.c.ticket_id == OUTBOX.c.ticket_id,
        earlier.c.recipient == OUTBOX.c.recipient,
        earlier.c.id < OUTBOX.c.id,
        earlier.c.next_at.is_not(None),
    )
    due = (
        select(OUTBOX.c.id)
        .where(OUTBOX.c.next_at <= now, or_(OUTBOX.c.ticket_id.is_(None), ~waits))
        .order_by(OUTBOX.c.rank, OUTBOX.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = tuple(tx.connection.execute(due).scalars())
    if not ids:
        return ()
    tx.connection.execute(
        update(OUTBOX)
        .where(OUTBOX.c.id.in_(ids))
        .values(state=OutboxState.CLAIMED.value, claim=holder, attempts=OUTBOX.c.attempts + 1, next_at=until)
    )
    rows = tx.connection.execute(
        select(OUTBOX).where(OUTBOX.c.id.in_(ids)).order_by(OUTBOX.c.rank, OUTBOX.c.id)
    )
    return tuple(map(_entry, rows))


def settle(tx: Transaction, holder: str, settlements: Sequence[Settlement]) -> None:
    """Record replies, for rows that are still this holder's."""
    if settlements:
        tx.connection.execute(
            _SETTLE,
            [
                {
                    "b_id": s.id, "b_holder": holder, "state": s.state.value, "reply": s.reply,
                    "next_at": s.next_at, "sent_at": s.at if s.state is OutboxState.SENT else None,
                    "b_ambiguous": int(s.ambiguous),
                }
                for s in settlements
            ],
        )  # fmt: skip


def give_back(tx: Transaction, holder: str, *, now: datetime, ids: Sequence[int] | None = None) -> int:
    """Make rows that this holder claimed and never tried due again: after a restart, or a spent rate."""
    claimed = OUTBOX.c.state == OutboxState.CLAIMED.value
    mine = and_(OUTBOX.c.claim == holder, claimed, OUTBOX.c.next_at.is_not(None))
    if ids is not None:
        mine = and_(mine, OUTBOX.c.id.in_(ids))
    back = update(OUTBOX).where(mine).values(state=OutboxState.READY.value, claim="", next_at=now)
    if ids is not None:
        back = back.values(attempts=OUTBOX.c.attempts - 1)
    return tx.connection.execute(back).rowcount


def next_due(tx: Transaction) -> datetime | None:
    """When the next mail may leave; None when nothing is owed."""
    value: datetime | None = tx.connection.execute(
        select(OUTBOX.c.next_at).where(OUTBOX.c.next_at.is_not(None)).order_by(OUTBOX.c.next_at).limit(1)
    ).scalar()
    return value


def counts(tx: Transaction) -> dict[str, int]:
    """How many rows are in each state."""
    rows = tx.connection.execute(select(OUTBOX.c.state, func.count()).group_by(OUTBOX.c.state))
    return {row[0]: row[1] for row in rows}


def oldest_unsent(tx: Transaction) -> datetime | None:
    """When the oldest mail that still waits was written."""
    value: datetime | None = tx.connection.execute(
        select(func.min(OUTBOX.c.created_at)).where(OUTBOX.c.next_at.is_not(None))
    ).scalar()
    return value


def sent_instants(tx: Transaction, since: datetime) -> list[datetime]:
    """When each mail since an instant left: what the provider's limits count."""
    left = select(OUTBOX.c.sent_at).where(OUTBOX.c.sent_at > since).order_by(OUTBOX.c.sent_at)
    return list(tx.connection.execute(left).scalars())


def ambiguous_tries(tx: Transaction, id_: int) -> int:
    """How often the reply to the end of the data was never seen."""
    return int(tx.connection.execute(select(OUTBOX.c.ambiguous).where(OUTBOX.c.id == id_)).scalar() or 0)


def _entry(row: Any) -> OutboxEntry:
    return OutboxEntry(
        id=row.id, mail_id=row.mail_id, ticket_id=row.ticket_id, kind=MessageKind(row.kind),
        recipient=row.recipient, message_id=row.message_id, attempts=row.attempts, created_at=row.created_at,
        content=zstandard.ZstdDecompressor().decompress(row.content),
    )  # fmt: skip


_OWE = insert(OUTBOX)
_IS_OWED = select(OUTBOX.c.id).where(OUTBOX.c.owed == bindparam("wanted"))
_SETTLE = (
    update(OUTBOX)
    .where(OUTBOX.c.id == bindparam("b_id"), OUTBOX.c.claim == bindparam("b_holder"))
    .values(
        state=bindparam("state"), reply=bindparam("reply"), next_at=bindparam("next_at"),
        sent_at=bindparam("sent_at"), ambiguous=OUTBOX.c.ambiguous + bindparam("b_ambiguous"), claim="",
    )
)  # fmt: skip
