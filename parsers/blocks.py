"""Header blocks: where one begins and ends, and which fields it holds (RFC 5322 2.1, 2.2).

Asked by ``mime`` for the mail and for each part. Blocks that programs broke are repaired, and every repair is
named in the defects; it cannot fail: beyond a bound the rest is body.
"""

import re
from typing import Final

from parsers.headers import MAX_PARAMETERS, MAX_VALUE, Fields

MAX_HEADER_BYTES: Final = 1_048_576
MAX_FIELDS: Final = 1_000
FOLDED_FROM: Final = 60  # bytes of a value from which on a bare line below may be its rest

# The defects of a block that holds more than is read.
LARGE_HEADER: Final = f"header block larger than {MAX_HEADER_BYTES} bytes"
TOO_MANY_FIELDS: Final = f"more than {MAX_FIELDS} header fields"
LONG_FIELD: Final = f"header field longer than {MAX_VALUE} bytes"
LONG_PARAMETERS: Final = f"parameters longer than {MAX_PARAMETERS} bytes"

_BLANK_LINE: Final = re.compile(rb"\n\r?\n")
_FIELD: Final = re.compile(rb"([!-9;-~]{1,200})[ \t]*:[ \t]*([^\n]*(?:\n[ \t][^\n]*)*)\n?")
# Names that betray a header block although a broken line stands before them.
_KNOWN_FIELD: Final = re.compile(
    rb"(?:from|to|cc|bcc|subject|date|sender|reply-to|message-id|in-reply-to|references|mime-version|received"
    rb"|return-path|delivered-to|content-[a-z-]{1,40}|x-[a-z0-9-]{1,60}|dkim-signature|list-[a-z-]{1,20}"
    rb"|auto-submitted|precedence|importance|priority|thread-[a-z]{1,10}|user-agent|organization)[ \t]*:",
    re.IGNORECASE,
)
# A name in letters that RFC 5322 2.2 forbids, with one that it allows below.
_FOREIGN_FIELD: Final = re.compile(rb"[^\s:]{1,100}:[^\n]*\n[!-9;-~]{1,200}[ \t]*:")
_GOES_ON: Final = (b"<", b",", b'"', b"=?", b";")  # how the rest of a field begins, and no other line


def begins_with_field(content: bytes, position: int) -> bool:
    """Whether a field that everybody knows stands at ``position``."""
    return _KNOWN_FIELD.match(content, position) is not None


def read_fields(content: bytes, start: int, end: int, defects: list[str]) -> tuple[Fields, int]:
    """The header fields that begin at ``start`` and where the body after them begins (RFC 5322 2.1)."""
    if content.startswith((b"\n", b"\r\n"), start, end):
        return Fields(), start + (1 if content[start] == 10 else 2)
    blank = _BLANK_LINE.search(content, start, min(end, start + MAX_HEADER_BYTES))
    if blank is not None:
        stop, body = blank.start() + 1, blank.end()
    elif end - start > MAX_HEADER_BYTES:
        defects.append(LARGE_HEADER)
        stop = body = content.rfind(b"\n", start, start + MAX_HEADER_BYTES) + 1 or start + MAX_HEADER_BYTES
    else:
        stop = body = end
    items: list[tuple[str, bytes]] = []
    position = start
    while position < stop and len(items) < MAX_FIELDS:
        found = _FIELD.match(content, position, stop)
        if found is None:
            resumed = _after_broken_line(content, position, stop, items, defects)
            if resumed is None:
                defects.append("no blank line after the header block")
                return Fields(tuple(items)), position
            position = resumed
            continue
        items.append((found[1].decode("ascii"), found[2]))
        position = found.end()
        if position - found.start() > MAX_PARAMETERS:
            defects += _cuts(items[-1])
    if position < stop:
        defects.append(TOO_MANY_FIELDS)
    return Fields(tuple(items)), body


def _cuts(item: tuple[str, bytes]) -> list[str]:
    """What of a long field is not read."""
    name, value = item
    if len(value) > MAX_VALUE:
        return [LONG_FIELD]
    return [LONG_PARAMETERS] if name.lower() in ("content-type", "content-disposition") else []


def _after_broken_line(
    content: bytes, position: int, stop: int, items: list[tuple[str, bytes]], defects: list[str]
) -> int | None:
    """Where the header block goes on after a line that is no field; None when it is over.

    When known fields follow, a line without a name is the rest of a long field or noise; otherwise it is the
    first line of a body whose blank line was lost. The mbox line "From x" is skipped.
    """
    line_end = content.find(b"\n", position, stop) + 1 or stop
    line = content[position:line_end]
    if line.startswith((b"From ", b">From ")) and not items:
        defects.append("mbox line before the header block")
        return line_end
    if line.startswith(b"--") and _is_delimiter(line, items):
        return None
    if _FOREIGN_FIELD.match(content, position, stop):
        foreign, _, rest = line.partition(b":")
        items.append((foreign.decode("utf-8", "replace"), rest))
        defects.append("field with a name that is none")
        return line_end
    if not _goes_on_after(content, line_end, stop):
        return None
    defects.append("line without a field name in the header block")
    if items and (len(items[-1][1]) >= FOLDED_FROM or line.startswith(_GOES_ON)):
        name, value = items[-1]
        items[-1] = (name, value.rstrip(b"\r\n") + b"\n " + line.strip())
    return line_end


def _is_delimiter(line: bytes, items: list[tuple[str, bytes]]) -> bool:
    """Whether a line is the delimiter that the Content-Type above it declares."""
    boundary = line.strip()[2:].removesuffix(b"--")
    return any(name.lower() == "content-type" and boundary and boundary in value for name, value in items)


def _goes_on_after(content: bytes, following: int, stop: int) -> bool:
    """Whether a known field stands soon below a line that is none."""
    for _ in range(40):
        if following >= stop:
            break
        if _KNOWN_FIELD.match(content, following, stop):
            return True
        following = content.find(b"\n", following, stop) + 1 or stop
    return False
