"""The text of RTF, as Outlook packs it into winmail.dat ([MS-OXRTFCP], [MS-OXRTFEX], RTF 1.9.1).

Used by ``tnef`` for a mail that has no other body. Total and bounded: what cannot be read is left out.
"""

import re
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
    out: list[str] = []
    pending = bytearray()  # bytes of the code page that may be parts of one character
    groups: list[tuple[bool, int]] = []
    silent, after_unicode, to_skip, fresh = False, 1, 0, False
    for word, number, code, symbol, brace, run in _TOKEN.findall(rtf[:MAX_RTF]):
        if not code and pending:
            out.append(decode_text(bytes(pending), code_page))
            pending.clear()
        opens, fresh = fresh, False
        if brace == b"{":
            groups.append((silent, after_unicode))
            fresh = True
        elif brace:
            silent, after_unicode = groups.pop() if groups else (False, 1)
        elif (opens and word in _ASIDE) or (symbol == b"*" and opens):
            silent = True
        elif word == b"htmlrtf":
            silent = number != b"0"
        elif word == b"uc":
            after_unicode = int(number or 1)
        elif word == b"u" and not silent:
            out.append(chr(int(number or 0) % 65_536))
            to_skip = after_unicode
        elif code and not silent:
            if to_skip:
                to_skip -= 1
            else:
                pending.append(int(code, 16))
        elif run and not silent:
            text = decode_text(run[min(to_skip, len(run)) :], code_page)
            to_skip = 0
            out.append(text)
        elif word and not silent:
            out.append(_WRITTEN.get(word, ""))
        elif symbol in (b"\\", b"{", b"}") and not silent:
            out.append(symbol.decode())
        elif symbol == b"~" and not silent:
            out.append("\u00a0")
    out.append(decode_text(bytes(pending), code_page))
    return "".join(out).encode("utf-16", "surrogatepass").decode("utf-16", "replace").strip()
