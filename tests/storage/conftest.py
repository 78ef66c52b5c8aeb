"""A ledger on each database, migrated once a run and copied for each test."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage import database
from storage.database import Database
from storage.store import Store


@pytest.fixture
def sqlite_base(migrated: Path, tmp_path: Path) -> Iterator[Database]:
    """An empty ledger on SQLite."""
    shutil.copy(migrated, tmp_path / "maild.db")
    opened = database.open_database(f"sqlite:///{tmp_path}/maild.db")
    yield opened
    opened.close()


@pytest.fixture
def postgres_base(postgres_ledger: str) -> Iterator[Database]:
    """An empty ledger on PostgreSQL."""
    opened = database.open_database(postgres_ledger)
    yield opened
    opened.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def base(request: pytest.FixtureRequest) -> Database:
    """An empty ledger, on the one and on the other."""
    name = "postgres_base" if request.param == "postgresql" else "sqlite_base"
    opened = request.getfixturevalue(name)
    assert isinstance(opened, Database)
    return opened


@pytest.fixture
def store(base: Database) -> Store:
    """The same, as the program uses it."""
    return Store(database=base)
