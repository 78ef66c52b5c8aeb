"""A mail before anyone has read it, what its envelope said, and its name in every log line (pure).

Stands between ``receive`` and ``ingest``. Nothing here can fail.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from enum import StrEnum

# A name that a client gave itself, as far as no reader of the line can take it for anything else.
_NO_NAME = re.compile(r"[^A-Za-z0-9._:-]")
# Crockford's alphabet sorts as it counts and has no look-alikes: a mail id can be read over the phone.
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


class Source(StrEnum):
    """Where a mail was found: with the desk's mail, with what people sent, among junk, at a door."""

    INBOX = "inbox"
    SENT = "sent"
    JUNK = "junk"
    DOOR = "door"


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """MAIL FROM and RCPT TO (RFC 5321 2.3.1); an IMAP server keeps neither. ``sender``: "" is the null path.

    Both are printable: what could end a line has been refused.
    """

    sender: str
    recipients: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """How a mail came in at a door: what a Received line tells (RFC 5321 4.4).

    ``named``: as the client called itself; ``peer``: its IP address, "" for a socket of this machine;
    ``protocol``: as RFC 3848 and 6531 register it.
    """

    named: str
    peer: str
    host: str
    protocol: str


def trace_lines(envelope: Envelope, hop: Hop, *, mail_id: str, at: datetime) -> bytes:
    """What final delivery puts above a mail: Return-Path, Delivered-To, Received (RFC 5321 4.4).

    The topmost of each is ours, whatever the sender wrote below. Received comes last: a first line of the
    mail that begins with a blank goes on with it, and with nothing that anybody decides by.
    """
    place = f"[IPv6:{hop.peer}]" if ":" in hop.peer else f"[{hop.peer}]" if hop.peer else "local"
    only = f"\r\n\tfor <{envelope.recipients[0]}>" if len(set(envelope.recipients)) == 1 else ""
    lines = (
        f"Return-Path: <{envelope.sender}>",
        *(f"Delivered-To: {address}" for address in dict.fromkeys(envelope.recipients)),
        f"Received: from {_NO_NAME.sub('?', hop.named)[:255]} ({place})",
        f"\tby {hop.host} (maild) with {hop.protocol} id {mail_id}{only};",
        f"\t{format_datetime(at)}",
    )
    return "".join(f"{line}\r\n" for line in lines).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """Raw content and where it came from. ``arrived_at``: min(INTERNALDATE, now), aware UTC.

    ``uid``: 0 where it brings none, as at a door.
    ``whole_size``: bytes on the server where ``content`` is only the beginning; None: all of it is here.
    """

    content: bytes
    uid: int
    arrived_at: datetime
    mail_id: str
    source: Source = Source.INBOX
    envelope: Envelope | None = None
    flags: frozenset[str] = frozenset()
    whole_size: int | None = None

    @property
    def sha256(self) -> str:
        """Hex digest of the raw bytes."""
        return hashlib.sha256(self.content).hexdigest()


def mail_id(now: datetime, chance: int) -> str:
    """A name of 14 letters that sorts by time and is unique in the desk.

    Args:
        now: when the mail was met.
        chance: 30 random bits.
    """
    number = (int(now.timestamp() * 1000) & (1 << 40) - 1) << 30 | chance & (1 << 30) - 1
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(65, -1, -5))
