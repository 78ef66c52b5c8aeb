"""Header blocks and Content-Type fields as broken programs write them."""

import pytest

from parsers.mail import parse_mail
from tests.parsers.letters import one

# The mail, its subject, its text.
BLOCKS: list[tuple[bytes, str, str]] = [
    (b"Subject : a\r\nTo: b@x.be\r\n\r\nc", "a", "c"),
    (b"subject:a\r\n\r\nc", "a", "c"),
    (b"SUBJECT: a\r\n\r\nc", "a", "c"),
    (b"Subject:\r\n a\r\n\r\nc", "a", "c"),
    (b"Subject:\ta\r\n\r\nc", "a", "c"),
    (b"\xef\xbb\xbfFrom: q@x.be\r\nSubject: a\r\n\r\nc", "a", "c"),
    (b"\n\nc", "", "\nc"),
    (b"\r\n\r\nc", "", "\nc"),
    (b"\r\nSubject: a\r\n\r\nc", "a", "c"),
    (b"Subject: a", "a", ""),
    (b"Subject: a\r\n", "a", ""),
    (b"Subject: a\r\n\r\n", "a", ""),
    (b"From q@x.be Mon Nov  3 10:12:00 2025\r\nSubject: a\r\n\r\nc", "a", "c"),
    (b">From q@x.be Mon\nSubject: a\n\nc", "a", "c"),
    (b"Subject: a\n>From q@x.be Mon\nTo: b@x.be\n\nc", "a", "c"),
    (b"Received: x\nFrom q@x.be Mon\nSubject: a\n\nc", "a", "c"),
    (b"X-Long: " + b"y" * 150000 + b"\r\nSubject: a\r\n\r\nc", "a", "c"),
    (b"Received: " + b"y " * 60000 + b"\r\nSubject: a\r\n\r\nc", "a", "c"),
    (b"Subject: a\r\n \r\nTo: b@x.be\r\n\r\nc", "a", "c"),
    (b"Subject: a\r\n \r\nBonjour,\r\nc", "a", "Bonjour,\nc"),
    (b"Subject: a\r\n\t\r\n\r\nc", "a", "c"),
    (b"Subject: a\r\n \r\n b\r\n\r\nc", "a b", "c"),
    (b"Subject: a\rb\r\nTo: q@x.be\r\n\r\nc", "a b", "c"),
    (b"Subject: a\nTo: q@x.be\r\n\r\nc", "a", "c"),
    (b"Subject: a\r\nTo: q@x.be\n\nc", "a", "c"),
    (b"Subject: a\r\r\nTo: q@x.be\r\r\n\r\r\nc\r\r\nd", "a", "c\nd"),
    (b"Subject: a\rTo: q@x.be\r\rc", "a", "c"),
    (b"Subject: a\r\nbroken line here\r\nTo: q@x.be\r\n\r\nc", "a", "c"),
    (b"Subject: a\r\n:novalue\r\nTo: q@x.be\r\n\r\nc", "a", "c"),
    (b"Subject: a\r\nInval\xe9d: b\r\nX-Y: c\r\n\r\nc", "a", "c"),
    (b"Subject: a\r\nX Y: b\r\nTo: c@x.be\r\n\r\nc", "a", "c"),
    (b"Subject: a\r\nTo\r\n\r\nc", "a", "To\n\nc"),
    (
        b"Subject: a\r\nTo: q@x.be\r\nBonjour, voici\r\nmon message: important\r\n\r\nsuite",
        "a",
        "Bonjour, voici\nmon message: important\n\nsuite",
    ),
    (b"Subject:a\r\nX-Empty:\r\nX-Empty2: \r\n\r\nc", "a", "c"),
    (b"Subject: \r\nSubject: a\r\n\r\nc", "a", "c"),
    (b"Subject: a\r\nsubject: b\r\n\r\nc", "a", "c"),
    (b"Bonjour,\r\n\r\nceci est un corps", "", "Bonjour,\n\nceci est un corps"),
    (b"", "", ""),
    (b"\0\0\0", "", ""),
    (b"\r\n", "", ""),
    (b"Bonjour: ceci\r\n\r\nest", "", "est"),
    (b"HTTP/1.1 200 OK\r\nSubject: a\r\n\r\nc", "a", "c"),
    (b"220 hello\r\nSubject: a\r\n\r\nc", "a", "c"),
    (b"--=_x\r\nSubject: a\r\n\r\nc", "a", "c"),
    (b"  Subject: a\r\n\r\nc", "a", "c"),
    (b" Received: x\r\nSubject: a\r\n\r\nc", "a", "c"),
    (b"Subject: a\0b\r\n\r\nc", "ab", "c"),
    (b"\0Subject: a\r\n\r\nc", "a", "c"),
    (
        (
            b"From: q@x.be\r\nTo: s@x.be\r\nSubject: a\r\nContent-Type: text/plain; charset=utf-8\r\n"
            b"Bonjour Madame, ceci est: un test\r\nau revoir\r\n"
        ),
        "a",
        "Bonjour Madame, ceci est: un test\nau revoir\n",
    ),
]

# All of them say ISO-8859-15, where the byte A4 is the euro sign.
TYPES = [
    b"text/plain; charset=iso-8859-15",
    b'text/plain; charset="iso-8859-15"',
    b"text/plain; charset='iso-8859-15'",
    b"text/plain; charset=iso-8859-15;",
    b"text/plain;; charset=iso-8859-15",
    b"text/plain;charset=iso-8859-15",
    b"text/plain charset=iso-8859-15",
    b"text/plain, charset=iso-8859-15",
    b"text/plain; charset: iso-8859-15",
    b'text/plain; charset="iso-8859-15',
    b"text/plain; charset=iso-8859-15,",
    b"text/plain (comment); charset=iso-8859-15",
    b"text/plain; (comment) charset=iso-8859-15",
    b"text/plain; charset=iso-8859-15 (Western)",
    b"text / plain; charset = iso-8859-15",
    b'"text/plain"; charset=iso-8859-15',
    b"text; charset=iso-8859-15",
    b"text/; charset=iso-8859-15",
    b"/plain; charset=iso-8859-15",
    b"plain; charset=iso-8859-15",
    b"; charset=iso-8859-15",
    b"charset=iso-8859-15",
    b"text/plain; Charset=ISO-8859-15",
    b"TEXT/PLAIN; CHARSET=iso-8859-15",
    b"text/plain;\r\n\tcharset=iso-8859-15",
    b'text/plain;\r\n charset="iso-8859-15"; format=flowed',
    b"text/plain; format=flowed; charset=iso-8859-15",
    b"text/plain; charset=iso-8859-15; charset=utf-8",
    b'text/plain; charset="iso-8859-15"; x-mac=1',
    b"text/plain; charset*=us-ascii''iso-8859-15",
    b"text/plain; charset*0=iso-; charset*1=8859-15",
    b"text/plain; charset=ISO-8859-15<br>",
    b"text/plain; charset==iso-8859-15",
    b"text/plain; charset=.iso-8859-15",
    b"text/plain; charset=ISO 8859-15",
    b"text/plain; charset=iso8859-15",
    b"text/plain; charset=iso_8859_15",
    b"text/plain; charset=latin-9",
    b"text/plain;charset=iso-8859-15;delsp=yes;format=flowed",
    b'text/plain; charset=\\"iso-8859-15\\"',
    b'text/plain; charset=""iso-8859-15""',
    b"text/plain; name=; charset=iso-8859-15",
    b"text/plain; foo; charset=iso-8859-15",
    b'text/plain; foo="a;b"; charset=iso-8859-15',
    b"=?utf-8?Q?text/plain;_charset=3Diso-8859-15?=",
    b"Content-Type: text/plain; charset=iso-8859-15",
    b"text/plain; charset=iso-8859-15\0",
    b"text/plain/x; charset=iso-8859-15",
    b"text\\plain; charset=iso-8859-15",
    b"text/plain:charset=iso-8859-15",
    b"text/plain:\r\n charset=iso-8859-15",
]


@pytest.mark.parametrize(
    ("content", "subject", "text"), BLOCKS, ids=[str(content[:50]) for content, _, _ in BLOCKS]
)
def test_the_header_block_is_told_from_the_body(content: bytes, subject: str, text: str) -> None:
    mail = parse_mail(content)
    assert (mail.subject, mail.text) == (subject, text)


@pytest.mark.parametrize("declared", TYPES, ids=[str(one[:60]) for one in TYPES])
def test_the_charset_is_found_in_a_broken_type(declared: bytes) -> None:
    assert parse_mail(one(declared, b"5\xa4")).text == "5€"
