"""What the token server hears and says: refusals with what to click, faults that pass, and no secret."""

import io
import json
import socket
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from maild import log
from maild.oauth import server
from maild.oauth.bearer import Refused, Unreachable
from tests.maild.oauth.ways import HOUR, USER, Clock, access
from tests.peers import tokens as peer
from tests.peers.certificate import make_certificate
from tests.peers.child import free_port
from tests.peers.tokens import TokenServer


@pytest.mark.parametrize("provider", ["microsoft", "custom"])
def test_the_secret_goes_where_the_provider_looks(
    tokens: TokenServer, tmp_path: Path, clock: Clock, provider: str
) -> None:
    """Microsoft documents the form, RFC 6749 section 2.3.1 the header."""
    access(tokens, tmp_path, clock, provider=provider, tenant="etnic.test").bearer()
    (asked,) = tokens.grants.asked
    assert ("client_secret" in asked) is (provider == "microsoft")


def test_a_refusal_says_what_to_click_and_repeats_no_secret(
    tokens: TokenServer, tmp_path: Path, clock: Clock
) -> None:
    tokens.refuse("invalid_client", f"AADSTS7000222: The secret '{peer.SECRET}'\r\nhas expired.", code=401)
    way = access(tokens, tmp_path, clock, provider="microsoft", tenant="t")
    with pytest.raises(Refused) as caught:
        way.bearer()
    assert caught.value.what.endswith("AADSTS7000222: The secret '********' has expired.")
    assert caught.value.remedy.endswith("New client secret; its Value goes into client_secret_file")
    assert caught.value.__cause__ is None
    assert "\n" not in str(caught.value)
    assert way.bearer().is_new  # the fault was told, and is forgotten when it is gone


@pytest.mark.parametrize(
    ("code", "body", "why"),
    [
        (503, b"busy", "503"),
        (429, b"<html>slow down</html>", "429"),
        (400, b'{"error": "temporarily_unavailable"}', "temporarily_unavailable"),
        (200, b"<html>hello</html>", "makes no sense"),
        (200, b"[]", "makes no sense"),
        (200, b"{}", "holds no token"),
        (200, b'{"access_token": "a", "expires_in": "soon"}', "makes no sense"),
        (200, b'{"access_token": ""}', "holds no token"),
        (200, b'{"access_token": 7}', "holds no token"),
        (200, b'{"access_token": "a\\u0001b"}', "holds no token"),
        (200, b'{"access_token": "a b"}', "holds no token"),
        (200, b'{"access_token": "' + b"a" * 70_000 + b'"}', "longer than 65536 bytes"),
        (302, b"", "sends us elsewhere"),
    ],
)
def test_an_answer_that_is_none_passes(
    tokens: TokenServer, tmp_path: Path, clock: Clock, code: int, body: bytes, why: str
) -> None:
    tokens.answer(body, code=code)
    with pytest.raises(Unreachable, match=why) as caught:
        access(tokens, tmp_path, clock).bearer()
    assert len(str(caught.value)) < 500
    assert len(tokens.grants.asked) == 1


def test_nobody_listens(tokens: TokenServer, tmp_path: Path, clock: Clock) -> None:
    way = access(tokens, tmp_path, clock, token_url=f"https://127.0.0.1:{free_port()}/token")
    with pytest.raises(Unreachable, match=r"^127\.0\.0\.1:\d+: .*refused"):
        way.bearer()


@pytest.mark.parametrize(
    ("limit", "value", "why"),
    [("_PATIENCE", (0.5, 0.1), "timed out"), ("_LONGEST_ANSWER", 0.1, "has no end after 0.1 s")],
)
def test_a_server_that_hangs(
    tokens: TokenServer, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch,
    limit: str, value: object, why: str,
) -> None:  # fmt: skip
    """Whether it says nothing at all, or a byte now and then, by which no time-out of a read is met."""
    monkeypatch.setattr(server, limit, value)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/token"
        with pytest.raises(Unreachable, match=why):
            access(tokens, tmp_path, clock, token_url=url).bearer()


def test_an_authority_that_is_not_known_here(
    tokens: TokenServer, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the environment names for others decides nothing: neither a bundle nor a password in ~/.netrc."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tokens.certificate.path))
    other = make_certificate(tmp_path).path
    with pytest.raises(Unreachable, match="certificate verify failed"):
        access(tokens, tmp_path, clock, ca_file=str(other)).bearer()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other))
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password else\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert access(tokens, tmp_path, clock).bearer().is_new


def test_without_an_authority_of_its_own_the_system_s_count(
    tokens: TokenServer, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same as for IMAP and SMTP, where Python looks for them."""
    with pytest.raises(Unreachable, match="certificate verify failed"):
        access(tokens, tmp_path, clock, ca_file=None).bearer()
    monkeypatch.setenv("SSL_CERT_FILE", str(tokens.certificate.path))
    assert access(tokens, tmp_path, clock, ca_file=None).bearer().is_new


def test_the_proxy_of_the_environment_is_used(
    tokens: TokenServer, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HTTPS often leaves a house by a proxy only; it needs no setting of ours."""
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(Unreachable, match=r"(?i)proxy|refused"):
        access(tokens, tmp_path, clock).bearer()
    assert not tokens.grants.asked


def test_no_token_and_no_secret_is_shown_or_logged(
    tokens: TokenServer, tmp_path: Path, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not even at the level debug, where libraries tell what they send."""
    stream = io.StringIO()
    log.configure("json", "debug", stream=stream)
    way = access(tokens, tmp_path, clock)
    shown = way.bearer()
    tokens.refuse("invalid_client", "no")
    clock.now += HOUR
    with pytest.raises(Refused) as caught:
        way.bearer()
    log.get("maild.test").error("failed", exc_info=caught.value)
    written = (
        stream.getvalue() + repr(shown) + repr(way.grant) + str(caught.value) + "".join(capsys.readouterr())
    )
    assert "Refused" in written
    for secret in (shown.token, shown.token.split(".")[2], peer.SECRET):
        assert secret not in written


# --- a service account of Google ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def account() -> tuple[RSAKey, str]:
    """A service account's key, and its file as the Cloud console makes it."""
    key = RSAKey.generate_key(2048)
    pem = key.as_pem(private=True).decode()
    known = {"client_email": "maild@x.iam.test", "private_key": pem, "private_key_id": "k1"}
    return key, json.dumps({"type": "service_account", **known})


def test_a_service_account_signs_for_the_mailbox(
    tokens: TokenServer, tmp_path: Path, clock: Clock, account: tuple[RSAKey, str]
) -> None:
    key, file = account
    (tmp_path / "key.json").write_text(file, encoding="utf-8")
    way = access(tokens, tmp_path, clock, provider="google", service_account_file=tmp_path / "key.json")
    assert way.bearer().is_new
    (asked,) = tokens.grants.asked
    signed = jwt.decode(asked["assertion"], key, algorithms=["RS256"])
    assert signed.header["kid"] == "k1"
    claims = signed.claims
    assert (claims["iss"], claims["sub"]) == ("maild@x.iam.test", USER)
    assert (claims["aud"], claims["scope"]) == (tokens.url("token"), "mail")
    assert 0 < claims["exp"] - claims["iat"] <= 3600
    other = access(
        tokens, tmp_path, clock, provider="google", service_account=file, subject="desk@etnic.test"
    )
    other.bearer()
    assert jwt.decode(tokens.grants.asked[-1]["assertion"], key).claims["sub"] == "desk@etnic.test"


def test_google_refuses(
    tokens: TokenServer, tmp_path: Path, clock: Clock, account: tuple[RSAKey, str]
) -> None:
    way = access(tokens, tmp_path, clock, provider="google", service_account=account[1])
    tokens.refuse("unauthorized_client", "Client is unauthorized to retrieve access tokens", code=401)
    with pytest.raises(Refused, match="Domain-wide delegation"):
        way.bearer()
    tokens.answer(b"busy", code=503)
    with pytest.raises(Unreachable, match="503"):
        way.bearer()


def test_a_key_with_which_nothing_can_be_signed(
    tokens: TokenServer, tmp_path: Path, clock: Clock, account: tuple[RSAKey, str]
) -> None:
    broken = json.dumps(json.loads(account[1]) | {"private_key": "-----BEGIN PRIVATE KEY-----\nxxxx\n"})
    way = access(tokens, tmp_path, clock, provider="google", service_account=broken)
    with pytest.raises(Refused, match="the service account's key signs nothing") as caught:
        way.bearer()
    assert "xxxx" not in str(caught.value)
