"""Backup, restore, upgrade and move of ten thousand tickets: the same rows, and the same `tickets --json`."""

import hashlib
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, func, inspect, select
from sqlmodel import SQLModel

from maild import cli
from storage import database
from storage.database import Database
from storage.store import Store
from tests.peers.postgres import Postgres
from tests.storage import crowd
from tests.storage.entries import keep, message, ticket

# Half a minute of work, on a machine that has nothing else to do.
pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(400)]
Columns = dict[str, list[str]]
_CONFIG = """
[desk]
name = "ETNIC"
address = "support@etnic.test"
secret = "0123456789abcdef0123456789abcdef"
[maildrop.support]
kind = "imap"
host = "127.0.0.1"
user = "support"
password = "x"
[submission]
host = "127.0.0.1"
[state]
directory = "{folder}"
database = "{url}"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A ledger, and what its administrator types."""

    folder: Path
    url: str
    capsys: pytest.CaptureFixture[bytes]

    def call(self, *words: str) -> bytes:
        """What a command says that ends well."""
        file = self.folder / "config.toml"
        file.write_text(_CONFIG.format(folder=self.folder, url=self.url))
        self.capsys.readouterr()
        code = cli.answer([*words, "--config", str(file)])
        said = self.capsys.readouterr()
        assert code == 0, said.err.decode()
        return said.out

    def tickets(self) -> list[bytes]:
        """The lines of `maild tickets --json`."""
        return self.call("tickets", "--json").splitlines()

    @contextmanager
    def opened(self) -> Iterator[Database]:
        """The database itself."""
        with closing(database.open_database(self.url)) as base:
            yield base

    def held(self, columns: Columns) -> dict[str, object]:
        """A digest of what these columns of these tables hold."""
        with self.opened() as base, base.read() as connection:
            return {
                table: digest(connection, table, ", ".join(f'"{name}"' for name in names))
                for table, names in columns.items()
            }

    def columns(self) -> Columns:
        """Table -> its columns."""
        with self.opened() as base, base.read() as connection:
            known = inspect(connection)
            return {
                table: [column["name"] for column in known.get_columns(table)]
                for table in known.get_table_names()
                if table != "alembic_version"
            }

    def counts(self) -> dict[str, int]:
        """How many rows each table has."""
        with self.opened() as base, base.read() as connection:
            counted = {
                table.name: connection.scalar(select(func.count()).select_from(table))
                for table in SQLModel.metadata.sorted_tables
            }
        return {name: count or 0 for name, count in counted.items()}


def digest(connection: Connection, table: str, columns: str) -> str:
    """Of all rows, by the database's own means: they are many."""
    if connection.dialect.name == "postgresql":
        row = f"ROW({columns})::text"
        query = f'SELECT md5(string_agg({row}, chr(10) ORDER BY {row})) FROM "{table}"'  # noqa: S608
        return str(connection.exec_driver_sql(query).scalar())
    rows = connection.exec_driver_sql(f'SELECT {columns} FROM "{table}" ORDER BY {columns}')  # noqa: S608
    return hashlib.sha256("\n".join(repr(tuple(row)) for row in rows).encode()).hexdigest()


# ---------------------------------------------------------------------- ten thousand tickets, made once


@pytest.fixture(scope="session")
def first_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of the first schema."""
    path = tmp_path_factory.mktemp("crowd") / "maild.db"
    _make(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def first_postgresql(postgres: Postgres) -> Iterator[str]:
    """The name of a database of the first schema."""
    name = postgres.create_database()
    _make(postgres.url(name))
    yield name
    postgres.drop_database(name)


def _make(url: str) -> None:
    with (
        pytest.MonkeyPatch.context() as before,
        closing(database.open_database(url, durable=False)) as base,
    ):
        before.setattr(database, "head", lambda: "0001")
        database.upgrade(base)
        with base.write() as connection:
            crowd.fill(connection)


@pytest.fixture
def small(tmp_path: Path, first_sqlite: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> State:
    """The file, in the place of a desk's state."""
    shutil.copy(first_sqlite, tmp_path / "maild.db")
    return State(folder=tmp_path, url=f"sqlite:///{tmp_path}/maild.db", capsys=capsysbinary)


@pytest.fixture
def large(
    tmp_path: Path, postgres: Postgres, first_postgresql: str, capsysbinary: pytest.CaptureFixture[bytes]
) -> Iterator[State]:
    """The database."""
    name = postgres.create_database(template=first_postgresql)
    yield State(folder=tmp_path, url=postgres.url(name), capsys=capsysbinary)
    postgres.drop_database(name)


def upgrade(state: State) -> None:
    """`maild db upgrade`, and then what the later schemas have tables for: files, calls, visits and so on."""
    assert state.call("db", "upgrade").startswith(b"0001 -> ")
    with state.opened() as base, base.write() as connection:
        crowd.fill(connection)
    counts = state.counts()
    assert all(counts.values()), counts
    assert counts["ticket"] == counts["attachment"] == crowd.TICKETS


def put_back(state: State, copy: Path) -> None:
    """As README.md says it."""
    if state.url.startswith("sqlite"):
        shutil.copy(copy, state.folder / "maild.db")
    else:
        with psycopg.connect(state.url, autocommit=True) as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
        put = ["pg_restore", "--single-transaction", "--no-owner", f"--dbname={state.url}", str(copy)]
        subprocess.run(put, check=True)


# ---------------------------------------------------------------------- the stories


def test_the_first_schema_is_upgraded(small: State, large: State) -> None:
    """Each value is as it was, and either database tells the same of it."""
    for state in (small, large):
        columns = state.columns()
        before = state.held(columns)
        upgrade(state)
        assert state.held({name: columns[name] for name in before}) == before
    told = small.tickets()
    assert len(told) == crowd.TICKETS
    assert large.tickets() == told


def test_a_state_is_put_back_moved_put_back_and_moved_again(small: State, postgres_url: str) -> None:
    """From SQLite to PostgreSQL to SQLite; each is copied while somebody writes, and the copy put back."""
    upgrade(small)
    before = small.tickets()
    assert len(before) == crowd.TICKETS
    restored = restore_a_copy(small, before)

    large = State(folder=small.folder, url=postgres_url, capsys=small.capsys)
    small.call("db", "move", "--to", large.url)
    assert large.counts() == small.counts()
    again = restore_a_copy(large, restored)

    back = State(folder=small.folder, url=f"sqlite:///{small.folder}/back/maild.db", capsys=small.capsys)
    large.call("db", "move", "--to", back.url)
    assert back.counts() == large.counts()
    assert back.tickets() == again


def restore_a_copy(state: State, before: list[bytes]) -> list[bytes]:
    """What is told of a state after it was copied in use and put back; ``before``: what was told then.

    It is of one instant: what was there before the copy, nothing of what came after it, and no half."""
    copy = state.folder / f"copy-{len(before)}"
    with written_meanwhile(state) as writer:
        done = writer.count
        state.call("backup", str(copy))
        # One more may have been written and not counted yet.
        most = writer.count + 1
        writer.await_more()
    put_back(state, copy)
    restored = state.tickets()
    new = len(restored) - len(before)
    assert restored[: len(before)] == before
    assert done <= new <= most
    with state.opened() as base, base.read() as connection:
        written = {connection.exec_driver_sql(query).scalar() for query in WRITTEN}
    assert len(written) == 1, "a ticket without its mail"
    return restored


# ---------------------------------------------------------------------- who writes meanwhile


# What there is of the writer's; nobody else's mails are of that address and that UIDVALIDITY.
WRITTEN = (
    "SELECT count(*) FROM ticket WHERE requester_address = 'jean@ecole.test'",
    "SELECT count(*) FROM message WHERE sender_address = 'jean@ecole.test'",
    "SELECT count(*) FROM sighting WHERE uidvalidity = 1",
)


@dataclass(slots=True, kw_only=True)
class Writer:
    """Opens a ticket and files its mail, in one transaction, again and again."""

    store: Store
    count: int = 0
    over: bool = False
    written: threading.Condition = field(default_factory=threading.Condition)

    def write(self) -> None:
        """Until it is over."""
        while not self.over:
            with self.store.write() as tx:
                number = ticket(tx)
                (kept,) = keep(tx, number)
                message(tx, number, kept)
            with self.written:
                self.count += 1
                self.written.notify_all()

    def await_more(self) -> None:
        """Until one more is there than now."""
        with self.written:
            now = self.count
            assert self.written.wait_for(lambda: self.count > now, timeout=60)


@contextmanager
def written_meanwhile(state: State) -> Iterator[Writer]:
    """Somebody writes."""
    with state.opened() as base:
        writer = Writer(store=Store(database=base))
        thread = threading.Thread(target=writer.write)
        thread.start()
        try:
            writer.await_more()
            yield writer
        finally:
            writer.over = True
            thread.join()
