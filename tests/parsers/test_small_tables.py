"""The small pure functions between the bytes and the text, each with its table."""

import pytest

from parsers.blocks import read_fields
from parsers.body import find_layout, is_body_text, plain_text, without_controls
from parsers.charsets import decode_header_bytes
from parsers.headers import raw_text, unfold
from parsers.html import MAX_HTML, guarded
from parsers.markup import MAX_NESTING, is_costly
from parsers.mime import Part, read_tree
from parsers.transfer import decode_transfer


def part(head: str, body: str = "x") -> Part:
    """A mail of one part."""
    root, _ = read_tree(f"{head}\r\n\r\n{body}".encode())
    return root


@pytest.mark.parametrize(
    ("value", "unfolded"),
    [
        (b"one", b"one"),
        (b" one\r\n two\r\n\tthree\r\n", b"one two three"),
        (b"one\n two", b"one two"),
        (b"one\r two", b"one two"),
        (b"\r\n", b""),
    ],
)
def test_unfolding(value: bytes, unfolded: bytes) -> None:
    assert unfold(value) == unfolded


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"plain", "plain"),
        ("é".encode(), "é"),
        (b"Probl\xe8me \x80", "Problème €"),
        (b"\x81", "\x81"),
        (b"", ""),
    ],
)
def test_header_bytes_that_no_encoded_word_explains(value: bytes, text: str) -> None:
    assert decode_header_bytes(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b" a@x.be,\r\n b@x.be", "a@x.be, b@x.be"),
        (b"=?utf-8?q?=C3=A9?= <a@x.be>", "=?utf-8?q?=C3=A9?= <a@x.be>"),
        (b"R\xe9 <a@x.be>", "Ré <a@x.be>"),
    ],
)
def test_a_structured_field_keeps_its_encoded_words(value: bytes, text: str) -> None:
    assert raw_text(value) == text


@pytest.mark.parametrize(
    ("raw", "encoding", "content"),
    [
        (b"a=\r\n", b"", b"a=\r\n"),
        (b"a=3D", b" Quoted-Printable ", b"a="),
        (b"a=\r\nb", b"quoted-printable", b"ab"),
        (b"w6k=", b"BASE64", "é".encode()),
        (b"w6k", b"base64", "é".encode()),
        (b"begin 644 x\n#86)C\n`\nend\n", b"x-uuencode", b"abc"),
        (b"no uuencode", b"uuencode", b"no uuencode"),
        (b"a=3D", b"x-unheard-of", b"a=3D"),
        (b"a", b"8bit", b"a"),
    ],
)
def test_transfer_encodings(raw: bytes, encoding: bytes, content: bytes) -> None:
    assert decode_transfer(raw, encoding) == content


def test_a_footer_in_clear_is_no_base64_of_a_text() -> None:
    raw = b"Qm9uam91cg==\r\n_______________\r\nListe de l'ecole"
    assert decode_transfer(raw, b"base64", is_text=True) == b"Bonjour"


@pytest.mark.parametrize(
    ("content", "names", "body"),
    [
        (b"A: 1\r\nB: 2\r\n\r\nx", ["A", "B"], b"x"),
        (b"A: 1\nB: 2\n\nx", ["A", "B"], b"x"),
        (b"A: 1\r\n folded\r\n\r\nx", ["A"], b"x"),
        (b"\r\nx", [], b"x"),
        (b"A: 1", ["A"], b""),
        (b"A: 1\r\nbroken line\r\nSubject: 2\r\n\r\nx", ["A", "Subject"], b"x"),
        (b"A: 1\r\nBonjour\r\nB: 2\r\n\r\nx", ["A"], b"Bonjour\r\nB: 2\r\n\r\nx"),
        (b"From jean Mon Nov 3\r\nSubject: 2\r\n\r\nx", ["Subject"], b"x"),
    ],
)
def test_the_header_block(content: bytes, names: list[str], body: bytes) -> None:
    fields, at = read_fields(content, 0, len(content), [])
    assert [name for name, _ in fields.items] == names
    assert content[at:] == body


@pytest.mark.parametrize(
    ("head", "text"),
    [
        ("Content-Type: text/plain", True),
        ("Content-Type: text/html\r\nContent-Disposition: inline", True),
        ("Content-Type: text/plain; name=a.txt", False),
        ("Content-Type: text/plain; name=a.txt\r\nContent-Disposition: inline", True),
        ("Content-Type: text/plain\r\nContent-Disposition: attachment", False),
        ("Content-Type: text/plain\r\nContent-Disposition: inline; filename=a.txt", False),
        ("Content-Type: application/pdf", False),
        ("Content-Type: message/rfc822", False),
    ],
)
def test_what_is_read_and_what_is_a_file(head: str, text: bool) -> None:
    assert is_body_text(part(head)) is text


PLAIN, HTML, PDF, NAMED = (
    "Content-Type: text/plain", "Content-Type: text/html", "Content-Type: application/pdf",
    "Content-Type: text/plain; name=a.txt",
)  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "parts", "plain", "html", "files"),
    [
        ("mixed", [PLAIN, PDF], 1, 0, 1),
        ("mixed", [PLAIN, HTML], 1, 1, 0),
        ("mixed", [PDF], 0, 0, 1),
        ("mixed", [NAMED], 1, 0, 0),
        ("mixed", [PLAIN, NAMED], 1, 0, 1),
        ("alternative", [PLAIN, HTML], 1, 1, 0),
        ("alternative", [PLAIN, HTML, HTML], 1, 1, 0),
        ("alternative", [HTML], 0, 1, 0),
        ("related", [HTML, "Content-Type: image/png\r\nContent-ID: <i>"], 0, 1, 1),
        ("encrypted", ["Content-Type: application/pgp-encrypted", PDF], 0, 0, 2),
    ],
)
def test_the_layout_of_a_mail(kind: str, parts: list[str], plain: int, html: int, files: int) -> None:
    body = "".join(f"--b\r\n{each}\r\n\r\nx\r\n" for each in parts) + "--b--"
    found = find_layout(part(f"Content-Type: multipart/{kind}; boundary=b", body))
    assert sum(len(segment.plain) for segment in found.segments) == plain
    assert sum(len(segment.html) for segment in found.segments) == html
    assert len(found.attachments) == files


@pytest.mark.parametrize(
    ("head", "body", "text"),
    [
        (PLAIN, "a\r\nb\rc", "a\nb\nc"),
        (f"{PLAIN}; format=flowed", "a \r\nb", "a b"),
        (f"{PLAIN}; format=flowed; delsp=yes", "a \r\nb", "ab"),
        (PLAIN, "a\0\x07b\tc", "ab\tc"),
        (f"{PLAIN}; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable", "=E9=80", "é€"),
    ],
)
def test_the_text_of_a_plain_part(head: str, body: str, text: str) -> None:
    assert plain_text(part(head, body)) == text


@pytest.mark.parametrize(
    ("text", "clean"), [("é\n\t x", "é\n\t x"), ("a\0b\x1b[31m\x7f", "ab[31m"), ("", "")]
)
def test_control_characters_go(text: str, clean: str) -> None:
    assert without_controls(text) == clean


@pytest.mark.parametrize(
    ("source", "safe"),
    [("<p>é</p>", "<p>é</p>"), ("a\0b", "ab"), ("a\ud800b", "a?b"), ("x" * (MAX_HTML + 9), "x" * MAX_HTML)],
)
def test_html_is_guarded_before_the_libraries_see_it(source: str, safe: str) -> None:
    assert guarded(source) == safe


@pytest.mark.parametrize(
    ("source", "costly"),
    [
        ("<p>a</p>", False),
        ("<div>" * (MAX_NESTING - 5), False),
        ("<div>" * (MAX_NESTING + 5), True),
        ("<div></div>" * MAX_NESTING, False),
        ("<br>" * (MAX_NESTING + 5), False),
        ("</div>" * MAX_NESTING + "<div>" * 7, False),
    ],
)
def test_nesting_is_judged_without_a_parser(source: str, *, costly: bool) -> None:
    assert is_costly(source) == costly
