"""One finished mail out of its parts: headers (RFC 5322), a text and its HTML, a calendar, files (MIME).

Stands below ``compose``, which has the words. It cannot fail and no value can add a header: what comes from
a mail (names, subjects, ids, the names and types of files) is made harmless here, whatever it holds. The mail
is written by hand because ``EmailMessage.as_bytes`` takes three times as long as all the rest.
"""

import re
from base64 import encodebytes
from binascii import a2b_qp, b2a_qp
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from hashlib import sha256
from typing import Final, NotRequired, TypedDict
from unicodedata import normalize
from urllib.parse import quote
from zoneinfo import ZoneInfo

from maild.decide.policy import Desk
from parsers.addresses import Address
from parsers.attachments import Attachment

# A stranger's name: enough to be recognised, too little to advertise.
NAME_LIMIT: Final = 100

# RFC 2047 section 2: an encoded-word has at most 75 characters, a line that holds one at most 76.
_LINE = 76
_WORD = 75
_WORD_FRAME = len("=?utf-8?q??=")

# RFC 5322 section 3.6.4 sets no bound, servers do; the nearest ancestors are the ones that clients look for.
_REFERENCES = 20
_COPIES = 50

# Not "All": it would also stop the bounce reports that tell us of a dead address (MS-OXCMAIL 2.1.3.2.15).
_SUPPRESS = "DR, RN, NRN, OOF, AutoReply"

# "=_" cannot occur in quoted-printable text (RFC 2045 section 6.7) nor in base64, so that a boundary with it
# is always a good one, unless a whole mail is attached.
_BOUNDARY = "=_maild_"
_PART_HEAD = "Content-Type: text/{}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
_TEXT_HEAD = _PART_HEAD.format("plain").encode()

# Names of files: what a file system takes, and the end, by which programs tell what it is, is kept.
_FILE_NAME = 120
_ENDING = re.compile(r"\.[A-Za-z0-9]{1,10}$")
_SEGMENT = 50
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,60}/[a-z0-9][a-z0-9!#$&^_.+-]{0,60}")
_UNTYPED = "application/octet-stream"
_MAIL = "message/rfc822"
# Pictures that are pasted into a mail often have no name.
_ENDINGS = {"image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif", "application/pdf": ".pdf"}

# Controls, line and paragraph separators, overrides of the writing direction, lone surrogates: all would let
# a value look like something else than one line of text.
_NOT_TEXT = re.compile("[\x00-\x20\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")
_NOT_IN_ID = re.compile(r"[^!-;=?-~]+")
_NOT_IN_ADDRESS = re.compile(r"[\x00-\x20\x7f-\x9f()<>,;:\\\[\]\u2028\u2029\ud800-\udfff]+")
_NOT_IN_FILE = re.compile(r'[/\\:*?"<>|]')
# Spaces of every kind: a reader of the header drops those too, and what is left of the name may be nothing.
_AT_AN_END = re.compile(r"^[\s.]+|[\s.]+$")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/^_`{|}~ -]+")
_TAG = re.compile(r"(?:Re: )?\[[A-Za-z0-9-]{1,30}\] ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One finished mail and its envelope. ``content`` is RFC 5322 with CRLF; ``message_id`` is without <>."""

    message_id: str
    sender: str
    recipient: str
    subject: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file that goes along. ``content_type`` is "type/subtype"; ``content_id`` is without <>.

    One that is ``inline``, and whose ``cid:`` the HTML names, is shown in its place there (RFC 2387);
    every other is an attachment.
    """

    filename: str
    content_type: str
    content: bytes
    content_id: str = ""
    inline: bool = False


def file_of(attachment: Attachment) -> File:
    """What came with a mail, as it goes along with a letter."""
    return File(
        filename=attachment.filename, content_type=attachment.content_type, content=attachment.content,
        content_id=attachment.content_id, inline=attachment.inline,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What a letter says: as text, as an HTML page ("" for none), as a calendar object (RFC 6047; b"")."""

    text: str
    page: str = ""
    calendar: bytes = b""
    method: str = ""


class Post(TypedDict):
    """What every letter needs besides its words.

    ``to`` and ``cc`` are what the headers show; ``recipient`` is the one address of the envelope, where it is
    not ``to``. ``message_id``, ``parent_id`` and ``parent_references`` are without <>; ``signature`` is the
    finished value of the X-Maild header; ``now`` is aware.
    """

    to: Address
    language: str
    now: datetime
    message_id: str
    signature: str
    parent_id: NotRequired[str]
    parent_references: NotRequired[tuple[str, ...]]
    reply_to: NotRequired[str]
    cc: NotRequired[tuple[Address, ...]]
    recipient: NotRequired[Address]
    files: NotRequired[Sequence[File]]


def assemble(
    desk: Desk, subject: str, body: Body, post: Post, *, language: str, automatic: str = ""
) -> Letter:
    """Put one finished mail together.

    ``automatic`` is the value of Auto-Submitted (RFC 3834 section 5), "" for a mail that a person wrote.
    """
    recipient = _addr_spec(post.get("recipient", post["to"]).address)
    head = "\r\n".join(_headers(desk, subject, language, automatic, recipient, post))
    return Letter(
        message_id=_id(post["message_id"]),
        sender=desk.address,
        recipient=recipient,
        subject=subject,
        content=head.encode("utf-8", "replace") + b"\r\n" + _content(body, post),
    )


def text_of(content: bytes) -> str:
    """The plain text of a finished letter, as its recipient reads it; "" where it is none of ours."""
    rest = content.partition(_TEXT_HEAD)[2].partition(f"\r\n--{_BOUNDARY}".encode())[0]
    return a2b_qp(rest).decode("utf-8", "replace").replace("\r\n", "\n")


def as_sent(address: str) -> str:
    """An address as the envelope of a letter to it has it, case folded: what is counted and muted."""
    return (_addr_spec(address) if "@" in address else address).casefold()


def one_line(text: str, limit: int) -> str:
    """One line of visible text, cut at ``limit`` characters. The no-break space of French is kept."""
    if not text:
        return text
    # Bounded before it is searched: a subject of megabytes must not cost a second.
    line = _NOT_TEXT.sub(" ", text[: 4 * limit]).strip(" ")
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def one_token(text: str) -> str:
    """What of ``text`` may stand in a Message-ID or a marker: visible ASCII without <>."""
    return _NOT_IN_ID.sub("", text)


# --- headers ------------------------------------------------------------------------------------------------


def _headers(
    desk: Desk, subject: str, language: str, automatic: str, recipient: str, post: Post
) -> Iterator[str]:
    """RFC 5322 section 3.6, then RFC 3834 section 5 and the signs by which we know our own mail."""
    yield _mailboxes("From", (Address(desk.name, desk.address),))
    yield from _shown_recipients(recipient, post)
    if reply_to := post.get("reply_to"):
        yield _mailboxes("Reply-To", (Address(desk.name, reply_to),))
    yield _subject(subject)
    yield "Date: " + format_datetime(post["now"].astimezone(ZoneInfo(desk.timezone)))
    yield f"Message-ID: <{_id(post['message_id'])}>"
    parent = _id(post.get("parent_id", ""))
    if parent:
        yield f"In-Reply-To: <{parent}>"
    ancestors = dict.fromkeys(filter(None, (*map(_id, post.get("parent_references", ())), parent)))
    if ancestors:
        yield "References: " + "\r\n ".join(f"<{ancestor}>" for ancestor in [*ancestors][-_REFERENCES:])
    if automatic:
        yield f"Auto-Submitted: {automatic}"
        yield f"X-Auto-Response-Suppress: {_SUPPRESS}"
    yield f"Content-Language: {language}"
    yield f"X-Maild: {_id(post['signature'])}"
    yield "MIME-Version: 1.0"


def _shown_recipients(recipient: str, post: Post) -> Iterator[str]:
    """To and Cc. An address that only SMTPUTF8 can write is shown to nobody but its owner (RFC 6532 3.6):
    a server that does not know it would refuse the letter to all."""
    to = post["to"]
    if _addr_spec(to.address).isascii() or _addr_spec(to.address) == recipient:
        yield _mailboxes("To", (to,))
    else:
        yield "To: undisclosed-recipients:;"
    copies = [each for each in post.get("cc", ()) if _addr_spec(each.address).isascii()]
    if copies:
        yield _mailboxes("Cc", copies[:_COPIES])


def _mailboxes(header: str, people: Sequence[Address]) -> str:
    """Mailboxes as a header, one a line (RFC 5322 section 3.4)."""
    first, *others = people
    lines = [f"{header}: {_mailbox(first, len(header) + 2)}", *(f" {_mailbox(each, 1)}" for each in others)]
    return ",\r\n".join(lines)


def _mailbox(person: Address, column: int) -> str:
    """One mailbox that begins at ``column``; a name by RFC 2047 section 5 rule 3."""
    where = _addr_spec(person.address)
    name = one_line(person.name, NAME_LIMIT)
    if not name:
        return where
    phrase = _phrase(name, column)
    before, _, last = phrase.rpartition("\n")
    room = _LINE - (0 if before else column) - len(last) - len(where) - 3
    return f"{phrase} <{where}>" if room >= 0 else f"{phrase}\r\n <{where}>"


def _phrase(name: str, column: int) -> str:
    if len(name) > _LINE - 16 or not name.isascii() or "=?" in name:
        return _encoded_words(name, column)
    if _ATOMS.fullmatch(name) and "  " not in name:
        return name
    return _quoted_string(name)


def _quoted_string(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


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
    """A Message-ID or token that stays one, "" where a line could not hold it."""
    clean = one_token(value)
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


# --- bodies -------------------------------------------------------------------------------------------------


def _content(body: Body, post: Post) -> bytes:
    """The body behind its own headers: the text alone, or as little of this as the letter needs::

    multipart/mixed
        multipart/alternative
            text/plain
            multipart/related: text/html, pictures
            text/calendar
        files
    """
    files = post.get("files", ())
    shown = [each for each in files if _is_shown(each, body.page)]
    others = [each for each in files if each not in shown] if shown else files
    words = _alternative(body, shown)
    return _mixed(words, others, post["message_id"]) if others else words


def _is_shown(file: File, page: str) -> bool:
    return file.inline and bool(file.content_id) and f"cid:{file.content_id}" in page


def _alternative(body: Body, shown: Sequence[File]) -> bytes:
    """RFC 2046 section 5.1.4: the plainest form first."""
    forms = [_part("plain", body.text)]
    if body.page:
        page = _part("html", body.page)
        forms.append(
            _multipart("related", [page, *(_file(each, "inline") for each in shown)]) if shown else page
        )
    if body.calendar:
        forms.append(_calendar(body))
    return _multipart("alternative", forms) if len(forms) > 1 else forms[0]


def _mixed(words: bytes, files: Sequence[File], message_id: str) -> bytes:
    """The words, then the files (RFC 2046 section 5.1.3)."""
    parts = [words, *(_file(each, "attachment") for each in files)]
    # A mail of ours that is attached to another has boundaries like ours, but never those of another id.
    return _multipart("mixed", parts, sha256(message_id.encode("utf-8", "replace")).hexdigest()[:16])


def _multipart(subtype: str, parts: Sequence[bytes], serial: str = "") -> bytes:
    boundary = f"{_BOUNDARY}{subtype}{serial}"
    kind = ';\r\n type="text/html"' if subtype == "related" else ""  # RFC 2387 section 3.1
    head = f'Content-Type: multipart/{subtype}{kind}; boundary="{boundary}"\r\n\r\n'.encode()
    mark = f"--{boundary}".encode()
    return b"".join(
        (head, *(each for part in parts for each in (mark, b"\r\n", part, b"\r\n")), mark, b"--\r\n")
    )


def _part(subtype: str, text: str) -> bytes:
    """A text part, its headers first, in quoted-printable with CRLF (RFC 2045 section 6.7)."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n") + "\n"
    return _PART_HEAD.format(subtype).encode() + b2a_qp(
        lines.replace("\n", "\r\n").encode("utf-8", "replace")
    )


def _calendar(body: Body) -> bytes:
    """RFC 6047 section 2.4: the method of the object is also a parameter of its type."""
    head = (
        f"Content-Type: text/calendar; charset=utf-8; method={re.sub('[^A-Z-]', '', body.method.upper())}\r\n"
    )
    return head.encode() + _base64(body.calendar)


# --- files --------------------------------------------------------------------------------------------------


def _file(file: File, place: str) -> bytes:
    """A file as a part: RFC 2183, its name by RFC 2231 and, for older programs, once more in plain ASCII.

    ``place``: "inline" or "attachment".
    """
    kind, content = _as_carried(file)
    name = _file_name(file)
    lines = [
        f"Content-Type: {kind}{_charset(kind, file.content)};\r\n name={_quoted_string(_plain_name(name))}"
    ]
    ident = _id(file.content_id)
    if ident:
        lines.append(f"Content-ID: <{ident}>")
    lines.append(f"Content-Disposition: {place};{_filename(name)}")
    return "\r\n".join(lines).encode("ascii", "replace") + b"\r\n" + content


def _as_carried(file: File) -> tuple[str, bytes]:
    """Its type and its encoded content. A mail must not be encoded (RFC 2046 section 5.2.1), and no server is
    asked for 8BITMIME: one that is not plain ASCII goes as a file. So does whatever has parts of its own."""
    kind = file.content_type.strip().lower()
    if kind == _MAIL:
        mail = re.sub(rb"\r?\n", b"\r\n", file.content)
        if _is_7bit(mail):
            return kind, b"Content-Transfer-Encoding: 7bit\r\n\r\n" + mail
    if not _TYPE.fullmatch(kind) or kind.startswith(("multipart/", "message/")):
        kind = _UNTYPED
    return kind, _base64(file.content)


def _is_7bit(mail: bytes) -> bool:
    """RFC 2045 section 2.7: lines of ASCII with CRLF, none over 998 characters."""
    if not mail.isascii() or b"\0" in mail or b"\r" in mail.replace(b"\r\n", b""):
        return False
    return max(map(len, mail.split(b"\r\n"))) <= 998


def _base64(content: bytes) -> bytes:
    head = b"Content-Transfer-Encoding: base64\r\n\r\n"
    return head + encodebytes(content).replace(b"\n", b"\r\n").removesuffix(b"\r\n")


def _charset(kind: str, content: bytes) -> str:
    """Of a text whose charset nobody told us and that is UTF-8: without it, it would be shown as ASCII."""
    if not kind.startswith("text/"):
        return ""
    try:
        content.decode()
    except UnicodeDecodeError:
        return ""
    return "; charset=utf-8"


def _file_name(file: File) -> str:
    """A name that stays one line and one file, cut before its ending; one is made where there is none."""
    shown = _NOT_IN_FILE.sub("_", _NOT_TEXT.sub(" ", file.filename[: 20 * _FILE_NAME]))
    name = _AT_AN_END.sub("", shown) or "file"
    if file.content_type == _MAIL and not name.lower().endswith(".eml"):
        name += ".eml"
    ending = _ENDING.search(name)
    tail = ending.group() if ending else _ENDINGS.get(file.content_type, "")
    return name.removesuffix(tail)[: _FILE_NAME - len(tail)].rstrip() + tail


def _plain_name(name: str) -> str:
    """The name without accents, for programs that do not know RFC 2231."""
    ending = _ENDING.search(name)
    tail = ending.group() if ending else ""
    stem = normalize("NFKD", name.removesuffix(tail)).encode("ascii", "ignore").decode()
    return (re.sub(r"[^A-Za-z0-9._ ()-]", "_", stem)[: _SEGMENT - len(tail)].strip() or "file") + tail


def _filename(name: str) -> str:
    """The parameter, in segments where one line could not hold it (RFC 2231 section 3), no character torn."""
    if name.isascii() and len(name) <= _SEGMENT:
        return f"\r\n filename={_quoted_string(name)}"
    segments = [""]
    for character in name:
        piece = quote(character, safe="", errors="replace")
        if len(segments[-1]) + len(piece) > _SEGMENT:
            segments.append("")
        segments[-1] += piece
    if len(segments) == 1:
        return f"\r\n filename*=utf-8''{segments[0]}"
    first, *others = segments
    lines = [f"\r\n filename*0*=utf-8''{first}"]
    return ";".join((*lines, *(f"\r\n filename*{at}*={each}" for at, each in enumerate(others, 1))))
