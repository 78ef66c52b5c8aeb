"""Content-Transfer-Encoding undone (RFC 2045 6), as it is met: misspelt, broken off, or only claimed.

Asked by ``mime`` for the payload of a part. It cannot fail: what cannot be decoded is taken as it came.
"""

import binascii
import re
from typing import Final

from parsers.headers import decode_base64
from parsers.uuencode import uuencoded

_WORDS: Final = re.compile(rb"\s{0,99}[^\s=]+[ \t]+\S")
_LATE_SOFT_BREAK: Final = re.compile(rb"=[ \t]+(?=\r?\n)")
_NOT_LETTERS: Final = bytes(set(range(256)) - set(b"abcdefghijklmnopqrstuvwxyz0123456789"))
_BASE64_FOOTER: Final = re.compile(rb"\n[ \t]*\r*\n(?=[-_]{2})")


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
