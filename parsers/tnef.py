"""What is inside a winmail.dat, Outlook's own envelope ([MS-OXTNEF] 2.1): its files and its body.

Opened by ``mail`` for application/ms-tnef parts. Total: what is no TNEF, or breaks off, gives what was found
so far; no length in it is believed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from parsers.charsets import decode_text
from parsers.rtf import rtf_text, unpacked_rtf

MAX_FILES: Final = 100
MAX_NESTING: Final = 5  # mails inside mails
MAX_PROPERTIES: Final = 2_000
MAX_NAME: Final = 1_024  # bytes of a name that are read

_SIGNATURE: Final = b"\x78\x9f\x3e\x22"
_CODE_PAGE: Final = 0x00069007
_MESSAGE: Final = 0x00069003  # attMsgProps
_TEXT: Final = 0x0002800C  # attBody
_BEGIN: Final = 0x00069002  # attAttachRenddata opens each attachment
_TITLE: Final = 0x00018010
_DATA: Final = 0x0006800F
_PROPERTIES: Final = 0x00069005

# Property types of a known width ([MS-OXCDATA] 2.11.1); the others carry their length.
_WIDTHS: Final = {
    0x02: 4,
    0x03: 4,
    0x04: 4,
    0x0A: 4,
    0x0B: 4,
    0x05: 8,
    0x06: 8,
    0x07: 8,
    0x14: 8,
    0x40: 8,
    0x48: 16,
}
_VARIABLE: Final = (0x0D, 0x1E, 0x1F, 0x102)
_OBJECT: Final = 0x0D
_UNICODE: Final = 0x1F
_NAMED, _MANY = 0x8000, 0x1000
# PidTag: long name, name, data; body in three forms ([MS-OXPROPS]).
_LONG_NAME, _SHORT_NAME, _DISPLAY_NAME, _CONTENT = 0x3707, 0x3704, 0x3001, 0x3701
_BODY, _BODY_RTF, _BODY_HTML = 0x1000, 0x1009, 0x1013
_INTERFACE: Final = 16  # bytes in front of an object: what it is
_IMESSAGE: Final = bytes.fromhex("0703020000000000c000000000000046")


@dataclass(frozen=True, slots=True, kw_only=True)
class Winmail:
    """The files in order, name and content each; the body as plain text and as HTML, "" where none is."""

    files: tuple[tuple[str, bytes], ...] = ()
    text: str = ""
    html: str = ""


@dataclass(slots=True)
class _Stream:
    """What was read of a stream so far."""

    files: list[tuple[str, bytes]] = field(default_factory=list)
    nested: list[bytes] = field(default_factory=list)
    code_page: str = "cp1252"
    text: str = ""
    html: str = ""
    rtf: str = ""


def read_tnef(content: bytes) -> Winmail:
    """The files and the body of a stream; the files of mails inside it follow its own."""
    outer = _read(content)
    files = list(outer.files)
    inner = outer.nested
    for _ in range(MAX_NESTING):
        streams = [_read(one) for one in inner[:MAX_FILES] if len(files) < MAX_FILES]
        for stream in streams:
            files += stream.files
        inner = [one for stream in streams for one in stream.nested]
    return Winmail(files=tuple(files[:MAX_FILES]), text=outer.text or outer.rtf, html=outer.html)


def _read(content: bytes) -> _Stream:
    stream = _Stream()
    if not content.startswith(_SIGNATURE):
        return stream
    for attribute, value in _attributes(content):
        if attribute == _CODE_PAGE:
            stream.code_page = f"cp{int.from_bytes(value[:4], 'little')}"
        elif attribute == _MESSAGE:
            _read_body(stream, value)
        elif attribute == _TEXT:
            stream.text = stream.text or decode_text(value.rstrip(b"\0"), stream.code_page)
        elif attribute == _BEGIN:
            if len(stream.files) > MAX_FILES:
                break
            stream.files.append(("", b""))
        elif stream.files:
            name, data = stream.files[-1]
            stream.files[-1] = _read_file(stream, attribute, value, name, data)
    stream.files = [(name, data) for name, data in stream.files[:MAX_FILES] if name or data]
    return stream


def _attributes(content: bytes) -> Iterator[tuple[int, bytes]]:
    position = len(_SIGNATURE) + 2  # a key follows the signature
    while position + 9 <= len(content):
        attribute = int.from_bytes(content[position + 1 : position + 5], "little")
        length = int.from_bytes(content[position + 5 : position + 9], "little")
        yield attribute, content[position + 9 : position + 9 + length]
        position += 9 + length + 2  # a checksum ends each attribute


def _read_file(stream: _Stream, attribute: int, value: bytes, name: str, data: bytes) -> tuple[str, bytes]:
    """An attachment after one more of its attributes; a name among its properties is the whole one."""
    if attribute == _TITLE:
        return name or decode_text(value.rstrip(b"\0"), stream.code_page), data
    if attribute == _DATA:
        return name, value
    if attribute != _PROPERTIES:
        return name, data
    names: dict[int, str] = {}
    for kind, tag, inner in _properties(value):
        if tag in (_LONG_NAME, _SHORT_NAME, _DISPLAY_NAME):
            names.setdefault(tag, _string(kind, inner[:MAX_NAME], stream.code_page))
        elif tag == _CONTENT and kind == _OBJECT:
            if inner.startswith(_IMESSAGE):  # what lies beside it only says that it is a mail
                stream.nested.append(inner[_INTERFACE:])
                data = b""
            data = data or inner[_INTERFACE:]
        elif tag == _CONTENT:
            data = data or inner
    return names.get(_LONG_NAME) or name or names.get(_SHORT_NAME) or names.get(_DISPLAY_NAME, ""), data


def _read_body(stream: _Stream, value: bytes) -> None:
    for kind, tag, inner in _properties(value):
        if tag == _BODY:
            stream.text = stream.text or _string(kind, inner, stream.code_page)
        elif tag == _BODY_HTML:
            stream.html = stream.html or _string(kind, inner, stream.code_page)
        elif tag == _BODY_RTF:
            stream.rtf = stream.rtf or rtf_text(unpacked_rtf(inner), stream.code_page)


def _string(kind: int, value: bytes, code_page: str) -> str:
    charset = "utf-16-le" if kind == _UNICODE else code_page
    return decode_text(value, charset).partition("\0")[0]


def _properties(block: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Type, tag and first value of each MAPI property ([MS-OXTNEF] 2.1.3.4)."""
    position = 4
    for _ in range(min(_number(block, 0), MAX_PROPERTIES)):
        if position + 4 > len(block):
            return
        kind, tag = _number(block, position, 2), _number(block, position + 2, 2)
        position += 4
        if tag >= _NAMED:
            named = _number(block, position + 16) == 1
            length = _padded(_number(block, position + 20)) if named else 0
            position += 24 + length
        base = kind & ~_MANY
        count = 1
        if kind & _MANY or base in _VARIABLE:
            count = _number(block, position)
            position += 4
        if base not in _VARIABLE and base not in _WIDTHS:
            return
        first = b""
        for index in range(min(count, MAX_PROPERTIES)):
            length = _WIDTHS.get(base, -1)
            if length < 0:
                length = _number(block, position)
                position += 4
            first = first if index else block[position : position + length]
            position += _padded(length)
        yield base, tag, first


def _number(block: bytes, position: int, width: int = 4) -> int:
    return int.from_bytes(block[position : position + width], "little")


def _padded(length: int) -> int:
    return length + -length % 4
