"""A ledger as it is after a year: the rows of a finished state, copied until there are so many tickets.

Stands between two rounds of the bench. Written from the schema that SQLite shows, not from maild's code: ids
and the references between cloned tables are shifted, texts that are unique or indexed get a mark in front,
instants go back five days a copy, so that no budget and no sweep finds them new. The copies are closed
tickets, as nearly all of a year's tickets are. Raises sqlite3.Error where the schema has outgrown it.
"""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

CLONED = (
    "raw",
    "ticket",
    "message",
    "sighting",
    "reference",
    "participant",
    "link",
    "clock",
    "event",
    "outbox",
)
PLAIN = frozenset({"kind", "domain", "state", "status"})
"""Indexed texts that are words and no identities."""
EMPTIED = frozenset({("raw", "content"), ("outbox", "content")})
"""Bytes that nobody reads again: 100,000 tickets would hold gigabytes of them."""
DAYS_A_COPY = 5
EARLIER = f"datetime({{0}}, '-' || (:copy * {DAYS_A_COPY}) || ' days') || substr({{0}}, 20)"
CLOSED = {
    ("ticket", "status"): "'closed'",
    ("ticket", "due_at"): "null",
    ("clock", "next_at"): "null",
    ("clock", "stopped_at"): EARLIER.format("started_at"),
    ("clock", "stopped_by"): "'bench'",
    ("sighting", "uidvalidity"): "uidvalidity - :copy",
    ("sighting", "dirty"): "0",
    ("outbox", "next_at"): "null",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table that is cloned: its columns with their declared types, which refer where, which must differ."""

    name: str
    columns: dict[str, str]
    references: dict[str, str]
    identities: frozenset[str]


def fill(ledger: Path, tickets: int) -> int:
    """Clones the rows of the ledger until it holds at least so many tickets; how many it holds then."""
    with closing(sqlite3.connect(ledger, isolation_level=None)) as connection:
        connection.execute("pragma foreign_keys = off")
        connection.execute("pragma synchronous = off")
        connection.execute("begin immediate")
        tables = [described(connection, name) for name in CLONED]
        spans = {t.name: span(connection, t) for t in tables}
        (there,) = connection.execute("select count(*) from ticket").fetchone()
        statements = [clone(table, spans) for table in tables]
        for copy in range(1, -(-tickets // there)):
            for statement in statements:
                connection.execute(statement, {"copy": copy})
        # The hour before must be as quiet as before any other round: only the size differs.
        connection.execute(
            "update outbox set created_at = datetime(created_at, '-1 day') || substr(created_at, 20)"
        )
        connection.execute("commit")
        connection.execute("pragma wal_checkpoint(truncate)")
        (count,) = connection.execute("select count(*) from ticket").fetchone()
    return int(count)


def described(connection: sqlite3.Connection, name: str) -> Table:
    """The table as SQLite knows it."""
    columns = {row[1]: row[2].upper() for row in connection.execute(f'pragma table_info("{name}")')}
    references = {row[3]: row[2] for row in connection.execute(f'pragma foreign_key_list("{name}")')}
    identities = set()
    for index in connection.execute(f'pragma index_list("{name}")').fetchall():
        identities |= {row[2] for row in connection.execute(f'pragma index_info("{index[1]}")')}
    return Table(name=name, columns=columns, references=references, identities=frozenset(identities) - PLAIN)


def span(connection: sqlite3.Connection, table: Table) -> int:
    """By how much the ids of one copy are shifted against the next; 0 for a table without ids."""
    if "id" not in table.columns:
        return 0
    (highest,) = connection.execute(f'select coalesce(max(id), 0) from "{table.name}"').fetchone()  # noqa: S608
    return int(highest)


def clone(table: Table, spans: dict[str, int]) -> str:
    """The statement that copies the first rows of a table once more, for the copy ``:copy``."""
    names = ", ".join(f'"{column}"' for column in table.columns)
    values = ", ".join(changed(table, column, spans) for column in table.columns)
    if "id" in table.columns:
        key, limit = "id", spans[table.name]
    else:
        key, owner = next((c, other) for c, other in table.references.items() if other in spans)
        limit = spans[owner]
    # The names come from the schema itself.
    rows = f'select {values} from "{table.name}" where "{key}" <= {limit}'  # noqa: S608
    return f'insert into "{table.name}" ({names}) {rows}'


def changed(table: Table, column: str, spans: dict[str, int]) -> str:
    """The expression for one column of a copied row."""
    declared, quoted = table.columns[column], f'"{column}"'
    if (table.name, column) in CLOSED:
        return CLOSED[table.name, column]
    if (table.name, column) in EMPTIED:
        return "x''"
    if column == "id":
        return f"{quoted} + :copy * {spans[table.name]}"
    if table.references.get(column) in spans:
        return f"{quoted} + :copy * {spans[table.references[column]]}"
    if "DATE" in declared or "TIMESTAMP" in declared:
        return EARLIER.format(quoted)
    if column in table.identities and ("CHAR" in declared or "TEXT" in declared):
        return f"'c' || :copy || '.' || {quoted}"
    return quoted
