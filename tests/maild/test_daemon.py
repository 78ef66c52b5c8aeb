"""One process a desk, told to the service manager; whole days of it stand in tests/scenarios."""

import os
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from maild import config as configuration
from maild import daemon
from maild.bell import Bell
from maild.config import Config
from maild.daemon import Parts
from maild.decide.policy import Agent
from tests.maild.office import room
from tests.maild.report import month


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


def test_a_state_has_a_name_of_its_own(tmp_path: Path) -> None:
    """Kept from start to start; another state at the same path of a host of the same name has another."""
    mine = daemon.own_name(tmp_path)
    assert daemon.own_name(tmp_path) == mine
    (tmp_path / "maild.id").unlink()
    assert daemon.own_name(tmp_path) != mine


@pytest.mark.parametrize("left", ["", "3f", "\0" * 33, "é" * 32])
def test_a_name_that_was_cut_short_is_made_anew(tmp_path: Path, left: str) -> None:
    """The disk was full, or the power went: no two states may share what is left of it."""
    (tmp_path / "maild.id").write_text(left)
    made = daemon.own_name(tmp_path)
    assert len(made.rpartition(":")[2]) == 32
    assert made.isascii()
    assert daemon.own_name(tmp_path) == made


@pytest.mark.parametrize("wanted", [True, False])
def test_the_report_has_a_timer_where_it_is_wanted(tmp_path: Path, *, wanted: bool) -> None:
    """It mails last month's, and lets the courier know; elsewhere nothing looks for it. So with retention."""
    with room(tmp_path, agents=(Agent(name="Léa", address="lea@etnic.test", lead=True),)) as desk:
        with desk.office.store.write() as tx:
            month.write(tx)
        desk.clock.now = month.NOW
        settings = SimpleNamespace(
            sla=SimpleNamespace(sweep=timedelta(seconds=20)),
            report=SimpleNamespace(mail=wanted, recipients=()),
            retention=configuration.Retention(raw=timedelta(days=90) if wanted else None),
        )
        bell = Bell()
        served = SimpleNamespace(config=settings, office=desk.office, dispatch=SimpleNamespace(bell=bell))
        table = daemon._timers(cast("Parts", served), (), None)
        assert ("report" in table, "retention" in table) == (wanted, wanted)
        if wanted:
            function, every = table["report"]
            assert every <= timedelta(minutes=5)
            function()
            assert bell.wait(0.0)
            assert desk.letters() == [("digest", "lea@etnic.test")]
        bell.dispose()
