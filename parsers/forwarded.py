"""The mail inside a forward: who wrote it, when, about what, and its words.

Asked by the trunk when an agent makes the author of a forwarded mail the requester. Clients write the header
of that mail into the body, in the language of whoever forwards, or attach the mail whole. The first header
from the top is meant: what it heads may quote others. Total; None where no one address can be read for
certain, because a wrong one would give a stranger the ticket.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Final

from parsers import attributions, separators
from parsers.addresses import Address
from parsers.attachments import Attachment
from parsers.dates import read_date
from parsers.html import quoted_text
from parsers.mail import ParsedMail, parse_mail
from parsers.people import read_mailboxes
from parsers.quotes import plain_blanks
from parsers.subject import base_subject

MAX_LINES: Final = 2_000  # in which a header is looked for
MAX_LINE: Final = 1_000
MAX_BLANKS: Final = 5  # lines that a client leaves empty above a header or a quotation, and one
MAX_MAILS: Final = 20  # attached ones that are read

_MAILTO: Final = re.compile(r"\s?[<\[(]mailto:([^\s<>\[\]()?]{1,320})[^<>\[\]()]{0,300}[>\])]", re.IGNORECASE)
_TWICE: Final = re.compile(r"<?([^\s<>,;]{1,320}@[^\s<>,;]{1,255})>?\s?<\1>", re.IGNORECASE)
_ON_BEHALF: Final = re.compile(
    r"\b(?:de la part de|on behalf of|namens|im auftrag von|au nom de)\b", re.IGNORECASE
)
_IN_BRACKETS: Final = re.compile(r"(?P<before>[^<>]{0,200})<\s?(?P<address>[^\s<>]{1,320}@[^\s<>]{1,255})>")
# What stands between a date and a name, or before a name that has none.
_MOMENT: Final = re.compile(
    r",\s|[0-9]{1,2}[:h.][0-9]{2}(?::[0-9]{2})?|[0-9](?= [^\W\d_])"
    r"|\b(?:[ap]m|uhr|cet|cest|mez|mesz|utc|gmt)\b|[+-][0-9]{1,2}:?(?:[0-9]{2})?\b"
    r"|\b(?:à|om|um|at|schreef|schrieb|schrijft|heeft|hat|citeren|quoting|zitat von)\s",
    re.IGNORECASE,
)
_MAILS: Final = ("message/rfc822", "message/global")
_SURE: Final = re.compile(r"[^\s@<>]{1,128}@[^\s@<>.]{1,63}(?:\.[^\s@<>.]{1,63}){1,9}")
_QUOTE: Final = re.compile(r"[ \t]*> ?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwarded:
    """A forwarded mail as its header and body say; ``date`` in UTC, ``message_id`` without <> or ""."""

    author: Address
    subject: str
    date: datetime | None
    to: tuple[Address, ...]
    text: str
    message_id: str = ""


def forwarded(
    mail: ParsedMail, *, ours: frozenset[str] = frozenset(), zone: tzinfo = UTC
) -> Forwarded | None:
    """The mail that ``mail`` hands on, None when it hands on none or its author is not certain.

    Args:
        ours: addresses of the desk, case folded: a mail that names them as its author is no request, and
            the next one below it is meant.
        zone: whose time a header without a zone gives.
    """
    found = _in_text(mail.text, mail, ours, zone) or _in_text(quoted_text(mail.html_source), mail, ours, zone)
    return found or _attached(mail.attachments, ours)


# ---------------------------------------------------------------------- in the body


def _in_text(text: str, mail: ParsedMail, ours: frozenset[str], zone: tzinfo) -> Forwarded | None:
    lines = text.split("\n")
    plain = [line[:MAX_LINE].rstrip() for line in plain_blanks(text).split("\n", MAX_LINES)[:MAX_LINES]]
    for values, after in _headers(plain):
        author = _author(values.get("from", ""))
        if author is None:
            return None
        if author.key in ours:
            continue
        moment = values.get("sent") or values.get("date", "")
        return Forwarded(
            author=author,
            subject=values["subject"] if "subject" in values else base_subject(mail.subject),
            date=read_date(moment, zone) if moment else None,
            to=_mailboxes(values.get("to", "")),
            text=_below(lines, plain, after),
        )
    return None


def _headers(plain: Sequence[str]) -> Iterator[tuple[dict[str, str], int]]:
    """What the headers of quoted mails say, from the top, and the line after each."""
    number, announced = 0, -1
    while number < len(plain):
        after = 0
        if separators.is_forward_separator(plain[number]):
            announced = number + MAX_BLANKS
        elif ":" in plain[number]:
            after = separators.header_block(plain, number, announced=number <= announced)
        if after:
            values, after = separators.header_values(plain, number, after)
            yield values, after
        elif (first := _attribution(plain, number)) >= 0:
            after = number + 1
            yield _attributed(" ".join(plain[first:after])), after
        number = max(after, number + 1)


def _attribution(plain: Sequence[str], number: int) -> int:
    """The first line of the attribution that ends on this one, else -1."""
    if not attributions.may_end_attribution(plain[number]):
        return -1
    below = next((line for line in plain[number + 1 : number + MAX_BLANKS] if line), "")
    return attributions.attribution(plain, number, quotes=below.lstrip().startswith(">"))


def _attributed(line: str) -> dict[str, str]:
    """Sender and date of an attribution; no sender where it has no address in brackets."""
    found = _IN_BRACKETS.search(line)
    if found is None:
        return {}
    moment = list(_MOMENT.finditer(found["before"]))
    begin = moment[-1].end() if moment else 0
    name = found["before"][begin:].strip(" ,>(")
    return {"from": f"{name} <{found['address']}>", "date": line[: begin or None].replace(found[0], "")}


def _author(value: str) -> Address | None:
    """The one mailbox that a From names; behind "on behalf of" stands the author."""
    found = _mailboxes(_ON_BEHALF.split(value)[-1])
    return found[0] if len({one.key for one in found}) == 1 and _is_sure(found[0]) else None


def _is_sure(address: Address) -> bool:
    """Whether mail can be sent there; names of daemons and remarks behind an @ are no addresses."""
    return _SURE.fullmatch(address.address) is not None


def _mailboxes(value: str) -> tuple[Address, ...]:
    """The mailboxes as clients show them: ``Jean [mailto:j@x.be]``, ``j@x.be<mailto:j@x.be>``."""
    plain = _TWICE.sub(r"<\1>", _MAILTO.sub(r" <\1>", value.replace("*", "")))
    return read_mailboxes(plain.strip()) if "@" in plain else ()


def _below(lines: Sequence[str], plain: Sequence[str], after: int) -> str:
    """The text from line ``after`` on; where the header stands quoted its text does, one level."""
    body = list(lines[after:])
    if plain[after - 1].lstrip().startswith(">") or _is_quoted(body):
        body = [_QUOTE.sub("", line, count=1) for line in body]
    return "\n".join(body).strip("\n")


def _is_quoted(body: Sequence[str]) -> bool:
    first = next((line for line in body if line.strip()), "")
    return first.lstrip().startswith(">")


# ---------------------------------------------------------------------- attached


def _attached(files: Sequence[Attachment], ours: frozenset[str]) -> Forwarded | None:
    """The first attached mail; None where others beside it are of other people."""
    mails = [parse_mail(file.content) for file in files if _is_mail(file)][:MAX_MAILS]
    authors = [mail.sender for mail in mails if mail.sender is not None and mail.sender.key not in ours]
    authors = [author for author in authors if _is_sure(author)]
    if not authors or len({author.key for author in authors}) > 1:
        return None
    mail = next(mail for mail in mails if mail.sender == authors[0])
    return Forwarded(
        author=authors[0],
        subject=mail.subject,
        date=mail.date,
        to=mail.to,
        text=mail.text,
        message_id=mail.message_id,
    )


def _is_mail(file: Attachment) -> bool:
    return file.content_type in _MAILS or file.filename.lower().endswith(".eml")
