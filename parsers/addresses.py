"""Who is meant by an address field, and the subaddress in it (RFC 5322 3.4, RFC 5233).

``people`` asks mail-parser first; this module holds the value they share and reads the fields that
mail-parser finds ambiguous: daemons without a domain, names without quotes, lists with semicolons. Total.
"""

import html
import re
from dataclasses import dataclass, field
from typing import Final

from parsers.headers import decode_header

MAX_ADDRESSES: Final = 1_000

_BARE: Final = re.compile(
    r"[^\s<>()\[\]:;,\"@]{1,128}@(?:[^\s<>()\[\]:;,\"@]{1,255}|\[[0-9A-Za-z.:]{1,60}\])"
)
_SHOWN_BARE: Final = re.compile(rf"\[?\s{{0,9}}(?:mailto:)?({_BARE.pattern})\s{{0,9}}\]?", re.IGNORECASE)
_TOKEN: Final = re.compile(
    r"(?P<quoted>\"(?:[^\"\\]|\\.){0,150}+\")|(?P<word>=\?[^?\s]{1,60}\?[bBqQ]\?[^?]{0,1000}+\?=)"
    r"|<(?P<angle>[^<>]{0,1000}+)>|(?P<mark>[(),;])|(?P<text>[^\"=<>(),;]++|.)",
    re.DOTALL,
)
_ROUTE: Final = re.compile(r"@[^:<>]{1,400}:(.+)")
_DAEMON: Final = re.compile(r"[A-Za-z][A-Za-z0-9._-]{1,63}")
_NOBODY: Final = re.compile(r"undisclosed|unlisted|recipient|destinataire", re.IGNORECASE)
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
    """The mailboxes of an unfolded field, token by token, for fields that mail-parser gives up on.

    The address in brackets counts, never one that stands in a quoted name; without brackets any address; and
    where there is none the name of a daemon. Some programs encode the whole field or escape it for HTML.
    """
    if "&lt;" in field:
        field = html.unescape(field)
    found = _scan(field)
    if not found and "=?" in field and "@" not in field:
        found = _scan(decode_header(field.encode("utf-8", "replace")))
    return found


@dataclass(slots=True)
class _Scan:
    """What was read of a field so far."""

    found: list[Address] = field(default_factory=list)
    daemons: list[Address] = field(default_factory=list)
    held: list[str] = field(default_factory=list)  # pieces without address: a name may go on behind a comma
    phrase: list[str] = field(default_factory=list)
    remark: list[str] = field(default_factory=list)
    named: bool = False  # whether the phrase before has its address

    def angle(self, inner: str) -> None:
        """An address in brackets ends its phrase; nobody, and nothing, is none."""
        if not inner.strip() or (inner.endswith(";") and _NOBODY.search(inner)):
            return
        written = "".join(self.phrase)
        name = ", ".join([*self.held, written]) if written.strip() else ""
        address = _clean_address(inner)
        if "@" in address:
            self.found.append(Address(readable_name(name), address))
        elif _DAEMON.fullmatch(address):
            self.daemons.append(Address(readable_name(name), address))
        self.phrase.clear()
        self.held.clear()
        self.named = True

    def separator(self, mark: str) -> None:
        """A comma, a semicolon or the end: what stands before it may be an address without brackets."""
        written, remark = "".join(self.phrase), "".join(self.remark).strip()
        self.phrase.clear()
        self.remark.clear()
        bare = [_clean_address(one) for one in _BARE.findall(written)] if "@" in written else []
        if len(bare) == 1:
            rest = _SHOWN_BARE.sub(" ", written).strip(" \t\"'<>,;")
            self.found.append(Address(readable_name(rest or remark), bare[0]))
        elif bare:
            self.found += [Address("", one) for one in bare]
        elif self.named and remark and self.found and not self.found[-1].name:
            self.found[-1] = Address(readable_name(remark), self.found[-1].address)
        elif not self.named and _DAEMON.fullmatch(written.strip(_QUOTES)):
            self.daemons.append(Address(readable_name(remark), written.strip(_QUOTES)))
        self.held = [*self.held[-2:], written.strip()] if mark == "," and not bare and written.strip() else []
        self.named = False

    def text(self, written: str) -> None:
        """Part of a phrase; a colon ends the name of a group (RFC 5322 3.4)."""
        label, colon, rest = written.rpartition(":")
        if colon and not label.lower().endswith(("mailto", "[ipv6")) and "[" not in label:
            self.phrase.clear()
            self.held.clear()
            written = rest
        self.phrase.append(written)


def _scan(field: str) -> tuple[Address, ...]:
    seen = _Scan()
    comments = field.count("(") <= field.count(")")  # one that is never closed would swallow the rest
    depth = 0
    for token in _TOKEN.finditer(field):
        kind, written = token.lastgroup, token[0]
        if kind == "mark" and written in "()":
            depth = max(0, depth + (1 if written == "(" else -1)) if comments else 0
        elif depth:
            seen.remark.append(written)
        elif kind == "mark":
            seen.separator(written)
        elif kind == "angle":
            seen.angle(token["angle"])
        elif kind == "text":
            seen.text("" if written in "<>" else written)
        else:
            seen.phrase.append(written)
        if len(seen.found) >= MAX_ADDRESSES:
            break
    seen.separator("")
    nobody = _NOBODY.search(field) is not None
    return tuple(seen.found[:MAX_ADDRESSES] or ([] if nobody else seen.daemons[:1]))


def _clean_address(written: str) -> str:
    """An address without what programs put around it: mailto:, quotes, a route (RFC 5322 4.4), a last dot."""
    address = written.strip()
    route = _ROUTE.fullmatch(address)
    if route is not None:
        address = route[1]
    if address[:7].lower() == "mailto:":
        address = address[7:].partition("?")[0]
    if not address.startswith('"'):
        address = re.sub(r"\s+", "", address).strip("'\"")
    return address.rstrip(".")


def readable_name(name: str) -> str:
    """A display name without its quotes and with any encoded word that mail-parser left in it decoded."""
    name = name.strip(_QUOTES)
    if "=?" in name:
        name = decode_header(name.encode("utf-8", "replace")).strip(_QUOTES)
    if "  " in name or "\t" in name:
        name = " ".join(name.split())
    return re.sub(r"\\([\"\\()])", r"\1", name) if "\\" in name else name
