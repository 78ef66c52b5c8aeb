"""A room where time passes."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from maild.decide.policy import Agent
from storage import database
from tests.maild.decide.cases import ANNE
from tests.maild.office import Room, room

CHEF = "chef@etnic.test"


@pytest.fixture(scope="session")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty ledger, brought up to date once: doing so takes longer than most of these tests."""
    path = tmp_path_factory.mktemp("ledger") / "maild.db"
    base = database.open_database(f"sqlite:///{path}")
    database.upgrade(base)
    base.close()
    return path


@pytest.fixture
def desk(tmp_path: Path, ledger: Path) -> Iterator[Room]:
    """An office at one o'clock on a Monday, with a lead beside its agent."""
    shutil.copy(ledger, tmp_path / "maild.db")
    lead = Agent(name="Chef", address=CHEF, teams=("direction",), lead=True)
    with room(tmp_path, agents=(Agent(name="Anne", address=ANNE), lead)) as made:
        yield made
