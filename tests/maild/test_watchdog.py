"""The service manager hears what is true, and nothing while a loop hangs."""

import os
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from maild import watchdog
from maild.bell import Bell
from maild.watchdog import Loop


@pytest.fixture
def manager(short_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A service manager that listens."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"{short_path}/notify")
        listening.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", f"{short_path}/notify")
        yield listening


def loop(name: str = "maildrop support", *, last: float = 0.0) -> Loop:
    """One with ten seconds of patience."""
    return Loop(name=name, last_sign=lambda: last, patience=10.0)


@pytest.mark.parametrize("abstract", [False, True], ids=["path", "abstract"])
def test_the_service_manager_is_told(
    short_path: Path, monkeypatch: pytest.MonkeyPatch, *, abstract: bool
) -> None:
    """sd_notify(3), by a path or by an abstract name."""
    name = f"{short_path}/notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"\0{name}" if abstract else name)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}" if abstract else name)
        watchdog.tell(watchdog.READY)
        assert listening.recv(100) == b"READY=1"


def test_nobody_is_told_where_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Started by hand, or by another manager."""
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    watchdog.tell(watchdog.READY)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "120000000"}, timedelta(seconds=60)),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "often"}, None),
        ({"WATCHDOG_USEC": "2000000", "WATCHDOG_PID": str(os.getpid())}, timedelta(seconds=1)),
        ({"WATCHDOG_USEC": "2000000", "WATCHDOG_PID": "1"}, None),
    ],
)
def test_how_often_it_wants_to_hear(environ: dict[str, str], expected: timedelta | None) -> None:
    """Twice within its patience, and only where it waits for this very process (sd_watchdog_enabled(3))."""
    assert watchdog.interval(environ) == expected


def test_one_loop_that_hangs_is_enough() -> None:
    """However lively the others are."""
    assert watchdog.stuck((loop("a", last=5.0), loop("b", last=0.0)), now=11.0) == ("b",)
    assert watchdog.stuck((loop("a", last=5.0), loop("b", last=1.0)), now=11.0) == ()


def test_a_sign_of_life_needs_every_loop(manager: socket.socket) -> None:
    """What hangs is said in the log, and silence tells the manager."""
    bell = Bell()
    alive = Loop(name="courier", last_sign=bell.last_sign, patience=10.0)
    watchdog.beat((alive,))
    assert manager.recv(100) == b"WATCHDOG=1"
    watchdog.beat((alive, loop(last=-1e9)))
    with pytest.raises(BlockingIOError):
        manager.recv(100)
    bell.dispose()


def test_reloading_says_since_when() -> None:
    """systemd 253 and later wait for the READY that is younger than this."""
    first, second = watchdog.reloading().splitlines()
    assert first == "RELOADING=1"
    assert int(second.removeprefix("MONOTONIC_USEC=")) > 0
