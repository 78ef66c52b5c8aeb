"""A state in another database: every row of it, equal, and the next number."""

import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel

from storage import backup, database, moving
from storage.database import Database, Unavailable, Unfinished
from storage.moving import NotEmpty, NotEqual
from storage.store import Store
from tests.peers.postgres import Postgres
from tests.storage import rows
from tests.storage.entries import keep, ticket

Make = Callable[[str], Database]
BOTH = pytest.mark.parametrize("to", ["sqlite", "postgresql"])
WAYS = pytest.mark.parametrize(
    ("of", "to"), [("sqlite", "postgresql"), ("postgresql", "sqlite"), ("sqlite", "sqlite")]
)


@pytest.fixture
def empty(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Make]:
    """Makes an empty database of a kind; in the end nothing is left of it."""
    numbers = count(1)
    with ExitStack() as stack:

        def make(kind: str) -> Database:
            url = f"sqlite:///{tmp_path}/new{next(numbers)}/maild.db"
            if kind == "postgresql":
                server: Postgres = request.getfixturevalue("postgres")
                name = server.create_database()
                stack.callback(server.drop_database, name)
                url = server.url(name)
            return stack.enter_context(closing(database.open_database(url)))

        yield make


@pytest.fixture
def full(empty: Make, migrated: Path, request: pytest.FixtureRequest) -> Make:
    """Makes a database of a kind with rows in every table; the last ticket that it had is no longer there."""

    def make(kind: str) -> Database:
        made: Database = request.getfixturevalue("postgres_base") if kind == "postgresql" else empty(kind)
        if made.file is not None:
            made.file.parent.mkdir()
            shutil.copy(migrated, made.file)
        with made.write() as connection:
            rows.fill(connection)
            for statement in _SPENT[kind]:
                connection.execute(text(statement))
        return made

    return make


_SPENT = {
    "sqlite": ["UPDATE sqlite_sequence SET seq = 1041 WHERE name = 'ticket'"],
    "postgresql": ["SELECT setval('ticket_id_seq', 1041)"],
}


def held(base: Database) -> dict[str, list[tuple[object, ...]]]:
    """All that is in it."""
    with base.read() as connection:
        return rows.rows(connection, SQLModel.metadata)


@WAYS
def test_all_of_it_arrives_and_goes_on(
    full: Make, empty: Make, of: str, to: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In more batches than one; what is left behind is as it was."""
    monkeypatch.setattr(moving, "MOST_ROWS", 2)
    source, target, told = full(of), empty(to), list[tuple[int, int]]()
    before = held(source)
    assert all(before.values()), "no table is left out of this test"
    moved = moving.move(source, target, lambda done, total: told.append((done, total)))
    assert moved == {name: len(found) for name, found in before.items()}
    assert held(target) == held(source) == before
    everything = sum(moved.values())
    assert told == sorted(told)
    assert told[-1] == (everything, everything)
    assert {total for _, total in told} == {everything}

    database.upgrade(target)
    assert database.current(target) == database.head()
    store = Store(database=target)
    with store.write() as tx:
        assert ticket(tx) == 1042
        keep(tx, 7)
        tx.change_ticket(1002, status="closed")
    with pytest.raises(DBAPIError, match="only ever added"), target.write() as connection:
        connection.execute(text("UPDATE event SET kind = 'x'"))


def test_a_file_that_was_made_is_nobody_else_s(full: Make, empty: Make) -> None:
    """And as safe against a crash as any other, from its first use on."""
    target = empty("sqlite")
    moving.move(full("sqlite"), target)
    assert target.file is not None
    assert stat.S_IMODE(target.file.stat().st_mode) == 0o600
    assert stat.S_IMODE(target.file.parent.stat().st_mode) == 0o700
    assert backup.is_fresh_copy(target.file)
    target.engine.dispose()
    database.upgrade(target)
    assert database.pragmas(target)["journal_mode"] == "wal"


@BOTH
def test_what_is_interrupted_is_begun_anew(full: Make, empty: Make, to: str) -> None:
    """Nothing runs on what was begun, and nothing of it is in the way."""
    source, target = full("sqlite"), empty(to)
    before = held(source)

    def interrupt(done: int, total: int) -> None:
        if 2 * done > total:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        moving.move(source, target, interrupt)
    for look in (database.current, database.upgrade):
        with pytest.raises(Unfinished, match="db move"):
            look(target)
    assert not any(held(target).values())
    assert held(source) == before
    moving.move(source, target)
    assert database.current(target) == database.head()
    assert held(target) == before


_DIE = """
import os, signal, sys
from storage import database, moving
def die(done, total):
    if 2 * done > total:
        os.kill(os.getpid(), signal.SIGKILL)
moving.move(database.open_database(sys.argv[1]), database.open_database(sys.argv[2]), die)
"""


@BOTH
def test_a_process_that_dies_leaves_nothing_half(full: Make, empty: Make, to: str) -> None:
    """The file is left with a journal beside it, the server with a connection that is gone."""
    source, target = full("sqlite"), empty(to)
    urls = [base.engine.url.render_as_string(hide_password=False) for base in (source, target)]
    died = subprocess.run([sys.executable, "-c", _DIE, *urls], check=False, capture_output=True)
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()
    with pytest.raises(Unfinished):
        database.upgrade(target)
    moving.move(source, target)
    assert held(target) == held(source)


@BOTH
def test_nothing_is_written_over(full: Make, empty: Make, to: str) -> None:
    """A state, also the very same one; a program's other tables; what another state has begun."""
    source, taken = full(to), empty(to)
    with pytest.raises(NotEmpty, match="a state is in it already"):
        moving.move(source, source)
    if taken.file is not None:
        taken.file.parent.mkdir()
    with taken.write() as connection:
        connection.execute(text("CREATE TABLE wiki (page text)"))
    with pytest.raises(NotEmpty, match="wiki"):
        moving.move(source, taken)
    assert database.current(taken) is None


@BOTH
def test_what_another_state_began_is_left_to_it(full: Make, empty: Make, to: str) -> None:
    """Two desks do not end in one database."""
    mine, other, target = full("sqlite"), full("sqlite"), empty(to)

    def interrupt(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        moving.move(other, target, interrupt)
    with pytest.raises(NotEmpty, match="of another state"):
        moving.move(mine, target)
    moving.move(other, target)


@BOTH
def test_an_empty_schema_is_an_empty_target(full: Make, empty: Make, to: str) -> None:
    """Whoever has called `db upgrade` there first has done no harm."""
    source, target = full("sqlite"), empty(to)
    database.upgrade(target)
    moving.move(source, target)
    assert held(target) == held(source)


def test_what_the_other_cannot_hold_is_named(full: Make, empty: Make) -> None:
    """SQLite holds anything in any column."""
    source, target = full("sqlite"), empty("postgresql")
    with source.write() as connection:
        connection.execute(text("UPDATE raw SET size = 'much' WHERE id = 2"))
    with pytest.raises(NotEqual, match="raw"):
        moving.move(source, target)
    with pytest.raises(Unfinished):
        database.current(target)


@pytest.mark.parametrize(
    ("trigger", "said"),
    [
        (
            "AFTER INSERT ON ticket BEGIN UPDATE ticket SET subject = 'x'; END",
            "ticket: .* not the same",
        ),
        (
            "BEFORE INSERT ON visit WHEN NEW.id = 2 BEGIN SELECT RAISE(IGNORE); END",
            "visit: 3 rows were read, 2 are there$",
        ),
    ],
    ids=["changed", "swallowed"],
)
def test_what_came_out_otherwise_is_found(full: Make, empty: Make, trigger: str, said: str) -> None:
    """Whatever did it: every row is read again."""
    source, target = full("sqlite"), empty("sqlite")
    database.upgrade(target)
    with target.write() as connection:
        connection.execute(text(f"CREATE TRIGGER meddling {trigger}"))
    with pytest.raises(NotEqual, match=said):
        moving.move(source, target)
    with pytest.raises(Unfinished):
        database.upgrade(target)


def test_only_a_state_of_this_version_is_moved(empty: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing, or an older schema, is told what comes first."""
    source, target = empty("sqlite"), empty("sqlite")
    with pytest.raises(Unavailable, match="not run on this database yet"):
        moving.move(source, target)
    with monkeypatch.context() as before:
        before.setattr(database, "head", lambda: "0002")
        database.upgrade(source)
    with pytest.raises(Unavailable, match="db upgrade"):
        moving.move(source, target)
    assert target.file is not None
    assert not target.file.exists()


def test_batches_are_bounded_by_rows_and_by_bytes(full: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that is larger than a batch comes alone."""
    source, raw = full("sqlite"), SQLModel.metadata.tables["raw"]
    with source.read() as connection:
        assert moving._spans(connection, raw) == [(1, 3)]
        # Their contents have 256, 512 and 768 bytes.
        monkeypatch.setattr(moving, "MOST_BYTES", 800)
        assert moving._spans(connection, raw) == [(1, 2), (3, 3)]
        monkeypatch.setattr(moving, "MOST_BYTES", 100)
        assert moving._spans(connection, raw) == [(1, 1), (2, 2), (3, 3)]
