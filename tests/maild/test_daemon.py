"""One process a desk, told to the service manager; whole days of it stand in tests/scenarios."""

import os
import socket
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from maild import daemon
from maild.config import Config


def at(folder: Path) -> Config:
    """As much of a configuration as the lock looks at."""
    return cast("Config", SimpleNamespace(state=SimpleNamespace(directory=folder / "var")))


def test_the_state_has_one_owner(tmp_path: Path) -> None:
    """Who comes second is told whose it is; when the first is gone it is free again."""
    with daemon.locked(at(tmp_path)):
        with (
            pytest.raises(daemon.Locked, match=f"in use by process {os.getpid()}"),
            daemon.locked(at(tmp_path)),
        ):
            pass
        assert (tmp_path / "var").stat().st_mode & 0o777 == 0o700
    with daemon.locked(at(tmp_path)):
        pass


@pytest.mark.parametrize("abstract", [False, True], ids=["path", "abstract"])
def test_the_service_manager_is_told(
    short_path: Path, monkeypatch: pytest.MonkeyPatch, *, abstract: bool
) -> None:
    """sd_notify(3), by a path or by an abstract name."""
    name = f"{short_path}/notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"\0{name}" if abstract else name)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}" if abstract else name)
        daemon._tell_systemd("READY=1")
        assert manager.recv(100) == b"READY=1"


def test_nobody_is_told_where_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Started by hand, or by another manager."""
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    daemon._tell_systemd("READY=1")
