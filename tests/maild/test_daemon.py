"""One process a desk, told to the service manager; whole days of it stand in tests/scenarios."""

import os
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
