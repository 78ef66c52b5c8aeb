"""The courier's login by tokens: at servers that want XOAUTH2 or OAUTHBEARER, and at those that refuse."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from maild.config import OAuth
from maild.oauth.access import Access
from maild.send import smtp
from maild.send.courier import Deferred, Misconfigured, Outcome, Sent
from maild.send.smtp import SmtpCourier
from tests.maild.send.letters import entry, submission
from tests.peers.smtp import Reply, Sink
from tests.peers.tokens import TokenServer, TokenSink

USER = "support@etnic.test"
Start = Callable[..., TokenSink]


@pytest.fixture
def start(tokens: TokenServer) -> Iterator[Start]:
    """Starts a server that takes the tokens of the token server."""
    with ExitStack() as stack:

        def started(**options: Any) -> TokenSink:
            server = TokenSink(tokens, **options)
            server.start()
            stack.callback(server.stop)
            return server

        yield started


@pytest.fixture
def way(tokens: TokenServer, tmp_path: Path) -> Access:
    """To the tokens of Microsoft, which the server of the tests plays."""
    grant = OAuth.model_validate(tokens.settings(provider="microsoft", tenant="t"))
    return Access(grant, USER, tmp_path, lambda: datetime.now(UTC))


def once(way: Access, server: Sink) -> Outcome:
    """One letter, one try."""
    courier = SmtpCourier(submission(server.port, user=USER), lambda: way, USER)
    try:
        return courier.send(entry())
    finally:
        courier.rest()


@pytest.mark.parametrize("how", ["XOAUTH2", "OAUTHBEARER"])
def test_a_letter_leaves_by_a_token(tokens: TokenServer, way: Access, start: Start, how: str) -> None:
    server = start(way=how)
    assert isinstance(once(way, server), Sent)
    assert isinstance(once(way, server), Sent)
    assert len(tokens.grants.asked) == 1
    (first, _) = server.shown
    assert first.startswith(f"user={USER}\x01".encode() if how == "XOAUTH2" else f"n,a={USER},".encode())


@pytest.mark.parametrize("how", ["XOAUTH2", "OAUTHBEARER"])
def test_a_kept_token_that_was_revoked_is_replaced_at_once(
    tokens: TokenServer, way: Access, start: Start, how: str
) -> None:
    """Its fault is told in a challenge, which has to be answered (RFC 7628 section 3.2.3)."""
    server = start(way=how)
    once(way, server)
    tokens.grants.revoked.update(tokens.grants.given)
    assert isinstance(once(way, server), Sent)
    assert server.shown[2] == (b"" if how == "XOAUTH2" else b"\x01")
    assert len(tokens.grants.asked) == 2


def test_a_new_token_that_is_refused_pauses_with_what_to_click(
    tokens: TokenServer, way: Access, start: Start
) -> None:
    """The account may not use SMTP AUTH: nothing is asked for twice, and no token is in the line."""
    said = "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox."
    server = start(refusal=said)
    tokens.grants.user = "somebody@etnic.test"
    outcome = once(way, server)
    assert isinstance(outcome, Misconfigured)
    assert f"refused the token of {USER}: {said} (invalid_token)" in outcome.reply
    assert f"Set-CASMailbox {USER} -SmtpClientAuthenticationDisabled $false" in outcome.reply
    assert tokens.grants.given[0] not in outcome.reply
    assert len(tokens.grants.asked) == 1


def test_what_passes_is_waited_out(tokens: TokenServer, way: Access, start: Start) -> None:
    server = start()
    tokens.answer(b"busy", code=503)
    outcome = once(way, server)
    assert isinstance(outcome, Deferred)
    assert outcome.unreachable
    server.script(Reply(stage="auth", say="454 4.7.0 later"))
    assert once(way, server) == Deferred(reply="454 4.7.0 later", unreachable=True)
    assert isinstance(once(way, server), Sent)


def test_without_a_token_nothing_leaves(tokens: TokenServer, way: Access, start: Start) -> None:
    tokens.refuse("invalid_client", "AADSTS7000222: expired", code=401)
    outcome = once(way, start())
    assert isinstance(outcome, Misconfigured)
    assert "New client secret" in outcome.reply


def test_a_server_that_knows_no_tokens(way: Access, sink: Sink) -> None:
    outcome = once(way, sink)
    assert isinstance(outcome, Misconfigured)
    assert "neither OAUTHBEARER nor XOAUTH2" in outcome.reply


def test_where_nobody_logs_in_no_token_is_asked_for(tokens: TokenServer, way: Access, sink: Sink) -> None:
    smtp.connect(submission(sink.port), way).close()
    assert not tokens.grants.asked
