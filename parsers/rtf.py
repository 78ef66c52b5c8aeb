"""The text of RTF, as Outlook packs it into winmail.dat ([MS-OXRTFCP], [MS-OXRTFEX], RTF 1.9.1).

Used by ``tnef`` for a mail that has no other body. Total and bounded: what cannot be read is left out.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from parsers.charsets import decode_text

MAX_RTF: Final = 500_000  # bytes of unpacked RTF that are read

_COMPRESSED, _PLAIN = b"LZFu", b"MELA"
# The dictionary starts with what most RTF begins with ([MS-OXRTFCP] 2.1.2.1).
_START: Final = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript "
    b"\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par "
    b"\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)
_WINDOW: Final = 4096
_TOKEN: Final = re.compile(
    rb"\\([A-Za-z]{1,32})(-?[0-9]{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^A-Za-z])|([{}])|([^\\{}\r\n\0]+)"
)
_ASIDE: Final = frozenset(
    b"fonttbl colortbl stylesheet info pict object header footer themedata datastore listtable fldinst "
    b"mmathPr".split()
)
_SYMBOLS: Final = {b"\\": "\\", b"{": "{", b"}": "}", b"~": "\u00a0"}
_WRITTEN: Final = {
    b"par": "\n", b"line": "\n", b"row": "\n", b"page": "\n", b"tab": "\t", b"cell": " ", b"emdash": "\u2014",
    b"endash": "\u2013", b"bullet": "\u2022", b"lquote": "\u2018", b"rquote": "\u2019",
    b"ldblquote": "\u201c", b"rdblquote": "\u201d",
}  # fmt: skip


def unpacked_rtf(packed: bytes) -> bytes:
    """The RTF inside a PidTagRtfCompressed, b"" when it is none."""
    kind, size = packed[8:12], int.from_bytes(packed[4:8], "little")
    if kind == _PLAIN:
        return packed[16 : 16 + min(size, MAX_RTF)]
    return _unpacked(packed, min(size, MAX_RTF)) if kind == _COMPRESSED else b""


def _unpacked(packed: bytes, size: int) -> bytes:
    """LZFu: a bit for each token, a literal byte or a place in the window and a length ([MS-OXRTFCP] 2.2)."""
    out = bytearray(_START)
    position = 16
    while position < len(packed) and len(out) - len(_START) < size:
        flags = packed[position]
        position += 1
        for bit in range(8):
            if not flags >> bit & 1:
                out += packed[position : position + 1]
                position += 1
                continue
            token = int.from_bytes(packed[position : position + 2])
            position += 2
            back = (len(out) - (token >> 4)) % _WINDOW
            if not back or back > len(out):  # the end: a place that is just being written
                return bytes(out[len(_START) : len(_START) + size])
            start, length = len(out) - back, (token & 15) + 2
            run = out[start : start + length]
            out += (run * (length // len(run) + 1))[:length]
    return bytes(out[len(_START) : len(_START) + size])


def rtf_text(rtf: bytes, code_page: str = "cp1252") -> str:
    """What a person reads of it; of HTML wrapped in RTF ([MS-OXRTFEX]) the words between its tags."""
    page = _Page(code_page)
    opens = False  # whether the group has just begun: its first word tells what it is for
    for word, number, code, symbol, brace, run in _TOKEN.findall(rtf[:MAX_RTF]):
        if brace:
            page.group(brace == b"{")
        elif opens and (word in _ASIDE or symbol == b"*"):
            page.silent = True
        elif word:
            page.word(word, int(number or (0 if word == b"u" else 1)))
        elif code:
            page.byte(int(code, 16))
        elif symbol:
            page.write(_SYMBOLS.get(symbol, ""))
        else:
            page.run(run)
        opens = brace == b"{"
    page.write("")
    return "".join(page.out).encode("utf-16", "surrogatepass").decode("utf-16", "replace").strip()


@dataclass(slots=True)
class _Page:
    """Text on its way out of RTF."""

    code_page: str
    out: list[str] = field(default_factory=list)
    pending: bytearray = field(default_factory=bytearray)  # bytes that may be parts of one character
    outer: list[tuple[bool, int]] = field(default_factory=list)  # what held in the groups around this one
    silent: bool = False
    substitutes: int = 1  # bytes behind a character in Unicode for those who know none
    to_skip: int = 0

    def group(self, begins: bool) -> None:
        """What a group sets goes with it."""
        if begins:
            self.outer.append((self.silent, self.substitutes))
        else:
            self.silent, self.substitutes = self.outer.pop() if self.outer else (False, 1)

    def word(self, word: bytes, number: int) -> None:
        """A control word and its number."""
        if word == b"htmlrtf":
            self.silent = number != 0
        elif word == b"uc":
            self.substitutes = number
        elif word == b"u" and not self.silent:
            self.write(chr(number % 65_536))
            self.to_skip = self.substitutes
        else:
            self.write(_WRITTEN.get(word, ""))

    def byte(self, code: int) -> None:
        """A byte of the code page."""
        if self.to_skip:
            self.to_skip -= 1
        elif not self.silent:
            self.pending.append(code)

    def run(self, text: bytes) -> None:
        """Letters as they are."""
        skipped = min(self.to_skip, len(text))
        self.to_skip = 0
        self.write(decode_text(text[skipped:], self.code_page))

    def write(self, text: str) -> None:
        """Text, behind the bytes that wait."""
        if self.pending:
            self.out.append(decode_text(bytes(self.pending), self.code_page))
            self.pending.clear()
        if text and not self.silent:
            self.out.append(text)
