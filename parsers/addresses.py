"""Who is meant by an address field, and the subaddress in it (RFC 5322 3.4, RFC 5233).

``parsers.mail`` asks mail-parser first; this module holds the value they share and reads the fields that
mail-parser finds ambiguous: daemons without a domain, names without brackets. Total.
"""

import re
from dataclasses import dataclass
from typing import Final

from parsers.headers import decode_header

MAX_ADDRESSES: Final = 1_000

_ADDRESS: Final = r"[^\s<>()\[\]:;,\"@]{1,128}@[^\s<>()\[\]:;,\"@]{1,255}"
_ANGLE: Final = re.compile(r"<\s*([^<>\s]{1,400}(?:\s+@\s*[^<>\s]{1,255})?)\s*>")
_BARE: Final = re.compile(_ADDRESS)
_COMMENT: Final = re.compile(r"\(([^()]{0,500})\)")
_DAEMON: Final = re.compile(r"[A-Za-z][A-Za-z0-9._-]{1,63}")
_QUOTES: Final = " \t\"'"


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox: display name (decoded, may be "") and address as written, without <>."""

    name: str
    address: str

    @property
    def key(self) -> str:
        """The address folded for comparison; local parts are in practice never case sensitive."""
        return self.address.casefold()


def split_subaddress(address: str) -> tuple[str, str]:
    """Take ``user+tag@domain`` apart into ``("user@domain", "tag")`` (RFC 5233); the tag may be "".

    >>> split_subaddress("support+t42@etnic.be")
    ('support@etnic.be', 't42')
    """
    local, at, domain = address.rpartition("@")
    user, plus, tag = local.partition("+")
    return (f"{user}{at}{domain}", tag) if plus and user else (address, "")


def bare_addresses(field: str) -> tuple[str, ...]:
    """Every address in a trace field such as Delivered-To or X-Original-To, in order, each once."""
    return tuple(dict.fromkeys(_BARE.findall(field)))[:MAX_ADDRESSES]


def read_addresses(field: str) -> tuple[Address, ...]:
    """The mailboxes of an unfolded field by plain pattern, for fields that mail-parser gives up on.

    The address in brackets counts, never one that stands in a display name; without brackets the only
    address; without any the name of a daemon.
    """
    angles = list(_ANGLE.finditer(field))[:MAX_ADDRESSES]
    if angles:
        return tuple(_angled(field, angles))
    plain = _without_comments(field)
    found = _BARE.findall(plain)[:MAX_ADDRESSES]
    if len(found) == 1:
        rest = plain.replace(found[0], " ").strip(" \t\"'<>,;")
        return (Address(readable_name(rest or _comment(field)), found[0]),)
    if found:
        return tuple(Address("", one) for one in found)
    daemon = _DAEMON.fullmatch(plain.strip(_QUOTES + "<>"))
    return (Address(readable_name(_comment(field)), daemon[0]),) if daemon else ()


def _angled(field: str, angles: list[re.Match[str]]) -> list[Address]:
    out = []
    end = 0
    for angle in angles:
        name = field[end : angle.start()].strip(" \t,;")
        out.append(Address(readable_name(name), re.sub(r"\s+", "", angle[1])))
        end = angle.end()
    return [one for one in out if "@" in one.address or len(out) == 1]


def readable_name(name: str) -> str:
    """A display name without its quotes and with any encoded word that mail-parser left in it decoded."""
    name = name.strip(_QUOTES)
    if "=?" in name:
        name = decode_header(name.encode("utf-8", "replace")).strip(_QUOTES)
    return re.sub(r"\\([\"\\()])", r"\1", name) if "\\" in name else name


def _without_comments(field: str) -> str:
    for _ in range(4):
        shorter = _COMMENT.sub(" ", field)
        if shorter == field:
            break
        field = shorter
    return field.replace("(", " ").replace(")", " ")


def _comment(field: str) -> str:
    found = _COMMENT.search(field)
    return found[1].strip() if found else ""
