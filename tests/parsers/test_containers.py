"""What lies inside a part of a mail: winmail.dat, opaque signatures, uuencoded files."""

import binascii
import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.mail import parse_mail
from parsers.rtf import rtf_text, unpacked_rtf
from parsers.smime import signed_content
from parsers.tnef import read_tnef
from parsers.uuencode import uuencoded, without_files
from tests.parsers.letters import many, one, part

IMESSAGE = bytes.fromhex("0703020000000000c000000000000046")


def attribute(level: int, tag: int, value: bytes) -> bytes:
    return struct.pack("<BII", level, tag, len(value)) + value + struct.pack("<H", sum(value) & 0xFFFF)


def prop(kind: int, tag: int, value: bytes, name: bytes = b"") -> bytes:
    """A MAPI property of variable length, a named one when it has a name."""
    label = bytes(16) + struct.pack("<II", 1, len(name)) + name + bytes(-len(name) % 4) if name else b""
    head = struct.pack("<HH", kind, tag) + label
    if kind in (0x03, 0x0B):
        return head + value
    return head + struct.pack("<II", 1, len(value)) + value + bytes(-len(value) % 4)


def props(*each: bytes) -> bytes:
    return struct.pack("<I", len(each)) + b"".join(each)


def tnef(*attributes: bytes) -> bytes:
    code_page = attribute(1, 0x69007, struct.pack("<II", 1252, 0))
    return b"\x78\x9f\x3e\x22\x01\x00" + code_page + b"".join(attributes)


def file(title: bytes, data: bytes | None, *properties: bytes) -> bytes:
    parts = [attribute(2, 0x69002, bytes(14)), attribute(2, 0x18010, title + b"\0")]
    parts += [attribute(2, 0x6800F, data)] if data is not None else []
    return b"".join(parts) + (attribute(2, 0x69005, props(*properties)) if properties else b"")


def text16(text: str) -> bytes:
    return text.encode("utf-16-le") + b"\0\0"


def winmail(stream: bytes, text: bytes = b"") -> bytes:
    envelope = part(
        b"application/ms-tnef; name=winmail.dat",
        binascii.b2a_base64(stream),
        b"Content-Transfer-Encoding: base64",
    )
    return many(b"mixed", part(b"text/plain", text), envelope)


NOTE = prop(0x03, 0x8001, bytes(4), "Naïve".encode("utf-16-le"))


@pytest.mark.parametrize(
    ("stream", "files"),
    [
        (tnef(file(b"A.TXT", b"un")), [("A.TXT", b"un")]),
        (tnef(file(b"RAPPOR~1.PDF", b"x", prop(0x1F, 0x3707, text16("Été.pdf")))), [("Été.pdf", b"x")]),
        (tnef(file(b"R.PDF", b"%PDF", prop(0x1E, 0x3707, b"r\xe9seau.pdf\0"))), [("réseau.pdf", b"%PDF")]),
        (tnef(file(b"", b"x", prop(0x1E, 0x3704, b"SHORT.TXT\0"))), [("SHORT.TXT", b"x")]),
        (tnef(file(b"", b"x", prop(0x1E, 0x3001, b"Shown.txt\0"))), [("Shown.txt", b"x")]),
        (tnef(file(b"D", None, prop(0x102, 0x3701, b"inside"))), [("D", b"inside")]),
        (tnef(file(b"D.DOC", None, prop(0x0D, 0x3701, bytes(16) + b"ole"))), [("D.DOC", b"ole")]),
        (tnef(file(b"A", b"x", NOTE, prop(0x1E, 0x3707, b"behind.txt\0"))), [("behind.txt", b"x")]),
        (tnef(file(b"A", b"x"), file(b"B", b"y")), [("A", b"x"), ("B", b"y")]),
        (
            tnef(file(b"M", b"no", prop(0x0D, 0x3701, IMESSAGE + tnef(file(b"IN.TXT", b"in"))))),
            [("M", tnef(file(b"IN.TXT", b"in"))), ("IN.TXT", b"in")],
        ),
        (tnef(file(b"A.TXT", b"un"))[:-2], [("A.TXT", b"un")]),
        (tnef(), []),
        (b"no tnef", []),
    ],
)  # fmt: skip
def test_the_files_of_a_winmail(stream: bytes, files: list[tuple[str, bytes]]) -> None:
    assert list(read_tnef(stream).files) == files
    named = [(one.filename, one.content) for one in parse_mail(winmail(stream)).attachments]
    assert named == (files or [("winmail.dat", stream)])


STORED = bytes(4) + b"\x20\0\0\0MELA" + bytes(4)  # RTF that was not packed


def body(*properties: bytes) -> bytes:
    return tnef(attribute(1, 0x69003, props(*properties)))


@pytest.mark.parametrize(
    ("stream", "text"),
    [
        (body(prop(0x1F, 0x1000, text16("Bonjour é"))), "Bonjour é"),
        (body(prop(0x1E, 0x1000, b"Bonjour \xe9\0")), "Bonjour é"),
        (body(prop(0x102, 0x1013, b"<html><body><p>Bonjour \xe9</p></body></html>")), "Bonjour é"),
        (tnef(attribute(1, 0x2800C, b"Bonjour \xe9\0")), "Bonjour é"),
        (tnef(attribute(1, 0x2800C, b"Bonjour\r\nmonde\0")), "Bonjour\nmonde"),
        (body(prop(0x102, 0x1009, STORED + rb"{\rtf1 Bonjour \'e9}")), "Bonjour é"),
    ],
)  # fmt: skip
def test_the_body_of_a_mail_that_has_no_other(stream: bytes, text: str) -> None:
    mail = parse_mail(winmail(stream))
    assert (mail.text, mail.reply_text) == (text, text)
    assert parse_mail(winmail(stream, b"Autre texte")).text == "Autre texte"


# The example of [MS-OXRTFCP] 3.1.1 and 3.2.1.
PACKED = bytes.fromhex(
    "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
)


def test_packed_rtf() -> None:
    assert unpacked_rtf(PACKED) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    assert rtf_text(unpacked_rtf(PACKED)) == "hello world"
    assert unpacked_rtf(b"") == b""


@pytest.mark.parametrize(
    ("rtf", "text"),
    [
        (rb"{\rtf1{\fonttbl{\f0 Arial;}}Bonjour\par monde}", "Bonjour\nmonde"),
        (rb"{\rtf1{\*\generator x;}a{\b b}c}", "abc"),
        (rb"{\rtf1 \u233?t\u233\'e9}", "été"),
        (rb"{\rtf1\uc0 \u8364 5}", "€5"),
        (rb"{\rtf1 a\{b\}c\\d}", "a{b}c\\d"),
        (rb"{\rtf1{\*\htmltag64 <p>}\htmlrtf {\htmlrtf0 a\htmlrtf\par}\htmlrtf0{\*\htmltag72 </p>}}", "a"),
        (rb"{\rtf1 \u55357?\u56832?}", "\U0001f600"),
        (rb"{\rtf1 \u55357?}", "\ufffd"),
        (rb"}}}{{{", ""),
    ],
)  # fmt: skip
def test_the_text_of_rtf(rtf: bytes, text: str) -> None:
    assert rtf_text(rtf) == text


def ber(tag: int, *values: bytes, indefinite: bool = False) -> bytes:
    value = b"".join(values)
    if indefinite:
        return bytes([tag, 0x80]) + value + b"\0\0"
    size = len(value).to_bytes(3)
    return bytes([tag]) + (bytes([len(value)]) if len(value) < 128 else b"\x83" + size) + value


def signature(entity: bytes, *, kind: str = "2a864886f70d010702", streamed: bool = False) -> bytes:
    """The outside of a SignedData, as Outlook (in one piece) and others (in several) write it."""
    content = ber(0x04, entity)
    if streamed:
        content = ber(
            0x24, *(ber(0x04, entity[at : at + 20]) for at in range(0, len(entity), 20)), indefinite=True
        )
    inner = ber(
        0x30,
        ber(0x06, bytes.fromhex("2a864886f70d010701")),
        ber(0xA0, content, indefinite=streamed),
        indefinite=streamed,
    )
    signed = ber(0x30, ber(0x02, b"\x01"), ber(0x31), inner, ber(0x31), indefinite=streamed)
    return ber(
        0x30, ber(0x06, bytes.fromhex(kind)), ber(0xA0, signed, indefinite=streamed), indefinite=streamed
    )


ENTITY = (
    b"Content-Type: text/plain; charset=utf-8\r\n\r\nBonjour \xc3\xa9, ceci est sign\xc3\xa9." + b" x" * 90
)


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    "kind", [b"application/pkcs7-mime; smime-type=signed-data", b"application/x-pkcs7-mime"]
)
def test_an_opaque_signature_is_read(kind: bytes, streamed: bool) -> None:
    der = signature(ENTITY, streamed=streamed)
    mail = parse_mail(one(kind + b"; name=smime.p7m", binascii.b2a_base64(der), b"base64"))
    assert mail.text.startswith("Bonjour é, ceci est signé.")
    assert [(file.filename, file.content) for file in mail.attachments] == [("smime.p7m", der)]


def test_an_opaque_signature_may_hold_a_whole_tree() -> None:
    entity = many(b"mixed", part(b"text/plain", b"Bonjour"), part(b"application/pdf; name=a.pdf", b"%PDF"))
    mail = parse_mail(one(b"application/pkcs7-mime", binascii.b2a_base64(signature(entity)), b"base64"))
    assert mail.text == "Bonjour"
    assert [file.filename for file in mail.attachments] == ["a.pdf", ""]


@pytest.mark.parametrize(
    "der",
    [
        signature(ENTITY, kind="2a864886f70d010703"),
        signature(ENTITY)[:30],
        b"",
        b"\x30",
        b"\x30\x80" * 99,
        b"hello",
    ],
)
def test_what_is_no_signature_stays_a_file(der: bytes) -> None:
    assert signed_content(der) == b""
    mail = parse_mail(one(b"application/pkcs7-mime; name=smime.p7m", binascii.b2a_base64(der), b"base64"))
    assert (mail.text, [file.content for file in mail.attachments]) == ("", [der])


@given(st.binary(max_size=300))
def test_no_bytes_are_too_broken_to_be_opened(content: bytes) -> None:
    read_tnef(b"\x78\x9f\x3e\x22\x01\x00" + content)
    rtf_text(content).encode()
    unpacked_rtf(PACKED[:16] + content)
    signed_content(content)
    uuencoded(b"begin 644 a\n" + content)


def test_containers_that_were_changed_on_their_way_are_read_all_the_same() -> None:
    chance = random.Random(20251103)
    whole = [
        tnef(file(b"A", b"x", NOTE, prop(0x1F, 0x3707, text16("été")))), body(prop(0x102, 0x1009, PACKED)),
        signature(ENTITY), signature(ENTITY, streamed=True),
    ]  # fmt: skip
    for _ in range(600):
        content = bytearray(chance.choice(whole))
        for _ in range(chance.randint(1, 6)):
            content[chance.randrange(len(content))] = chance.choice(
                (0, 1, 127, 128, 255, chance.randrange(256))
            )
        read_tnef(bytes(content))
        signed_content(bytes(content))


def uu(name: bytes, content: bytes, end: bytes = b"`\nend\n") -> bytes:
    lines = b"".join(binascii.b2a_uu(content[at : at + 45]) for at in range(0, len(content), 45))
    return b"begin 644 %b\n%b%b" % (name, lines, end)


@pytest.mark.parametrize(
    ("text", "rest", "files"),
    [
        (b"a\n" + uu(b"x.txt", b"hello") + b"b", "a\nb", [("x.txt", b"hello")]),
        (uu(b"x.txt", b"hello"), "\n", [("x.txt", b"hello")]),
        (b"a\n" + uu(b"x", b"hello") + uu(b"y", b"world"), "a\n", [("x", b"hello"), ("y", b"world")]),
        (b"a\n" + uu(b"x", b"z" * 100, b""), "a\n", [("x", b"z" * 100)]),
        (b"a\n" + uu(b"x", b"z" * 100, b"") + b"and then words", "a\nand then words", [("x", b"z" * 100)]),
        (b"a\n" + uu(b"", b"hello"), "a\n", [("", b"hello")]),
        (b"begin 644 pages\nof prose\nend", "begin 644 pages\nof prose\nend", []),
        (b"begin with this", "begin with this", []),
        (b"a\nbegin 644 x", "a\nbegin 644 x", []),
    ],
)
def test_uuencoded_files_leave_the_text(text: bytes, rest: str, files: list[tuple[str, bytes]]) -> None:
    left, found = without_files(text.decode())
    assert (left.strip("\n"), [(file.name, file.content) for file in found]) == (rest.strip("\n"), files)
