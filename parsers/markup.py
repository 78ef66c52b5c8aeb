"""What HTML would cost the libraries that read it: how deep it nests, counted without building a tree.

Stands before ``html``, which gives markup that is ``is_costly`` to no library. Both need quadratic time for
elements inside each other, for the attributes of one element, and for formatting that is never closed: that
one is opened anew in every paragraph (WHATWG HTML 13.2.4.3). Wherever the standard would have to be followed
to the letter the count errs on the side of more. Total and linear.
"""

import re
from typing import Final

MAX_NESTING: Final = 500  # levels
MAX_ATTRIBUTES: Final = 1_000  # of one element
MAX_REOPENED: Final = 200_000  # elements that a parser would make though nobody wrote them
MAX_ROOTS: Final = 50  # html and body tags; the attributes of all are merged into one
SMALL: Final = 20_000  # characters; no element of so short a source can have too many attributes

# One attribute as the HTML standard reads it (13.2.5.32 ff.); possessive, so that the scan stays linear.
_ATTRIBUTE: Final = (
    r"[\s/]*+(?:=[^\s/>=]*+|[^\s/>=]++)(?:\s*+=\s*+(?:\"[^\"]*+\"|'[^']*+'|[^\s>\"'][^\s>]*+))?+"
)
_ELEMENT: Final = re.compile(rf"<[a-zA-Z][^\s/>]*+(?:{_ATTRIBUTE}){{0,{MAX_ATTRIBUTES}}}+")
_ONE_MORE: Final = re.compile(_ATTRIBUTE)
# A comment, an element whose content is no markup, or a tag with its attributes.
_TOKEN: Final = re.compile(
    r"<!--(?:-?>|.*?(?:--!?>|\Z))"
    r"|<(?P<raw>script|style|title|textarea|xmp|iframe|noembed|noframes)(?=[\s/>]).*?(?:(?=</(?P=raw)[\s/>])|\Z)"
    rf"|<(?P<end>/?)(?P<name>[a-z][^\s/>]*+)(?:{_ATTRIBUTE})*+",
    re.IGNORECASE | re.DOTALL,
)
_START: Final = re.compile(r"<[a-z]", re.IGNORECASE)

# Elements that close themselves or each other do not nest; inside SVG and MathML only some of them.
_FLAT: Final = frozenset(
    "p li td th tr tbody thead tfoot dd dt option br hr img input meta link base col area wbr form html head "
    "body".split()
)
_FLAT_EVERYWHERE: Final = frozenset("p li dd dt br hr img meta head body".split())
_ROOTS: Final = ("html", "body")
_FORMATTING: Final = frozenset("a b big code em font i nobr s small strike strong tt u".split())
_ALONE: Final = ("a", "nobr")  # formatting that ends where it begins anew
# Nothing outside of these is closed from within.
_WALLS: Final = frozenset(
    "table caption object template marquee applet button svg math foreignobject desc".split()
)
_BLOCK: Final = frozenset(
    "address article aside blockquote center details dialog dir div dl fieldset figcaption figure footer "
    "form frameset h1 h2 h3 h4 h5 h6 header hgroup listing main menu nav ol pre search section select "
    "summary ul".split()
)
# What closes every block inside it; the other walls are ordinary elements where they do not belong.
_CLOSING: Final = (_BLOCK - {"form"}) | {"table", "object", "template", "marquee", "applet", "button"}


def is_costly(source: str) -> bool:
    """Whether ``source`` would take the libraries more than linear time or memory."""
    if source.count("<") > MAX_NESTING:
        shape = _Shape(source)
        if shape.deepest > MAX_NESTING or shape.reopened > MAX_REOPENED or shape.roots > MAX_ROOTS:
            return True
    if len(source) <= SMALL:
        return False
    return any(
        _ONE_MORE.match(source, one.end())
        for one in _ELEMENT.finditer(source)
        if one.end() - one.start() > SMALL // 10
    )


class _Shape:
    """What the tags of a source would build: the deepest nesting and the elements opened anew."""

    __slots__ = ("_budget", "_counts", "_foreign", "_formatting", "_stack", "deepest", "reopened", "roots")

    def __init__(self, source: str) -> None:
        lowered = source.lower()
        self._foreign = "<svg" in lowered or "<math" in lowered
        self._stack: list[str] = []
        self._counts: dict[str, int] = {}
        self._formatting = 0  # elements of that kind that are open
        self._budget = 10 * source.count("<") + 10_000  # steps down the stack
        self.deepest = self.reopened = self.roots = 0
        self._read(lowered)

    def _read(self, lowered: str) -> None:
        flat = _FLAT_EVERYWHERE if self._foreign else _FLAT
        if "<li" in lowered and ("<dd" in lowered or "<dt" in lowered):
            flat -= {"li", "dd", "dt"}  # each ends its own kind, and none the other
        for token in _TOKEN.finditer(lowered):
            raw, end, name = token.groups()
            if name is None:
                if raw and self._foreign:  # there its content may be markup
                    self._open("", len(_START.findall(token[0])))
            elif end:
                if self._counts.get(name) and self._budget > 0 and name != "form":  # it ends alone
                    self._close(name)
            elif name in flat:
                self.reopened += self._formatting
                self.roots += name in _ROOTS
            else:
                self._open(name, 1)

    def _open(self, name: str, times: int) -> None:
        if name in _ALONE and self._counts.get(name) and self._budget > 0 and not self._foreign:
            self._close(name)
        self._stack += [name] * times
        self._counts[name] = self._counts.get(name, 0) + times
        self._formatting += name in _FORMATTING
        self.deepest = max(self.deepest, len(self._stack))

    def _close(self, name: str) -> None:
        """Close the last element of that name, as far as it may be closed from here."""
        stack = self._stack
        kept: list[str] = []  # formatting goes on behind the element that it was opened in
        depth = len(stack) - 1
        while (each := stack[depth]) != name:
            self._budget -= 1
            if each in _FORMATTING:
                kept.append(each)
            elif each in _WALLS or (each in _BLOCK and name not in _CLOSING):
                return
            depth -= 1
        for each in stack[depth:]:
            self._counts[each] -= 1
        stack[depth:] = reversed(kept)
        for each in kept:
            self._counts[each] += 1
        self.reopened += len(kept)
        self._formatting -= name in _FORMATTING
