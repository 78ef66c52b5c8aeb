"""``parse_mail``: everything the daemon knows of a mail, from its bytes alone.

First thing that reads a kept mail. Total: any bytes give a ``ParsedMail``; what was wrong with them stands in
its ``defects``. Sends nothing to a log and knows no clock, so the same bytes always say the same.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from parsers import auto, blocks, mime, notices, quotes, report
from parsers.addresses import Address, bare_addresses
from parsers.archives import Room
from parsers.attachments import Attachment, loose_file, read_attachments
from parsers.body import (
    LONG_TEXT,
    Layout,
    Segment,
    find_layout,
    is_cut,
    may_be_stub,
    plain_text,
    says_more,
    without_controls,
)
from parsers.calendar import CalendarReply, read_calendar
from parsers.headers import Fields, decode_header, raw_text
from parsers.html import MAX_HTML, read_html, sanitize_html
from parsers.identifiers import MAX_IDENTIFIERS, identifiers, message_identifier
from parsers.language import detect_language
from parsers.mime import Part, read_tree
from parsers.people import TOO_MANY_ADDRESSES, People, read_people
from parsers.report import DeliveryReport
from parsers.subject import has_reply_prefix, is_forward_prefix
from parsers.tnef import Winmail
from parsers.uuencode import without_files

MANY_REFERENCES: Final = f"{MAX_IDENTIFIERS} references or more"
COSTLY_HTML: Final = "HTML too intricate, read as text only"
LONG_HTML: Final = f"more than {MAX_HTML} characters of HTML"
_DELIVERED: Final = (
    "delivered-to", "x-original-to", "envelope-to", "x-delivered-to", "x-envelope-to", "x-rcpt-to",
    "x-forwarded-to", "apparently-to", "original-recipient", "x-original-recipient",
)  # fmt: skip
_DIGESTED: Final = (
    "from", "sender", "reply-to", "to", "cc", "subject", "date", "in-reply-to", "references", "mime-version",
    "content-type", "content-transfer-encoding", "content-disposition", "content-id", "content-language",
)  # fmt: skip
MAX_CALENDARS: Final = 5  # in one mail; clients send the same one twice


class Bound(StrEnum):
    """What a mail holds more of than is read."""

    DEPTH = "depth"
    PARTS = "parts"
    HEADER = "header"
    ADDRESSES = "addresses"
    HTML = "html"
    TEXT = "text"


BOUNDS: Final = {
    mime.TOO_DEEP: Bound.DEPTH,
    mime.TOO_MANY_PARTS: Bound.PARTS,
    blocks.LARGE_HEADER: Bound.HEADER,
    blocks.TOO_MANY_FIELDS: Bound.HEADER,
    blocks.LONG_FIELD: Bound.HEADER,
    blocks.LONG_PARAMETERS: Bound.HEADER,
    MANY_REFERENCES: Bound.HEADER,
    TOO_MANY_ADDRESSES: Bound.ADDRESSES,
    COSTLY_HTML: Bound.HTML,
    LONG_HTML: Bound.HTML,
    LONG_TEXT: Bound.TEXT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedMail:
    """One mail as understood: identifiers without <>, instants in UTC, text without control characters."""

    message_id: str
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    sender: Address | None
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    delivered_to: tuple[str, ...]
    return_path: str | None
    subject: str
    date: datetime | None
    text: str
    reply_text: str
    html_source: str
    attachments: tuple[Attachment, ...]
    auto_submitted: bool
    auto_reason: str
    is_bounce: bool
    report: DeliveryReport | None
    is_mdn: bool
    list_id: str
    list_unsubscribe: bool
    precedence: str
    suppress: tuple[str, ...]
    spam: tuple[str, ...]
    language: str
    authentication_results: tuple[str, ...]
    fields: Fields
    is_forward: bool
    calendar: CalendarReply | None
    digest: str
    defects: tuple[str, ...]

    @property
    def html(self) -> str:
        """The HTML body cleaned for showing, "" when there is none. Cleaned at each call: keep the result."""
        return sanitize_html(self.html_source)

    @property
    def unread(self) -> dict[str, Bound]:
        """The defects that left something of the mail unread, in order; empty for nearly every mail."""
        return {defect: BOUNDS[defect] for defect in self.defects if defect in BOUNDS}

    @property
    def calendar_uid(self) -> str:
        """The UID that an answer to an invitation names (RFC 5546 1.4), "" for any other mail."""
        return self.calendar.uid if self.calendar else ""

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Every field in order, name as written, value unfolded and decoded; bounded as ``mime`` says."""
        return tuple((name, decode_header(value)) for name, value in self.fields.items)

    def header(self, name: str) -> str:
        """The first value of the field called ``name``, whatever its case; "" when there is none."""
        return self.fields.text(name.lower())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Content:
    """The body: its text, the source of its HTML, what is new in it, and the files that stood in it."""

    text: str
    html: str
    new: quotes.Reply
    files: tuple[Attachment, ...] = ()


def parse_mail(content: bytes) -> ParsedMail:
    """Read a mail (RFC 5322, RFC 2045 to 2049). Never raises, whatever ``content`` holds."""
    root, found = read_tree(content)
    defects = list(found)
    fields = root.fields
    layout = find_layout(root)
    parts = tuple(root.leaves())
    people = read_people(fields, defects)
    subject = _subject(fields)
    answered = identifiers(_joined_field(fields, "in-reply-to"))
    references = identifiers(_joined_field(fields, "references"))
    if len(references) == MAX_IDENTIFIERS:
        defects.append(MANY_REFERENCES)
    answers = bool(answered or references) or has_reply_prefix(subject)
    room = Room()
    body = _content(layout, subject, answers, defects, room)
    files, envelope = read_attachments(layout, body.html, room)
    if not body.text.strip() and (envelope.text or envelope.html):
        body = _enveloped(envelope, subject, answers, defects)
    return_path = _return_path(fields)
    list_id = auto.list_identifier(fields)
    precedence = fields.text("precedence").strip().lower()
    is_mdn = report.is_disposition_notification(parts) or notices.is_read_receipt(subject, body.text)
    delivery = _delivery(root, parts, people, subject, body.text, return_path)
    is_bounce = delivery is not None and delivery.is_failure
    reason = auto.automatic_reason(fields, subject, body.new.text, precedence, return_path, list_id)
    reason = reason or notices.reason(delivery, parts, is_mdn)
    return ParsedMail(
        message_id=_first_identifier(fields.all("message-id")),
        in_reply_to=answered,
        references=references,
        sender=people.sender,
        reply_to=people.reply_to,
        to=people.to,
        cc=people.cc,
        delivered_to=_delivered_to(fields),
        return_path=return_path,
        subject=subject,
        date=people.date,
        text=body.text,
        reply_text=body.new.text,
        html_source=body.html,
        attachments=(*files, *body.files),
        auto_submitted=bool(reason),
        auto_reason=reason,
        is_bounce=is_bounce,
        report=delivery,
        is_mdn=is_mdn,
        list_id=list_id,
        list_unsubscribe="list-unsubscribe" in fields,
        precedence=precedence,
        suppress=auto.suppressed_answers(fields),
        spam=auto.spam_fields(fields),
        language=detect_language(body.new.text or subject, fields.text("content-language")),
        authentication_results=tuple(map(raw_text, fields.all("authentication-results"))),
        fields=fields,
        is_forward=body.new.is_forward or _forwards_attached(subject, parts),
        calendar=_calendar(parts),
        digest=_digest(root),
        defects=tuple(dict.fromkeys(defects)),
    )


def _subject(fields: Fields) -> str:
    """The first Subject that says something."""
    first = fields.text("subject")
    if first.strip() or len(fields.all("subject")) < 2:
        return first
    return next((text for value in fields.all("subject")[1:5] if (text := decode_header(value)).strip()), "")


def _joined_field(fields: Fields, name: str) -> str:
    values = fields.all(name)
    return " ".join(map(raw_text, values)) if values else ""


def _first_identifier(values: Sequence[bytes]) -> str:
    """The first usable Message-ID when the field is repeated."""
    return next((found for value in values if (found := message_identifier(raw_text(value)))), "")


def _return_path(fields: Fields) -> str | None:
    if "return-path" not in fields:
        return None
    return fields.text("return-path").strip().strip("<>").strip()


def _delivered_to(fields: Fields) -> tuple[str, ...]:
    values = (raw_text(value) for name in _DELIVERED for value in fields.all(name))
    return tuple(dict.fromkeys(address for value in values for address in bare_addresses(value)))


def _content(layout: Layout, subject: str, answers: bool, defects: list[str], room: Room) -> _Content:
    """The body: plain text where it was sent, else read from the HTML; what is new from the richer one."""
    texts: list[str] = []
    unquoted: list[str] = []
    marked = False
    shown: list[str] = []
    for segment in layout.segments:
        text, new, source = _segment(segment, answers, defects)
        marked = marked or new is not None
        texts.append(text)
        unquoted.append(text if new is None else new)
        shown += [source] if source else []
    text, files = without_files(_stacked(texts))
    whole = without_files(_stacked(unquoted))[0] if marked else None
    reply = quotes.read_reply(text, subject=subject, answers=answers, unquoted=whole)
    loose = tuple(loose_file(file.name, file.content, room) for file in files)
    return _Content(text=text, html="\n".join(shown), new=reply, files=loose)


def _segment(segment: Segment, answers: bool, defects: list[str]) -> tuple[str, str | None, str]:
    """Text, new text where the HTML marks what is quoted, and the HTML source."""
    plain = _stacked([plain_text(part) for part in segment.plain])
    if any(map(is_cut, segment.plain)):
        defects.append(LONG_TEXT)
    source = without_controls("\n".join(part.text() for part in segment.html)[: MAX_HTML + 1])
    return _with_html(plain, source, answers, defects) if source else (plain, None, "")


def _with_html(plain: str, source: str, answers: bool, defects: list[str]) -> tuple[str, str | None, str]:
    stub = may_be_stub(plain)
    if stub and len(source) > MAX_HTML:
        defects.append(LONG_HTML)
    source = source[:MAX_HTML]
    read = read_html(source, want_whole=stub, answers=answers)
    if read.costly:
        defects.append(COSTLY_HTML)
    unquoted = without_controls(read.unquoted or "")
    whole = without_controls(read.whole) if stub and says_more(read.whole, plain) else plain
    return whole, unquoted if unquoted.strip() else None, source


def _enveloped(envelope: Winmail, subject: str, answers: bool, defects: list[str]) -> _Content:
    """The body that only winmail.dat holds."""
    plain = without_controls(envelope.text.replace("\r\n", "\n"))
    text, unquoted, source = _with_html(plain, without_controls(envelope.html), answers, defects)
    reply = quotes.read_reply(text, subject=subject, answers=answers, unquoted=unquoted)
    return _Content(text=text, html=source, new=reply)


def _stacked(texts: list[str]) -> str:
    if len(texts) == 1:
        return texts[0]
    return "\n".join(text.rstrip("\n") for text in texts if text.strip())


def _delivery(
    root: Part, parts: tuple[Part, ...], people: People, subject: str, text: str, return_path: str | None
) -> DeliveryReport | None:
    """The report of a delivery that this mail is, None for any other mail."""
    sender = people.sender or Address("", "")
    return notices.delivery_report(
        notices.Notice(
            fields=root.fields,
            content_type=root.content_type,
            parts=parts,
            subject=subject,
            text=text,
            sender=sender,
            return_path=return_path,
            own=frozenset(address.key for address in (*people.to, *people.cc, sender)),
        )
    )


def _forwards_attached(subject: str, parts: Sequence[Part]) -> bool:
    return is_forward_prefix(subject) and any(part.content_type == "message/rfc822" for part in parts)


def _calendar(parts: Sequence[Part]) -> CalendarReply | None:
    """The first answer to an invitation among the parts (RFC 6047 2.4)."""
    calendars = [part for part in parts if part.content_type == "text/calendar"][:MAX_CALENDARS]
    read = (read_calendar(part.text(), method=part.parameters.get("method", "")) for part in calendars)
    return next((reply for reply in read if reply is not None), None)


def _digest(root: Part) -> str:
    """A hash of what survives transport: two copies of one mail have the same, whatever servers added."""
    state = hashlib.sha256()
    for name in _DIGESTED:
        for value in root.fields.all(name):
            state.update(f"{name}:".encode() + b" ".join(value.split()) + b"\n")
    state.update(b"\n")
    # Transport changes line ends and nothing else of them, so the carriage returns may simply go.
    state.update(root.raw.translate(None, b"\r").rstrip(b"\n "))
    return state.hexdigest()
