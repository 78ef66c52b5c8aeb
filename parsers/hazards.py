"""What of a file could do harm when somebody opens it: by its name, its first bytes, and what lies inside it.

Asked by ``attachments`` for every file of a mail. It only reads: what is held back for it is decided in the
trunk. Nothing is ever written or run, archives are looked into one level deep and within bounds, and what
cannot be looked into says so. Total: whatever a file holds, the answer is a tuple.
"""

import bz2
import lzma
import re
import struct
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from io import BytesIO
from typing import Final
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from parsers.mime import read_tree

MOST_MEMBERS: Final = 2_000  # files of an archive that are looked at
MOST_OF_ONE: Final = 1_000_000  # bytes of one of them
MOST_IN_ALL: Final = 16_000_000  # bytes that are unpacked of one archive
MOST_HAZARDS: Final = 8
_LZMA_MEMORY: Final = 64_000_000


class HazardKind(StrEnum):
    """Why a file is to be feared."""

    PROGRAM = "program"  # it runs when it is opened
    SCRIPT = "script"  # an interpreter runs it
    SHORTCUT = "shortcut"  # it opens something else
    MACRO = "macro"  # a document with code in it
    IMAGE = "image"  # a disk: what is on it comes without the mark of the internet
    DISGUISED = "disguised"  # it pretends to be something else
    SEALED = "sealed"  # an archive that cannot be looked into


@dataclass(frozen=True, slots=True, kw_only=True)
class Hazard:
    """One reason to be careful. ``what``: an ending such as ".exe", or the name of a form such as "PE", never
    a name that somebody gave; ``inside``: it is true of a file within this one."""

    kind: HazardKind
    what: str
    inside: bool = False


_ENDINGS: Final = {
    HazardKind.PROGRAM: "exe com scr pif cpl msi msp mst msix msixbundle appx appxbundle application "
    "appref-ms dll sys ocx drv xll wll gadget jar jnlp apk deb rpm pkg chm hlp",
    HazardKind.SCRIPT: "bat cmd ps1 ps1xml ps2 psc1 psm1 psd1 vb vbe vbs js jse mjs ws wsf wsh wsc sct hta "
    "reg inf msc msh msh1 msh2 sh bash csh ksh zsh command pl py pyc pyw pyz rb shb ade adp mde mda accde "
    "scpt applescript",
    HazardKind.SHORTCUT: "lnk url website desktop scf library-ms search-ms settingcontent-ms webloc xnk "
    "theme themepack rdp",
    HazardKind.MACRO: "docm dotm xlsm xltm xlam pptm potm ppam ppsm sldm",
    HazardKind.IMAGE: "iso img vhd vhdx udf dmg vmdk wim",
    HazardKind.SEALED: "rar 7z ace arj cab lzh lha z zst uue",
}
_KIND_OF: Final = {ending: kind for kind, endings in _ENDINGS.items() for ending in endings.split()}
# What people open without a thought.
_DOCUMENTS: Final = frozenset(
    "pdf doc docx xls xlsx ppt pptx odt ods odp txt csv rtf jpg jpeg png gif bmp tif tiff heic webp svg mp3 "
    "mp4 avi mov wav htm html eml msg zip".split()
)
# Archives by their form, which are no files for people: nobody looks into them twice.
_OPEN_DOCUMENTS: Final = frozenset("odt ods odp odg ott ots otp".split())
_DOCUMENT_ARCHIVES: Final = _OPEN_DOCUMENTS | set("docx xlsx pptx dotx xltx potx ppsx xlsb epub vsdx".split())
# Names that are shown in another order than they are written: "exe.fdp" that reads "pdf.exe".
_TURNED: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
_HIDDEN: Final = re.compile(r"\s{8,}")

_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# A stream that every OLE document with code has ([MS-OVBA] 2.2.1); directory names are UTF-16.
_OLE_CODE: Final = "_VBA_PROJECT".encode("utf-16-le")
_ZIP: Final = b"PK\x03\x04"
_STARTS: Final = (
    (b"\x7fELF", HazardKind.PROGRAM, "ELF"),
    (b"\xfe\xed\xfa\xce", HazardKind.PROGRAM, "Mach-O"),
    (b"\xfe\xed\xfa\xcf", HazardKind.PROGRAM, "Mach-O"),
    (b"\xce\xfa\xed\xfe", HazardKind.PROGRAM, "Mach-O"),
    (b"\xcf\xfa\xed\xfe", HazardKind.PROGRAM, "Mach-O"),
    (b"\xca\xfe\xba\xbe", HazardKind.PROGRAM, "Java"),
    (b"ITSF", HazardKind.PROGRAM, "CHM"),
    (b"#!/", HazardKind.SCRIPT, "#!"),
    (b"L\0\0\0\x01\x14\x02\0", HazardKind.SHORTCUT, "LNK"),  # [MS-SHLLINK] 2.1
    (b"vhdxfile", HazardKind.IMAGE, "VHDX"),
    (b"conectix", HazardKind.IMAGE, "VHD"),
    (b"MSWIM\0\0\0", HazardKind.IMAGE, "WIM"),
    (b"Rar!\x1a\x07", HazardKind.SEALED, "RAR"),
    (b"7z\xbc\xaf\x27\x1c", HazardKind.SEALED, "7z"),
    (b"MSCF\0\0\0\0", HazardKind.SEALED, "CAB"),
    (b"\x28\xb5\x2f\xfd", HazardKind.SEALED, "zstd"),
)
_PACKED: Final = {b"\x1f\x8b\x08": "gz", b"BZh": "bz2", b"\xfd7zXZ\0": "xz"}
_ENDING_OF_PACKED: Final = {"tgz": "tar", "tbz2": "tar", "tbz": "tar", "txz": "tar"}


class _SealedError(Exception):
    """An archive cannot be looked into; its argument is the form or the reason."""


def read_hazards(name: str, content: bytes, content_type: str = "") -> tuple[Hazard, ...]:
    """Every reason to be careful with a file; none for what harms nobody.

    Args:
        name: as its sender wrote it, not made safe: what hides in a name is one of the reasons.
        content_type: an enclosed mail is known by it.
    """
    is_mail = content_type in ("message/rfc822", "message/global")
    found = _in_mail(content) if is_mail else _in_file(name, content, depth=1)
    return tuple(dict.fromkeys(found))[:MOST_HAZARDS]


def _in_mail(content: bytes) -> Iterator[Hazard]:
    """Of the files of an enclosed mail, which are looked at as those of the mail itself."""
    tree, _ = read_tree(content)
    for part in [*tree.leaves()][:MOST_MEMBERS]:
        if part.filename or not part.content_type.startswith("text/"):
            yield from _as_inside(_in_file(part.filename, part.payload(), depth=1))


def _as_inside(found: Iterator[Hazard]) -> Iterator[Hazard]:
    return (replace(one, inside=True) for one in found)


def _in_file(name: str, content: bytes, *, depth: int) -> Iterator[Hazard]:
    by_name = _of_name(name)
    by_content = _of_content(content)
    if by_name is not None:
        yield by_name
    if by_content is not None and (by_name is None or by_content.kind is not by_name.kind):
        yield by_content
    if pretended := _pretended(name, by_name, by_content):
        yield Hazard(kind=HazardKind.DISGUISED, what=pretended)
    if _form(content):
        yield from _in_archive(name, content, depth=depth)


def _of_name(name: str) -> Hazard | None:
    ending = _ending(name)
    kind = _KIND_OF.get(ending)
    return Hazard(kind=kind, what=f".{ending}") if kind is not None else None


def _ending(name: str) -> str:
    """What a file system takes for the ending: blanks and dots behind it do not count."""
    _, dot, ending = name[-300:].rstrip(" .\t\r\n\0").rpartition(".")
    return ending.strip().casefold() if dot else ""


def _of_content(content: bytes) -> Hazard | None:
    for start, kind, what in _STARTS:
        if content.startswith(start):
            return Hazard(kind=kind, what=what)
    if _is_program(content):
        return Hazard(kind=HazardKind.PROGRAM, what="PE")
    if content.startswith(_OLE) and _OLE_CODE in content:
        return Hazard(kind=HazardKind.MACRO, what="VBA")
    if content[0x8001:0x8006] == b"CD001" or content[0x8801:0x8806] == b"CD001":  # ECMA-119 8.1.2
        return Hazard(kind=HazardKind.IMAGE, what="ISO")
    if content[-512:-508] == b"koly" or content[-512:-504] == b"conectix":
        return Hazard(kind=HazardKind.IMAGE, what="DMG" if content[-512:-508] == b"koly" else "VHD")
    return None


def _is_program(content: bytes) -> bool:
    """A program for DOS or Windows; a text may well begin with the same two letters."""
    head = content[:64]
    return head.startswith(b"MZ") and any(byte < 9 or byte > 126 for byte in head)


def _pretended(name: str, by_name: Hazard | None, by_content: Hazard | None) -> str:
    """What the file shows itself as and is not; "" where it is what it seems."""
    if _TURNED.search(name) or (_HIDDEN.search(name.strip()) and by_name is not None):
        return f".{_ending(name)}"
    before = _ending(name[-300:].rstrip(" .\t\r\n\0").rpartition(".")[0])
    if by_name is not None and before in _DOCUMENTS:
        return f".{before}{by_name.what}"
    ending = _ending(name)
    runs = by_content is not None and by_content.kind in (HazardKind.PROGRAM, HazardKind.SHORTCUT)
    return f".{ending}" if runs and ending in _DOCUMENTS else ""


# ---------------------------------------------------------------------- archives


def _form(content: bytes) -> str:
    """The form of an archive that can be looked into; "" for what is none."""
    if content.startswith(_ZIP) or content.rfind(b"PK\x05\x06", -66_000) >= 0:
        return "zip"
    if content[257:262] == b"ustar":
        return "tar"
    return next((form for start, form in _PACKED.items() if content.startswith(start)), "")


def _in_archive(name: str, content: bytes, *, depth: int) -> Iterator[Hazard]:
    form = _form(content)
    if depth < 1:
        if _ending(name) not in _DOCUMENT_ARCHIVES and _KIND_OF.get(_ending(name)) is None:
            yield Hazard(kind=HazardKind.SEALED, what=form)
        return
    try:
        for member, start in _members(form, name, content):
            yield from _as_inside(_in_file(member, start, depth=depth - 1))
            # Where LibreOffice keeps what a document may run (ODF 1.3 part 2, 3.16).
            if member.startswith(("Basic/", "Scripts/")) and _ending(name) in _OPEN_DOCUMENTS:
                yield Hazard(kind=HazardKind.MACRO, what="ODF")
    except _SealedError as error:
        # A document may well have the end of an archive within it, and be none.
        if form != "zip" or content.startswith(b"PK") or _ending(name) == "zip":
            yield Hazard(kind=HazardKind.SEALED, what=str(error))


def _members(form: str, name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    """Names and beginnings of what is inside.

    Raises:
        _SealedError: it cannot be looked into, or not to its end.
    """
    if form == "zip":
        yield from _zipped(content)
    elif form == "tar":
        yield from _in_tar(content)
    else:
        unpacked = _unpacked(form, content)
        if unpacked[257:262] == b"ustar":
            yield from _in_tar(unpacked)
        else:
            stem, _, ending = name.rpartition(".")
            yield f"{stem}.{_ENDING_OF_PACKED[ending]}" if ending in _ENDING_OF_PACKED else stem, unpacked


def _zipped(content: bytes) -> Iterator[tuple[str, bytes]]:
    # Each member has such a header in the list at the end: a list without end is not even begun.
    if content.count(b"PK\x01\x02") > MOST_MEMBERS:
        raise _SealedError("zip")
    room = MOST_IN_ALL
    try:
        with ZipFile(BytesIO(content)) as archive:
            for member in archive.infolist():
                start = _start_of(archive, member, room)
                room -= len(start)
                yield member.filename, start
    except (BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, struct.error) as error:
        raise _SealedError("zip") from error
    except (ValueError, OverflowError, zlib.error) as error:
        raise _SealedError("zip") from error


def _start_of(archive: ZipFile, member: ZipInfo, room: int) -> bytes:
    if member.is_dir():
        return b""
    if member.flag_bits & 0x1:  # encrypted (APPNOTE 4.4.4)
        raise _SealedError("zip")
    if member.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise _SealedError("zip")
    with archive.open(member) as file:
        return file.read(min(room, MOST_OF_ONE))


def _unpacked(form: str, content: bytes) -> bytes:
    """What a single packed file holds."""
    try:
        if form == "gz":
            found = zlib.decompressobj(31).decompress(content, MOST_IN_ALL)
        elif form == "bz2":
            found = bz2.BZ2Decompressor().decompress(content, MOST_IN_ALL)
        else:
            found = lzma.LZMADecompressor(memlimit=_LZMA_MEMORY).decompress(content, MOST_IN_ALL)
    except (zlib.error, OSError, EOFError, ValueError, lzma.LZMAError) as error:
        raise _SealedError(form) from error
    if len(found) >= MOST_IN_ALL:
        raise _SealedError(form)
    return found


def _in_tar(content: bytes) -> Iterator[tuple[str, bytes]]:
    try:
        with tarfile.open(fileobj=BytesIO(content), mode="r:") as archive:
            for count, member in enumerate(archive):
                if count >= MOST_MEMBERS:
                    raise _SealedError("tar")
                file = archive.extractfile(member) if member.isfile() else None
                yield member.name, file.read(MOST_OF_ONE) if file else b""
    except (tarfile.TarError, OSError, EOFError, ValueError, OverflowError, struct.error) as error:
        raise _SealedError("tar") from error
