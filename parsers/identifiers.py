"""Which mail is this, and which mails does it answer: Message-ID, In-Reply-To, References (RFC 5322 3.6.4).

Reads single fields on behalf of ``mail``. Total: a field that holds no identifier gives an empty tuple.
Identifiers are returned without <>, with the blanks taken out that broken programs fold into them.
"""

import html
import re
from typing import Final

from parsers.headers import decode_header

MAX_IDENTIFIERS: Final = 500

# In brackets; or without the second of them, where an at sign shows that the first was none by chance; or
# in square ones.
_BRACKETED: Final = re.compile(
    r"<([^<>]{1,998}+)>|<([^<>@]{1,998}+@[^<>]{1,998}+)(?![^<])|(?<![^\s<>])([^\s<>]{1,998}+)>"
    r"|(?<!\S)\[([^\s<>\[\]@]{1,256}@[^\s<>\[\]]{1,256})\](?!\S)"
)
_BLANK: Final = re.compile(r"\s+")
_SEPARATORS: Final = re.compile(r"[\s<>,;\"()]+")


def identifiers(field: str) -> tuple[str, ...]:
    """The identifiers in an unfolded field, in order, each once; the newest are kept when there are too many.

    >>> identifiers("<a@x> <b @x>"), identifiers("a@x b@x")
    (('a@x', 'b@x'), ('a@x', 'b@x'))
    """
    if "=?" in field:
        # RFC 2047 forbids it here, and programs that fold long identifiers do it all the same.
        field = decode_header(field.encode("utf-8", "surrogateescape"))
    if "&lt;" in field:
        field = html.unescape(field)
    if "<" in field or ">" in field or "[" in field:
        found = [_without_blanks(one[1] or one[2] or one[3] or one[4]) for one in _BRACKETED.finditer(field)]
        if "@" in field and not any("@" in one for one in found):
            found += _bare(_BRACKETED.sub(" ", field))
    else:
        found = _bare(field)
    return tuple(dict.fromkeys(one for one in found if one))[-MAX_IDENTIFIERS:]


def _without_blanks(written: str) -> str:
    """An identifier without the blanks that a program folded into it; those in quotes belong to it."""
    return written.strip() if '"' in written else _BLANK.sub("", written)


def message_identifier(field: str) -> str:
    """The identifier of a Message-ID field, "" when it holds none; a bare word counts as one."""
    found = identifiers(field)
    if found:
        return found[0]
    bare = field.strip().strip("<>").strip()
    return "" if not bare or _BLANK.search(bare) else bare[:998]


def _bare(field: str) -> list[str]:
    """The words that look like identifiers although nobody put brackets around them."""
    return [word for word in _SEPARATORS.split(field) if "@" in word[1:] and len(word) <= 998]
