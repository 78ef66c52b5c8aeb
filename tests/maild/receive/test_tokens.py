"""The door to imapclient opened by tokens, against a real Dovecot that checks each: its signature, its time,
whose it is and for whom; and one that asks the token server instead."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from maild.config import OAuth
from maild.oauth.access import Access
from maild.receive import mailbox as door
from maild.receive.mailbox import LoginRefused, Unreachable
from tests.conftest import _short_directory
from tests.peers.dovecot import Dovecot
from tests.peers.scripted import Scripted
from tests.peers.tokens import TokenServer, dovecot_settings

USER = "support@etnic.test"
BOTH = "AUTH=XOAUTH2 AUTH=OAUTHBEARER"


def drop(port: int, **values: Any) -> Any:
    """As much of a maildrop as the door looks at."""
    made = {"host": "127.0.0.1", "port": port, "tls": "none", "user": USER, "timeout": timedelta(seconds=10)}
    return SimpleNamespace(**(made | values))


@pytest.fixture
def way(tokens: TokenServer, tmp_path: Path) -> Access:
    """To the tokens of the server of the tests, by client credentials."""
    return Access(OAuth.model_validate(tokens.settings()), USER, tmp_path, lambda: datetime.now(UTC))


def refused(way: Access, port: int, **values: Any) -> LoginRefused:
    """How the server refuses."""
    with pytest.raises(LoginRefused) as caught:
        door.connect(drop(port, **values), way)
    return caught.value


@pytest.mark.real
@pytest.mark.parametrize("tls", ["none", "starttls", "implicit"])
def test_a_token_opens_the_mailbox(
    tokens: TokenServer, way: Access, token_dovecot: Dovecot, tls: str
) -> None:
    port = token_dovecot.imaps if tls == "implicit" else token_dovecot.imap
    trusted: Callable[[], ssl.SSLContext] = token_dovecot.certificate.client_context
    for _ in range(2):
        with closing(door.connect(drop(port, tls=tls), way, context=trusted)) as session:
            assert session.select("INBOX").folder == "INBOX"
            assert "IDLE" in session.capabilities
    assert len(tokens.grants.asked) == 1


@pytest.mark.real
@pytest.mark.parametrize("mechanisms", ["xoauth2", "oauthbearer"])
def test_by_the_way_that_the_server_offers(
    tokens: TokenServer, way: Access, short_path: Path, mechanisms: str
) -> None:
    settings = dovecot_settings(tokens, short_path / "oauth", mechanisms=mechanisms)
    server = Dovecot(short_path, extra=settings)
    try:
        server.start()
        door.connect(drop(server.imap), way).close()
        tokens.grants.audience = "somebody else"
        way.discard()
        assert refused(way, server.imap).what.endswith(
            "(invalid_token)" if mechanisms == "oauthbearer" else "(401)"
        )
        log = server.log()
    finally:
        server.kill()
    assert f"method={mechanisms.upper()}" in log


WRONG: dict[str, dict[str, object]] = {
    "expired": {"exp": 1_700_000_000},
    "another user's": {"sub": "somebody@etnic.test"},
    "for another server": {"aud": "files.etnic.test"},
    "from another server": {"iss": "tokens.example"},
    "for another use": {"scope": "files"},
}


@pytest.mark.real
@pytest.mark.parametrize("fault", WRONG)
def test_a_wrong_token_ends_in_its_line(
    tokens: TokenServer, way: Access, token_dovecot: Dovecot, fault: str
) -> None:
    """With what to do, without the token; and asking for another at once would be of no use."""
    made = tokens.make(**WRONG[fault])
    tokens.answer(b'{"access_token": "%s", "expires_in": 3600}' % made.encode())
    error = refused(way, token_dovecot.imap)
    where = f"127.0.0.1:{token_dovecot.imap}"
    assert error.what.startswith(f"{where} refused the token of {USER}: [AUTHENTICATIONFAILED]")
    assert "whose account the token is of, which audience and scope" in error.remedy
    assert made.split(".")[1] not in str(error)
    assert len(tokens.grants.asked) == 1


@pytest.mark.real
def test_a_token_that_ends_before_its_time_is_renewed_once(
    tokens: TokenServer, way: Access, token_dovecot: Dovecot
) -> None:
    """The token server said an hour, and was wrong: at the next login another one is asked for, only one."""
    tokens.grants.lifetime, tokens.grants.said_lifetime = 1, 3600
    bearer = way.bearer()
    tokens.answer(b'{"access_token": "%s", "expires_in": 3600}' % tokens.make(exp=1_700_000_000).encode())
    way.discard()
    stale = way.bearer()
    assert stale.token != bearer.token
    tokens.grants.lifetime = 3600
    door.connect(drop(token_dovecot.imap), way).close()
    assert len(tokens.grants.asked) == 3
    tokens.grants.audience = "somebody else"
    way.discard()
    way.bearer()
    refused(way, token_dovecot.imap)
    assert len(tokens.grants.asked) == 5  # the kept one, and one more
    assert way.until is None  # neither is tried again


@pytest.mark.real
def test_no_token_no_connection(tokens: TokenServer, way: Access, token_dovecot: Dovecot) -> None:
    tokens.refuse("invalid_client", "expired", code=401)
    error = refused(way, token_dovecot.imap)
    assert "gives no token: invalid_client: expired" in error.what
    assert "client_secret_file" in error.remedy
    tokens.answer(b"busy", code=503)
    with pytest.raises(Unreachable, match="503") as caught:
        door.connect(drop(token_dovecot.imap), way)
    assert not isinstance(caught.value, LoginRefused)


@pytest.mark.real
def test_a_server_that_knows_no_tokens(way: Access, dovecot: Dovecot) -> None:
    error = refused(way, dovecot.imap)
    assert "offers neither OAUTHBEARER nor XOAUTH2" in error.what
    assert 'auth = "password"' in error.remedy


# --- a server that asks for each token ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def asking_dovecot(token_server: TokenServer) -> Iterator[Dovecot]:
    """One that asks the token server of each token (RFC 7662)."""
    with _short_directory() as directory:
        server = Dovecot(directory, extra=dovecot_settings(token_server, directory / "oauth", ask=True))
        try:
            server.start()
            yield server
        finally:
            server.kill()


@pytest.mark.real
def test_a_revoked_token(tokens: TokenServer, way: Access, asking_dovecot: Dovecot) -> None:
    """Good by its signature and its time, and no longer good: the next one opens."""
    door.connect(drop(asking_dovecot.imap), way).close()
    tokens.grants.revoked.update(tokens.grants.given)
    door.connect(drop(asking_dovecot.imap), way).close()
    assert len(tokens.grants.asked) == 2
    tokens.grants.user = "somebody@etnic.test"
    tokens.grants.revoked.update(tokens.grants.given)
    assert "refused the token of support@etnic.test" in refused(way, asking_dovecot.imap).what


# --- what no server here says -------------------------------------------------------------------------------


def exchange(then: bytes, says: bytes = b"") -> Callable[[bytes], bytes]:
    """A server that knows XOAUTH2, and says `then` to whoever has shown a token; `says` to SELECT."""
    tag = b""

    def answer(line: bytes) -> bytes:
        nonlocal tag
        if b"AUTHENTICATE" in line:
            tag = line.split()[0]
            return b"+ \r\n"
        if b"CAPABILITY" in line:
            return b"* CAPABILITY IMAP4rev1 AUTH=XOAUTH2\r\n%s OK done\r\n" % line.split()[0]
        if b"SELECT" in line:
            return b"%s %s\r\n" % (line.split()[0], says)
        shown, tag = tag, b""
        return b"%s %s\r\n" % (shown, then) if shown else b"%s OK done\r\n" % line.split()[0]

    return answer


@pytest.mark.parametrize(
    ("then", "kind"),
    [
        (b"NO [UNAVAILABLE] later", Unreachable),
        (b"NO AUTHENTICATE failed.", LoginRefused),
    ],
)
def test_a_server_that_cannot_look_just_now(way: Access, then: bytes, kind: type[Unreachable]) -> None:
    with Scripted(b"* OK hello\r\n", exchange(then)) as server, pytest.raises(Unreachable) as caught:
        door.connect(drop(server.port), way)
    assert type(caught.value) is kind


def test_a_mailbox_that_exchange_does_not_open_for_us(tokens: TokenServer, tmp_path: Path) -> None:
    """The token is good, the program has no right to the mailbox: Exchange says so at the first command."""
    grant = OAuth.model_validate(tokens.settings(provider="microsoft", tenant="t"))
    way = Access(grant, USER, tmp_path, lambda: datetime.now(UTC))
    says = b"BAD User is authenticated but not connected."
    with (
        Scripted(b"* OK hello\r\n", exchange(b"OK in", says)) as server,
        closing(door.connect(drop(server.port), way)) as session,
        pytest.raises(LoginRefused, match="Add-MailboxPermission support@etnic"),
    ):
        session.select("INBOX")
