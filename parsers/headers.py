"""What one header field says: unfolding, RFC 2047 words joined as bytes, parameters with RFC 2231.

Stands between ``mime`` (which finds the fields) and everything that reads them. It cannot fail: an encoded
word that makes no sense stays as it was written.
"""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote_to_bytes

from parsers.charsets import decode_header_bytes, decode_text

MAX_VALUE: Final = 65_536  # bytes of one field that are read
MAX_PARAMETERS: Final = 8_192  # bytes of one parameter list that are read
MAX_PIECES: Final = 100_000  # of base64, each with a padding of its own

_FOLD: Final = re.compile(rb"(?:[\r\n][ \t]*)+")
# The text of a word may hold a few bare question marks and blanks that RFC 2047 forbids; the bound on them
# keeps the scan linear.
_WORD: Final = re.compile(rb"=\?([^?\s=]{1,60})\?([bBqQ])\?([^?]*(?:\?(?!=)[^?]*){0,8})\?=")
_CUT_WORD: Final = re.compile(rb"=\?([^?\s=]{1,60})\?([bBqQ])\?([^?\s]*)\??$")
_BASE64_NOISE: Final = re.compile(rb"[^A-Za-z0-9+/]+")
_BASE64: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\r\n"
_BASE64_URL: Final = bytes.maketrans(b"-_", b"+/")
_PADDING: Final = re.compile(rb"=[=\r\n]*")
_BREAKS: Final = re.compile(r"[\t\r\n\x0b\x0c\x85\u2028\u2029]+")
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_TYPE: Final = re.compile(r"\s*\"?([A-Za-z0-9!#$&^_.+-]+)/([A-Za-z0-9!#$&^_.+-]+)")
# A quoted value ends with the parameter; where it does not, the quotes were not escaped, or never closed.
_PARAMETER: Final = re.compile(
    r"([^\s=;:\"]{1,60})\s{0,9}[=:]\s*"
    r"(\"(?:[^\"\\]|\\.)*+\"(?=\s*+(?:[;,(]|$|[^\s=;\"]{1,60}\s{0,9}=))|\"[^;]*\"(?=\s*+(?:;|$))|[^;]*)",
    re.DOTALL,
)
_SECTION: Final = re.compile(r"(.+?)\*(\d{1,3})(\*?)$")


@dataclass(frozen=True, slots=True)
class Fields:
    """The header fields of one mail or part, in order, still as bytes; names keep their spelling."""

    items: tuple[tuple[str, bytes], ...] = ()
    _by_name: dict[str, list[bytes]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        index: dict[str, list[bytes]] = {}
        for name, value in self.items:
            index.setdefault(name.lower(), []).append(value)
        object.__setattr__(self, "_by_name", index)

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def all(self, name: str) -> list[bytes]:
        """Every value of the field called ``name`` (lower case), topmost first."""
        return self._by_name.get(name, [])

    def raw(self, name: str) -> bytes:
        """The first value of the field called ``name`` (lower case), b"" when there is none."""
        values = self._by_name.get(name)
        return values[0] if values else b""

    def text(self, name: str) -> str:
        """The first value, unfolded and decoded."""
        values = self._by_name.get(name)
        return decode_header(values[0]) if values else ""


def unfold(value: bytes) -> bytes:
    """One line out of a folded field (RFC 5322 2.2.3), cut at ``MAX_VALUE`` bytes."""
    value = value[:MAX_VALUE]
    value = value.rstrip(b"\r\n")
    if b"\n" in value or b"\r" in value:
        value = _FOLD.sub(b" ", value)
    return value.strip(b" \t\r\n")


def decode_header(value: bytes) -> str:
    """The text of an unstructured field (RFC 2047, lenient): words decoded, raw 8 bit bytes explained."""
    value = unfold(value)
    if b"=?" in value:
        return _clean(_decode_words(value))
    return _clean(decode_header_bytes(value))


def raw_text(value: bytes) -> str:
    """A structured field as text: unfolded, 8 bit bytes explained, encoded words left as they are."""
    return _clean(decode_header_bytes(unfold(value)))


def _clean(text: str) -> str:
    """One line without control characters: what a word decodes to must not begin a field of its own."""
    if text.isprintable():
        return text
    return _CONTROLS.sub("", _BREAKS.sub(" ", text))


def _decode_words(value: bytes) -> str:
    """Adjacent words of one charset are joined before decoding: senders split characters across them."""
    out: list[str] = []
    run: list[tuple[bytes, bytes]] = []
    run_charset = ""
    end = 0
    for word in _WORD.finditer(value):
        between = value[end : word.start()]
        charset = _charset_of(word)
        if run and (between.strip() or charset != run_charset):
            out.append(decode_text(_joined(run), run_charset))
            run = []
        if between.strip() or not end:
            out.append(decode_header_bytes(between))
        run.append((word[2], word[3]))
        run_charset = charset
        end = word.end()
    if run:
        out.append(decode_text(_joined(run), run_charset))
    out.append(_decode_rest(value[end:]))
    return "".join(out)


def _decode_rest(value: bytes) -> str:
    """What follows the last whole word: some programs cut a long field in the middle of one."""
    cut = _CUT_WORD.search(value) if b"=?" in value else None
    if cut is None:
        return decode_header_bytes(value)
    text = decode_text(_word_bytes(cut[2], cut[3]), _charset_of(cut))
    return decode_header_bytes(value[: cut.start()]) + text


def _charset_of(word: re.Match[bytes]) -> str:
    """The charset of an encoded word without the language that RFC 2231 5 allows behind it."""
    return word[1].partition(b"*")[0].decode("ascii", "replace").lower()


def _joined(run: list[tuple[bytes, bytes]]) -> bytes:
    """The bytes of adjacent words; base64 that was cut between two groups of four is put together first."""
    if len(run) > 1 and any(len(text) % 4 and encoding in b"bB" for encoding, text in run[:-1]):
        whole = b"".join(text for _, text in run)
        if len(whole) % 4 == 0 and all(encoding in b"bB" for encoding, _ in run):
            return decode_base64(whole)
    return b"".join(_word_bytes(encoding, text) for encoding, text in run)


def _word_bytes(encoding: bytes, text: bytes) -> bytes:
    if encoding in b"bB":
        return decode_base64(text)
    return binascii.a2b_qp(text, header=True) + (b"=" if text.endswith(b"=") else b"")


def decode_base64(content: bytes) -> bytes:
    """Base64 as it is met: missing padding, foreign characters and a lone last digit do no harm.

    Pieces that were padded one by one are read to the end; what follows the padding and is no base64 is not.
    The alphabet of RFC 4648 5 counts where nothing speaks against it.
    """
    padded = content.find(b"=")
    if 0 <= padded < len(content) - 4 and not content[padded:].translate(None, _BASE64):
        pieces = _PADDING.split(content, maxsplit=MAX_PIECES)
        return b"".join(map(_digits, pieces))
    if (b"-" in content or b"_" in content) and not content.translate(None, _BASE64 + b"-_"):
        content = content.translate(_BASE64_URL)
    return _digits(content)


def _digits(content: bytes) -> bytes:
    try:
        return binascii.a2b_base64(content)
    except binascii.Error:
        digits = _BASE64_NOISE.sub(b"", content)
        whole = len(digits) - (len(digits) % 4 == 1)
        return binascii.a2b_base64(digits[:whole] + b"=" * (-whole % 4))


def content_type(value: bytes) -> tuple[str, dict[str, str]]:
    """Media type in lower case and its parameters (RFC 2045 5.1); ("", ...) when it names no type."""
    text = raw_text(value[:MAX_PARAMETERS])
    if text.startswith("=?"):
        text = decode_header(value[:MAX_PARAMETERS])
    found = _TYPE.match(text)
    if found is None:
        kind, _, rest = text.partition(";")
        return "", parameters(text if "=" in kind else rest)
    return f"{found[1]}/{found[2]}".lower(), parameters(text[found.end() :])


def disposition(value: bytes) -> tuple[str, dict[str, str]]:
    """Content-Disposition (RFC 2183): "attachment", "inline" or another word in lower case, parameters."""
    text = raw_text(value[:MAX_PARAMETERS])
    kind, _, rest = text.partition(";")
    if "=" in kind or ":" in kind:  # "filename=x" without the word before it
        return "attachment", parameters(text)
    return kind.strip(' \t"').lower(), parameters(rest)


def parameters(text: str) -> dict[str, str]:
    """Parameters by lower-case name; RFC 2231 sections joined and decoded, these before plain spellings."""
    plain: dict[str, str] = {}
    extended: dict[str, dict[int, tuple[bool, str]]] = {}
    for name, value in _pairs(text[:MAX_PARAMETERS]):
        if "*" not in name:
            plain.setdefault(name, value)
            continue
        section = _SECTION.match(name)
        if section:
            parts = extended.setdefault(section[1], {})
            parts.setdefault(int(section[2]), (bool(section[3]), value))
        else:
            extended.setdefault(name.rstrip("*"), {}).setdefault(-1, (True, value))
    for name, parts in extended.items():
        plain[name] = _join_sections(parts) or plain.get(name, "")
    return plain


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for found in _PARAMETER.finditer(text):
        value = found[2].strip()
        if value.startswith('"'):
            value = value[1:].removesuffix('"')
            if "\\" in value:
                value = _unescape(value)
        elif value.startswith("'") and value.endswith("'") and not value.startswith("''"):
            value = value[1:-1]
        yield found[1].lower(), value


def _unescape(value: str) -> str:
    # A path of Windows is full of backslashes that escape nothing.
    return value if re.match(r"[A-Za-z]:\\|\\\\", value) else re.sub(r"\\([\"\\])", r"\1", value)


def _join_sections(parts: dict[int, tuple[bool, str]]) -> str:
    """RFC 2231 3 and 4.1: sections in the order of their numbers; a character may be split across them."""
    if -1 in parts:
        parts = {0: parts[-1]}
    charset = ""
    content = b""
    for number in sorted(parts):
        encoded, value = parts[number]
        if encoded and not content and value.count("'") >= 2:
            charset, _, value = value.split("'", 2)
        content += unquote_to_bytes(value) if encoded else value.encode("utf-8", "replace")
    return decode_text(content, charset)
