"""Whether a text is about somebody: by his address, his name, his tickets, or so many of his words in a row.

Stands under ``privacy``. It reads what it is given, as people read it and as it stands in the source, and
asks nothing else; what it cannot decode it reads as it is.
"""

import binascii
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesHeaderParser
from html import unescape

from storage.privacy import mention

# So many words in a row are somebody's own; fewer stand in everybody's mail.
IN_A_ROW = 6
_HEADER = 64 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """How somebody is known in a text: by name, by so many of his words in a row, by his tickets.

    ``ids``: the Message-IDs of his mails; ``shared``: tickets of others on which he took part.
    """

    names: frozenset[str] = frozenset()
    rows: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()
    tickets: frozenset[int] = frozenset()
    shared: frozenset[int] = frozenset()

    def with_those_of(self, other: "Traits") -> "Traits":
        """What is known of him by both."""
        both = {each.name: getattr(self, each.name) | getattr(other, each.name) for each in fields(self)}
        return Traits(**both)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Whoever reads texts for somebody. ``spellings``: of his address, case folded; ``names``: as words;
    ``numbers``: of his tickets, among all that are ``numbered`` so."""

    spellings: tuple[str, ...]
    traits: Traits
    mention: re.Pattern[str]
    numbers: frozenset[str]
    numbered: re.Pattern[str] | None
    names: tuple[str, ...]

    def named(self, text: str) -> bool:
        """By the address, which is nobody else's."""
        # A long text is sooner searched for the letters than for what stands around them.
        flat = text.casefold()
        return any(one in flat for one in self.spellings) and self.mention.search(text) is not None

    def quoted(self, text: str) -> bool:
        """By anything: asked only of what was written where he took part."""
        there = words(text)
        line = f" {' '.join(there)} "
        if self.named(text) or any(name in line for name in self.names):
            return True
        return not self.traits.rows.isdisjoint(rows(there))

    def listed(self, text: str) -> bool:
        """By the number of a ticket of his, as digests have it."""
        found = self.numbered.findall(text.casefold()) if self.numbered else ()
        return self.named(text) or not self.numbers.isdisjoint(found)

    def wrote(self, content: bytes) -> bool:
        """A mail is from him, by its From alone: one that nobody could read is not read here."""
        return self.named(str(BytesHeaderParser().parsebytes(content[:_HEADER])["From"] or ""))

    def named_in(self, content: bytes) -> bool:
        """The bytes of a mail name him, but for what lies in base64."""
        return any(map(self.named, _ways(content)))

    def may_be_in(self, letter: bytes, *, is_list: bool) -> bool:
        """To read a letter as people do takes longer than to see that it cannot hold what is looked for.

        Args:
            is_list: the numbers of his tickets are looked for, too.
        """
        if _PACKED.search(letter):
            return True
        ways = [way.casefold() for way in _ways(letter)]
        return any(one in way for one in self.spellings for way in ways) or (
            is_list and any(map(self.listed, ways))
        )


# What is not there to be read as it stands: base64, and a header in it (RFC 2047 4.1).
_PACKED = re.compile(rb"base64|\?b\?", re.IGNORECASE)


def reader(spellings: tuple[str, ...], traits: Traits, numbers: Iterable[str]) -> Reader:
    """A reader who knows all that; ``numbers``: of his tickets, as people write them."""
    known = frozenset(number.casefold() for number in numbers)
    stems = "|".join({re.escape(number.rstrip("0123456789")) for number in known})
    # A first name alone is many people's; "Dupont, Jean" is Jean Dupont.
    whole = [one for one in map(words, traits.names) if len(one) > 1]
    orders = [*whole, *(one[::-1] for one in whole if len(one) == 2)]
    return Reader(
        spellings=spellings, traits=traits, mention=mention(spellings),
        numbers=known, numbered=re.compile(rf"(?:{stems})\d+") if known else None,
        names=tuple(f" {' '.join(one)} " for one in orders),
    )  # fmt: skip


def words(text: str) -> list[str]:
    """The words of a text as they are compared, whatever stands between them or quotes them."""
    return re.findall(r"\w+", text.casefold())


def rows(said: list[str]) -> Iterator[str]:
    """Every so many words in a row."""
    return (" ".join(said[at : at + IN_A_ROW]) for at in range(len(said) - IN_A_ROW + 1))


def _ways(content: bytes) -> Iterator[str]:
    """A mail as it stands, and as it is where it is quoted-printable."""
    for way in (content, binascii.a2b_qp(content)):
        yield way.decode("utf-8", "replace")


def said(letter: bytes) -> str:
    """All that a letter of ours says, to whoever reads it or looks into its source."""
    parts = list(message_from_bytes(letter).walk())
    heads = (f"{name}: {_head(str(value))}" for part in parts for name, value in part.items())
    return "\n".join((*heads, *(_part(one) for one in parts if not one.is_multipart())))


def _head(value: str) -> str:
    """A header as people read it, unfolded."""
    flat = " ".join(value.split())
    if "=?" not in flat:
        return flat
    try:
        return str(make_header(decode_header(flat)))
    except (HeaderParseError, LookupError, UnicodeError):
        return flat


def _part(one: Message) -> str:
    if one.get_content_maintype() in ("image", "audio", "video"):
        return ""
    content = one.get_payload(decode=True)
    words = content.decode("utf-8", "replace") if isinstance(content, bytes) else ""
    match one.get_content_subtype():
        case "html":
            return unescape(f"{words}\n{re.sub(r'<[^>]*>', ' ', words)}")
        case "calendar" | "ics":
            # Its lines are folded wherever they are too long (RFC 5545 3.1).
            return re.sub(r"\r?\n[ \t]", "", words)
        case _:
            return words
