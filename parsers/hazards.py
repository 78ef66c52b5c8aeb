"""What of a file could do harm when somebody opens it: by its name, its first bytes, and what lies inside it.

Asked by ``attachments`` for every file of a mail. It only reads: what is held back for it is decided in the
trunk. Nothing is ever written or run; archives are looked into one level deep, mails and documents
within each other ``MOST_LEVELS``, all within bounds, and what cannot be looked into says so. Total: whatever
a file holds, the answer is a tuple.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice
from typing import Final
from urllib.parse import unquote

from parsers import archives, documents
from parsers.archives import MOST_MEMBERS, Room, SealedError, form_of
from parsers.headers import raw_text
from parsers.mime import Part, read_tree
from parsers.smime import signed_content
from parsers.tnef import MAX_FILES, read_tnef
from parsers.uuencode import without_files

MOST_HAZARDS: Final = 8
# So begins, as it is kept, what is true of a file within the one.
INSIDE: Final = "inside "
MOST_LEVELS: Final = 8  # of mails and documents within mails and documents


class HazardKind(StrEnum):
    """Why a file is to be feared."""

    PROGRAM = "program"  # it runs when it is opened
    SCRIPT = "script"  # an interpreter runs it
    SHORTCUT = "shortcut"  # it opens something else
    MACRO = "macro"  # a document with code in it
    IMAGE = "image"  # a disk: what is on it comes without the mark of the internet
    DISGUISED = "disguised"  # it pretends to be something else
    SEALED = "sealed"  # nobody can look into it


@dataclass(frozen=True, slots=True, kw_only=True)
class Hazard:
    """One reason to be careful. ``what``: an ending such as ".exe", or the name of a form such as "PE", never
    a name that somebody gave; ``inside``: it is true of a file within this one."""

    kind: HazardKind
    what: str
    inside: bool = False

    def __str__(self) -> str:
        """As it is kept with the file."""
        return f"{INSIDE if self.inside else ''}{self.kind.value} {self.what}"


_ENDINGS: Final = {
    HazardKind.PROGRAM: "exe com scr pif cpl msi msp mst msu msix msixbundle appx appxbundle appinstaller "
    "application appref-ms xbap dll sys ocx drv xll wll vsto gadget jar jnlp class apk crx xpi deb rpm pkg "
    "run chm hlp",
    HazardKind.SCRIPT: "bat cmd ps1 ps1xml ps2 ps2xml psc1 psc2 psm1 psd1 cdxml pssc vb vbe vbs vbp js jse "
    "mjs ws wsf wsh wsc wsb sct hta reg inf ins isp msc msh msh1 msh2 mshxml sh bash csh ksh zsh command "
    "terminal tool pl py pyc pyo pyw pyz pyzw rb ahk au3 shb shs ade adp mde scpt applescript",
    HazardKind.SHORTCUT: "lnk url website desktop scf library-ms search-ms searchconnector-ms "
    "settingcontent-ms webloc inetloc fileloc xnk theme themepack deskthemepack rdp iqy oqy dqy rqy udl",
    HazardKind.MACRO: "docm dotm xlsm xltm xlam xla pptm potm ppam ppsm ppa sldm wiz slk mdb mda mdt mdw "
    "accdb accde accdr accda accdt",
    HazardKind.IMAGE: "iso img vhd vhdx udf dmg vmdk wim",
    HazardKind.SEALED: "rar 7z ace arj cab diagcab lzh lha z lz lz4 lzma zst tzst zipx sit sitx xar cpio uue "
    "onepkg",
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
_ARCHIVE_ENDINGS: Final = frozenset("zip tar gz tgz bz2 tbz tbz2 xz txz".split())
_MAIL_ENDINGS: Final = frozenset("eml mht mhtml".split())
_MAIL_TYPES: Final = frozenset("message/rfc822 message/global".split())
_SIGNED_TYPES: Final = frozenset("application/pkcs7-mime application/x-pkcs7-mime".split())
# What a file without an ending is opened as (IANA, and what browsers and mail programs know besides).
_TYPES: Final = {
    HazardKind.PROGRAM: "application/x-msdownload application/x-msdos-program application/x-dosexec "
    "application/vnd.microsoft.portable-executable application/x-msi application/x-ms-installer "
    "application/java-archive application/x-java-archive application/x-ms-application "
    "application/x-ms-xbap application/vnd.ms-htmlhelp application/x-executable application/x-elf",
    HazardKind.SCRIPT: "application/hta application/javascript application/x-javascript text/javascript "
    "application/ecmascript text/ecmascript text/vbscript text/vbs application/x-vbscript application/bat "
    "application/x-bat application/x-sh application/x-shellscript text/x-sh application/x-csh "
    "application/x-powershell text/scriptlet application/x-perl text/x-python",
    HazardKind.SHORTCUT: "application/x-ms-shortcut application/internet-shortcut application/x-mswebsite",
    HazardKind.MACRO: "application/vnd.ms-word.document.macroenabled.12 "
    "application/vnd.ms-word.template.macroenabled.12 application/vnd.ms-excel.sheet.macroenabled.12 "
    "application/vnd.ms-excel.template.macroenabled.12 application/vnd.ms-excel.addin.macroenabled.12 "
    "application/vnd.ms-powerpoint.presentation.macroenabled.12 "
    "application/vnd.ms-powerpoint.slideshow.macroenabled.12",
    HazardKind.IMAGE: "application/x-iso9660-image application/x-apple-diskimage application/x-cd-image "
    "application/x-raw-disk-image",
    # A part of a mail that only the recipient's program puts together (RFC 2046 5.2.2).
    HazardKind.SEALED: "message/partial application/vnd.rar application/x-rar-compressed "
    "application/x-7z-compressed application/vnd.ms-cab-compressed",
}
_KIND_OF_TYPE: Final = {name: kind for kind, names in _TYPES.items() for name in names.split()}
# Names that are shown in another order than they are written: "exe.fdp" that reads "pdf.exe".
_TURNED: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
_HIDDEN: Final = re.compile(r"\s{8,}")
# What Windows does not count to a name: blanks and dots at its end, the name of the main stream; and what
# nobody sees at all.
_UNCOUNTED: Final = re.compile(
    r"(?:[\s.\0\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\u3164]|::?\$data)+\Z", re.IGNORECASE
)
_NAME_WRITTEN: Final = re.compile(r'name(?:\*\d{0,3}\*?)?\s*=\s*"?([^";]{1,1000})', re.IGNORECASE)
_ENDING: Final = re.compile(r"[^.]{1,40}\Z")

_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_TNEF: Final = b"\x78\x9f\x3e\x22"
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
    (b"PK\x07\x08", HazardKind.SEALED, "zip"),  # the first of several volumes
)
_KIND_OF_FORM: Final = {
    "VBA": HazardKind.MACRO,
    "XLM": HazardKind.MACRO,
    "RTF": HazardKind.MACRO,
    "ActiveMime": HazardKind.MACRO,
    "WordML": HazardKind.MACRO,
    "MSI": HazardKind.PROGRAM,
    "HTML": HazardKind.SCRIPT,
    "SVG": HazardKind.SCRIPT,
    "OneNote": HazardKind.SEALED,
    "encrypted": HazardKind.SEALED,
}
# Where a document that is an archive has its macros, and what it says of itself (ECMA-376 part 2, ODF 1.3
# part 2, 3.16). Office needs neither name, so any of them is enough.
_MACRO_PLACES: Final = re.compile(r"(?:\A|/)(?:vbaproject\.bin|vbadata\.xml|macrosheets/.*)\Z", re.IGNORECASE)
_SAYS_MACRO: Final = (b"application/vnd.ms-office.vbaProject", b"macrosheet+xml")
_CONTENTS: Final = "[Content_Types].xml"


def read_hazards(
    name: str, content: bytes, content_type: str = "", *, names: Iterable[str] = (), room: Room | None = None
) -> tuple[Hazard, ...]:
    """Every reason to be careful with a file; none for what harms nobody.

    Args:
        name: as its sender wrote it, not made safe: what hides in a name is one of the reasons.
        content_type: enclosed mails are known by it, and files without a name.
        names: further ones that its sender gave it; which one a program shows nobody knows.
        room: what may still be unpacked for this mail.
    """
    reading = _Reading(room=room or Room())
    found = list(islice(reading.file(name, content, content_type, depth=1), 4 * MOST_MEMBERS))
    found += [one for other in names if other != name and (one := _of_name(other)) is not None]
    return tuple(dict.fromkeys(found))[:MOST_HAZARDS]


@dataclass(slots=True, kw_only=True)
class _Reading:
    """One file that is looked at, with all that lies in it. ``levels``: how deep in mails and documents."""

    room: Room
    levels: int = 0

    def file(self, name: str, content: bytes, content_type: str = "", *, depth: int) -> Iterator[Hazard]:
        """Of a file by itself, then of what is in it; ``depth``: archives that may still be opened."""
        ending = _ending(name)
        by_name = _of_name(name) or (None if ending else _of_type(content_type))
        by_content = _of_content(ending, content, content_type)
        if by_name is not None:
            yield by_name
        if by_content is not None and (by_name is None or by_content.kind is not by_name.kind):
            yield by_content
        if pretended := _pretended(name, by_name, by_content):
            yield Hazard(kind=HazardKind.DISGUISED, what=pretended)
        yield from self.enclosed(name, content, content_type, depth=depth)

    def enclosed(self, name: str, content: bytes, content_type: str, *, depth: int) -> Iterator[Hazard]:
        """Of the files within a file."""
        if self.levels >= MOST_LEVELS:
            yield Hazard(kind=HazardKind.SEALED, what="nested")
            return
        self.levels += 1
        yield from self.within(name, content, content_type, depth=depth)
        self.levels -= 1

    def within(self, name: str, content: bytes, content_type: str, *, depth: int) -> Iterator[Hazard]:
        """The same, by what kind of file it is."""
        if content_type in _MAIL_TYPES or _ending(name) in _MAIL_ENDINGS:
            yield from self.mail(content, depth=depth)
        elif content_type in _SIGNED_TYPES or _ending(name) == "p7m":
            yield from self.mail(signed_content(content), depth=depth)
        elif content.startswith(_TNEF):
            yield from self.envelope(content, depth=depth)
        elif content.startswith(_OLE):  # one of Word has an archive at its end as well
            yield from self.document(content, depth=depth)
        if form_of(name, content):
            yield from self.archive(name, content, depth=depth)
        elif depth < 1 and _ending(name) in _ARCHIVE_ENDINGS:  # beyond what is unpacked
            yield Hazard(kind=HazardKind.SEALED, what=_ending(name))

    def envelope(self, content: bytes, *, depth: int) -> Iterator[Hazard]:
        """Of the files in a winmail.dat."""
        files = read_tnef(content).files
        for inner, found in files:
            if not found.startswith(_TNEF):  # what lies in it stands among them
                yield from _as_inside(self.file(inner, found, depth=depth))
        if len(files) >= MAX_FILES:
            yield Hazard(kind=HazardKind.SEALED, what="TNEF")

    def document(self, content: bytes, *, depth: int) -> Iterator[Hazard]:
        """Of the files within a document, or a mail, of Office as it was."""
        try:
            for name, found in documents.enclosed(content, self.room):
                yield from _as_inside(self.file(name, found, depth=depth))
        except SealedError as error:
            yield Hazard(kind=HazardKind.SEALED, what=str(error))

    def mail(self, content: bytes, *, depth: int) -> Iterator[Hazard]:
        """Of the files of an enclosed mail, which are looked at as those of the mail itself."""
        tree, _ = read_tree(content)
        for part in islice(tree.leaves(), MOST_MEMBERS):
            yield from _as_inside(self.part(part, depth=depth))

    def part(self, part: Part, *, depth: int) -> Iterator[Hazard]:
        """Of one part of an enclosed mail: a file, or words with files in them."""
        yield from (found for name in _further_names(part) if (found := _of_name(name)) is not None)
        if part.filename or not part.content_type.startswith("text/"):
            yield from self.file(part.filename, part.payload(), part.content_type, depth=depth)
        elif part.disposition == "attachment" or part.content_type in _KIND_OF_TYPE:
            yield from self.file("", part.payload(), part.content_type, depth=depth)
        else:
            for file in without_files(part.payload().decode("latin-1"))[1]:
                yield from self.file(file.name, file.content, depth=depth)

    def archive(self, name: str, content: bytes, *, depth: int) -> Iterator[Hazard]:
        """Of the files in an archive, by their names and how they begin."""
        form, ending = form_of(name, content), _ending(name)
        is_document = ending in _DOCUMENT_ARCHIVES
        if depth < (0 if is_document else 1):
            if not is_document and _KIND_OF.get(ending) is None:
                yield Hazard(kind=HazardKind.SEALED, what=form)
            return
        is_open = False
        try:
            for member, start in archives.members(form, name, content, self.room):
                is_open = is_open or (member == "mimetype" and start.startswith(b"application/vnd.oasis."))
                yield from _as_inside(self.file(member, start, depth=depth - 1))
                if _MACRO_PLACES.search(member) or (member == _CONTENTS and _says_macro(start)):
                    yield Hazard(kind=HazardKind.MACRO, what="VBA")
                # Where LibreOffice keeps what a document may run.
                if member.startswith(("Basic/", "Scripts/")) and (is_open or ending in _OPEN_DOCUMENTS):
                    yield Hazard(kind=HazardKind.MACRO, what="ODF")
        except SealedError as error:
            # A document may well have the end of an archive within it, and be none; of one in an archive the
            # end may be what was not unpacked.
            if depth >= 1 and (form != "zip" or content.startswith(b"PK") or ending == "zip"):
                yield Hazard(kind=HazardKind.SEALED, what=str(error))


def _further_names(part: Part) -> Iterator[str]:
    """Every name that is written in a part of an enclosed mail, which goes along as it came: programs differ
    in which of two they show."""
    yield from part.filenames[1:]
    for field in ("content-disposition", "content-type"):
        for value in part.fields.all(field)[:5]:
            yield from (unquote(found[1]).strip() for found in _NAME_WRITTEN.finditer(raw_text(value)))


def _says_macro(contents: bytes) -> bool:
    return any(word in contents for word in _SAYS_MACRO)


def _as_inside(found: Iterator[Hazard]) -> Iterator[Hazard]:
    return (replace(one, inside=True) for one in found)


def _of_name(name: str) -> Hazard | None:
    ending = _ending(name)
    kind = _KIND_OF.get(ending)
    return Hazard(kind=kind, what=f".{ending}") if kind is not None else None


def _of_type(content_type: str) -> Hazard | None:
    kind = _KIND_OF_TYPE.get(content_type)
    return Hazard(kind=kind, what=content_type) if kind is not None else None


def _counted(name: str) -> str:
    """What a file system takes for the name, as far as its end goes."""
    last = re.split(r"[/\\]", _UNCOUNTED.sub("", name[-1_000:]).rstrip("/\\"))[-1]
    return _UNCOUNTED.sub("", last)


def _ending(name: str) -> str:
    """What comes behind the last dot of a name, where that is an ending."""
    _, dot, ending = _counted(name).rpartition(".")
    return ending.strip().casefold() if dot and _ENDING.match(ending) else ""


def _of_content(ending: str, content: bytes, content_type: str) -> Hazard | None:
    for start, kind, what in _STARTS:
        if content.startswith(start):
            return Hazard(kind=kind, what=what)
    if _is_program(content):
        return Hazard(kind=HazardKind.PROGRAM, what="PE")
    for form in documents.running(ending, content, content_type):
        return Hazard(kind=_KIND_OF_FORM[form], what=form)
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
    before = _ending(_counted(name).rpartition(".")[0])
    if by_name is not None and before in _DOCUMENTS:
        return f".{before}{by_name.what}"
    ending = _ending(name)
    runs = by_content is not None and by_content.kind in (HazardKind.PROGRAM, HazardKind.SHORTCUT)
    return f".{ending}" if runs and ending in _DOCUMENTS else ""
