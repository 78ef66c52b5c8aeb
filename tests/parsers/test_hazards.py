"""What of a file could do harm: every rule has a file that it catches, and one that it must not."""

import bz2
import gzip
import io
import lzma
import random
import tarfile
import zipfile
from email.message import EmailMessage

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from parsers import archives, hazards
from parsers.hazards import HazardKind, read_hazards
from parsers.mail import parse_mail

PE = b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff" + bytes(80) + b"PE\0\0"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500)
WITH_CODE = OLE + "_VBA_PROJECT".encode("utf-16-le") + bytes(60)
LNK = b"L\0\0\0\x01\x14\x02\0" + bytes(80)
ISO = bytes(0x8001) + b"CD001" + bytes(100)


def zipped(method: int = zipfile.ZIP_DEFLATED, /, **members: bytes) -> bytes:
    """A ZIP; ``a_exe`` is called a.exe."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("_", "."), content)
    return made.getvalue()


def tarred(**members: bytes) -> bytes:
    """A tar."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name.replace("_", "."))
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return made.getvalue()


def locked(content: bytes) -> bytes:
    """The same ZIP with the flag that says that it is encrypted."""
    flagged = bytearray(content)
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        flagged[content.index(mark) + at] |= 1
    return bytes(flagged)


def found(name: str, content: bytes, content_type: str = "") -> list[str]:
    """The kinds, and what is inside in brackets."""
    return [
        f"({h.kind.value})" if h.inside else h.kind.value for h in read_hazards(name, content, content_type)
    ]


@pytest.mark.parametrize(
    ("name", "content", "kinds"),
    [
        ("setup.exe", b"", ["program"]),
        ("SETUP.EXE", PE, ["program"]),
        ("setup.exe. ", PE, ["program"]),
        ("setup", PE, ["program"]),
        ("setup.bin", b"\x7fELF\x02\x01", ["program"]),
        ("photo.scr", b"", ["program"]),
        ("aide.chm", b"ITSF\x03", ["program"]),
        ("a.ps1", b"Get-Date", ["script"]),
        ("a.js", b"", ["script"]),
        ("nettoyer", b"#!/bin/sh\nrm x", ["script"]),
        ("a.lnk", LNK, ["shortcut"]),
        ("a", LNK, ["shortcut"]),
        ("site.url", b"[InternetShortcut]", ["shortcut"]),
        ("budget.xlsm", b"", ["macro"]),
        ("budget.xls", WITH_CODE, ["macro"]),
        ("budget.xls", OLE, []),
        ("disque.iso", ISO, ["image"]),
        ("disque", ISO, ["image"]),
        ("disque.img", b"", ["image"]),
        ("a", bytes(600) + b"koly" + bytes(508), ["image"]),
        ("a.rar", b"Rar!\x1a\x07\x01", ["sealed"]),
        ("a.7z", b"7z\xbc\xaf\x27\x1c", ["sealed"]),
        # Names that lie.
        ("facture.pdf.exe", PE, ["program", "disguised"]),
        ("facture.pdf            .exe", PE, ["program", "disguised"]),
        ("fact\u202eexe.pdf", b"%PDF", ["disguised"]),
        ("facture.pdf", PE, ["program", "disguised"]),
        ("rapport.docx", LNK, ["shortcut", "disguised"]),
        # What harms nobody.
        ("", b"", []),
        ("rapport.pdf", b"%PDF-1.4", []),
        ("vue.png", b"\x89PNG\r\n\x1a\n", []),
        ("lisez-moi.txt", b"MZ is what a program begins with, and this is a text that says so: hello!", []),
        ("version.1.2.txt", b"x", []),
        ("notes.tar.txt", b"x", []),
        ("invite.ics", b"BEGIN:VCALENDAR", []),
        ("\u05e9\u05dc\u05d5\u05dd\u200f.pdf", b"%PDF", []),
    ],
)
def test_a_file_by_its_name_and_its_first_bytes(name: str, content: bytes, kinds: list[str]) -> None:
    """In the order in which a person would say it."""
    assert found(name, content) == kinds


@pytest.mark.parametrize(
    ("name", "content", "kinds"),
    [
        ("a.zip", zipped(a_txt=b"x", setup_exe=PE), ["(program)"]),
        ("a.zip", zipped(facture_pdf=PE), ["(program)", "(disguised)"]),
        ("a.zip", zipped(a_txt=b"x", rapport_docx=zipped(word_xml=b"x")), []),
        ("a.zip", zipped(inner_zip=zipped(setup_exe=PE)), ["(sealed)"]),
        ("a.zip", zipped(inner=zipped(setup_exe=PE)), ["(sealed)"]),
        ("a.zip", zipped(budget_xls=WITH_CODE), ["(macro)"]),
        ("a.zip", locked(zipped(a_txt=b"x")), ["sealed"]),
        ("a.zip", zipped(zipfile.ZIP_LZMA, a_txt=b"x"), ["sealed"]),
        ("a.zip", zipped(a_txt=b"x")[:-30], ["sealed"]),
        ("a.zip", zipped(**{f"n{n}_txt": b"" for n in range(2_001)}), ["sealed"]),
        ("photo.jpg", b"\xff\xd8\xff" + bytes(100) + zipped(setup_exe=PE), ["(program)"]),
        ("vieux.doc", OLE + zipped(a_xml=b"x")[40:], []),
        ("rapport.docx", zipped(**{"word/document_xml": b"<x/>"}), []),
        ("rapport.docx", zipped(**{"word/vbaProject_bin": WITH_CODE}), ["(macro)", "macro"]),
        ("rapport.docx", zipped(**{"word/any_bin": WITH_CODE}), ["(macro)"]),
        ("lettre.odt", zipped(**{"Basic/script-lc_xml": b"<x/>"}), ["macro"]),
        ("lettre.zip", zipped(**{"Basic/script-lc_xml": b"<x/>"}), []),
        ("vide.zip", zipped(), []),
        ("a.tar", tarred(a_txt=b"x", run_sh=b"echo"), ["(script)"]),
        ("a.tar.gz", gzip.compress(tarred(setup_exe=PE)), ["(program)"]),
        ("a.tgz", gzip.compress(tarred(a_txt=b"x")), []),
        ("journal.log.gz", gzip.compress(b"x" * 5_000), []),
        ("setup.exe.gz", gzip.compress(b"x"), ["(program)"]),
        ("journal.bz2", bz2.compress(PE), ["(program)"]),
        ("journal.xz", lzma.compress(LNK), ["(shortcut)"]),
        ("bombe.gz", gzip.compress(bytes(17_000_000), 1), ["sealed"]),
        ("casse.gz", b"\x1f\x8b\x08" + bytes(40), ["sealed"]),
        ("casse.tar", bytes(257) + b"ustar" + bytes(300), ["sealed"]),
    ],
)
def test_an_archive_by_what_is_in_it(name: str, content: bytes, kinds: list[str]) -> None:
    """One level deep; what cannot be looked into says so."""
    assert found(name, content) == kinds


def test_a_large_archive_costs_no_more_than_its_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is beyond them is known by its name alone."""
    monkeypatch.setattr(archives, "MOST_IN_ALL", 1_000)
    content = zipped(a_txt=bytes(2_000_000), b_bin=PE, c_exe=b"")
    assert [(h.kind, h.what) for h in read_hazards("a.zip", content)] == [(HazardKind.PROGRAM, ".exe")]


def test_what_a_hazard_says_names_nobody() -> None:
    """An ending or a form: no name that a sender gave."""
    said = read_hazards("jean.pdf.exe", PE) + read_hazards("a.zip", zipped(jean_dupont_exe=PE))
    assert [h.what for h in said] == [".exe", ".pdf.exe", ".exe"]


def test_every_file_of_a_mail_is_looked_at() -> None:
    """Also those of a mail within it, by the name that its sender gave and no safer one."""
    inner = EmailMessage()
    inner.set_content("x")
    inner.add_attachment(zipped(a_exe=PE), "application", "zip", filename="a.zip")
    mail = EmailMessage()
    mail.set_content("Voyez.")
    mail.add_attachment(b"%PDF", "application", "pdf", filename="fact\u202eexe.pdf")
    mail.add_attachment(b"%PDF", "application", "pdf", filename="facture.pdf")
    mail.add_attachment(inner)
    files = parse_mail(mail.as_bytes()).attachments
    kinds = [[(h.kind.value, h.inside) for h in file.hazards] for file in files]
    assert kinds == [[("disguised", False)], [], [("program", True)]]


@given(st.binary(max_size=600), st.text(max_size=40), st.integers(0, 3))
@example(b"PK\x05\x06" + bytes(18), "a.zip", 0)
@example(b"\xfd7zXZ\0\0\x04", "a.xz", 0)
def test_no_file_makes_it_fail(content: bytes, name: str, how: int) -> None:
    """Whatever bytes, alone or as a damaged archive."""
    whole = (content, zipped(a_txt=content), gzip.compress(tarred(a_txt=content)), tarred(a_exe=content))[how]
    damaged = bytearray(whole)
    for at in random.Random(len(name)).sample(range(len(damaged)), min(4, len(damaged))):
        damaged[at] ^= 0x41
    for one in (whole, bytes(damaged)):
        assert len(read_hazards(name, one)) <= hazards.MOST_HAZARDS
