"""What of a document runs, or hides something, when it is opened: macros, scripts, files within it.

Asked by ``hazards``, which knows what each form is to be feared for. It reads bytes as they stand: nothing is
interpreted. Total.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from parsers import archives, compound
from parsers.archives import Room, SealedError

_MOST_STORED: Final = 1_000
MOST_ENCLOSED: Final = 25_000_000  # bytes of the files within a document that are looked at

_PAGES: Final = frozenset("html htm shtml shtm xhtml xht svg svgz".split())
_PAGE_TYPES: Final = frozenset("text/html application/xhtml+xml image/svg+xml".split())
_PAGE_BEGINS: Final = re.compile(
    rb"(?>\xef\xbb\xbf|\s|<!--.{0,999}?-->|<\?xml[^>]{0,200}>)*+<(?:!doctype|html|svg)\b",
    re.IGNORECASE | re.DOTALL,
)
# What a browser runs of a page; pages without any of it are for reading.
_RUNS: Final = re.compile(
    rb"<\s*script\b|(?:java|vb)script\s*:|\son[a-z]{3,20}\s*=\s*[\"'\w]|<\s*(?:iframe|object|embed|applet)\b"
    rb"|data:(?:text/html|application/)",
    re.IGNORECASE,
)
# Objects in RTF: another program's document, or a link to one.
_RTF_OBJECT: Final = re.compile(rb"(?<!\\)\\obj(?:data|update|autlink|link|ocx|html)\b")
_MSI: Final = bytes.fromhex("84100c0000000000c000000000000046")  # CLSID of Windows Installer
# BOUNDSHEET8 of a macro sheet, and BOF followed by FILEPASS ([MS-XLS] 2.4.28, 2.4.117).
_MACRO_SHEET: Final = re.compile(rb"\x85\0[\x08-\x60]\0.{4}[\0-\x02]\x01", re.DOTALL)
_LOCKED_SHEETS: Final = re.compile(
    rb"\x09\x08\x10\0\0\x06\x05\0.{8,60}?\x2f\0[\x04-\xff]\0[\0\x01]\0", re.DOTALL
)
_ONENOTE: Final = bytes.fromhex("e4525c7b8cd8a74daeb15378d02996d3")  # [MS-ONESTORE] 2.3.1
_ONENOTE_FILE: Final = bytes.fromhex("e716e3bd65261145a4c48d4d0b7a9eac")  # 2.6.13
_PICTURES: Final = (
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"BM",
    b"II*\0",
    b"MM\0*",
    b"\1\0\0\0",
    b"\xd7\xcd\xc6\x9a",
)
# An attachment's data, its long and its short name ([MS-OXMSG] 2.2.2).
_ATTACHED: Final = "__substg1.0_37010102"
_NAMES: Final = ("__substg1.0_3707", "__substg1.0_3704")
_PACKAGE: Final = "\x01Ole10Native"
# What PowerPoint keeps, packed, of other programs and of its own macros ([MS-PPT] 2.10.34).
_SLIDES: Final = "PowerPoint Document"
_STORED: Final = re.compile(rb"\x10\0\x11\x10(.{4}).{4}(?=\x78)", re.DOTALL)
# A document of Word begins so; the ninth bit of its flags: it is encrypted ([MS-DOC] 2.5.2).
_WORD: Final = b"\xec\xa5"


def running(ending: str, content: bytes, content_type: str) -> Iterator[str]:
    """The forms of what runs, or cannot be looked into: "VBA", "HTML" ...; none for a document to be read."""
    if content.startswith(compound.MAGIC):
        yield from _in_compound(content)
    elif content.startswith(_ONENOTE):
        yield from ("OneNote",) if _holds_files(content) else ()
    elif content.lstrip()[:5].startswith(b"{\\rt") and _RTF_OBJECT.search(content):
        yield "RTF"
    elif _is_page(ending, content, content_type) and _RUNS.search(content.replace(b"\0", b"")):
        yield "SVG" if ending.startswith("svg") or content_type == "image/svg+xml" else "HTML"
    # Word and Excel open mails that they have saved, and XML, under any name of theirs.
    elif b"QWN0aXZlTWlt" in content or content.startswith(b"ActiveMime"):
        yield "ActiveMime"
    elif content.lstrip()[:5] == b"<?xml" and b'macrosPresent="yes"' in content:
        yield "WordML"


def enclosed(content: bytes, room: Room) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the files in a mail as Outlook saves it, and of those packed into a document.

    Names and contents come one by one: what is wrong with either is wrong with the whole.

    Raises:
        SealedError: there is no room left for what is in it.
    """
    if not content.startswith(compound.MAGIC):
        return
    if any(compound.is_named(content, name) for name in ("__properties_version1.0", _PACKAGE)):
        for name, found in compound.streams(content, _is_enclosed, max(1, min(MOST_ENCLOSED, room.left))):
            room.take(len(found))
            if room.left <= 0:
                raise SealedError("OLE")
            yield from _packed(found) if name == _PACKAGE else (_attached(name, found),)
    if compound.is_named(content, _SLIDES):
        for _, slides in compound.streams(content, lambda name: name == _SLIDES, MOST_ENCLOSED):
            for place in islice(_STORED.finditer(slides), _MOST_STORED):
                # The record ends it: PowerPoint itself does not.
                end = place.end() + max(0, int.from_bytes(place[1], "little") - 4)
                yield "", archives.inflated(memoryview(slides)[place.end() : end], room)


def _in_compound(content: bytes) -> Iterator[str]:
    if compound.is_named(content, "_VBA_PROJECT") or "_VBA_PROJECT".encode("utf-16-le") in content:
        yield "VBA"
    if compound.root_class(content) == _MSI:
        yield "MSI"
    if _is_locked(content):
        yield "encrypted"
    elif _MACRO_SHEET.search(content) and any(
        compound.is_named(content, name) for name in ("Workbook", "Book")
    ):
        yield "XLM"


def _is_locked(content: bytes) -> bool:
    """A password keeps everybody out: of the newer forms and of PowerPoint's, of Excel's, of Word's."""
    if any(compound.is_named(content, name) for name in ("EncryptedPackage", "EncryptedSummary")):
        return True
    words = compound.streams(content, lambda name: name == "WordDocument", 12)
    locked = any(found.startswith(_WORD) and found[11] & 1 for _, found in words if len(found) == 12)
    return locked or _LOCKED_SHEETS.search(content) is not None


def _holds_files(content: bytes) -> bool:
    """Whether a notebook has files that are no pictures: they run by two clicks."""
    at = content.find(_ONENOTE_FILE)
    while at >= 0:
        begin = at + 36
        if not content.startswith(_PICTURES, begin):
            return True
        at = content.find(_ONENOTE_FILE, begin)
    return False


def _is_page(ending: str, content: bytes, content_type: str) -> bool:
    """A browser would show it: by its ending, and without one by what it calls itself or begins with."""
    if ending:
        return ending in _PAGES
    return content_type in _PAGE_TYPES or _PAGE_BEGINS.match(content[:4096].replace(b"\0", b"")) is not None


def _is_enclosed(name: str) -> bool:
    return name in (_ATTACHED, _PACKAGE) or name.startswith(_NAMES)


def _attached(name: str, found: bytes) -> tuple[str, bytes]:
    if name == _ATTACHED:
        return "", found
    charset = "utf-16-le" if name.endswith("001F") else "cp1252"
    return found[:2_000].decode(charset, "replace").rstrip("\0"), b""


def _packed(stream: bytes) -> Iterator[tuple[str, bytes]]:
    """The file in a package, as the shell packs it: its label, two paths, its length and its bytes."""
    label, _, rest = stream[6:].partition(b"\0")
    path, _, rest = rest.partition(b"\0")
    for name in (label, path):
        yield name[-1_000:].decode("cp1252", "replace"), b""
    length = int.from_bytes(rest[4:8], "little")
    yield "", rest[8 + length + 4 :]
