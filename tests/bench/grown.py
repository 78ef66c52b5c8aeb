"""A ledger as it is after years: one real ticket, its rows copied by SQL until there are a million.

Stands under ``sweeping``. Written from the schema that the database shows, not from maild's code; one mail
goes through the real flow first, so that a column that is new has a value that is right. The copies lie
evenly over twelve months; the last of them are open and not due. Raises what the database raises.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, inspect, text

from maild import compose, ingest
from maild.arrival import Arrival
from maild.decide.policy import Agent, Desk, Policy
from maild.ingest import Office
from storage import database
from storage.database import Database
from storage.store import Store

NOW = datetime(2026, 11, 18, 10, 30, tzinfo=UTC)
YEAR = 365 * 86_400
FIRST = 1001
"""The number that the first ticket has."""
TABLES = ("ticket", "message", "clock", "sighting", "participant")
_MAIL = (
    b"From: Jean <jean@ecole.test>\r\nTo: support@etnic.test\r\nSubject: Imprimante\r\n"
    b"Message-ID: <m1@ecole.test>\r\n\r\nBonjour, l'imprimante est en panne.\r\n"
)


@dataclass(slots=True, kw_only=True)
class Now:
    """The time, which stands."""

    at: datetime = NOW

    def __call__(self) -> datetime:
        """The instant of the bench."""
        return self.at


@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    """A ledger with its office; ``tickets``: how many are stored, ``opened``: how many of them are open."""

    office: Office
    tickets: int
    opened: int

    @property
    def store(self) -> Store:
        """The ledger."""
        return self.office.store

    @property
    def numbers(self) -> range:
        """The tickets that are open, by number."""
        return range(FIRST + self.tickets - self.opened, FIRST + self.tickets)


@contextmanager
def grown(url: str, tickets: int, opened: int, spread: int = YEAR) -> Iterator[Grown]:
    """A ledger of so many tickets at an empty database, and the office over it.

    Args:
        spread: seconds over which they lie.
    """
    judged = Policy(
        desk=Desk(name="ETNIC", address="support@etnic.test", administrators=("admin@etnic.test",)),
        agents=(Agent(name="Anne", address="anne@etnic.test"),),
    )
    paper = compose.stationery(judged.desk)
    with closing_database(url, durable=False) as base:
        database.upgrade(base)
        office = Office(store=Store(database=base), policy=judged, paper=paper, now=Now())
        _one_real_mail(office)
        _journal(base, "DELETE")
        with base.write() as connection:
            _grow(connection, tickets, opened, spread)
        _journal(base, "WAL")
    with closing_database(url, durable=True) as base:
        office = Office(store=Store(database=base), policy=judged, paper=paper, now=Now())
        yield Grown(office=office, tickets=tickets, opened=opened)


@contextmanager
def closing_database(url: str, *, durable: bool) -> Iterator[Database]:
    """A database that is closed again."""
    base = database.open_database(url, durable=durable)
    try:
        yield base
    finally:
        base.close()


def _journal(base: Database, mode: str) -> None:
    """What is written once need not go through SQLite's write-ahead log into the file."""
    base.engine.dispose()
    if base.file is not None:
        with closing(sqlite3.connect(base.file)) as connection:
            connection.execute(f"PRAGMA journal_mode = {mode}")


def _one_real_mail(office: Office) -> None:
    now = office.now()
    with office.store.write() as tx:
        drop = tx.maildrop("support", "inbox")
        lease = tx.take_lease(drop.id, holder="bench", now=now, ttl=timedelta(days=1))
    if lease is None:
        raise RuntimeError("a ledger that nobody else knows has a lease")
    mail = Arrival(content=_MAIL, uid=1, arrived_at=now, mail_id=ingest.new_mail_id(now))
    ingest.ingest((mail,), drop, 1, lease, office)
    with office.store.write() as tx:
        # What is owed and what is marked is other work than the sweep's, and is done.
        tx.connection.execute(text("UPDATE outbox SET next_at = NULL, state = 'sent'"))
        tx.connection.execute(text("UPDATE sighting SET dirty = FALSE, uid = 1000"))


def _grow(connection: Connection, tickets: int, opened: int, spread: int) -> None:
    """The copies, a statement a table: ticket ``FIRST + i`` has message, clock and sighting ``1 + i``."""
    is_sqlite = connection.dialect.name == "sqlite"
    connection.execute(text(_QUICK[is_sqlite]))
    indexes = _without_indexes(connection, is_sqlite=is_sqlite)
    for table in TABLES:
        said = {"last": tickets - 1, "closed": tickets - opened, "step": spread / tickets, "tickets": tickets}
        _copy(connection, table, said, _Dialect(is_sqlite=is_sqlite))
    for definition in indexes:
        connection.execute(text(definition))
    for table in TABLES if not is_sqlite else ():
        if table != "participant":
            counted = f"SELECT setval('{table}_id_seq', (SELECT max(id) FROM {table}))"  # noqa: S608
            connection.execute(text(counted))
    connection.execute(text("ANALYZE"))


# Foreign keys are right by construction.
_QUICK = {True: "PRAGMA cache_size = -400000", False: "SET LOCAL session_replication_role = replica"}
_INDEXES = {
    True: "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
    False: "SELECT i.indexname, i.indexdef FROM pg_indexes i LEFT JOIN pg_constraint c "
    "ON c.conname = i.indexname WHERE i.schemaname = 'public' AND c.oid IS NULL",
}


def _without_indexes(connection: Connection, *, is_sqlite: bool) -> list[str]:
    """Plain indexes are made anew at the end, which is quicker than to keep them; returns how."""
    rows = connection.execute(text(_INDEXES[is_sqlite])).all()
    for name, _ in rows:
        connection.execute(text(f'DROP INDEX "{name}"'))
    return [definition for _, definition in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Dialect:
    """How either database says what SQL leaves open."""

    is_sqlite: bool

    def before(self, seconds: str) -> str:
        """The instant so many seconds before now."""
        if self.is_sqlite:
            return f"strftime('%Y-%m-%d %H:%M:%S.000000', :now, (-({seconds})) || ' seconds')"
        return f"CAST(:now AS timestamptz) - ({seconds}) * interval '1 second'"

    def numbers(self) -> str:
        """``n.i`` from 1 on."""
        if self.is_sqlite:
            return (
                "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :last) "
                "SELECT i FROM n)"
            )
        return "(SELECT generate_series(1, :last) AS i)"

    def padded(self, letter: str) -> str:
        """A name that sorts as it is numbered."""
        if self.is_sqlite:
            return f"printf('{letter}%09d', n.i)"
        return f"'{letter}' || lpad(CAST(n.i AS text), 9, '0')"


def _copy(connection: Connection, table: str, said: Mapping[str, float], say: _Dialect) -> None:
    over = _changed(table, say)
    names = [column["name"] for column in inspect(connection).get_columns(table)]
    quoted = ", ".join(f'"{name}"' for name in names)
    values = ", ".join(over.get(name, f'r."{name}"') for name in names)
    first = "ticket_id, address" if table == "participant" else "id"
    row = f"(SELECT * FROM {table} ORDER BY {first} LIMIT 1) r"  # noqa: S608
    now = f"{NOW:%Y-%m-%d %H:%M:%S.000000}" if say.is_sqlite else NOW
    connection.execute(
        text(f"INSERT INTO {table} ({quoted}) SELECT {values} FROM {say.numbers()} n, {row}"),  # noqa: S608
        {**said, "now": now},
    )


def _changed(table: str, say: _Dialect) -> Mapping[str, str]:
    """Column -> its value in copy ``n.i``; the others are as in the real row."""
    number, row = f"{FIRST} + n.i", "1 + n.i"
    # The open ones came within the last ten hours, and nothing of them is due yet; the others long ago.
    long_ago, lately = "36000 + (:tickets - n.i) * :step", "10 + n.i % 35990 * 7919 % 35990"
    age = f"CAST(CASE WHEN n.i < :closed THEN {long_ago} ELSE {lately} END AS integer)"
    at, is_open = say.before(age), "n.i >= :closed"
    half, near, due = (say.before(f"{age} - {span}") for span in (43_200, 69_120, 86_400))
    return {
        "ticket": {
            "id": number, "key": say.padded("k"), "arrived_at": at, "created_at": at,
            "status": f"CASE WHEN {is_open} THEN 'new' ELSE 'closed' END",
            "due_at": f"CASE WHEN {is_open} THEN {due} END",
            "taken_at": f"CASE WHEN {is_open} THEN NULL ELSE {at} END",
        },
        "message": {
            "id": row, "ticket_id": number, "mail_id": say.padded("m"), "message_id": say.padded("i"),
            "arrived_at": at, "created_at": at,
        },
        "clock": {
            "id": row, "ticket_id": number, "message_id": row, "started_at": at, "near_at": near,
            "due_at": due, "next_at": f"CASE WHEN {is_open} THEN {half} END",
            "stopped_at": f"CASE WHEN {is_open} THEN NULL ELSE {at} END",
            "stopped_by": f"CASE WHEN {is_open} THEN '' ELSE 'anne@etnic.test' END",
        },
        "sighting": {
            "id": row, "uid": "1000 + n.i", "message_id": row, "mail_id": say.padded("m"), "arrived_at": at,
        },
        "participant": {"ticket_id": number},
    }[table]  # fmt: skip
