"""Mail made to hurt: nothing raises, nothing takes more than linear time."""

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers import commands, identifiers, language, quotes, subject
from parsers.addresses import read_addresses
from parsers.charsets import decode_text
from parsers.headers import decode_header
from parsers.html import read_html, sanitize_html
from parsers.mail import Bound, parse_mail
from parsers.tnef import tnef_files
from tests.parsers.expectations import MAIL

HEAD = b"From: a@b.be\r\nTo: s@etnic.be\r\nSubject: x\r\nMIME-Version: 1.0\r\n"


def typed(content_type: bytes, body: bytes, encoding: bytes = b"8bit") -> bytes:
    return HEAD + b"Content-Type: %b\r\nContent-Transfer-Encoding: %b\r\n\r\n%b" % (
        content_type,
        encoding,
        body,
    )


def nested(levels: int) -> bytes:
    return HEAD + b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(levels)
    )


HOSTILE = {
    "nested parts": nested(10_000),
    "header fields": HEAD + b"".join(b"X-%d: y\r\n" % n for n in range(100_000)) + b"\r\nhi",
    "parts": typed(b"multipart/mixed; boundary=b", b"--b\r\n\r\nx\r\n" * 100_000),
    "brackets in To": HEAD + b"To: " + b"(" * 1_000_000 + b"\r\n\r\nhi",
    "recipients": HEAD + b"To: " + b", ".join(b"u%d@x.be" % n for n in range(100_000)) + b"\r\n\r\nhi",
    "encoded words": b"Subject: " + b"=?utf-8?q?a?= " * 70_000 + b"\r\n\r\nhi",
    "half encoded words": b"Subject: " + b"=?a?q?" * 10_000 + b"\r\n\r\nhi",
    "parameters": HEAD + b"Content-Type: text/plain" + b"; a=b" * 100_000 + b"\r\n\r\nhi",
    "sections": HEAD + b"Content-Type: text/plain" + b"; a*1=b" * 100_000 + b"\r\n\r\nhi",
    "nested divs": typed(b"text/html", b"<div>" * 100_000 + b"hi"),
    "formatting": typed(b"text/html", b"<b><p>" * 50_000 + b"hi"),
    "attributes": typed(b"text/html", b"<div " + b" ".join(b"a%d=b" % n for n in range(60_000)) + b">x"),
    "angle brackets": typed(b"text/html", b"<" * 400_000),
    "newlines": typed(b"text/plain", b"\n" * 1_000_000),
    "attributions": typed(b"text/plain", b"On " * 10_000),
    "attribution lines": typed(b"text/plain", b"On Mon 2025 10:12 a@b.c wrote:\n" * 30_000),
    "quoted lines": typed(b"text/plain", b"> x\n" * 200_000),
    "labels": typed(b"text/plain", b"De : a@b.c\nDate : 2025\nA : b\n" * 20_000),
    "signatures": typed(b"text/plain", b"-- \n" * 200_000),
    "separators": typed(b"text/plain", b"##-" * 200_000),
    "uuencoded": typed(b"text/plain", b"begin 644 a\nend\n" * 40_000),
    "flowed": typed(b"text/plain; format=flowed", b"> a \n" * 100_000),
    "references": HEAD + b"References: " + b"<a@b> " * 100_000 + b"\r\n\r\nhi",
    "carriage returns": b"\r" * 500_000 + b"\n\n",
    "no line end": b"a" * 1_000_000,
    "zeros": b"\0" * 500_000,
    "bounce": b"From: MAILER-DAEMON@x.be\r\nSubject: Undelivered\r\n\r\n" + b"a@b.c could not " * 30_000,
    "notice of lines": b"From: postmaster@x.be\r\nSubject: Undelivered\r\n\r\n"
    + (b"-" * 200 + b"\n") * 5_000,
    "notice of codes": b"From: MAILER-DAEMON@x.be\r\nSubject: x\r\n\r\n" + b"5.1." * 250_000,
    "formula": HEAD + b"\r\n" + b"Your message " * 70_000,
    "attachment": typed(b"application/pdf", (b"QUJD" * 19 + b"\r\n") * 200_000, b"base64"),
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_hostile_mail_is_read_in_time(content: bytes) -> None:
    start = time.process_time()
    mail = parse_mail(content)
    assert mail.digest
    assert len(mail.headers) <= 1_000
    assert time.process_time() - start < 2.0


BEYOND = {
    "nested parts": ("multipart nested deeper than 50 levels", Bound.DEPTH),
    "parts": ("more than 1000 parts", Bound.PARTS),
    "header fields": ("more than 1000 header fields", Bound.HEADER),
    "encoded words": ("header field longer than 65536 bytes", Bound.HEADER),
    "many recipients": ("1000 addresses or more in a field", Bound.ADDRESSES),
    "nested divs": ("HTML too intricate, read as text only", Bound.HTML),
    "a large header": ("header block larger than 1048576 bytes", Bound.HEADER),
    "long HTML": ("more than 1000000 characters of HTML", Bound.HTML),
    "long text": ("more than 2000000 characters of text", Bound.TEXT),
}
LONG = {
    "many recipients": HEAD + b"Cc: " + b", ".join(b"u%d@x.be" % n for n in range(3_000)) + b"\r\n\r\nhi",
    "a large header": HEAD + b"X: y\r\n" * 200_000,
    "long HTML": typed(b"text/html", b"<p>Bonjour</p>\n" * 70_000),
    "long text": typed(b"text/plain", b"Bonjour\n" * 260_000),
}


@pytest.mark.parametrize("name", BEYOND)
def test_a_cap_is_named_in_the_defects(name: str) -> None:
    defect, bound = BEYOND[name]
    mail = parse_mail({**HOSTILE, **LONG}[name])
    assert defect in mail.defects
    assert mail.unread[defect] is bound


def test_what_is_merely_broken_was_read_whole() -> None:
    mail = parse_mail(b"From: a@b.be\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nBonjour")
    assert mail.defects == ("multipart without its end",)
    assert not mail.unread


def test_html_beside_its_text_may_be_cut() -> None:
    html = b"<p>Bonjour</p>" * 80_000
    parts = b"".join(
        b"--b\r\nContent-Type: %b\r\n\r\n%b\r\n" % p for p in ((b"text/plain", b"Oui"), (b"text/html", html))
    )
    assert not parse_mail(typed(b"multipart/alternative; boundary=b", parts + b"--b--")).unread


@given(st.binary(max_size=2_000))
def test_any_bytes_give_a_mail(content: bytes) -> None:
    parse_mail(content)


_PIECES = st.sampled_from(
    [
        b"From: ", b"To: ", b"Subject: ", b"Date: ", b"Content-Type: ", b"multipart/mixed; boundary=b",
        b"text/html", b"<", b"\r\n", b"\n", b"\r\n\r\n", b"--b\r\n", b"--b--", b"=?utf-8?q?=C3=A9?=",
        b"=?", b"?=", b"a@b.be", b"<a@b.be>", b",", b"(", b")", b'"', b";", b"charset=utf-7", b"+AOk-",
        b"\xe9", b"\xc3\xa9", b"\x00", b"message/delivery-status", b"Final-Recipient: rfc822;a@b.be",
        b"> ", b"Le 3 nov. 2025 \xc3\xa0 10:12, X a \xc3\xa9crit :", b"De : ", b"-- ",
        b"<blockquote type=cite>", b"<div id=divRplyFwdMsg>", b"filename*0*=utf-8''%C3", b"begin 644 x\n",
        b"end", b"References: ",
    ]
)  # fmt: skip


@settings(max_examples=300)
@given(st.lists(_PIECES, max_size=60).map(b"".join))
def test_broken_pieces_of_mail_give_a_mail(content: bytes) -> None:
    parse_mail(content)


@given(st.text(max_size=400))
def test_every_reading_of_text_is_total(text: str) -> None:
    quotes.reply_text(text, text[:40])
    commands.parse_commands(text)
    subject.base_subject(text)
    subject.ticket_numbers(text, "ETNIC")
    identifiers.identifiers(text)
    read_addresses(text)
    language.detect_language(text, text[:3])
    read_html(text)
    sanitize_html(text)


@given(st.binary(max_size=200), st.text(max_size=20))
def test_every_reading_of_bytes_gives_text_without_surrogates(content: bytes, charset: str) -> None:
    decode_text(content, charset).encode()
    tnef_files(b"\x78\x9f\x3e\x22" + content)
    decode_header(content).encode()


def test_mutated_mail_gives_a_mail() -> None:
    chance = random.Random(20251103)
    mails = [path.read_bytes() for path in sorted(MAIL.glob("*/*.eml"))]
    for _ in range(1_500):
        content = bytearray(chance.choice(mails))
        for _ in range(chance.randint(1, 8)):
            at = chance.randrange(len(content) + 1)
            match chance.randrange(4):
                case 0:
                    del content[at : at + chance.randint(1, 60)]
                case 1:
                    content[at:at] = chance.randbytes(chance.randint(1, 6))
                case 2:
                    content[at:at] = content[chance.randrange(len(content) + 1) :][:80]
                case _:
                    content[at : at + 1] = chance.choice(
                        [b"\n", b"\r", b'"', b"=", b"<", b"--", b"\0", b"\xff"]
                    )
        parse_mail(bytes(content))
