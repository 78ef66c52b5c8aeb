"""Message-ID, In-Reply-To and References as programs write them."""

import pytest

from parsers.mail import parse_mail
from tests.parsers.letters import with_field

REFERENCES = [
    ("<a@x>\r\n <b@x>", ["a@x", "b@x"]),
    ("<aaa\r\n bbb@x>", ["aaabbb@x"]),
    ("<a@x>,<b@x>", ["a@x", "b@x"]),
    ("<a@x>;<b@x>", ["a@x", "b@x"]),
    ("<a@x>\t\t<b@x>", ["a@x", "b@x"]),
    ('<"a b"@x>', ['"a b"@x']),
    ("[a@x]", ["a@x"]),
    ("<a@x> [b@x]", ["a@x", "b@x"]),
    ("<a@x> foo <b@x>", ["a@x", "b@x"]),
    ('Message of "Mon, 3 Nov" <a@x>', ["a@x"]),
    ('<a@x> (Renee\'s message of "Mon")', ["a@x"]),
    ("<a@x", ["a@x"]),
    ("a@x>", ["a@x"]),
    ("<a@x <b@x>", ["a@x", "b@x"]),
    ("<a@x> b@x>", ["a@x", "b@x"]),
    ("<<a@x>>", ["a@x"]),
    ("< a@x >", ["a@x"]),
    ("&lt;a@x&gt;", ["a@x"]),
    ("<a@x> b@x", ["a@x"]),
    ('"<a@x>"', ["a@x"]),
    ("'<a@x>'", ["a@x"]),
    ("<a@x>.", ["a@x"]),
    ("a@x", ["a@x"]),
    ("a@x b@x\r\n c@x", ["a@x", "b@x", "c@x"]),
    ("", []),
    ("<>", []),
    ("none", []),
    ("<a@x> <>", ["a@x"]),
    ("<a@x> <a@x>", ["a@x"]),
    ("<é@x>", ["é@x"]),
    ("<A.b$c%d/e=f+g@x.Y>", ["A.b$c%d/e=f+g@x.Y"]),
    ("<a@[10.0.0.1]>", ["a@[10.0.0.1]"]),
    ("a@[10.0.0.1]", ["a@[10.0.0.1]"]),
    ("<mid:a@x>", ["mid:a@x"]),
    ("=?utf-8?Q?=3Ca=40x=3E?=", ["a@x"]),
    ("<a@x>\0<b@x>", ["a@x", "b@x"]),
    ("Re: printer <a@x>", ["a@x"]),
    ("<a@x> [...] <b@x>", ["a@x", "b@x"]),
    ("<a@x>...<b@x>", ["a@x", "b@x"]),
    ("<a@x\r\n >\r\n <b@x>", ["a@x", "b@x"]),
    ("<a@x>\r\n<b@x>", ["a@x", "b@x"]),
]

MESSAGE_IDS = [
    ("<a@x>", "a@x"),
    ("a@x", "a@x"),
    ("<a@x> (added by y)", "a@x"),
    ("(c) <a@x>", "a@x"),
    ("<a@x>foo", "a@x"),
    ("\r\n <a@x>", "a@x"),
    ("<abc>", "abc"),
    ("abc", "abc"),
    ("<>", ""),
    ("", ""),
    ("<a@x> <b@x>", "a@x"),
    ("<a b@x>", "ab@x"),
    ("<a@x@y>", "a@x@y"),
    ("<a@x>\r\n", "a@x"),
    (" <a@x> ", "a@x"),
    ("<a@x", "a@x"),
    ("a@x>", "a@x"),
    ('"a@x"', "a@x"),
    ("<a@x>;", "a@x"),
    ("two words", ""),
]


@pytest.mark.parametrize(("raw", "found"), REFERENCES, ids=[raw[:50] for raw, _ in REFERENCES])
def test_references(raw: str, found: list[str]) -> None:
    assert list(parse_mail(with_field("References", raw.encode())).references) == found
    assert list(parse_mail(with_field("In-Reply-To", raw.encode())).in_reply_to) == found


@pytest.mark.parametrize(("raw", "found"), MESSAGE_IDS, ids=[raw[:50] for raw, _ in MESSAGE_IDS])
def test_message_ids(raw: str, found: str) -> None:
    assert parse_mail(with_field("Message-Id", raw.encode())).message_id == found
