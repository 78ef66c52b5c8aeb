"""The desk's letters: templates and values in, finished mail out; the one door to Jinja2 and Babel.

Stands behind ``apply`` and ``sweep``, which put a Letter into the outbox: what is sent later needs neither
template nor ticket. Everything that comes from a mail is hostile here: no value can add a header, a line or
an HTML tag. Fails with ``jinja2.TemplateError`` where a template of the operator's own folder does;
``render_all`` finds that before the daemon starts.

The mail is assembled by hand because ``EmailMessage.as_bytes`` takes three times as long as all the rest.
"""

import re
from binascii import a2b_qp, b2a_qp
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import format_datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, NotRequired, TypedDict, Unpack
from zoneinfo import ZoneInfo

from babel import UnknownLocaleError
from babel.dates import format_date
from jinja2 import (
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PackageLoader,
    StrictUndefined,
    TemplateError,
    TemplateSyntaxError,
)
from jinja2.sandbox import ImmutableSandboxedEnvironment

from maild.decide.policy import Desk
from parsers.addresses import Address
from parsers.mail import Bound
from parsers.subject import base_subject

# RFC 2047 section 2: an encoded-word has at most 75 characters, a line that holds one at most 76.
_LINE = 76
_WORD = 75
_WORD_FRAME = len("=?utf-8?q??=")

# A receipt echoes a stranger's subject and name: enough to be recognised, too little to advertise.
_SUBJECT_LIMIT = 200
_NAME_LIMIT = 100

# A notification is read in a mail client; whoever needs more has the ticket.
_TEXT_LIMIT = 100_000

# RFC 5322 section 3.6.4 sets no bound, servers do; the nearest ancestors are the ones that clients look for.
_REFERENCES = 20

# Not "All": it would also stop the bounce reports that tell us of a dead address (MS-OXCMAIL 2.1.3.2.15).
_SUPPRESS = "DR, RN, NRN, OOF, AutoReply"

# "=_" cannot occur in quoted-printable text (RFC 2045 section 6.7), so this boundary is always a good one.
_BOUNDARY = "=_maild_alternative"
_PART_HEAD = "Content-Type: text/{}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
_TEXT_HEAD = _PART_HEAD.format("plain").encode()

# Controls, line and paragraph separators, overrides of the writing direction, lone surrogates: all would let
# a value look like something else than one line of text.
_NOT_TEXT = re.compile("[\x00-\x20\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")
_NOT_IN_ID = re.compile(r"[^!-;=?-~]+")
_NOT_IN_ADDRESS = re.compile(r"[\x00-\x20\x7f-\x9f()<>,;:\\\[\]\u2028\u2029\ud800-\udfff]+")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/^_`{|}~ -]+")
_TAG = re.compile(r"(?:Re: )?\[[A-Za-z0-9-]{1,30}\] ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stationery:
    """The desk's paper: its templates and what is printed on every letter; made once, shared by threads."""

    desk: Desk
    environment: Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One finished mail and its envelope. ``content`` is RFC 5322 with CRLF; ``message_id`` is without <>."""

    message_id: str
    sender: str
    recipient: str
    subject: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One ticket in a list of tickets. ``due_at``: aware, None where no clock runs."""

    number: str
    subject: str
    requester: Address
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """What of a mail nobody has read. ``beyond``: the values of ``parsers.mail.Bound`` that it went beyond;
    ``whole_mb``: its size where only its beginning was taken in; ``in_mailbox``: the original is there."""

    failed: bool = False
    whole_mb: int = 0
    beyond: tuple[str, ...] = ()
    in_mailbox: bool = True

    def __bool__(self) -> bool:
        return self.failed or bool(self.whole_mb or self.beyond)


WHOLE = Unread()


class Post(TypedDict):
    """What every letter needs besides its text: keyword arguments of each function below.

    ``message_id``, ``parent_id`` and ``parent_references`` are without <>; ``signature`` is the finished
    value of the X-Maild header; ``now`` is aware; a ``language`` unknown to the desk becomes its first.
    """

    to: Address
    language: str
    now: datetime
    message_id: str
    signature: str
    parent_id: NotRequired[str]
    parent_references: NotRequired[tuple[str, ...]]
    reply_to: NotRequired[str]


def stationery(desk: Desk, folder: Path | None = None) -> Stationery:
    """The desk's paper, with the operator's own templates from ``folder`` before the shipped ones.

    Templates run in a sandbox and are compiled on first use; a changed file is seen at the next start.
    """
    shipped = PackageLoader("templates", "")
    environment = ImmutableSandboxedEnvironment(
        loader=ChoiceLoader([FileSystemLoader(folder), shipped]) if folder else shipped,
        autoescape=lambda name: name is not None and name.endswith(".html.j2"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
        cache_size=-1,
    )
    environment.globals.update(
        desk=desk.name,
        address=desk.address,
        phone=desk.phone,
        signature=desk.signature or "\n".join(filter(None, (desk.name, desk.phone))),
    )
    return Stationery(desk=desk, environment=environment)


# --- the letters --------------------------------------------------------------------------------------------


def receipt(
    paper: Stationery, *, number: str, subject: str, due_at: datetime, **post: Unpack[Post]
) -> Letter:
    """To someone who wrote: "we have it", with its number and when a person will have taken it in charge.

    ``subject`` is that of the mail answered; ``due_at`` is aware. Auto-Submitted: auto-replied (RFC 3834 5).
    """
    language = _language(paper, post)
    values = {**_title(number, subject), "due": deadline(due_at, paper.desk.timezone, language)}
    return _letter(paper, "receipt", values, post, automatic="auto-replied", html=True)


def notification(
    paper: Stationery,
    *,
    number: str,
    subject: str,
    requester: Address,
    text: str,
    due_at: datetime | None,
    later: bool = False,
    attachments: Sequence[str] = (),
    marker: str = "",
    unread: Unread = WHOLE,
    suspect: bool = False,
    **post: Unpack[Post],
) -> Letter:
    """To an agent: a new ticket or, where ``later``, another mail of its requester.

    ``attachments`` are file names. ``marker`` is a signed token printed behind the separator line, so that a
    reply is recognised where a client drops References; "" for none. ``unread``: what the text leaves out.
    ``suspect``: it was found in a junk folder.
    """
    values = {
        **_title(number, subject),
        "requester": _person(requester),
        "text": _bounded(text).strip(),
        "due": _due(paper, due_at, post),
        "later": later,
        "attachments": [_one_line(name, _NAME_LIMIT) for name in attachments if name],
        "marker": _NOT_IN_ID.sub("", marker),
        "unread": unread,
        "suspect": suspect,
    }
    return _letter(paper, "notification", values, post, automatic="auto-generated", html=True)


def alert(paper: Stationery, *, stage: str, tickets: Sequence[Line], **post: Unpack[Post]) -> Letter:
    """To an agent or a lead: tickets whose limit is "near" or "breached" (``stage``); at least one ticket."""
    values = {"stage": stage, "tickets": _rows(paper, tickets, post)}
    return _letter(paper, "alert", values, post, automatic="auto-generated", html=True)


def answer(
    paper: Stationery, *, number: str, subject: str, lines: Sequence[str], **post: Unpack[Post]
) -> Letter:
    """To an agent: what became of the commands in a mail. Auto-Submitted: auto-replied.

    ``lines`` may hold line breaks, as the answer to ``#aide`` does.
    """
    rows = [_one_line(row, 1000) for line in lines for row in _bounded(line).splitlines()]
    values = {**_title(number, subject), "lines": rows}
    return _letter(paper, "answer", values, post, automatic="auto-replied", html=False)


def undelivered(
    paper: Stationery,
    *,
    number: str,
    subject: str,
    recipient: str,
    kind: str,
    reply: str,
    uncertain: bool = False,
    **post: Unpack[Post],
) -> Letter:
    """To an agent: a letter about this ticket did not reach its ``recipient``.

    ``kind``: "receipt" or "relay". ``reply``: the server's last word. ``uncertain``: it may have arrived,
    even several times.
    """
    values = {
        **_title(number, subject),
        "recipient": _one_line(recipient, 320),
        "kind": kind,
        "reply": _one_line(reply, 500),
        "uncertain": uncertain,
    }
    return _letter(paper, "undelivered", values, post, automatic="auto-generated", html=False)


def digest(paper: Stationery, *, tickets: Sequence[Line], many: bool = False, **post: Unpack[Post]) -> Letter:
    """To a team: older mail that was found in the mailbox and got no receipt or, where ``many``, more mail at
    once than anybody is told of one by one; at least one ticket."""
    values = {"tickets": _rows(paper, tickets, post), "many": many}
    return _letter(paper, "digest", values, post, automatic="auto-generated", html=True)


def junk(paper: Stationery, *, count: int, folder: str, maildrop: str, **post: Unpack[Post]) -> Letter:
    """To a lead or an administrator: ``count`` mails were left in a junk folder; nothing of what they say."""
    values = {"count": count, "folder": _one_line(folder, _NAME_LIMIT), "maildrop": maildrop}
    return _letter(paper, "junk", values, post, automatic="auto-generated", html=False)


def trouble(paper: Stationery, *, headline: str, details: str = "", **post: Unpack[Post]) -> Letter:
    """To an administrator: what went wrong, and the few lines that help to mend it."""
    values = {"headline": _one_line(headline, _SUBJECT_LIMIT), "details": _bounded(details).strip()}
    return _letter(paper, "trouble", values, post, automatic="auto-generated", html=False)


def recovered(paper: Stationery, *, headline: str, details: str = "", **post: Unpack[Post]) -> Letter:
    """To an administrator: the trouble that a letter told of is over."""
    values = {"headline": _one_line(headline, _SUBJECT_LIMIT), "details": _bounded(details).strip()}
    return _letter(paper, "recovered", values, post, automatic="auto-generated", html=False)


def text_of(content: bytes) -> str:
    """The plain text of a finished letter, as its recipient reads it; "" where it is none of ours."""
    rest = content.partition(_TEXT_HEAD)[2].partition(f"\r\n--{_BOUNDARY}".encode())[0]
    return a2b_qp(rest).decode("utf-8", "replace").replace("\r\n", "\n")


def as_sent(address: str) -> str:
    """An address as the envelope of a letter to it has it, case folded: what is counted and muted."""
    return (_addr_spec(address) if "@" in address else address).casefold()


def render_all(paper: Stationery) -> list[str]:
    """What is wrong with the templates: each is rendered in each language, with many and with few values.

    Returns sentences that name the template, and the line where it is known; empty when all is well.
    """
    return list(dict.fromkeys(_problems(paper)))


# --- instants as people read them ---------------------------------------------------------------------------

_DAY = {"fr": "EEEE d MMMM y", "nl": "EEEE d MMMM y", "de": "EEEE, d. MMMM y", "en": "EEEE d MMMM y"}
_MOMENT = {
    "fr": "{day} à {hour}\u00a0h\u00a0{minute:02}",
    "nl": "{day} om {hour}.{minute:02} uur",
    "de": "{day}, um {hour}:{minute:02} Uhr",
    "en": "{day} at {hour:02}:{minute:02}",
}
_SEASON = {
    "fr": ("heure d’été", "heure d’hiver"),
    "nl": ("zomertijd", "wintertijd"),
    "de": ("Sommerzeit", "Winterzeit"),
    "en": ("summer time", "winter time"),
}


def deadline(at: datetime, zone: str, language: str) -> str:
    """An instant as people of the desk read it: "mardi 24 novembre 2026 à 14 h 32" (U+00A0 around the h).

    ``at`` is aware, ``zone`` an IANA name. In the hour that comes twice when summer time ends, the text says
    which of the two is meant. A language without a form of its own gets Babel's day and 24-hour time.
    """
    local = at.astimezone(ZoneInfo(zone))
    form = _MOMENT.get(language, "{day}, {hour:02}:{minute:02}")
    text = form.format(day=_day(local.date(), language), hour=local.hour, minute=local.minute)
    if local.utcoffset() == local.replace(fold=1 - local.fold).utcoffset():
        return text
    return f"{text} ({_SEASON.get(language, _SEASON['en'])[local.fold]})"


@lru_cache(maxsize=256)
def _day(day: date, language: str) -> str:
    """Babel takes 50 µs and more for what is the same all day long."""
    text = format_date(day, _DAY.get(language, "full"), locale=language)
    # French counts the first day of a month: "1er décembre"; CLDR does not.
    return text.replace(" 1 ", " 1er ", 1) if language == "fr" and day.day == 1 else text


# --- values as templates see them ---------------------------------------------------------------------------


def _language(paper: Stationery, post: Post) -> str:
    known = paper.desk.languages
    return post["language"] if post["language"] in known else known[0]


def _due(paper: Stationery, due_at: datetime | None, post: Post) -> str:
    return deadline(due_at, paper.desk.timezone, _language(paper, post)) if due_at else ""


def _rows(paper: Stationery, tickets: Sequence[Line], post: Post) -> list[dict[str, str]]:
    return [
        {
            "number": ticket.number,
            "subject": _one_line(ticket.subject, _SUBJECT_LIMIT),
            "requester": _person(ticket.requester),
            "due": _due(paper, ticket.due_at, post),
        }
        for ticket in tickets
    ]


def _title(number: str, subject: str) -> dict[str, Any]:
    """``topic``: without "Re:", gateway tags and our own number, so that an answer does not pile them up."""
    seen = _one_line(subject, _SUBJECT_LIMIT)
    return {"number": number, "subject": seen, "topic": base_subject(seen)}


def _person(person: Address) -> str:
    name, address = _one_line(person.name, _NAME_LIMIT), _one_line(person.address, 320)
    return f"{name} <{address}>" if name and name != address else address


def _one_line(text: str, limit: int) -> str:
    """One line of visible text, cut at ``limit`` characters. The no-break space of French is kept."""
    # Bounded before it is searched: a subject of megabytes must not cost a second.
    line = _NOT_TEXT.sub(" ", text[: 4 * limit]).strip(" ")
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _bounded(text: str) -> str:
    return text if len(text) <= _TEXT_LIMIT else text[:_TEXT_LIMIT] + "\n[…]"


# --- the mail around them -----------------------------------------------------------------------------------


def _letter(
    paper: Stationery, kind: str, values: Mapping[str, Any], post: Post, *, automatic: str, html: bool
) -> Letter:
    """Render a template's parts and put them into one finished mail."""
    language = _language(paper, post)
    template = paper.environment.get_template
    subject = _one_line(
        template(f"{language}/{kind}.subject.j2").render(values, language=language), _SUBJECT_LIMIT + 50
    )
    seen = {**values, "language": language, "title": subject}
    text = _part("plain", template(f"{language}/{kind}.txt.j2").render(seen))
    body = text
    if html:
        page = _part("html", template(f"{language}/{kind}.html.j2").render(seen))
        body = _alternative(text, page)
    head = "\r\n".join(_headers(paper.desk, subject, language, automatic, post))
    return Letter(
        message_id=_id(post["message_id"]),
        sender=paper.desk.address,
        recipient=_addr_spec(post["to"].address),
        subject=subject,
        content=head.encode("utf-8", "replace") + b"\r\n" + body,
    )


def _headers(desk: Desk, subject: str, language: str, automatic: str, post: Post) -> Iterator[str]:
    """RFC 5322 section 3.6, then RFC 3834 section 5 and the signs by which we know our own mail."""
    yield _mailbox("From", desk.name, desk.address)
    yield _mailbox("To", post["to"].name, post["to"].address)
    if reply_to := post.get("reply_to"):
        yield _mailbox("Reply-To", desk.name, reply_to)
    yield _subject(subject)
    yield "Date: " + format_datetime(post["now"].astimezone(ZoneInfo(desk.timezone)))
    yield f"Message-ID: <{_id(post['message_id'])}>"
    parent = _id(post.get("parent_id", ""))
    if parent:
        yield f"In-Reply-To: <{parent}>"
    ancestors = dict.fromkeys(filter(None, (*map(_id, post.get("parent_references", ())), parent)))
    if ancestors:
        yield "References: " + "\r\n ".join(f"<{ancestor}>" for ancestor in [*ancestors][-_REFERENCES:])
    yield f"Auto-Submitted: {automatic}"
    yield f"X-Auto-Response-Suppress: {_SUPPRESS}"
    yield f"Content-Language: {language}"
    yield f"X-Maild: {_id(post['signature'])}"
    yield "MIME-Version: 1.0"


def _mailbox(header: str, name: str, address: str) -> str:
    """One mailbox as a header line (RFC 5322 section 3.4, names by RFC 2047 section 5 rule 3)."""
    where = _addr_spec(address)
    name = _one_line(name, _NAME_LIMIT)
    if not name:
        return f"{header}: {where}"
    line = f"{header}: {_phrase(name, len(header) + 2)}"
    last = len(line) - (line.rfind("\n") + 1)
    return f"{line} <{where}>" if last + len(where) + 3 <= _LINE else f"{line}\r\n <{where}>"


def _phrase(name: str, column: int) -> str:
    if len(name) > _LINE - 16 or not name.isascii() or "=?" in name:
        return _encoded_words(name, column)
    if _ATOMS.fullmatch(name) and "  " not in name:
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _subject(text: str) -> str:
    """The tag stays readable for grep and a server's SEARCH; what follows is encoded where it must be."""
    if text.isascii() and "=?" not in text and len(text) <= _LINE - len("Subject: "):
        return f"Subject: {text}"
    tag = _TAG.match(text)
    clear = "Subject: " + (tag.group() if tag else "")
    return clear + _encoded_words(text[tag.end() if tag else 0 :], len(clear))


def _encoded_words(text: str, column: int) -> str:
    """Encoded-words, no character torn between two (RFC 2047 section 5), the first at ``column``."""
    words, word, room = [], "", _LINE - _WORD_FRAME - column
    for character in text:
        piece = _quoted(character)
        if len(word) + len(piece) > room:
            words.append(word)
            word, room = "", _WORD - _WORD_FRAME
        word += piece
    return "\r\n ".join(f"=?utf-8?q?{word}?=" for word in (*words, word))


@lru_cache(maxsize=1024)
def _quoted(character: str) -> str:
    """The Q encoding of RFC 2047 section 4.2, with the few characters that a phrase allows (5, rule 3)."""
    if character == " ":
        return "_"
    if character.isascii() and (character.isalnum() or character in "!*+-/"):
        return character
    return "".join(f"={byte:02X}" for byte in character.encode("utf-8", "replace"))


def _id(value: str) -> str:
    """A Message-ID or token that stays one: visible ASCII without <>, "" where a line could not hold it."""
    clean = _NOT_IN_ID.sub("", value)
    return clean if len(clean) <= 900 else ""


@lru_cache(maxsize=1024)
def _addr_spec(address: str) -> str:
    """An address that stays one address in a header and an envelope; its domain in ASCII where IDNA can.

    A local part outside ASCII is left as it is: only a server with SMTPUTF8 takes it (RFC 6531).
    """
    local, _, domain = _NOT_IN_ADDRESS.sub("", address.strip()).rpartition("@")
    try:
        domain = domain.encode("idna").decode("ascii")
    except UnicodeError:
        return f"{local}@{domain}"
    return f"{local}@{domain}"


def _alternative(text: bytes, page: bytes) -> bytes:
    """RFC 2046 section 5.1.4: the plainest form first."""
    mark = f"--{_BOUNDARY}".encode()
    return b"".join(
        (
            f'Content-Type: multipart/alternative; boundary="{_BOUNDARY}"\r\n\r\n'.encode(),
            *(mark, b"\r\n", text, b"\r\n", mark, b"\r\n", page, b"\r\n", mark, b"--\r\n"),
        )
    )


def _part(subtype: str, text: str) -> bytes:
    """A text part, its headers first, in quoted-printable with CRLF (RFC 2045 section 6.7)."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n") + "\n"
    return _PART_HEAD.format(subtype).encode() + b2a_qp(
        lines.replace("\n", "\r\n").encode("utf-8", "replace")
    )


# --- the rehearsal ------------------------------------------------------------------------------------------


def _problems(paper: Stationery) -> Iterator[str]:
    for language in paper.desk.languages:
        for kind, values, parts in _samples():
            for part in parts:
                name = f"{language}/{kind}.{part}.j2"
                if problem := _problem(paper, name, values, language):
                    yield problem


def _problem(paper: Stationery, name: str, values: Mapping[str, Any], language: str) -> str | None:
    """What happens to one template with these values. Anything may go wrong in one that an operator wrote."""
    title = {} if name.endswith(".subject.j2") else {"title": "ETNIC-1042"}
    try:
        deadline(datetime(2026, 1, 1, tzinfo=UTC), paper.desk.timezone, language)
        text = paper.environment.get_template(name).render(values, language=language, **title)
    except TemplateSyntaxError as error:
        return f"{error.name or name}, line {error.lineno}: {error.message}"
    except UnknownLocaleError:
        return f"{name}: no language has the code {language!r}"
    except TemplateError as error:
        return f"{name}: {type(error).__name__}: {error.message}"
    except Exception as error:  # noqa: BLE001
        return f"{name}: {type(error).__name__}: {error}"
    return None if text.strip() else f"{name}: nothing comes of it but an empty text"


def _samples() -> Iterator[tuple[str, dict[str, Any], tuple[str, ...]]]:
    """Each template with all that it may be given, then with as little as it may be given."""
    both, plain = ("subject", "txt", "html"), ("subject", "txt")
    row = {
        "number": "ETNIC-1042",
        "subject": "VPN",
        "topic": "VPN",
        "requester": "Ana <ana@example.org>",
        "due": "demain",
    }
    bare = {**row, "subject": "", "topic": "", "due": ""}
    for full in (True, False):
        ticket = row if full else bare
        yield "receipt", {**ticket, "due": "demain"}, both
        more = {
            "text": "Bonjour",
            "marker": "abc",
            "attachments": ["a.pdf"],
            "unread": WHOLE,
            "suspect": True,
        }
        none = {"text": "", "marker": "", "attachments": [], "suspect": False}
        none |= {"unread": Unread(failed=True, in_mailbox=full)}
        yield "notification", {**ticket, "later": full, **(more if full else none)}, both
        for unread in (Unread(whole_mb=61), Unread(beyond=tuple(Bound), in_mailbox=full)):
            yield "notification", {**ticket, "later": full, **more, "unread": unread}, both
        for stage in ("near", "breached"):
            yield "alert", {"stage": stage, "tickets": [ticket] * (1 + full)}, both
        yield "answer", {**ticket, "lines": ["ok"] * (1 + full)}, plain
        for many in (True, False):
            yield "digest", {"tickets": [ticket] * (1 + full), "many": many}, both
        yield "junk", {"count": 1 + full, "folder": "Junk", "maildrop": "support"}, plain
        for kind, uncertain in (("receipt", full), ("relay", not full)):
            lost = {"recipient": "ana@example.org", "kind": kind, "reply": "550 no", "uncertain": uncertain}
            yield "undelivered", {**ticket, **lost}, plain
        for letter in ("trouble", "recovered"):
            yield letter, {"headline": "IMAP", "details": "refused" if full else ""}, plain
