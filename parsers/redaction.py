"""What must not leave the house with a person's words: private addresses, our separators, our tokens.

Used by ``answer`` on text and on each text and attribute of HTML. Total and linear: addresses are looked for
by one pattern made of them all. A line that says nothing but how to reach the agent goes as a whole.
"""

import re
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

from parsers import separators
from parsers.folding import folded

# The shape of every token of ours, whatever its purpose; whose it is only the trunk can tell.
SHAPE: Final = r"[a-z][a-z2-7]{13}\.[a-z2-7]{7}\.[a-z0-9]{1,18}\.[a-z2-7]{16}"
_TOKENS: Final = re.compile(
    rf"\(m:[A-Za-z0-9._~=-]{{20,200}}\)|\+{SHAPE}(?=@)|<?(?<![a-z0-9]){SHAPE}(?![a-z0-9])(?:@[\w.-]{{1,255}})?>?",
    re.IGNORECASE,
)
_INVISIBLE: Final = dict.fromkeys((0xAD, 0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060, 0xFEFF))
MOST_NESTED: Final = 5
_NOBODY: Final = re.compile(r"(?!)")
# What may be left of a line of contacts: names of ways to reach a person, numbers, strokes between them.
_CONTACT: Final = re.compile(
    r"[\s>|•·,;:./()*_+\d–—-]*(?:(?:ou|of|oder|or|et|en|und|and|e|t|m|tel|telephone|telefoon|telefon|phone|gsm"
    r"|mobile|mobiel|mobil|fax|direct|mail|mails|email|e-mail|courriel|adresse|adres|address|contact|kontakt"
    r"|mailto|via|par|from|de|van|von)\b[\s>|•·,;:./()*_+\d–—-]*)*"
)
_HOLLOW: Final = re.compile(r"\(\s*\)|\[\s*\]|<\s*>")
_LONGEST_CONTACT: Final = 300  # characters


def redacted(text: str, private: frozenset[str]) -> str:
    """``text`` without private addresses, lines of ours and tokens; all other lines as they were.

    Args:
        private: mail addresses, case folded.
    """
    lines = (_redacted_line(line, private) for line in text.split("\n"))
    return "\n".join(line for line in lines if line is not None)


def scrubbed(text: str, private: frozenset[str]) -> str:
    """A piece of a line without private addresses and tokens, and without the brackets around them."""
    if "@" not in text and "%40" not in text and "." not in text and "(m:" not in text:
        return text
    left = text
    for _ in range(MOST_NESTED):
        found = _addresses(private).sub("", _TOKENS.sub("", left))
        if found == left:
            return left
        left = _HOLLOW.sub("", found)  # what stood around one may be another
    return ""


def discloses(text: str, private: frozenset[str]) -> bool:
    """Whether a private address, a separator or a token of ours stands in ``text`` or in a link of it."""
    said = unquote(text).translate(_INVISIBLE)
    if "##-" in said and any(map(separators.is_our_marker, said.split("\n"))):
        return True
    return _TOKENS.search(said) is not None or _addresses(private).search(said) is not None


def _redacted_line(line: str, private: frozenset[str]) -> str | None:
    """The line without what is private, None when nothing else stood in it."""
    if separators.is_our_marker(line):
        return None
    seen = line if line.isascii() else line.translate(_INVISIBLE)
    left = scrubbed(seen, private)
    if left == seen:
        return line
    if len(left) <= _LONGEST_CONTACT and _CONTACT.fullmatch(folded(left)):
        return None
    return re.sub(r"(?<=\S) {2,}", " ", left).rstrip()


@lru_cache(maxsize=8)
def _addresses(private: frozenset[str]) -> re.Pattern[str]:
    """Any of these addresses, with any tag behind a plus, as a link or as text, with its brackets.

    Also glued to the word before it, as the cells of a table are when a program takes their text out.
    """
    pairs = (address.rpartition("@") for address in sorted(private))
    rows = [
        rf"{re.escape(local)}(?:\+[\w.=-]{{1,64}})?(?:@|%40){re.escape(domain)}"
        for local, at, domain in pairs
        if at
    ]
    if not rows:
        return _NOBODY
    one = rf"(?:mailto:)?(?:{'|'.join(rows)})"
    return re.compile(rf"<{one}[^<>\s]{{0,300}}>|\[{one}[^\[\]\s]{{0,300}}\]|\({one}\)|{one}", re.IGNORECASE)
