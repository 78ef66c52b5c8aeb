"""The engine: opened, brought up to date, read and written.

Stands under ``store`` and ``outbox``; the only module that knows which database it is. SQLite: WAL,
``synchronous=FULL``, ``BEGIN IMMEDIATE`` for writes, so that a writer waits for its turn instead of
failing half-way (notes on storage, measured). Raises ``Unavailable`` where the database cannot be
reached or is busy past the timeout, ``SchemaTooNew`` for a file written by a later version, ``Unfinished``
for one into which a state was being moved.
"""

import itertools
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, OperationalError

from storage import backup

MIGRATIONS = Path(__file__).parent / "migrations"
# A writer that waits longer than this has met something that is not another writer of ours.
BUSY_TIMEOUT_MS = 10_000
# SQLite has one writer, and readers are quick: a connection that more threads need at once is closed again,
# for one that stays open has a page cache of its own.
KEPT_CONNECTIONS = 2
MOST_CONNECTIONS = 20
_REVISION = text("SELECT version_num FROM alembic_version")
# In the place of the revision, which every version of maild looks at before anything else.
UNFINISHED = "unfinished"


class Unavailable(Exception):
    """The database cannot be reached or written now; nothing was changed; try again later."""


class Damaged(Unavailable):
    """The file is damaged, or no database at all: nothing will mend it but its backup."""


class Unfinished(Unavailable):
    """A state was being moved into it, and what came of it is not whole: nothing may run on it."""


class SchemaTooNew(Exception):
    """The state was written by a later version of maild; this one must not touch it."""


@dataclass(slots=True)
class Statements:
    """How many SQL statements went to the database since it was opened."""

    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """An open database. ``file``: the SQLite file, None for PostgreSQL."""

    engine: Engine
    file: Path | None
    statements: Statements = field(default_factory=Statements)
    # SQLite has one writer: threads of this process queue here, instead of each sleeping and asking again.
    turn: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state and changes nothing."""
        with _said_plainly(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that commits as a whole or not at all."""
        with _said_plainly(), self._turn(), self.engine.connect() as plain:
            connection = plain.execution_options(maild_write=True)
            with connection.begin():
                yield connection

    def _turn(self) -> AbstractContextManager[object]:
        return self.turn if self.file is not None else nullcontext()

    def make_room(self, readers: int) -> None:
        """Let so many read at once, once: SQLite keeps the descriptor of a connection that it closes beside
        others, and so what a process holds is the same from its first minute to its last."""
        with ExitStack() as together:
            for _ in range(readers):
                together.enter_context(self.read()).execute(_REVISION).all()

    def close(self) -> None:
        """Return the connections; SQLite folds its write-ahead log into the file."""
        self.engine.dispose()


@contextmanager
def _said_plainly() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        # SQLite says so of a file that is damaged, or no database at all.
        if type(error) is DatabaseError:
            raise Damaged(f"{error.orig}: stop maild and put the last backup in place") from error
        if is_unavailable(error):
            raise Unavailable(str(error.orig)) from error
        raise


# PostgreSQL, appendix A: connection, rollback, resources, object state, operator, system.
_AWAY = ("08", "40", "53", "55", "57", "58")
# SQLite's result codes: busy, locked, no memory, read-only, interrupted, I/O, full, cannot open, protocol.
_AWAY_SQLITE = frozenset({5, 6, 7, 8, 9, 10, 13, 14, 15})


def is_unavailable(error: BaseException) -> bool:
    """The database's own trouble, which passes; not that of the statement or of a value in it."""
    if isinstance(error, Unavailable):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if isinstance(error.orig, sqlite3.Error):
        return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in _AWAY_SQLITE
    state = getattr(error.orig, "sqlstate", None)
    gone = isinstance(error, OperationalError) and state is None
    return error.connection_invalidated or gone or str(state).startswith(_AWAY)


def open_database(url: str, *, durable: bool = True) -> Database:
    """Open without changing anything: no journal mode is set, no table is made.

    Args:
        url: ``sqlite:///path`` or ``postgresql://user@host/name`` (psycopg 3).
        durable: False for an SQLite file that nobody needs after this process: nothing waits for the disk.

    Raises:
        Unavailable: for an address that cannot be understood; one where nobody answers is found out by use.
    """
    parsed = _address(url)
    if parsed.get_backend_name() == "sqlite":
        file = Path(parsed.database or "")
        backup.clear_stale_log(file)
        return _watched(_open_sqlite(url, durable=durable), file)
    # A failed statement is logged with its text; its parameters are what people wrote.
    # psycopg 3 is what plain ``postgresql://`` means since SQLAlchemy 2.1.
    arguments = {"connect_timeout": 10, "keepalives_idle": 30, "tcp_user_timeout": 30_000}
    return _watched(
        create_engine(parsed, pool_pre_ping=True, connect_args=arguments, hide_parameters=True), None
    )


def shown(url: str) -> str:
    """The address of a database, fit for other eyes: without its password."""
    return _address(url).render_as_string(hide_password=True)


def _address(url: str) -> URL:
    try:
        return make_url(url)
    except (ArgumentError, ValueError) as error:
        # The text is not repeated: it may hold a password.
        remedy = 'write it as "postgresql://user@host:5432/name"'
        raise Unavailable(
            f"the database's address cannot be understood: its port, or its form; {remedy}"
        ) from error


def _watched(engine: Engine, file: Path | None) -> Database:
    database = Database(engine=engine, file=file)

    @event.listens_for(engine, "before_cursor_execute")
    def count(*_: Any) -> None:
        database.statements.count += 1

    return database


def _open_sqlite(url: str, *, durable: bool) -> Engine:
    engine = create_engine(
        url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000}, pool_size=KEPT_CONNECTIONS,
        max_overflow=MOST_CONNECTIONS - KEPT_CONNECTIONS, hide_parameters=True,
    )  # fmt: skip

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        # The driver's own transaction handling would begin late and lose updates between sessions.
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        connection.execute("PRAGMA foreign_keys = ON")
        # What is deleted is overwritten; Debian's SQLite does so by itself, others do not.
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'OFF'}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("maild_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def head() -> str:
    """The revision of the schema that this version of maild writes."""
    return max(path.name.split("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def current(database: Database) -> str | None:
    """The revision of the schema found; None for an empty database.

    Raises:
        Unfinished: for the target of a move that has not come to its end.
        Unavailable: for a database that cannot be read.
    """
    if database.file is not None and not database.file.exists():
        return None
    with database.read() as connection:
        found = revision(connection)
    if found is not None and found.startswith(UNFINISHED):
        remedy = "give `maild db move` again, or go on with the database that it was moved from"
        raise Unfinished(f"a state was being moved into this database, and is not whole: {remedy}")
    return found


def revision(connection: Connection) -> str | None:
    """What stands in the place of the schema's revision; None in an empty database."""
    from sqlalchemy import inspect

    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(_REVISION).scalar()
    return None if found is None else str(found)


def is_copy(database: Database) -> bool:
    """It is an SQLite file that was put in its place by ``backup`` or a move, and nobody has used it yet."""
    return database.file is not None and backup.is_fresh_copy(database.file)


def upgrade(
    database: Database, *, now: datetime | None = None, told: backup.Told | None = None
) -> Path | None:
    """Bring the schema up to date; call it only where no other process writes (under the lock).

    An SQLite file of an older schema is copied beside itself first; a PostgreSQL database is migrated
    in one transaction.

    Args:
        told: hears how many pages are copied, of how many.

    Returns:
        The copy that was made, or None.

    Raises:
        SchemaTooNew: for a state of a later version.
        Unfinished: for the target of a move that has not come to its end.
        Unavailable: for a database that cannot be written.
    """
    if database.file is not None:
        backup.begin(database.file)
    found = current(database)
    if found is not None and found > head():
        raise SchemaTooNew(f"the state has schema {found}, this version of maild knows {head()}")
    if found == head():
        return None
    copy = _copy_first(database, found, now or datetime.now(UTC), told) if found else None
    try:
        _prepare_file(database)
        _migrate(database)
    except BaseException:
        if copy is not None:
            _drop_if_unchanged(database, found, copy)
        raise
    return copy


def _drop_if_unchanged(database: Database, found: str | None, copy: Path) -> None:
    """Whoever tries again and again shall not fill the disk; a copy of what may be damaged stays."""
    with suppress(Unavailable):
        if current(database) == found and is_sound(database):
            copy.unlink(missing_ok=True)


def _prepare_file(database: Database) -> None:
    if database.file is None:
        return
    database.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Switching to WAL ignores the busy timeout: it is done here only, once, under the lock.
    with sqlite3.connect(database.file, timeout=BUSY_TIMEOUT_MS / 1000) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    database.file.chmod(0o600)


def _copy_first(database: Database, found: str, now: datetime, told: backup.Told | None) -> Path | None:
    if database.file is None:
        return None
    name = f"{database.file.name}.{found}.{now:%Y%m%dT%H%M%SZ}"
    names = itertools.chain([f"{name}.bak"], (f"{name}-{number}.bak" for number in itertools.count(2)))
    target = next(path for path in map(database.file.with_name, names) if not path.exists())
    backup.copy_sqlite(database.file, target, *([told] if told else []))
    return target


def back_up(database: Database, target: Path, told: backup.Told | None = None) -> None:
    """Copy the state as it is at this instant to ``target``, while it is in use (see ``backup``).

    Args:
        told: hears of pages done and pages in all; PostgreSQL's own program tells nothing.

    Raises:
        Unavailable: where it cannot be read, or was never begun.
        FileExistsError, OSError: as ``backup`` says.
    """
    if database.file is None:
        backup.dump_postgresql(database.engine.url, target)
        return
    if not database.file.exists():
        raise Unavailable(f"{database.file} does not exist: maild has not run here yet")
    backup.copy_sqlite(database.file, target, *([told] if told else []))


def _migrate(database: Database) -> None:
    with database.write() as connection:
        migrate(connection)


def migrate(connection: Connection) -> None:
    """Bring the schema up to date within a transaction of the caller's."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, head())


def pragmas(database: Database) -> dict[str, object]:
    """What SQLite says of the settings that durability rests on; empty for PostgreSQL."""
    if database.file is None:
        return {}
    with database.read() as connection:
        names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        return {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names}


def compact(database: Database) -> bool:
    """Rewrite an SQLite file without what was deleted, and empty its write-ahead log; False for PostgreSQL.

    Raises:
        Unavailable: while others read or write for longer than they ever do.
    """
    if database.file is None:
        return False
    try:
        with closing(sqlite3.connect(database.file, timeout=BUSY_TIMEOUT_MS / 1000)) as connection:
            connection.isolation_level = None
            connection.execute("VACUUM")
            _empty_log(connection)
    except sqlite3.OperationalError as error:
        raise Unavailable(f"{database.file}: {error}") from error
    return True


def empty_log(database: Database) -> None:
    """Empty the write-ahead log of an SQLite file, where nobody reads in it just now."""
    if database.file is not None:
        with closing(sqlite3.connect(database.file, timeout=BUSY_TIMEOUT_MS / 1000)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _empty_log(connection: sqlite3.Connection) -> None:
    (is_busy, *_) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if is_busy:
        raise Unavailable("the write-ahead log is being read: what was erased is still in it")


def is_sound(database: Database) -> bool:
    """``PRAGMA integrity_check`` says ok; PostgreSQL checks its own pages."""
    if database.file is None:
        return True
    with database.read() as connection:
        return connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
