"""What the ledger holds of a person, and how it is made to hold it no longer.

Stands beside ``store``; asked by ``maild.privacy`` and ``maild.retention``. What is erased keeps its row, its
numbers, instants and digests, so that figures and comparisons stay what they were: only who it was and what
was said is gone. A mail that was erased is known again by the digest of its Message-ID and by its canonical
digest (``Transaction.twins``). Raises ``database.Unavailable``.
"""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, Text, bindparam, case, cast, delete, func, insert, or_, select, update
from sqlmodel import SQLModel

from storage.handling import CALL, CONSULTATION, VISIT
from storage.records import (
    ERASED_ADDRESS,
    MessageKind,
    OutboxState,
    SightingState,
    Status,
    VisitState,
)
from storage.standings import SETTLED
from storage.store import (
    ATTACHMENT,
    CLOCK,
    ERASED,
    ERASED_ID,
    EVENT,
    LEASE,
    MAILDROP,
    MESSAGE,
    MUTE,
    OPEN,
    OUTBOX,
    PARTICIPANT,
    RAW,
    REFERENCE,
    SIGHTING,
    TICKET,
    Transaction,
    digest_of,
    erased_id,
    expand,
    in_parts,
)
from storage.tables import TroubleRow

TROUBLE = SQLModel.metadata.tables[str(TroubleRow.__tablename__)]

# What stands where something was erased.
WORDS = "(erased)"
_REASONS = json.dumps(["its content was erased"])
# What a person of outside says on somebody else's ticket; everything else on a ticket is about its requester.
_SAID = (MessageKind.REQUEST.value, MessageKind.REPLY.value, MessageKind.COPY.value)
# Has not left, and must not any more.
_WAITS = (OutboxState.READY.value, OutboxState.CLAIMED.value, OutboxState.HELD.value)
_AT_ONCE = 200

# ---------------------------------------------------------------------- what there is


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """Rows that hold something of a person.

    ``tickets``: those that he asked for; ``shared``: those of others on which he took part. ``messages``:
    that he wrote, and what the desk wrote on his tickets; ``letters``: to him, about his tickets, and what
    his mails made us write. ``kept``: mails of others on any of these tickets.
    """

    tickets: tuple[int, ...]
    shared: tuple[int, ...]
    messages: tuple[int, ...]
    letters: tuple[int, ...]
    kept: tuple[int, ...]


def holdings(tx: Transaction, person: Collection[str], house: Collection[str]) -> Holdings:
    """What belongs to a person by what the tables say.

    Args:
        person: the spellings of his address, case folded.
        house: the addresses of the desk's own people, whose words on his ticket are about him.
    """
    own = set(_scalars(tx, select(TICKET.c.id).where(_asked_for_by(tx, person))))
    mine = tuple(_scalars(tx, select(MESSAGE.c.id).where(MESSAGE.c.sender_address.in_(person))))
    wrote = _tickets_of(tx, mine)
    joined = set(_scalars(tx, select(PARTICIPANT.c.ticket_id).where(PARTICIPANT.c.address.in_(person))))
    went = set(_scalars(tx, select(VISIT.c.ticket_id).where(func.lower(VISIT.c.technician).in_(person))))
    shared = (wrote | joined | went) - own
    messages, kept = set(mine), set[int]()
    for row in _in(tx, _ON_TICKETS, {*own, *shared}):
        others = row.sender_address != ERASED_ADDRESS and row.sender_address not in person
        outsider = row.kind in _SAID and row.sender_address not in house
        if row.ticket_id in own and not (others and outsider):
            messages.add(row.id)
        elif others:
            kept.add(row.id)
    return Holdings(
        tickets=tuple(sorted(own)), shared=tuple(sorted(shared)), messages=tuple(sorted(messages)),
        letters=letters_of(tx, person, own, mine), kept=tuple(sorted(kept - messages)),
    )  # fmt: skip


def _asked_for_by(tx: Transaction, person: Collection[str]) -> Any:
    # Case is folded here: SQLite folds that of ASCII alone.
    spelled = _scalars(tx, select(TICKET.c.requester_address).distinct())
    return TICKET.c.requester_address.in_([one for one in spelled if one.casefold() in person])


def letters_of(
    tx: Transaction, person: Collection[str], tickets: Iterable[int], messages: Iterable[int]
) -> tuple[int, ...]:
    """Letters to a person, about these tickets, and what these mails made us write."""
    found = set(_scalars(tx, select(OUTBOX.c.id).where(OUTBOX.c.recipient.in_(person))))
    found |= {row.id for row in _in(tx, select(OUTBOX.c.id), tickets, OUTBOX.c.ticket_id)}
    causes = [row.mail_id for row in _in(tx, select(MESSAGE.c.mail_id), messages, MESSAGE.c.id)]
    found |= {row.id for row in _in(tx, select(OUTBOX.c.id), causes, OUTBOX.c.mail_id)}
    return tuple(sorted(found))


def with_mails(
    tx: Transaction, found: Holdings, person: Collection[str], messages: Collection[int]
) -> Holdings:
    """These mails are his, too: with what they made us write, and with the plain tickets that stand for those
    that could not be read."""
    if not messages:
        return found
    nobodys = select(TICKET.c.id).where(TICKET.c.requester_address == "")
    plain = {row.id for row in _in(tx, nobodys, _tickets_of(tx, messages), TICKET.c.id)}
    letters = letters_of(tx, person, plain, messages)
    return replace(
        found, tickets=_also(found.tickets, plain), messages=_also(found.messages, messages),
        letters=_also(found.letters, letters), kept=tuple(one for one in found.kept if one not in messages),
    )  # fmt: skip


def _also(numbers: Iterable[int], more: Iterable[int]) -> tuple[int, ...]:
    return tuple(sorted({*numbers, *more}))


def _tickets_of(tx: Transaction, messages: Iterable[int]) -> set[int]:
    rows = _in(tx, select(MESSAGE.c.ticket_id), messages, MESSAGE.c.id)
    return {row.ticket_id for row in rows if row.ticket_id is not None}


def unfinished(tx: Transaction, tickets: Iterable[int]) -> tuple[int, ...]:
    """Those of these tickets that have not ended."""
    opened = select(TICKET.c.id).where(
        TICKET.c.status.in_([status.value for status in (*OPEN, Status.RESOLVED)])
    )
    return tuple(sorted(row.id for row in _in(tx, opened, tickets, TICKET.c.id)))


def visits_ahead(tx: Transaction, tickets: Iterable[int], now: datetime) -> tuple[tuple[int, datetime], ...]:
    """(ticket, beginning) of the visits that are still to come, as far as they were not called off."""
    ahead = select(VISIT.c.ticket_id, VISIT.c.starts_at).where(
        VISIT.c.ends_at > now, VISIT.c.state != VisitState.CANCELLED.value
    )
    return tuple((row.ticket_id, row.starts_at) for row in _in(tx, ahead, tickets, VISIT.c.ticket_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where copies of a person's mails lie on a server: what maild does not delete there."""

    maildrop: str
    uidvalidity: int
    copies: int


def places(tx: Transaction, messages: Iterable[int]) -> tuple[Place, ...]:
    """The maildrops in which these mails were seen, and how often."""
    found: dict[tuple[str, int], int] = {}
    seen = select(MAILDROP.c.name, SIGHTING.c.uidvalidity, SIGHTING.c.id).join(
        MAILDROP, MAILDROP.c.id == SIGHTING.c.maildrop_id
    )
    for row in _in(tx, seen, messages, SIGHTING.c.message_id):
        found[row.name, row.uidvalidity] = found.get((row.name, row.uidvalidity), 0) + 1
    return tuple(Place(maildrop=n, uidvalidity=v, copies=c) for (n, v), c in sorted(found.items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """A mail that was filed: its bytes as they came, and what its row says."""

    message: int
    mail_id: str
    ticket: int | None
    kind: str
    sender: str
    subject: str
    text: str
    content: bytes


def originals(tx: Transaction, *, after: int) -> tuple[Original, ...]:
    """The next mails by number, those without any bytes left included; nothing: there are no more."""
    following = _ORIGINALS.where(MESSAGE.c.id > after).order_by(MESSAGE.c.id).limit(_AT_ONCE)
    return tuple(_original(row) for row in tx.connection.execute(following))


def originals_of(tx: Transaction, messages: Iterable[int]) -> Iterator[Original]:
    """The mails of these messages."""
    return (_original(row) for row in _in(tx, _ORIGINALS, messages, MESSAGE.c.id))


def _original(row: Any) -> Original:
    return Original(**{**row._mapping, "content": expand(row.content)})


_ORIGINALS = select(
    MESSAGE.c.id.label("message"), MESSAGE.c.mail_id, MESSAGE.c.ticket_id.label("ticket"), MESSAGE.c.kind,
    MESSAGE.c.sender_address.label("sender"), MESSAGE.c.subject, MESSAGE.c.text, RAW.c.content,
).join(RAW, RAW.c.id == MESSAGE.c.raw_id)  # fmt: skip


def names(tx: Transaction, person: Collection[str]) -> frozenset[str]:
    """What somebody is called in his mails and wherever else his address has a name beside it."""
    found = {
        *_scalars(tx, select(MESSAGE.c.sender_name).where(MESSAGE.c.sender_address.in_(person)).distinct()),
        *_scalars(tx, select(TICKET.c.requester_name).where(_asked_for_by(tx, person)).distinct()),
        *_scalars(tx, select(PARTICIPANT.c.name).where(PARTICIPANT.c.address.in_(person)).distinct()),
        *_scalars(tx, select(VISIT.c.technician_name).where(func.lower(VISIT.c.technician).in_(person))),
    }
    return frozenset(found - {""})


@dataclass(frozen=True, slots=True, kw_only=True)
class SentLetter:
    """A letter of ours with its bytes."""

    id: int
    recipient: str
    ticket: int | None
    content: bytes


def letters(tx: Transaction, *, after: int) -> tuple[SentLetter, ...]:
    """The next letters that have a content, by number; nothing: there are no more."""
    rows = tx.connection.execute(
        select(OUTBOX.c.id, OUTBOX.c.recipient, OUTBOX.c.ticket_id, OUTBOX.c.content)
        .where(OUTBOX.c.id > after)
        .order_by(OUTBOX.c.id)
        .limit(_AT_ONCE)
    )
    return tuple(
        SentLetter(id=row.id, recipient=row.recipient, ticket=row.ticket_id, content=expand(row.content))
        for row in rows
    )


def unfiled(tx: Transaction) -> Iterator[tuple[str, bytes]]:
    """(maildrop, bytes) of mails that are kept, and that the daemon has yet to file."""
    rows = tx.connection.execute(
        select(MAILDROP.c.name, RAW.c.content)
        .select_from(SIGHTING)
        .join(RAW, RAW.c.id == SIGHTING.c.raw_id)
        .join(MAILDROP, MAILDROP.c.id == SIGHTING.c.maildrop_id)
        .where(SIGHTING.c.state == SightingState.RECEIVED.value)
    )
    return ((row.name, expand(row.content)) for row in rows)


def rows_of(
    tx: Transaction, person: Collection[str], own: Holdings
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(what it is, its columns) of all that is kept of a person, for him to read; bytes are left out.

    Of the tickets of others nothing but what he wrote and what was written to him.
    """
    for what, table, column in (
        ("ticket", TICKET, TICKET.c.id), ("event", EVENT, EVENT.c.ticket_id),
        ("participant", PARTICIPANT, PARTICIPANT.c.ticket_id), ("clock", CLOCK, CLOCK.c.ticket_id),
        ("consultation", CONSULTATION, CONSULTATION.c.ticket_id), ("visit", VISIT, VISIT.c.ticket_id),
        ("call", CALL, CALL.c.ticket_id),
    ):  # fmt: skip
        yield from ((what, _shown(row)) for row in _in(tx, select(table), own.tickets, column))
    wrote = {*own.messages, *(row.id for row in _in(tx, _ON_TICKETS, own.tickets))}
    for row in _in(tx, select(MESSAGE), sorted(wrote), MESSAGE.c.id):
        yield "message", _shown(row)
    for row in _in(tx, select(ATTACHMENT), sorted(wrote), ATTACHMENT.c.message_id):
        yield "file", _shown(row)
    for row in _in(tx, select(OUTBOX), _received(tx, person, own), OUTBOX.c.id):
        yield "letter", _shown(row)
    went = select(VISIT).where(func.lower(VISIT.c.technician).in_(person))
    for row in tx.connection.execute(went.where(VISIT.c.ticket_id.not_in(own.tickets))):
        yield "visit", _shown(row)
    for what, table in (("settled", SETTLED), ("muted", MUTE)):
        rows = tx.connection.execute(select(table).where(table.c.address.in_(person)))
        yield from ((what, _shown(row)) for row in rows)
    taking_part = select(PARTICIPANT).where(PARTICIPANT.c.address.in_(person))
    for row in tx.connection.execute(taking_part.where(PARTICIPANT.c.ticket_id.not_in(own.tickets))):
        yield "participant", _shown(row)


def _received(tx: Transaction, person: Collection[str], own: Holdings) -> list[int]:
    """Letters about his tickets, and to him; not those to agents about the tickets of others."""
    to_him = or_(OUTBOX.c.recipient.in_(person), OUTBOX.c.ticket_id.in_(own.tickets))
    return sorted(_scalars(tx, select(OUTBOX.c.id).where(to_him)))


def letter_contents(tx: Transaction, ids: Iterable[int]) -> Iterator[tuple[int, bytes]]:
    """(number, bytes) of letters."""
    for row in _in(tx, select(OUTBOX.c.id, OUTBOX.c.content), ids, OUTBOX.c.id):
        yield row.id, expand(row.content)


_BYTES = frozenset({"content", "claim", "key"})


def _shown(row: Any) -> dict[str, Any]:
    return {name: value for name, value in row._mapping.items() if name not in _BYTES}


# ---------------------------------------------------------------------- erasing


def hold_filing(tx: Transaction) -> None:
    """Nobody files a mail until the commit: each filing transaction looks at its lease first."""
    tx.connection.execute(select(LEASE.c.maildrop_id).with_for_update()).all()


def erase_messages(tx: Transaction, messages: Sequence[int], *, at: datetime) -> None:
    """Words, names, files and bytes of these mails go; what makes each of them known again stays."""
    new = [
        row for row in _in(tx, _IDENTITY, messages, MESSAGE.c.id) if not row.message_id.endswith(ERASED_ID)
    ]
    for row in new:
        _bury(tx, row, at)
    _hide(tx, REFERENCE, REFERENCE.c.message_id, [row.message_id for row in new])
    for part in in_parts(messages):
        raws = select(MESSAGE.c.raw_id).where(MESSAGE.c.id.in_(part))
        also = select(SIGHTING.c.raw_id).where(SIGHTING.c.message_id.in_(part))
        _empty(tx, (*_scalars(tx, raws), *(raw for raw in _scalars(tx, also) if raw is not None)))
        tx.connection.execute(delete(ATTACHMENT).where(ATTACHMENT.c.message_id.in_(part)))
        tx.connection.execute(update(MESSAGE).where(MESSAGE.c.id.in_(part)).values(_NOTHING_SAID))
        tx.connection.execute(
            update(SIGHTING)
            .where(SIGHTING.c.message_id.in_(part), SIGHTING.c.reason != "")
            .values(reason=WORDS)
        )
        # Nothing is left of it that could be read again.
        unread = (SIGHTING.c.message_id.in_(part), SIGHTING.c.state == SightingState.QUARANTINED.value)
        tx.connection.execute(update(SIGHTING).where(*unread).values(state=SightingState.DISCARDED.value))


_NOTHING_SAID = {
    "sender_name": "", "sender_address": ERASED_ADDRESS, "subject": "", "text": "", "verdicts": "[]",
    "reasons": _REASONS,
}  # fmt: skip


def _bury(tx: Transaction, row: Any, at: datetime) -> None:
    name = digest_of(row.message_id)
    there = select(ERASED.c.name).where(ERASED.c.name == name, ERASED.c.digest == row.digest)
    if tx.connection.execute(there).first() is None:
        stone = {"name": name, "digest": row.digest, "sent_at": row.sent_at, "message": row.id, "at": at}
        tx.connection.execute(insert(ERASED).values(stone))
    named = update(MESSAGE).where(MESSAGE.c.id == row.id)
    tx.connection.execute(named.values(message_id=erased_id(row.message_id)))


def _hide(tx: Transaction, table: Any, column: Any, values: Iterable[Any]) -> None:
    """The Message-IDs of these rows are known by digests alone from now on: an id may name a machine of
    somebody's, and one of ours holds a digest of whom it was for, which can be guessed."""
    hidden = [
        {"b_id": row.id, "b_name": erased_id(row.message_id)}
        for row in _in(tx, select(table.c.id, table.c.message_id), values, column)
        if not row.message_id.endswith(ERASED_ID)
    ]
    if hidden:
        named = update(table).where(table.c.id == bindparam("b_id")).values(message_id=bindparam("b_name"))
        tx.connection.execute(named, hidden)


def _empty(tx: Transaction, raws: Iterable[int]) -> None:
    for part in in_parts(raws):
        tx.connection.execute(update(RAW).where(RAW.c.id.in_(part)).values(content=b""))


def erase_letters(tx: Transaction, ids: Sequence[int]) -> None:
    """Content, subject and recipient of these letters go; one that has not left never will."""
    for part in in_parts(ids):
        those = OUTBOX.c.id.in_(part)
        unsent = select(OUTBOX.c.ticket_id).where(
            those, OUTBOX.c.state.in_(_WAITS), OUTBOX.c.kind == MessageKind.RECEIPT.value
        )
        for ticket in {ticket for ticket in _scalars(tx, unsent) if ticket is not None}:
            tx.change_ticket(ticket, acked_at=None)
        _hide(tx, REFERENCE, REFERENCE.c.message_id, _scalars(tx, select(OUTBOX.c.message_id).where(those)))
        _hide(tx, OUTBOX, OUTBOX.c.id, part)
        dropped = case((OUTBOX.c.state.in_(_WAITS), OutboxState.DROPPED.value), else_=OUTBOX.c.state)
        tx.connection.execute(
            update(OUTBOX).where(those).values(
                content=b"", subject="", reply=WORDS, domain="", claim="", next_at=None, state=dropped,
                # Each its own: two receipts of a ticket are told apart by whom they were for.
                recipient="erased." + _NUMBER + "@maild.invalid",
                owed=case((OUTBOX.c.owed.contains("@"), "erased:" + _NUMBER), else_=OUTBOX.c.owed),
            )
        )  # fmt: skip


_NUMBER = cast(OUTBOX.c.id, Text)


def erase_subjects(tx: Transaction, messages: Iterable[int]) -> None:
    """A ticket that one of these mails opened has its subject, whoever asks now; call it before they go."""
    opened = select(MESSAGE.c.ticket_id, TICKET.c.id).join(TICKET, TICKET.c.id == MESSAGE.c.ticket_id)
    its = opened.where(MESSAGE.c.kind == MessageKind.REQUEST.value, MESSAGE.c.subject == TICKET.c.subject)
    for part in in_parts(row.id for row in _in(tx, its, messages, MESSAGE.c.id)):
        tx.connection.execute(update(TICKET).where(TICKET.c.id.in_(part)).values(subject=WORDS))


def erase_tickets(tx: Transaction, tickets: Sequence[int]) -> None:
    """Subject, requester and the words of the story go; number, instants and states stay."""
    gone = {"subject": WORDS, "requester_name": "", "requester_address": ERASED_ADDRESS}
    for part in in_parts(tickets):
        tx.connection.execute(update(TICKET).where(TICKET.c.id.in_(part)).values(gone))
        _hide(tx, REFERENCE, REFERENCE.c.ticket_id, part)
        places = {"place": WORDS, "description": ""}
        tx.connection.execute(update(VISIT).where(VISIT.c.ticket_id.in_(part)).values(places))
        told = select(EVENT.c.id, EVENT.c.actor, EVENT.c.detail).where(EVENT.c.ticket_id.in_(part))
        for row in tx.connection.execute(told).all():
            _retell(tx, row, row.actor, json.dumps(_without_words(json.loads(row.detail))))


def _retell(tx: Transaction, row: Any, actor: str, detail: str) -> None:
    # The triggers let nothing else of an event be changed.
    if (actor, detail) != (row.actor, row.detail):
        tx.connection.execute(update(EVENT).where(EVENT.c.id == row.id).values(actor=actor, detail=detail))


# Keys under which people's words stand, and what a value of maild's own looks like.
_SPOKEN = frozenset({"text", "line", "place", "subject", "requester_name", "description", "verbs"})
_OWN = re.compile(r"[a-z0-9_.:+-]{0,40}|\d{4}-\d\d-\d\d[T ][\d:.+-]+Z?")


def _without_words(value: Any, key: str = "") -> Any:
    """The facts of a story without its words: states, kinds, numbers and instants stay."""
    match value:
        case dict():
            return {name: _without_words(each, name) for name, each in value.items()}
        case list():
            return [_without_words(each, key) for each in value]
        case str():
            return value if key not in _SPOKEN and _OWN.fullmatch(value) else WORDS
        case _:
            return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What stays of a mail of the desk's own people that quotes somebody else; its bytes do not."""

    message: int
    subject: str
    text: str


def strip(tx: Transaction, mails: Collection[Kept]) -> None:
    """Of these mails only these words stay."""
    for part in in_parts(one.message for one in mails):
        _empty(tx, _scalars(tx, select(MESSAGE.c.raw_id).where(MESSAGE.c.id.in_(part))))
    for one in mails:
        named = update(MESSAGE).where(MESSAGE.c.id == one.message)
        tx.connection.execute(named.values(subject=one.subject, text=one.text))


# ---------------------------------------------------------------------- where else somebody is named


def mention(person: Collection[str]) -> re.Pattern[str]:
    """A person's address where it stands for itself: an@x.be is not in jean@x.be, nor in an@x.be.org."""
    spellings = "|".join(map(re.escape, person))
    return re.compile(rf"(?<![\w.+-])(?:{spellings})(?![\w-]|\.\w)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """How somebody is named in what the desk itself has written down.

    ``names``: what stands beside his address, ``whole``: those of them that are more than one word, which are
    his wherever he took part; None where there are none. ``ids``: the Message-IDs of his mails.
    """

    address: re.Pattern[str]
    names: re.Pattern[str] | None
    whole: re.Pattern[str] | None
    ids: frozenset[str]

    def is_in(self, text: str) -> bool:
        """He is named by his address."""
        return self.address.search(text) is not None

    def out_of(self, text: str, *, beside: bool = False) -> str:
        """The text without him; ``beside``: it stands with his address."""
        known = self.names if beside or self.is_in(text) else self.whole
        # His name may be a part of his address: what stands around that is looked at alone.
        around = (known.sub(WORDS, part) if known else part for part in self.address.split(text))
        return _ID.sub(lambda id_: WORDS if id_[1] in self.ids else id_[0], ERASED_ADDRESS.join(around))


_ID = re.compile(r"<([^<>\s]+)>")


def called(person: Collection[str], names: Iterable[str], ids: frozenset[str] = frozenset()) -> Called:
    """How a person is named, by the spellings of his address, his names and the Message-IDs of his mails."""
    known = [name for name in names if len(name) > 1 and name.casefold() not in WORDS]
    whole = [name for name in known if len(name.split()) > 1]
    return Called(address=mention(person), names=_any_of(known), whole=_any_of(whole), ids=ids)


def _any_of(names: Collection[str]) -> re.Pattern[str] | None:
    # The longest first: of "Anne Marie Dubois" nothing shall be left.
    either = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    return re.compile(rf"(?<!\w)(?:{either})(?!\w)", re.IGNORECASE) if names else None


def ids_of(tx: Transaction, messages: Iterable[int]) -> frozenset[str]:
    """The Message-IDs of these mails."""
    return frozenset(row.message_id for row in _in(tx, _IDENTITY, messages, MESSAGE.c.id))


Naming = Mapping[str, tuple[Any, ...]]  # table -> the rows that name somebody


def naming(tx: Transaction, person: Collection[str], who: Called, tickets: Collection[int]) -> Naming:
    """Where else somebody is named than in what people wrote; it takes its time, and holds nobody up.

    Args:
        tickets: on which he took part: what is told of these may name him by name, or by a mail of his.
    """
    found: dict[str, set[Any]] = {
        table.name: set(_naming(tx, table, number, columns, person, who))
        for table, number, columns in _NAMED_IN
    }
    for table, column in ((EVENT, EVENT.c.detail), (MESSAGE, MESSAGE.c.verdicts)):
        told = _in(tx, select(table.c.id, column.label("told")), tickets, table.c.ticket_id)
        found[table.name] |= {row.id for row in told if who.out_of(row.told) != row.told}
    for table in (SETTLED, MUTE):
        found[table.name] = set(_scalars(tx, select(table.c.address).where(table.c.address.in_(person))))
    return {name: tuple(rows) for name, rows in found.items() if rows}


def _naming(
    tx: Transaction, table: Any, number: str, columns: Sequence[str], person: Collection[str], who: Called
) -> Iterator[Any]:
    named = (
        func.lower(table.c[name]).contains(spelling, autoescape=True)
        for name in columns
        for spelling in person
    )
    asked = select(table.c[number], *(table.c[name] for name in columns)).where(or_(*named))
    return (row[0] for row in tx.connection.execute(asked) if any(map(who.is_in, row[1:])))


def erase_names(
    tx: Transaction, person: Collection[str], who: Called, named: Naming, tickets: Iterable[int]
) -> None:
    """What is known of an address itself goes, and in these rows something else stands for it.

    Args:
        tickets: on which the person takes part.
    """
    for table in (SETTLED, MUTE):
        tx.connection.execute(delete(table).where(table.c.address.in_(person)))
    for part in in_parts(tickets):
        there = (PARTICIPANT.c.ticket_id.in_(part), PARTICIPANT.c.address.in_(person))
        tx.connection.execute(delete(PARTICIPANT).where(*there))
    for table, number, columns in _NAMED_IN:
        asked = select(table.c[number], *(table.c[name] for name in columns))
        for row in list(_in(tx, asked, named.get(table.name, ()), table.c[number])):
            values = {name: _without(row, name, who) for name in columns}
            one = update(table).where(table.c[number] == row._mapping[number])
            tx.connection.execute(one.values(values))


# Everything but what people wrote: that of the person is gone before, that of others is theirs.
_NAMED_IN = (
    (EVENT, "id", ("actor", "detail")),
    (MESSAGE, "id", ("verdicts", "reasons")),
    (TICKET, "id", ("assignee",)),
    (CLOCK, "id", ("stopped_by",)),
    (CONSULTATION, "id", ("asked_by",)),
    (VISIT, "id", ("technician", "technician_name", "ordered_by")),
    (CALL, "id", ("agent",)),
    (SIGHTING, "id", ("reason",)),
    (OUTBOX, "id", ("reply",)),
    (TROUBLE, "name", ("detail",)),
    (REFERENCE, "id", ("message_id",)),
)


def _without(row: Any, column: str, who: Called) -> str:
    value: str = row._mapping[column]
    match column:
        case "assignee":
            return "" if who.is_in(value) else value
        case "technician_name":
            return "" if who.is_in(row.technician) else value
        case "message_id":
            return erased_id(value) if who.is_in(value) else value
        case "detail" | "verdicts" | "reasons" if value.startswith(("{", "[")):
            # A name may be a word of ours: what is said is changed, not what it is called.
            told = _said_without(json.loads(value), who, beside=who.is_in(value))
            return json.dumps(told, ensure_ascii=False)
        case _:
            return who.out_of(value)


def _said_without(value: Any, who: Called, *, beside: bool) -> Any:
    match value:
        case dict():
            # A change that is undone gives the ticket back to nobody.
            nobody = {name: "" for name in value if name == "assignee" and who.is_in(str(value[name]))}
            return {n: _said_without(each, who, beside=beside) for n, each in value.items()} | nobody
        case list():
            return [_said_without(each, who, beside=beside) for each in value]
        case str():
            return who.out_of(value, beside=beside)
        case _:
            return value


# ---------------------------------------------------------------------- what a state made anew must know


@dataclass(frozen=True, slots=True, kw_only=True)
class Stone:
    """What remains of a mail that was erased: by this it is known again. ``name``: of its Message-ID."""

    name: str
    digest: str
    sent_at: datetime | None
    at: datetime


def stones(tx: Transaction) -> tuple[Stone, ...]:
    """Every mail that was erased."""
    columns = (ERASED.c.name, ERASED.c.digest, ERASED.c.sent_at, ERASED.c.at)
    return tuple(Stone(**row._mapping) for row in tx.connection.execute(select(*columns)))


def set_stones(tx: Transaction, found: Iterable[Stone]) -> None:
    """Let a fresh ledger know them, although it has nothing else of these mails."""
    rows = [
        {"name": s.name, "digest": s.digest, "sent_at": s.sent_at, "message": None, "at": s.at} for s in found
    ]
    if rows:
        tx.connection.execute(insert(ERASED), rows)


# ---------------------------------------------------------------------- statements


def _scalars(tx: Transaction, statement: Select[Any]) -> Sequence[Any]:
    return tx.connection.execute(statement).scalars().all()


def _in(tx: Transaction, statement: Select[Any], values: Iterable[Any], column: Any = None) -> Iterator[Any]:
    """The rows whose ``column`` (that of ``_ON_TICKETS`` is its ticket) has one of these values, in parts."""
    wanted = (MESSAGE.c.ticket_id if column is None else column).in_(bindparam("wanted", expanding=True))
    for part in in_parts(values):
        yield from tx.connection.execute(statement.where(wanted), {"wanted": part})


_ON_TICKETS = select(MESSAGE.c.id, MESSAGE.c.ticket_id, MESSAGE.c.kind, MESSAGE.c.sender_address)
_IDENTITY = select(MESSAGE.c.id, MESSAGE.c.message_id, MESSAGE.c.digest, MESSAGE.c.sent_at)


# ---------------------------------------------------------------------- what is old

# A ticket that has not ended needs its mails: for what agents order, and for what its people quote.
_ENDED = (Status.CLOSED.value, Status.MERGED.value, Status.SPAM.value, Status.OUT_OF_SCOPE.value)
_AT_REST = or_(TICKET.c.id.is_(None), TICKET.c.status.in_(_ENDED))


def old_raws(tx: Transaction, *, before: datetime, after: int) -> tuple[tuple[int, int], ...]:
    """The next (sighting, row of its bytes) of mails that came before an instant, on tickets that have ended.

    What lies in quarantine is left: nobody has read it yet.
    """
    rows = tx.connection.execute(
        select(SIGHTING.c.id, SIGHTING.c.raw_id)
        .join(RAW, RAW.c.id == SIGHTING.c.raw_id)
        .join(MESSAGE, MESSAGE.c.id == SIGHTING.c.message_id)
        .outerjoin(TICKET, TICKET.c.id == MESSAGE.c.ticket_id)
        .where(
            SIGHTING.c.id > after, SIGHTING.c.arrived_at < before, func.length(RAW.c.content) > 0,
            SIGHTING.c.state.in_((SightingState.FILED.value, SightingState.DISCARDED.value)), _AT_REST,
        )
        .order_by(SIGHTING.c.id)
        .limit(_AT_ONCE)
    )  # fmt: skip
    return tuple((row.id, row.raw_id) for row in rows)


def empty_raws(tx: Transaction, raws: Iterable[int]) -> None:
    """Only their digests and sizes stay."""
    _empty(tx, raws)


def old_letters(tx: Transaction, *, before: datetime, after: int) -> tuple[int, ...]:
    """The next letters that were written before an instant and are over, on tickets that have ended."""
    return tuple(
        _scalars(
            tx,
            select(OUTBOX.c.id)
            .outerjoin(TICKET, TICKET.c.id == OUTBOX.c.ticket_id)
            .where(
                OUTBOX.c.id > after, OUTBOX.c.created_at < before, OUTBOX.c.state.not_in(_WAITS),
                OUTBOX.c.recipient.not_like("erased.%@maild.invalid"), _AT_REST,
            )
            .order_by(OUTBOX.c.id)
            .limit(_AT_ONCE),
        )
    )  # fmt: skip


def old_tickets(
    tx: Transaction, *, before: datetime, after: int, only: Sequence[int] = ()
) -> tuple[int, ...]:
    """The next tickets that have ended and that nobody has touched since before an instant.

    One that was merged waits for the one that goes on for it. ``only``: of these few.
    """
    survivor = TICKET.alias("survivor")
    wanted = (
        select(TICKET.c.id)
        .outerjoin(survivor, survivor.c.id == TICKET.c.merged_into)
        .where(
            TICKET.c.id > after, TICKET.c.status.in_(_ENDED), TICKET.c.requester_address != ERASED_ADDRESS,
            func.coalesce(TICKET.c.touched_at, TICKET.c.created_at) < before,
            or_(survivor.c.id.is_(None), survivor.c.requester_address == ERASED_ADDRESS),
        )
        .order_by(TICKET.c.id)
        .limit(_AT_ONCE)
    )  # fmt: skip
    return tuple(_scalars(tx, wanted.where(TICKET.c.id.in_(only)) if only else wanted))


def erase_whole(tx: Transaction, tickets: Sequence[int], house: Collection[str], *, at: datetime) -> None:
    """Everything that was said on these tickets goes, by whomever, and who took part; figures stay.

    Args:
        house: the addresses of the desk's own people, case folded, which the story keeps.
    """
    erase_messages(tx, [row.id for row in _in(tx, _ON_TICKETS, tickets)], at=at)
    letters = _in(tx, select(OUTBOX.c.id), tickets, OUTBOX.c.ticket_id)
    erase_letters(tx, [row.id for row in letters])
    erase_tickets(tx, tickets)
    for part in in_parts(tickets):
        tx.connection.execute(delete(PARTICIPANT).where(PARTICIPANT.c.ticket_id.in_(part)))
        told = select(EVENT.c.id, EVENT.c.actor, EVENT.c.detail).where(
            EVENT.c.ticket_id.in_(part), EVENT.c.actor.contains("@"), func.lower(EVENT.c.actor).not_in(house)
        )
        for row in tx.connection.execute(told).all():
            _retell(tx, row, ERASED_ADDRESS, row.detail)
