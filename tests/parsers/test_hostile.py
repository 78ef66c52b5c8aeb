"""Mail made to hurt: nothing raises, nothing takes more than linear time."""

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers import commands, identifiers, language, quotes, subject
from parsers.addresses import read_addresses
from parsers.charsets import decode_text
from parsers.headers import decode_header
from parsers.html import read_html, sanitize_html
from parsers.mail import BOUNDS, parse_mail
from parsers.tnef import read_tnef
from tests.parsers.hostile import MAILS, typed


@pytest.fixture(scope="module")
def readings() -> dict[str, dict[str, Any]]:
    """What came of each hostile mail: nothing, where it used more than it may."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.parsers.hostile"], capture_output=True, check=False, text=True
    )
    return {each["name"]: each for each in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize("name", MAILS)
def test_a_hostile_mail_is_read_within_its_limits(name: str, readings: dict[str, dict[str, Any]]) -> None:
    """The guard is what the operating system lets the child use: a test that looks at no clock."""
    assert name in readings, "needed more processor or memory than any mail may"
    reading = readings[name]
    assert reading["digest"]
    assert reading["headers"] <= 1_000
    defect = MAILS[name].defect
    assert defect in reading["defects"] if defect else set(reading["defects"]).isdisjoint(BOUNDS)


CAPPED = {each.defect: name for name, each in MAILS.items() if each.defect}


@pytest.mark.parametrize("defect", BOUNDS)
def test_a_cap_says_what_was_not_read(defect: str) -> None:
    mail = parse_mail(MAILS[CAPPED[defect]].content())
    assert mail.unread[defect] is BOUNDS[defect]


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
    read_tnef(b"\x78\x9f\x3e\x22" + content)
    decode_header(content).encode()
