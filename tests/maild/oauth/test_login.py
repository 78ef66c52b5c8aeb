"""A person lets us in by a code, and is not asked again until somebody revokes it."""

from datetime import timedelta
from pathlib import Path

import pytest

from maild.oauth import server
from maild.oauth.bearer import Refused, Unreachable
from maild.oauth.login import await_login
from tests.maild.oauth.ways import HOUR, Clock, by_person, logged_in
from tests.peers.tokens import TokenServer


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


def test_a_token_server_that_is_away_for_a_moment_ends_no_login(
    tokens: TokenServer, tmp_path: Path, clock: Clock
) -> None:
    """The person has the code in hand: it is asked again, more rarely (RFC 8628 section 3.5)."""
    way = by_person(tokens, tmp_path, clock)
    invitation, waits = server.invite(way.grant), list[float]()

    def wait(seconds: float) -> None:
        waits.append(seconds)
        clock.now += timedelta(seconds=seconds)
        tokens.grants.down, tokens.grants.consent = len(waits) < 3, True

    await_login(way, invitation, clock, wait)
    assert waits == [5, 10, 20]
    assert not way.bearer().is_new


def test_a_token_server_that_does_not_come_back(tokens: TokenServer, tmp_path: Path, clock: Clock) -> None:
    way = by_person(tokens, tmp_path, clock)
    invitation = server.invite(way.grant)
    tokens.grants.down = True

    def wait(seconds: float) -> None:
        clock.now += timedelta(seconds=seconds)

    with pytest.raises(Unreachable, match="503"):
        await_login(way, invitation, clock, wait)
    assert len(tokens.grants.asked) < 12
    assert way.vault.read() is None


def test_a_login_that_was_revoked(tokens: TokenServer, tmp_path: Path, clock: Clock) -> None:
    way = logged_in(tokens, tmp_path, clock)
    way.bearer()
    tokens.grants.refresh = "another one"
    way.discard()
    with pytest.raises(
        Refused, match=r"the grant was revoked; let a person log in again: `maild oauth login`"
    ):
        way.bearer()


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
