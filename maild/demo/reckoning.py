"""The reckoning at the end: what came, what became of it, and whether it is all as it should be.

Stands behind the rehearsal: it reads the ledger, the letters that came to the post office, and what was put
into the mailbox, and compares them. Nothing is counted while the play goes on, so nothing can be claimed that
is not in the books. Raises what ``storage`` raises.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from maild.demo.onlooker import MACHINES, OWED, Board, Onlooker, Posted, why_silent
from storage import outbox
from storage.records import MessageKind, OutboxState, StoredMessage, Ticket
from storage.store import Transaction

# The scenes that no person wrote.
_PROGRAMS = ("absence", "lettre", "non-remis")


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """A mail that was not answered automatically, and why. ``ticket``: where it can be read."""

    ticket: int
    subject: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reckoning:
    """What the books say. ``lost``, ``doubled``: mails by name. ``problems``: what is not as it should be."""

    board: Board
    received: int
    receipts: int
    notifications: int
    relays: int
    threaded: tuple[StoredMessage, ...]
    silences: tuple[Silence, ...]
    near: tuple[Ticket, ...]
    taken: tuple[Ticket, ...]
    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    problems: tuple[str, ...]


def reckon(seen: Onlooker, tx: Transaction, now: datetime, ending: str) -> Reckoning:
    """Compare what was put in with what is in the books, and the books with what came out.

    ``ending``: why the rehearsal ended too soon, "" when it did not.
    """
    tickets = tuple(tx.tickets())
    rows = {mail.name: _rows(tx, mail) for mail in seen.posted}
    kept = tuple(row for found in rows.values() for row in found)
    near = tuple(t for t in tickets if any(e.kind == "near_limit" for e in tx.events(ticket_id=t.id)))
    lost = tuple(mail.name for mail in seen.posted if not any(_is(mail, row) for row in rows[mail.name]))
    doubled = (*(name for name, found in rows.items() if len(found) > 1), *_sent_twice(seen))
    threaded = tuple(row for row in kept if row.kind == MessageKind.REPLY)
    silences = tuple(_silence(row) for row in kept if row.kind in MACHINES)
    told = ending and f"l’histoire n’est pas allée à son terme\u00a0: {ending}"
    story = () if ending else _story(threaded, silences, near, seen)
    problems = (told, *_books(lost, doubled, seen, tx, kept), *story)
    return Reckoning(
        board=Board(now=now, tickets=tickets),
        received=len(seen.posted),
        receipts=_count(seen, MessageKind.RECEIPT),
        notifications=_count(seen, MessageKind.NOTIFICATION),
        relays=len({row.message_id for row in kept if row.kind == MessageKind.RELAY}),
        threaded=threaded,
        silences=silences,
        near=near,
        taken=tuple(t for t in tickets if t.taken_at is not None),
        lost=lost,
        doubled=doubled,
        problems=tuple(filter(None, problems)),
    )


def _rows(tx: Transaction, mail: Posted) -> tuple[StoredMessage, ...]:
    """The rows of the ledger for a mail that was put in; what we owe has a state, what came in has none."""
    return tuple(row for row in tx.find_messages(mail.message_id) if not row.state)


def _is(mail: Posted, row: StoredMessage) -> bool:
    return row.sha256 == mail.sha256 and row.ticket_id is not None


def _count(seen: Onlooker, kind: MessageKind) -> int:
    return sum(letter.kind == kind for letter in seen.letters)


def _silence(row: StoredMessage) -> Silence:
    return Silence(ticket=row.ticket_id or 0, subject=row.subject, why=why_silent(row))


def _sent_twice(seen: Onlooker) -> Iterator[str]:
    """Letters that came more than once, and tickets that got more than one receipt."""
    letters = Counter((x.mail.message_id, x.delivered.recipient) for x in seen.letters)
    yield from (id_ for (id_, _), count in letters.items() if count > 1)
    receipts = Counter(x.stored.ticket_id for x in seen.letters if x.stored and x.kind == MessageKind.RECEIPT)
    yield from (seen.number(ticket) for ticket, count in receipts.items() if ticket and count > 1)


def _books(
    lost: tuple[str, ...],
    doubled: tuple[str, ...],
    seen: Onlooker,
    tx: Transaction,
    kept: tuple[StoredMessage, ...],
) -> Iterator[str]:
    """What must hold whatever was played."""
    if lost:
        yield f"perdu\u00a0: {', '.join(lost)}"
    if doubled:
        yield f"en double\u00a0: {', '.join(doubled)}"
    requests, receipts = (
        sum(row.kind == MessageKind.REQUEST for row in kept),
        _count(seen, MessageKind.RECEIPT),
    )
    if receipts != requests:
        yield f"{receipts} accusés pour {requests} demandes"
    states = outbox.counts(tx)
    if waiting := sum(states.get(state, 0) for state in OWED):
        yield f"{waiting} lettres attendent encore de partir"
    if (sent := states.get(OutboxState.SENT.value, 0)) != len(seen.letters):
        yield f"{sent} lettres parties, {len(seen.letters)} arrivées à la poste"
    if failed := states.get(OutboxState.FAILED.value, 0) + states.get(OutboxState.UNCERTAIN.value, 0):
        yield f"{failed} lettres n’ont pas pu partir"
    machines = {row.message_id for row in kept if row.kind in MACHINES}
    if answered := [x.mail.subject for x in seen.letters if machines & set(x.mail.in_reply_to)]:
        yield f"un programme a reçu une réponse\u00a0: {', '.join(answered)}"


def _story(
    threaded: tuple[StoredMessage, ...],
    silences: tuple[Silence, ...],
    near: tuple[Ticket, ...],
    seen: Onlooker,
) -> Iterator[str]:
    """What this story in particular must have shown."""
    if not threaded:
        yield "la suite n’a pas rejoint son ticket"
    if len(silences) != len(_PROGRAMS):
        yield f"{len(silences)} mails de programmes reconnus, {len(_PROGRAMS)} attendus"
    if not near or not seen.ever_marked:
        yield "aucun ticket n’a été signalé à l’approche de sa limite"
    if not any(ticket.assignee for ticket in near):
        yield "le ticket proche de sa limite n’a pas été pris en charge"
    if seen.marked:
        yield "la marque \\Flagged n’a pas été retirée"
