"""What lies inside an archive: the names of its files and how each begins (ZIP, tar, gzip, bzip2, xz).

Asked by ``hazards``. Nothing is written, and nothing is unpacked beyond the ``Room`` that all the files of
one mail share: a mail may hold a thousand small archives, each of which would fill a disk.
"""

import bz2
import lzma
import struct
import tarfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

MOST_MEMBERS: Final = 2_000  # files of an archive that are looked at
MOST_OF_ONE: Final = 1_000_000  # bytes of one of them
MOST_IN_ALL: Final = 16_000_000  # bytes that are unpacked of one archive
MOST_OF_A_MAIL: Final = 64_000_000  # bytes that are unpacked of all archives of a mail
_MOST_PIECES: Final = 1_000  # streams behind each other in one packed file
_LZMA_MEMORY: Final = 64_000_000

# Documents: where one has its code is told at its end.
_DOCUMENTS: Final = (b"\xd0\xcf\x11\xe0", b"PK\x03\x04")
_PACKED: Final = {b"\x1f\x8b\x08": "gz", b"BZh": "bz2", b"\xfd7zXZ\0": "xz"}
_ENDING_OF_PACKED: Final = {"tgz": "tar", "tbz2": "tar", "tbz": "tar", "txz": "tar", "svgz": "svg"}


class SealedError(Exception):
    """An archive cannot be looked into, or not to its end; its argument is its form."""


@dataclass(slots=True, kw_only=True)
class Room:
    """How many bytes may still be unpacked for the files of one mail."""

    left: int = MOST_OF_A_MAIL

    def take(self, size: int) -> None:
        """So many were."""
        self.left -= size


def form_of(name: str, content: bytes) -> str:
    """The form of an archive that can be looked into; "" for what is none."""
    if content.startswith(b"PK\x03\x04") or content.rfind(b"PK\x05\x06", -66_000) >= 0:
        return "zip"
    # The oldest form of tar says nothing of itself.
    if content[257:262] == b"ustar" or (name.casefold().endswith(".tar") and len(content) >= 512):
        return "tar"
    return next((form for start, form in _PACKED.items() if content.startswith(start)), "")


def members(form: str, name: str, content: bytes, room: Room) -> Iterator[tuple[str, bytes]]:
    """Names and beginnings of what is inside; the names also of what cannot be opened.

    Raises:
        SealedError: it cannot be looked into, or not to its end.
    """
    if form == "zip":
        yield from _zipped(content, room)
    elif form == "tar":
        yield from _in_tar(content, room)
    else:
        unpacked = _unpacked(form, content, room)
        if unpacked[257:262] == b"ustar":
            yield from _in_tar(unpacked, room)
        else:
            stem, _, ending = name.rpartition(".")
            ending = ending.casefold()
            yield f"{stem}.{_ENDING_OF_PACKED[ending]}" if ending in _ENDING_OF_PACKED else stem, unpacked


# ---------------------------------------------------------------------- ZIP


def _zipped(content: bytes, room: Room) -> Iterator[tuple[str, bytes]]:
    # Each member has such a header in the list at the end: a list without end is not even begun.
    if content.count(b"PK\x01\x02") > MOST_MEMBERS:
        raise SealedError("zip")
    try:
        with ZipFile(BytesIO(content)) as archive:
            inside = [member for member in archive.infolist() if not member.is_dir()]
            closed = [member for member in inside if not _opens(member)]
            for member in closed:
                yield member.filename, b""
            yield from _beginnings(archive, [member for member in inside if _opens(member)], room)
    except (BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, struct.error) as error:
        raise SealedError("zip") from error
    except (ValueError, OverflowError, zlib.error) as error:
        raise SealedError("zip") from error
    if closed:
        raise SealedError("zip")


def _opens(member: ZipInfo) -> bool:
    encrypted = member.flag_bits & 0x1  # APPNOTE 4.4.4
    return not encrypted and member.compress_type in (ZIP_STORED, ZIP_DEFLATED)


def _beginnings(archive: ZipFile, inside: list[ZipInfo], room: Room) -> Iterator[tuple[str, bytes]]:
    # What is beyond the bounds is known by its name alone: that is what opens it.
    within = min(MOST_IN_ALL, room.left)
    for member in inside:
        with archive.open(member) as file:
            start = file.read(max(0, min(within, MOST_OF_ONE)))
            if start.startswith(_DOCUMENTS):
                start += file.read(max(0, within - len(start)))
        within -= len(start)
        room.take(len(start))
        yield member.filename, start


# ---------------------------------------------------------------------- tar


def _in_tar(content: bytes, room: Room) -> Iterator[tuple[str, bytes]]:
    within = min(MOST_IN_ALL, room.left)
    try:
        with tarfile.open(fileobj=BytesIO(content), mode="r:") as archive:
            for count, member in enumerate(archive):
                if count >= MOST_MEMBERS:
                    raise SealedError("tar")
                file = archive.extractfile(member) if member.isfile() else None
                start = file.read(max(0, min(within, MOST_OF_ONE))) if file else b""
                within -= len(start)
                room.take(len(start))
                yield member.name, start
    except (tarfile.TarError, OSError, EOFError, ValueError, OverflowError, struct.error) as error:
        raise SealedError("tar") from error


# ---------------------------------------------------------------------- packed files


def _unpacked(form: str, content: bytes, room: Room) -> bytes:
    """What a single packed file holds: all its streams, one behind the other, as every program reads them."""
    found, most = bytearray(), min(MOST_IN_ALL, room.left)
    if most <= 0:  # to zlib it would mean that there is no bound
        raise SealedError(form)
    try:
        for _ in range(_MOST_PIECES):
            content = _stream(form, content, most, found)
            if not content or len(found) >= most:
                break
    except (zlib.error, OSError, EOFError, ValueError, lzma.LZMAError) as error:
        raise SealedError(form) from error
    finally:
        room.take(len(found))
    if len(found) >= most or content:
        raise SealedError(form)
    return bytes(found)


def inflated(content: bytes | memoryview, room: Room) -> bytes:
    """What a document has packed away in the form of zlib; what is none of it is nothing.

    Raises:
        SealedError: there is no room left for it.
    """
    if room.left <= 0:
        raise SealedError("OLE")
    try:
        found = zlib.decompressobj().decompress(content, min(MOST_IN_ALL, room.left))
    except zlib.error:
        return b""
    room.take(len(found))
    return found


def _stream(form: str, content: bytes, most: int, found: bytearray) -> bytes:
    """Unpack the first stream; what follows it, b"" where that is nothing but filling."""
    reader: Any = _READERS[form]()
    found += reader.decompress(content, most - len(found))
    rest = bytes(reader.unused_data).lstrip(b"\0") if reader.eof else b""
    return rest if any(rest.startswith(start) for start in _PACKED) else b""


_READERS: Final[dict[str, Callable[[], Any]]] = {
    "gz": lambda: zlib.decompressobj(31),
    "bz2": bz2.BZ2Decompressor,
    "xz": lambda: lzma.LZMADecompressor(memlimit=_LZMA_MEMORY),
}
