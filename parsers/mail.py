"""``parse_mail``: everything the daemon knows of a mail, from its bytes alone. The door to mail-parser.

First thing that reads a kept mail. Total: any bytes give a ``ParsedMail``; what was wrong with them stands in
its ``defects``. Sends nothing to a log and knows no clock, so the same bytes always say the same.
"""

import hashlib
import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from enum import StrEnum
from functools import lru_cache
from typing import Final

from mailparser import MailParser

from parsers import auto, mime, notices, quotes, report
from parsers.addresses import MAX_ADDRESSES, Address, bare_addresses, read_addresses, readable_name
from parsers.body import LONG_TEXT, Layout, Segment, find_layout, is_cut, plain_text, without_controls
from parsers.headers import Fields, decode_header, raw_text
from parsers.html import MAX_HTML, read_html, sanitize_html
from parsers.identifiers import identifiers, message_identifier
from parsers.language import detect_language
from parsers.mime import Part, read_tree, uuencoded
from parsers.report import DeliveryReport
from parsers.subject import is_forward_prefix
from parsers.tnef import tnef_files

# It would write header text of strangers to the log.
logging.getLogger("mailparser").setLevel(logging.CRITICAL)

MEMORABLE: Final = 300  # characters of an address field that is worth remembering
MAX_ADDRESS_FIELD: Final = 65_536  # characters of one address field that are read
TOO_MANY_ADDRESSES: Final = f"{MAX_ADDRESSES} addresses or more in a field"
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
_DATE: Final = re.compile(
    r"\b(\d{1,2})[ -]([A-Za-z]{3})[a-z]{0,8}[ -](\d{4}),? (\d{1,2}:\d{2})(?::(\d{2}))?(?: ([+-]\d{4}))?"
)
_UNSAFE: Final = re.compile(r"[\x00-\x1f\x7f<>:\"/\\|?*\u202a-\u202e\u2066-\u2069]+")
_CALENDAR_METHOD: Final = re.compile(r"^METHOD:[ \t]*REPLY[ \t]*$", re.IGNORECASE | re.MULTILINE)
_CALENDAR_UID: Final = re.compile(r"^UID(?:;[^:\r\n]{0,200})?:(.{1,1000})$", re.IGNORECASE | re.MULTILINE)


class Bound(StrEnum):
    """What a mail holds more of than is read."""

    DEPTH = "depth"
    PARTS = "parts"
    HEADER = "header"
    ADDRESSES = "addresses"
    HTML = "html"
    TEXT = "text"


_BOUNDS: Final = {
    mime.TOO_DEEP: Bound.DEPTH,
    mime.TOO_MANY_PARTS: Bound.PARTS,
    mime.LARGE_HEADER: Bound.HEADER,
    mime.TOO_MANY_FIELDS: Bound.HEADER,
    mime.LONG_FIELD: Bound.HEADER,
    TOO_MANY_ADDRESSES: Bound.ADDRESSES,
    COSTLY_HTML: Bound.HTML,
    LONG_HTML: Bound.HTML,
    LONG_TEXT: Bound.TEXT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that came with the mail. ``filename`` is safe to show and to save, "" when it had none."""

    filename: str
    content_type: str
    content: bytes
    sha256: str
    content_id: str
    inline: bool

    @property
    def size(self) -> int:
        """Bytes of the decoded content."""
        return len(self.content)


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
    spam: bool
    language: str
    authentication_results: tuple[str, ...]
    fields: Fields
    is_forward: bool
    calendar_uid: str
    digest: str
    defects: tuple[str, ...]

    @property
    def html(self) -> str:
        """The HTML body cleaned for showing, "" when there is none. Cleaned at each call: keep the result."""
        return sanitize_html(self.html_source)

    @property
    def unread(self) -> dict[str, Bound]:
        """The defects that left something of the mail unread, in order; empty for nearly every mail."""
        return {defect: _BOUNDS[defect] for defect in self.defects if defect in _BOUNDS}

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Every field in order, name as written, value unfolded and decoded; bounded as ``mime`` says."""
        return tuple((name, decode_header(value)) for name, value in self.fields.items)

    def header(self, name: str) -> str:
        """The first value of the field called ``name``, whatever its case; "" when there is none."""
        return self.fields.text(name.lower())


@dataclass(frozen=True, slots=True, kw_only=True)
class _People:
    """The address fields and the date as mail-parser or the fallbacks read them."""

    sender: Address | None
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    date: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Content:
    """The body: its text, the source of its HTML, and what is new in it."""

    text: str
    html: str
    new: quotes.Reply


def parse_mail(content: bytes) -> ParsedMail:
    """Read a mail (RFC 5322, RFC 2045 to 2049). Never raises, whatever ``content`` holds."""
    root, found = read_tree(content)
    defects = list(found)
    fields = root.fields
    layout = find_layout(root)
    parts = tuple(root.leaves())
    people = _people(fields, defects)
    subject = fields.text("subject")
    answered = identifiers(_joined_field(fields, "in-reply-to"))
    references = identifiers(_joined_field(fields, "references"))
    body = _content(layout, subject, bool(answered or references), defects)
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
        attachments=_attachments(layout, body),
        auto_submitted=bool(reason),
        auto_reason=reason,
        is_bounce=is_bounce,
        report=delivery,
        is_mdn=is_mdn,
        list_id=list_id,
        list_unsubscribe="list-unsubscribe" in fields,
        precedence=precedence,
        suppress=auto.suppressed_answers(fields),
        spam=auto.is_spam(fields),
        language=detect_language(body.new.text or subject, fields.text("content-language")),
        authentication_results=tuple(map(raw_text, fields.all("authentication-results"))),
        fields=fields,
        is_forward=body.new.is_forward or _forwards_attached(subject, parts),
        calendar_uid=_calendar_uid(parts),
        digest=_digest(root),
        defects=tuple(dict.fromkeys(defects)),
    )


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


def _people(fields: Fields, defects: list[str]) -> _People:
    """The address fields and Date: mail-parser on a bare header first, plain patterns for what it leaves."""
    sender = _address_field(fields, "from")
    asked = _ask_mailparser({"from": sender, "date": raw_text(fields.raw("date"))}, defects)
    found = _either(asked.from_ if asked else (), sender)
    return _People(
        sender=found[0] if found else _later_sender(fields),
        reply_to=_recipients(_address_field(fields, "reply-to"), defects),
        to=_recipients(_address_field(fields, "to"), defects),
        cc=_recipients(_address_field(fields, "cc"), defects),
        date=_date(asked.date if asked else None, fields.all("date")),
    )


def _recipients(raw: str, defects: list[str]) -> tuple[Address, ...]:
    """The mailboxes of a To, Cc or Reply-To; short fields are remembered: the desk's own stands in most."""
    if not raw:
        return ()
    if len(raw) <= MEMORABLE:
        return _remembered(raw)
    asked = _ask_mailparser({"to": raw}, defects)
    found = _either(asked.to if asked else (), raw)
    if len(found) >= MAX_ADDRESSES:
        defects.append(TOO_MANY_ADDRESSES)
    return found


@lru_cache(maxsize=1024)
def _remembered(raw: str) -> tuple[Address, ...]:
    asked = _ask_mailparser({"to": raw}, [])
    return _either(asked.to if asked else (), raw)


def _address_field(fields: Fields, name: str) -> str:
    """A repeated To or Cc is one list; of a repeated From the first counts (see ``_later_sender``)."""
    values = fields.all(name)
    if not values:
        return ""
    if len(values) == 1 or name == "from":
        return raw_text(values[0])[:MAX_ADDRESS_FIELD]
    return ", ".join(map(raw_text, values[:50]))[:MAX_ADDRESS_FIELD]


def _later_sender(fields: Fields) -> Address | None:
    """Where the first From is unusable: a later one, then Sender (RFC 5322 3.6.2)."""
    for value in [*fields.all("from")[1:5], fields.raw("sender")]:
        found = read_addresses(raw_text(value))
        if found:
            return found[0]
    return None


def _ask_mailparser(header: dict[str, str], defects: list[str]) -> MailParser | None:
    """mail-parser's reading of a header that holds nothing else: on whole mails it is slow and frail."""
    bare = Message()
    for name, value in header.items():
        if value:
            bare[name] = value
    bare.set_payload("")
    bare.epilogue = ""
    try:
        return MailParser(bare)
    except Exception as error:  # noqa: BLE001  # whatever it trips over, the patterns read the fields
        defects.append(f"mail-parser: {type(error).__name__}")
        return None


def _either(read: object, raw: str) -> tuple[Address, ...]:
    """What mail-parser found, or the plain pattern's reading of the same field."""
    if not raw:
        return ()
    pairs = read if isinstance(read, list) else []
    found = tuple(
        Address(readable_name(name), address.strip("<> "))
        for name, address in pairs[:MAX_ADDRESSES]
        if "@" in address
    )
    return found or read_addresses(raw)


def _date(read: object, values: Sequence[bytes]) -> datetime | None:
    """The Date in UTC (RFC 5322 3.3); one without a zone is taken for UTC. None when none makes sense."""
    found = _utc(read) if isinstance(read, datetime) else None
    if found is not None:
        return found
    return next((one for value in values[:5] if (one := _utc(_loose_date(raw_text(value))))), None)


def _utc(instant: datetime | None) -> datetime | None:
    if instant is None:
        return None
    try:
        return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
    except (ValueError, OverflowError):  # a year or a zone that no clock has
        return None


def _loose_date(raw: str) -> datetime | None:
    """A date as programs write it that know no RFC: ISO 8601, or day, month and time somewhere in it."""
    readings = (parsedate_to_datetime, datetime.fromisoformat, _date_within)
    return next((instant for reading in readings if (instant := _tried(reading, raw.strip()))), None)


def _tried(reading: Callable[[str], datetime | None], raw: str) -> datetime | None:
    try:
        return reading(raw)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _date_within(raw: str) -> datetime | None:
    found = _DATE.search(raw)
    if found is None:
        return None
    return parsedate_to_datetime(
        f"{found[1]} {found[2]} {found[3]} {found[4]}:{found[5] or '00'} {found[6] or '+0000'}"
    )


def _content(layout: Layout, subject: str, answers: bool, defects: list[str]) -> _Content:
    """The body: plain text where it was sent, else read from the HTML; what is new from the richer one."""
    texts: list[str] = []
    unquoted: list[str] = []
    marked = False
    shown: list[str] = []
    for segment in layout.segments:
        text, new, source = _segment(segment, defects)
        marked = marked or new is not None
        texts.append(text)
        unquoted.append(text if new is None else new)
        shown += [source] if source else []
    text = _stacked(texts)
    reply = quotes.read_reply(
        text, subject=subject, answers=answers, unquoted=_stacked(unquoted) if marked else None
    )
    return _Content(text=text, html="\n".join(shown), new=reply)


def _segment(segment: Segment, defects: list[str]) -> tuple[str, str | None, str]:
    """Text, new text where the HTML marks what is quoted, and the HTML source."""
    plain = _stacked([plain_text(part) for part in segment.plain])
    if any(map(is_cut, segment.plain)):
        defects.append(LONG_TEXT)
    html = "\n".join(part.text() for part in segment.html)
    source = without_controls(html[:MAX_HTML])
    if not source:
        return plain, None, ""
    blank = not plain.strip()
    if blank and len(html) > MAX_HTML:
        defects.append(LONG_HTML)
    read = read_html(source, want_whole=blank)
    if read.costly:
        defects.append(COSTLY_HTML)
    unquoted = read.unquoted if read.unquoted and read.unquoted.strip() else None
    return without_controls(read.whole) if blank else plain, unquoted, source


def _stacked(texts: list[str]) -> str:
    if len(texts) == 1:
        return texts[0]
    return "\n".join(text.rstrip("\n") for text in texts if text.strip())


def _delivery(
    root: Part, parts: tuple[Part, ...], people: _People, subject: str, text: str, return_path: str | None
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


def _attachments(layout: Layout, body: _Content) -> tuple[Attachment, ...]:
    """Every leaf that is no body; winmail.dat gives way to the files inside it."""
    files: list[Attachment] = []
    for part in layout.attachments:
        file = _attachment(part, id(part) in layout.related, body.html)
        wrapped = tnef_files(file.content) if _is_tnef(file) else []
        files += [_loose_file(name, content) for name, content in wrapped] or [file]
    if "\nbegin " in body.text or body.text.startswith("begin "):
        found = uuencoded(body.text.encode("utf-8", "replace"))
        files += [_loose_file(name, content) for name, content, _, _ in found[:50]]
    return tuple(files)


def _is_tnef(file: Attachment) -> bool:
    return file.content_type.endswith("/ms-tnef") or file.filename.lower() == "winmail.dat"


def _loose_file(name: str, content: bytes) -> Attachment:
    """A file that stood inside another part, in winmail.dat or uuencoded in the text."""
    return Attachment(
        filename=safe_filename(name),
        content_type="application/octet-stream",
        content=content,
        sha256=hashlib.sha256(content).hexdigest(),
        content_id="",
        inline=False,
    )


def _attachment(part: Part, related: bool, html: str) -> Attachment:
    content = part.payload()
    content_id = part.content_id
    inline = part.disposition == "inline" or (part.disposition != "attachment" and related)
    if content_id and not inline:
        inline = f"cid:{content_id}" in html
    return Attachment(
        filename=safe_filename(part.filename) or _enclosed_name(part, content),
        content_type=part.content_type,
        content=content,
        sha256=hashlib.sha256(content).hexdigest(),
        content_id=content_id,
        inline=inline,
    )


def safe_filename(name: str) -> str:
    """The last step of a path, without what a file system or a terminal would take for more than a name.

    >>> safe_filename("../../etc/cron.d/x"), safe_filename("C:\\\\temp\\\\a.pdf")
    ('x', 'a.pdf')
    """
    last = re.split(r"[/\\]", name[-1000:])[-1]
    clean = _UNSAFE.sub("_", without_controls(last)).strip(" .") if last.strip(" .") else ""
    if len(clean) <= 200:
        return clean
    stem, dot, suffix = clean.rpartition(".")
    return f"{stem[: 199 - len(suffix)]}.{suffix}" if dot and len(suffix) <= 12 else clean[:200]


def _enclosed_name(part: Part, content: bytes) -> str:
    """An enclosed mail is named after its subject."""
    if part.content_type != "message/rfc822":
        return ""
    enclosed, _ = read_tree(content[:65_536])
    return (safe_filename(enclosed.fields.text("subject").replace("/", "-"))[:100] or "message") + ".eml"


def _calendar_uid(parts: Sequence[Part]) -> str:
    """The UID that an answer to an invitation names (RFC 5546 3.2.3), "" for any other mail."""
    for part in parts:
        if part.content_type != "text/calendar":
            continue
        calendar = re.sub(r"\r?\n[ \t]", "", part.text()[:200_000]).replace("\r", "")
        if part.parameters.get("method", "").lower() == "reply" or _CALENDAR_METHOD.search(calendar):
            uid = _CALENDAR_UID.search(calendar)
            return uid[1].strip() if uid else ""
    return ""


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
