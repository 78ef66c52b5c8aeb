"""The tables, for SQLite and PostgreSQL alike; imported by ``storage`` alone.

Stands under ``store`` and ``outbox``. Datetime columns take aware UTC only (SQLModel refuses others).
Safety comes from the unique constraints written here, not from locks; every look-up that threading,
the sweep or the outbox makes has its index (tests assert the query plans).
"""

from datetime import datetime

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel


def _partial(name: str, *columns: str, where: str) -> Index:
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


def _flagged(name: str, *columns: str, flag: str) -> Index:
    # The two databases are asked in different words, and an index answers only to its own.
    return Index(name, *columns, sqlite_where=text(f"{flag} = 1"), postgresql_where=text(flag))


class MaildropRow(SQLModel, table=True):
    """A place mail is taken from."""

    __tablename__ = "maildrop"
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    source: str
    uidvalidity: int | None = Field(default=None, sa_type=BigInteger)
    polled_at: datetime | None = None
    # What had arrived before is not taken in, also when the server gives it new numbers.
    since: datetime | None = None
    # The highest UID of the last whole comparison: a mail up to it that has no sighting was passed over.
    seen_uid: int | None = Field(default=None, sa_type=BigInteger)


class LeaseRow(SQLModel, table=True):
    """Who may file mail of a maildrop: the epoch is checked in every filing transaction."""

    __tablename__ = "lease"
    maildrop_id: int = Field(primary_key=True, foreign_key="maildrop.id")
    epoch: int
    holder: str
    expires_at: datetime


class RawRow(SQLModel, table=True):
    """Raw bytes as received, zstandard-compressed; equal bytes are kept once."""

    __tablename__ = "raw"
    id: int | None = Field(default=None, primary_key=True)
    sha256: str = Field(unique=True)
    size: int
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class SightingRow(SQLModel, table=True):
    """One copy of a mail in one maildrop: new is what has no row here."""

    __tablename__ = "sighting"
    __table_args__ = (
        UniqueConstraint("maildrop_id", "uidvalidity", "uid"),
        _partial("sighting_received", "maildrop_id", "id", where="state = 'received'"),
        _partial("sighting_quarantined", "id", where="state = 'quarantined'"),
        _flagged("sighting_unmarked", "maildrop_id", "uidvalidity", flag="dirty"),
        _flagged("sighting_untold", "maildrop_id", "arrived_at", flag="untold"),
    )
    id: int | None = Field(default=None, primary_key=True)
    maildrop_id: int = Field(foreign_key="maildrop.id")
    # Both are unsigned 32 bit numbers (RFC 9051 2.3.1.1), too wide for PostgreSQL's integer.
    uidvalidity: int = Field(sa_type=BigInteger)
    uid: int = Field(sa_type=BigInteger)
    # Nothing where the bytes are of no use to anybody: the index finds who else needs them.
    raw_id: int | None = Field(default=None, foreign_key="raw.id", index=True)
    message_id: int | None = Field(default=None, foreign_key="message.id", index=True)
    mail_id: str
    arrived_at: datetime
    state: str
    tries: int = 0
    dirty: bool = False
    placed: str = ""
    offered: str = ""
    # Bytes on the server where only the beginning was kept; nothing: the whole mail is here.
    whole_size: int | None = Field(default=None, sa_type=BigInteger)
    # Why it was set aside: what a person who looks into the quarantine reads.
    reason: str = Field(default="", sa_column=Column(Text, nullable=False))
    # It was left in a junk folder, and nobody has heard of it yet.
    untold: bool = False


_OPEN = "status = 'new' OR status = 'taken' OR status = 'waiting'"


class TicketRow(SQLModel, table=True):
    """One matter between a requester and the desk."""

    __tablename__ = "ticket"
    __table_args__ = (
        _partial("ticket_due", "due_at", where="due_at IS NOT NULL"),
        _flagged("ticket_backlog", "id", flag="backlog"),
        _partial("ticket_wake", "wake_at", where="wake_at IS NOT NULL"),
        _partial("ticket_look", "look_at", where="look_at IS NOT NULL"),
        # Whoever asks for the list of his tickets asks for those that are open, of so many that were.
        _partial("ticket_open", "assignee", "team", where=_OPEN),
        _partial("ticket_merged", "merged_into", where="merged_into IS NOT NULL"),
        {"sqlite_autoincrement": True},
    )
    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    subject: str = Field(sa_column=Column(Text, nullable=False))
    requester_name: str
    requester_address: str
    status: str
    language: str
    arrived_at: datetime
    created_at: datetime
    category: str = ""
    team: str = ""
    priority: str = ""
    scope: str = ""
    assignee: str = ""
    due_at: datetime | None = None
    taken_at: datetime | None = None
    acked_at: datetime | None = None
    near_limit: bool = False
    breached: bool = False
    backlog: bool = False
    merged_into: int | None = Field(default=None, foreign_key="ticket.id")
    # When a waiting ticket comes back by itself.
    wake_at: datetime | None = None
    # Whether the requester may use the service, and in whose name: what was settled, else what is known.
    standing: str = ""
    entity: str = ""
    # When a person last wrote or acted on it, and when the sweep looks whether anybody has since.
    touched_at: datetime | None = None
    look_at: datetime | None = None


class MessageRow(SQLModel, table=True):
    """A mail that was filed: unique in the desk by Message-ID and canonical digest."""

    __tablename__ = "message"
    __table_args__ = (UniqueConstraint("message_id", "digest"),)
    id: int | None = Field(default=None, primary_key=True)
    mail_id: str = Field(unique=True)
    ticket_id: int | None = Field(default=None, foreign_key="ticket.id", index=True)
    raw_id: int = Field(foreign_key="raw.id", index=True)
    message_id: str = Field(sa_column=Column(Text, nullable=False))
    digest: str
    direction: str
    kind: str
    sender_name: str
    sender_address: str = Field(index=True)
    subject: str = Field(sa_column=Column(Text, nullable=False))
    sent_at: datetime | None = None
    arrived_at: datetime
    created_at: datetime
    text: str = Field(sa_column=Column(Text, nullable=False))
    language: str
    thread_reason: str
    # JSON as text: written once, read by people, never searched.
    verdicts: str = Field(sa_column=Column(Text, nullable=False))
    reasons: str = Field(sa_column=Column(Text, nullable=False))


class ErasedRow(SQLModel, table=True):
    """A mail that was erased: digests alone, so that it is known again wherever it still lies."""

    __tablename__ = "erased"
    # The SHA-256 of its Message-ID.
    name: str = Field(primary_key=True)
    digest: str = Field(primary_key=True)
    sent_at: datetime | None = None
    # Nothing in a ledger that was made anew.
    message: int | None = Field(default=None, foreign_key="message.id")
    at: datetime


class AttachmentRow(SQLModel, table=True):
    """A file that came with a message, by its hash; the bytes are in the raw mail."""

    __tablename__ = "attachment"
    id: int | None = Field(default=None, primary_key=True)
    message_id: int = Field(foreign_key="message.id", index=True)
    filename: str = Field(sa_column=Column(Text, nullable=False))
    content_type: str
    size: int
    sha256: str = Field(index=True)
    content_id: str
    inline: bool
    # A picture that the sender's mails always carry: a signature's logo, no file for anybody.
    decoration: bool
    # Why it stays with the desk until an agent asks for it.
    held: str = ""
    # What a virus scanner said of it: clean, found, unscanned; nothing where there is none.
    scan: str = ""


class ReferenceRow(SQLModel, table=True):
    """Every Message-ID ever seen or quoted, and the ticket it belongs to (RFC 5322 3.6.4)."""

    __tablename__ = "reference"
    id: int | None = Field(default=None, primary_key=True)
    message_id: str = Field(sa_column=Column(Text, nullable=False, index=True))
    ticket_id: int = Field(foreign_key="ticket.id")


class ParticipantRow(SQLModel, table=True):
    """Who takes part in a ticket; addresses are case folded."""

    __tablename__ = "participant"
    ticket_id: int = Field(primary_key=True, foreign_key="ticket.id")
    address: str = Field(primary_key=True)
    name: str
    role: str


class LinkRow(SQLModel, table=True):
    """Two tickets that know of each other."""

    __tablename__ = "link"
    ticket_id: int = Field(primary_key=True, foreign_key="ticket.id")
    other_id: int = Field(primary_key=True, foreign_key="ticket.id", index=True)


class ClockRow(SQLModel, table=True):
    """One mail of a person and its limit. ``next_at``: when the sweep must look at it again."""

    __tablename__ = "clock"
    __table_args__ = (
        _partial("clock_due", "next_at", where="next_at IS NOT NULL"),
        _partial("clock_running", "ticket_id", "message_id", where="stopped_at IS NULL"),
        # A report reads the clocks of its month, of so many years.
        Index("clock_started", "started_at"),
        # The board counts what was answered today.
        _partial("clock_stopped", "stopped_at", where="stopped_at IS NOT NULL"),
    )
    id: int | None = Field(default=None, primary_key=True)
    ticket_id: int = Field(foreign_key="ticket.id", index=True)
    message_id: int = Field(foreign_key="message.id", unique=True)
    first: bool
    started_at: datetime
    near_at: datetime
    due_at: datetime
    next_at: datetime | None = None
    stage: str
    stopped_at: datetime | None = None
    stopped_by: str = ""
    presumed: bool = False
    # The specialist team whose own limit it is; nothing: the desk's promise to the requester.
    team: str = ""
    # Seconds of its own time (the desk's opening hours, or wall time): its limit, and what it stood still.
    span: int = Field(default=0, sa_type=BigInteger)
    desk: bool = False
    paused: int = Field(default=0, sa_type=BigInteger)
    paused_at: datetime | None = None
    # The highest share of the limit of which people have been told.
    warned: float = 0.0


class EventRow(SQLModel, table=True):
    """The story of a ticket. Rows are only ever added: triggers refuse the rest."""

    __tablename__ = "event"
    id: int | None = Field(default=None, primary_key=True)
    ticket_id: int | None = Field(default=None, foreign_key="ticket.id", index=True)
    at: datetime
    kind: str
    actor: str
    cause: str = Field(index=True)
    detail: str = Field(sa_column=Column(Text, nullable=False))


class OutboxRow(SQLModel, table=True):
    """A mail that we owe: bytes, Message-ID and Date are fixed when the row is written."""

    __tablename__ = "outbox"
    __table_args__ = (
        _partial("outbox_due", "next_at", "rank", where="next_at IS NOT NULL"),
        # The budgets count rows from the index alone: the content lies between them and the state.
        Index("outbox_recipient", "recipient", "kind", "created_at", "state"),
        Index("outbox_domain", "domain", "kind", "created_at", "state"),
        Index("outbox_kind", "kind", "created_at", "state"),
        _partial("outbox_sent", "sent_at", where="sent_at IS NOT NULL"),
    )
    id: int | None = Field(default=None, primary_key=True)
    owed: str = Field(unique=True)
    mail_id: str = Field(index=True)
    ticket_id: int | None = Field(default=None, foreign_key="ticket.id", index=True)
    kind: str
    recipient: str
    domain: str
    message_id: str = Field(unique=True)
    subject: str = Field(sa_column=Column(Text, nullable=False))
    sha256: str
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    state: str
    rank: int
    attempts: int = 0
    ambiguous: int = 0
    created_at: datetime
    # From when on it should leave: giving up counts from here, not from the writing of what was held.
    due_at: datetime | None = None
    next_at: datetime | None = None
    claim: str = ""
    sent_at: datetime | None = None
    reply: str = Field(default="", sa_column=Column(Text, nullable=False))


class ConsultationRow(SQLModel, table=True):
    """A specialist team was asked about a ticket; the desk stays the one voice."""

    __tablename__ = "consultation"
    id: int | None = Field(default=None, primary_key=True)
    ticket_id: int = Field(foreign_key="ticket.id", index=True)
    team: str
    asked_by: str
    asked_at: datetime
    answered_at: datetime | None = None
    # The message that holds the team's last answer.
    answer_id: int | None = Field(default=None, foreign_key="message.id")


class VisitRow(SQLModel, table=True):
    """A technician goes on site: one invitation, however often it is moved (RFC 5545 3.8.4.7)."""

    __tablename__ = "visit"
    id: int | None = Field(default=None, primary_key=True)
    ticket_id: int = Field(foreign_key="ticket.id", index=True)
    uid: str = Field(unique=True)
    sequence: int
    technician: str
    technician_name: str
    place: str = Field(sa_column=Column(Text, nullable=False))
    description: str = Field(sa_column=Column(Text, nullable=False))
    starts_at: datetime
    ends_at: datetime
    ordered_by: str
    # asked, accepted, declined, tentative (by the technician) or cancelled (by the desk).
    state: str
    requester_state: str = ""


class CallRow(SQLModel, table=True):
    """A phone contact, logged by the agent who had it: what the phone objectives are counted from."""

    __tablename__ = "call"
    id: int | None = Field(default=None, primary_key=True)
    ticket_id: int = Field(foreign_key="ticket.id", index=True)
    at: datetime = Field(index=True)
    agent: str
    # Seconds; nothing where nobody said.
    waited: int | None = None
    lasted: int | None = None
    first_call: bool | None = None


class SettledRow(SQLModel, table=True):
    """An address whose standing people have settled, and on which ticket: that says what it is."""

    __tablename__ = "settled"
    address: str = Field(primary_key=True)
    ticket_id: int = Field(foreign_key="ticket.id", index=True)


class MuteRow(SQLModel, table=True):
    """An address that mail does not reach: no automatic answer until then."""

    __tablename__ = "mute"
    address: str = Field(primary_key=True)
    until: datetime
    reason: str


class TroubleRow(SQLModel, table=True):
    """Something that does not work: told once when it began, once when it is over, also across restarts."""

    __tablename__ = "trouble"
    name: str = Field(primary_key=True)
    since: datetime
    told_at: datetime | None = None
    detail: str = Field(sa_column=Column(Text, nullable=False))
