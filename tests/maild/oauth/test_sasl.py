"""What is said to a mail server that wants a token, word by word."""

import pytest

from maild.oauth import sasl
from maild.oauth.bearer import Bearer


@pytest.mark.parametrize(
    ("how", "first", "last"),
    [
        ("XOAUTH2", "user=a,b=c@d.be\x01auth=Bearer tok\x01\x01", ""),
        ("OAUTHBEARER", "n,a=a=2Cb=3Dc@d.be,\x01host=h\x01port=143\x01auth=Bearer tok\x01\x01", "\x01"),
    ],
)
def test_what_is_said_to_a_server(how: str, first: str, last: str) -> None:
    shown = Bearer(user="a,b=c@d.be", provider="custom", token="tok", is_new=True)
    showing = sasl.Showing(how, shown, host="h", port=143)
    assert (showing(), showing(b""), showing.error) == (first, first, "")
    assert showing(b'{"status":"invalid_token","scope":"mail"}') == last
    assert showing.error == "invalid_token"
    showing(b"\xff no JSON\r\n")
    assert showing.error == "no JSON"


@pytest.mark.parametrize(
    ("offered", "how"),
    [
        (["PLAIN", "XOAUTH2"], "XOAUTH2"),
        (["xoauth2", "OAUTHBEARER"], "OAUTHBEARER"),
        (["PLAIN", "LOGIN"], ""),
        ([], ""),
    ],
)
def test_the_way_that_the_server_offers(offered: list[str], how: str) -> None:
    assert sasl.mechanism(offered) == how
