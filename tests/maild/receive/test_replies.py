"""The reply lines: a code of RFC 5321, the same class in RFC 3463, one line of bounded length."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.receive import replies

FIXED = [value for name, value in vars(replies).items() if name.isupper() and isinstance(value, str)]
LINE = re.compile(r"([245])\d\d \1\.\d{1,3}\.\d{1,3} [ -~]+")


@pytest.mark.parametrize("reply", [*FIXED, replies.kept("01jd3v5k2m8x4q")])
def test_a_reply_is_one_line_with_both_codes(reply: str) -> None:
    """RFC 2034 section 4: both are of one class."""
    assert LINE.fullmatch(reply)
    assert len(reply) <= 510


@given(st.text(alphabet=st.characters(exclude_categories=["C", "Z"]), max_size=3000))
def test_an_address_makes_no_reply_too_long(address: str) -> None:
    """RFC 5321 4.5.3.1.5, counted in characters."""
    reply = replies.not_the_desk(address)
    assert reply.startswith("550 5.1.1 <")
    assert len(reply) <= 510
    assert "\n" not in reply


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("250 OK", "250 2.0.0 OK"),
        ("221 Bye", "221 2.0.0 Bye"),
        ("252 Cannot VRFY user", "252 2.5.0 Cannot VRFY user"),
        ("500 Error: bad syntax", "500 5.5.2 Error: bad syntax"),
        ("500 Line too long (see RFC5321 4.5.3.1.6)", "500 5.5.2 Line too long (see RFC5321 4.5.3.1.6)"),
        ("501 Syntax: RSET", "501 5.5.4 Syntax: RSET"),
        ("502 EXPN not implemented", "502 5.5.1 EXPN not implemented"),
        ("503 Error: need RCPT command", "503 5.5.1 Error: need RCPT command"),
        ("552 Error: Too much mail data", "552 5.3.4 Error: Too much mail data"),
        ("555 MAIL FROM parameters not recognized", "555 5.5.4 MAIL FROM parameters not recognized"),
        # What has a code keeps it; greetings, answers to EHLO and the call for data have none.
        ("553 5.1.3 Error: malformed address", "553 5.1.3 Error: malformed address"),
        (replies.NOT_KEPT, replies.NOT_KEPT),
        ("220 mx.etnic.test ESMTP maild", "220 mx.etnic.test ESMTP maild"),
        ("250-SIZE 50000000", "250-SIZE 50000000"),
        ("250 HELP", "250 HELP"),
        ("250 mx.etnic.test", "250 mx.etnic.test"),
        ("354 End data with <CR><LF>.<CR><LF>", "354 End data with <CR><LF>.<CR><LF>"),
        ("", ""),
    ],
)
def test_the_library_s_replies_get_their_codes(said: str, told: str) -> None:
    """RFC 2034 section 3 and 4."""
    assert replies.enhanced(said) == told
    assert replies.enhanced(told) == told


def test_lmtp_answers_for_each_recipient() -> None:
    """RFC 2033 4.2; a reply that is no answer to the data stands alone."""
    assert replies.for_each("250 2.0.0 x", 3) == "250 2.0.0 x\r\n250 2.0.0 x\r\n250 2.0.0 x"
    assert replies.for_each("250 2.0.0 x", 0) == replies.for_each("250 2.0.0 x", 1) == "250 2.0.0 x"
