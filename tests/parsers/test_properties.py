"""What holds for every mail: nothing is lost or invented, and transport changes nothing that is said."""

import base64
import binascii
import hashlib
import json
import random
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.mail import ParsedMail, parse_mail
from tests.parsers.expectations import MAIL
from tests.parsers.letters import HEAD

WORDS = st.lists(
    st.sampled_from("un deux trois été à l’école Problème réseau 12 € ß ñ".split()), min_size=1, max_size=6
)
CHARSETS = st.sampled_from(["utf-8", "utf-16", "utf-7", "gb18030"])
NAMES = st.text("abc déà-_.()12", min_size=1, max_size=12).map(lambda name: f"x{name.strip(' .')}.pdf")


@dataclass(frozen=True)
class Node:
    """A part, what it says, and the file that it is."""

    source: bytes
    words: tuple[str, ...] = ()
    files: tuple[tuple[str, bytes], ...] = ()


def encoded(content: bytes, encoding: str) -> bytes:
    if encoding == "base64":
        return base64.encodebytes(content).replace(b"\n", b"\r\n")
    return binascii.b2a_qp(content, istext=False).replace(b"\n", b"\r\n")


@st.composite
def texts(draw: st.DrawFn) -> Node:
    words, charset = draw(WORDS), draw(CHARSETS)
    encoding = draw(st.sampled_from(["base64", "quoted-printable"]))
    head = f"Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return Node(head.encode() + encoded(" ".join(words).encode(charset), encoding), tuple(words))


@st.composite
def files(draw: st.DrawFn) -> Node:
    name, content = draw(NAMES), draw(st.binary(max_size=120))
    encoding = draw(st.sampled_from(["base64", "quoted-printable"]))
    written = draw(st.sampled_from(["rfc2231", "rfc2047", "raw"]))
    spelled = {
        "rfc2231": "filename*=utf-8''" + "".join(f"%{byte:02X}" for byte in name.encode()),
        "rfc2047": f'filename="=?utf-8?B?{base64.b64encode(name.encode()).decode()}?="',
        "raw": f'filename="{name}"',
    }[written]
    head = (
        f"Content-Type: application/pdf\r\nContent-Disposition: attachment; {spelled}\r\n"
        f"Content-Transfer-Encoding: {encoding}\r\n\r\n"
    )
    return Node(head.encode() + encoded(content, encoding), files=((name, content),))


def mixed(children: list[Node]) -> Node:
    inside = b"".join(child.source for child in children)
    boundary = b"=_" + hashlib.sha256(inside).hexdigest()[:30].encode()  # none inside another is the same
    lines = b"".join(b"--%b\r\n%b\r\n" % (boundary, child.source) for child in children)
    return Node(
        b'Content-Type: multipart/mixed; boundary="%b"\r\n\r\n%b--%b--\r\n' % (boundary, lines, boundary),
        tuple(word for child in children for word in child.words),
        tuple(file for child in children for file in child.files),
    )


TREES = st.recursive(
    st.one_of(texts(), files()),
    lambda inner: st.lists(inner, min_size=1, max_size=4).map(mixed),
    max_leaves=8,
)


@given(TREES)
def test_every_word_is_read_and_every_file_is_kept(node: Node) -> None:
    mail = parse_mail(HEAD + node.source)
    assert tuple(mail.text.split()) == node.words
    assert tuple((file.filename, file.content) for file in mail.attachments) == node.files


@given(TREES, st.sampled_from([b"\n", b"\r"]))
def test_line_ends_change_nothing_that_is_said(node: Node, newline: bytes) -> None:
    content = HEAD + node.source
    mail, other = parse_mail(content), parse_mail(content.replace(b"\r\n", newline))
    assert (other.text, other.attachments, other.subject) == (mail.text, mail.attachments, mail.subject)
    assert newline == b"\r" or other.digest == mail.digest


ADDED = [
    b"Received: from a by b; x",
    b"Return-Path: <q@x.be>",
    b"Delivered-To: s@etnic.be",
    b"X-Spam-Score: 0",
]


@given(TREES, st.lists(st.sampled_from(ADDED), max_size=6))
def test_what_servers_add_changes_no_digest(node: Node, added: list[bytes]) -> None:
    content = HEAD + node.source
    assert (
        parse_mail(b"".join(line + b"\r\n" for line in added) + content).digest == parse_mail(content).digest
    )


@given(TREES, TREES)
def test_mails_that_say_something_else_have_other_digests(one: Node, other: Node) -> None:
    digests = {parse_mail(HEAD + node.source).digest for node in (one, other)}
    assert (len(digests) == 1) == (one.source.rstrip() == other.source.rstrip())


LINES = st.sampled_from(
    [
        "Bonjour,", "Voici ma question.", "", "> cité", ">> plus vieux", "-- ", "Renée", "Merci",
        "On Monday I wrote:", "Le 3 nov. 2025 à 10:12, X <x@y.be> a écrit :", "De : X", "Envoyé : lundi",
        "Objet : y", "-----Message d'origine-----",
    ]
)  # fmt: skip


@given(st.lists(LINES, max_size=25), st.sampled_from(["Re: x", "TR: x", "x"]))
def test_the_new_text_is_made_of_the_lines_of_the_text(lines: list[str], subject: str) -> None:
    body = "\r\n".join(lines)
    mail = parse_mail(f"Subject: {subject}\r\nIn-Reply-To: <a@b>\r\n\r\n{body}".encode())
    left = iter(line.rstrip() for line in mail.text.split("\n"))
    assert all(line.rstrip() in left for line in mail.reply_text.split("\n"))


def check(mail: ParsedMail) -> None:
    """What the rest of the house takes for granted."""
    said = [
        mail.text,
        mail.reply_text,
        mail.html,
        mail.subject,
        *(part for pair in mail.headers for part in pair),
    ]
    json.dumps(said, ensure_ascii=False).encode()
    assert not re.search(r"[\x00-\x08\x0e-\x1f\x7f]", mail.text + mail.reply_text + mail.subject)
    assert "\n" not in mail.subject
    for file in mail.attachments:
        assert file.sha256 == hashlib.sha256(file.content).hexdigest()
        assert file.size == len(file.content)
        assert not re.search(r"[/\\\x00-\x1f]", file.filename)
    for one in (*mail.to, *mail.cc, *mail.reply_to, *([mail.sender] if mail.sender else [])):
        assert one.address
        assert "\n" not in one.name + one.address
    assert mail.date is None or mail.date.utcoffset() is not None


def mutated(chance: random.Random, mails: list[bytes]) -> bytes:
    """A mail after some accidents: bytes turned over, lost, doubled, or of another mail."""
    content = bytearray(chance.choice(mails)[:60_000])
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(content) + 1)
        match chance.randrange(7):
            case 0:
                del content[at : at + chance.randint(1, 60)]
            case 1:
                content[at:at] = chance.randbytes(chance.randint(1, 6))
            case 2:
                content[at:at] = chance.choice(mails)[: chance.randrange(4_000)][-300:]
            case 3:
                content[at : at + 1] = chance.choice(
                    [b"\n", b"\r", b'"', b"=", b"<", b"--", b"\0", b"\xff", b"=?"]
                )
            case 4:
                del content[at:]
            case 5:
                lines = content.split(b"\n", 12)
                chance.shuffle(lines[:12])
                content = bytearray(b"\n".join(lines))
            case _:
                for place in (chance.randrange(len(content) or 1) for _ in range(9)):
                    content[place : place + 1] = bytes(
                        [(content[place : place + 1] or b"\0")[0] ^ 1 << chance.randrange(8)]
                    )
    return bytes(content)


@pytest.mark.parametrize("seed", range(5))
def test_mails_that_had_accidents_are_read(seed: int) -> None:
    chance = random.Random(seed)
    paths = sorted(MAIL.glob("*/*.eml")) + sorted(_other_mails())
    mails = [path.read_bytes() for path in paths]
    for _ in range(300):
        content = mutated(chance, mails)
        mail = parse_mail(content)
        check(mail)
        assert mail == parse_mail(content)


def _other_mails() -> list[Path]:
    """Other projects' mails, where they lie beside this one."""
    corpus = Path(__file__).resolve().parents[3] / "shared" / "corpus"
    folders = [corpus / name for name in ("mimekit", "mime4j", "ruby-mail", "flanker", "stalwart-malformed")]
    return [
        path for folder in folders for path in folder.glob("*.*") if path.suffix in (".eml", ".msg", ".txt")
    ]


def test_every_mail_of_ours_is_as_the_house_expects() -> None:
    for path in sorted(MAIL.glob("*/*.eml")):
        check(parse_mail(path.read_bytes()))
