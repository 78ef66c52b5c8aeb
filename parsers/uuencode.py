"""Files that were uuencoded, in a part or in the middle of a text (POSIX uuencode).

Used by ``mime`` as a transfer encoding and by ``mail`` on the body. Total: lines that are no such file stay
text; of a file that breaks off what came is kept.
"""

import binascii
import re
from dataclasses import dataclass
from typing import Final

from parsers.headers import decode_header

MAX_FILES: Final = 50

_BEGIN: Final = re.compile(rb"(?:\A|\n)begin [0-7]{3,4}(?: ([^\r\n]{0,255}))?\r?\n")
_LAST: Final = (b"`", b"", b" ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """One file and the span it fills."""

    name: str
    content: bytes
    start: int
    end: int


def uuencoded(raw: bytes) -> list[Encoded]:
    """The uuencoded files in ``raw``, at most ``MAX_FILES``; broken ones are left out."""
    files: list[Encoded] = []
    position = 0
    while len(files) < MAX_FILES and (begin := _BEGIN.search(raw, position)) is not None:
        content, position = _lines(raw, begin.end())
        if content is not None:
            name = decode_header(begin[1] or b"")
            files.append(Encoded(name=name, content=content, start=begin.start(), end=position))
    return files


def without_files(text: str) -> tuple[str, list[Encoded]]:
    """``text`` without the files in it, and these."""
    if "\nbegin " not in text and not text.startswith("begin "):
        return text, []
    raw = text.encode("utf-8", "replace")
    files = uuencoded(raw)
    kept = []
    position = 0
    for file in files:
        kept.append(raw[position : file.start])
        position = file.end
    kept.append(raw[position:])
    return b"".join(kept).decode("utf-8", "replace") if files else text, files


def _lines(raw: bytes, position: int) -> tuple[bytes | None, int]:
    """What the lines from ``position`` on encode and where they end; None when they encode nothing."""
    out: list[bytes] = []
    while position < len(raw):
        stop = raw.find(b"\n", position)
        stop = len(raw) if stop < 0 else stop
        line = raw[position:stop].rstrip(b"\r")
        if line == b"end":
            return b"".join(out), stop
        piece = b"" if line in _LAST else _decoded(line)
        if piece is None:
            break
        out.append(piece)
        position = stop + 1
    # Without its last line it must look like a file at least: full lines hold 45 bytes.
    if any(len(piece) == 45 for piece in out):
        return b"".join(out), min(position - 1, len(raw))
    return None, position


def _decoded(line: bytes) -> bytes | None:
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        # Some encoders write trailing bytes that the length in front does not count.
        expected = ((line[0] - 32 & 63) * 4 + 5) // 3
    try:
        return binascii.a2b_uu(line[:expected])
    except binascii.Error:
        return None
