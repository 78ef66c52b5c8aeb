"""The engine: brought up to date, safe against a crash, plain about what is wrong."""

import re
import shutil
import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, MetaData, Table, insert, inspect, text
from sqlmodel import SQLModel

import storage.tables  # noqa: F401  (fills the metadata)
from storage import database
from storage.database import Database, SchemaTooNew, Unavailable
from storage.store import Store
from tests.peers.child import free_port
from tests.storage.entries import DAY, NOON, keep, ticket


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where no table is yet."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{tmp_path}/var/maild.db"


def test_an_empty_database_is_brought_up_to_date(empty_url: str) -> None:
    """From nothing to the newest schema, once; without a backup of nothing."""
    base = database.open_database(empty_url)
    try:
        assert database.current(base) is None
        assert database.upgrade(base) is None
        assert database.current(base) == database.head()
        assert database.upgrade(base) is None
        with Store(database=base).write() as tx:
            assert ticket(tx) == 1001
    finally:
        base.close()


def test_clocks_of_a_former_schema_go_on(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In wall time, with the limit that they have; of what was told nobody hears again."""
    base = database.open_database(empty_url)
    try:
        with monkeypatch.context() as before:
            before.setattr(database, "head", lambda: "0002")
            database.upgrade(base)
        with base.write() as connection:
            tables = MetaData()
            tables.reflect(connection)
            stages = {"running": NOON, "near": NOON, "breached": None}
            for number, (stage, next_at) in enumerate(stages.items(), 1):
                of = {"message_id": number, "ticket_id": number}
                _fill(connection, tables.tables["raw"], id=number, sha256=stage)
                _fill(connection, tables.tables["ticket"], id=number, key=stage)
                _fill(connection, tables.tables["message"], id=number, mail_id=stage, raw_id=number, **of)
                times = {"started_at": NOON - DAY, "due_at": NOON, "next_at": next_at}
                _fill(connection, tables.tables["clock"], id=number, stage=stage, **of, **times)
        database.upgrade(base)
        with Store(database=base).read() as tx:
            found = [tx.running(number)[0] for number in (1, 2, 3)]
            assert [(c.span, c.desk, c.paused, c.warned) for c in found] == [
                (86_400, False, 0, 0.0), (86_400, False, 0, 0.8), (86_400, False, 0, 1.0),
            ]  # fmt: skip
            due = [c.stage.value for c in tx.clocks_due(now=NOON - DAY, limit=9)]
            assert due == ["running"]  # for a share that is told of now
    finally:
        base.close()


def _fill(connection: Connection, table: Table, **values: object) -> None:
    """A row with something in each column that must hold something."""
    blank: dict[type, object] = {int: 0, str: "", bool: False, bytes: b"", datetime: NOON}
    made = {
        c.name: blank[c.type.python_type] for c in table.columns if not c.nullable and not c.server_default
    }
    connection.execute(insert(table).values({**made, **values}))


def test_the_migrations_make_what_the_tables_say(base: Database) -> None:
    """Nobody changed the one without the other: tables, columns, types, indexes, unique keys."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with base.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []


def test_partial_indexes_are_as_partial_as_the_tables_say(base: Database) -> None:
    """Alembic does not compare their conditions."""
    dialect = "sqlite" if base.file else "postgresql"
    wanted = {
        index.name: str(index.dialect_options[dialect]["where"])
        for table in SQLModel.metadata.tables.values()
        for index in table.indexes
        if index.dialect_options[dialect]["where"] is not None
    }
    query = (
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql LIKE '%WHERE%'"
        if base.file
        else "SELECT indexname AS name, indexdef AS sql FROM pg_indexes WHERE indexdef LIKE '%WHERE%'"
    )
    with base.read() as connection:
        found = {row.name: row.sql.partition("WHERE")[2] for row in connection.execute(text(query))}
    assert wanted
    assert {name: _plain(condition) for name, condition in found.items()} == {
        name: _plain(condition) for name, condition in wanted.items()
    }


def _plain(condition: str) -> str:
    return re.sub(r"::\w+( varying)?|[() ]", "", condition).casefold()


def test_an_old_schema_is_copied_before_it_is_changed(
    sqlite_base: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy is the ledger as it was, beside it, readable by nobody else."""
    assert sqlite_base.file is not None
    with Store(database=sqlite_base).write() as tx:
        ticket(tx, subject="avant")
    with sqlite_base.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    monkeypatch.setattr(database, "_migrate", lambda _base: None)
    backup = database.upgrade(sqlite_base, now=NOON)
    assert backup is not None
    assert backup.name == "maild.db.0000.20241125T120000Z.bak"
    assert stat.S_IMODE(backup.stat().st_mode) == stat.S_IMODE(sqlite_base.file.stat().st_mode)
    copy = sqlite3.connect(backup)
    assert copy.execute("SELECT subject FROM ticket").fetchall() == [("avant",)]
    copy.close()


def test_a_schema_of_a_later_version_is_not_touched(base: Database) -> None:
    """Whatever it holds, this version does not know it."""
    with base.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaTooNew, match="9999"):
        database.upgrade(base)
    assert database.current(base) == "9999"


def test_a_migration_that_fails_changes_nothing(
    empty_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One transaction: the schema is the old one or the new one."""
    scripts = tmp_path / "migrations"
    shutil.copytree(database.MIGRATIONS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    newest = database.head()
    (scripts / "versions" / "9999_bad.py").write_text(
        f'from alembic import op\nrevision = "9999"\ndown_revision = "{newest}"\n'
        "branch_labels = depends_on = None\n\ndef upgrade() -> None:\n"
        '    op.execute("CREATE TABLE half (id int)")\n    raise RuntimeError("a bad day")\n'
    )
    base = database.open_database(empty_url)
    try:
        database.upgrade(base)
        monkeypatch.setattr(database, "MIGRATIONS", scripts)
        assert database.head() == "9999"
        with pytest.raises(RuntimeError, match="a bad day"):
            database.upgrade(base)
        assert database.current(base) == newest
        with base.read() as connection:
            assert "half" not in inspect(connection).get_table_names()
    finally:
        base.close()


def test_sqlite_is_as_durable_as_promised(sqlite_base: Database) -> None:
    """WAL, synchronous=FULL, foreign keys, ten seconds of patience; PostgreSQL has its own."""
    assert database.pragmas(sqlite_base) == {
        "journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000,
    }  # fmt: skip
    assert database.is_sound(sqlite_base)


def test_postgresql_answers_the_same_questions(postgres_base: Database) -> None:
    """With nothing to say."""
    assert database.pragmas(postgres_base) == {}
    assert database.is_sound(postgres_base)


def test_the_file_is_nobody_else_s(tmp_path: Path) -> None:
    """It holds people's mail."""
    base = database.open_database(f"sqlite:///{tmp_path}/var/maild.db")
    database.upgrade(base)
    base.close()
    assert stat.S_IMODE((tmp_path / "var" / "maild.db").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "var").stat().st_mode) == 0o700


def test_a_writer_waits_for_its_turn_and_then_says_so(
    sqlite_base: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program holds the lock past our patience: unavailable, and nothing was changed."""
    assert sqlite_base.file is not None
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 30)
    impatient = database.open_database(f"sqlite:///{sqlite_base.file}")
    other = sqlite3.connect(sqlite_base.file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="locked"), Store(database=impatient).write() as tx:
        ticket(tx)
    with Store(database=impatient).read() as tx:
        assert list(tx.tickets()) == [], "readers do not wait"
    other.execute("COMMIT")
    other.close()
    with Store(database=impatient).write() as tx:
        assert ticket(tx) == 1001
    impatient.close()


def test_threads_take_turns(base: Database) -> None:
    """Every one of many writers gets through, and none overwrites what another read."""
    store = Store(database=base)
    with store.write() as tx:
        number = ticket(tx, subject="")
    lock = text("SELECT id FROM ticket" if base.file else "SELECT id FROM ticket FOR UPDATE")

    def write(_turn: int) -> None:
        with store.write() as tx:
            tx.connection.execute(lock).all()
            subject = tx.states([number])[number].ticket.subject
            tx.change_ticket(number, subject=subject + "x")

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(write, range(40)))
    with store.read() as tx:
        assert [t.subject for t in tx.tickets()] == ["x" * 40]


def test_readers_leave_nothing_behind(base: Database) -> None:
    """What the process holds once there was room for them is what it holds after any number of them."""
    base.make_room(3)
    before = _descriptors()
    for _ in range(3):
        with ExitStack() as readers:
            for _ in range(3):
                readers.enter_context(base.read()).execute(text("SELECT id FROM ticket")).all()
        assert _descriptors() == before


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_full_disk_is_unavailable(sqlite_base: Database) -> None:
    """The batch is undone as a whole, and writes again when there is room."""
    store = Store(database=sqlite_base)

    def fill() -> None:
        with store.write() as tx:
            pages = tx.connection.exec_driver_sql("PRAGMA page_count").scalar()
            tx.connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
            try:
                keep(tx, 1)
                for uid in range(2, 400):
                    keep(tx, uid)
            finally:
                tx.connection.exec_driver_sql("PRAGMA max_page_count = 1073741823")

    with pytest.raises(Unavailable, match="full"):
        fill()
    with store.write() as tx:
        assert tx.maildrops() == ()
        keep(tx, 1)


@pytest.mark.parametrize("what", ["directory", "garbage"])
def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path, what: str) -> None:
    """And says so."""
    path = tmp_path / "maild.db"
    if what == "directory":
        path.mkdir()
    else:
        path.write_bytes(b"This is no database at all. " * 100)
    base = database.open_database(f"sqlite:///{path}")
    with pytest.raises(Unavailable):
        database.current(base)
    base.close()


def test_a_server_that_is_away_is_unavailable() -> None:
    """PostgreSQL that nobody runs."""
    base = database.open_database(f"postgresql://maild@127.0.0.1:{free_port()}/maild")
    with pytest.raises(Unavailable), base.read():
        pass
    base.close()
