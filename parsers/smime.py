"""The mail inside an opaque S/MIME signature (RFC 8551 3.5.2, RFC 5652 5.1).

Outlook signs so when "clear text" is switched off: the whole mail lies in a file. ``mime`` opens it so that
the person is read; nothing is verified here. Total: what is no such signature gives b"".
"""

from typing import Final

MAX_PIECES: Final = 100_000  # of one string; BER cuts long ones

_SEQUENCE, _OBJECT, _STRING, _EXPLICIT = 0x30, 0x06, 0x04, 0xA0
_PIECES: Final = 0x24  # a string made of strings
_SIGNED: Final = bytes.fromhex("2a864886f70d010702")  # 1.2.840.113549.1.7.2


class _BrokenError(ValueError):
    """The bytes are no BER, or not the BER of a signature."""


def signed_content(der: bytes) -> bytes:
    """The MIME entity that a SignedData holds, b"" when it holds none or is none."""
    try:
        return _content(der)
    except _BrokenError:
        return b""


def _content(der: bytes) -> bytes:
    """ContentInfo { signedData, SignedData { version, algorithms, { type, content } ... } }."""
    _, position, _ = _enter(der, 0, _SEQUENCE)
    kind, begin, end = _enter(der, position, _OBJECT)
    if der[begin:end] != _SIGNED:
        raise _BrokenError(kind)
    _, position, _ = _enter(der, end, _EXPLICIT)
    _, position, _ = _enter(der, position, _SEQUENCE)
    position = _behind(der, _behind(der, position))
    _, position, _ = _enter(der, position, _SEQUENCE)
    _, position, _ = _enter(der, _behind(der, position), _EXPLICIT)
    return _string(der, position)


def _head(der: bytes, position: int) -> tuple[int, int, int]:
    """Tag, where the value begins and where it ends; -1 when only an end mark tells (X.690 8.1)."""
    if position < 0 or position + 2 > len(der):
        raise _BrokenError(position)
    tag, length, begin = der[position], der[position + 1], position + 2
    if length == 0x80:
        return tag, begin, -1
    if length > 0x80:
        count = length & 0x7F
        if count > 6:
            raise _BrokenError(count)
        length = int.from_bytes(der[begin : begin + count])
        begin += count
    return tag, begin, min(begin + length, len(der))


def _enter(der: bytes, position: int, wanted: int) -> tuple[int, int, int]:
    tag, begin, end = _head(der, position)
    if tag != wanted:
        raise _BrokenError(tag)
    return tag, begin, end


def _behind(der: bytes, position: int) -> int:
    """Where the value after the one at ``position`` begins; those before the content have a length."""
    _, _, end = _head(der, position)
    if end < 0:
        raise _BrokenError(position)
    return end


def _string(der: bytes, position: int) -> bytes:
    """An OCTET STRING, in one piece or in several (X.690 8.7)."""
    tag, begin, end = _head(der, position)
    if tag == _STRING and end >= 0:
        return der[begin:end]
    if tag != _PIECES:
        raise _BrokenError(tag)
    pieces: list[bytes] = []
    last = len(der) if end < 0 else end
    while begin < last and der[begin] == _STRING and len(pieces) < MAX_PIECES:
        _, start, stop = _head(der, begin)
        pieces.append(der[start:stop])
        begin = stop
    return b"".join(pieces)
