"""Mailbox and submission that are opened by tokens: well, and each fault named with what to click."""

import json
from pathlib import Path
from typing import Any

import pytest

from maild.cli.doctor.faults import Fault
from tests.maild.doctor.desk import Examine, finds
from tests.peers.child import free_port
from tests.peers.dovecot import Dovecot
from tests.peers.tokens import TokenServer, TokenSink

LOOKED_AT = ("secrets", "maildrops", "submission")
USER = "support@etnic.test"


def tables(tokens: TokenServer, **more: object) -> str:
    """[maildrop.support.oauth] and [submission.oauth] that lead to the server of the tests."""
    lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in tokens.settings(**more).items())
    return "".join(f"[{name}.oauth]\n{lines}" for name in ("maildrop.support", "submission"))


def servers(dovecot: Dovecot, sink: TokenSink) -> dict[str, Any]:
    """Where both are, for `examine`."""
    login = {"host": "127.0.0.1", "tls": "none", "user": USER, "auth": "oauth"}
    return {
        "support": {"kind": "imap", "port": dovecot.imap, **login},
        "submission": {"port": sink.port, **login},
    }


@finds(Fault.TOKEN_REFUSED)
@pytest.mark.real
def test_a_desk_that_is_opened_by_tokens(
    examine: Examine, tokens: TokenServer, token_dovecot: Dovecot
) -> None:
    sink = TokenSink(tokens)
    sink.start()
    try:
        found = examine(tables(tokens), **servers(token_dovecot, sink))
        tokens.grants.user = "somebody@etnic.test"
        wrong = examine(tables(tokens), **servers(token_dovecot, sink))
    finally:
        sink.stop()
    for check in ("maildrop support", "submission"):
        assert f"{USER} is logged in" in found.of(check, "ok")[0]
        (line,) = wrong.of(check, "fail")
        assert f"refused the token of {USER}" in line
        assert "-> see whose account the token is of" in line


@finds(Fault.TOKEN_REFUSED, Fault.TOKEN_UNREACHABLE)
def test_no_token(examine: Examine, tokens: TokenServer, token_dovecot: Dovecot) -> None:
    """Refused with the words of Microsoft, or not reached at all: each fault has its remedy once."""
    entra = tables(tokens, provider="microsoft", tenant="t")
    for _ in range(2):
        tokens.refuse("invalid_client", "AADSTS7000222: The secret has expired.", code=401)
    sink = TokenSink(tokens)
    refused = examine(entra, **servers(token_dovecot, sink))
    lost = examine(
        tables(tokens, token_url=f"https://127.0.0.1:{free_port()}/token"), **servers(token_dovecot, sink)
    )
    for check in ("maildrop support", "submission"):
        (line,) = refused.of(check, "fail")
        assert "gives no token: invalid_client: AADSTS7000222" in line
        assert "-> in Entra, App registrations, the program: Certificates & secrets" in line
        (line,) = lost.of(check, "fail")
        assert "-> see that this machine reaches the token server over HTTPS" in line


@finds(Fault.SECRET_UNUSABLE)
def test_a_key_that_is_none(
    examine: Examine, tokens: TokenServer, token_dovecot: Dovecot, tmp_path: Path
) -> None:
    """The file is there and can be read, and something else is in it."""
    (tmp_path / "key.json").write_text("-----BEGIN PRIVATE KEY-----", encoding="utf-8")
    google = tables(tokens, provider="google", service_account_file="key.json")
    found = examine(google, **servers(token_dovecot, TokenSink(tokens)))
    for check in ("maildrop support", "submission"):
        (line,) = found.of(check, "fail")
        assert "key.json: no key of a service account -> create a JSON key" in line
