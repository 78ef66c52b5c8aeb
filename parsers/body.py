"""Which parts are the body and which are attachments; the body's text (RFC 2046 5.1, RFC 3676).

Takes the tree that ``mime`` built. Total; recursion is bounded by the tree's own depth.
"""

import re
from dataclasses import dataclass
from typing import Final

from parsers.html import read_html
from parsers.mime import Part
from parsers.rtf import rtf_text

MAX_TEXT: Final = 2_000_000  # characters of text that are read
LONG_TEXT: Final = f"more than {MAX_TEXT} characters of text"
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_PAGE_END: Final = re.compile(r"[\x0b\x0c\x85]")
_READABLE: Final = ("text/plain", "text/html")
# Kinds of text that are meant for programs, or to be saved.
_FILES: Final = frozenset(
    f"text/{kind}"
    for kind in "calendar csv tab-separated-values vcard x-vcard directory rfc822-headers x-amp-html "
    "watch-html xml css javascript".split()
)
_RTF: Final = ("application/rtf", "text/rtf")
_ENRICHED: Final = re.compile(r"<param>[^<]*</param>|<(?!<)/?[A-Za-z-]{1,60}>", re.IGNORECASE)
# How HTML begins, in clear or in base64, whatever the part calls itself.
_HTML_BEGINS: Final = (b"<", b"PGh0bW", b"PEhUTU", b"PCFET0", b"PCFkb2")
_HTML: Final = re.compile(rb"<(?:!doctype\s{1,9}html|html)\b", re.IGNORECASE)
# What programs put into the plain spelling of a mail that they have in HTML alone.
_STUB: Final = re.compile(r"\bhtml\b", re.IGNORECASE)
_LONGEST_STUB: Final = 400  # characters
_MAX_PAIRED: Final = 20  # segments of a body that are compared
_MAX_COMPARED: Final = 20_000  # bytes of a part that may be the other spelling of its neighbour
_WORD: Final = re.compile(r"\w+")
_QUOTE: Final = re.compile(r">+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A stretch of the body: the parts that spell it in plain text and in HTML, either may be missing."""

    plain: tuple[Part, ...] = ()
    html: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The body in reading order, the other leaves, and which of these stand inside the HTML."""

    segments: tuple[Segment, ...]
    attachments: tuple[Part, ...]
    related: frozenset[int]  # id() of the parts that multipart/related ties to the HTML


def find_layout(root: Part) -> Layout:
    """Sort the leaves of a mail into body and attachments."""
    attachments: list[Part] = []
    related: set[int] = set()
    segments = _segments(root, attachments, related)
    if not segments:
        segments = _named_text(attachments)
    return Layout(
        segments=tuple(_paired(segments)), attachments=tuple(attachments), related=frozenset(related)
    )


def _segments(part: Part, attachments: list[Part], related: set[int]) -> list[Segment]:
    if not part.children:
        return _leaf(part, attachments)
    kind = part.content_type
    if kind == "multipart/alternative":
        return _alternative(part, attachments, related)
    if kind == "multipart/encrypted":
        attachments.extend(part.leaves())
        return []
    if kind == "multipart/related":
        root = _related_root(part)
        segments = _segments(root, attachments, related)
        for child in part.children:
            if child is root:
                continue
            if _is_spelling(child) and not any(segment.html for segment in segments):
                segments += [_segment(child)]  # the other spelling, where multipart/alternative was left out
            else:
                leaves = list(child.leaves())
                attachments.extend(leaves)
                related.update(map(id, leaves))
        return segments
    if kind in ("multipart/report", "multipart/signed"):
        segments = _segments(part.children[0], attachments, related)
        for child in part.children[1:]:
            attachments.extend(child.leaves())
        return segments
    segments = []
    for child in part.children:
        segments += _segments(child, attachments, related)
    return segments


def _paired(segments: list[Segment]) -> list[Segment]:
    """The segments, neighbours made one that spell the same words in plain text and in HTML.

    Web forms send both in a multipart/mixed.
    """
    if not 2 <= len(segments) <= _MAX_PAIRED:
        return segments
    out: list[Segment] = []
    for segment in segments:
        last = out[-1] if out else Segment()
        plain, html = last.plain + segment.plain, last.html + segment.html
        if len(plain) == len(html) == 1 and (last.plain or last.html) and _same_words(plain[0], html[0]):
            out[-1] = Segment(plain=plain, html=html)
        else:
            out.append(segment)
    return out


def _same_words(plain: Part, html: Part) -> bool:
    if max(plain.end - plain.start, html.end - html.start) > _MAX_COMPARED:
        return False
    words = _WORD.findall(plain_text(plain))
    return bool(words) and words == _WORD.findall(read_html(html.text()).whole)


def may_be_stub(plain: str) -> bool:
    """Whether a plain text beside HTML says nothing, or perhaps only that one should read the HTML."""
    return not plain.strip() or (len(plain) <= _LONGEST_STUB and _STUB.search(plain) is not None)


def says_more(html: str, plain: str) -> bool:
    """Whether the text of the HTML is the real one where the plain one may be a stub."""
    words = len(_WORD.findall(plain[: 2 * _LONGEST_STUB]))
    return bool(html.strip()) and len(_WORD.findall(html[: 20 * _LONGEST_STUB])) > 2 * words


def _leaf(part: Part, attachments: list[Part]) -> list[Segment]:
    if is_body_text(part):
        return [_segment(part)]
    attachments.append(part)
    return []


def _named_text(attachments: list[Part]) -> list[Segment]:
    """The first text with a file name or of a rarer kind, where nothing else is the body.

    Unless somebody called it an attachment.
    """
    readable = [part for part in attachments if _is_text(part) and part.disposition != "attachment"]
    for part in (
        *(part for part in readable if part.content_type in _READABLE),
        *(part for part in readable if part.content_type not in _FILES and not part.filename),
    ):
        attachments.remove(part)
        return [_segment(part)]
    return []


def _is_text(part: Part) -> bool:
    return part.maintype == "text" or part.content_type in _RTF


def _segment(part: Part) -> Segment:
    """HTML is what says so, and what begins like it although it says it is plain."""
    html = part.content_type == "text/html" or _begins_like_html(part)
    return Segment(html=(part,)) if html else Segment(plain=(part,))


def _begins_like_html(part: Part) -> bool:
    if not part.content[part.start : part.start + 64].lstrip().startswith(_HTML_BEGINS):
        return False
    return _HTML.match(part.payload()[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")) is not None


def _is_spelling(part: Part) -> bool:
    """Whether a part beside the root of multipart/related is HTML that nothing refers to."""
    return part.content_type == "text/html" and is_body_text(part) and not part.content_id


def is_body_text(part: Part) -> bool:
    """Whether a leaf is text to be read rather than a file: neither an attachment nor named like one."""
    if part.content_type not in _READABLE:
        return False
    if part.disposition == "attachment" or "filename" in part.disposition_parameters:
        return False
    return "name" not in part.parameters or part.disposition == "inline"


def _alternative(part: Part, attachments: list[Part], related: set[int]) -> list[Segment]:
    """The plain and the HTML spelling of one text; the later of two HTML spellings is the richer one.

    Two plain ones are no spellings of each other: both are read.
    """
    plain: list[Segment] = []
    rich: list[Segment] = []
    for child in part.children:
        found = _segments(child, attachments, related)
        if any(segment.html for segment in found):
            rich = found
        else:
            plain += found
    if not (plain and rich):
        return rich or plain
    # Apple Mail splits one of the spellings around pictures, so each may have several parts.
    return [
        Segment(
            plain=tuple(one for segment in plain for one in segment.plain),
            html=tuple(one for segment in rich for one in segment.html),
        )
    ]


def _related_root(part: Part) -> Part:
    """The root of multipart/related: named by ``start`` (RFC 2387 3.2), else the first child."""
    wanted = part.parameters.get("start", "").strip(" <>")
    if wanted:
        for child in part.children:
            if child.content_id == wanted:
                return child
    for child in part.children:
        if child.children or child.content_type in ("text/html", "text/plain"):
            return child
    return part.children[0]


def plain_text(part: Part) -> str:
    """The text of a plain part: charset, line ends, format=flowed, without control characters."""
    if part.content_type in _RTF:
        return rtf_text(part.payload())
    text = part.text()[:MAX_TEXT].replace("\r\n", "\n").replace("\r", "\n")
    if part.content_type in ("text/enriched", "text/richtext"):
        text = _ENRICHED.sub("", text)
    if part.parameters.get("format", "").lower() == "flowed":
        text = unflow(text, part.parameters.get("delsp", "").lower() == "yes")
    return without_controls(text)


def is_cut(part: Part) -> bool:
    """Whether ``plain_text`` leaves the end of a part out."""
    return part.end - part.start > MAX_TEXT and len(part.text()) > MAX_TEXT


def without_controls(text: str) -> str:
    """``text`` without control characters that mean nothing in text (NUL among them)."""
    if text.isprintable() or _CONTROLS.search(text) is None:
        return text
    return _CONTROLS.sub("", _PAGE_END.sub("\n", text))


def unflow(text: str, delete_space: bool) -> str:
    """Join the soft line breaks of format=flowed (RFC 3676 4.2 to 4.5), quoted lines included."""
    out: list[str] = []
    joined: list[str] = []
    joined_depth = -1
    for line in text.split("\n"):
        quote = _QUOTE.match(line)
        depth = quote.end() if quote else 0
        content = line[depth:]
        content = content.removeprefix(" ")
        if joined and (depth != joined_depth or content == "-- "):
            out.append(_flowed_line(joined_depth, joined))
            joined = []
        joined_depth = depth
        if content.endswith(" ") and content != "-- ":
            joined.append(content[:-1] if delete_space else content)
            continue
        out.append(_flowed_line(depth, [*joined, content]))
        joined = []
    if joined:
        out.append(_flowed_line(joined_depth, joined))
    return "\n".join(out)


def _flowed_line(depth: int, pieces: list[str]) -> str:
    return (">" * depth + " " if depth else "") + "".join(pieces)
