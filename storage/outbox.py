"""The outbox: mails that we owe, claimed before the connection and settled after the reply.

Stands beside ``store``. What is owed is written in the transaction that decided it (``owe``); the
courier claims rows with the time of the next attempt already recorded, so that whatever dies in between
still waits its turn (notes on reliability, section 5, steps 7 to 9). A person may intervene at any
moment: what is claimed just then is left alone. Raises ``database.Unavailable``.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import zstandard
from sqlalchemy import and_, bindparam, exists, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from storage.records import HELD_BY, Event, MessageKind, OutboxEntry, OutboxState, OwedLetter
from storage.store import OUTBOX, Transaction, in_parts

# Who goes first when the provider's rate is spent: an answer that a person waits for, then the rest.
RANKS = {
    MessageKind.RELAY: 0,
    MessageKind.INVITATION: 0,
    MessageKind.CONSULTATION: 1,
    MessageKind.RECEIPT: 1,
    MessageKind.ANSWER: 1,
    MessageKind.ALERT: 2,
    MessageKind.WARNING: 2,
    MessageKind.TROUBLE: 2,
    MessageKind.NOTIFICATION: 3,
    MessageKind.DIGEST: 3,
}
# In the place of a server's reply, where that is not known.
SEEN = "it was seen where it arrived, or among sent mail"
# What is written without a person: the budgets count these.
AUTOMATIC_ANSWERS = (MessageKind.RECEIPT, MessageKind.ANSWER)


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
    held: str = "",
) -> None:
    """Write a mail that we owe, or that we would owe but for the reason given.

    Args:
        owed: what it is owed for, such as ``receipt:1042``: unique, so that nothing is owed twice.
        suppressed: why it must not leave; recorded in its place.
        held: why it waits until a person releases it, whole: what a person wrote is never suppressed.
    """
    state = OutboxState.SUPPRESSED if suppressed else OutboxState.HELD if held else OutboxState.READY
    due_at = not_before or now
    tx.connection.execute(
        _OWE,
        {
            "owed": owed, "mail_id": mail_id, "ticket_id": ticket_id, "kind": kind.value,
            "recipient": recipient.casefold(), "domain": recipient.casefold().rpartition("@")[2],
            "message_id": message_id, "subject": subject, "sha256": sha256,
            "content": b"" if suppressed else zstandard.ZstdCompressor(level=3).compress(content),
            "state": state.value,
            "rank": RANKS.get(kind, 3), "attempts": 0, "ambiguous": 0, "created_at": now, "due_at": due_at,
            "next_at": due_at if state is OutboxState.READY else None, "claim": "", "sent_at": None,
            "reply": suppressed or held,
        },
    )  # fmt: skip


@contextmanager
def at_most_once(tx: Transaction) -> Iterator[None]:
    """What another process has owed meanwhile is not owed again: all that is written inside is undone."""
    try:
        with tx.savepoint():
            yield
    except IntegrityError:
        return


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


def settle(tx: Transaction, holder: str, settlement: Settlement) -> bool:
    """Record a reply; False where the row is no longer this holder's, and nothing was recorded."""
    sent_at = settlement.at if settlement.state is OutboxState.SENT else None
    settled = tx.connection.execute(
        _SETTLE,
        {
            "b_id": settlement.id, "b_holder": holder, "state": settlement.state.value,
            "reply": settlement.reply, "next_at": settlement.next_at, "sent_at": sent_at,
            "b_ambiguous": int(settlement.ambiguous),
        },
    )  # fmt: skip
    return settled.rowcount == 1


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


def withhold_all(tx: Transaction, reason: str) -> int:
    """Nothing that is owed leaves, and each row says why; returns how many there were."""
    waiting = update(OUTBOX).where(OUTBOX.c.next_at.is_not(None))
    withheld = waiting.values(state=OutboxState.SUPPRESSED.value, next_at=None, claim="", reply=reason)
    return tx.connection.execute(withheld).rowcount


def note_seen(tx: Transaction, message_ids: Iterable[str], *, at: datetime) -> None:
    """Letters that lie in a folder of sent mail, or that somebody answers, have left: they leave only once.

    Nobody knows it yet where a server took a letter and its reply was lost, and where the state was put back
    from a backup that was made before the letter left.
    """
    seen = {"state": OutboxState.SENT.value, "next_at": None, "sent_at": at, "reply": SEEN}
    for part in in_parts(message_ids):
        tx.connection.execute(_SEEN.values(seen), {"wanted": part})


def wait(tx: Transaction, *, until: datetime) -> int:
    """Nothing that is owed leaves before an instant; returns how many letters this holds up."""
    due = update(OUTBOX).where(OUTBOX.c.next_at < until)
    return tx.connection.execute(due.values(next_at=until)).rowcount


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """The mails that should have left and have not. ``due_at``: of the one that waits longest; ``untried``:
    since when the next attempt at one of them is overdue; ``domains``: of how many their recipients are."""

    due_at: datetime | None
    untried: datetime | None
    domains: int


def waiting(tx: Transaction, *, since: datetime) -> Waiting:
    """What waits although it was due at an instant, or before it."""
    row = tx.connection.execute(
        select(
            func.min(OUTBOX.c.due_at), func.min(OUTBOX.c.next_at), func.count(OUTBOX.c.domain.distinct())
        ).where(OUTBOX.c.next_at.is_not(None), OUTBOX.c.due_at <= since)
    ).one()
    return Waiting(due_at=row[0], untried=row[1], domains=int(row[2]))


def last_sent(tx: Transaction, *, since: datetime) -> datetime | None:
    """When a mail left last; None when none has since an instant."""
    left = select(OUTBOX.c.sent_at).where(OUTBOX.c.sent_at > since).order_by(OUTBOX.c.sent_at.desc())
    value: datetime | None = tx.connection.execute(left.limit(1)).scalar()
    return value


def withheld(tx: Transaction, *, since: datetime) -> tuple[tuple[datetime, str], ...]:
    """(instant, reason) of each answer that was written since an instant and did not leave for its reason:
    the last one first. What a person holds is no trouble."""
    rows = tx.connection.execute(
        select(OUTBOX.c.created_at, OUTBOX.c.reply)
        .where(
            OUTBOX.c.kind.in_([kind.value for kind in (*AUTOMATIC_ANSWERS, MessageKind.RELAY)]),
            OUTBOX.c.created_at > since,
            OUTBOX.c.state.in_((OutboxState.SUPPRESSED.value, OutboxState.HELD.value)),
            OUTBOX.c.reply.not_like(f"{HELD_BY}%"),
        )
        .order_by(OUTBOX.c.created_at.desc())
    )
    return tuple((row.created_at, row.reply) for row in rows)


def undelivered(tx: Transaction, ticket_ids: Iterable[int]) -> dict[int, int]:
    """Ticket -> how many of its letters did not arrive, or may not have."""
    lost = select(OUTBOX.c.ticket_id, func.count()).where(
        OUTBOX.c.ticket_id.in_(bindparam("wanted", expanding=True)),
        OUTBOX.c.state.in_((OutboxState.FAILED.value, OutboxState.UNCERTAIN.value)),
    )
    by_ticket = lost.group_by(OUTBOX.c.ticket_id)
    parts = (tx.connection.execute(by_ticket, {"wanted": part}) for part in in_parts(ticket_ids))
    return {row[0]: row[1] for rows in parts for row in rows}


def written(
    tx: Transaction, recipients: Iterable[str], kind: MessageKind, *, since: datetime
) -> dict[str, int]:
    """How many letters of a kind were written since an instant to each of these, by address case folded."""
    count = (
        select(OUTBOX.c.recipient, func.count())
        .where(
            OUTBOX.c.recipient.in_(bindparam("wanted", expanding=True)),
            OUTBOX.c.kind == kind.value, OUTBOX.c.created_at > since,
        )
        .group_by(OUTBOX.c.recipient)
    )  # fmt: skip
    parts = (
        tx.connection.execute(count, {"wanted": part}) for part in in_parts(map(str.casefold, recipients))
    )
    return {row[0]: row[1] for rows in parts for row in rows}


def were_written(tx: Transaction, kind: MessageKind, *, since: datetime, count: int) -> bool:
    """At least so many letters of a kind were written since an instant, to whomever."""
    last = select(OUTBOX.c.id).where(OUTBOX.c.kind == kind.value, OUTBOX.c.created_at > since)
    return tx.connection.execute(last.offset(max(0, count - 1)).limit(1)).first() is not None


def sent_instants(tx: Transaction, since: datetime) -> list[datetime]:
    """When each mail since an instant left: what the provider's limits count."""
    left = select(OUTBOX.c.sent_at).where(OUTBOX.c.sent_at > since).order_by(OUTBOX.c.sent_at)
    return list(tx.connection.execute(left).scalars())


def _entry(row: Any) -> OutboxEntry:
    return OutboxEntry(
        id=row.id, mail_id=row.mail_id, ticket_id=row.ticket_id, kind=MessageKind(row.kind),
        recipient=row.recipient, message_id=row.message_id, attempts=row.attempts, created_at=row.created_at,
        due_at=row.due_at or row.created_at, ambiguous=row.ambiguous,
        content=zstandard.ZstdDecompressor().decompress(row.content),
    )  # fmt: skip


# ---------------------------------------------------------------------- people look, and intervene


class Act(StrEnum):
    """What a person may do with a letter that has not left."""

    HOLD = "hold"
    RELEASE = "release"
    RETRY = "retry"
    DROP = "drop"


# On which letters each act works; every other pair is refused with a reason.
POSSIBLE: Mapping[Act, frozenset[OutboxState]] = {
    Act.HOLD: frozenset({OutboxState.READY}),
    Act.RELEASE: frozenset({OutboxState.HELD}),
    Act.RETRY: frozenset({OutboxState.READY, OutboxState.FAILED, OutboxState.UNCERTAIN}),
    Act.DROP: frozenset({OutboxState.READY, OutboxState.HELD, OutboxState.FAILED, OutboxState.UNCERTAIN}),
}
_LOOKED_AT = [OUTBOX.c[name] for name in OwedLetter.__dataclass_fields__]
# The word of the story for each.
_DONE = {Act.HOLD: "held", Act.RELEASE: "released", Act.RETRY: "retried", Act.DROP: "dropped"}


def letters(
    tx: Transaction, states: Iterable[OutboxState], *, ids: Sequence[int] = ()
) -> tuple[OwedLetter, ...]:
    """The letters in these states, by number; only those of ``ids`` where any are given."""
    wanted = select(*_LOOKED_AT).where(OUTBOX.c.state.in_([state.value for state in states]))
    if ids:
        wanted = wanted.where(OUTBOX.c.id.in_(ids))
    return tuple(map(_letter, tx.connection.execute(wanted.order_by(OUTBOX.c.id))))


def letters_of(tx: Transaction, cause: str) -> tuple[OwedLetter, ...]:
    """All that one cause made us write, by number; no courier takes one of them until the commit."""
    wanted = select(*_LOOKED_AT).where(OUTBOX.c.mail_id == cause).order_by(OUTBOX.c.id)
    return tuple(map(_letter, tx.connection.execute(wanted.with_for_update())))


def letter(tx: Transaction, id_: int) -> OwedLetter | None:
    """One letter; None for a number that none has."""
    row = tx.connection.execute(select(*_LOOKED_AT).where(OUTBOX.c.id == id_)).first()
    return None if row is None else _letter(row)


def content(tx: Transaction, id_: int) -> bytes:
    """The bytes of a letter; empty where it was suppressed."""
    kept = tx.connection.execute(select(OUTBOX.c.content).where(OUTBOX.c.id == id_)).scalar()
    return zstandard.ZstdDecompressor().decompress(kept) if kept else b""


def is_being_sent(found: OwedLetter, now: datetime) -> bool:
    """A courier holds it, and his claim is not over."""
    return found.state is OutboxState.CLAIMED and found.next_at is not None and found.next_at > now


def is_possible(found: OwedLetter, act: Act, now: datetime) -> bool:
    """Whether an act makes sense for a letter as it stands."""
    # Whoever held an expired claim is gone; it waits like any other.
    waits = found.state is OutboxState.CLAIMED and not is_being_sent(found, now)
    return (OutboxState.READY if waits else found.state) in POSSIBLE[act]


def intervene(tx: Transaction, id_: int, act: Act, *, by: str, now: datetime) -> OwedLetter | None:
    """Do what a person asks with one letter, and write it into the story of its ticket.

    Args:
        by: who asks, such as ``operator:anne``.

    Returns:
        The letter as it was found; nothing was done where the act was not ``is_possible`` for it. None:
        there is no such letter.
    """
    row = tx.connection.execute(select(*_LOOKED_AT).where(OUTBOX.c.id == id_).with_for_update()).first()
    if row is None:
        return None
    found = _letter(row)
    if not is_possible(found, act, now):
        return found
    tx.connection.execute(update(OUTBOX).where(OUTBOX.c.id == id_).values(_changed(act, found, by, now)))
    if act is Act.DROP:
        unacknowledge(tx, found)
    elif act is Act.RETRY and found.state is OutboxState.FAILED:
        unacknowledge(tx, found, at=now)
    detail = {"outbox": id_, "kind": found.kind, "to": found.recipient, "was": found.state}
    tx.add_events(
        [
            Event(
                ticket_id=found.ticket_id, at=now, kind=f"letter_{_DONE[act]}", actor=by,
                cause=found.mail_id, detail=json.dumps(detail | {"attempts": found.attempts}),
            )
        ]
    )  # fmt: skip
    return found


def unacknowledge(tx: Transaction, receipt: OwedLetter | OutboxEntry, *, at: datetime | None = None) -> None:
    """A ticket whose receipt will not leave was never acknowledged; ``at``: since when it is owed again."""
    if receipt.kind is MessageKind.RECEIPT and receipt.ticket_id is not None:
        tx.change_ticket(receipt.ticket_id, acked_at=at)


def _changed(act: Act, found: OwedLetter, by: str, now: datetime) -> dict[str, Any]:
    match act:
        case Act.HOLD:
            return {"state": OutboxState.HELD.value, "next_at": None, "claim": "", "reply": f"{HELD_BY}{by}"}
        case Act.DROP:
            return {
                "state": OutboxState.DROPPED.value, "next_at": None, "claim": "", "reply": f"dropped by {by}",
            }  # fmt: skip
        case Act.RETRY if found.state in POSSIBLE[Act.HOLD] | {OutboxState.CLAIMED}:
            return {"state": OutboxState.READY.value, "next_at": now, "claim": ""}
        case _:
            # What was over, or held, begins anew: its first attempts are close together again.
            return {
                "state": OutboxState.READY.value, "next_at": now, "due_at": now, "attempts": 0,
                "ambiguous": 0, "claim": "",
            }  # fmt: skip


def _letter(row: Any) -> OwedLetter:
    values = dict(row._mapping)
    return OwedLetter(
        **values | {
            "kind": MessageKind(row.kind), "state": OutboxState(row.state),
            "due_at": row.due_at or row.created_at,
        }
    )  # fmt: skip


_OWE = insert(OUTBOX)
_UNSEEN = (OutboxState.READY.value, OutboxState.HELD.value, OutboxState.UNCERTAIN.value)
_SEEN = update(OUTBOX).where(
    OUTBOX.c.message_id.in_(bindparam("wanted", expanding=True)), OUTBOX.c.state.in_(_UNSEEN)
)
_IS_OWED = select(OUTBOX.c.id).where(OUTBOX.c.owed == bindparam("wanted"))
_SETTLE = (
    update(OUTBOX)
    .where(OUTBOX.c.id == bindparam("b_id"), OUTBOX.c.claim == bindparam("b_holder"))
    .values(
        state=bindparam("state"), reply=bindparam("reply"), next_at=bindparam("next_at"),
        sent_at=bindparam("sent_at"), ambiguous=OUTBOX.c.ambiguous + bindparam("b_ambiguous"), claim="",
    )
)  # fmt: skip
