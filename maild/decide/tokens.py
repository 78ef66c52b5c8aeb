"""Signed tokens: what our own Message-IDs, plus-addresses, separator lines and headers carry (pure).

Stands under ``identity``, ``threads`` and ``compose``. A token names a ticket by its random key, a
purpose and the recipient it was made for, and is signed with HMAC-SHA256 (RFC 2104): possession lets a
mail join the thread and discloses nothing. A token that was not signed by one of our keys reads as None.

Form, safe in a local part (RFC 5322 3.4.1) whatever a server does to its case:
``PURPOSE KEY . RECIPIENT . SERIAL . SIGNATURE`` in base 32 letters; short enough that an address with
it keeps its local part within 64 octets (RFC 5321 4.5.3.1.1) and programs do not fold a Message-ID of ours.
"""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from enum import StrEnum

_TOKEN = re.compile(r"([rnaxscv])([a-z2-7]{13})\.([a-z2-7]{7})\.([a-z0-9]{1,18})\.([a-z2-7]{16})")


# Stands for the key of a ticket in what is about none, or about many: a list, a digest.
NO_TICKET = "a" * 13
# Letters of a mail id (``arrival.mail_id``), with which the serial of a letter about a mail begins.
MAIL_ID = 14


# Begins the serial of a mail by which the desk tries its own mailbox; no mail id has the letter o.
PROBE = "probe"


class Purpose(StrEnum):
    """What the mail was that carried a token."""

    RECEIPT = "r"
    NOTIFICATION = "n"
    ANSWER = "a"
    RELAY = "x"
    CONSULTATION = "c"  # what a specialist team is asked; its answers stay with the desk
    # The UID of an invitation (RFC 5545 3.8.4.7), made for the desk's own address; and the letter to the
    # technician, made for his: his words stay with the desk, as his.
    VISIT = "v"
    SELF = "s"  # the signed header by which a copy of our own mail is known


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token whose signature held."""

    purpose: Purpose
    key: str
    recipient: str
    serial: str

    @property
    def cause(self) -> str:
        """The mail id of what made us write the mail that carried it; what else begins a serial is none."""
        return self.serial[:MAIL_ID]

    @property
    def is_of_ticket(self) -> bool:
        """It is about one ticket."""
        return self.key != NO_TICKET

    @property
    def is_probe(self) -> bool:
        """It is of a mail by which the desk tries its own mailbox."""
        return not self.is_of_ticket and self.serial.startswith(PROBE)

    def is_for(self, address: str) -> bool:
        """It was made for this address."""
        return hmac.compare_digest(self.recipient, recipient_tag(address))


def _letters(octets: bytes, count: int) -> str:
    return base64.b32encode(octets).decode("ascii").lower().rstrip("=")[:count]


def ticket_key(octets: bytes) -> str:
    """The random name of a ticket, from eight random octets."""
    return _letters(octets, 13)


def recipient_tag(address: str) -> str:
    """Seven letters that stand for an address without disclosing it."""
    return _letters(hashlib.sha256(address.casefold().encode()).digest(), 7)


def _signature(secret: bytes, text: str) -> str:
    return _letters(hmac.digest(secret, text.encode("ascii"), "sha256"), 16)


def sign(secrets: tuple[bytes, ...], purpose: Purpose, key: str, recipient: str, serial: str) -> str:
    """A token signed with the first of the desk's keys.

    Args:
        key: the ticket's key.
        recipient: the address that the carrying mail goes to.
        serial: lower case letters and digits that make this token unique.
    """
    text = f"{purpose}{key}.{recipient_tag(recipient)}.{serial}"
    return f"{text}.{_signature(secrets[0], text)}"


def find(secrets: tuple[bytes, ...], text: str) -> tuple[Token, ...]:
    """Every token in a text that one of the desk's keys has signed (keys rotate)."""
    return tuple(
        Token(purpose=Purpose(match[1]), key=match[2], recipient=match[3], serial=match[4])
        for match in _TOKEN.finditer(text.lower())
        if _holds(secrets, match)
    )


def _holds(secrets: tuple[bytes, ...], match: re.Match[str]) -> bool:
    text, signature = match[0].rpartition(".")[0], match[5]
    return any(hmac.compare_digest(_signature(secret, text), signature) for secret in secrets)
