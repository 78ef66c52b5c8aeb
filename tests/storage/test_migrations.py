"""A ledger of the first schema, with something in every table, brought up to this version."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, MetaData, func, select, text
from sqlalchemy.exc import DBAPIError

from storage import database
from storage.database import Database
from storage.store import Store
from tests.storage import rows
from tests.storage.entries import DAY, NOON, ticket


@pytest.fixture(params=["sqlite", "postgresql"])
def first(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Database]:
    """A ledger as the first version left it: three rows a table."""
    url = f"sqlite:///{tmp_path}/maild.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
    with ExitStack() as stack:
        base = stack.enter_context(closing(database.open_database(url)))
        with monkeypatch.context() as before:
            before.setattr(database, "head", lambda: "0001")
            database.upgrade(base)
        with base.write() as connection:
            filled = rows.fill(connection)
            if base.file is None:
                # As if the program had numbered them: the rows above brought their own.
                connection.execute(text("SELECT setval('ticket_id_seq', 1003)"))
                _number_on(connection, filled)
        yield base


def _number_on(connection: Connection, tables: dict[str, int]) -> None:
    for name in tables.keys() - {"ticket", "lease", "link", "mute", "participant"}:
        connection.execute(text(f"SELECT setval('{name}_id_seq', {rows.COPIES})"))


def schema_of(base: Database) -> MetaData:
    """The tables that it has."""
    tables = MetaData()
    with base.read() as connection:
        tables.reflect(connection)
    tables.remove(tables.tables["alembic_version"])
    return tables


def held(base: Database, tables: MetaData) -> dict[str, list[tuple[Any, ...]]]:
    """What these columns of these tables hold."""
    with base.read() as connection:
        return rows.rows(connection, tables)


def copies(base: Database) -> list[Path]:
    """The copies that were made before a change."""
    return sorted(base.file.parent.glob("*.bak")) if base.file is not None else []


def test_nothing_is_lost_on_the_way(first: Database) -> None:
    """Every value is as it was, what is new has its meaning, and the next ticket has the next number."""
    tables = schema_of(first)
    before = held(first, tables)
    assert len(before) == 13
    assert all(len(found) == rows.COPIES for found in before.values())
    database.upgrade(first, now=NOON)
    assert database.current(first) == database.head()
    assert held(first, tables) == before
    with first.read() as connection:
        known_of = connection.execute(text("SELECT standing, entity, wake_at FROM ticket")).all()
        assert known_of == [("", "", None)] * rows.COPIES
        known = schema_of(first).tables
        late = select(func.count()).where(known["outbox"].c.due_at != known["outbox"].c.created_at)
        assert connection.scalar(late) == 0
        clocks = connection.execute(select(known["clock"].c.warned, known["clock"].c.paused)).all()
        assert clocks == [(0.8, 0)] * rows.COPIES
    store = Store(database=first)
    with store.read() as tx:
        one, *others = tx.tickets()
        assert (one.merged_into, one.touched_at) == (1003, NOON + DAY + DAY.resolution)
        assert [each.id for each in others] == [1002, 1003]
    with store.write() as tx:
        assert ticket(tx) == 1004
    with pytest.raises(DBAPIError, match="only ever added"), first.write() as connection:
        connection.execute(text("DELETE FROM event"))


def test_what_fails_is_as_it_was_and_leaves_no_copy(first: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever tries again and again, even within the second, does not fill the disk."""
    tables = schema_of(first)
    before = held(first, tables)

    def fail(_base: Database) -> None:
        raise OSError("a bad day")

    with monkeypatch.context() as bad_day:
        bad_day.setattr(database, "_migrate", fail)
        for _ in range(2):
            with pytest.raises(OSError, match="a bad day"):
                database.upgrade(first, now=NOON)
            assert copies(first) == []
    assert held(first, tables) == before
    copy = database.upgrade(first, now=NOON)
    assert copies(first) == ([copy] if copy else [])


_DIE = """
import os, signal, sys
from datetime import datetime, UTC
from sqlalchemy import event
from storage import database
base = database.open_database(sys.argv[1])
@event.listens_for(base.engine, "before_cursor_execute")
def die(_connection, _cursor, statement, *_):
    if "look_at" in statement:
        os.kill(os.getpid(), signal.SIGKILL)
database.upgrade(base, now=datetime(2024, 11, 25, 12, tzinfo=UTC))
"""


def test_a_process_that_dies_on_the_way_has_changed_nothing(first: Database) -> None:
    """Deep in the last migration, with the ones before it done; the next attempt does it all."""
    tables = schema_of(first)
    before = held(first, tables)
    url = first.engine.url.render_as_string(hide_password=False)
    first.engine.dispose()
    died = subprocess.run([sys.executable, "-c", _DIE, url], check=False, capture_output=True)
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()
    assert database.current(first) == "0001"
    assert held(first, tables) == before
    # Within the same second there is a copy already, which stays.
    database.upgrade(first, now=NOON)
    assert database.current(first) == database.head()
    assert held(first, tables) == before
    for copy in copies(first):
        with closing(database.open_database(f"sqlite:///{copy}")) as opened:
            assert database.current(opened) == "0001"
            assert held(opened, tables) == before
    assert len(copies(first)) == (2 if first.file is not None else 0)
