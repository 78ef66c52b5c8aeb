"""Tokens by a real token server over TLS: asked for in time and not too often, renewed, kept, refused."""

import errno
import io
import json
import os
import socket
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from maild import config, log
from maild.config import OAuth
from maild.oauth import bearer, grants, sasl, server
from maild.oauth.access import Access, key_to
from maild.oauth.bearer import Bearer, Refused, Unreachable
from maild.oauth.login import await_login
from tests.peers import tokens as peer
from tests.peers.certificate import make_certificate
from tests.peers.child import free_port
from tests.peers.tokens import TokenServer

USER = "support@etnic.test"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Clock:
    """The time that passes only where a test says so."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """It is noon."""
    return Clock()


def access(tokens: TokenServer, folder: Path, clock: Clock, **more: object) -> Access:
    """A way to the tokens of that server."""
    return Access(OAuth.model_validate(tokens.settings(**more)), USER, folder, clock)


# --- the program itself is let in ---------------------------------------------------------------------------


def test_a_token_is_kept_until_shortly_before_its_end(
    tokens: TokenServer, tmp_path: Path, clock: Clock
) -> None:
    way = access(tokens, tmp_path, clock)
    first = way.bearer()
    assert (first.is_new, first.user) == (True, USER)
    assert [way.bearer().token, way.bearer().is_new] == [first.token, False]
    clock.now = NOON + HOUR - bearer.MARGIN - timedelta(seconds=1)
    assert way.bearer().token == first.token
    clock.now = NOON + HOUR - bearer.MARGIN
    assert way.bearer().token != first.token
    (asked, _) = tokens.grants.asked
    assert asked == {"path": "/token", "grant_type": "client_credentials", "scope": "mail"}
    assert not list(tmp_path.iterdir())  # nothing of it is written anywhere


@pytest.mark.parametrize(
    ("said", "until"),
    [
        ({"expires_in": 60}, timedelta(seconds=60)),
        ({"expires_in": "3600"}, HOUR),
        ({}, bearer.UNSAID),
        ({"expires_in": None}, bearer.UNSAID),
        ({"expires_in": 10**30}, bearer.LONGEST),
        ({"expires_in": -5}, timedelta()),
    ],
)
def test_how_long_a_token_lasts(
    tokens: TokenServer, tmp_path: Path, clock: Clock, said: dict[str, Any], until: timedelta
) -> None:
    tokens.answer(json.dumps({"access_token": "t", "token_type": "Bearer", **said}).encode())
    way = access(tokens, tmp_path, clock)
    way.bearer()
    assert way.until == NOON + until


def test_a_short_token_is_renewed_at_half_its_life(tokens: TokenServer, tmp_path: Path, clock: Clock) -> None:
    tokens.grants.lifetime = 120
    way = access(tokens, tmp_path, clock)
    first = way.bearer()
    clock.now = NOON + timedelta(seconds=59)
    assert way.bearer().token == first.token
    clock.now = NOON + timedelta(seconds=60)
    assert way.bearer().token != first.token


def test_a_secret_is_read_anew_for_each_token(tokens: TokenServer, tmp_path: Path, clock: Clock) -> None:
    file = tmp_path / "app"
    file.write_text("old\n", encoding="utf-8")
    way = access(tokens, tmp_path, clock, client_secret=None, client_secret_file=str(file))
    with pytest.raises(Refused, match=r"unknown client or wrong secret; mend client_id"):
        way.bearer()
    file.write_text(f"{peer.SECRET}\n", encoding="utf-8")
    assert way.bearer().is_new
    file.unlink()
    assert not way.bearer().is_new
    clock.now += HOUR
    with pytest.raises(config.ConfigError, match="cannot be read"):
        way.bearer()


@pytest.mark.parametrize("provider", ["microsoft", "custom"])
def test_the_secret_goes_where_the_provider_looks(
    tokens: TokenServer, tmp_path: Path, clock: Clock, provider: str
) -> None:
    """Microsoft documents the form, RFC 6749 section 2.3.1 the header."""
    access(tokens, tmp_path, clock, provider=provider, tenant="etnic.test").bearer()
    (asked,) = tokens.grants.asked
    assert ("client_secret" in asked) is (provider == "microsoft")


def test_microsoft_and_google_are_known() -> None:
    entra = grants.endpoints(OAuth(provider="microsoft", tenant="etnic.be", client_id="c"))
    assert entra.token == "https://login.microsoftonline.com/etnic.be/oauth2/v2.0/token"
    assert entra.scope == "https://outlook.office365.com/.default"
    person = grants.endpoints(OAuth(provider="microsoft", tenant="t", client_id="c", flow="device"))
    assert person.device.endswith("/t/oauth2/v2.0/devicecode")
    assert {word.rpartition("/")[2] for word in person.scope.split()} == {
        "IMAP.AccessAsUser.All", "SMTP.Send", "offline_access",
    }  # fmt: skip
    google = grants.endpoints(OAuth(provider="google"))
    assert (google.token, google.scope) == ("https://oauth2.googleapis.com/token", "https://mail.google.com/")
    own = grants.endpoints(OAuth(provider="google", token_url="https://x/t", scope="s"))
    assert (own.token, own.scope) == ("https://x/t", "s")


# --- refusals and faults ------------------------------------------------------------------------------------


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
    [("_PATIENCE", (5, 0.1), "timed out"), ("_LONGEST_ANSWER", 0.1, "has no end after 0.1 s")],
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


# --- a server refuses what we show --------------------------------------------------------------------------


def test_a_kept_token_that_is_refused_is_asked_for_anew(
    tokens: TokenServer, tmp_path: Path, clock: Clock
) -> None:
    way = access(tokens, tmp_path, clock)
    first = way.bearer()
    way.discard()
    second = way.bearer()
    assert second.is_new
    assert second.token != first.token


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


# --- a person lets us in ------------------------------------------------------------------------------------


def by_person(tokens: TokenServer, folder: Path, clock: Clock, **more: object) -> Access:
    """A way that wants a login; the program has no secret."""
    device = {"flow": "device", "device_url": tokens.url("device"), "client_secret": None}
    return access(tokens, folder, clock, **(device | more))


def logged_in(tokens: TokenServer, folder: Path, clock: Clock) -> Access:
    """Somebody has typed the code."""
    way = by_person(tokens, folder, clock)
    tokens.grants.consent = True
    await_login(way, server.invite(way.grant), clock, lambda _: None)
    return way


def test_a_person_types_a_code_and_is_not_asked_again(
    tokens: TokenServer, tmp_path: Path, clock: Clock
) -> None:
    way = by_person(tokens, tmp_path, clock)
    with pytest.raises(
        Refused, match=r"nobody has logged in for support@etnic\.test yet; .*`maild oauth login`"
    ):
        way.bearer()
    invitation = server.invite(way.grant)
    assert (invitation.page, invitation.code) == ("https://tokens.etnic.test/go", "BCDF-GHJK")
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        clock.now += timedelta(seconds=seconds)
        if len(waits) == 1:
            tokens.refuse("slow_down")
        tokens.grants.consent = len(waits) == 3

    await_login(way, invitation, clock, wait)
    assert waits == [5, 10, 10]  # RFC 8628 section 3.5
    assert tokens.grants.asked[-1]["device_code"] == "dc-1"
    assert not way.bearer().is_new
    clock.now += HOUR
    assert way.bearer().is_new
    assert tokens.grants.asked[-1]["grant_type"] == "refresh_token"


def test_what_a_login_gave_is_its_owner_s_only_and_shared(
    tokens: TokenServer, tmp_path: Path, clock: Clock
) -> None:
    """Maildrop and submission use one file, one after the other: a refresh token may be good only once."""
    if os.geteuid() == 0:
        os.chown(tmp_path, 65534, 65534)  # root logs in for the daemon
    mailbox = logged_in(tokens, tmp_path, clock)
    sender = by_person(tokens, tmp_path, clock)
    made = [mailbox.vault.file, mailbox.vault.file.parent, mailbox.vault.file.with_suffix(".lock")]
    assert [stat.S_IMODE(each.stat().st_mode) for each in made] == [0o600, 0o700, 0o600]
    assert {each.stat().st_uid for each in made} == {tmp_path.stat().st_uid}
    assert sorted(each.name for each in made[1].iterdir()) == sorted(each.name for each in (made[0], made[2]))
    clock.now += HOUR
    assert mailbox.bearer().is_new
    assert not sender.bearer().is_new
    assert sender.bearer().token == mailbox.bearer().token
    sender.discard()
    assert sender.bearer().is_new
    clock.now += HOUR
    assert mailbox.bearer().is_new
    assert "refresh-" not in repr(mailbox.vault.read())


def test_a_login_that_was_revoked(tokens: TokenServer, tmp_path: Path, clock: Clock) -> None:
    way = logged_in(tokens, tmp_path, clock)
    way.bearer()
    tokens.grants.refresh = "another one"
    way.discard()
    with pytest.raises(
        Refused, match=r"the grant was revoked; let a person log in again: `maild oauth login`"
    ):
        way.bearer()


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"refresh": "x", "token": "t"}'])
def test_a_file_that_nobody_can_read_is_no_login(
    tokens: TokenServer, tmp_path: Path, clock: Clock, content: str
) -> None:
    way = logged_in(tokens, tmp_path, clock)
    way.vault.file.write_text(content, encoding="utf-8")
    with pytest.raises(Refused, match="nobody has logged in"):
        by_person(tokens, tmp_path, clock).bearer()


def test_a_login_that_cannot_be_kept(tokens: TokenServer, tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "oauth").write_text("a file where the folder should be", encoding="utf-8")
    way = by_person(tokens, tmp_path, clock)
    tokens.grants.consent = True
    with pytest.raises(Unreachable, match="cannot be used: File exists"):
        await_login(way, server.invite(way.grant), clock, lambda _: None)


def test_a_disk_that_is_full_leaves_the_login_as_it_was(
    tokens: TokenServer, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    way = logged_in(tokens, tmp_path, clock)
    before = {file.name: file.read_bytes() for file in way.vault.file.parent.iterdir()}

    def full(_file: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unreachable, match="cannot be written: No space left"):
        await_login(way, server.invite(way.grant), clock, lambda _: None)
    assert {file.name: file.read_bytes() for file in way.vault.file.parent.iterdir()} == before


def test_a_state_that_a_login_begins_is_its_owner_s_only(
    tokens: TokenServer, tmp_path: Path, clock: Clock
) -> None:
    logged_in(tokens, tmp_path / "var", clock)
    assert stat.S_IMODE((tmp_path / "var").stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("error", "why"),
    [
        ("access_denied", "access_denied; let a person log in and agree"),
        ("expired_token", "expired_token; let a person log in again"),
        ("invalid_grant", "invalid_grant"),
    ],
)
def test_a_person_refuses(tokens: TokenServer, tmp_path: Path, clock: Clock, error: str, why: str) -> None:
    way = by_person(tokens, tmp_path, clock)
    invitation = server.invite(way.grant)
    tokens.refuse(error)
    with pytest.raises(Refused, match=why):
        await_login(way, invitation, clock, lambda _: None)
    assert way.vault.read() is None


def test_nobody_types_the_code(tokens: TokenServer, tmp_path: Path, clock: Clock) -> None:
    way = by_person(tokens, tmp_path, clock)

    def wait(seconds: float) -> None:
        clock.now += timedelta(seconds=600)

    with pytest.raises(Refused, match="was not typed in time; begin again"):
        await_login(way, server.invite(way.grant), clock, wait)
    assert len(tokens.grants.asked) == 3


def test_a_token_that_cannot_be_renewed_is_no_login(
    tokens: TokenServer, tmp_path: Path, clock: Clock
) -> None:
    way = by_person(tokens, tmp_path, clock)
    invitation = server.invite(way.grant)
    tokens.answer(b'{"access_token": "t", "token_type": "Bearer"}')
    with pytest.raises(Refused, match=r"cannot be renewed; .*offline_access"):
        await_login(way, invitation, clock, lambda _: None)


def test_no_code(tokens: TokenServer, tmp_path: Path, clock: Clock) -> None:
    tokens.refuse("invalid_client", "AADSTS7000218: no secret", code=401)
    way = by_person(tokens, tmp_path, clock, provider="microsoft", tenant="t")
    with pytest.raises(Refused, match="Allow public client flows"):
        server.invite(way.grant)
    tokens.answer(b"{}")
    with pytest.raises(Unreachable, match="makes no sense"):
        server.invite(way.grant)


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


# --- a password is a key, too -------------------------------------------------------------------------------


def test_what_opens_a_server(tmp_path: Path) -> None:
    (tmp_path / "pw").write_text("first", encoding="utf-8")
    drop = config.ImapMaildrop(host="h", user="u", password_file=tmp_path / "pw")
    key = key_to(drop, tmp_path)
    assert key() == "first"
    (tmp_path / "pw").write_text("second", encoding="utf-8")
    assert key() == "second"
    relay = config.Submission(host="h", auth="oauth", oauth=OAuth(provider="google"))
    assert key_to(relay, tmp_path)() == ""  # without a user nobody logs in
    way = key_to(relay.model_copy(update={"user": "u"}), tmp_path)
    assert isinstance(way(), Access)
    assert way() is way()
