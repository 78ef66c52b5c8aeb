"""Which text stands behind these bytes: the charset ladder (RFC 2045 5.1, RFC 2046 4.1.2, WHATWG names).

Lowest rung of the package; headers, bodies and file names all climb it. It cannot fail: the last step
replaces what no charset explains.
"""

import re
from typing import Final

_ALIASES: Final = {
    # The left name is what mail says, the right one what its sender's system really wrote.
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    "ansi_x3.4-1968": "utf-8",
    "utf8": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
    "utf-8": "utf-8",
    "unicode-1-1-utf-7": "utf-7",
    "unicode-2-0-utf-7": "utf-7",
    "x-unicode-2-0-utf-7": "utf-7",
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "iso_8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "l1": "cp1252",
    "ansi": "cp1252",
    "windows-1252": "cp1252",
    "x-ansi": "cp1252",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-8-e": "iso-8859-8",
    "iso-8859-6-i": "iso-8859-6",
    "logical": "iso-8859-8",
    "gb2312": "gb18030",
    "gb_2312-80": "gb18030",
    "csgb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "cp936": "gb18030",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "ksc5601": "cp949",
    "euc-kr": "cp949",
    "korean": "cp949",
    "big5": "cp950",
    "big5-hkscs": "big5hkscs",
    "x-big5": "cp950",
    "iso-2022-jp": "iso2022_jp_ext",
    "x-euc-jp": "euc_jp",
    "windows-874": "cp874",
    "macintosh": "mac_roman",
    "x-mac-roman": "mac_roman",
    "x-cp1250": "cp1250",
    "x-cp1252": "cp1252",
}
# These are codecs of Python that are no charset of any mail.
_NO_CHARSET: Final = frozenset(
    "idna punycode undefined unicode_escape unicode-escape raw_unicode_escape raw-unicode-escape mbcs oem "
    "base64 rot13 hex zlib bz2 uu quopri charmap unknown x-unknown unknown-8bit 8bit default none".split()
)
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+-]{0,39}")
_SINGLE_BYTE_LATIN: Final = frozenset({"cp1252", "iso-8859-15", "cp1254", "mac_roman", "cp850", "cp437"})
_BYTE_ORDER_MARKS: Final = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def charset_name(declared: str) -> str:
    """The Python codec meant by ``declared``, "" when it names none that a mail can mean.

    >>> charset_name("ISO-8859-1"), charset_name("'utf-8'"), charset_name("base64")
    ('cp1252', 'utf-8', '')
    """
    found = _NAME.search(declared)
    if found is None:
        return ""
    name = found[0].lower()
    return "" if name in _NO_CHARSET else _ALIASES.get(name, name)


def decode_text(content: bytes, declared: str = "") -> str:
    """The text of ``content``: as declared if that holds strictly, else UTF-8 strictly, else Windows-1252.

    A declared Latin charset gives way to UTF-8 when the bytes are valid multi-byte UTF-8, which Latin text
    never is by chance. Surrogates never come out.
    """
    charset = charset_name(declared)
    if charset in ("", "utf-8"):
        return _marked(content) or _utf8_else_latin(content)
    if content.isascii() and charset in _SINGLE_BYTE_LATIN:
        return content.decode("ascii")
    if charset in _SINGLE_BYTE_LATIN:
        text = _strict(content, "utf-8")
        if text is not None:
            return text.removeprefix("\ufeff")
    text = _strict(content, charset)
    return text.removeprefix("\ufeff") if text is not None else _marked(content) or _utf8_else_latin(content)


def decode_header_bytes(content: bytes) -> str:
    """Header bytes that no encoded word explains: UTF-8 (RFC 6532), else Windows-1252."""
    return content.decode("ascii") if content.isascii() else _utf8_else_latin(content)


def _marked(content: bytes) -> str:
    """The text behind a byte order mark, "" when there is none."""
    for mark, charset in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return (_strict(content, charset) or "").removeprefix("\ufeff")
    return ""


def _utf8_else_latin(content: bytes) -> str:
    text = _strict(content, "utf-8")
    if text is None:
        text = _strict(content, "cp1252")
    # Five bytes have no meaning in Windows-1252; Latin-1 gives each of them a control character.
    return text if text is not None else content.decode("latin-1")


def _strict(content: bytes, charset: str) -> str | None:
    try:
        text = str(content, charset)
        # UTF-7 and its like can spell lone surrogates, which no later step could encode.
        if charset != "utf-8" and not text.isascii():
            text.encode()
    except (UnicodeError, LookupError, ValueError):
        return None
    else:
        return text
