"""What is kept, as values: the words that deciding and storing share (pure, standard library only).

Stands at the foot of the house; everything above reads and writes these. Nothing here can fail.
All instants are aware UTC; Message-IDs are without angle brackets; addresses are bare.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

# Who stands where somebody was erased. Nobody has the address: ".invalid" is no domain (RFC 2606 2).
ERASED_ADDRESS = "erased@maild.invalid"
# The UIDVALIDITY of what was handed in at a door. IMAP never gives it (RFC 9051 2.3.1.1), so it says of a
# sighting how it came, whatever its maildrop has become meanwhile.
DOOR_EPOCH = 0


class Status(StrEnum):
    """Where a ticket stands. Merged, spam and closed tickets take no clock."""

    NEW = "new"
    TAKEN = "taken"
    WAITING = "waiting"
    RESOLVED = "resolved"
    CLOSED = "closed"
    MERGED = "merged"
    SPAM = "spam"
    OUT_OF_SCOPE = "out_of_scope"


class MessageKind(StrEnum):
    """What one message of a ticket is; ``direction`` follows from it."""

    REQUEST = "request"
    REPLY = "reply"
    NOTE = "note"
    COMMAND = "command"
    RECEIPT = "receipt"
    RELAY = "relay"
    INVITATION = "invitation"
    NOTIFICATION = "notification"
    ANSWER = "answer"
    ALERT = "alert"
    WARNING = "warning"
    DIGEST = "digest"
    TROUBLE = "trouble"
    CONSULTATION = "consultation"  # the case, to a specialist team
    BOUNCE = "bounce"
    AUTO_REPLY = "auto_reply"
    LIST = "list"
    DISPOSITION_NOTICE = "disposition_notice"
    OUTSIDE_ANSWER = "outside_answer"
    CALL = "call"
    VISIT_ANSWER = "visit_answer"
    COPY = "copy"
    OWN_COPY = "own_copy"
    UNREADABLE = "unreadable"


class SightingState(StrEnum):
    """How far the copy of a mail in a maildrop has come."""

    RECEIVED = "received"  # raw bytes are kept, not yet filed
    FILED = "filed"
    QUARANTINED = "quarantined"  # it could not be read: a plain ticket, and an operator may try again
    DISCARDED = "discarded"  # an operator decided that there is nothing to read
    IGNORED = "ignored"  # of no ticket, in a folder of sent mail or of junk: its bytes are not kept
    SKIPPED = "skipped"  # older than the start that the operator chose


class OutboxState(StrEnum):
    """How far a mail that we owe has come."""

    READY = "ready"
    CLAIMED = "claimed"
    SENT = "sent"
    FAILED = "failed"
    HELD = "held"
    SUPPRESSED = "suppressed"
    UNCERTAIN = "uncertain"
    DROPPED = "dropped"  # a person decided that it shall not leave


class VisitState(StrEnum):
    """What is known of a visit: what the technician answered, or that the desk has called it off."""

    ASKED = "asked"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    TENTATIVE = "tentative"
    CANCELLED = "cancelled"


# What is held by a person says so: this, and by whom.
HELD_BY = "held by "


class Stage(StrEnum):
    """How near its limit a running clock is."""

    RUNNING = "running"
    NEAR = "near"
    BREACHED = "breached"


@dataclass(frozen=True, slots=True, kw_only=True)
class Maildrop:
    """A place mail is taken from. ``source``: inbox, sent, junk or door; ``uidvalidity``: None at first.

    ``seen_uid``: the highest UID of the last comparison that was carried through to its end.
    """

    id: int
    name: str
    source: str
    uidvalidity: int | None
    polled_at: datetime | None
    since: datetime | None = None
    seen_uid: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """Who may file mail of a maildrop, and until when; ``epoch`` rises with each new holder."""

    maildrop_id: int
    epoch: int
    holder: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMail:
    """A mail about to be kept: its bytes, its origin, and when it reached the maildrop.

    ``uid``: 0 where the mail brings no number, as at a door: the ledger gives it the next one.
    ``whole_size``: bytes on the server where ``content`` is only its beginning; None: all of it is here.
    """

    mail_id: str
    uid: int
    arrived_at: datetime
    content: bytes
    sha256: str
    whole_size: int | None = None
    placed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptMail:
    """A mail whose raw bytes are durable and which awaits filing."""

    sighting_id: int
    raw_id: int
    maildrop: str
    source: str
    mail_id: str
    arrived_at: datetime
    content: bytes
    sha256: str
    tries: int = 0
    whole_size: int | None = None
    placed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """A mail that could not be read, and the plain ticket that stands for it.

    ``message_row``: what stands on the ticket in its place. ``size``: of the bytes that are kept; ``tries``:
    how often it was read alone.
    """

    sighting_id: int
    message_row: int
    mail_id: str
    maildrop: str
    ticket_id: int
    state: SightingState
    reason: str
    tries: int
    arrived_at: datetime
    size: int
    sha256: str
    whole_size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """How a mail was met in a maildrop: what it keeps when the server gives it another number.

    ``size``: bytes on the server.
    """

    message_id: str
    size: int
    arrived_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Former:
    """A sighting of before, of a filed mail: what a further one takes over from it.

    ``message``: the row of what was filed; ``offered``: the stage whose marks it was given.
    """

    uidvalidity: int
    message: int
    raw_id: int
    whole_size: int | None
    offered: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenAgain:
    """A mail under its new number, known beyond doubt; ``placed``: marks of ours that it bears."""

    uid: int
    mail_id: str
    arrived_at: datetime
    former: Former
    placed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """One matter between a requester and the desk. ``key``: random, what signed tokens name.

    ``touched_at``: when a person last wrote or acted on it, None where that is not known; ``look_at``: when
    the sweep looks whether it is forgotten, or may be closed.
    """

    id: int
    key: str
    subject: str
    requester_name: str
    requester_address: str
    status: Status
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
    merged_into: int | None = None
    wake_at: datetime | None = None
    standing: str = ""
    entity: str = ""
    touched_at: datetime | None = None
    look_at: datetime | None = None

    @property
    def is_erased(self) -> bool:
        """What was said on it and who asked is gone; nobody can be answered on it any more."""
        return self.requester_address == ERASED_ADDRESS


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierTicket:
    """What is told of a ticket to somebody who reads a later one of the same person."""

    id: int
    subject: str
    status: str
    arrived_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """One mail of a person and the time in which a person must act on it.

    It runs in its own time: the desk's opening hours where ``desk``, else wall time. ``span``: its limit in
    seconds of that time; ``paused``: how many of them it stood still; ``paused_at``: since when it stands
    still now. ``warned``: the highest share of its limit of which people have been told, 1.0 the limit.
    ``team``: the specialist team whose own limit it is; "" for the desk's promise to the requester.
    """

    id: int
    ticket_id: int
    message_id: int
    first: bool
    started_at: datetime
    near_at: datetime
    due_at: datetime
    stage: Stage
    stopped_at: datetime | None = None
    stopped_by: str = ""
    presumed: bool = False
    team: str = ""
    span: int = 0
    desk: bool = False
    paused: int = 0
    paused_at: datetime | None = None
    warned: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Whether somebody may use the service. ``status``: yes, study, no or unknown, "" where nobody asks;
    ``entity``: in whose name, "" where that is not known."""

    status: str
    entity: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """Who takes part in a ticket. ``role``: requester, watcher or agent; ``address`` is case folded."""

    address: str
    name: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A mail of a person on a ticket, as an answer to it must name it (RFC 5322 3.6.4).

    ``opened``: the ticket began with it; ``ticket``: where it lies, which may be one that was merged.
    """

    message_row: int
    message_id: str
    sender: str
    arrived_at: datetime
    text: str = ""
    mail_id: str = ""
    opened: bool = False
    ticket: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A mail that came in, as the story of its ticket tells it. ``verdicts`` and ``reasons`` are JSON."""

    mail_id: str
    kind: MessageKind
    sender_name: str
    sender_address: str
    subject: str
    arrived_at: datetime
    text: str
    thread_reason: str
    reasons: str = "[]"
    verdicts: str = "[]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """An agent's answer to a requester. ``cause``: the mail id of his own mail; ``outbox_id``: 0 where it was
    given outside maild."""

    outbox_id: int
    cause: str
    agent: str
    recipient: str
    state: OutboxState
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What was done last with a ticket, and nobody has undone: all that one cause brought about.

    ``cause``: an agent's mail, or what else the story names. ``events``: the facts that the stories tell of
    it, on whatever ticket; ``letters``: what it made us write. ``visit``: the row of the visit that it
    ordered or moved, 0 for none that still stands.
    """

    at: datetime
    actor: str
    cause: str
    events: tuple["Event", ...]
    letters: tuple["OwedLetter", ...] = ()
    visit: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Consultation:
    """A specialist team was asked about a ticket. ``answer``: the mail id of its last answer, "" for none;
    ``due_at``: by its own limit."""

    id: int
    team: str
    asked_by: str
    asked_at: datetime
    answered_at: datetime | None = None
    answer: str = ""
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A technician goes on site. ``state``: a ``VisitState``; ``requester_state``: what the requester
    answered, "" for nothing yet."""

    id: int
    ticket_id: int
    uid: str
    sequence: int
    technician: str
    technician_name: str
    place: str
    description: str
    starts_at: datetime
    ends_at: datetime
    ordered_by: str
    state: str
    requester_state: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A phone contact. ``waited`` and ``lasted`` in seconds; None: nobody said."""

    at: datetime
    agent: str
    waited: int | None = None
    lasted: int | None = None
    first_call: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedMail:
    """A mail of a person whose clock began in a span, and what it is counted by in the report.

    ``first``: the promise "taken in charge" was made for it; else a next answer is waited for. ``sha256``: of
    its raw bytes. ``desk``: its limit is in opening hours, of which it stood still for ``paused`` seconds;
    ``paused_at``: it stands still since then. The rest is its ticket's, as that stands now.
    """

    ticket: int
    mail_id: str
    sha256: str
    first: bool
    started_at: datetime
    due_at: datetime
    stopped_at: datetime | None
    presumed: bool
    status: Status
    team: str = ""
    category: str = ""
    entity: str = ""
    desk: bool = False
    paused: int = 0
    paused_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """A message already filed under the same Message-ID.

    ``erased``: nothing but its digests is left, and its ``id`` is 0 in a ledger that was made anew.
    """

    id: int
    ticket_id: int | None
    message_id: str
    digest: str
    sender_address: str
    sent_at: datetime | None
    kind: str
    erased: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file that came with a message; its bytes are in the raw mail.

    ``filename``: "" when it had none. ``decoration``: a picture that the sender's mails always carry.
    ``held``: why it stays with the desk, such as "program .exe"; "" where it goes along. ``scan``: "clean",
    "found NAME" or "unscanned WHY"; "" where nobody asked.
    """

    filename: str
    content_type: str
    size: int
    sha256: str
    content_id: str
    inline: bool
    decoration: bool = False
    held: str = ""
    scan: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldFile:
    """A file that stays with the desk until an agent asks for it. ``mail``: SHA-256 of the mail that it came
    with, whose author is ``sender``."""

    mail: str
    sender: str
    filename: str
    content_type: str
    size: int
    sha256: str
    held: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownMail:
    """A mail that another one names: the text of one that was filed, or the bytes of one that we sent."""

    message_id: str
    text: str = ""
    sender: str = ""
    content: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenFile:
    """One earlier mail that a file came with; ``sender``: its address."""

    sender: str
    ticket_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMessage:
    """A message as it is shown: of a ticket's thread, in either direction."""

    mail_id: str
    ticket_id: int | None
    message_id: str
    direction: str
    kind: str
    sender: str
    subject: str
    sha256: str
    arrived_at: datetime
    thread_reason: str
    verdicts: str = "[]"
    reasons: str = "[]"
    state: str = ""
    recipient: str = ""
    files: tuple[StoredFile, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A fact of a ticket's story: never changed, never removed. ``cause``: mail id, timer or operator."""

    ticket_id: int | None
    at: datetime
    kind: str
    actor: str
    cause: str
    detail: str = "{}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxEntry:
    """A finished mail that we owe, with the envelope it leaves in (RFC 5321 2.3.1)."""

    id: int
    mail_id: str
    ticket_id: int | None
    kind: MessageKind
    recipient: str
    message_id: str
    content: bytes
    attempts: int
    created_at: datetime
    due_at: datetime
    ambiguous: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedLetter:
    """A row of the outbox as people look at it, without its content.

    ``due_at``: from when on it should have left; ``next_at``: when it is tried next, None when never.
    ``reply``: what the server said last, or why it does not leave.
    """

    id: int
    mail_id: str
    ticket_id: int | None
    kind: MessageKind
    state: OutboxState
    recipient: str
    message_id: str
    subject: str
    sha256: str
    attempts: int
    ambiguous: int
    created_at: datetime
    due_at: datetime
    next_at: datetime | None
    sent_at: datetime | None
    reply: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingTrouble:
    """Something that does not work, as the administrators were told of it."""

    name: str
    since: datetime
    told_at: datetime | None
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A copy in a maildrop whose marks may not be what its message asks for.

    ``placed``: the flags that maild itself set on it; ``offered``: the highest stage whose marks were
    ever set, so that what a person cleared comes back only at the next one.
    """

    sighting_id: int
    uid: int
    stage: Stage | None
    placed: tuple[str, ...]
    offered: Stage | None
    message_id: str = ""
