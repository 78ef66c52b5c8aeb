"""A mail before anyone has read it, and its name in every log line (pure).

Stands between ``receive`` and ``ingest``. Nothing here can fail.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

# Crockford's alphabet sorts as it counts and has no look-alikes: a mail id can be read over the phone.
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


class Source(StrEnum):
    """Where a mail was found: mail to the desk, or a copy of what somebody of the desk sent."""

    INBOX = "inbox"
    SENT = "sent"
    DOOR = "door"


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """MAIL FROM and RCPT TO (RFC 5321 2.3.1); an IMAP server keeps neither."""

    sender: str
    recipients: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """Raw content and where it came from. ``arrived_at``: min(INTERNALDATE, now), aware UTC.

    ``whole_size``: bytes on the server where ``content`` is only the beginning; None: all of it is here.
    """

    content: bytes
    uid: int
    arrived_at: datetime
    mail_id: str
    source: Source = Source.INBOX
    envelope: Envelope | None = None
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
