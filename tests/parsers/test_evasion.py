"""Files that hide what they are, as they are sent to get past filters; and what everybody sends."""

import binascii
import bz2
import gzip
import io
import struct
import tarfile
import zipfile
import zlib
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers import archives
from parsers.archives import Room
from parsers.compound import root_class, streams
from parsers.hazards import read_hazards
from parsers.mail import parse_mail
from tests.parsers.test_containers import file as tnef_file
from tests.parsers.test_containers import signature, tnef, winmail
from tests.parsers.test_hazards import LNK, PE, WITH_CODE, locked, tarred, zipped

MSI = bytes.fromhex("84100c0000000000c000000000000046")
SCRIPT = b"<html><body><script>location='https://x.test'</script></body></html>"
PAGE = b"<html><body><p>Bonjour</p><a href='https://ecole.test'>ici</a></body></html>"


def compound(*streams: tuple[str, bytes], class_id: bytes = bytes(16)) -> bytes:
    """A compound file of one folder ([MS-CFB]); streams below 4096 bytes lie among the small ones."""
    small, big, entries = b"", b"", []
    small_table: list[int] = []
    # The first two: the directory, and the table of the small ones.
    table = [0xFFFFFFFE, 0xFFFFFFFE]

    def chain(numbers: list[int], first: int, count: int) -> None:
        numbers += [*range(first + 1, first + count), 0xFFFFFFFE][:count]

    for name, content in streams:
        if len(content) < 4096:
            count = -(-len(content) // 64)
            entries.append((name, 2, len(small) // 64, len(content)))
            small += content.ljust(count * 64, b"\0")
            chain(small_table, len(small_table), count)
        else:
            count = -(-len(content) // 512)
            entries.append((name, 2, len(table), len(content)))
            big += content.ljust(count * 512, b"\0")
            chain(table, len(table), count)
    held = small.ljust(-(-len(small) // 512) * 512, b"\0")
    root = ("Root Entry", 5, len(table) if held else 0xFFFFFFFE, len(small))
    chain(table, len(table), len(held) // 512)
    rows = [_entry(*root, class_id=class_id), *(_entry(*entry) for entry in entries)]
    directory = b"".join(rows)
    extra = -(-len(directory) // 512) - 1
    table[0] = len(table) if extra else 0xFFFFFFFE
    chain(table, len(table), extra)
    table_at = len(table)
    table.append(0xFFFFFFFD)
    assert len(table) <= 128
    assert len(small_table) <= 128
    directory = directory.ljust((extra + 1) * 512, b"\0")
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
    head += bytes(6) + struct.pack("<IIIIIIIII", 0, 1, 0, 0, 4096, 1, 1, 0xFFFFFFFE, 0)
    head += struct.pack("<109I", table_at, *[0xFFFFFFFF] * 108)
    numbers = struct.pack(f"<{len(small_table)}I", *small_table).ljust(512, b"\xff")
    last = struct.pack(f"<{len(table)}I", *table).ljust(512, b"\xff")
    return head + directory[:512] + numbers + big + held + directory[512:] + last


def _entry(name: str, kind: int, start: int, size: int, class_id: bytes = bytes(16)) -> bytes:
    written = name.encode("utf-16-le") + b"\0\0"
    head = written.ljust(64, b"\0") + struct.pack("<HBBIII", len(written), kind, 1, *[0xFFFFFFFF] * 3)
    return head + class_id + bytes(20) + struct.pack("<IQ", start, size)


def outlook(name: str, content: bytes) -> bytes:
    """A mail as Outlook saves it, with a file."""
    return compound(
        ("__properties_version1.0", bytes(32)),
        ("__substg1.0_0037001F", "Réunion avec jean@ecole.com".encode("utf-16-le")),
        ("__substg1.0_3001001F", "jean@ecole.com".encode("utf-16-le")),
        ("__substg1.0_3704001F", name[-12:].encode("utf-16-le")),
        ("__substg1.0_3707001F", name.encode("utf-16-le")),
        ("__substg1.0_37010102", content),
    )


def package(name: bytes, content: bytes) -> bytes:
    """A document with a file that was dragged into it."""
    packed = b"\2\0" + name + b"\0C:\\" + name + b"\0\0\0\3\0" + struct.pack("<I", 2) + b"x\0"
    packed += struct.pack("<I", len(content)) + content
    return compound(("\x01Ole10Native", struct.pack("<I", len(packed)) + packed))


def slides(stored: bytes) -> bytes:
    """A presentation with another program's document, packed as PowerPoint does ([MS-PPT] 2.10.34)."""
    packed = zlib.compress(stored)
    head = b"\x10\0\x11\x10" + struct.pack("<II", len(packed), len(stored))
    cut = packed[:-4]  # without its sum
    return compound(("PowerPoint Document", bytes(600) + head + cut + b"\xff" * 5_000))


def described(contents: bytes) -> bytes:
    """A document of Office, with what it says of its parts."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("[Content_Types].xml", contents)
        archive.writestr("word/document.xml", b"<w/>")
    return made.getvalue()


def oldest(content: bytes) -> bytes:
    """A tar as Unix V7 wrote it: its sum is right, and nothing says that it is one."""
    plain = bytearray(content)
    plain[257:265] = bytes(8)
    plain[148:156] = b" " * 8
    plain[148:156] = b"%06o\0 " % sum(plain[:512])
    return bytes(plain)


def mail_with(*files: tuple[str, str, bytes], text: str = "x") -> EmailMessage:
    """A mail with files: name, type, content."""
    made = EmailMessage()
    made.set_content(text)
    for name, kind, content in files:
        maintype, _, subtype = kind.partition("/")
        made.add_attachment(content, maintype, subtype, filename=name or None)
    return made


def enclosing(inner: EmailMessage) -> EmailMessage:
    """A mail with a mail in it."""
    made = EmailMessage()
    made.set_content("y")
    made.add_attachment(inner)
    return made


EXE = mail_with(("a.exe", "application/octet-stream", PE))
UUE = b"begin 644 a.exe\n" + b"".join(binascii.b2a_uu(PE[n : n + 45]) for n in (0, 45)) + b"`\nend\n"
ONENOTE = bytes.fromhex("e4525c7b8cd8a74daeb15378d02996d3") + bytes(200)
ENCLOSED = bytes.fromhex("e716e3bd65261145a4c48d4d0b7a9eac") + bytes(20)


def said(name: str, content: bytes, content_type: str = "") -> str:
    """Every reason in one line."""
    return ", ".join(
        f"{'in ' if h.inside else ''}{h.kind.value} {h.what}"
        for h in read_hazards(name, content, content_type)
    )


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        # Names that a file system reads otherwise than people do.
        ("setup.exe::$DATA", b"", "program .exe"),
        ("facture.txt:setup.exe", b"", "program .exe"),
        ("setup.exe.", b"", "program .exe"),
        ("setup.exe . .", b"", "program .exe"),
        ("setup.exe\u00a0", b"", "program .exe"),
        ("setup.exe\u200b", b"", "program .exe"),
        ("setup.ex\u200be", b"", ""),
        ("setup.exe/", b"", "program .exe"),
        ("C:\\temp\\setup.exe\\", b"", "program .exe"),
        ("../../a.lnk", b"", "shortcut .lnk"),
        ("facture.pdf .exe", b"", "program .exe, disguised .pdf.exe"),
        ("facture.pdf.EXE.", b"", "program .exe, disguised .pdf.exe"),
        ("x" * 400 + ".exe", b"", "program .exe"),
        # Endings that open something.
        ("a.xll", b"", "program .xll"),
        ("a.msi", b"", "program .msi"),
        ("a.jar", zipped(a_txt=b""), "program .jar"),
        ("a.hta", b"", "script .hta"),
        ("a.reg", b"", "script .reg"),
        ("a.wsb", b"", "script .wsb"),
        ("a.scf", b"", "shortcut .scf"),
        ("a.website", b"", "shortcut .website"),
        ("a.library-ms", b"", "shortcut .library-ms"),
        ("a.search-ms", b"", "shortcut .search-ms"),
        ("a.searchConnector-ms", b"", "shortcut .searchconnector-ms"),
        ("a.iqy", b"", "shortcut .iqy"),
        ("a.slk", b"ID;P", "macro .slk"),
        ("a.xla", b"", "macro .xla"),
        ("a.vhdx", b"", "image .vhdx"),
        # Documents.
        ("facture.xls", compound(("_VBA_PROJECT", b"x")), "macro VBA"),
        ("facture.xls", compound(("Workbook", b"\x85\0\x0e\0" + bytes(4) + b"\0\1\5\0Macro")), "macro XLM"),
        ("facture.xls", compound(("Workbook", b"\x85\0\x0e\0" + bytes(4) + b"\0\0\5\0Feuil")), ""),
        ("notes", compound(class_id=MSI), "program MSI"),
        ("notes.xlsx", compound(("EncryptedPackage", bytes(80))), "sealed encrypted"),
        ("lettre.rtf", rb"{\rtf1{\object\objemb{\*\objdata 0105}}}", "macro RTF"),
        ("lettre.doc", rb"{\rtf1{\object\objautlink x}}", "macro RTF"),
        ("lettre.doc", b"MIME-Version: 1.0\n\nQWN0aXZlTWltZQAAAfA=", "macro ActiveMime"),
        ("lettre.xml", b'<?xml version="1.0"?><w:wordDocument w:macrosPresent="yes">', "macro WordML"),
        ("notes.one", ONENOTE + ENCLOSED + b"@echo off", "sealed OneNote"),
        ("notes", ONENOTE + ENCLOSED + b"\x89PNG" + ENCLOSED + b"x", "sealed OneNote"),
        ("facture.html", SCRIPT, "script HTML"),
        ("facture", SCRIPT, "script HTML"),
        ("facture.htm", SCRIPT.decode().encode("utf-16"), "script HTML"),
        ("facture.html", b"<body onload=a()>", "script HTML"),
        ("facture.html", b"<iframe src='https://x.test'>", "script HTML"),
        ("plan.svg", b"<svg xmlns='x'><script>a()</script></svg>", "script SVG"),
        ("plan.svgz", gzip.compress(b"<svg><script>a()</script></svg>"), "in script SVG"),
        ("lettre.doc", package(b"a.js", b"x"), "in script .js"),
        ("lettre.doc", package(b"photo.jpg", PE), "in program PE"),
        ("lettre.doc", package(b"a.exe", PE) + zipped(theme_xml=b"x"), "in program .exe"),
        ("lettre.ppt", slides(package(b"a.lnk", LNK)), "in shortcut .lnk"),
        ("lettre.ppt", slides(compound(("_VBA_PROJECT", b"x"))), "in macro VBA"),
        ("lettre.ppt", compound(("EncryptedSummary", b"x")), "sealed encrypted"),
        ("lettre.doc", compound(("WordDocument", b"\xec\xa5" + bytes(9) + b"\1" + bytes(500))), "sealed"),
        ("lettre.docx", zipped(**{"word/embeddings/o_bin": package(b"a.js", b"")}), "in script .js"),
        ("lettre.docx", described(b"application/vnd.ms-office.vbaProject"), "macro VBA"),
        ("lettre.docx", zipped(**{"word/vbaProject_bin": b"x"}), "macro VBA"),
        ("a.xlsb", zipped(**{"xl/macrosheets/sheet1_bin": b"x"}), "macro VBA"),
        ("lettre", zipped(mimetype=b"application/vnd.oasis.x", **{"Basic/x_xml": b""}), "macro ODF"),
        ("gros.zip", zipped(a_xls=WITH_CODE[:8] + bytes(3_000_000) + WITH_CODE), "in macro VBA"),
        # Mails within files.
        ("lettre.msg", outlook("facture.exe", PE), "in program .exe, in program PE"),
        ("lettre.msg", outlook("facture.js", bytes(5_000)), "in script .js"),
        ("lettre.msg", outlook("a.zip", zipped(a_exe=PE)), "in program .exe"),
        ("winmail.dat", tnef(tnef_file(b"a.exe", PE)), "in program .exe"),
        ("winmail.dat", tnef(*[tnef_file(b"a.txt", b"x")] * 120), "sealed TNEF"),
        ("lettre.eml", EXE.as_bytes(), "in program .exe"),
        ("lettre.eml", enclosing(enclosing(EXE)).as_bytes(), "in program .exe"),
        ("lettre.eml", mail_with(("a.zip", "application/zip", zipped(a_js=b""))).as_bytes(), "in script .js"),
        ("lettre.eml", winmail(tnef(tnef_file(b"a.exe", PE))), "in program .exe"),
        ("lettre.eml", b"Subject: x\n\nVoici\n" + UUE, "in program .exe"),
        ("lettre.eml", b"Content-Type: text/javascript\n\na()", "in script text/javascript"),
        ("smime.p7m", signature(EXE.as_bytes()), "in program .exe"),
        ("a.zip", zipped(lettre_eml=EXE.as_bytes()), "in program .exe"),
        # Archives.
        ("a.zip", locked(zipped(setup_exe=PE)), "in program .exe, sealed zip"),
        ("a.zip", locked(zipped(a_txt=b"x", setup_exe=PE)), "in program .exe, sealed zip"),
        ("a.zip", b"PK\7\10" + zipped(a_txt=b"x"), "sealed zip"),
        ("a.tgz", gzip.compress(tarred(a_txt=b"x")[:1024]) + gzip.compress(tarred(a_js=b"")), "in script"),
        ("a.bz2", bz2.compress(b"") + bz2.compress(PE), "in program PE"),
        ("vieux.tar", oldest(tarred(a_exe=PE)), "in program .exe"),
        ("a.TGZ", gzip.compress(tarred(a_lnk=LNK)), "in shortcut .lnk"),
        ("a.zip", zipped(lettre_docx=described(b"application/vnd.ms-excel.macrosheet+xml")), "in macro VBA"),
        ("a.zip", zipped(lettre_docx=zipped(**{"word/vbaProject_bin": bytes(2_000_000)})), "in macro VBA"),
        ("a.zip", zipped(inner_zip=b""), "in sealed zip"),
        # A picture, and an archive at its end.
        ("photo.gif", b"GIF89a" + bytes(40) + zipped(a_class=b"\xca\xfe\xba\xbe"), "in program .class"),
        ("rapport.pdf", b"%PDF-1.4\n" + zipped(a_exe=PE), "in program .exe"),
        ("facture.pdf", PE + zipped(a_txt=b"x"), "program PE, disguised .pdf"),
    ],
)  # fmt: skip
def test_what_hides_is_found(name: str, content: bytes, why: str) -> None:
    """By whichever of its sides gives it away."""
    assert said(name, content).startswith(why)
    assert bool(said(name, content)) == bool(why)


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("application/hta", "script application/hta"),
        ("application/x-msdownload", "program application/x-msdownload"),
        ("text/vbscript", "script text/vbscript"),
        ("application/vnd.ms-excel.addin.macroenabled.12", "macro application/vnd.ms-excel.addin."),
        ("message/partial", "sealed message/partial"),
        ("application/octet-stream", ""),
        ("application/pdf", ""),
    ],
)  # fmt: skip
def test_a_file_without_a_name_is_what_it_calls_itself(kind: str, why: str) -> None:
    """One with a name is what its name says: servers call any download a program."""
    assert said("", b"x", kind).startswith(why)
    assert bool(said("", b"x", kind)) == bool(why)
    assert said("rapport.pdf", b"%PDF", kind) == ""


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("rapport.docx", described(b"<Types/>")),
        ("rapport.doc", compound(("WordDocument", bytes(5_000)), ("1Table", b"x"))),
        ("classeur.xls", compound(("Workbook", bytes(5_000)))),
        ("classeur.xlsb", described(b"application/vnd.ms-excel.sheet.binary.macroEnabled.main")),
        ("lettre.doc", compound(("WordDocument", b"\xec\xa5" + bytes(5_000))) + zipped(theme_xml=b"x")),
        ("specification.rtf", rb"{\rtf1 The word \\objdata begins an object.}"),
        ("cours.ppt", slides(compound(("Workbook", bytes(5_000))))),
        ("rapport.docx", zipped(**{"word/embeddings/classeur_xlsx": zipped(a_xml=b"x")})),
        ("rapport.doc", package(b"annexe.pdf", b"%PDF-1.4")),
        ("lettre.rtf", rb"{\rtf1{\fonttbl{\f0 Arial;}}{\pict\pngblip 89}Bonjour}"),
        ("photos.zip", zipped(a_jpg=b"\xff\xd8\xff", b_jpg=b"\xff\xd8\xff")),
        ("remise.zip", zipped(lettre_docx=zipped(a_xml=b"x"), tableau_ods=zipped(a_xml=b""), page_html=PAGE)),
        ("invite.ics", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"),
        ("jean.vcf", b"BEGIN:VCARD\r\nEMAIL:jean@ecole.com\r\nEND:VCARD\r\n"),
        ("page.html", PAGE),
        ("plan.svg", b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'><path d='M0'/></svg>"),
        ("lettre.msg", outlook("annexe.pdf", b"%PDF-1.4")),
        ("lettre.eml", mail_with(("rapport.pdf", "application/pdf", b"%PDF")).as_bytes()),
        ("lettre.eml", b"Content-Type: text/html\n\n" + SCRIPT),
        ("notes.one", ONENOTE + ENCLOSED + b"\x89PNG"),
        ("winmail.dat", tnef(tnef_file(b"a.pdf", b"%PDF"))),
        ("Écran 12:30:05.png", b"\x89PNG"),
        ("Copie de v1.2 du 3. mai.pdf", b"%PDF-1.7 /OpenAction"),
        ("smime.p7s", b"0\x80"),
        ("donnees.csv", b"a;b\n1;2\n"),
        ("donnees.xml", b"<?xml version='1.0'?><a onclick='no'/>"),
        ("rapport.pdf", b"%PDF-1.4" + bytes(100) + b"PK\5\6" + bytes(18)),
        ("son.mp3", b"ID3\3"),
        ("journal.log.gz", gzip.compress(b"x") + gzip.compress(b"y") + bytes(100)),
    ],
)  # fmt: skip
def test_what_everybody_sends_goes_along(name: str, content: bytes) -> None:
    """No reason at all."""
    assert said(name, content) == ""


def test_a_name_in_several_spellings() -> None:
    """RFC 2231 in parts, and two names that differ: programs show now one and now the other."""
    content = (
        b'Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: application/pdf; name="a.exe"\n'
        b"Content-Disposition: attachment; filename*0*=utf-8''fac; filename*1=ture.pdf\n\nx\n--b\n"
        b"Content-Disposition: attachment; filename*1=xe; filename*0=facture.e\n\nx\n--b\n"
        b'Content-Disposition: attachment; filename="=?utf-8?q?facture=2Ee?= =?utf-8?q?xe?="\n\nx\n--b--\n'
    )
    files = parse_mail(content).attachments
    assert [file.filename for file in files] == ["facture.pdf", "facture.exe", "facture.exe"]
    assert [[h.what for h in file.hazards] for file in files] == [[".exe"]] * 3


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Disposition: attachment; filename=a.pdf\nContent-Disposition: attachment; filename=b.exe",
        b"Content-Type: application/pdf; name=a.pdf\nContent-Type: application/x; name=b.exe",
        b"Content-Disposition: attachment; filename=a.pdf; filename=b.exe",
        b"Content-Type: application/octet-stream; filename=b.exe\nContent-Disposition: attachment",
        b"Content-Disposition: attachment; filename=a.pdf; filename*=utf-8''b%2Eexe",
    ],
)
def test_a_name_in_an_enclosed_mail_is_every_name(head: bytes) -> None:
    """It goes along as it came, and whoever opens it has a program with an opinion of its own."""
    content = b"Content-Type: multipart/mixed; boundary=b\n\n--b\n" + head + b"\n\nx\n--b--\n"
    assert "in program .exe" in said("lettre.eml", content)


def test_a_picture_that_is_none() -> None:
    """Whatever its type says, and although it stands in the text."""
    mail = mail_with(text="x")
    mail.add_attachment(PE, "image", "png", cid="<p@x>", disposition="inline")
    (file,) = parse_mail(mail.as_bytes()).attachments
    assert [h.what for h in file.hazards] == ["PE"]


def test_an_opaque_signature_is_as_its_mail() -> None:
    """The file itself goes along with no letter, or every file in it would."""
    content = b"Content-Type: application/pkcs7-mime; name=smime.p7m\nContent-Transfer-Encoding: base64\n\n"
    files = parse_mail(content + binascii.b2a_base64(signature(EXE.as_bytes()))).attachments
    assert [(file.filename, bool(file.hazards)) for file in files] == [("a.exe", True), ("smime.p7m", True)]


def test_mails_within_mails_end_somewhere() -> None:
    """Deeper than anybody forwards they cannot be looked into."""
    deep = EXE
    for _ in range(12):
        deep = enclosing(deep)
    assert "sealed nested" in said("lettre.eml", deep.as_bytes())


def test_a_document_that_holds_itself_ends_somewhere() -> None:
    """Its sectors are chained so that one of its streams is the whole of it once more, and again."""
    head = compound(("__substg1.0_37010102", b""))[:512]
    head = head[:76] + struct.pack("<109I", 1, *[0xFFFFFFFF] * 108)
    names = ("__properties_version1.0", "__substg1.0_37010102", "__substg1.0_37010102")
    rows = [("Root Entry", 5, 0xFFFFFFFE, 0), *((name, 2, 2, 60_000) for name in names)]
    table = struct.pack("<128I", 1, 2, 0, *[0xFFFFFFFE] * 125)
    content = head + b"".join(_entry(*row) for row in rows) + table + head
    room = Room(left=1_000_000)
    assert {h.kind.value for h in read_hazards("a.msg", content, room=room)} == {"sealed"}
    assert room.left >= -600_000


def test_many_small_bombs_cost_no_more_than_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """What all the archives of a mail are unpacked to has one bound."""
    monkeypatch.setattr(archives, "MOST_IN_ALL", 100_000)
    bombs = [bz2.compress(bytes(90_000)), gzip.compress(bytes(90_000)), zipped(a_txt=bytes(90_000))]
    bombs += [gzip.compress(tarred(a_txt=bytes(90_000)))]
    room = Room(left=200_000)
    for bomb in bombs * 5:
        read_hazards("a", bomb, room=room)
    assert -100_000 <= room.left <= 0
    assert "sealed" in [h.kind.value for h in read_hazards("a", bombs[1], room=room)]


def test_a_hole_in_a_tar_is_not_filled() -> None:
    """A sparse file says that it is a terabyte."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for number in range(50):
            entry = tarfile.TarInfo(f"{number}.txt")
            entry.type = tarfile.GNUTYPE_SPARSE
            archive.addfile(entry)
    room = Room(left=1_000)
    read_hazards("a.tar", made.getvalue(), room=room)
    assert room.left >= 0


@given(st.binary(max_size=700), st.integers(0, 4), st.integers(0, 4_000))
def test_no_compound_file_makes_it_fail(noise: bytes, which: int, at: int) -> None:
    """Chains that go round, lengths that lie, and the rest of it."""
    whole = (
        outlook("a.exe", PE), package(b"a.js", b"x"), compound(class_id=MSI), compound(("x", bytes(9_000))),
        b"",
    )[which]  # fmt: skip
    broken = whole[:at] + noise + whole[at + len(noise) :]
    for content in (broken, whole[:at], whole[:512] + noise * 9):
        read_hazards("a.msg", content)
        root_class(content)
        assert sum(len(found) for _, found in streams(content, lambda name: True, 5_000)) <= 5_000


def test_the_streams_of_a_compound_file() -> None:
    """Small and large ones, byte for byte."""
    content = compound(("un", b"1" * 70), ("deux", bytes(range(256)) * 20), ("trois", b"3" * 4_095))
    assert dict(streams(content, lambda name: name != "un", 100_000)) == {
        "deux": bytes(range(256)) * 20, "trois": b"3" * 4_095,
    }  # fmt: skip
    with zipfile.ZipFile(io.BytesIO(zipped(a_msg=content))) as archive:
        assert archive.read("a.msg") == content
