"""The parts of a mail: its body split at the boundaries, and theirs (RFC 2045 to 2049).

First step of the parse. Works on the bytes as they came, with offsets instead of copies, without recursion
and never inside message/*, so that an enclosed mail stays whole. It cannot fail: beyond a bound the rest
stays one undivided part, and every repair is named in the defects.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import unquote

from parsers.blocks import MAX_HEADER_BYTES, begins_with_field, read_fields
from parsers.charsets import decode_text, html_charset, recoded
from parsers.headers import Fields, content_type, decode_header, disposition
from parsers.smime import signed_content
from parsers.transfer import decode_transfer

MAX_DEPTH: Final = 50  # levels of multipart
MAX_PARTS: Final = 1_000
MAX_OPENED: Final = 3  # opaque signatures whose content is read

# The defects of a mail that holds more than is read.
TOO_DEEP: Final = f"multipart nested deeper than {MAX_DEPTH} levels"
TOO_MANY_PARTS: Final = f"more than {MAX_PARTS} parts"

_LEADING: Final = re.compile(rb"[\s\0]{1,200}")
_GUESSED_BOUNDARY: Final = re.compile(
    rb"(?:\A|\n)--([^\s][^\r\n]{0,199}?)[ \t]*\r*\n(?=content-)", re.IGNORECASE
)
_ESCAPED: Final = re.compile(r"%[89A-Fa-f][0-9A-Fa-f]")
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
        """The file name as its sender wrote it, decoded, "" when it has none."""
        return next(iter(self.filenames), "")

    @property
    def filenames(self) -> tuple[str, ...]:
        """Every name that its sender gave it, decoded; filename before name (RFC 2183 2.3)."""
        written = (
            self.disposition_parameters.get("filename", ""),
            self.parameters.get("name", ""),
            self.disposition_parameters.get("name", ""),
        )
        names = [_decoded_name(name) for name in written if name]
        # Gateways put question marks where they know no better, and spare one of the two spellings.
        return tuple(dict.fromkeys(sorted(names, key=lambda name: "?" in name)))

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
    if noise is not None and begins_with_field(content, noise.end()):
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
