"""A token is asked for in time and not too often, and each secret is read when it is wanted."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from maild import config
from maild.config import OAuth
from maild.oauth import bearer
from maild.oauth.access import Access, key_to
from maild.oauth.bearer import Refused
from tests.maild.oauth.ways import HOUR, NOON, USER, Clock, access
from tests.peers import tokens as peer
from tests.peers.tokens import TokenServer


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


def test_a_kept_token_that_is_refused_is_asked_for_anew(
    tokens: TokenServer, tmp_path: Path, clock: Clock
) -> None:
    way = access(tokens, tmp_path, clock)
    first = way.bearer()
    way.discard()
    second = way.bearer()
    assert second.is_new
    assert second.token != first.token


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
