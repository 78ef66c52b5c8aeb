"""The ways to tokens of the server of the tests, and the clock by which they end."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from maild.config import OAuth
from maild.oauth import server
from maild.oauth.access import Access
from maild.oauth.login import await_login
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


def access(tokens: TokenServer, folder: Path, clock: Clock, **more: object) -> Access:
    """A way to the tokens of that server."""
    return Access(OAuth.model_validate(tokens.settings(**more)), USER, folder, clock)


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
