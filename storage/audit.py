"""The audit: whether the tables of the ledger bear each other out, mail by mail.

Stands beside ``store``; ``maild reconcile`` asks it while the daemon writes. Each question is one statement,
so its answer is of one moment, and goes through narrow indexes: what differs is a set of numbers, and only
the few that differ are looked up to be named. Raises ``database.Unavailable``.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Row, Select, distinct, except_, func, select

from storage.records import MessageKind, OutboxState, SightingState
from storage.store import MESSAGE, MOST_VALUES, OUTBOX, RAW, SIGHTING, TICKET, Transaction

# Made for mails without a Message-ID; without a Date as well, two equal ones may be two mails.
_MADE_ID = "%@maild.invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """Something that is not there, or there more than once; ``mail_id``: of the mail that it is about."""

    why: str
    doubled: bool = False
    mail_id: str = ""
    message_id: str = ""
    ticket_id: int | None = None
    maildrop_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipts:
    """The receipts of the desk: owed to tickets, and how many are in each state of the outbox."""

    owed: int
    states: dict[str, int]


def sightings(tx: Transaction) -> dict[int, Counter[tuple[int, str]]]:
    """Maildrop -> how many sightings there are in each (UIDVALIDITY, state)."""
    key = (SIGHTING.c.maildrop_id, SIGHTING.c.uidvalidity, SIGHTING.c.state)
    found: dict[int, Counter[tuple[int, str]]] = defaultdict(Counter)
    for row in tx.connection.execute(select(*key, func.count().label("number")).group_by(*key)):
        found[row.maildrop_id][row.uidvalidity, row.state] += row.number
    return found


def receipts(tx: Transaction) -> Receipts:
    """Counts alone: no letter is read."""
    owed = select(func.count()).select_from(TICKET).where(TICKET.c.acked_at.is_not(None))
    states = select(OUTBOX.c.state, func.count()).where(_IS_RECEIPT).group_by(OUTBOX.c.state)
    return Receipts(
        owed=int(tx.connection.execute(owed).scalar() or 0),
        states={row[0]: row[1] for row in tx.connection.execute(states)},
    )


_ON_A_TICKET = (SightingState.FILED, SightingState.QUARANTINED, SightingState.DISCARDED)


def flaws(tx: Transaction) -> tuple[Flaw, ...]:
    """Everything that one table says and another does not bear out, each with the maildrop it came by."""
    found = [
        *_bytes_gone(tx), *_never_filed(tx), *_never_seen(tx), *_without_ticket(tx),
        *_filed_twice(tx), *_receipts_gone(tx), *_receipts_doubled(tx),
    ]  # fmt: skip
    maildrops = _maildrops(tx, (flaw.mail_id for flaw in found)) if found else {}
    return tuple(replace(flaw, maildrop_id=maildrops.get(flaw.mail_id)) for flaw in found)


def _numbers(tx: Transaction, here: Select[Any], there: Select[Any]) -> list[int]:
    """The numbers that the first select has and the second has not."""
    return sorted(tx.connection.execute(except_(here, there)).scalars())


def _named(tx: Transaction, wanted: Select[Any], column: Any, values: Iterable[Any]) -> Iterator[Row[Any]]:
    """The rows of a select whose column has one of these values, in parts."""
    everything = sorted(set(values))
    for at in range(0, len(everything), MOST_VALUES):
        yield from tx.connection.execute(wanted.where(column.in_(everything[at : at + MOST_VALUES])))


def _maildrops(tx: Transaction, mail_ids: Iterable[str]) -> dict[str, int]:
    by = select(SIGHTING.c.mail_id, SIGHTING.c.maildrop_id)
    return {row.mail_id: row.maildrop_id for row in _named(tx, by, SIGHTING.c.mail_id, mail_ids)}


# --- a sighting without its bytes, or without its message ---------------------------------------------------


def _bytes_gone(tx: Transaction) -> Iterator[Flaw]:
    gone = _numbers(tx, select(SIGHTING.c.raw_id).where(SIGHTING.c.raw_id.is_not(None)), select(RAW.c.id))
    for row in _named(tx, _SEEN, SIGHTING.c.raw_id, gone):
        yield Flaw(why="its raw bytes are gone", mail_id=row.mail_id)


def _never_filed(tx: Transaction) -> Iterator[Flaw]:
    filed = SIGHTING.c.state.in_([state.value for state in _ON_A_TICKET])
    for row in tx.connection.execute(_SEEN.where(filed, SIGHTING.c.message_id.is_(None))):
        yield Flaw(why="it counts as filed, and no message says so", mail_id=row.mail_id)
    there = select(SIGHTING.c.message_id).where(SIGHTING.c.message_id.is_not(None))
    for row in _named(tx, _SEEN, SIGHTING.c.message_id, _numbers(tx, there, select(MESSAGE.c.id))):
        yield Flaw(why="its message is gone", mail_id=row.mail_id)


# --- a message without its sighting, or without its ticket --------------------------------------------------


def _never_seen(tx: Transaction) -> Iterator[Flaw]:
    """A message that no maildrop brought: its sighting is lost, or it stands beside another of its bytes."""
    seen = select(SIGHTING.c.message_id).where(SIGHTING.c.message_id.is_not(None))
    alone = list(_named(tx, _MESSAGES, MESSAGE.c.id, _numbers(tx, select(MESSAGE.c.id), seen)))
    others = Counter(row.raw_id for row in _named(tx, _MESSAGES, MESSAGE.c.raw_id, {r.raw_id for r in alone}))
    for row in alone:
        if others[row.raw_id] > 1:
            yield _flaw(row, "the same mail is filed more than once", doubled=True)
        else:
            yield _flaw(row, "nothing says in which maildrop it was seen")


def _without_ticket(tx: Transaction) -> Iterator[Flaw]:
    """Only an agent's order may be on none, such as for the list of his tickets."""
    nowhere = MESSAGE.c.ticket_id.is_(None) & (MESSAGE.c.kind != MessageKind.COMMAND.value)
    none = tx.connection.execute(_MESSAGES.where(nowhere)).all()
    named = select(MESSAGE.c.ticket_id).where(MESSAGE.c.ticket_id.is_not(None))
    gone = _named(tx, _MESSAGES, MESSAGE.c.ticket_id, _numbers(tx, named, select(TICKET.c.id)))
    for row in (*none, *gone):
        yield _flaw(row, "it is on no ticket")


# --- one mail, two messages ---------------------------------------------------------------------------------


def _filed_twice(tx: Transaction) -> Iterator[Flaw]:
    """Equal bytes, or two requests of one Message-ID, sender and date: each is one mail (see ``twins``)."""
    yield from _same_bytes(tx)
    again = select(MESSAGE.c.message_id).group_by(MESSAGE.c.message_id).having(func.count() > 1)
    requests: dict[tuple[object, ...], list[Any]] = defaultdict(list)
    for row in _named(tx, _MESSAGES, MESSAGE.c.message_id, tx.connection.execute(again).scalars()):
        if row.kind == MessageKind.REQUEST.value:
            requests[row.message_id, row.sender_address, row.sent_at].append(row)
    for rows in requests.values():
        for row in rows[1:]:
            yield _flaw(row, f"it opened a ticket a second time: {rows[0].mail_id} is the same", doubled=True)


def _same_bytes(tx: Transaction) -> Iterator[Flaw]:
    many = func.count(distinct(SIGHTING.c.message_id)) > 1
    raws = select(SIGHTING.c.raw_id).where(SIGHTING.c.message_id.is_not(None)).group_by(SIGHTING.c.raw_id)
    shared = tx.connection.execute(raws.having(many)).scalars().all()
    nameless = MESSAGE.c.message_id.like(_MADE_ID) & MESSAGE.c.sent_at.is_(None)
    first: dict[int, str] = {}
    for row in _named(tx, _MESSAGES.where(~nameless), MESSAGE.c.raw_id, shared):
        if row.raw_id in first:
            yield _flaw(row, f"the same mail is filed as {first[row.raw_id]}", doubled=True)
        first.setdefault(row.raw_id, row.mail_id)


# --- receipts -----------------------------------------------------------------------------------------------


def _receipts_gone(tx: Transaction) -> Iterator[Flaw]:
    """A ticket that was promised a receipt, and the outbox knows of none."""
    promised = select(TICKET.c.id).where(TICKET.c.acked_at.is_not(None))
    gone = _numbers(tx, promised, select(OUTBOX.c.ticket_id).where(_IS_RECEIPT))
    first: dict[int, Any] = {}
    for row in _named(tx, _MESSAGES, MESSAGE.c.ticket_id, gone):
        first.setdefault(row.ticket_id, row)
    for ticket in gone:
        mail_id = first[ticket].mail_id if ticket in first else ""
        yield Flaw(why="its receipt is not in the outbox", mail_id=mail_id, ticket_id=ticket)


def _receipts_doubled(tx: Transaction) -> Iterator[Flaw]:
    """Of one ticket for one person; a ticket that was handed over has one for each."""
    left = OUTBOX.c.owed.like("receipt:%") & OUTBOX.c.state.not_in(
        (OutboxState.SUPPRESSED.value, OutboxState.DROPPED.value)
    )
    whose = (OUTBOX.c.ticket_id, OUTBOX.c.recipient)
    many = select(OUTBOX.c.ticket_id).where(left).group_by(*whose).having(func.count() > 1)
    letters = select(OUTBOX.c.mail_id, OUTBOX.c.message_id, *whose).where(left)
    first: set[tuple[int, str]] = set()
    tickets = tx.connection.execute(many).scalars().all()
    for row in _named(tx, letters.order_by(OUTBOX.c.id), OUTBOX.c.ticket_id, tickets):
        if (row.ticket_id, row.recipient) in first:
            yield _flaw(row, "a second receipt for one ticket", doubled=True)
        first.add((row.ticket_id, row.recipient))


def _flaw(row: Any, why: str, *, doubled: bool = False) -> Flaw:
    return Flaw(
        why=why, doubled=doubled, mail_id=row.mail_id, message_id=row.message_id, ticket_id=row.ticket_id
    )


_IS_RECEIPT = OUTBOX.c.kind == MessageKind.RECEIPT.value
_SEEN = select(SIGHTING.c.mail_id).order_by(SIGHTING.c.id)
_MESSAGES = select(
    MESSAGE.c.id, MESSAGE.c.mail_id, MESSAGE.c.message_id, MESSAGE.c.ticket_id, MESSAGE.c.raw_id,
    MESSAGE.c.kind, MESSAGE.c.sender_address, MESSAGE.c.sent_at,
).order_by(MESSAGE.c.id)  # fmt: skip
