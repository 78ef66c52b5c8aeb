"""Finished mail, read back by the standard library's parser: nothing lost, nothing smuggled in."""

import email
import email.policy
import re
from email.header import decode_header, make_header
from email.utils import parseaddr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maild import assembly, compose
from maild.assembly import File
from parsers.addresses import Address
from tests.maild.correspondence import (
    ANA,
    FIXED,
    LANGUAGES,
    LETTERS,
    PAPER,
    PICTURE,
    REPORT,
    hostile,
    notification,
    post,
    read,
    receipt,
    relay,
    texts,
)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", LETTERS)
def test_the_text_of_a_letter_is_read_back(kind: str, language: str) -> None:
    """What an answer to it may quote: the plain part, as any other program reads it."""
    letter = LETTERS[kind](language)
    plain = texts(letter)[0].replace("\r\n", "\n")
    assert assembly.text_of(letter.content).strip() == plain.strip()
    assert assembly.text_of(b"From: ana@example.org\r\n\r\nBonjour") == ""


def test_receipt_threads_under_the_mail_it_answers() -> None:
    """RFC 5322 3.6.4: the parent's References, then the parent; the last twenty, none twice."""
    mail = read(receipt(parent_id="p@x", parent_references=("a@x", "b@x", "p@x")))
    assert mail["In-Reply-To"] == "<p@x>"
    assert mail["References"].split() == ["<a@x>", "<b@x>", "<p@x>"]
    many = read(receipt(parent_id="p@x", parent_references=tuple(f"{n}@x" for n in range(40))))
    assert many["References"].split() == [*(f"<{n}@x>" for n in range(21, 40)), "<p@x>"]
    alone = read(receipt())
    assert alone["In-Reply-To"] is None
    assert alone["References"] is None


def test_reply_to_carries_the_token_address() -> None:
    """Where the desk uses plus-addresses, replies come back to one."""
    assert read(receipt(reply_to="support+tok@etnic.be"))["Reply-To"] == (
        "Service Desk ETNIC <support+tok@etnic.be>"
    )


@settings(deadline=None, max_examples=100)
@given(hostile, hostile, hostile, hostile, hostile)
def test_no_value_of_a_mail_adds_a_header(
    subject: str, name: str, address: str, ident: str, token: str
) -> None:
    """Whatever a stranger sends stays inside its own header, on lines that every server takes."""
    letter = receipt(
        subject=subject,
        to=Address(name=name, address=address),
        message_id=ident,
        parent_id=ident,
        parent_references=(ident, token),
        signature=token,
        reply_to=address,
    )
    mail = email.message_from_bytes(letter.content, policy=email.policy.compat32)
    optional = {"In-Reply-To", "References", "Reply-To"}
    assert [key for key in mail.keys() if key not in optional] == FIXED  # noqa: SIM118
    assert set(mail.keys()) <= {*FIXED, *optional}
    assert len(mail.keys()) == len(set(mail.keys()))
    assert [part.get_content_type() for part in mail.walk()][1:] == ["text/plain", "text/html"]
    assert b"\n" not in letter.content.replace(b"\r\n", b"")
    assert b"\r" not in letter.content.replace(b"\r\n", b"")
    assert max(map(len, letter.content.split(b"\r\n"))) <= 998
    for value in (letter.subject, letter.recipient, letter.message_id):
        assert value.isprintable() or not re.search(r"[\x00-\x1f\x7f\u2028\u2029]", value)


@settings(deadline=None, max_examples=100)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp", "Cf"]), max_size=150))
def test_a_subject_comes_back_whole(subject: str) -> None:
    """RFC 2047 both ways, up to the white space at its ends; no encoded line is over 76 characters."""
    letter = compose.trouble(PAPER, headline=subject, **post())
    mail = read(letter)
    assert mail["Subject"] == letter.subject
    assert re.sub(" +", " ", subject).strip(" ") in letter.subject
    assert max(map(len, letter.content.split(b"\r\n\r\n")[0].split(b"\r\n"))) <= 76


@settings(deadline=None, max_examples=100)
@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Z", "Cf"], include_characters=" "), max_size=99)
)
def test_a_name_comes_back_whole(name: str) -> None:
    """Commas, quotes, backslashes and accents in a display name stay a name (RFC 5322 3.4)."""
    letter = receipt(to=Address(name=name, address="ana@example.org"))
    raw = email.message_from_bytes(letter.content, policy=email.policy.compat32)["To"]
    # The modern parser of 3.11 leaves the white space between two encoded-words of a name standing.
    shown, address = parseaddr("".join(raw.splitlines()))
    assert address == "ana@example.org"
    assert str(make_header(decode_header(shown))) == re.sub(" +", " ", name).strip(" ")


@settings(deadline=None, max_examples=100)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=400))
def test_the_text_of_a_mail_comes_back_whole(text: str) -> None:
    """Quoted-printable both ways, whatever the characters; lines of at most 76 (RFC 2045 6.7)."""
    letter = notification(text=text)
    plain = texts(letter)[0].replace("\r\n", "\n")
    wanted = re.sub("\r\n?", "\n", text).strip()
    assert re.sub("\r\n?", "\n", text.strip()) in plain or wanted in plain
    assert max(map(len, letter.content.split(b"\r\n"))) <= 76


def test_addresses_outside_ascii() -> None:
    """A domain goes out in IDNA; a local part that ASCII cannot write is left for SMTPUTF8 (RFC 6531)."""
    assert receipt(to=Address(name="", address="ana@bücher.example")).recipient == "ana@xn--bcher-kva.example"
    assert receipt(to=Address(name="", address="jürgen@example.org")).recipient == "jürgen@example.org"


# --- recipients ---------------------------------------------------------------------------------------------


def test_a_relay_shows_all_and_goes_to_one() -> None:
    """One letter a recipient; each shows the requester and the watchers."""
    watchers = tuple(Address(name=f"Zoé, n° {n}", address=f"z{n}@example.org") for n in range(60))
    letter = relay(cc=watchers, recipient=watchers[1])
    mail = read(letter)
    assert letter.recipient == "z1@example.org"
    assert mail["To"] == "Ana Lejeune <ana.lejeune@example.org>"
    assert [each.addr_spec for each in mail["Cc"].addresses] == [f"z{n}@example.org" for n in range(50)]
    assert mail["Cc"].addresses[3].display_name == "Zoé, n° 3"
    assert read(relay(cc=()))["Cc"] is None
    assert max(map(len, letter.content.split(b"\r\n"))) <= 76


def test_an_address_that_only_some_servers_take_is_shown_to_its_owner_alone() -> None:
    """A server without SMTPUTF8 would refuse the letter to everybody (RFC 6531)."""
    jurgen = Address(name="Jürgen", address="jürgen@example.org")
    letter = relay(to=jurgen, cc=(jurgen, ANA), recipient=ANA)
    assert letter.content.isascii()
    assert read(letter)["To"] == "undisclosed-recipients:;"
    assert read(letter)["Cc"] == "Ana Lejeune <ana.lejeune@example.org>"
    assert "jürgen@example.org".encode() in relay(to=jurgen).content


# --- files --------------------------------------------------------------------------------------------------

MAIL = b"From: a@b.be\nSubject: Vu\nContent-Type: text/plain\n\nBonjour\n"


def attached(letter: assembly.Letter) -> list[email.message.EmailMessage]:
    """The files of a letter, as another program finds them."""
    return [part for part in read(letter).walk() if part.get_content_disposition()]


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=400), hostile, hostile)
def test_a_file_comes_back_whole(content: bytes, name: str, kind: str) -> None:
    """Every byte of it, whatever its name and type; the type it says it has only where that is one."""
    (part,) = attached(relay(files=(File(filename=name, content_type=kind, content=content),)))
    assert part.get_payload(decode=True) == content
    assert part.get_content_type() == "application/octet-stream"
    assert set(part.keys()) == {"Content-Type", "Content-Transfer-Encoding", "Content-Disposition"}
    shown = part.get_filename()
    assert shown
    assert not re.search(r'[/\\:*?"<>|\x00-\x1f\x7f\u2028\u202e]', shown)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("rapport.pdf", "rapport.pdf"),
        ("Rapport d’été \U0001f600.pdf", "Rapport d’été \U0001f600.pdf"),
        ("../../etc/passwd", "_.._etc_passwd.pdf"),
        ('a"; filename="b.exe', "a_; filename=_b.exe"),
        ("a\r\nBcc: x@y.be", "a Bcc_ x@y.be"),
        ("é" * 300 + ".docx", "é" * 115 + ".docx"),
        ("a" * 300 + ".docx", "a" * 115 + ".docx"),
        ("rapport\u202efdp.exe", "rapport fdp.exe"),
        ("100 %.pdf", "100 %.pdf"),
        ("", "file.pdf"),
        ("\xa0", "file.pdf"),
        ("\xa0.\u3000rapport.pdf\xa0", "rapport.pdf"),
    ],
)
def test_the_name_of_a_file(name: str, expected: str) -> None:
    """RFC 2231, in lines of at most 76; beside it a name in ASCII for programs that do not know it."""
    letter = relay(files=(File(filename=name, content_type="application/pdf", content=b"x"),))
    (part,) = attached(letter)
    assert part.get_filename() == expected
    assert part["Content-Type"].params["name"].isascii()
    assert part["Content-Type"].params["name"].rpartition(".")[2] == expected.rpartition(".")[2]
    assert part.get_content_type() == "application/pdf"
    assert max(map(len, letter.content.split(b"\r\n"))) <= 76


def test_a_text_file_says_its_charset_where_it_is_known() -> None:
    """Without one it would be shown as ASCII."""
    for content, charset in (("é".encode(), "utf-8"), (b"\xe9", None)):
        (part,) = attached(relay(files=(File(filename="a.csv", content_type="text/csv", content=content),)))
        assert (part.get_content_type(), part.get_content_charset()) == ("text/csv", charset)


@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
def test_a_mail_that_is_attached_is_not_encoded(newline: bytes) -> None:
    """RFC 2046 5.2.1; even a letter of ours, whose boundaries are like those of the letter around it."""
    inner = relay(files=(REPORT,), message_id="other@etnic.be").content
    for content in (MAIL.replace(b"\n", newline), inner):
        letter = relay(
            files=(File(filename="vu.eml", content_type="message/rfc822", content=content), REPORT)
        )
        mail, file = attached(letter)[0], attached(letter)[-1]
        assert mail.get_content_type() == "message/rfc822"
        assert mail["Content-Transfer-Encoding"] == "7bit"
        assert content.replace(b"\r\n", b"\n").rstrip() in letter.content.replace(b"\r\n", b"\n")
        assert file.get_payload(decode=True) == REPORT.content
        assert assembly.text_of(letter.content).startswith("Le toner est remplacé.")


@pytest.mark.parametrize(
    "content", [MAIL + "é".encode(), MAIL + b"\0", MAIL + b"a\rb", MAIL + b"a" * 999, b"\xff\xfe"]
)
def test_a_mail_that_plain_ascii_cannot_carry_is_a_file(content: bytes) -> None:
    """No server is asked for 8BITMIME; the bytes are kept, and programs open it by its ending."""
    (part,) = attached(relay(files=(File(filename="vu", content_type="message/rfc822", content=content),)))
    assert part.get_content_type() == "application/octet-stream"
    assert part.get_filename() == "vu.eml"
    assert part.get_payload(decode=True) == content


@pytest.mark.parametrize(
    "kind", ["multipart/mixed", "message/partial", "text", "text/a/b", "", "TEXT/PLAIN; x=y"]
)
def test_a_type_that_a_file_cannot_have_is_left_out(kind: str) -> None:
    """It would be read as parts, or not at all."""
    (part,) = attached(relay(files=(File(filename="a.bin", content_type=kind, content=b"--x\r\n"),)))
    assert part.get_content_type() == "application/octet-stream"


def test_a_picture_stands_where_the_page_shows_it() -> None:
    """RFC 2387; one that the page does not show is a file like any other."""
    shown = relay(html='<p><img src="cid:a@b"></p>', files=(PICTURE,))
    assert [part.get_content_type() for part in read(shown).walk()] == [
        "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png",
    ]  # fmt: skip
    (part,) = attached(shown)
    assert (part["Content-ID"], part.get_content_disposition()) == ("<a@b>", "inline")
    (part,) = attached(relay(files=(PICTURE,)))
    assert part.get_content_disposition() == "attachment"
    assert read(relay(files=(PICTURE,))).get_content_type() == "multipart/mixed"
