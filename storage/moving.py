"""The state taken to another database, SQLite or PostgreSQL: every row of it, compared when it is there.

Stands beside ``backup``, over ``database``; ``maild db move`` calls it where no daemon runs. The source is
only read, as it is at one instant. The target first says that it is unfinished, so that nothing runs on it,
then takes all rows in one transaction whose end says that it is whole: an interruption leaves its tables
empty, and the next attempt begins anew. Raises ``NotEmpty``, ``NotEqual`` and ``database.Unavailable``.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import (
    Connection,
    LargeBinary,
    RowMapping,
    Table,
    Text,
    bindparam,
    func,
    insert,
    inspect,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.exc import DataError, IntegrityError
from sqlmodel import SQLModel

import storage.tables  # noqa: F401  (the import fills the metadata)
from storage import backup, database
from storage.database import Database, Unavailable

# What is in hand at once; a single row may be larger.
MOST_ROWS = 1000
MOST_BYTES = 4 << 20
# How each of its files begins (sqlite.org/fileformat2, 1.3.1).
_SQLITE = b"SQLite format 3\0"
_SAY_REVISION = text("UPDATE alembic_version SET version_num = :said")

Told = Callable[[int, int], None]  # rows done, rows in all
Rows = Sequence[RowMapping]


class NotEmpty(Exception):
    """The target holds something already; nothing is written over."""


class NotEqual(Exception):
    """The target cannot hold a row, or does not give it back as it was; nothing of the move is left in it."""


@dataclass(slots=True, kw_only=True)
class _Tally:
    """How many rows, and a digest of them all in whatever order they come."""

    rows: int = 0
    digest: int = 0

    def add(self, row: RowMapping) -> None:
        """Count a row."""
        # A mail's bytes are printed by their hash: as Python writes them they would be four times as long.
        values = [sha256(value).digest() if isinstance(value, bytes) else value for value in row.values()]
        self.rows += 1
        self.digest += int.from_bytes(sha256(repr(values).encode()).digest(), "big")


def move(source: Database, target: Database, told: Told = lambda _done, _all: None) -> dict[str, int]:
    """Fill an empty database with all that another one holds, and compare.

    Args:
        told: hears of rows done and rows in all.

    Returns:
        Table -> rows.

    Raises:
        NotEmpty: the target holds anything but the beginning of a move of the same source.
        NotEqual: a row of the source cannot be held there, or came out otherwise.
        Unavailable: one of them cannot be reached, or the source has not the schema of this version.
    """
    _require_current(source)
    _begin(target, f"{database.UNFINISHED} {_name(source)}")
    with source.read() as old, target.write() as new:
        if old.dialect.name == "postgresql":
            old.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        _lock(new, _name(source))
        moved = _copy(old, new, told)
        _number_on(old, new)
        new.execute(_SAY_REVISION, {"said": database.head()})
        if target.file is not None:
            # In its new place it is what a backup is: nobody's yet, and without a log of its own.
            new.exec_driver_sql(f"PRAGMA user_version = {backup.COPIED}")
    return moved


def _require_current(source: Database) -> None:
    found = database.current(source)
    if found is None:
        raise Unavailable("there is no state to move: maild has not run on this database yet")
    if found != database.head():
        raise Unavailable(f"its schema is {found}, not {database.head()}: `maild db upgrade` comes first")


def _tables() -> Sequence[Table]:
    """Whatever is referred to before what refers to it."""
    return SQLModel.metadata.sorted_tables


def _name(source: Database) -> str:
    """Which source it is, short enough for the place of a revision."""
    where = source.file.resolve() if source.file is not None else source.engine.url.set(password=None)
    return sha256(str(where).encode()).hexdigest()[:16]


# ---------------------------------------------------------------------- the target


def _begin(target: Database, mark: str) -> None:
    """Make the tables, if there are none, and say in the same transaction that they are not whole."""
    if target.file is not None:
        _prepare(target)
    with target.write() as new:
        _require_empty(new, mark)
        if database.revision(new) is None:
            database.migrate(new)
        new.execute(_SAY_REVISION, {"said": mark})


def _prepare(target: Database) -> None:
    """A file that nobody else may read, without a write-ahead log: all comes in one transaction."""
    assert target.file is not None
    if target.file.exists():
        with target.file.open("rb") as found:
            begins = found.read(len(_SQLITE))
        if begins not in {_SQLITE, b""}:
            raise NotEmpty(f"{target.file} is no database, and nothing is written over: name a new file")
        with target.read() as new:
            _require_empty(new)
    target.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    target.file.touch(mode=0o600)
    target.engine.dispose()
    try:
        with closing(sqlite3.connect(target.file)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.OperationalError as error:
        raise Unavailable(f"{target.file}: {error}; another program has it open") from error


def _require_empty(new: Connection, mark: str = "") -> None:
    found, ours = set(inspect(new).get_table_names()), {table.name: table for table in _tables()}
    if strange := found - ours.keys() - {"alembic_version"}:
        raise NotEmpty(f"it holds other tables ({', '.join(sorted(strange)[:3])}): name an empty database")
    for name in sorted(found & ours.keys()):
        if new.execute(select(literal(1)).select_from(ours[name]).limit(1)).first():
            raise NotEmpty("a state is in it already, and nothing is written over: name an empty database")
    said = database.revision(new)
    if mark and said not in {None, database.head(), mark}:
        raise NotEmpty(f"it bears the mark {said!r}, of another state or version: name an empty database")


def _lock(new: Connection, name: str) -> None:
    """Nobody else moves a state into it, and nobody has since it was begun."""
    if new.dialect.name == "postgresql":
        new.execute(text("LOCK TABLE alembic_version IN EXCLUSIVE MODE NOWAIT"))
    _require_empty(new, f"{database.UNFINISHED} {name}")


# ---------------------------------------------------------------------- the rows


def _copy(old: Connection, new: Connection, told: Told) -> dict[str, int]:
    moved, done = dict[str, int](), 0
    counts = {table: old.scalar(select(func.count()).select_from(table)) or 0 for table in _tables()}
    everything = sum(counts.values())
    for table in _tables():
        was, later = _Tally(), list[dict[str, Any]]()
        for rows in _batches(old, table):
            for row in rows:
                was.add(row)
            _insert(new, table, rows, later)
            told(done + was.rows, everything)
        _refer(new, table, later)
        _compare(new, table, was)
        moved[table.name] = was.rows
        done += was.rows
    return moved


def _batches(connection: Connection, table: Table) -> Iterator[Rows]:
    """All rows of a table, so many and so large at once as a process bears."""
    if "id" not in table.c:
        read = select(table).execution_options(yield_per=MOST_ROWS)
        yield from connection.execute(read).mappings().partitions()
        return
    within = (
        select(table).where(table.c.id.between(bindparam("first"), bindparam("last"))).order_by(table.c.id)
    )
    for first, last in _spans(connection, table):
        yield connection.execute(within, {"first": first, "last": last}).mappings().all()


def _spans(connection: Connection, table: Table) -> list[tuple[int, int]]:
    """(first id, last id) of each batch."""
    large = [func.length(column) for column in table.c if isinstance(column.type, LargeBinary | Text)]
    weight = sum(large, literal(0)).label("weight")
    spans, rows, size = list[tuple[int, int]](), MOST_ROWS, 0
    listed = select(table.c.id, weight).order_by(table.c.id).execution_options(yield_per=10 * MOST_ROWS)
    for row in connection.execute(listed):
        rows, size = rows + 1, size + row.weight
        if rows > MOST_ROWS or size > MOST_BYTES:
            spans.append((row.id, row.id))
            rows, size = 1, row.weight
        spans[-1] = (spans[-1][0], row.id)
    return spans


def _insert(new: Connection, table: Table, rows: Rows, later: list[dict[str, Any]]) -> None:
    """Add rows; what refers to a row of the same table, which may come after it, is kept for ``later``."""
    inward = [key.parent.name for key in table.foreign_keys if key.column.table is table]
    if inward:
        later += [
            {"b_id": row["id"], **{name: row[name] for name in inward}}
            for row in rows
            if any(row[name] is not None for name in inward)
        ]
    blank = dict.fromkeys(inward)
    try:
        new.execute(insert(table), [{**row, **blank} for row in rows])
    except (DataError, IntegrityError) as error:
        first = next(iter(rows[0].values()))
        raise NotEqual(f"{table.name}, at most {len(rows)} rows from {first}: {error.orig}") from error


def _refer(new: Connection, table: Table, later: list[dict[str, Any]]) -> None:
    if later:
        values: dict[str, Any] = {name: bindparam(name) for name in later[0] if name != "b_id"}
        new.execute(update(table).where(table.c.id == bindparam("b_id")).values(values), later)


def _compare(new: Connection, table: Table, was: _Tally) -> None:
    found = _Tally()
    for rows in _batches(new, table):
        for row in rows:
            found.add(row)
    if found != was:
        counts = f"{was.rows} rows were read, {found.rows} are there"
        raise NotEqual(f"{table.name}: {counts}" + (", not the same" if found.rows == was.rows else ""))


# ---------------------------------------------------------------------- the numbers that come next


def _number_on(old: Connection, new: Connection) -> None:
    """What is added next has the number that it would have had: a ticket's is never given twice."""
    for table in _tables():
        if table.dialect_options["sqlite"]["autoincrement"]:
            _number(new, table, _next(old, table))
        elif "id" in table.c and new.dialect.name == "postgresql":
            _number(new, table, (new.scalar(select(func.max(table.c.id))) or 0) + 1)


def _next(old: Connection, table: Table) -> int:
    if old.dialect.name == "sqlite":
        last = old.scalar(text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": table.name})
        return int(last or 0) + 1
    sequence = old.scalar(_SEQUENCE, {"name": _quoted(old, table)})
    # The name is the database's own.
    said = old.execute(text(f"SELECT last_value, is_called FROM {sequence}")).one()  # noqa: S608
    return int(said.last_value) + int(said.is_called)


def _number(new: Connection, table: Table, following: int) -> None:
    if new.dialect.name == "sqlite":
        last = {"last": following - 1, "name": table.name}
        new.execute(text("UPDATE sqlite_sequence SET seq = :last WHERE name = :name"), last)
    else:
        new.execute(_RESTART, {"name": _quoted(new, table), "following": following})


def _quoted(connection: Connection, table: Table) -> str:
    return connection.dialect.identifier_preparer.format_table(table)


_SEQUENCE = text("SELECT pg_get_serial_sequence(:name, 'id')")
_RESTART = text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :following, false)")
