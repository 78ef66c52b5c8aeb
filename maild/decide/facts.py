"""All that a decision may know, gathered before it is made (pure).

Stands between ``ingest.gather``, which reads the ledger, and the deciding functions, which may not.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from maild.arrival import Source
from parsers.mail import ParsedMail
from storage.records import (
    Changed,
    Clock,
    Consultation,
    Event,
    Given,
    HeldFile,
    Participant,
    SeenFile,
    Spoken,
    Standing,
    Ticket,
    Twin,
    Visit,
    Written,
)


class ScanState(StrEnum):
    """What a virus scanner knows of a file."""

    CLEAN = "clean"
    FOUND = "found"
    UNSCANNED = "unscanned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """Its word about a file. ``what``: the name of what was found, or why it was not scanned: "too_large",
    "too_slow", "no_answer", "refused"."""

    state: ScanState
    what: str = ""

    def __str__(self) -> str:
        """As it is kept with the file."""
        return f"{self.state.value} {self.what}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Handling:
    """What has been done with a ticket, as those must know it who go on with it.

    ``people``: who takes part, the requester first; ``spoken``: the last mails of people, oldest first;
    ``given``: what agents answered; ``changed``: what a person changed last. ``answers``: of what agents
    answered what has not left, and the last of all, with what came of each.
    """

    people: tuple[Participant, ...] = ()
    spoken: tuple[Spoken, ...] = ()
    given: tuple[Given, ...] = ()
    changed: Changed | None = None
    answers: tuple[Changed, ...] = ()
    consultations: tuple[Consultation, ...] = ()
    visits: tuple[Visit, ...] = ()


NOT_HANDLED = Handling()


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketFacts:
    """A candidate ticket; addresses are case folded.

    ``spent``: its budgets, and ``handling``, where somebody of the desk writes, or a team or technician.
    """

    ticket: Ticket
    participants: frozenset[str]
    running: tuple[Clock, ...] = ()
    spent: "tuple[Spent, ...]" = ()
    handling: Handling = NOT_HANDLED


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """One budget: what it counts, how many automatic answers it allows, how many left already."""

    scope: str
    allowed: int
    used: int
    span: str

    @property
    def over(self) -> str:
        """Why nothing more may leave; "" while something may."""
        return f"budget: {self.used} to this {self.scope} in {self.span}" if self.used >= self.allowed else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What an automatic answer to an address is counted in; ``muted``: why it gets none, "" when it may."""

    spent: tuple[Spent, ...] = ()
    muted: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The text of the mail that a mail answers; ``sender``: its address, "" for a letter of ours."""

    text: str
    sender: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamAnswer:
    """What a specialist team answered last. ``text``: the new words of its mail; ``decorations``: SHA-256 of
    the pictures that are its author's stationery; ``held``: of the files that go nowhere."""

    mail_id: str
    team: str
    mail: ParsedMail
    text: str
    decorations: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What was written on a ticket, and what happened to it, each in its order."""

    written: tuple[Written, ...] = ()
    events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Canned:
    """The operator's canned answers: their names, and (ticket, name as it was given) -> text."""

    names: tuple[str, ...] = ()
    texts: Mapping[tuple[int, str], str] = field(default_factory=dict)


NO_CANNED = Canned()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The world as one mail meets it.

    ``filed_before``: it bears the mark of a state that is lost.

    ``by_reference``: Message-ID -> tickets, oldest first. ``by_key``: ticket key of a signed token ->
    ticket; ``moved``: mail id -> the ticket where it lies, for mails that letters of ours were about. All
    name tickets as they were; ``tickets`` holds those and the survivors of merges.
    ``answered``: the mail that this one names first of those whose text is known. ``spoken``: the language of
    the sender's last mail that told one, "" where nobody asked.
    ``settled``: address -> what people have settled of it, for those whom the configuration does not know.
    ``seen_files``: SHA-256 of a picture -> the mails that it came with before. ``scans``: SHA-256 of a file
    -> what the scanner says of it; empty where there is none. ``cut``: only the beginning of the mail is
    here.

    Only where a command asks for them: ``in_hand``, what its author has to do; ``stories`` of tickets;
    ``canned``; ``mails``, mail id -> an earlier mail itself; ``reach``, address -> that of whoever may have
    written what is handed on; ``team_answers``, ticket -> what a team answered last; ``held_files``, ticket
    -> the files that stay with the desk.
    """

    now: datetime
    arrived_at: datetime
    mail_id: str
    maildrop: str
    source: Source
    filed_before: bool = False
    twins: tuple[Twin, ...] = ()
    by_reference: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    by_key: Mapping[str, int] = field(default_factory=dict)
    moved: Mapping[str, int] = field(default_factory=dict)
    tickets: Mapping[int, TicketFacts] = field(default_factory=dict)
    spent: tuple[Spent, ...] = ()
    muted: str = ""
    flooded: frozenset[str] = frozenset()
    answered: Answered | None = None
    spoken: str = ""
    settled: Mapping[str, Standing] = field(default_factory=dict)
    seen_files: Mapping[str, tuple[SeenFile, ...]] = field(default_factory=dict)
    scans: Mapping[str, Scan] = field(default_factory=dict)
    cut: bool = False
    mails: Mapping[str, ParsedMail] = field(default_factory=dict)
    reach: Mapping[str, Reach] = field(default_factory=dict)
    team_answers: Mapping[int, TeamAnswer] = field(default_factory=dict)
    in_hand: tuple[Ticket, ...] = ()
    stories: Mapping[int, Story] = field(default_factory=dict)
    canned: Canned = NO_CANNED
    held_files: Mapping[int, tuple[HeldFile, ...]] = field(default_factory=dict)

    @property
    def may_have_left(self) -> str:
        """Why what a person ordered by this mail waits for his word: it may have been sent once. "" else."""
        why = "the state was put back from a backup, and this may have left before"
        return why if self.filed_before else ""

    def survivor(self, ticket_id: int) -> TicketFacts | None:
        """The ticket, or the one that it was merged into, however often; None when unknown."""
        seen: set[int] = set()
        found = self.tickets.get(ticket_id)
        while found is not None and found.ticket.merged_into is not None and found.ticket.id not in seen:
            seen.add(found.ticket.id)
            found = self.tickets.get(found.ticket.merged_into)
        return found
