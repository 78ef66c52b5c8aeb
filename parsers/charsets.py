"""Which text stands behind these bytes: the charset ladder (RFC 2045 5.1, RFC 2046 4.1.2, WHATWG names).

Lowest rung of the package; headers, bodies and file names all climb it. It cannot fail: the last step
replaces what no charset explains.
"""

import codecs
import re
from functools import lru_cache
from typing import Final

MAX_STRAYS: Final = 1_000  # stray bytes in a UTF-8 text that are read one by one
MAX_LOSS: Final = 20  # a declared charset may fail to explain one character in so many

# What mail says, without its punctuation, and what its sender's system really wrote.
_ALIASES: Final = {
    "usascii": "utf-8",
    "ascii": "utf-8",
    "ansix341968": "utf-8",
    "unicode11utf7": "utf-7",
    "unicode20utf7": "utf-7",
    "xunicode20utf7": "utf-7",
    "utf7": "utf-7",
    "utf16": "utf-16",
    "utf16le": "utf-16-le",
    "utf16be": "utf-16-be",
    "utf32": "utf-32",
    "iso10646ucs2": "utf-16",
    "unicode": "utf-16",
    "latin1": "cp1252",
    "l1": "cp1252",
    "ansi": "cp1252",
    "xansi": "cp1252",
    "xuserdefined": "cp1252",
    "latin2": "iso-8859-2",
    "latin5": "cp1254",
    "latin9": "iso-8859-15",
    "tis620": "cp874",
    "logical": "iso-8859-8",
    "gb231280": "gb18030",
    "gb2312": "gb18030",
    "csgb2312": "gb18030",
    "gbk": "gb18030",
    "xgbk": "gb18030",
    "cp936": "gb18030",
    "shiftjis": "cp932",
    "sjis": "cp932",
    "xsjis": "cp932",
    "windows31j": "cp932",
    "ksc56011987": "cp949",
    "ksc5601": "cp949",
    "euckr": "cp949",
    "korean": "cp949",
    "big5": "cp950",
    "xbig5": "cp950",
    "iso2022jp": "iso2022_jp_ext",
    "xeucjp": "euc_jp",
    "hzgb2312": "hz",
    "mac": "mac_roman",
    "macroman": "mac_roman",
    "xmac": "mac_roman",
    "xmacroman": "mac_roman",
    "macintosh": "mac_roman",
}
_UTF_8: Final = re.compile(r"utf[-_ ]?8", re.IGNORECASE)
_ISO_8859: Final = re.compile(r"iso[-_ ]?8859[-_ ]?(\d{1,2})", re.IGNORECASE)
_PARTS_OF_8859: Final = {"1": "cp1252", "9": "cp1254", "11": "cp874"}
_CODE_PAGE: Final = re.compile(r"\b(?:x-)?(?:windows|win|cp|ibm|dos)[-_ ]?(\d{3,4})\b", re.IGNORECASE)
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+-]{0,39}")
_PUNCTUATION: Final = str.maketrans("", "", "._:+-")
# These are codecs of Python that are no charset of any mail.
_NO_CHARSET: Final = frozenset(
    "idna punycode undefined unicode_escape unicode-escape raw_unicode_escape raw-unicode-escape mbcs oem "
    "base64 rot13 hex zlib bz2 uu quopri charmap unknown x-unknown unknown-8bit 8bit default none".split()
)
# Alphabets of one byte in which a text is never valid UTF-8 by chance. (A Thai one can be.)
_SINGLE_BYTE: Final = frozenset(
    [f"cp{page}" for page in (437, 850, 852, 855, 858, 862, 866, *range(1250, 1259))]
    + [f"iso-8859-{part}" for part in (*range(2, 9), 10, 13, 14, 15, 16)]
    + ["koi8-r", "koi8-u", "mac_roman"]
)
# In these a byte below 128 may be something else than ASCII.
_BEYOND_ASCII: Final = ("utf-7", "utf-16", "utf-32", "iso2022", "iso-2022", "hz", "cp037", "cp273", "cp500")
_SUPERSETS: Final = {"cp950": "big5hkscs"}
_BYTE_ORDER_MARKS: Final = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_JAPANESE: Final = (b"\x1b$B", b"\x1b$@")  # what ISO-2022-JP (RFC 1468) switches to two bytes with
_HTML_CHARSET: Final = re.compile(
    rb"<meta\b[^>]{0,300}?charset\s{0,9}=[\s\"']{0,9}([\w.:-]{1,40})"
    rb"|\A\s{0,99}<\?xml\b[^>]{0,100}?encoding\s{0,9}=[\s\"']{0,9}([\w.:-]{1,40})",
    re.IGNORECASE,
)


@lru_cache(maxsize=256)
def charset_name(declared: str) -> str:
    """The Python codec meant by ``declared``, "" when it names none that a mail can mean.

    >>> charset_name("ISO-8859-1"), charset_name("'utf-8'"), charset_name("base64")
    ('cp1252', 'utf-8', '')
    """
    found = _NAME.search(declared)
    if found is None or found[0].lower() in _NO_CHARSET:
        return ""
    alias = _ALIASES.get(found[0].lower().translate(_PUNCTUATION))
    if alias is not None:
        return alias
    if _UTF_8.search(declared):
        return "utf-8"
    if (latin := _ISO_8859.search(declared)) is not None:
        return _PARTS_OF_8859.get(latin[1]) or f"iso-8859-{latin[1]}"
    if (page := _CODE_PAGE.search(declared)) is not None:
        return _ALIASES.get(f"cp{page[1]}") or f"cp{page[1]}"
    return found[0].lower()


def html_charset(content: bytes) -> str:
    """The charset that an HTML text names in itself (WHATWG HTML 13.2.3.2), "" when it names none.

    A text that can be searched for it is no UTF-16, whatever it says.
    """
    found = _HTML_CHARSET.search(content[:4096])
    name = charset_name((found[1] or found[2]).decode("latin-1")) if found else ""
    return "" if name.startswith(("utf-16", "utf-32")) else name


def decode_text(content: bytes, declared: str = "") -> str:
    """The text of ``content``: as declared if that holds strictly, else UTF-8 strictly, else Windows-1252.

    A declared alphabet of one byte gives way to UTF-8 when the bytes are valid multi-byte UTF-8, which a text
    in such an alphabet never is by chance. Surrogates never come out.
    """
    charset = charset_name(declared[:100])
    if content.isascii() and not charset.startswith(_BEYOND_ASCII) and b"\x1b$" not in content:
        return content.decode("ascii")
    if charset in ("", "utf-8"):
        return _marked(content) or _japanese(content) or _utf8_else_latin(content)
    if charset == "utf-16":
        return _utf16(content)
    text = _strict(content, "utf-8") if charset in _SINGLE_BYTE else None
    text = _strict(content, charset) if text is None else text
    text = _strict(content, _SUPERSETS.get(charset, "")) if text is None else text
    if text is None:
        text = _marked(content) or _mostly(content, charset) or _utf8_else_latin(content)
    return text.removeprefix("\ufeff")


def recoded(content: bytes, declared: str) -> bytes:
    """Header bytes in UTF-8, where the charset of the body explains them and UTF-8 does not."""
    charset = charset_name(declared[:100])
    if content.isascii() or charset in ("", "utf-8", "cp1252") or _strict(content, "utf-8") is not None:
        return content
    text = _strict(content, charset)
    return content if text is None else text.encode()


def decode_header_bytes(content: bytes) -> str:
    """Header bytes that no encoded word explains: UTF-8 (RFC 6532), else Windows-1252."""
    if content.isascii():
        return _japanese(content) or content.decode("ascii")
    return _utf8_else_latin(content)


def _marked(content: bytes) -> str:
    """The text behind a byte order mark, "" when there is none."""
    for mark, charset in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return (_strict(content, charset) or "").removeprefix("\ufeff")
    return ""


def _japanese(content: bytes) -> str:
    """The text of ISO-2022-JP that does not say so, "" for any other."""
    if b"\x1b$" not in content or not any(sign in content for sign in _JAPANESE):
        return ""
    return _strict(content, "iso2022_jp_ext") or ""


def _utf16(content: bytes) -> str:
    """UTF-16 with or without its mark; what has no zero byte was only declared so (RFC 2781 4.3)."""
    marked = _marked(content)
    if marked or b"\0" not in content:
        return marked or _utf8_else_latin(content)
    big = content[::2].count(0) > content[1::2].count(0)
    even = content[: len(content) - len(content) % 2]
    return _strict(even, "utf-16-be" if big else "utf-16-le") or _utf8_else_latin(content)


def _mostly(content: bytes, charset: str) -> str:
    """The declared reading with marks for the few characters that it cannot explain, "" when they are many.

    Only for alphabets of several bytes: of one of these a cut text loses its last character and no more.
    """
    if charset in _SINGLE_BYTE or (b"\x1b" not in content and _strict(content, "utf-8") is not None):
        return ""
    if charset.startswith("iso2022") and not content.isascii():
        return ""
    try:
        text = str(content, charset, "replace").encode("utf-8", "replace").decode()
    except (UnicodeError, LookupError, ValueError):
        return ""
    return text if text.count("\ufffd") * MAX_LOSS <= len(text) else ""


def _utf8_else_latin(content: bytes) -> str:
    text = _strict(content, "utf-8")
    if text is None:
        text = _mended_utf8(content)
    if text is None:
        text = _strict(content, "cp1252")
    # Five bytes have no meaning in Windows-1252; Latin-1 gives each of them a control character.
    return text if text is not None else content.decode("latin-1")


def _mended_utf8(content: bytes) -> str | None:
    """UTF-8 into which a few bytes of Windows-1252 were mixed, or which was cut; None when it is no UTF-8."""
    known = content.decode("utf-8", "ignore")
    strays = len(content) - len(known.encode())
    if len(known) - len(known.encode("ascii", "ignore")) < strays:
        return None
    return content.decode("utf-8", "parsers.stray" if strays <= MAX_STRAYS else "replace")


def _stray(error: UnicodeError) -> tuple[str, int]:
    """A byte that is no UTF-8 read as Windows-1252; the beginning of a character that was cut goes."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    if error.reason == "unexpected end of data":
        return "", error.end
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error("parsers.stray", _stray)


def _strict(content: bytes, charset: str) -> str | None:
    if not charset:
        return None
    try:
        text = str(content, charset)
        # UTF-7 and its like can spell lone surrogates, which no later step could encode.
        if charset != "utf-8" and not text.isascii():
            text.encode()
    except (UnicodeError, LookupError, ValueError):
        return None
    else:
        return text
