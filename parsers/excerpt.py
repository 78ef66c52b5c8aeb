"""The part of an HTML body that says a given text, in its own formatting.

Used by ``answer``, which has the new words of a reply as text and wants them as their writer laid them out.
The lines of the HTML are laid beside the text, and only those stay that go on with it word for word: what is
kept can say nothing that the text does not. Where the text is not found whole the answer is "". Total and
linear.
"""

import html as entities
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, TypeAlias

from selectolax.lexbor import LexborNode

from parsers.html import BLOCKS, readable_body, visible_nodes
from parsers.redaction import discloses, scrubbed

MAX_WORDS: Final = 20_000  # of the text, beyond which no HTML goes along
MAX_TEXT: Final = 200_000  # characters, likewise
MAX_LEAPS: Final = 200  # stretches of the text in a row that the HTML may leave out

# Words, and signs that say something; marks, blanks and bullets do not.
_WORD: Final = re.compile(
    r"[^\W_]+|[^\w\s!-/:-@\[-`{-~\u00a0-\u00bf\u00ad\u2000-\u206f\u2190-\u21ff\u25a0-\u25ff\u3000-\u303f"
    r"\ue000-\uf8ff\ufe00-\ufe0f\ufeff\ufffc\U000e0000-\U000e0fff]"
)
# What only the plain text spells out: where a link goes, what a picture is called, the number of an item.
_SPELLED_OUT: Final = re.compile(
    r"[<(\[]\s{0,2}(?:https?:|www\.|mailto:|tel:|file:|cid:)[^<>\s\])]{0,2000}\s{0,2}[>)\]]"
    r"|\[[^\[\]\n]{1,300}\]|^[>\s]{0,20}(?:[0-9]{1,3}|[A-Za-z])[.)](?=\s)",
    re.MULTILINE,
)
_VOID: Final = frozenset("area base col embed input link meta param source track wbr".split())
_KEPT_ATTRIBUTES: Final = (
    "style", "href", "dir", "lang", "align", "valign", "width", "height", "colspan", "rowspan", "start",
    "type",
)  # fmt: skip
_COLOUR: Final = re.compile(r"#?\w{1,20}$")


def words(text: str) -> list[str]:
    """What a text says, one word or sign after the other."""
    return _WORD.findall(text)


def excerpt(
    source: str,
    text: str,
    *,
    private: frozenset[str],
    pictures: Collection[str] = (),
    is_signed: bool = False,
) -> str:
    """The part of ``source`` that says ``text``, not yet sanitised; "" when it is not there whole.

    Args:
        private: mail addresses that are written nowhere, also not in a link.
        pictures: Content-IDs of the pictures that may stand in it; no other picture does.
        is_signed: the text ends with a closing formula; a picture below it is a logo.
    """
    body = readable_body(source)
    said = _said(text) if len(text) <= MAX_TEXT else []
    if body is None or not 0 < len(said) <= MAX_WORDS:
        return ""
    page = _read(body, private, pictures)
    kept = _kept(page.lines, said, is_signed)
    return "".join(_written(page.items, kept, private)) if kept else ""


# ---------------------------------------------------------------------- the HTML in lines


@dataclass(frozen=True, slots=True)
class _Open:
    node: LexborNode
    tag: str


@dataclass(frozen=True, slots=True)
class _Close:
    tag: str


@dataclass(frozen=True, slots=True)
class _Piece:
    """Something on a line: text or a tag without content, as it is written."""

    line: int
    written: str


_Item: TypeAlias = _Open | _Close | _Piece


@dataclass(slots=True)
class _Line:
    words: list[str] = field(default_factory=list)
    pictures: int = 0


@dataclass(slots=True)
class _Page:
    """The document in reading order, and the lines that it makes."""

    items: list[_Item] = field(default_factory=list)
    lines: list[_Line] = field(default_factory=lambda: [_Line()])
    text: list[str] = field(default_factory=list)  # of the last line
    has_begun: bool = False  # the last line

    def piece(self, written: str, text: str = "") -> None:
        """Write on the last line."""
        self.items.append(_Piece(len(self.lines) - 1, written))
        self.text.append(text)
        self.has_begun = True

    def end_line(self) -> None:
        """Begin another line, unless the last one is still empty."""
        self.lines[-1].words = words("".join(self.text))
        self.text.clear()
        if self.has_begun:
            self.lines.append(_Line())
            self.has_begun = False


def _read(body: LexborNode, private: frozenset[str], pictures: Collection[str]) -> _Page:
    page = _Page()
    preformatted = 0
    for node, opens in visible_nodes(body):
        tag = node.tag or ""
        if tag == "-text":
            _read_text(page, scrubbed(node.text_content or "", private), preformatted > 0)
        elif tag in ("br", "hr"):
            if opens:
                page.piece(f"<{tag}>")
                page.end_line()
        elif tag == "img":
            if opens and (picture := _picture(node, pictures, private)):
                page.piece(picture)
                page.lines[-1].pictures += 1
        elif tag not in _VOID:
            if tag in BLOCKS:
                page.end_line()
            if tag in ("td", "th"):
                page.text.append(" ")
            preformatted += (1 if opens else -1) if tag == "pre" else 0
            page.items.append(_Open(node, tag) if opens else _Close(tag))
    page.end_line()
    return page


def _read_text(page: _Page, text: str, preformatted: bool) -> None:
    first, *others = text.split("\n") if preformatted else [text]
    page.piece(entities.escape(first, quote=False), first)
    for line in others:
        page.piece("\n")
        page.end_line()
        page.piece(entities.escape(line, quote=False), line)


def _picture(node: LexborNode, pictures: Collection[str], private: frozenset[str]) -> str:
    source = node.attributes.get("src") or ""
    if source[:4].lower() != "cid:" or source[4:] not in pictures:
        return ""
    sizes = {name: node.attributes.get(name) for name in ("width", "height")}
    attributes = {"src": f"cid:{source[4:]}", "alt": node.attributes.get("alt"), **sizes}
    return f"<img{_attributes(attributes, private)}>"


# ---------------------------------------------------------------------- the text beside it


_Said: TypeAlias = list[tuple[str, int]]  # each word, and the stretch it may be left out with, 0 for none


def _said(text: str) -> _Said:
    said: _Said = []
    after = 0
    for number, found in enumerate(_SPELLED_OUT.finditer(text), 1):
        said += _signs(text[after : found.start()])
        said += [(word, number) for word in words(found[0])]
        after = found.end()
    return said + _signs(text[after:])


def _signs(text: str) -> _Said:
    """Words must be found; signs such as an emoji may be a picture in HTML."""
    return [(word, 0 if word.isalnum() else -1) for word in words(text)]


def _kept(lines: Sequence[_Line], said: _Said, is_signed: bool) -> frozenset[int]:
    """The numbers of the lines to keep; none when they do not make up the text.

    Read from both ends, since a greeting or a name may stand in the quotation, too: what is less scattered is
    what the person wrote.
    """
    worded = [number for number, line in enumerate(lines) if line.words]
    forward = _matched([(number, lines[number].words) for number in worded], said)
    if forward is None or _gaps(worded, forward):
        back = _matched([(number, lines[number].words[::-1]) for number in worded[::-1]], said[::-1])
        if back is not None and (forward is None or _gaps(worded, back) < _gaps(worded, forward)):
            forward = back
    return _with_blanks(lines, worded, forward, is_signed) if forward else frozenset()


def _matched(lines: Sequence[tuple[int, list[str]]], said: _Said) -> frozenset[int] | None:
    """The lines that each go on where the last one stopped in the text; None unless they reach its end."""
    kept: set[int] = set()
    ends = _ends(said)
    at = 0
    for number, line in lines:
        after = _read_on(said, ends, at, line)
        if after > at:
            kept.add(number)
            at = after
    return frozenset(kept) if all(stretch for _, stretch in said[at:]) else None


def _ends(said: _Said) -> list[int]:
    """For each word where the stretch ends that it belongs to."""
    ends = list(range(1, len(said) + 1))
    for at in range(len(said) - 2, -1, -1):
        if said[at][1] > 0 and said[at][1] == said[at + 1][1]:
            ends[at] = ends[at + 1]
    return ends


def _read_on(said: _Said, ends: Sequence[int], at: int, line: Sequence[str]) -> int:
    """Where the text goes on after ``line`` when the line stands at ``at``, else ``at``."""
    begin, leaps = at, 0
    for word in line:
        while at < len(said) and said[at][0] != word:
            leaps += 1
            if not said[at][1] or leaps > MAX_LEAPS:
                return begin
            at = ends[at]
        if at >= len(said):
            return begin
        at += 1
    return at


def _gaps(worded: Sequence[int], kept: frozenset[int]) -> int:
    """How often lines that are left out part those that are kept."""
    return sum(one in kept and other not in kept for one, other in pairwise([*worded, -1])) - 1


def _with_blanks(
    lines: Sequence[_Line], worded: Sequence[int], kept: frozenset[int], is_signed: bool
) -> frozenset[int]:
    """With the lines that say nothing between two that are kept, and pictures below one that is."""
    out = set(kept)
    for one, other in pairwise([-1, *worded, len(lines)]):
        if one in kept and other in kept:
            out.update(range(one + 1, other))
        elif (one in kept and not (is_signed and one == max(kept))) or (one < 0 and other in kept):
            out.update(number for number in range(one + 1, other) if lines[number].pictures)
    return frozenset(out)


# ---------------------------------------------------------------------- what is written


@dataclass(slots=True)
class _Frame:
    """An element on its way: written only when something in it is."""

    tag: str
    begin: str
    is_written: bool = False
    waiting: list[str] = field(default_factory=list)  # empty cells, to be written before what comes next


def _written(items: Sequence[_Item], kept: frozenset[int], private: frozenset[str]) -> Iterator[str]:
    frames: list[_Frame] = []
    for item in items:
        if isinstance(item, _Piece):
            if item.line in kept and item.written:
                for frame in frames:
                    yield from _begun(frame)
                yield item.written
        elif isinstance(item, _Open):
            frames.append(_Frame(*_tag(item.node, item.tag, private)))
        else:
            frame = frames.pop()
            yield from frame.waiting if frame.is_written else ()
            end = f"</{frame.tag}>"
            if frame.is_written:
                yield end
            elif frame.tag in ("td", "th") and frames:
                frames[-1].waiting.append(frame.begin + end)


def _begun(frame: _Frame) -> Iterator[str]:
    if not frame.is_written:
        frame.is_written = True
        yield frame.begin
    yield from frame.waiting
    frame.waiting.clear()


def _tag(node: LexborNode, tag: str, private: frozenset[str]) -> tuple[str, str]:
    """The name of an element and its start tag. Colours of old tags and Word's spacing become styles."""
    found = node.attributes
    kept: dict[str, str | None] = {name: found.get(name) for name in _KEPT_ATTRIBUTES if name in found}
    if tag == "font":
        colour = found.get("color") or ""
        tag, kept = "span", {"style": f"color:{colour}"} if _COLOUR.match(colour) else {}
    elif tag == "p" and "Mso" in (found.get("class") or ""):
        kept["style"] = f"margin:0;{kept.get('style') or ''}"
    return tag, f"<{tag}{_attributes(kept, private)}>"


def _attributes(found: dict[str, str | None], private: frozenset[str]) -> str:
    return "".join(
        f' {name}="{entities.escape(value)}"'
        for name, value in found.items()
        if value and not discloses(value, private)
    )
