"""``grep`` for whoever wants to know what a folder still tells of somebody, however it is written down.

Finds a word in the bytes of every file as they are, and in what they hold packed: quoted-printable, base64,
UTF-16, zlib, gzip, zip and Zstandard, one in another.
"""

import base64
import quopri
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import zstandard

# Packed in packed in packed: a zip in a mail in a compressed row.
_DEPTH = 5
_BASE64 = re.compile(rb"(?:[A-Za-z0-9+/]{4}[ \t]*(?:\r?\n[ \t]*)?){4,}[A-Za-z0-9+/]{0,3}={0,2}")
_ENCODED_WORD = re.compile(rb"=\?[\w-]+\?[bB]\?([^?]*)\?=")
_ZSTANDARD, _ZIPPED = re.compile(rb"\x28\xb5\x2f\xfd"), b"PK\3\4"
_ZLIB, _GZIP = re.compile(rb"\x78[\x01\x5e\x9c\xda]"), re.compile(rb"\x1f\x8b\x08")


def found(folder: Path, words: Iterable[str]) -> dict[str, set[str]]:
    """Word -> how it is written in a file of the folder, for each of these words that is there."""
    wanted, there = [word.casefold() for word in words], dict[str, set[str]]()
    for file in folder.rglob("*"):
        for how, content in _layers(file.read_bytes(), ()) if file.is_file() else ():
            for word in wanted:
                if word in content:
                    there.setdefault(word, set()).update(how or ("plain",))
    return there


def _layers(content: bytes, how: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    yield how, content.decode("utf-8", "replace").casefold()
    if len(how) < _DEPTH:
        for name, inner in _inside(content):
            if name not in how[-1:]:
                yield from _layers(inner, (*how, name))


def _inside(content: bytes) -> Iterator[tuple[str, bytes]]:
    if b"=" in content:
        plain = quopri.decodestring(content)
        if plain != content:
            yield "quoted-printable", plain
    for match in (*_BASE64.finditer(content), *_ENCODED_WORD.finditer(content)):
        packed = b"".join(match[match.lastindex or 0].split())
        with suppress(ValueError):
            yield "base64", base64.b64decode(packed[: len(packed) // 4 * 4])
    if content.count(b"\0") > len(content) // 4:
        yield "utf-16", content.replace(b"\0", b"")
    for match in _ZSTANDARD.finditer(content):
        yield "zstd", _unpacked(zstandard.ZstdDecompressor().decompressobj(), content[match.start() :])
    yield from _deflated(content)


def _unpacked(unpacking: Any, content: bytes) -> bytes:
    """As much as can be had: what is packed may be cut, as by the pages of a database."""
    had = b""
    with suppress(zlib.error, zstandard.ZstdError, EOFError):
        for at in range(0, len(content), 256):
            had += unpacking.decompress(content[at : at + 256])
    return had


def _deflated(content: bytes) -> Iterator[tuple[str, bytes]]:
    for match in _ZLIB.finditer(content):
        yield "zlib", _unpacked(zlib.decompressobj(), content[match.start() :])
    at = content.find(_ZIPPED)
    while at >= 0:
        name, extra = (int.from_bytes(content[at + n : at + n + 2], "little") for n in (26, 28))
        yield "zip", _unpacked(zlib.decompressobj(-15), content[at + 30 + name + extra :])
        at = content.find(_ZIPPED, at + 1)
    for match in _GZIP.finditer(content):
        yield "gzip", _unpacked(zlib.decompressobj(31), content[match.start() :])
