"""How long a session waits between two looks, and when it looks at everything."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from maild.receive import imap
from tests.maild.decide.cases import NOON


def session(*, since: float, idle: bool = True, capabilities: str = "IDLE", **values: Any) -> Any:
    """A quiet session with a poll every ten minutes, the last one so many seconds ago; it notes its waits."""
    waits: list[tuple[str, float]] = []

    def wait(seconds: float) -> bool:
        waits.append(("bell", seconds))
        return False

    def idling(seconds: float, _wake: int) -> bool:
        waits.append(("IDLE", seconds))
        return False

    bell = SimpleNamespace(wait=wait, fileno=lambda: 0)
    drop = SimpleNamespace(poll=timedelta(minutes=10), idle=idle)
    mailbox = SimpleNamespace(capabilities=frozenset(capabilities.split()), idle=idling, noop=lambda: False)
    quiet = {"has_news": lambda: False, "busy_until": NOON, "now": NOON, "waits": waits}
    made = {"station": SimpleNamespace(bell=bell, drop=drop), "mailbox": mailbox}
    return SimpleNamespace(**(made | quiet | {"polled_at": NOON - timedelta(seconds=since)} | values))


@pytest.mark.parametrize(
    ("way", "idle", "capabilities"),
    [("IDLE", True, "IDLE MOVE"), ("bell", True, "MOVE"), ("bell", False, "IDLE MOVE")],
    ids=["IDLE", "a server without", "an operator who wants none"],
)
def test_all_uids_are_compared_each_minute(way: str, idle: bool, capabilities: str) -> None:
    """However rarely everything is polled; and a poll that is due sooner is not waited past."""
    for since, seconds in ((0, 60.0), (595, 5.0)):
        quiet = session(since=since, idle=idle, capabilities=capabilities)
        assert imap._wait(quiet)
        assert quiet.waits == [(way, seconds)]


def test_what_is_due_is_not_waited_for() -> None:
    """A poll whose time has come, or news that was said beside another answer."""
    for one in (session(since=600), session(since=0, has_news=lambda: True)):
        assert imap._wait(one)
        assert one.waits == []


def test_while_mail_flows_the_server_is_asked() -> None:
    """Which is quicker than its own word; nothing said is no reason to compare."""
    flowing = session(since=0, busy_until=NOON + timedelta(seconds=5))
    assert not imap._wait(flowing)
    assert flowing.waits == [("bell", imap.ASK_EVERY)]
