"""Ten thousand tickets at once: rows for each table that is empty, so also for those of a later schema.

Beside ``rows``, which makes three of each with every strange value that there may be; here each ticket has
what a ticket of an ordinary day has: mails, their files, clocks, letters, a story, people who take part.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import Column, Connection, Integer, LargeBinary, MetaData, Table, insert, select, text

from tests.storage.entries import NOON

TICKETS = 10_000
FIRST = 1001
# How many rows for a hundred tickets; of what is not named here there are a hundred.
_OFTEN = {
    "message": 120, "raw": 120, "sighting": 120, "clock": 120, "reference": 20, "link": 10, "consultation": 5,
    "visit": 5, "call": 5, "settled": 5, "erased": 2,
}  # fmt: skip
_FEW = {"maildrop": 2, "lease": 2, "mute": 7, "trouble": 3}
# Mails of one ticket that came at the same instant have no other order than their numbers.
_INSTANTS = tuple(NOON + timedelta(minutes=n, microseconds=n) for n in range(1000))
_STATES = ("new", "taken", "waiting", "resolved", "closed")
_SAID = "Bonjour, l'imprimante de l'école est en panne depuis hier. Merci, Zoé\n"

Row = dict[str, Any]
_Value = Callable[[int], Any]


def fill(connection: Connection, tickets: int = TICKETS) -> None:
    """Fill each empty table; a row is as the program would have written it."""
    schema = MetaData()
    schema.reflect(connection)
    for table in schema.sorted_tables:
        if table.name != "alembic_version" and connection.execute(select(table).limit(1)).first() is None:
            _write(connection, table, list(_rows(table, tickets)))
    if connection.dialect.name == "postgresql":
        connection.execute(text("ANALYZE"))


def _write(connection: Connection, table: Table, made: list[Row]) -> None:
    if connection.dialect.name == "sqlite":
        connection.execute(insert(table), made)
        return
    names = ", ".join(f'"{name}"' for name in made[0])
    cursor = connection.connection.cursor()
    with cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
        for row in made:
            copy.write_row(list(row.values()))
    if isinstance(getattr(table.c.get("id"), "type", None), Integer):
        # The numbers above are ours: the next one is the sequence's.
        last = made[-1]["id"]
        connection.execute(text(f"SELECT setval('{table.name}_id_seq', {last})"))


def _rows(table: Table, tickets: int) -> Iterator[Row]:
    count = _FEW.get(table.name) or tickets * _OFTEN.get(table.name, 100) // 100
    values = [(column.name, _value(column, tickets)) for column in table.c]
    for number in range(count):
        yield {name: value(number) for name, value in values}


def _value(column: Column[Any], tickets: int) -> _Value:
    name, table = column.name, column.table.name
    if (table, name) in _OWN:
        return _OWN[table, name]
    if name == "id":
        return (lambda n: FIRST + n) if table == "ticket" else (lambda n: n + 1)
    if name in {"ticket_id", "other_id"}:
        return lambda n: FIRST + n % tickets
    if name in {"message_id", "raw_id", "answer_id", "message"} and column.foreign_keys:
        return lambda n: n + 1
    if name in {"merged_into", "maildrop_id"}:
        return (lambda _: None) if name == "merged_into" else (lambda n: n % _FEW["maildrop"] + 1)
    return _PLAIN.get(name) or _of_type(column)


def _of_type(column: Column[Any]) -> _Value:
    kind, called = column.type.python_type, f"{column.table.name} {column.name}"
    if kind is datetime:
        return lambda n: _INSTANTS[n % 1000]
    if isinstance(column.type, LargeBinary):
        return lambda n: f"From: {n}@ecole.test\r\n\r\n{_SAID}".encode() + bytes(range(n % 256))
    return {
        bool: lambda n: n % 5 == 0, int: lambda n: n % 997, float: lambda n: n % 8 / 8,
        str: lambda n: f"{called} {n}",
    }[kind]  # fmt: skip


def _word(*words: str) -> _Value:
    return lambda n: words[n % len(words)]


# What the program reads again must be one of its words, and what is unique must differ.
_PLAIN: dict[str, _Value] = {
    "sha256": lambda n: sha256(b"%d" % n).hexdigest(),
    "digest": lambda n: sha256(b"%d" % n).hexdigest(),
    "text": lambda n: f"{_SAID}\n{n}",
    "language": _word("fr", "nl", "de", "en"),
    "sender_address": lambda n: f"p{n % 4001}@ecole.test",
    "domain": lambda _: "ecole.test",
    "recipient": lambda n: f"p{n % 4001}@ecole.test",
    "verdicts": lambda _: "[]",
    "reasons": lambda _: '["new mail"]',
    "detail": lambda n: f'{{"to": "équipe {n % 9}"}}',
    "stopped_by": _word("anne@etnic.test", ""),
    "mail_id": lambda n: f"m{n:012}",
    "claim": lambda _: "",
    "uidvalidity": lambda _: 2**32 - 1,
    "uid": lambda n: n + 1,
}
_OWN: dict[tuple[str, str], _Value] = {
    ("ticket", "status"): _word(*_STATES),
    ("ticket", "requester_address"): lambda n: f"p{n % 4001}@ecole.test",
    ("ticket", "scope"): _word("", "", "in"),
    ("message", "message_id"): lambda n: f"{n}@ecole.test",
    ("message", "direction"): lambda _: "in",
    ("message", "kind"): _word("request", "request", "auto_reply"),
    ("reference", "message_id"): lambda n: f"{n}@ecole.test",
    ("sighting", "maildrop_id"): lambda _: 1,
    ("sighting", "state"): lambda _: "filed",
    ("maildrop", "name"): _word("support", "support/Sent"),
    ("maildrop", "source"): _word("inbox", "sent"),
    ("participant", "address"): lambda n: f"p{n}@ecole.test",
    ("participant", "role"): _word("requester", "cc"),
    ("link", "other_id"): lambda n: FIRST + n + 1,
    ("clock", "stage"): _word("near", "breached"),
    ("outbox", "kind"): _word("receipt", "relay", "notification"),
    ("outbox", "state"): _word("sent", "sent", "failed", "suppressed"),
    ("outbox", "mail_id"): lambda n: f"m{n:012}/{n % 3}",
    ("outbox", "message_id"): lambda n: f"{n}@etnic.test",
    ("attachment", "content_type"): lambda _: "application/pdf",
    ("attachment", "scan"): _word("clean", "", "unscanned clamd does not answer"),
    ("visit", "state"): _word("asked", "accepted", "cancelled"),
    ("visit", "uid"): lambda n: f"{n}@etnic.test",
}
