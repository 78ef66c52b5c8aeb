"""The desk's own people hear of a mail: what was written, with its files, and what they can do about it.

One of the effects of ``apply``. The letter is the ticket as its agents know it, so it brings all that fits;
what does not fit is named. Of a mail that a filter took for spam only the words are passed on.
"""

from dataclasses import dataclass

from maild import compose, instants
from maild.arrival import Source
from maild.assembly import file_of
from maild.compose import Line, Unread
from maild.decide import autoresponse, commands, hazard, hints
from maild.decide.decision import Notify, OpenTicket
from maild.decide.tokens import Purpose
from maild.decide.verbs.files import listed
from maild.effects.work import Work, marker_of, megabytes
from parsers.addresses import Address
from parsers.attachments import Attachment
from parsers.excerpt import excerpt
from parsers.html import sanitize_html
from storage import handling
from storage.records import MessageKind

# Whoever sends a thousand files has not named them for people.
MOST_NAMED = 50
# Bytes of files in one letter, and in all the letters about one mail: the outbox holds each of them whole, so
# a team of more than three gets less with each.
MOST_ATTACHED = 10_000_000
MOST_IN_ALL = 30_000_000


def notify(work: Work, told: Notify) -> None:
    """A letter to each of those who hear of the mail."""
    if told.recipients:
        _write(work, told)
    if told.in_digest:
        work.derived["backlog"] = True
        work.tell("left_to_digest", "maild", to=list(told.in_digest))


def _write(work: Work, told: Notify) -> None:
    mail, place = work.mail, _place(work)
    suspect = work.facts.source is Source.JUNK
    along, left = _parted(work, copies=len(told.recipients))
    files = () if suspect else tuple(map(file_of, along))
    html, earlier = "" if suspect else _page(work, along), _earlier(work)
    for address, language in told.recipients:
        # It answers no mail that he has, so it has no In-Reply-To; the references keep the letters of a
        # ticket together in his mail program, and bring his answer to the ticket when a state is made anew.
        thread = (*mail.references, mail.message_id)
        post = work.post(Purpose.NOTIFICATION, Address("", address), language, beside=thread)
        post |= {"files": files}
        letter = compose.notification(
            work.paper, number=work.number, subject=work.subject, requester=_requester(work),
            text=work.decision.text or mail.text, html=html, due_at=told.due_at,
            reason="new" if work.decision.ticket is None else "later", absent=told.absent,
            attachments=_names(work, along, language), left_out=_sizes(left, language),
            held=_held(work, language),
            marker=marker_of(post), unread=_unread(work),
            suspect=suspect, standing=place.standing, entity=place.entity,
            category=place.category, priority=place.priority, hints=place.proposed(language), earlier=earlier,
            card=commands.card(language), undo=instants.duration(work.policy.relay_delay, language), **post,
        )  # fmt: skip
        work.owe(letter, MessageKind.NOTIFICATION, f"notification:{work.cause}:{address}")
        work.tell("notified", "maild", to=address)


# ---------------------------------------------------------------------- the ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where the ticket stands, as rules suggested it or people settled it."""

    category: str
    priority: str
    scope: str
    standing: str
    entity: str
    later: bool

    spam: str

    def proposed(self, language: str) -> tuple[str, ...]:
        return hints.hints(
            scope=self.scope, standing=self.standing, later=self.later, language=language, spam=self.spam
        )


def _place(work: Work) -> _Place:
    ticket = next((c for c in work.decision.changes if isinstance(c, OpenTicket)), None)
    known = work.before.ticket if ticket is None else ticket
    return _Place(
        category=known.category, priority=known.priority, scope=known.scope, standing=known.standing,
        entity=known.entity, later=ticket is None, spam=autoresponse.spam_field(work.mail, work.policy),
    )  # fmt: skip


def _requester(work: Work) -> Address:
    """Who wrote: the sender, or whoever an agent names as the author of what he hands on."""
    opening = next((c for c in work.decision.changes if isinstance(c, OpenTicket)), None)
    handed_on = opening is not None and work.decision.agent != ""
    return opening.requester if opening and handed_on else work.mail.sender or Address("", "")


def _earlier(work: Work) -> tuple[Line, ...]:
    """What the same person asked before; whoever reads a later mail has read that."""
    requester = _requester(work)
    if work.decision.ticket is not None or not requester.key:
        return ()
    found = handling.earlier(work.tx, requester.key, before=work.ticket)
    return tuple(
        Line(
            number=work.policy.desk.number(ticket.id), subject=ticket.subject, at=ticket.arrived_at,
            requester=requester, status=ticket.status,
        )
        for ticket in found
    )  # fmt: skip


# ---------------------------------------------------------------------- the mail


def _page(work: Work, along: tuple[Attachment, ...]) -> str:
    """The HTML of the mail, sanitised; of a later one what is new in it, "" where that is not certain."""
    source = work.mail.html_source
    if not source or work.decision.ticket is None:
        return work.mail.html
    pictures = [file.content_id for file in along if file.content_id]
    return sanitize_html(excerpt(source, work.decision.text, private=frozenset(), pictures=pictures)).strip()


def _unread(work: Work) -> Unread:
    failed = work.decision.kind is MessageKind.UNREADABLE
    size = work.kept.whole_size if work.kept else None
    return Unread(
        failed=failed, whole_mb=megabytes(size) if size else 0,
        beyond=tuple(dict.fromkeys(bound.value for bound in work.mail.unread.values())),
        in_mailbox=work.facts.source is not Source.DOOR,
    )  # fmt: skip


# ---------------------------------------------------------------------- its files


def _parted(work: Work, *, copies: int) -> tuple[tuple[Attachment, ...], tuple[Attachment, ...]]:
    """The files that go along with each of so many letters, and those that are too many or too large."""
    decision = work.decision
    files = [f for f in work.mail.attachments if f.sha256 not in {*decision.decorations, *decision.held}]
    room = min(MOST_ATTACHED, MOST_IN_ALL // copies)
    along: list[Attachment] = []
    left: list[Attachment] = []
    for file in files:
        fits = file.size <= room and len(along) < MOST_NAMED
        (along if fits else left).append(file)
        room -= file.size if fits else 0
    return tuple(along), tuple(left)


def _held(work: Work, language: str) -> tuple[str, ...]:
    """What stays with the desk, with the numbers by which an agent asks for it."""
    if not work.decision.held or work.ticket is None:
        return ()
    known = handling.held_files(work.tx, handling.line_of(work.tx, work.ticket))
    own = work.kept.sha256 if work.kept else ""
    lines = zip(known, listed(known, language), strict=True)
    named = [line for file, line in lines if file.mail == own]
    return (*named[:MOST_NAMED], *((f"… + {len(named) - MOST_NAMED}",) if len(named) > MOST_NAMED else ()))


def _names(work: Work, files: tuple[Attachment, ...], language: str) -> tuple[str, ...]:
    """The files that go along; of each that was not scanned that is said."""
    missed = ((file, hazard.not_scanned(work.facts.scans.get(file.sha256), language)) for file in files)
    return tuple(f"{_name(file)} ({why})" if why else _name(file) for file, why in missed)


def _sizes(files: tuple[Attachment, ...], language: str) -> tuple[str, ...]:
    """Files with their sizes, and how many more there are."""
    named = tuple(f"{_name(file)} ({_size(file.size, language)})" for file in files[:MOST_NAMED])
    return (*named, f"… + {len(files) - MOST_NAMED}") if len(files) > MOST_NAMED else named


def _size(octets: int, language: str) -> str:
    unit = "o" if language == "fr" else "B"
    if octets < 1_000_000:
        return f"{max(1, round(octets / 1000))}\u00a0k{unit}"
    return f"{megabytes(octets)}\u00a0M{unit}"


def _name(file: Attachment) -> str:
    """A file as people hear of it: by name, else by type."""
    return file.filename or file.content_type
