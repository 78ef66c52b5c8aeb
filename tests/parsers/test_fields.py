"""Single fields: identifiers, addresses, encoded words, parameters, charsets."""

import pytest

from parsers.addresses import Address, bare_addresses, read_addresses, split_subaddress
from parsers.attachments import safe_filename
from parsers.charsets import charset_name, decode_text
from parsers.headers import content_type, decode_base64, decode_header, disposition
from parsers.identifiers import identifiers, message_identifier
from parsers.mail import parse_mail


@pytest.mark.parametrize(
    ("field", "found"),
    [
        ("<a@x>", ("a@x",)),
        ("<a@x><b@x>\t<a@x>", ("a@x", "b@x")),
        ("<a@x> <b\n @x>", ("a@x", "b@x")),
        ("a@x b@x", ("a@x", "b@x")),
        ("Your mail of Monday <a@x>", ("a@x",)),
        ("<no-at-sign>", ("no-at-sign",)),
        ("nothing", ()),
        ("", ()),
        ("<>", ()),
    ],
)
def test_identifiers(field: str, found: tuple[str, ...]) -> None:
    assert identifiers(field) == found


def test_identifiers_that_a_program_encoded() -> None:
    """RFC 2047 forbids encoded words in these fields; a program that folds a long id writes them."""
    field = "<a@x> =?utf-8?q?=3Cn123=2Eabc=2E?= =?utf-8?q?def=40desk=2Eexample=3E?="
    assert identifiers(field) == ("a@x", "n123.abc.def@desk.example")


def test_too_many_identifiers_keep_the_newest() -> None:
    found = identifiers(" ".join(f"<{n}@x>" for n in range(1_000)))
    assert len(found) == 500
    assert found[-1] == "999@x"


def test_message_identifier_may_be_a_bare_word() -> None:
    assert message_identifier("N77056c0a550a010202b5c") == "N77056c0a550a010202b5c"
    assert message_identifier("two words") == ""


@pytest.mark.parametrize(
    ("field", "found"),
    [
        ("MAILER-DAEMON (Mail Delivery System)", (Address("Mail Delivery System", "MAILER-DAEMON"),)),
        ("Renee Lefevre renee@x.be", (Address("Renee Lefevre", "renee@x.be"),)),
        ('"boss@x.be" <renee@x.be>', (Address("boss@x.be", "renee@x.be"),)),
        ("a@x.be, b@x.be", (Address("", "a@x.be"), Address("", "b@x.be"))),
        ("[??????]", ()),
        ("", ()),
    ],
)
def test_addresses_by_pattern(field: str, found: tuple[Address, ...]) -> None:
    assert read_addresses(field) == found


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("support+t42@etnic.be", ("support@etnic.be", "t42")),
        ("support+a+b@etnic.be", ("support@etnic.be", "a+b")),
        ("support@etnic.be", ("support@etnic.be", "")),
        ("+x@etnic.be", ("+x@etnic.be", "")),
    ],
)
def test_subaddress(address: str, parts: tuple[str, str]) -> None:
    assert split_subaddress(address) == parts


def test_bare_addresses_are_found_in_trace_fields() -> None:
    assert bare_addresses("<a@x.be> (real) b@x.be") == ("a@x.be", "b@x.be")


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"=?utf-8?Q?caf=C3?= =?utf-8?Q?=A9?=", "café"),
        (b"=?utf-8?Q?a?= b =?utf-8?Q?c?=", "a b c"),
        (b"=?utf-8?Q?Comment_=C3=A7a_va_??=", "Comment ça va ?"),
        (b"=?iso-8859-1?Q?5=80?=", "5€"),
        ("Problème €".encode(), "Problème €"),
        (b"Probl\xe8me", "Problème"),
        (b"one\r\n two\r\n\tthree", "one two three"),
        (b"=?nonsense", "=?nonsense"),
        (b"a\0b", "ab"),
    ],
)
def test_encoded_words(raw: bytes, text: str) -> None:
    assert decode_header(raw) == text


@pytest.mark.parametrize(
    ("raw", "kind", "parameters"),
    [
        (b"text/plain; charset=utf-8", "text/plain", {"charset": "utf-8"}),
        (b"text/plain charset=utf-8", "text/plain", {"charset": "utf-8"}),
        (b'TEXT/HTML; Charset="ISO-8859-1"; x', "text/html", {"charset": "ISO-8859-1"}),
        (b'multipart/mixed; boundary="a;b"', "multipart/mixed", {"boundary": "a;b"}),
        (b"text", "", {}),
        (b"", "", {}),
    ],
)
def test_content_type(raw: bytes, kind: str, parameters: dict[str, str]) -> None:
    assert content_type(raw) == (kind, parameters)


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (b"attachment; filename=mon fichier.pdf", "mon fichier.pdf"),
        (b"attachment; filename*=utf-8''r%C3%A9seau.pdf; filename=x.pdf", "réseau.pdf"),
        (b"attachment; filename*1=deux.pdf; filename*0=un-", "un-deux.pdf"),
        (b"attachment; filename*0*=utf-8''Probl%C3; filename*1*=%A8me.pdf", "Problème.pdf"),
        (b'attachment; filename="C:\\temp\\a.pdf"', "C:\\temp\\a.pdf"),
        (b'attachment; filename="r\xe9seau.pdf"', "réseau.pdf"),
    ],
)
def test_file_names(raw: bytes, name: str) -> None:
    assert disposition(raw)[1]["filename"] == name


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\a\\b.pdf", "b.pdf"),
        ("a\r\nb.pdf", "a_b.pdf"),
        ("a<b>.pdf", "a_b_.pdf"),
        ("..", ""),
        ("exe\u202efdp.pdf", "exe_fdp.pdf"),
        ("x" * 400 + ".pdf", "x" * 196 + ".pdf"),
    ],
)
def test_safe_names(name: str, safe: str) -> None:
    assert safe_filename(name) == safe


@pytest.mark.parametrize(
    ("content", "declared", "text"),
    [
        (b"\x93x\x94", "iso-8859-1", "“x”"),
        ("é".encode(), "iso-8859-1", "é"),
        ("é".encode(), "us-ascii", "é"),
        (b"\xe9", "utf-8", "é"),
        (b"\xe9", "", "é"),
        (b"+AOk-", "utf-7", "é"),
        (b"\xef\xbb\xbfx", "", "x"),
        (b"x", "base64", "x"),
        (b"x", "no-such-charset", "x"),
    ],
)
def test_charset_ladder(content: bytes, declared: str, text: str) -> None:
    assert decode_text(content, declared) == text


def test_codecs_that_are_no_charset_are_refused() -> None:
    assert [charset_name(name) for name in ("rot13", "idna", "hex", "undefined")] == [""] * 4


def test_loose_base64() -> None:
    assert decode_base64(b"Qm9uam91cg") == b"Bonjour"
    assert decode_base64(b"Qm9u!!am91\r\n***cg==") == b"Bonjour"
    assert decode_base64(b"Q") == b""


def test_the_fields_of_a_whole_mail() -> None:
    mail = parse_mail(
        b"From: R <r@x.be>\nFrom: S <s@x.be>\nTo: a@x.be\nTo: b@x.be\nCc: c@x.be\nReply-To: d@x.be\n"
        b"Delivered-To: support@etnic.be\nX-Original-To: support+t1@etnic.be\nReturn-Path: <r@x.be>\n"
        b"Authentication-Results: mx; dmarc=pass\nAuthentication-Results: old; dmarc=fail\n"
        b"Message-ID: <1@x>\n"
        b"List-Unsubscribe: <mailto:u@x>\nPrecedence: List\n"
        b"X-Spam-Flag: YES\n"
        b"Date: Mon, 3 Nov 2025 10:12:00 +0100\n\nx"
    )
    assert mail.sender == Address("R", "r@x.be")
    assert [one.address for one in (*mail.to, *mail.cc, *mail.reply_to)] == [
        "a@x.be",
        "b@x.be",
        "c@x.be",
        "d@x.be",
    ]
    assert mail.delivered_to == ("support@etnic.be", "support+t1@etnic.be")
    assert mail.return_path == "r@x.be"
    assert mail.authentication_results == ("mx; dmarc=pass", "old; dmarc=fail")
    assert (mail.list_unsubscribe, mail.precedence, mail.spam) == (True, "list", ("x-spam-flag",))
    assert mail.date is not None
    assert mail.date.isoformat() == "2025-11-03T09:12:00+00:00"
    assert mail.header("message-ID") == "<1@x>"
    assert mail.headers[0] == ("From", "R <r@x.be>")


def test_the_digest_is_of_what_survives_transport() -> None:
    mail = b"From: a@x.be\r\nSubject: x\r\n\r\nbody\r\n"
    same = b"Received: by y\nDelivered-To: b@x.be\nReturn-Path: <>\nFrom: a@x.be\nSubject: x\n\nbody\n\n\n"
    assert parse_mail(mail).digest == parse_mail(same).digest
    assert parse_mail(mail).digest != parse_mail(mail.replace(b"body", b"Body")).digest
    assert parse_mail(mail).digest != parse_mail(mail.replace(b"Subject: x", b"Subject: y")).digest
