"""The parts of a mail: header block repaired, body split at its boundaries (RFC 5322, 2045 to 2049).

First step of the parse. Works on the bytes as they came, with offsets instead of copies, without recursion
and never inside message/*, so that an enclosed mail stays whole. It cannot fail: beyond a bound the rest
stays one undivided part, and every repair is named in the defects.
"""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import unquote

from parsers.charsets import decode_text, html_charset, recoded
from parsers.headers import (
    MAX_PARAMETERS,
    MAX_VALUE,
    Fields,
    content_type,
    decode_base64,
    decode_header,
    disposition,
)
from parsers.smime import signed_content
from parsers.uuencode import uuencoded

MAX_DEPTH: Final = 50  # levels of multipart
MAX_PARTS: Final = 1_000
MAX_HEADER_BYTES: Final = 1_048_576
MAX_OPENED: Final = 3  # opaque signatures whose content is read
MAX_FIELDS: Final = 1_000
FOLDED_FROM: Final = 60  # bytes of a value from which on a bare line below may be its rest

# The defects of a mail that holds more than is read.
TOO_DEEP: Final = f"multipart nested deeper than {MAX_DEPTH} levels"
TOO_MANY_PARTS: Final = f"more than {MAX_PARTS} parts"
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
_LEADING: Final = re.compile(rb"[\s\0]{1,200}")
# A name in letters that RFC 5322 2.2 forbids, with one that it allows below.
_FOREIGN_FIELD: Final = re.compile(rb"[^\s:]{1,100}:[^\n]*\n[!-9;-~]{1,200}[ \t]*:")
_GOES_ON: Final = (b"<", b",", b'"', b"=?", b";")  # how the rest of a field begins, and no other line
_GUESSED_BOUNDARY: Final = re.compile(
    rb"(?:\A|\n)--([^\s][^\r\n]{0,199}?)[ \t]*\r*\n(?=content-)", re.IGNORECASE
)
_WORDS: Final = re.compile(rb"\s{0,99}[^\s=]+[ \t]+\S")
_LATE_SOFT_BREAK: Final = re.compile(rb"=[ \t]+(?=\r?\n)")
_NOT_LETTERS: Final = bytes(set(range(256)) - set(b"abcdefghijklmnopqrstuvwxyz0123456789"))
_ESCAPED: Final = re.compile(r"%[89A-Fa-f][0-9A-Fa-f]")
_BASE64_FOOTER: Final = re.compile(rb"\n[ \t]*\r*\n(?=[-_]{2})")
_NEWLINE: Final = b"\r\n"
_SIGNATURES: Final = ("application/pkcs7-mime", "application/x-pkcs7-mime")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One node of the MIME tree. ``content[start:end]`` is its body as transported."""

    fields: Fields
    content_type: str
    parameters: dict[str, str]
    disposition: str
    disposition_parameters: dict[str, str]
    content: bytes
    start: int
    end: int
    children: tuple["Part", ...] = ()

    @property
    def raw(self) -> bytes:
        """The body as transported."""
        return self.content[self.start : self.end]

    @property
    def maintype(self) -> str:
        """The media type before the slash."""
        return self.content_type.partition("/")[0]

    @property
    def content_id(self) -> str:
        """Content-ID without <> (RFC 2392), "" when none."""
        return self.fields.text("content-id").strip(" <>")

    @property
    def filename(self) -> str:
        """The file name as its sender wrote it, decoded; filename before name (RFC 2183 2.3)."""
        written = (
            self.disposition_parameters.get("filename", ""),
            self.parameters.get("name", ""),
            self.disposition_parameters.get("name", ""),
        )
        names = [_decoded_name(name) for name in written if name]
        # Gateways put question marks where they know no better, and spare one of the two spellings.
        return next((name for name in names if "?" not in name), names[0] if names else "")

    def payload(self) -> bytes:
        """The body with its transfer encoding undone (RFC 2045 6), as far as it can be."""
        return decode_transfer(
            self.raw, self.fields.raw("content-transfer-encoding"), self.maintype == "text"
        )

    def text(self) -> str:
        """The payload as text, by its charset parameter or whatever explains the bytes."""
        content = self.payload()
        declared = self.parameters.get("charset", "")
        if self.content_type == "text/html" and (not declared or "ascii" in declared.lower()):
            declared = html_charset(content) or declared
        return decode_text(content, declared)

    def leaves(self) -> Iterator["Part"]:
        """Every part without children, in the order of the mail; goes no deeper than ``MAX_DEPTH``."""
        if not self.children:
            yield self
        for child in self.children:
            yield from child.leaves()


@dataclass(slots=True, kw_only=True)
class _Node:
    """A part whose children are still being found."""

    fields: Fields
    content_type: str
    parameters: dict[str, str]
    start: int
    end: int
    depth: int
    children: list["_Node"] = field(default_factory=list)


def _decoded_name(written: str) -> str:
    """A file name with the encodings undone that RFC 2231 has no place for."""
    if "=?" in written:
        written = decode_header(written.encode("utf-8", "replace"))
    if _ESCAPED.search(written):
        named = unquote(written)
        written = written if "\ufffd" in named else named
    return written


def decode_transfer(raw: bytes, encoding: bytes, is_text: bool = False) -> bytes:
    """Undo a Content-Transfer-Encoding; an unknown one is taken for none."""
    name = encoding.lower().translate(None, _NOT_LETTERS)
    if not name or name in (b"7bit", b"8bit"):
        return raw
    if name.startswith(b"base64"):
        if is_text:  # a list footer appended in clear to an encoded text is not base64
            raw = _BASE64_FOOTER.split(raw, maxsplit=1)[0]
        return raw if is_text and _is_in_clear(raw) else decode_base64(raw)
    if name.startswith(b"quoted"):
        if b"= " in raw or b"=\t" in raw:
            raw = _LATE_SOFT_BREAK.sub(b"=", raw)
        return binascii.a2b_qp(raw)
    if name in (b"xuuencode", b"uuencode", b"xuue", b"uue"):
        files = uuencoded(raw)
        return files[0].content if files else raw
    return raw


def _is_in_clear(raw: bytes) -> bool:
    """Whether a text called base64 was never encoded: it begins with words and decodes to nothing."""
    if _WORDS.match(raw) is None:
        return False
    try:
        return not decode_base64(raw[:200]).decode().isprintable()
    except UnicodeDecodeError:
        return True


def read_tree(content: bytes) -> tuple[Part, tuple[str, ...]]:
    """The MIME tree of a mail and what was wrong with it. Never raises."""
    defects: list[str] = []
    root = _tree(content, defects)
    signatures = [id(leaf) for leaf in root.leaves() if leaf.content_type in _SIGNATURES]
    if signatures:
        root = _opened(root, frozenset(signatures[:MAX_OPENED]), defects)
    if not all(value.isascii() for _, value in root.fields.items):
        root = _recoded(root)
    return root, tuple(dict.fromkeys(defects))


def _recoded(root: Part) -> Part:
    """The tree with raw bytes in its header read as the first text of the mail says of itself."""
    declared = next(
        (leaf.parameters["charset"] for leaf in root.leaves() if "charset" in leaf.parameters), ""
    )
    items = tuple((name, recoded(value, declared)) for name, value in root.fields.items)
    return replace(root, fields=Fields(items))


def _tree(content: bytes, defects: list[str]) -> Part:
    content = _straight_lines(content)
    fields, start = read_fields(content, 0, len(content), defects)
    root = _node(fields, start, len(content), 0, "text/plain")
    pending = [root]
    count = 1
    while pending:
        node = pending.pop()
        if not node.content_type.startswith("multipart/"):
            continue
        if node.depth >= MAX_DEPTH:
            defects.append(TOO_DEEP)
            node.content_type = "application/octet-stream"
            continue
        spans = _split(content, node, MAX_PARTS - count, defects)
        for first, last in spans:
            part_fields, body = read_fields(content, first, last, defects)
            default = "message/rfc822" if node.content_type == "multipart/digest" else "text/plain"
            node.children.append(_node(part_fields, body, last, node.depth + 1, default))
        count += len(spans)
        if not spans:
            node.content_type = "text/plain"
        pending.extend(reversed(node.children))
    return _frozen(root, content)


def _opened(part: Part, signatures: frozenset[int], defects: list[str]) -> Part:
    """The tree with these opaque signatures opened (RFC 8551 3.5.2): each as if it were multipart/signed."""
    if part.children:
        return replace(part, children=tuple(_opened(child, signatures, defects) for child in part.children))
    signed = signed_content(part.payload()) if id(part) in signatures else b""
    if not signed:
        return part
    return replace(part, content_type="multipart/signed", children=(_tree(signed, defects), part))


def _straight_lines(content: bytes) -> bytes:
    """Line ends of broken transports made bare newlines; noise before the first field dropped."""
    if content.startswith(b"\xef\xbb\xbf"):
        content = content[3:]
    noise = _LEADING.match(content)
    if noise is not None and _KNOWN_FIELD.match(content, noise.end()):
        content = content[noise.end() :]
    if b"\n" not in content[:MAX_HEADER_BYTES] and b"\r" in content:
        return content.replace(b"\r", b"\n")
    if b"\r\r\n" in content[:4096]:
        return content.replace(b"\r\r\n", b"\r\n")
    return content


def _node(fields: Fields, start: int, end: int, depth: int, default: str) -> _Node:
    declared = _declared_type(fields.all("content-type"))
    kind, parameters = content_type(declared) if declared else ("", {})
    return _Node(
        fields=fields,
        content_type=kind or default,
        parameters=parameters,
        start=start,
        end=max(start, end),
        depth=depth,
    )


def _declared_type(values: list[bytes]) -> bytes:
    """Where the type is declared twice, the one that says how to take the body apart."""
    if len(values) < 2:
        return values[0] if values else b""
    return next((value for value in values[:5] if value.lower().startswith(b"multipart/")), values[0])


def _frozen(node: _Node, content: bytes) -> Part:
    """The finished tree; recursion is bounded by ``MAX_DEPTH``."""
    declared = node.fields.raw("content-disposition")
    kind, parameters = disposition(declared) if declared else ("", {})
    return Part(
        fields=node.fields,
        content_type=node.content_type,
        parameters=node.parameters,
        disposition=kind,
        disposition_parameters=parameters,
        content=content,
        start=node.start,
        end=node.end,
        children=tuple(_frozen(child, content) for child in node.children),
    )


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


def _split(content: bytes, node: _Node, limit: int, defects: list[str]) -> list[tuple[int, int]]:
    """The spans between the delimiter lines of a multipart body (RFC 2046 5.1.1)."""
    written = node.parameters.get("boundary", "").encode("utf-8", "replace")
    boundary = written.rstrip()
    if not boundary:
        return _guessed_spans(content, node, limit, defects)
    # RFC 2046 allows no blank at the end of a boundary: one there may be meant, or lost on the way.
    spans = _spans(content, node, written, limit, defects) if written != boundary else []
    spans = spans or _spans(content, node, boundary, limit, defects)
    spans = spans or _spans(content, node, boundary, limit, defects, followed=True)
    return spans or _guessed_spans(content, node, limit, defects)


def _guessed_spans(content: bytes, node: _Node, limit: int, defects: list[str]) -> list[tuple[int, int]]:
    """The spans between the lines that look like delimiters: dashes above a field of a part."""
    defects.append("multipart without its boundary")
    guessed = _GUESSED_BOUNDARY.search(content, max(0, node.start - 1), min(node.end, node.start + 65_536))
    return _spans(content, node, guessed[1], limit, defects) if guessed is not None else []


def _spans(
    content: bytes, node: _Node, boundary: bytes, limit: int, defects: list[str], *, followed: bool = False
) -> list[tuple[int, int]]:
    """The spans between the lines of one boundary; ``followed``: text may stand behind it, after a blank."""
    delimiter = b"--" + boundary
    spans: list[tuple[int, int]] = []
    opened = -1
    position = node.start
    while (at := content.find(delimiter, position, node.end)) >= 0:
        position = at + len(delimiter)
        if at > node.start and content[at - 1] not in _NEWLINE:
            continue
        closing = content.startswith(b"--", position, node.end)
        line_end = content.find(b"\n", position, node.end)
        line_end = node.end if line_end < 0 else line_end
        behind = content[position + 2 * closing : line_end]
        if behind.strip() and not (followed and behind[:1] in b" \t"):
            continue  # a longer boundary that begins like this one, or text
        if closing and opened < 0:
            continue  # the end of what has not begun, or has ended
        if opened >= 0:
            spans.append((opened, _before_newline(content, opened, at)))
        opened = -1 if closing else min(line_end + 1, node.end)
        position = line_end
        if len(spans) >= limit:
            defects.append(TOO_MANY_PARTS)
            break
    else:
        if opened >= 0:
            defects.append("multipart without its end")
    if opened >= 0:
        spans.append((opened, node.end))
    return spans


def _before_newline(content: bytes, start: int, at: int) -> int:
    """The newline before a delimiter belongs to the delimiter."""
    if at > start and content[at - 1] == 10:
        at -= 1
    if at > start and content[at - 1] == 13:
        at -= 1
    return at
