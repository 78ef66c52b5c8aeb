"""The ledger: reads and writes in records, never rows.

Stands between ``maild`` and the tables. A ``Transaction`` is one durable commit; within it each mail has
a savepoint of its own. Raises ``database.Unavailable`` where the database cannot be used now and
``LeaseLost`` where another process has taken the maildrop over: in both cases nothing was written.
"""

import hashlib
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, TypeVar

import zstandard
from sqlalchemy import (
    BindParameter,
    CompoundSelect,
    Connection,
    CursorResult,
    Row,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    union_all,
    update,
)
from sqlmodel import SQLModel

from storage.database import Database
from storage.records import (
    DOOR_EPOCH,
    Clock,
    Event,
    Former,
    KeptMail,
    KnownMail,
    Lease,
    Maildrop,
    Mark,
    MessageKind,
    NewMail,
    OutboxState,
    Quarantined,
    Seen,
    SeenAgain,
    SeenFile,
    SightingState,
    Stage,
    Status,
    StoredFile,
    StoredMessage,
    Ticket,
    Twin,
)
from storage.tables import (
    AttachmentRow,
    ClockRow,
    ErasedRow,
    EventRow,
    LeaseRow,
    LinkRow,
    MaildropRow,
    MessageRow,
    MuteRow,
    OutboxRow,
    ParticipantRow,
    RawRow,
    ReferenceRow,
    SightingRow,
    TicketRow,
)

# SQLModel's classes are the definition; what runs per mail are Core statements on the same tables,
# several times cheaper than objects of a session.
T: Mapping[type, Any] = {
    row: SQLModel.metadata.tables[row.__tablename__]
    for row in (
        AttachmentRow, ClockRow, ErasedRow, EventRow, LeaseRow, LinkRow, MaildropRow, MessageRow, MuteRow,
        OutboxRow, ParticipantRow, RawRow, ReferenceRow, SightingRow, TicketRow,
    )
}  # fmt: skip
ATTACHMENT = T[AttachmentRow]
CLOCK, ERASED, EVENT, LEASE, LINK = T[ClockRow], T[ErasedRow], T[EventRow], T[LeaseRow], T[LinkRow]
MAILDROP, MESSAGE, MUTE, OUTBOX = T[MaildropRow], T[MessageRow], T[MuteRow], T[OutboxRow]
PARTICIPANT, RAW, REFERENCE = T[ParticipantRow], T[RawRow], T[ReferenceRow]
SIGHTING, TICKET = T[SightingRow], T[TicketRow]

# A look-up names at most this many values: SQLite takes 32,766 variables, and plans stay cached.
MOST_VALUES = 500
# A logo that came with ten thousand mails is known by its first hundred.
MOST_SEEN = 100
# RFC 5322 2.1.1 ends a line at 998 characters.
LONGEST_ID = 998
# How an id ends that was given in the place of another one.
ERASED_ID = ".erased@maild.invalid"
R = TypeVar("R")
V = TypeVar("V")

OPEN = (Status.NEW, Status.TAKEN, Status.WAITING)


class LeaseLost(Exception):
    """Another process files this maildrop's mail now; stop and stand by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketState:
    """A ticket as a decision must know it: who takes part, and which clocks run."""

    ticket: Ticket
    participants: frozenset[str]
    running: tuple[Clock, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """The ledger of one desk."""

    database: Database

    @contextmanager
    def write(self) -> Iterator["Transaction"]:
        """One durable commit, or nothing."""
        with self.database.write() as connection:
            yield Transaction(connection=connection)

    @contextmanager
    def read(self) -> Iterator["Transaction"]:
        """One consistent view; writing in it is refused by nobody but must not be done."""
        with self.database.read() as connection:
            yield Transaction(connection=connection)


def _record(kind: type[R], row: Any, **changed: object) -> R:
    names = _NAMES[kind]
    values = {name: value for name, value in row._mapping.items() if name in names}
    return kind(**(values | changed))


_NAMES: dict[type, frozenset[str]] = {
    kind: frozenset(f.name for f in fields(kind))
    for kind in (
        Ticket,
        Clock,
        Twin,
        Maildrop,
        Lease,
        Former,
        Quarantined,
        StoredFile,
        StoredMessage,
    )
}


def ticket_record(row: Row[Any]) -> Ticket:
    """A row of the ticket table as a record."""
    return _record(Ticket, row, status=Status(row.status))


def clock_record(row: Row[Any]) -> Clock:
    """A row of the clock table as a record."""
    return _record(Clock, row, stage=Stage(row.stage))


def in_parts(values: Iterable[V]) -> Iterator[list[V]]:
    """Values, each once, in parts that one statement may name."""
    everything = list(dict.fromkeys(values))
    for at in range(0, len(everything), MOST_VALUES):
        yield everything[at : at + MOST_VALUES]


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """What may be asked and written within one transaction."""

    connection: Connection

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """What is written inside is undone alone when it raises."""
        # Plain statements: the library's own bookkeeping of nested transactions costs four times as much.
        run = self.connection.exec_driver_sql
        run("SAVEPOINT mail")
        try:
            yield
        except BaseException:
            run("ROLLBACK TO SAVEPOINT mail")
            run("RELEASE SAVEPOINT mail")
            raise
        run("RELEASE SAVEPOINT mail")

    def _all(self, statement: Select[Any], **values: object) -> Sequence[Row[Any]]:
        return self.connection.execute(statement, values).all()

    def _in(self, statement: Select[Any] | CompoundSelect[Any], values: Iterable[Any]) -> Iterator[Row[Any]]:
        """The rows of a statement that names its values ``wanted``, in parts."""
        for part in in_parts(values):
            yield from self.connection.execute(statement, {"wanted": part})

    # ------------------------------------------------------------------ maildrops and leases

    def maildrop(self, name: str, source: str) -> Maildrop:
        """The maildrop of this name; made when it is new (needs a writing transaction then).

        One that the operator made a mailbox of, or a door, goes on under its name.
        """
        row = self.connection.execute(select(MAILDROP).where(MAILDROP.c.name == name)).first()
        if row is not None:
            if row.source != source:
                self.connection.execute(update(MAILDROP).where(MAILDROP.c.id == row.id).values(source=source))
            return _record(Maildrop, row, source=source)
        made = self.connection.execute(insert(MAILDROP).values(name=name, source=source))
        return Maildrop(id=row_of(made), name=name, source=source, uidvalidity=None, polled_at=None)

    def maildrops(self) -> tuple[Maildrop, ...]:
        """Every maildrop ever polled."""
        return tuple(_record(Maildrop, row) for row in self._all(select(MAILDROP).order_by(MAILDROP.c.id)))

    def note_poll(
        self, maildrop_id: int, *, uidvalidity: int, at: datetime, seen_uid: int | None = None
    ) -> None:
        """Remember a poll that compared every UID; ``seen_uid``: the highest of those that it took in."""
        poll = {"uidvalidity": uidvalidity, "polled_at": at}
        if seen_uid is not None:
            poll["seen_uid"] = seen_uid
        self.connection.execute(update(MAILDROP).where(MAILDROP.c.id == maildrop_id).values(poll))

    def note_open(self, maildrop_id: int, *, at: datetime) -> None:
        """Remember that a door stood open then."""
        self.connection.execute(update(MAILDROP).where(MAILDROP.c.id == maildrop_id).values(polled_at=at))

    def take_lease(self, maildrop_id: int, *, holder: str, now: datetime, ttl: timedelta) -> Lease | None:
        """Take or renew the right to file a maildrop's mail; None while another holds it.

        A renewal keeps the epoch; a take-over raises it, so that the old holder's next filing fails.
        """
        row = self.connection.execute(select(LEASE).where(LEASE.c.maildrop_id == maildrop_id)).first()
        expires = now + ttl
        if row is None:
            lease = Lease(maildrop_id=maildrop_id, epoch=1, holder=holder, expires_at=expires)
            self.connection.execute(
                insert(LEASE).values(maildrop_id=maildrop_id, epoch=1, holder=holder, expires_at=expires)
            )
            return lease
        if row.holder != holder and row.expires_at > now:
            return None
        epoch = row.epoch if row.holder == holder else row.epoch + 1
        taken = self.connection.execute(
            update(LEASE)
            .where(
                LEASE.c.maildrop_id == maildrop_id, LEASE.c.epoch == row.epoch, LEASE.c.holder == row.holder
            )
            .values(epoch=epoch, holder=holder, expires_at=expires)
        )
        if taken.rowcount == 0:
            return None
        return Lease(maildrop_id=maildrop_id, epoch=epoch, holder=holder, expires_at=expires)

    def check_lease(self, lease: Lease) -> None:
        """Raise ``LeaseLost`` unless this lease is still the one that counts."""
        epoch = self.connection.execute(
            select(LEASE.c.epoch).where(LEASE.c.maildrop_id == lease.maildrop_id).with_for_update()
        ).scalar()
        if epoch != lease.epoch:
            raise LeaseLost(f"epoch {lease.epoch} of {lease.holder} is over: now {epoch}")

    def release_lease(self, lease: Lease, *, now: datetime) -> None:
        """Let the next holder take over at once."""
        self.connection.execute(
            update(LEASE)
            .where(LEASE.c.maildrop_id == lease.maildrop_id, LEASE.c.epoch == lease.epoch)
            .values(expires_at=now)
        )

    # ------------------------------------------------------------------ keeping

    def known_uids(self, maildrop_id: int, uidvalidity: int) -> set[int]:
        """Every UID with a sighting under this UIDVALIDITY: what is new is what is not here."""
        uids = select(SIGHTING.c.uid).where(
            SIGHTING.c.maildrop_id == maildrop_id, SIGHTING.c.uidvalidity == uidvalidity
        )
        return set(self.connection.execute(uids).scalars())

    def keep(self, maildrop: Maildrop, uidvalidity: int, mails: Sequence[NewMail]) -> tuple[KeptMail, ...]:
        """Write the raw bytes and one sighting a mail: after the commit they cannot be lost."""
        raw_ids = self._keep_raw(mails)
        numbers = self._next_uids(maildrop.id, uidvalidity)
        kept = []
        for mail in mails:
            made = self.connection.execute(
                _ADD_SIGHTING,
                {
                    "maildrop_id": maildrop.id, "uidvalidity": uidvalidity, "uid": mail.uid or next(numbers),
                    "raw_id": raw_ids[mail.sha256], "message_id": None, "mail_id": mail.mail_id,
                    "arrived_at": mail.arrived_at, "state": SightingState.RECEIVED.value, "tries": 0,
                    "dirty": False, "placed": " ".join(mail.placed), "offered": "",
                    "whole_size": mail.whole_size, "reason": "", "untold": False,
                },
            )  # fmt: skip
            kept.append(
                KeptMail(
                    sighting_id=row_of(made), raw_id=raw_ids[mail.sha256],
                    maildrop=maildrop.name, source=maildrop.source, mail_id=mail.mail_id,
                    arrived_at=mail.arrived_at,
                    content=mail.content, sha256=mail.sha256, whole_size=mail.whole_size,
                    placed=mail.placed,
                )
            )  # fmt: skip
        return tuple(kept)

    def _next_uids(self, maildrop_id: int, uidvalidity: int) -> Iterator[int]:
        """Numbers for mails that bring none; whoever checked the lease before is alone in counting."""
        last = self.connection.execute(
            select(func.max(SIGHTING.c.uid)).where(
                SIGHTING.c.maildrop_id == maildrop_id, SIGHTING.c.uidvalidity == uidvalidity
            )
        ).scalar()
        yield from itertools.count((last or 0) + 1)

    def _keep_raw(self, mails: Sequence[NewMail]) -> dict[str, int]:
        found = list(self._in(_RAW_KNOWN, (m.sha256 for m in mails)))
        known = {row.sha256: row.id for row in found}
        emptied = {row.sha256 for row in found if not row.length}
        squeeze = zstandard.ZstdCompressor(level=3)
        for mail in mails:
            if mail.sha256 not in known:
                row = {
                    "sha256": mail.sha256,
                    "size": len(mail.content),
                    "content": squeeze.compress(mail.content),
                }
                known[mail.sha256] = row_of(self.connection.execute(_ADD_RAW, row))
            elif mail.sha256 in emptied:
                # Until it is filed these are the only bytes of it that there are.
                again = {"b_id": known[mail.sha256], "content": squeeze.compress(mail.content)}
                self.connection.execute(_FILL_RAW, again)
        return known

    def empty_raw(self, raw_id: int) -> None:
        """The bytes of a mail that was erased came once more: they go at once."""
        self.connection.execute(_FILL_RAW, {"b_id": raw_id, "content": b""})

    def begin(
        self,
        maildrop: Maildrop,
        uidvalidity: int,
        since: datetime | None,
        older: Sequence[tuple[int, str, datetime]],
    ) -> Maildrop:
        """Begin with a folder, or with its new numbers: what is ``older`` than the start is never taken in.

        Args:
            since: the start; None where everything counts.
            older: (uid, mail id, arrival) of the mails before it.
        """
        rows = [
            {
                "maildrop_id": maildrop.id, "uidvalidity": uidvalidity, "uid": uid, "raw_id": None,
                "message_id": None, "mail_id": mail_id, "arrived_at": arrived_at,
                "state": SightingState.SKIPPED.value, "tries": 0, "dirty": False, "placed": "", "offered": "",
                "whole_size": None, "reason": "", "untold": False,
            }
            for uid, mail_id, arrived_at in older
        ]  # fmt: skip
        if rows:
            self.connection.execute(_ADD_SIGHTING, rows)
        begun = {"uidvalidity": uidvalidity, "since": since, "seen_uid": None}
        self.connection.execute(update(MAILDROP).where(MAILDROP.c.id == maildrop.id).values(begun))
        return replace(maildrop, uidvalidity=uidvalidity, since=since, seen_uid=None)

    def was_renumbered(self, maildrop_id: int, uidvalidity: int) -> bool:
        """Mail of this maildrop is known by numbers that hold no longer."""
        others = or_(SIGHTING.c.uidvalidity < uidvalidity, SIGHTING.c.uidvalidity > uidvalidity)
        known = select(SIGHTING.c.id).where(SIGHTING.c.maildrop_id == maildrop_id, others).limit(1)
        return self.connection.execute(known).first() is not None

    def former(self, maildrop_id: int, message_ids: Iterable[str]) -> dict[Seen, list[Former]]:
        """Every sighting in a maildrop of filed mail with these Message-IDs, by how it was met."""
        found: dict[Seen, list[Former]] = {}
        for row in self._in(_FORMER, map(indexable, message_ids)):
            if row.maildrop_id == maildrop_id:
                size = row.size if row.whole_size is None else row.whole_size
                seen = Seen(message_id=row.message_id, size=size, arrived_at=row.arrived_at)
                found.setdefault(seen, []).append(_record(Former, row))
        return found

    def know_again(self, maildrop: Maildrop, uidvalidity: int, mails: Sequence[SeenAgain]) -> None:
        """Mail that was filed under a number of before has another sighting, and nothing else changes."""
        rows = [
            {
                "maildrop_id": maildrop.id, "uidvalidity": uidvalidity, "uid": mail.uid,
                "raw_id": mail.former.raw_id, "message_id": mail.former.message, "mail_id": mail.mail_id,
                "arrived_at": mail.arrived_at, "state": SightingState.FILED.value, "tries": 0,
                "dirty": maildrop.source == "inbox", "placed": " ".join(mail.placed),
                "offered": mail.former.offered, "whole_size": mail.former.whole_size, "reason": "",
                "untold": False,
            }
            for mail in mails
        ]  # fmt: skip
        if rows:
            self.connection.execute(_ADD_SIGHTING, rows)

    def unfiled(self, maildrop_id: int) -> tuple[tuple[int, int], ...]:
        """(sighting, bytes) of mails that were kept and never filed: what a crash left behind."""
        rows = self._all(
            select(SIGHTING.c.id, RAW.c.size)
            .join(RAW, RAW.c.id == SIGHTING.c.raw_id)
            .where(SIGHTING.c.state == "received", SIGHTING.c.maildrop_id == maildrop_id)
            # What failed before waits behind what was never tried.
            .order_by(SIGHTING.c.tries, SIGHTING.c.id)
        )
        return tuple((row.id, row.size) for row in rows)

    def kept(self, sighting_ids: Sequence[int]) -> tuple[KeptMail, ...]:
        """Kept mails with their bytes, in the order in which they are named."""
        found = {row.id: row for row in self._in(_KEPT, sighting_ids)}
        return tuple(
            KeptMail(
                sighting_id=row.id, raw_id=row.raw_id, maildrop=row.maildrop,
                source="door" if row.uidvalidity == DOOR_EPOCH else row.source, mail_id=row.mail_id,
                arrived_at=row.arrived_at, content=expand(row.content), sha256=row.sha256, tries=row.tries,
                whole_size=row.whole_size, placed=tuple(row.placed.split()),
            )
            for row in (found[id_] for id_ in sighting_ids)
        )  # fmt: skip

    def count_try(self, sighting_id: int) -> None:
        """A mail is about to be read alone: durable before it is, so that a death counts too."""
        self.connection.execute(
            update(SIGHTING).where(SIGHTING.c.id == sighting_id).values(tries=SIGHTING.c.tries + 1)
        )

    def settle(
        self, sighting_id: int, state: SightingState, message_id: int | None, reason: str = ""
    ) -> None:
        """What became of a kept mail, and why it was set aside; its copy in a mailbox may now be marked."""
        self.connection.execute(
            _SETTLE, {"b_id": sighting_id, "state": state.value, "message_id": message_id, "reason": reason}
        )

    def quarantine(self, *, mail_id: str = "", ticket_id: int | None = None) -> tuple[Quarantined, ...]:
        """What is in quarantine, oldest first; by mail or ticket also what was discarded from it."""
        if mail_id:
            wanted = _QUARANTINED.where(MESSAGE.c.mail_id == mail_id, _SET_ASIDE)
        elif ticket_id is not None:
            wanted = _QUARANTINED.where(MESSAGE.c.ticket_id == ticket_id, _SET_ASIDE)
        else:
            wanted = _QUARANTINED.where(SIGHTING.c.state == "quarantined")
        return tuple(_record(Quarantined, row, state=SightingState(row.state)) for row in self._all(wanted))

    def ignore(self, sighting_id: int, raw_id: int, reason: str, *, untold: bool) -> None:
        """It is no matter of the desk: that it lies there is remembered, its bytes are not, unless another
        mail has the same. ``untold``: people shall hear that it lies there."""
        self.connection.execute(_IGNORE, {"b_id": sighting_id, "reason": reason, "untold": untold})
        self.connection.execute(_FORGET_RAW, {"wanted": raw_id})

    def raw(self, sha256: str) -> bytes | None:
        """The bytes of a mail as received."""
        content = self.connection.execute(select(RAW.c.content).where(RAW.c.sha256 == sha256)).scalar()
        return None if content is None else expand(content)

    # ------------------------------------------------------------------ gathering

    def twins(self, message_id: str) -> tuple[Twin, ...]:
        """Messages already filed under this Message-ID, those that were erased included."""
        wanted = {"wanted": indexable(message_id), "name": digest_of(message_id)}
        return tuple(
            _record(Twin, row, erased=bool(row.erased)) for row in self.connection.execute(_TWINS, wanted)
        )

    def tickets_by_reference(self, message_ids: Sequence[str]) -> dict[str, tuple[int, ...]]:
        """Message-ID -> the tickets it was seen or quoted in, in order of their opening."""
        found: dict[str, tuple[int, ...]] = {}
        asked = _names_of(message_ids)
        for row in self._in(_BY_REFERENCE, asked):
            id_ = asked[row.message_id]
            found[id_] = tuple(sorted({*found.get(id_, ()), row.ticket_id}))
        return found

    def tickets_by_sent(self, message_ids: Sequence[str]) -> dict[str, int]:
        """Message-ID of a mail that we sent -> its ticket."""
        asked = _names_of(message_ids)
        return {asked[row.message_id]: row.ticket_id for row in self._in(_BY_SENT, asked)}

    def tickets_by_key(self, keys: Sequence[str]) -> dict[str, int]:
        """Ticket key, as signed tokens name it -> ticket."""
        rows = self._in(_BY_KEY, keys)
        return {row.key: row.id for row in rows}

    def known_mails(self, message_ids: Sequence[str]) -> tuple[KnownMail, ...]:
        """The mails of these few Message-IDs that are here, in or out, in the order of the ids."""
        if not message_ids:
            return ()
        asked = {indexable(id_): id_ for id_ in message_ids}
        rank = {id_: number for number, id_ in enumerate(asked)}
        found = self.connection.execute(_known(len(asked)), _numbered(asked)).all()
        rows = sorted(found, key=lambda row: rank[row.message_id])
        return tuple(
            KnownMail(
                message_id=asked[row.message_id], text=row.text, sender=row.sender_address,
                content=expand(row.content) if row.content else b"",
            )
            for row in rows
        )  # fmt: skip

    def last_language(self, address: str) -> str:
        """The language of the last mail from an address that told one; "" when none did."""
        return str(self.connection.execute(_LAST_LANGUAGE, {"wanted": address}).scalar() or "")

    def seen_files(self, hashes: Sequence[str]) -> dict[str, tuple[SeenFile, ...]]:
        """SHA-256 of a file -> the first mails that it came with, at most ``MOST_SEEN``."""
        found: dict[str, tuple[SeenFile, ...]] = {}
        if hashes:
            for row in self.connection.execute(_seen_files(len(hashes)), _numbered(hashes)):
                seen = SeenFile(sender=row.sender_address, ticket_id=row.ticket_id)
                found[row.sha256] = (*found.get(row.sha256, ()), seen)
        return found

    def states(self, ticket_ids: Iterable[int]) -> dict[int, TicketState]:
        """The tickets with these numbers, and the survivors of those that were merged."""
        tickets: dict[int, Ticket] = {}
        wanted = set(ticket_ids)
        while wanted:
            found = [ticket_record(row) for row in self._in(_TICKETS, wanted)]
            tickets |= {ticket.id: ticket for ticket in found}
            wanted = {t.merged_into for t in found if t.merged_into is not None} - tickets.keys()
        if not tickets:
            return {}
        people: dict[int, set[str]] = {id_: set() for id_ in tickets}
        for row in self._in(_PEOPLE, tickets):
            people[row.ticket_id].add(row.address)
        running: dict[int, list[Clock]] = {id_: [] for id_ in tickets}
        for row in self._in(_RUNNING, tickets):
            running[row.ticket_id].append(clock_record(row))
        return {
            id_: TicketState(ticket=t, participants=frozenset(people[id_]), running=tuple(running[id_]))
            for id_, t in tickets.items()
        }

    def standing(
        self, address: str, *, now: datetime, since: Sequence[datetime]
    ) -> tuple[str, tuple[int, ...]]:
        """Why an address is muted ("" when it is not), and the automatic answers to it since each instant."""
        spans = {f"since_{number}": at for number, at in enumerate(since)}
        row = self.connection.execute(_standing(len(spans)), {"wanted": address, "now": now, **spans}).one()
        return str(row[0] or ""), tuple(int(count) for count in row[1:])

    def answers_sent(
        self, *, since: datetime, recipient: str = "", domain: str = "", ticket_id: int | None = None
    ) -> int:
        """How many automatic answers were queued since an instant: the budgets' own count."""
        count = (
            select(func.count())
            .select_from(OUTBOX)
            .where(
                OUTBOX.c.kind.in_((MessageKind.RECEIPT.value, MessageKind.ANSWER.value)),
                OUTBOX.c.created_at > since,
                OUTBOX.c.state != OutboxState.SUPPRESSED.value,
            )
        )
        if recipient:
            count = count.where(OUTBOX.c.recipient == recipient)
        if domain:
            count = count.where(OUTBOX.c.domain == domain)
        if ticket_id is not None:
            count = count.where(OUTBOX.c.ticket_id == ticket_id)
        return int(self.connection.execute(count).scalar() or 0)

    # ------------------------------------------------------------------ applying

    def open_ticket(self, values: Mapping[str, object]) -> int:
        """Write a new ticket; returns its number."""
        return row_of(self.connection.execute(_ADD_TICKET, dict(values)))

    def change_ticket(self, ticket_id: int, **values: object) -> None:
        """Change columns of a ticket; the event that says why is written beside it."""
        self.connection.execute(update(TICKET).where(TICKET.c.id == ticket_id).values(**values))

    def add_message(self, values: Mapping[str, object]) -> int:
        """Write a filed message; returns its row's number."""
        bounded = {"message_id": indexable(str(values["message_id"]))}
        return row_of(self.connection.execute(_ADD_MESSAGE, {**values, **bounded}))

    def rewrite_message(self, message_row: int, values: Mapping[str, object]) -> None:
        """Write what was read of a message at last over what stood in its place."""
        bounded = {"message_id": indexable(str(values["message_id"]))}
        self.connection.execute(
            update(MESSAGE).where(MESSAGE.c.id == message_row).values(**{**values, **bounded})
        )

    def add_files(self, message_row: int, files: Sequence[StoredFile]) -> None:
        """Write which files came with a message."""
        if files:
            rows = [
                {
                    "message_id": message_row, "filename": f.filename, "content_type": f.content_type,
                    "size": f.size, "sha256": f.sha256, "content_id": f.content_id, "inline": f.inline,
                    "decoration": f.decoration, "held": f.held, "scan": f.scan,
                }
                for f in files
            ]  # fmt: skip
            self.connection.execute(_ADD_FILE, rows)

    def add_references(self, ticket_id: int, message_ids: Sequence[str]) -> None:
        """Remember Message-IDs, seen or quoted, as belonging to a ticket."""
        if message_ids:
            rows = [{"message_id": indexable(id_), "ticket_id": ticket_id} for id_ in message_ids]
            self.connection.execute(_ADD_REFERENCE, rows)

    def add_participants(self, ticket_id: int, people: Sequence[tuple[str, str, str]]) -> None:
        """Add (address, name, role) of people who are not yet in the ticket."""
        if people:
            rows = [
                {"ticket_id": ticket_id, "address": address, "name": name, "role": role}
                for address, name, role in people
            ]
            self.connection.execute(_ADD_PARTICIPANT, rows)

    def link(self, ticket_id: int, other_id: int) -> bool:
        """Let two tickets know of each other; False where they did."""
        low, high = sorted((ticket_id, other_id))
        known = select(LINK.c.ticket_id).where(LINK.c.ticket_id == low, LINK.c.other_id == high)
        if self.connection.execute(known).first() is not None:
            return False
        self.connection.execute(insert(LINK).values(ticket_id=low, other_id=high))
        return True

    def add_events(self, events: Sequence[Event]) -> None:
        """Append to the story."""
        if events:
            rows = [
                {
                    "ticket_id": e.ticket_id, "at": e.at, "kind": e.kind, "actor": e.actor,
                    "cause": e.cause, "detail": e.detail,
                }
                for e in events
            ]  # fmt: skip
            self.connection.execute(_ADD_EVENT, rows)

    def start_clock(self, values: Mapping[str, object]) -> None:
        """Let the clock of one message run."""
        self.connection.execute(_ADD_CLOCK, dict(values))

    def stop_clocks(
        self,
        ticket_id: int,
        *,
        at: datetime,
        by: str,
        presumed: bool,
        team: str = "",
        begun: datetime | None = None,
    ) -> tuple[int, ...]:
        """Stop the clocks of a ticket that had started by then; returns the messages whose they were.

        An act that was found corrects what was only presumed before, and one that came to light late is the
        first one all the same. ``team``: stop this team's own instead. ``begun``: only those that had started
        by this earlier instant.
        """
        runs, presumed_only = CLOCK.c.stopped_at.is_(None), CLOCK.c.presumed
        stands = runs if presumed else or_(runs, presumed_only, CLOCK.c.stopped_at > at)
        of_then = and_(
            CLOCK.c.ticket_id == ticket_id, CLOCK.c.started_at <= (begun or at), CLOCK.c.team == team, stands
        )
        messages = tuple(self.connection.execute(select(CLOCK.c.message_id).where(of_then)).scalars())
        if messages:
            stopped = {"stopped_at": at, "stopped_by": by, "presumed": presumed, "next_at": None}
            self.connection.execute(update(CLOCK).where(of_then).values(stopped))
            self.unmark(messages)
        return messages

    def hold_clocks(self, clocks: Sequence[tuple[Clock, datetime | None]]) -> None:
        """Write (clock, next look) of clocks that stand still or go on: since when, and their limits now."""
        if clocks:
            rows = [
                {
                    "b_id": clock.id, "paused": clock.paused, "paused_at": clock.paused_at,
                    "near_at": clock.near_at, "due_at": clock.due_at, "next_at": at,
                }
                for clock, at in clocks
            ]  # fmt: skip
            self.connection.execute(_HOLD, rows)
            self.unmark([clock.message_id for clock, _ in clocks])

    def restart_clocks(self, message_rows: Sequence[int]) -> None:
        """The clocks of these messages run again, because the act that stopped them was undone; the sweep
        looks at them at once."""
        for part in in_parts(message_rows):
            self.connection.execute(
                update(CLOCK)
                .where(CLOCK.c.message_id.in_(part))
                .values(stopped_at=None, stopped_by="", presumed=False, next_at=CLOCK.c.started_at)
            )
        self.unmark(message_rows)

    def recognise(self, message_row: int, kind: MessageKind) -> None:
        """A message was written at the desk: it is one of ours, and no clock runs for it."""
        shown = {"kind": kind.value, "direction": "out"}
        self.connection.execute(update(MESSAGE).where(MESSAGE.c.id == message_row).values(shown))
        self.connection.execute(delete(CLOCK).where(CLOCK.c.message_id == message_row, CLOCK.c.team == ""))
        self.unmark([message_row])

    def running(self, ticket_id: int) -> tuple[Clock, ...]:
        """The clocks of a ticket that run, the earliest due first."""
        clocks = select(CLOCK).where(CLOCK.c.ticket_id == ticket_id, CLOCK.c.stopped_at.is_(None))
        return tuple(clock_record(row) for row in self._all(clocks.order_by(CLOCK.c.due_at)))

    def unmark(self, message_ids: Sequence[int]) -> None:
        """The copies of these messages may carry marks that no longer hold: look at them."""
        for part in in_parts(message_ids):
            self.connection.execute(
                update(SIGHTING).where(SIGHTING.c.message_id.in_(part), _CAN_BE_MARKED).values(dirty=True)
            )

    def mute(self, address: str, *, until: datetime, reason: str) -> None:
        """Send no automatic answer to this address for a while."""
        self.connection.execute(delete(MUTE).where(MUTE.c.address == address))
        self.connection.execute(insert(MUTE).values(address=address, until=until, reason=reason))

    # ------------------------------------------------------------------ the sweep

    def has_clocks_due(self, *, now: datetime) -> bool:
        """Whether there is a clock at which the sweep must look."""
        return bool(self.connection.execute(select(exists().where(CLOCK.c.next_at <= now))).scalar())

    def clocks_due(self, *, now: datetime, limit: int) -> tuple[Clock, ...]:
        """Running clocks at which the sweep must look, the longest due first; those that another process has
        in hand are left to it."""
        due = select(CLOCK).where(CLOCK.c.next_at <= now).order_by(CLOCK.c.next_at, CLOCK.c.id).limit(limit)
        return tuple(clock_record(row) for row in self._all(due.with_for_update(skip_locked=True)))

    def overlooked(self, *, since: datetime, most: int) -> int:
        """How many clocks the sweep should have looked at by then and has not; more are not counted. Nothing
        is taken in hand: a monitor that asks keeps no sweep from its work."""
        due = select(CLOCK.c.id).where(CLOCK.c.next_at <= since).limit(most)
        return len(self.connection.execute(due).all())

    def advance_clocks(self, stages: Sequence[tuple[int, Stage, datetime | None, float]]) -> None:
        """Write (clock, stage, next look, share that people know of) of clocks that the sweep looked at."""
        if stages:
            rows = [
                {"b_id": id_, "stage": stage.value, "next_at": at, "warned": warned}
                for id_, stage, at, warned in stages
            ]
            self.connection.execute(_ADVANCE, rows)

    def heard(self, ticket_ids: Iterable[int]) -> dict[int, float]:
        """Ticket -> the highest share that people know of any of the desk's clocks that run on it now."""
        return {row.ticket_id: row.warned for row in self._in(_HEARD, ticket_ids)}

    def numbered(self, ticket_ids: Iterable[int]) -> dict[int, Ticket]:
        """The tickets with these numbers, and nothing beside them."""
        return {row.id: ticket_record(row) for row in self._in(_TICKETS, ticket_ids)}

    def show_limits(self, tickets: Mapping[int, bool]) -> None:
        """Tickets whose clocks came near their limit, or (true) reached it, show that."""
        for breached in (False, True):
            shown = {"near_limit": True} | ({"breached": True} if breached else {})
            for part in in_parts(number for number, over in tickets.items() if over is breached):
                self.connection.execute(update(TICKET).where(TICKET.c.id.in_(part)).values(**shown))

    def backlog(self) -> tuple[Ticket, ...]:
        """Tickets of old mail that the team has not heard of yet."""
        return tuple(
            ticket_record(row)
            for row in self._all(select(TICKET).where(TICKET.c.backlog).order_by(TICKET.c.id))
        )

    def announced(self, ticket_ids: Sequence[int]) -> None:
        """The team has heard of these tickets of old mail."""
        for part in in_parts(ticket_ids):
            self.connection.execute(update(TICKET).where(TICKET.c.id.in_(part)).values(backlog=False))

    def untold(self, *, before: datetime) -> dict[int, list[int]]:
        """Maildrop -> the sightings of what was left there, arrived before then, and was not told of yet."""
        found: dict[int, list[int]] = {}
        asked = select(SIGHTING.c.maildrop_id, SIGHTING.c.id).where(
            SIGHTING.c.untold, SIGHTING.c.arrived_at < before
        )
        for row in self._all(asked.order_by(SIGHTING.c.maildrop_id, SIGHTING.c.id)):
            found.setdefault(row.maildrop_id, []).append(row.id)
        return found

    def untold_there(self, maildrop_id: int, uidvalidity: int) -> dict[int, int]:
        """UID -> sighting of what people have yet to hear of in one folder."""
        asked = select(SIGHTING.c.uid, SIGHTING.c.id).where(
            SIGHTING.c.untold, SIGHTING.c.maildrop_id == maildrop_id, SIGHTING.c.uidvalidity == uidvalidity
        )
        return {row.uid: row.id for row in self._all(asked)}

    def told(self, sighting_ids: Iterable[int]) -> None:
        """People have heard of these, or need not any more."""
        for part in in_parts(sighting_ids):
            self.connection.execute(update(SIGHTING).where(SIGHTING.c.id.in_(part)).values(untold=False))

    # ------------------------------------------------------------------ marks on the server

    def marks(self, maildrop_id: int, uidvalidity: int, *, limit: int) -> tuple[Mark, ...]:
        """Copies whose marks may differ from what their message's clock asks for."""
        rows = self._all(
            select(
                SIGHTING.c.id,
                SIGHTING.c.uid,
                SIGHTING.c.placed,
                SIGHTING.c.offered,
                CLOCK.c.stage,
                CLOCK.c.stopped_at,
                CLOCK.c.paused_at,
                MESSAGE.c.message_id,
            )
            .outerjoin(CLOCK, and_(CLOCK.c.message_id == SIGHTING.c.message_id, CLOCK.c.team == ""))
            .outerjoin(MESSAGE, MESSAGE.c.id == SIGHTING.c.message_id)
            .where(
                SIGHTING.c.dirty, SIGHTING.c.maildrop_id == maildrop_id, SIGHTING.c.uidvalidity == uidvalidity
            )
            .limit(limit)
        )
        return tuple(
            Mark(
                sighting_id=row.id,
                uid=row.uid,
                placed=tuple(row.placed.split()),
                offered=Stage(row.offered) if row.offered else None,
                stage=Stage(row.stage) if row.stage and not (row.stopped_at or row.paused_at) else None,
                message_id=row.message_id or "",
            )
            for row in rows
        )

    def marked(self, marks: Sequence[Mark]) -> None:
        """Remember which flags of ours each copy now carries."""
        if marks:
            self.connection.execute(
                _MARKED,
                [
                    {"b_id": m.sighting_id, "placed": " ".join(m.placed), "offered": m.offered or ""}
                    for m in marks
                ],
            )

    def running_uids(self, maildrop_id: int, uidvalidity: int) -> dict[int, tuple[int, datetime]]:
        """UID -> ticket and start of the clock, of every copy whose message waits for an act of the desk."""
        clock_of = {row.message_id: (row.ticket_id, row.started_at) for row in self._all(_RUNNING_ALL)}
        # In two steps, because a planner without statistics walks through the whole mailbox instead.
        copies = self._in(_COPIES, clock_of)
        return {
            row.uid: clock_of[row.message_id]
            for row in copies
            if row.maildrop_id == maildrop_id and row.uidvalidity == uidvalidity
        }

    # ------------------------------------------------------------------ looking

    def tickets(
        self,
        *,
        status: str = "",
        team: str = "",
        near_limit: bool = False,
        breached: bool = False,
        standing: str = "",
    ) -> Iterator[Ticket]:
        """The tickets that fit, by number."""
        wanted = select(TICKET).order_by(TICKET.c.id)
        if status:
            wanted = wanted.where(TICKET.c.status == status)
        if team:
            wanted = wanted.where(TICKET.c.team == team)
        if near_limit:
            wanted = wanted.where(TICKET.c.near_limit)
        if breached:
            wanted = wanted.where(TICKET.c.breached)
        if standing:
            wanted = wanted.where(TICKET.c.standing == standing)
        for row in self.connection.execute(wanted.execution_options(yield_per=500)):
            yield ticket_record(row)

    def teams(self) -> frozenset[str]:
        """The teams that tickets are or were with."""
        return frozenset(self.connection.execute(select(TICKET.c.team).distinct()).scalars())

    def messages(self, ticket_ids: Sequence[int]) -> dict[int, list[StoredMessage]]:
        """Every message of these tickets, in and out, in the order in which they came."""
        found: dict[int, list[StoredMessage]] = {id_: [] for id_ in ticket_ids}
        rows = list(self._in(_THREADS, ticket_ids))
        files = self._files(row.id for row in rows)
        for row in rows:
            found[row.ticket_id].append(_stored(row, files))
        for row in self._in(_OWED_BY_TICKET, ticket_ids):
            found[row.ticket_id].append(_owed(row))
        for thread in found.values():
            thread.sort(key=lambda m: m.arrived_at)
        return found

    def _files(self, message_rows: Iterable[int]) -> dict[int, tuple[StoredFile, ...]]:
        found: dict[int, tuple[StoredFile, ...]] = {}
        for row in self._in(_FILES, message_rows):
            found[row.message_id] = (*found.get(row.message_id, ()), _record(StoredFile, row))
        return found

    def links(self, ticket_ids: Sequence[int]) -> dict[int, list[int]]:
        """Ticket -> the tickets it is linked with."""
        found: dict[int, list[int]] = {id_: [] for id_ in ticket_ids}
        for part in in_parts(ticket_ids):
            rows = self._all(select(LINK).where(or_(LINK.c.ticket_id.in_(part), LINK.c.other_id.in_(part))))
            for row in rows:
                for one, other in ((row.ticket_id, row.other_id), (row.other_id, row.ticket_id)):
                    if one in found and other not in found[one]:
                        found[one].append(other)
        return found

    def find_messages(self, reference: str) -> tuple[StoredMessage, ...]:
        """Messages by mail id, Message-ID or sender's address."""
        columns = (MESSAGE.c.mail_id, MESSAGE.c.message_id, MESSAGE.c.sender_address)
        rows = [row for column in columns for row in self._all(_MESSAGES.where(column == reference))]
        rows_out = [
            row
            for column in (OUTBOX.c.mail_id, OUTBOX.c.message_id, OUTBOX.c.recipient)
            for row in self._all(_OWED.where(column == reference))
        ]
        files = self._files(row.id for row in rows)
        return (*(_stored(row, files) for row in rows), *map(_owed, rows_out))

    def events(self, *, ticket_id: int | None = None, cause: str = "") -> tuple[Event, ...]:
        """The story of a ticket, or all that one cause brought about, in order."""
        wanted = select(EVENT).order_by(EVENT.c.at, EVENT.c.id)
        if ticket_id is not None:
            wanted = wanted.where(EVENT.c.ticket_id == ticket_id)
        if cause:
            wanted = wanted.where(EVENT.c.cause == cause)
        return tuple(
            Event(
                ticket_id=row.ticket_id, at=row.at, kind=row.kind, actor=row.actor, cause=row.cause,
                detail=row.detail,
            )
            for row in self._all(wanted)
        )  # fmt: skip

    def text_of(self, mail_id: str) -> str:
        """The plain text of a filed message."""
        return str(
            self.connection.execute(select(MESSAGE.c.text).where(MESSAGE.c.mail_id == mail_id)).scalar() or ""
        )

    def backlog_counts(self) -> dict[str, object]:
        """What ``maild status`` judges by: mails not filed, mails owed, the next limit, limits passed."""
        tickets, runs = select(func.count()).select_from(TICKET), TICKET.c.due_at.is_not(None)
        unfiled = select(func.count()).select_from(SIGHTING).where(SIGHTING.c.state == "received")
        quarantined = select(func.count()).select_from(SIGHTING).where(SIGHTING.c.state == "quarantined")
        asked = {
            "unfiled": unfiled,
            "quarantined": quarantined,
            "open": tickets.where(TICKET.c.status.in_(OPEN)),
            "next_due": select(func.min(TICKET.c.due_at)).where(runs, ~TICKET.c.breached),
            "near_limit": tickets.where(TICKET.c.near_limit, runs),
            "breached": tickets.where(TICKET.c.breached, runs),
        }
        return {name: self.connection.execute(question).scalar() for name, question in asked.items()}


def row_of(made: CursorResult[Any]) -> int:
    """The number that the database gave a new row."""
    key = made.inserted_primary_key
    if key is None:
        raise RuntimeError("the database gave a new row no number")
    return int(key[0])


def indexable(message_id: str) -> str:
    """A Message-ID as it is kept and looked up: one too long for an index entry (PostgreSQL takes 2,704
    octets) is shortened, and told from others by its digest."""
    octets = message_id.encode("utf-8", "replace")
    if len(octets) <= LONGEST_ID:
        return message_id
    return f"{octets[: LONGEST_ID // 2].decode('utf-8', 'ignore')}~{hashlib.sha256(octets).hexdigest()}"


def digest_of(message_id: str) -> str:
    """What a mail that was erased is known by."""
    return hashlib.sha256(indexable(message_id).encode("utf-8", "replace")).hexdigest()


def erased_id(message_id: str) -> str:
    """What stands for the Message-ID of a mail that was erased, which may name a person or his machine."""
    return f"{digest_of(message_id)}{ERASED_ID}"


def _names_of(message_ids: Iterable[str]) -> dict[str, str]:
    """What each of these may be called here -> the Message-ID."""
    return {name: id_ for id_ in message_ids for name in (indexable(id_), erased_id(id_))}


def expand(content: bytes) -> bytes:
    """Raw bytes as they were before they were kept; none where they were erased."""
    return content and zstandard.ZstdDecompressor().decompress(content)


def _stored(row: Row[Any], files: Mapping[int, tuple[StoredFile, ...]]) -> StoredMessage:
    return _record(StoredMessage, row, sender=row.sender_address, files=files.get(row.id, ()))


def _owed(row: Row[Any]) -> StoredMessage:
    return StoredMessage(
        mail_id=f"{row.mail_id}/{row.id}", ticket_id=row.ticket_id, message_id=row.message_id,
        direction="out",
        kind=row.kind, sender="",
        recipient=row.recipient, subject=row.subject, sha256=row.sha256,
        arrived_at=row.created_at, thread_reason="ours", reasons=json.dumps([row.reply] if row.reply else []),
        state=row.state,
    )  # fmt: skip


# A folder beside the inbox is read only, and a door holds nothing: what waits for marks there waits for ever.
_CAN_BE_MARKED = and_(
    SIGHTING.c.uidvalidity != DOOR_EPOCH,
    exists().where(MAILDROP.c.id == SIGHTING.c.maildrop_id, MAILDROP.c.source == "inbox"),
)
_SETTLE = (
    update(SIGHTING)
    .where(SIGHTING.c.id == bindparam("b_id"))
    .values(
        state=bindparam("state"),
        message_id=bindparam("message_id"),
        reason=bindparam("reason"),
        dirty=_CAN_BE_MARKED,
    )
)
_IGNORE = (
    update(SIGHTING)
    .where(SIGHTING.c.id == bindparam("b_id"))
    .values(
        state=SightingState.IGNORED.value,
        message_id=None,
        raw_id=None,
        reason=bindparam("reason"),
        untold=bindparam("untold"),
        dirty=False,
    )
)
_FORGET_RAW = delete(RAW).where(
    RAW.c.id == bindparam("wanted"),
    ~exists().where(SIGHTING.c.raw_id == bindparam("wanted")),
    ~exists().where(MESSAGE.c.raw_id == bindparam("wanted")),
)
_ADVANCE = (
    update(CLOCK)
    .where(CLOCK.c.id == bindparam("b_id"))
    .values(stage=bindparam("stage"), next_at=bindparam("next_at"), warned=bindparam("warned"))
)
_HOLD = (
    update(CLOCK)
    .where(CLOCK.c.id == bindparam("b_id"))
    .values({name: bindparam(name) for name in ("paused", "paused_at", "near_at", "due_at", "next_at")})
)
_MARKED = (
    update(SIGHTING)
    .where(SIGHTING.c.id == bindparam("b_id"))
    .values(placed=bindparam("placed"), offered=bindparam("offered"), dirty=False)
)
_TWINS = union_all(
    select(
        MESSAGE.c.id, MESSAGE.c.ticket_id, MESSAGE.c.message_id, MESSAGE.c.digest,
        MESSAGE.c.sender_address, MESSAGE.c.sent_at, MESSAGE.c.kind, literal(0).label("erased"),
    ).where(MESSAGE.c.message_id == bindparam("wanted")),
    select(
        func.coalesce(ERASED.c.message, 0), MESSAGE.c.ticket_id, ERASED.c.name, ERASED.c.digest,
        literal(""), ERASED.c.sent_at, func.coalesce(MESSAGE.c.kind, "copy"), literal(1),
    )
    .outerjoin(MESSAGE, MESSAGE.c.id == ERASED.c.message)
    .where(ERASED.c.name == bindparam("name")),
)  # fmt: skip
_MUTED = select(MUTE.c.reason).where(MUTE.c.address == bindparam("wanted"), MUTE.c.until > bindparam("now"))


@lru_cache(maxsize=16)
def _standing(spans: int) -> Select[Any]:
    """One statement for what a receipt's gate asks of an address."""
    counts = [
        select(func.count())
        .select_from(OUTBOX)
        .where(
            OUTBOX.c.recipient == bindparam("wanted"),
            OUTBOX.c.created_at > bindparam(f"since_{number}"),
            OUTBOX.c.kind == MessageKind.RECEIPT.value,
            OUTBOX.c.state != OutboxState.SUPPRESSED.value,
        )
        .scalar_subquery()
        for number in range(spans)
    ]
    return select(_MUTED.scalar_subquery(), *counts)


def _numbered(values: Iterable[str]) -> dict[str, str]:
    """Values by the names that a statement for so many has for them: cheaper than a list that it expands."""
    return {f"wanted_{number}": value for number, value in enumerate(values)}


@lru_cache(maxsize=16)
def _known(count: int) -> CompoundSelect[Any]:
    """One statement for some Message-IDs; in two columns: a mail that we sent is kept as its bytes."""
    wanted: list[BindParameter[str]] = [bindparam(f"wanted_{number}") for number in range(count)]
    filed = select(MESSAGE.c.message_id, MESSAGE.c.text, MESSAGE.c.sender_address, null().label("content"))
    sent = select(OUTBOX.c.message_id, literal(""), literal(""), OUTBOX.c.content)
    return union_all(
        filed.where(MESSAGE.c.message_id.in_(wanted)), sent.where(OUTBOX.c.message_id.in_(wanted))
    )


@lru_cache(maxsize=16)
def _seen_files(count: int) -> Select[Any]:
    """One statement for some hashes, bounded for each: the commonest logo costs no more than a rare one."""
    each = [
        select(ATTACHMENT.c.sha256, ATTACHMENT.c.message_id)
        .where(ATTACHMENT.c.sha256 == bindparam(f"wanted_{number}"))
        .order_by(ATTACHMENT.c.id)
        .limit(MOST_SEEN)
        .subquery(f"seen_{number}")
        for number in range(count)
    ]
    seen = union_all(*map(select, each)).subquery("seen")
    return select(seen.c.sha256, MESSAGE.c.sender_address, MESSAGE.c.ticket_id).join(
        MESSAGE, MESSAGE.c.id == seen.c.message_id
    )


def _wanted(statement: Select[Any], column: Any) -> Select[Any]:
    return statement.where(column.in_(bindparam("wanted", expanding=True)))


# Built once: building a statement costs more than running it.
_ADD_SIGHTING, _ADD_RAW, _ADD_TICKET, _ADD_MESSAGE = (
    insert(SIGHTING),
    insert(RAW),
    insert(TICKET),
    insert(MESSAGE),
)
_ADD_REFERENCE, _ADD_PARTICIPANT = insert(REFERENCE), insert(PARTICIPANT)
_ADD_FILE = insert(ATTACHMENT)
_ADD_EVENT, _ADD_CLOCK = insert(EVENT), insert(CLOCK)
_RAW_KNOWN = _wanted(select(RAW.c.sha256, RAW.c.id, func.length(RAW.c.content).label("length")), RAW.c.sha256)
_FILL_RAW = update(RAW).where(RAW.c.id == bindparam("b_id")).values(content=bindparam("content"))
_KEPT = _wanted(
    select(SIGHTING, RAW.c.content, RAW.c.sha256, MAILDROP.c.name.label("maildrop"), MAILDROP.c.source)
    .join(RAW, RAW.c.id == SIGHTING.c.raw_id)
    .join(MAILDROP, MAILDROP.c.id == SIGHTING.c.maildrop_id),
    SIGHTING.c.id,
)
_SET_ASIDE = SIGHTING.c.state.in_((SightingState.QUARANTINED.value, SightingState.DISCARDED.value))
_QUARANTINED = (
    select(
        SIGHTING.c.id.label("sighting_id"), MESSAGE.c.id.label("message_row"), SIGHTING.c.mail_id,
        MAILDROP.c.name.label("maildrop"), MESSAGE.c.ticket_id, SIGHTING.c.state, SIGHTING.c.reason,
        SIGHTING.c.tries, SIGHTING.c.arrived_at, RAW.c.size, RAW.c.sha256, SIGHTING.c.whole_size,
    )
    .join(MESSAGE, MESSAGE.c.id == SIGHTING.c.message_id)
    .join(RAW, RAW.c.id == SIGHTING.c.raw_id)
    .join(MAILDROP, MAILDROP.c.id == SIGHTING.c.maildrop_id)
    .order_by(SIGHTING.c.id)
)  # fmt: skip
_BY_REFERENCE = _wanted(select(REFERENCE.c.message_id, REFERENCE.c.ticket_id), REFERENCE.c.message_id)
_BY_SENT = _wanted(
    select(OUTBOX.c.message_id, OUTBOX.c.ticket_id).where(OUTBOX.c.ticket_id.is_not(None)),
    OUTBOX.c.message_id,
)
_BY_KEY = _wanted(select(TICKET.c.key, TICKET.c.id), TICKET.c.key)
_LAST_LANGUAGE = (
    select(MESSAGE.c.language)
    .where(MESSAGE.c.sender_address == bindparam("wanted"), MESSAGE.c.language != "")
    .order_by(MESSAGE.c.id.desc())
    .limit(1)
)
_RUNNING_ALL = select(CLOCK.c.message_id, CLOCK.c.ticket_id, CLOCK.c.started_at).where(
    CLOCK.c.stopped_at.is_(None), CLOCK.c.team == ""
)
_COPIES = _wanted(
    select(SIGHTING.c.uid, SIGHTING.c.message_id, SIGHTING.c.maildrop_id, SIGHTING.c.uidvalidity),
    SIGHTING.c.message_id,
)
_FORMER = _wanted(
    select(
        MESSAGE.c.message_id, MESSAGE.c.id.label("message"), SIGHTING.c.maildrop_id, SIGHTING.c.uidvalidity,
        SIGHTING.c.arrived_at, SIGHTING.c.raw_id, SIGHTING.c.whole_size, SIGHTING.c.offered, RAW.c.size,
    )
    .join(SIGHTING, SIGHTING.c.message_id == MESSAGE.c.id)
    .join(RAW, RAW.c.id == SIGHTING.c.raw_id)
    .where(SIGHTING.c.state == SightingState.FILED.value)
    .order_by(SIGHTING.c.id),
    MESSAGE.c.message_id,
)  # fmt: skip
_TICKETS = _wanted(select(TICKET), TICKET.c.id)
_PEOPLE = _wanted(select(PARTICIPANT.c.ticket_id, PARTICIPANT.c.address), PARTICIPANT.c.ticket_id)
_RUNNING = _wanted(select(CLOCK).where(CLOCK.c.stopped_at.is_(None)), CLOCK.c.ticket_id)
_HEARD = _wanted(
    select(CLOCK.c.ticket_id, func.max(CLOCK.c.warned).label("warned"))
    .where(CLOCK.c.stopped_at.is_(None), CLOCK.c.paused_at.is_(None), CLOCK.c.team == "")
    .group_by(CLOCK.c.ticket_id),
    CLOCK.c.ticket_id,
)
_FILES = _wanted(select(ATTACHMENT).order_by(ATTACHMENT.c.id), ATTACHMENT.c.message_id)
_MESSAGES = select(MESSAGE, RAW.c.sha256).join(RAW, RAW.c.id == MESSAGE.c.raw_id).order_by(MESSAGE.c.id)
_OWED = select(
    OUTBOX.c.id, OUTBOX.c.mail_id, OUTBOX.c.ticket_id, OUTBOX.c.message_id, OUTBOX.c.kind, OUTBOX.c.recipient,
    OUTBOX.c.subject, OUTBOX.c.sha256, OUTBOX.c.created_at, OUTBOX.c.reply, OUTBOX.c.state,
).order_by(OUTBOX.c.id)  # fmt: skip
_THREADS = _wanted(_MESSAGES, MESSAGE.c.ticket_id)
_OWED_BY_TICKET = _wanted(_OWED, OUTBOX.c.ticket_id)
