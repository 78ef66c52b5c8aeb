"""The streams of a compound file, in which Office and Outlook of old keep documents and mails ([MS-CFB]).

Asked by ``documents`` and ``hazards``. Total: what is no such file has no streams; every chain of sectors is
followed once round at most, and no length in it is believed.
"""

import struct
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

MAGIC: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MOST_ENTRIES: Final = 20_000

_HEADER: Final = 512
_ENTRY: Final = 128
_SMALL: Final = 64  # bytes of a sector of the small streams
_NONE: Final = 0xFFFFFFFA  # from here on a number is no sector
_STREAM, _ROOT = 2, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A stream, or the root, which holds all small ones."""

    name: str
    kind: int
    class_id: bytes
    start: int
    size: int


def is_named(content: bytes, name: str) -> bool:
    """Whether a storage or stream bears this name, wherever the directory stands, and however broken."""
    wanted = name.encode("utf-16-le") + b"\0\0"
    at = content.find(wanted)
    while at >= 0 and at % _ENTRY:
        at = content.find(wanted, at + 1)
    return at >= 0


def root_class(content: bytes) -> bytes:
    """What kind of document the whole is; b"" where it does not tell."""
    return next((entry.class_id for entry in _read(content)[1] if entry.kind == _ROOT), b"")


def streams(content: bytes, wanted: Callable[[str], bool], most: int) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the streams whose name is wanted; of no more than ``most`` bytes in all."""
    big, entries = _read(content)
    small: _Sectors | None = None
    for entry in entries:
        if entry.kind != _STREAM or most <= 0 or not wanted(entry.name):
            continue
        if entry.size >= big.cutoff:
            found = big.chain(entry.start, min(entry.size, most))
        else:
            small = big.small_ones(entries) if small is None else small
            found = small.chain(entry.start, min(entry.size, most))
        most -= len(found)
        yield entry.name, found


@dataclass(slots=True, kw_only=True)
class _Sectors:
    """A file as its sectors, and the tables that chain them."""

    content: bytes
    size: int = _HEADER
    offset: int = 1  # the header stands before the first sector
    cutoff: int = 0
    first_small: int = _NONE
    table: "array[int]"

    def chain(self, start: int, most: int) -> bytes:
        """The bytes of a chain of sectors."""
        found, place, left = bytearray(), start, len(self.table) + 1
        while place < _NONE and left and len(found) < most:
            begin = (place + self.offset) * self.size
            found += self.content[begin : begin + self.size]
            place = self.table[place] if place < len(self.table) else _NONE
            left -= 1
        return bytes(found[:most])

    def small_ones(self, entries: tuple[Entry, ...]) -> "_Sectors":
        """The small sectors, all of which the root holds, and their own table."""
        root = next((entry for entry in entries if entry.kind == _ROOT), None)
        held = self.chain(root.start, len(self.content)) if root else b""
        table = _numbers(self.chain(self.first_small, len(self.content)))
        return _Sectors(content=held, size=_SMALL, offset=0, table=table)


def _numbers(content: bytes) -> "array[int]":
    whole = len(content) // 4
    return array("I", struct.unpack(f"<{whole}I", content[: whole * 4]))


def _read(content: bytes) -> tuple[_Sectors, tuple[Entry, ...]]:
    none = _Sectors(content=content, table=array("I"))
    if not content.startswith(MAGIC) or len(content) < _HEADER:
        return none, ()
    (shift,) = struct.unpack_from("<H", content, 30)
    if shift not in (9, 12):
        return none, ()
    first, cutoff, first_small = struct.unpack_from("<I4xII", content, 48)
    sectors = _Sectors(
        content=content, size=1 << shift, cutoff=cutoff, first_small=first_small, table=_table(content, shift)
    )
    return sectors, _entries(sectors.chain(first, MOST_ENTRIES * _ENTRY))


def _table(content: bytes, shift: int) -> "array[int]":
    """The table that says of each sector which one follows, put together from where the header says."""
    size = 1 << shift
    places = list(_numbers(content[76:_HEADER]))
    further, most = struct.unpack_from("<I", content, 68)[0], len(content) // size
    for _ in range(most // 127 + 1):
        if further >= _NONE:
            break
        numbers = _numbers(content[(further + 1) * size : (further + 2) * size])
        if not numbers:
            break
        further = numbers.pop()
        places += numbers
    table = array("I")
    for place in places[:most]:
        if place < _NONE:
            table += _numbers(content[(place + 1) * size : (place + 2) * size])
    return table


def _entries(directory: bytes) -> tuple[Entry, ...]:
    found = []
    for at in range(0, len(directory) - _ENTRY + 1, _ENTRY):
        length, kind = struct.unpack_from("<HB", directory, at + 64)
        start, size = struct.unpack_from("<II", directory, at + 116)
        name = directory[at : at + min(max(length - 2, 0), 64)].decode("utf-16-le", "replace")
        class_id = directory[at + 80 : at + 96]
        found.append(Entry(name=name, kind=kind, class_id=class_id, start=start, size=size))
    return tuple(found)
