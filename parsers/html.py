"""HTML bodies: their text, the text of their new part, and a form that is safe to show.

Stands between ``body`` (which finds the HTML) and ``quotes``. Structure that mail clients give a quotation is
left out here, words are judged there. Total: markup that would cost too much is stripped of its tags by a
plain pattern instead (``costly``).
"""

import html as entities
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import nh3
from selectolax.lexbor import LexborHTMLParser, LexborNode

from parsers.markup import is_costly
from parsers.quotes import INDENTED, LEFT_OUT

MAX_HTML: Final = 1_000_000  # characters
MAX_AMPERSANDS: Final = 100_000  # ammonia needs quadratic time for bare ones

BLOCKS: Final = frozenset(
    "address article aside blockquote body center dd div dl dt fieldset figure footer form h1 h2 h3 h4 h5 "
    "h6 header hr li main nav ol p pre section table tbody tfoot thead tr ul title caption".split()
)
_PARAGRAPH: Final = frozenset("p h1 h2 h3 h4 h5 h6 blockquote ul ol table pre".split())
_SILENT: Final = frozenset(
    "head style script title template noscript object svg math select textarea iframe".split()
)
_NONE: Final[frozenset[int]] = frozenset()
_SPACES: Final = re.compile(r"[ \t\r\n\f\u00a0]+")
# What a reader does not see: the lines that newsletters show in the list of mails only.
_HIDDEN: Final = re.compile(
    r"display\s{0,3}:\s{0,3}none|visibility\s{0,3}:\s{0,3}hidden|mso-hide\s{0,3}:\s{0,3}all"
    r"|(?:max-height|opacity)\s{0,3}:\s{0,3}0(?:\.0{1,3})?(?:px|pt|em|%)?\s{0,3}(?:[;!\"']|$)",
    re.IGNORECASE,
)
_HIDING: Final = ("display", "visibility", "mso-hide", "max-height", "opacity", " hidden")

# What mail clients wrap around the mail they answer, by a word that the source then holds: to look for a word
# is far cheaper than to ask the tree. Quotations are skipped, text may go on behind them.
_QUOTATIONS: Final = {
    "cite": "blockquote[type=cite]",
    "gmail_": "blockquote.gmail_quote,.gmail_attr",
    "moz-": ".moz-cite-prefix",
    "protonmail_": "blockquote.protonmail_quote",
    "yahoo_quoted": ".yahoo_quoted,[id*=yahoo_quoted]",
    "reply-intro": "#reply-intro",
    "data-marker": "[data-marker=__HEADERS__],[data-marker=__QUOTED_TEXT__]",
    "tutanota_quote": ".tutanota_quote",
    "zmail_extra": ".zmail_extra",
}
_SIGNATURES: Final = {
    "gmail_": ".gmail_signature,.gmail_signature_prefix",
    "moz-": ".moz-signature",
    "protonmail_": ".protonmail_signature_block",
    "outlook-mobile-signature": "[id^=ms-outlook-mobile-signature]",
    "composer_signature": "#composer_signature",
}
# Where these stand everything that follows is the answered mail.
_CUTS: Final = {
    "divrplyfwdmsg": "#divRplyFwdMsg,#x_divRplyFwdMsg",
    "reference-message": "#mail-editor-reference-message-container,.ms-outlook-mobile-reference-message",
    "zwchr": "#zwchr",
    "olk_src_body": "#OLK_SRC_BODY_SECTION",
    "stopspelling": "hr#stopSpelling",
    "fsreplyabove": ".fsReplyAbove",
    "mailru_original": "#mailru_original",
}
_STYLES: Final = frozenset(
    "color background-color font-family font-size font-style font-weight text-align text-decoration margin "
    "margin-left margin-right margin-top margin-bottom padding padding-left padding-right padding-top "
    "padding-bottom border border-left border-right border-top border-bottom border-collapse width height "
    "vertical-align white-space list-style-type line-height".split()
)
# Values of styles that fetch something or run something, by whatever property.
_RISKY: Final = ("url(", "image-set", "expression", "javascript:", "\\")
_SOURCE_IMAGE: Final = re.compile(r"<im(?:g|age)\b[^>]{0,4000}")
# An image as nh3 writes it: every value in double quotes, every angle bracket in them escaped.
_IMAGE: Final = re.compile(r"<img [^>]*>")
_REMOTE: Final = re.compile(r" src=\"https?:", re.IGNORECASE)
_SIZE: Final = re.compile(r"(?<![\w-])(?:width|height)(?:=\"|\s{0,3}:\s{0,3})([0-9]{1,5})")
_TINY: Final = ("0", "1", "2")


@dataclass(frozen=True, slots=True, kw_only=True)
class HtmlText:
    """The text of an HTML body; ``unquoted``: without what clients mark as quoted, None if nothing is.

    In ``unquoted`` a ``quotes.LEFT_OUT`` stands for a quotation, and a ``quotes.INDENTED`` before each line
    of a block quotation that nothing else marks: only the words around it tell whose it is.
    """

    whole: str
    unquoted: str | None
    costly: bool


def read_html(source: str, *, want_whole: bool = True, answers: bool = True) -> HtmlText:
    """The text of ``source`` in reading order, blocks on lines of their own.

    Without ``want_whole`` the whole text stays "" and the parser is only asked when something is marked. A
    mail that does not answer one (``answers``) has no quotations to leave out, only a signature.
    """
    source = guarded(source)
    if "<" not in source:
        return HtmlText(whole=entities.unescape(source), unquoted=None, costly=False)
    lowered = source.lower()
    quotations = [selector for word, selector in _QUOTATIONS.items() if answers and word in lowered]
    signatures = [selector for word, selector in _SIGNATURES.items() if word in lowered]
    cuts = [selector for word, selector in _CUTS.items() if answers and word in lowered]
    indents = answers and "<blockquote" in lowered
    if not (quotations or signatures or cuts or indents or want_whole):
        return HtmlText(whole="", unquoted=None, costly=False)
    if is_costly(source):
        return HtmlText(whole=_stripped(source), unquoted=None, costly=True)
    body = LexborHTMLParser(source).body
    if body is None:
        return HtmlText(whole="", unquoted=None, costly=False)
    hides = any(word in lowered for word in _HIDING) and (
        " hidden" in lowered or _HIDDEN.search(source) is not None
    )
    marks = _Marks(_found(body, quotations + signatures), _found(body, cuts), indents)
    whole = _text(body, _NO_MARKS, hides) if want_whole else ""
    if want_whole and hides and not whole:  # somebody meant it to be read
        whole = _text(body, _NO_MARKS, hides=False)
    return HtmlText(
        whole=whole,
        unquoted=_text(body, marks, hides) if marks.skipped or marks.ends or marks.indents else None,
        costly=False,
    )


def _found(body: LexborNode, selectors: list[str]) -> frozenset[int]:
    """The nodes that any of the selectors finds."""
    return frozenset(node.mem_id for node in body.css(",".join(selectors))) if selectors else _NONE


def readable_body(source: str) -> LexborNode | None:
    """The body element of ``source``, None where there is no markup or more than the libraries should see."""
    source = guarded(source)
    return None if "<" not in source or is_costly(source) else LexborHTMLParser(source).body


def quoted_text(source: str) -> str:
    """The text of ``source`` with ``> `` before each line of a block quotation, as in plain text."""
    body = readable_body(source)
    found = "" if body is None else _text(body, _Marks(_NONE, _NONE, indents=True), hides=True)
    return found.replace(INDENTED, "> ")


def visible_nodes(root: LexborNode) -> Iterator[tuple[LexborNode, bool]]:
    """What a reader sees below ``root``, in reading order and without recursion.

    Texts once; elements when they open (True) and when they close.
    """
    node = root.child
    while node is not None:
        tag = node.tag or ""
        if tag == "-text":
            yield node, True
        elif tag[:1] != "-" and tag not in _SILENT and not _is_hidden(node):
            yield node, True
            child = node.child
            if child is not None:
                node = child
                continue
            yield node, False
        while (following := node.next) is None:
            parent = node.parent
            if parent is None or parent.mem_id == root.mem_id:
                return
            yield parent, False
            node = parent
        node = following


def guarded(source: str) -> str:
    """``source`` without what the libraries choke on: NUL, lone surrogates, anything past ``MAX_HTML``."""
    source = source[:MAX_HTML]
    if "\0" in source:
        source = source.replace("\0", "")
    return source.encode("utf-8", "replace").decode() if not source.isascii() else source


def sanitize_html(source: str) -> str:
    """``source`` as it may be shown to a person, "" when it is too deep to clean.

    No scripts, forms, data: or UNC links, no style that fetches; images of the mail itself (cid:) stay;
    remote images that nobody is to see go.
    """
    source = guarded(source)
    if source.count("&") > MAX_AMPERSANDS or is_costly(source):
        return ""
    lowered = source.lower()
    images = _SOURCE_IMAGE.findall(lowered)
    styled = _is_risky(lowered) or any(map(_HIDDEN.search, images))
    clean = nh3.clean(
        source,
        url_schemes={"http", "https", "mailto", "tel", "cid"},
        attributes=_ATTRIBUTES,
        attribute_filter=_harmless if styled else None,  # a call for each attribute
        filter_style_properties=set(_STYLES),
        clean_content_tags={"script", "style", "title"},
        link_rel="noopener noreferrer nofollow",
        url_relative="deny",
    )
    return _IMAGE.sub(_without_beacon, clean) if images else clean


_ATTRIBUTES: Final = {
    **{tag: set(names) for tag, names in nh3.ALLOWED_ATTRIBUTES.items()},
    "*": {"style", "dir", "lang"},
}


def _harmless(tag: str, attribute: str, value: str) -> str:
    """A style without what fetches or runs; a hidden image gets the size of a beacon."""
    if attribute != "style":
        return value
    if tag == "img" and _HIDDEN.search(value):
        return "width:0;height:0"
    if not _is_risky(value.lower()):
        return value
    return ";".join(each for each in value.split(";") if not _is_risky(each.lower()))


def _is_risky(lowered: str) -> bool:
    return any(sign in lowered for sign in _RISKY)


def _without_beacon(image: re.Match[str]) -> str:
    sizes = _SIZE.findall(image[0])
    beacon = bool(sizes) and all(size in _TINY for size in sizes) and _REMOTE.search(image[0])
    return "" if beacon else image[0]


@dataclass(frozen=True, slots=True)
class _Marks:
    """The nodes to leave out, those where the text ends, and whether to mark what stands indented."""

    skipped: frozenset[int]
    ends: frozenset[int]
    indents: bool


_NO_MARKS: Final = _Marks(_NONE, _NONE, indents=False)


@dataclass(slots=True)
class _Page:
    """Text on its way from the tree to lines."""

    lines: list[str]
    pieces: list[str]
    preformatted: int = 0
    indented: int = 0
    mark: str = ""  # of a list item whose text has not come yet

    def write(self, text: str) -> None:
        """Text of a node; white space collapses outside <pre>."""
        if self.preformatted:
            *whole, rest = text.split("\n")
            for line in whole:
                self.pieces.append(line)
                self.end_line(even_empty=True)
            text = rest
        elif "  " in text or not text.isprintable():
            text = _SPACES.sub(" ", text)
        if self.mark and text.strip():
            self.pieces.append(self.mark)
            self.mark = ""
        if text:
            self.pieces.append(text)

    def end_line(self, *, even_empty: bool = False) -> None:
        """Close the line if it holds text, or in any case."""
        line = "".join(self.pieces)
        line = line.rstrip() if self.preformatted else line.strip()
        self.pieces.clear()
        if line:
            line = _SPACES.sub(" ", line) if "  " in line and not self.preformatted else line
            self.lines.append(INDENTED + line if self.indented else line)
        elif even_empty and self.lines and self.lines[-1]:
            self.lines.append("")

    def leave_out(self, tag: str) -> None:
        """An element that is not written; it parts what stands around it all the same, and of a block
        quotation it stays visible that one stood here."""
        if tag in BLOCKS:
            self.end_line()
        if tag == "blockquote":
            self.lines.append(LEFT_OUT)

    def open(self, tag: str) -> None:
        """A start tag."""
        if tag == "br":
            self.end_line(even_empty=True)
        elif tag in BLOCKS:
            self.end_line()
            if tag == "li":
                self.mark = "- "
            elif tag == "pre":
                self.preformatted += 1
        elif tag in ("td", "th"):
            self.pieces.append(" ")

    def close(self, tag: str, node: LexborNode) -> None:
        """An end tag, written or implied."""
        if tag not in BLOCKS:
            return
        self.end_line()
        if tag in _PARAGRAPH and not (tag == "p" and "MsoNormal" in (node.attributes.get("class") or "")):
            self.end_line(even_empty=True)
        self.preformatted -= tag == "pre"


def _text(root: LexborNode, marks: _Marks, hides: bool) -> str:
    """Walk the tree in document order, without recursion, and write its text down."""
    page = _Page([], [])
    chosen = bool(marks.skipped or marks.ends)
    node = root.child
    while node is not None:
        tag = node.tag or ""
        if tag == "-text":
            page.write(node.text_content or "")
        elif tag[:1] != "-" and tag not in _SILENT:
            here = node.mem_id if chosen else 0
            if here in marks.ends:
                break
            if here in marks.skipped:
                page.leave_out(tag)
            elif not (hides and _is_hidden(node)):
                page.open(tag)
                page.indented += marks.indents and tag == "blockquote"
                child = node.child
                if child is not None:
                    node = child
                    continue
                page.close(tag, node)
                page.indented -= marks.indents and tag == "blockquote"
        while (following := node.next) is None:
            parent = node.parent
            if parent is None or parent.mem_id == root.mem_id:
                page.end_line()
                return "\n".join(page.lines).strip("\n")
            page.close(parent.tag or "", parent)
            page.indented -= marks.indents and parent.tag == "blockquote"
            node = parent
        node = following
    page.end_line()
    return "\n".join(page.lines).strip("\n")


def _is_hidden(node: LexborNode) -> bool:
    attributes = node.attributes
    style = attributes.get("style")
    return "hidden" in attributes or (style is not None and _HIDDEN.search(style) is not None)


def _stripped(source: str) -> str:
    """Text by pattern, for markup that no parser should see."""
    out = []
    position = 0
    while (start := source.find("<", position)) >= 0:
        out.append(source[position:start])
        end = source.find(">", start)
        if end < 0:
            position = start + 1
            break
        position = end + 1
    out.append(source[position:])
    pieces = [_SPACES.sub(" ", piece).strip() for piece in out]
    return entities.unescape("\n".join(piece for piece in pieces if piece))
