"""Rows for every table of a schema, of this version or of an earlier one, made from the schema itself."""

import json
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, MetaData, Table, insert, select

from tests.storage.entries import NOON

COPIES = 3
FIRST_TICKET = 1001
# What the program reads again must be one of its words; all else may be any text.
WORDS = {
    ("ticket", "status"): "taken", ("ticket", "language"): "fr", ("message", "language"): "fr",
    ("message", "direction"): "in", ("message", "kind"): "request", ("sighting", "state"): "filed",
    ("clock", "stage"): "near", ("outbox", "state"): "sent", ("outbox", "kind"): "receipt",
    ("message", "verdicts"): "[]", ("message", "reasons"): "[]", ("event", "detail"): json.dumps({"to": "é"}),
    ("maildrop", "source"): "inbox", ("visit", "state"): "asked",
}  # fmt: skip


def fill(connection: Connection) -> dict[str, int]:
    """Three rows in each table there is, which refer to each other in a ring; the last has all that may be
    missing missing. Table -> rows."""
    schema = MetaData()
    schema.reflect(connection)
    tables = [table for table in schema.sorted_tables if table.name != "alembic_version"]
    for table in tables:
        # What refers to its own table comes when all of that is there.
        inward = {key.parent.name for key in table.foreign_keys if key.column.table is table}
        for number in range(1, COPIES + 1):
            row = {column.name: _value(column, number) for column in table.c}
            connection.execute(insert(table).values({**row, **dict.fromkeys(inward)}))
        for name in inward:
            there = table.update().where(table.c.id == _id(table, 1))
            connection.execute(there.values({name: _id(table, 3)}))
    return {table.name: COPIES for table in tables}


def rows(connection: Connection, tables: MetaData) -> dict[str, list[tuple[Any, ...]]]:
    """All that these tables hold, by table."""
    return {
        table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
        for table in tables.sorted_tables
    }


def _value(column: Column[Any], number: int) -> Any:
    table = column.table
    if column.nullable and number == COPIES:
        return None
    if column.foreign_keys:
        (key,) = column.foreign_keys
        return _id(key.column.table, 1 + number % COPIES)
    if column.name == "id":
        return _id(table, number)
    if (table.name, column.name) in WORDS:
        return WORDS[table.name, column.name]
    kind = column.type.python_type
    made: dict[type, Any] = {
        bytes: bytes(range(256)) * number,
        bool: number % 2 == 1,
        # RFC 9051 2.3.1.1: a UID may be that large.
        int: (2**32 if isinstance(column.type, BigInteger) else 100) - number,
        float: number / 3,
        datetime: NOON + timedelta(days=number, microseconds=number),
        str: f'{table.name}.{column.name} {number}: l\'été "ß"\r\n\t\u2028\U0001f5a8 \\x00 %s',
    }
    return made[kind]


def _id(table: Table, number: int) -> int:
    return number + (FIRST_TICKET - 1 if table.name == "ticket" else 0)
