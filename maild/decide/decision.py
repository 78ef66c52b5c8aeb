"""What was decided about one mail: a disposition, changes to carry out, and the reasons (pure).

Stands between ``decide`` and ``apply``: a closed union of changes, matched exhaustively there, so that
the type checker names every place where a new one must be handled.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from parsers.addresses import Address
from storage.records import Call, MessageKind, Status, Ticket, Visit

# Stands in an answer to an agent for the number of the ticket that his mail opens.
OPENED = "\ue000"
# So begins, among the reasons of a message, the one that says what of the mail nobody has read.
UNREAD = "not read"
# And the one that says that a filter took it for spam.
SUSPECTED = "a filter took it for spam"


class Disposition(StrEnum):
    """What becomes of a mail."""

    FILED = "filed"
    QUARANTINED = "quarantined"
    DUPLICATE = "duplicate"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one signal says of where a mail belongs. ``holds``: it decides, unless an earlier one did."""

    signal: str
    holds: bool
    ticket: int | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTicket:
    """A new ticket; ``links``: tickets that it should know of.

    ``standing``: of its requester, as ``storage.records.Standing`` has it, with his ``entity``.
    ``arrived_at``: when it began; None: as its mail arrived. ``why``: which rules spoke.
    """

    subject: str
    requester: Address
    language: str
    team: str
    category: str = ""
    priority: str = ""
    scope: str = ""
    standing: str = ""
    entity: str = ""
    arrived_at: datetime | None = None
    links: tuple[int, ...] = ()
    backlog: bool = False
    status: Status = Status.NEW
    why: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Describe:
    """What is known at last of a ticket that was opened without it; what people have filled in stays."""

    subject: str
    requester: Address
    language: str
    links: tuple[int, ...] = ()
    standing: str = ""
    entity: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddParticipants:
    """People who take part from now on; ``role``: requester, watcher or agent."""

    people: tuple[tuple[Address, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RememberIds:
    """Message-IDs, seen or quoted, that belong to the ticket from now on."""

    message_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StartClock:
    """A person wrote: a person must act. ``first``: this is the promise itself, not a next answer.

    ``span``, ``desk`` and ``next_at``: as ``sla.Limits``.
    """

    first: bool
    started_at: datetime
    near_at: datetime
    due_at: datetime
    next_at: datetime
    span: int
    desk: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StopClocks:
    """A person acted. ``presumed``: by a flag only, or by setting it aside, until an answer is found."""

    at: datetime
    by: str
    act: str
    presumed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeInCharge:
    """The ticket is this agent's from now on; an empty one means: somebody outside maild."""

    agent: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognise:
    """A message on the ticket turns out to be the desk's own: it is shown as such, and starts no clock."""

    message: int
    kind: MessageKind


@dataclass(frozen=True, slots=True, kw_only=True)
class SetStatus:
    """The ticket's status changes, for a reason that the story tells."""

    status: Status
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SendReceipt:
    """The acknowledgement with number and limit: at most one a requester of the ticket.

    ``parents``: Message-IDs of what it answers, as whoever reads it has them; None: of the mail itself.
    """

    to: Address
    language: str
    due_at: datetime
    parents: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogCall:
    """A phone contact about the ticket."""

    call: Call


@dataclass(frozen=True, slots=True, kw_only=True)
class SendCallReceipt:
    """What somebody who telephoned has in writing, where the agent asks for it. ``solved``: at that call."""

    to: Address
    language: str
    called_at: datetime
    solved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WithholdReceipt:
    """Why this mail gets no automatic answer. ``over_budget``: the administrator must hear of it."""

    reasons: tuple[str, ...]
    to: str = ""
    over_budget: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    """Tell agents, or a team's own address, of a mail.

    ``in_digest``: those who hear of it in the next digest: they were told of so much lately, or nobody is
    there. ``absent``: the name of the assignee in whose absence the others are told, "" where he is there.
    """

    recipients: tuple[tuple[str, str], ...]  # (address, language)
    due_at: datetime | None
    in_digest: tuple[str, ...] = ()
    absent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerAgent:
    """One line a command to the agent who wrote them. ``withheld``: why it must not leave, "" when it may."""

    to: Address
    language: str
    lines: tuple[str, ...]
    withheld: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendStory:
    """All that was written on a ticket, to an agent who asked: when, who, a kind of message, the words.

    ``withheld``: as in ``AnswerAgent``.
    """

    to: Address
    language: str
    ticket: int
    story: tuple[tuple[datetime, str, str, str], ...]
    withheld: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendFile:
    """A file that was held, to the agent who asked for it, and to nobody else.

    ``mail``: SHA-256 of the mail that it came with; ``file``: its own. ``place``: its number among those that
    are held on the ticket. ``lines``: what he reads with it; ``gone``: what he reads where the mail is no
    longer kept. ``withheld``: as in ``AnswerAgent``.
    """

    to: Address
    language: str
    mail: str
    file: str
    place: int
    lines: tuple[str, ...]
    gone: str
    withheld: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendList:
    """What an agent has to do, to him who asked. ``withheld``: as in ``AnswerAgent``."""

    to: Address
    language: str
    tickets: tuple[Ticket, ...]
    withheld: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Amend:
    """Columns of the ticket that a person changes; the story has what they were before.

    ``values``: (column, value), of status, assignee, team, category, priority, scope, wake_at, standing,
    entity.
    """

    values: tuple[tuple[str, str | datetime | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle:
    """From now on this address, case folded, stands as the ticket says."""

    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SendRelay:
    """A person's answer, to the requester and those who follow: a letter for each of them.

    ``text`` and ``html``: the person's words; ``files``: SHA-256 of what goes along. ``notice``: of
    ``compose.NOTICES``, "" for none, with its ``values``. ``parents``: Message-IDs of what is answered, the
    last one is answered directly. ``not_before``: until then it can be stopped. ``held``: why it waits for a
    person's word, "" where it does not.
    """

    to: tuple[Address, ...]
    language: str
    text: str
    html: str = ""
    files: tuple[str, ...] = ()
    notice: str = ""
    values: tuple[tuple[str, str], ...] = ()
    parents: tuple[str, ...] = ()
    not_before: datetime | None = None
    held: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell:
    """Something happened on a ticket that somebody of the desk must hear: (address, language) of each."""

    recipients: tuple[tuple[str, str], ...]
    headline: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SendVisit:
    """A technician goes on site as ``visit`` says from now on, or no longer, where its state says so: whom it
    concerns gets an invitation.

    ``before``: as it was; None for a new one, which has neither row nor UID yet. ``requester``: who is
    visited; None where no letter reaches him.
    """

    visit: Visit
    before: Visit | None = None
    requester: Address | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerVisit:
    """An invitation was answered, by ``actor``. ``column``: of the visit, that keeps this person's answer;
    "" where nothing is kept of it."""

    visit: int
    actor: str
    answer: str
    column: str = ""
    proposed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """A ticket comes to somebody of the desk, who gets it as it stands: (address, language) of each.

    ``reason``: of ``compose.REASONS``; ``by``: the name of who did it, "" for nobody; ``words``: what was
    said to them alone.
    """

    recipients: tuple[tuple[str, str], ...]
    reason: str
    by: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consult:
    """A specialist team is asked: ``letters`` are (address, language, question) of each who gets the case.

    ``again``: the consultation that this reminds of, None for a new one, whose clock ``near_at``, ``due_at``,
    ``span`` and ``desk`` are. ``due_at``: None where no clock of the team's runs any more. ``files``: SHA-256
    of what goes along of the mail that asks.
    """

    team: str
    letters: tuple[tuple[str, str, str], ...]
    near_at: datetime | None
    due_at: datetime | None
    span: int = 0
    desk: bool = False
    again: int | None = None
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HearTeam:
    """A specialist team answered: its own clock stops, and (address, language) of the desk are told.

    ``consultation``: None where it is not known any more; ``asked_on``: the ticket of which it was asked,
    which may have been merged since. ``files``: SHA-256 of what goes along. ``in_digest``: as ``Notify``.
    """

    consultation: int | None
    asked_on: int
    team: str
    author: str
    recipients: tuple[tuple[str, str], ...]
    text: str
    html: str = ""
    files: tuple[str, ...] = ()
    in_digest: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StopLetters:
    """Letters that have not left are held until a person releases them, or dropped for good.

    The act that they were is undone: ``restart``: messages whose clocks run again; ``restore``: columns of
    the ticket as they were.
    """

    letters: tuple[int, ...]
    drop: bool = False
    restart: tuple[int, ...] = ()
    restore: tuple[tuple[str, str | datetime | None], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseLetters:
    """Letters that were held leave at once."""

    letters: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """The ticket ends in another one of the same requester, which goes on for both."""

    into: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """The ticket and another one know of each other."""

    other: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitOff:
    """A mail of the ticket becomes a ticket of its own, linked with this one.

    ``message``: its row; ``lies``: the ticket where it lies, this one or one that was merged into it;
    ``own_id``: its Message-ID, which that ticket loses; ``ids``: all that the new one gets. ``clock``: its
    own, as the first one of a new matter. ``taken``: somebody has acted on that mail already, and the new
    ticket is the ``assignee``'s, "" for nobody's at the desk.
    """

    message: int
    lies: int
    mail_id: str
    own_id: str
    opening: OpenTicket
    people: AddParticipants
    ids: tuple[str, ...]
    clock: StartClock
    taken: bool = False
    assignee: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """Whoever handed the mail on is not the requester of the ticket: somebody else is.

    ``subject``: "" where it stays.
    """

    requester: Address
    language: str
    subject: str
    standing: str = ""
    entity: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """A ticket that had been merged stands for itself again: with the clocks of these messages, and without
    these people in the other one."""

    ticket: int
    messages: tuple[int, ...]
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """What one cause brought about is taken back.

    ``columns``: (ticket, its columns as they were); ``restart``: messages whose clocks run again;
    ``letters``: which have not left, and shall not; ``unlink``: tickets that this one was linked with.
    """

    of: str
    columns: tuple[tuple[int, tuple[tuple[str, str | int | datetime | None], ...]], ...] = ()
    restart: tuple[int, ...] = ()
    letters: tuple[int, ...] = ()
    unlink: tuple[int, ...] = ()
    released: tuple[Released, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """What a mail orders on a ticket that is not its own: carried out there as an order of its author's own,
    but nothing of the mail itself goes along."""

    ticket: int
    changes: "tuple[Change, ...]"


@dataclass(frozen=True, slots=True, kw_only=True)
class MuteAddress:
    """Mail does not reach this address: no automatic answer for a while."""

    address: str
    until: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TellAdministrators:
    """Something that the administrator must hear once. ``about`` makes it once."""

    about: str
    headline: str
    details: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A fact for the story that changes nothing else."""

    kind: str
    actor: str
    detail: tuple[tuple[str, str], ...] = ()


Change: TypeAlias = (
    OpenTicket
    | Describe
    | AddParticipants
    | RememberIds
    | StartClock
    | StopClocks
    | TakeInCharge
    | Recognise
    | SetStatus
    | SendReceipt
    | LogCall
    | SendCallReceipt
    | WithholdReceipt
    | Notify
    | AnswerAgent
    | SendStory
    | SendFile
    | SendList
    | Amend
    | Settle
    | SendRelay
    | Tell
    | SendVisit
    | AnswerVisit
    | Brief
    | Consult
    | HearTeam
    | StopLetters
    | ReleaseLetters
    | Merge
    | Link
    | SplitOff
    | HandOver
    | Undo
    | Elsewhere
    | MuteAddress
    | TellAdministrators
    | Note
)


def all_of(changes: "Iterable[Change]") -> "Iterator[Change]":
    """These changes, with those on other tickets."""
    for change in changes:
        yield change
        if isinstance(change, Elsewhere):
            yield from all_of(change.changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """All that one mail brings about.

    ``ticket``: the number of the ticket it belongs to; None for a new one (an ``OpenTicket`` among the
    changes then) and for mail without any. ``twin``: the row of the message that it repeats. ``rewrites``:
    the row of a message that could not be read before, and now takes its place.
    ``text``: the new words of the mail; ``language``: theirs, "" where they do not tell.
    ``decorations``: SHA-256 of the pictures that are no files for anybody; ``held``: of the files that stay
    with the desk, and why. ``agent``: whose proven act it is, "" where it is that of nobody at the desk.
    """

    disposition: Disposition
    kind: MessageKind
    direction: str = "in"
    ticket: int | None = None
    twin: int | None = None
    rewrites: int | None = None
    thread_reason: str = ""
    verdicts: tuple[Verdict, ...] = ()
    reasons: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    text: str = ""
    language: str = ""
    decorations: frozenset[str] = frozenset()
    held: Mapping[str, str] = field(default_factory=dict)
    agent: str = ""
