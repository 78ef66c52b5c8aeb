"""Malformed mail: what real desks get once in fifty mails and what ends other programs' passes (pure).

Stands beside ``clients.py`` below the corpus of ``mails.py``. Each form takes the same few facts and breaks
another rule; ``FORMS`` is the table. Some have no Message-ID, so that only the digest of the bytes names
them. It cannot fail.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from tests.bench.clients import DESK, token


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a malformed mail would have said."""

    sender: str
    message_id: str
    subject: str
    text: str
    date: datetime


def head(facts: Facts, *, without: str = "", also: str = "") -> bytes:
    """The usual header lines, less those whose names are in ``without``, and the lines of ``also``."""
    lines = {
        "Return-Path": f"<{facts.sender}>",
        "Received": f"from mail.example.net by mx.etnic.example.be; {format_datetime(facts.date)}",
        "From": facts.sender,
        "To": DESK,
        "Subject": facts.subject.encode("ascii", "replace").decode(),
        "Date": format_datetime(facts.date),
        "Message-ID": f"<{facts.message_id}>",
        "MIME-Version": "1.0",
    }
    kept = (f"{name}: {value}\r\n" for name, value in lines.items() if name not in without.split())
    return ("".join(kept) + also).encode("latin-1", "replace")


def body(facts: Facts) -> bytes:
    """The text in UTF-8 below the empty line."""
    return b"\r\n" + facts.text.encode() + b"\r\n"


def without_identifier(_: random.Random, facts: Facts) -> bytes:
    """No Message-ID."""
    return head(facts, without="Message-ID") + body(facts)


def without_sender(_: random.Random, facts: Facts) -> bytes:
    """No From."""
    return head(facts, without="From") + body(facts)


def without_headers(rng: random.Random, facts: Facts) -> bytes:
    """No header at all: the text begins at once."""
    return f"\r\n{facts.text}\r\nRéf. {token(rng, 12)}\r\n".encode()


def unknown_charset(_: random.Random, facts: Facts) -> bytes:
    """A charset that nobody knows."""
    return head(facts, also="Content-Type: text/plain; charset=x-klingon\r\n") + body(facts)


def broken_base64(_: random.Random, facts: Facts) -> bytes:
    """base64 that is none."""
    also = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n"
    return head(facts, also=also) + b"\r\n!!!!pas du base64====\r\nQm9uam91ciA\xe9\r\n"


def unclosed_boundary(_: random.Random, facts: Facts) -> bytes:
    """A multipart that never ends, with one inside that never begins."""
    also = 'Content-Type: multipart/mixed; boundary="never"\r\n'
    inner = b"\r\n--never\r\nContent-Type: text/plain\r\n" + body(facts)
    return head(facts, also=also) + inner + b"--never\r\nContent-Type: multipart/mixed\r\n\r\n"


def missing_boundary(_: random.Random, facts: Facts) -> bytes:
    """A multipart that names no boundary."""
    return head(facts, also="Content-Type: multipart/alternative\r\n") + body(facts)


def raw_eight_bit(_: random.Random, facts: Facts) -> bytes:
    """Latin-1 in the headers, unencoded."""
    plain = head(facts, without="Subject", also="Content-Type: text/plain; charset=iso-8859-1\r\n")
    return (
        "Subject: Problème à l'école, n° 12\r\n".encode("latin-1")
        + plain
        + b"\r\n"
        + facts.text.encode("latin-1", "replace")
    )


def bad_encoded_words(_: random.Random, facts: Facts) -> bytes:
    """Encoded words with bytes and charsets that do not exist."""
    also = "Subject: =?utf-8?Q?=FF=FE=E9?= probleme =?x-unknown?B?AAAA?= =?utf-8?B?w6k?\r\n"
    return head(facts, without="Subject", also=also) + body(facts)


def smuggled_line(_: random.Random, facts: Facts) -> bytes:
    """A subject that decodes to a line break and another header."""
    also = "Subject: =?utf-8?Q?urgent=0D=0ABcc:_victime=40example.org?=\r\n"
    return head(facts, without="Subject", also=also) + body(facts)


def lone_surrogate(_: random.Random, facts: Facts) -> bytes:
    """UTF-7 that decodes to half a character."""
    also = "Content-Type: text/plain; charset=utf-7\r\n"
    return head(facts, also=also) + b"\r\nBonjour +2AA- et +AOk-\r\n"


def repeated_headers(_: random.Random, facts: Facts) -> bytes:
    """Two senders, two subjects, two dates."""
    also = f"From: {facts.sender}\r\nSubject: un autre objet\r\nDate: {format_datetime(facts.date)}\r\n"
    return head(facts, also=also) + body(facts)


def deep_nesting(_: random.Random, facts: Facts) -> bytes:
    """Sixty multiparts inside one another."""
    opening = "".join(
        f'Content-Type: multipart/mixed; boundary="b{depth}"\r\n\r\n--b{depth}\r\n' for depth in range(60)
    )
    closing = "".join(f"--b{depth}--\r\n" for depth in reversed(range(60)))
    inner = f"Content-Type: text/plain; charset=utf-8\r\n\r\n{facts.text}\r\n"
    return head(facts) + (opening + inner + closing).encode()


def impossible_date(_: random.Random, facts: Facts) -> bytes:
    """A Date that no calendar has."""
    also = "Date: Lun, 32 Brumaire 0000 25:61:61 +9999\r\n"
    return head(facts, without="Date", also=also) + body(facts)


def endless_header(rng: random.Random, facts: Facts) -> bytes:
    """A header line of twenty thousand characters."""
    return head(facts, also=f"X-Trace: {token(rng, 20_000)}\r\n") + body(facts)


def many_headers(rng: random.Random, facts: Facts) -> bytes:
    """Two thousand header lines."""
    also = "".join(f"X-Hop-{number}: {token(rng, 16)}\r\n" for number in range(2000))
    return head(facts, also=also) + body(facts)


def broken_content_type(_: random.Random, facts: Facts) -> bytes:
    """A Content-Type of nothing but signs."""
    return head(facts, also="Content-Type: text/; charset==; ;;=\r\n") + body(facts)


def almost_nothing(_: random.Random, facts: Facts) -> bytes:
    """No subject, no recipient, no text."""
    return head(facts, without="Subject To") + b"\r\n"


def broken_address(_: random.Random, facts: Facts) -> bytes:
    """A From that holds no address."""
    return head(facts, without="From", also='From: "Jean, Dupont <jean@@>>, ;\r\n') + body(facts)


def bare_line_ends(_: random.Random, facts: Facts) -> bytes:
    """Line feeds without carriage returns, as a broken gateway leaves them."""
    return (head(facts) + body(facts)).replace(b"\r\n", b"\n")


def empty_enclosure(_: random.Random, facts: Facts) -> bytes:
    """An attached mail with nothing in it."""
    also = 'Content-Type: multipart/mixed; boundary="e"\r\n'
    inner = b"\r\n--e\r\nContent-Type: text/plain\r\n" + body(facts)
    return head(facts, also=also) + inner + b"--e\r\nContent-Type: message/rfc822\r\n\r\n--e--\r\n"


Form = Callable[[random.Random, Facts], bytes]
FORMS: tuple[Form, ...] = (
    without_identifier,
    without_sender,
    without_headers,
    unknown_charset,
    broken_base64,
    unclosed_boundary,
    missing_boundary,
    raw_eight_bit,
    bad_encoded_words,
    smuggled_line,
    lone_surrogate,
    repeated_headers,
    deep_nesting,
    impossible_date,
    endless_header,
    many_headers,
    broken_content_type,
    almost_nothing,
    broken_address,
    bare_line_ends,
    empty_enclosure,
)
NAMELESS: frozenset[Form] = frozenset({without_identifier, without_headers})
