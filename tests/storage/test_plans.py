"""No look-up walks through a table that grows: every statement that the program runs, explained."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from storage import figures, handling, outbox, overview, repair, standings, tallies, troubles
from storage.database import Database
from storage.outbox import Act, Settlement
from storage.records import Lease, MessageKind, OutboxState, SightingState, Stage
from storage.store import Store, Transaction
from tests.storage.entries import HOUR, NOON, clock, inbox, keep, message, owe, stored_file, ticket

# They hold a handful of rows for ever.
SMALL = {"maildrop", "lease", "trouble", "alembic_version"}
# What a statement has found by an index, so many rows at most, and goes on with.
FOUND = {"seen", "seen_0", "seen_1", "lately"}
# Indexes of what is to be done, not of what was: walking through one of them is the work itself.
TO_DO = {
    "sighting_received", "sighting_unmarked", "ticket_due", "ticket_backlog", "clock_due", "clock_running",
    "outbox_due", "sighting_quarantined", "sighting_untold", "ticket_open", "ticket_wake",
    "ticket_look",
}  # fmt: skip
IDS = ["a@x", "b@x", "c@x"]

ASKED: dict[str, Callable[[Transaction], object]] = {
    # threading
    "twins": lambda tx: tx.twins("a@x"),
    "references": lambda tx: tx.tickets_by_reference(IDS),
    "our own ids": lambda tx: tx.tickets_by_sent(IDS),
    "keys": lambda tx: tx.tickets_by_key(IDS),
    "states": lambda tx: tx.states([1001]),
    "known mails": lambda tx: tx.known_mails(IDS),
    "last language": lambda tx: tx.last_language("jean@ecole.test"),
    "pictures": lambda tx: tx.seen_files(["0" * 64, "1" * 64]),
    "settled": lambda tx: standings.settled(tx, ["jean@ecole.test", "marc@ailleurs.test"]),
    "settle an address": lambda tx: standings.settle(tx, "jean@ecole.test", 1001),
    # receiving
    "known uids": lambda tx: tx.known_uids(1, 1),
    "unfiled": lambda tx: tx.unfiled(1),
    "kept": lambda tx: tx.kept((1, 2)),
    "quarantine": lambda tx: tx.quarantine(),
    "a mail in quarantine": lambda tx: tx.quarantine(mail_id="m1"),
    "a ticket in quarantine": lambda tx: tx.quarantine(ticket_id=1001),
    "rewrite a message": lambda tx: tx.rewrite_message(1, {"message_id": "a@x", "text": "x"}),
    "keep": lambda tx: keep(tx, 77),
    "keep what has no number": lambda tx: keep(tx, 0),
    "settle": lambda tx: tx.settle(1, SightingState.FILED, 1),
    "ignore": lambda tx: tx.ignore(1, 1, "x", untold=True),
    "renumbered": lambda tx: tx.was_renumbered(1, 7),
    "former": lambda tx: tx.former(1, IDS),
    "count a try": lambda tx: tx.count_try(1),
    "lease": lambda tx: tx.take_lease(1, holder="a", now=NOON, ttl=timedelta(minutes=1)),
    "check the lease": lambda tx: tx.check_lease(Lease(maildrop_id=1, epoch=1, holder="a", expires_at=NOON)),
    # budgets
    "muted": lambda tx: tx.standing("a@x", now=NOON, since=())[0],
    "standing": lambda tx: tx.standing("a@x", now=NOON, since=(NOON, NOON - HOUR)),
    "sent to one": lambda tx: tx.answers_sent(since=NOON, recipient="a@x"),
    "sent to a domain": lambda tx: tx.answers_sent(since=NOON, domain="x"),
    "sent about a ticket": lambda tx: tx.answers_sent(since=NOON, ticket_id=1001),
    "sent in all": lambda tx: tx.answers_sent(since=NOON),
    # clocks and the sweep
    "clocks due": lambda tx: tx.clocks_due(now=NOON, limit=200),
    "overlooked": lambda tx: tx.overlooked(since=NOON, most=200),
    "heard": lambda tx: tx.heard([1001]),
    "advance": lambda tx: tx.advance_clocks([(1, Stage.NEAR, NOON, 0.8)]),
    "running": lambda tx: tx.running(1001),
    "stop": lambda tx: tx.stop_clocks(1001, at=NOON + HOUR, by="x", presumed=False),
    "presume": lambda tx: tx.stop_clocks(1001, at=NOON + HOUR, by="", presumed=True),
    "recognise": lambda tx: tx.recognise(1, MessageKind.OUTSIDE_ANSWER),
    "waking": lambda tx: handling.waking(tx, now=NOON, limit=100),
    "whether a clock is due": lambda tx: tx.has_clocks_due(now=NOON),
    "unattended": lambda tx: handling.unattended(tx, now=NOON, limit=100),
    "resolved and unattended": lambda tx: handling.unattended(tx, now=NOON, limit=100, resolved=True),
    "whether a ticket stands still": lambda tx: handling.has_still(tx, now=NOON),
    "show limits": lambda tx: tx.show_limits({1001: True, 1002: False}),
    "backlog": lambda tx: tx.backlog(),
    "announced": lambda tx: tx.announced([1001]),
    "change a ticket": lambda tx: tx.change_ticket(1001, team="x"),
    "untold": lambda tx: tx.untold(before=NOON),
    "untold there": lambda tx: tx.untold_there(1, 1),
    "told": lambda tx: tx.told([1, 2]),
    # marks
    "marks": lambda tx: tx.marks(1, 1, limit=500),
    "unmark": lambda tx: tx.unmark([1, 2]),
    "marked": lambda tx: tx.marked(tx.marks(1, 1, limit=500)),
    "running copies": lambda tx: tx.running_uids(1, 1),
    # agents
    "earlier": lambda tx: handling.earlier(tx, "jean@ecole.test", before=1001),
    "a story": lambda tx: handling.written(tx, (1001, 1002)),
    "held files": lambda tx: handling.held_files(tx, (1001, 1002)),
    "in hand": lambda tx: handling.in_hand(tx, assignee="anne@etnic.test", teams=("desk",)),
    "visits": lambda tx: handling.visits(tx, 1001),
    "visits of many": lambda tx: handling.visits_of(tx, [1001, 1002]),
    "merged": lambda tx: handling.line_of(tx, 1001),
    "spoken": lambda tx: handling.spoken(tx, 1001, 1002),
    "given": lambda tx: handling.given(tx, 1001, 1002),
    "answers": lambda tx: repair.answers(tx, 1001),
    "where mails lie": lambda tx: repair.tickets_of(tx, ["m1", "m2"]),
    "mails themselves": lambda tx: repair.contents(tx, ["m1", "m2"], most=9),
    "merge": lambda tx: (repair.move_clocks(tx, 1001, 1002), repair.join(tx, 1001, 1002)),
    "move a mail": lambda tx: repair.move_message(tx, 1, 1002),
    "move a reference": lambda tx: repair.move_reference(tx, "m1@ecole.test", 1001, 1002),
    "begin anew": lambda tx: repair.begin_anew(tx, tx.running(1001)[0], 1002, next_at=NOON),
    "the clock of a mail": lambda tx: repair.clock_of(tx, 1),
    "hold clocks": lambda tx: tx.hold_clocks([(tx.running(1001)[0], None)]),
    "unlink": lambda tx: repair.unlink(tx, 1001, 1002),
    "last change": lambda tx: repair.last_change(tx, 1001),
    # the report
    "mails of a span": lambda tx: list(figures.timed(tx, since=NOON, until=NOON + HOUR)),
    "mails of an earlier span": lambda tx: list(figures.timed(tx, since=NOON - HOUR, until=NOON)),
    "calls of a span": lambda tx: figures.calls(tx, since=NOON, until=NOON + HOUR),
    # outbox
    "is owed": lambda tx: outbox.is_owed(tx, "receipt:1"),
    "next due": outbox.next_due,
    "claim": lambda tx: outbox.claim(tx, holder="a", now=NOON, until=NOON, limit=20),
    "settle a letter": lambda tx: outbox.settle(
        tx, "a", Settlement(id=1, state=OutboxState.SENT, reply="", at=NOON)
    ),
    "give back some": lambda tx: outbox.give_back(tx, "a", now=NOON, ids=[1]),
    "give back all": lambda tx: outbox.give_back(tx, "a", now=NOON),
    "sent lately": lambda tx: outbox.sent_instants(tx, NOON),
    "waiting": lambda tx: outbox.waiting(tx, since=NOON),
    "last sent": lambda tx: outbox.last_sent(tx, since=NOON),
    "written": lambda tx: outbox.written(tx, ["a@x", "b@x"], MessageKind.ALERT, since=NOON),
    "were written": lambda tx: outbox.were_written(tx, MessageKind.ALERT, since=NOON, count=9),
    "withheld": lambda tx: outbox.withheld(tx, since=NOON),
    "undelivered": lambda tx: outbox.undelivered(tx, [1001]),
    "one letter": lambda tx: outbox.letter(tx, 1),
    "its content": lambda tx: outbox.content(tx, 1),
    "intervene": lambda tx: outbox.intervene(tx, 1, Act.HOLD, by="operator:x", now=NOON),
    # troubles
    "troubles": troubles.standing,
    "a trouble ends": lambda tx: troubles.end(tx, "outbox"),
    "set aside": troubles.set_aside,
    # what monitors draw
    "tallies": lambda tx: tallies.count(tx, NOON),
    # looking
    "overview": lambda tx: overview.overview(tx, since=NOON + timedelta(days=3)),
    "thread": lambda tx: tx.messages([1001]),
    "links": lambda tx: tx.links([1001]),
    "find": lambda tx: tx.find_messages("a@x"),
    "events of a ticket": lambda tx: tx.events(ticket_id=1001),
    "events of a cause": lambda tx: tx.events(cause="m1"),
    "text": lambda tx: tx.text_of("m1"),
    "raw": lambda tx: tx.raw("0" * 64),
}


@contextmanager
def overheard(connection: Connection) -> Iterator[list[tuple[str, Any]]]:
    """Each statement that is run on a connection, with its parameters."""
    heard: list[tuple[str, Any]] = []

    def listen(_c: object, _cursor: object, statement: str, parameters: Any, _x: object, many: bool) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "UPDATE", "DELETE")):
            heard.append((statement, parameters[0] if many else parameters))

    event.listen(connection, "before_cursor_execute", listen)
    try:
        yield heard
    finally:
        event.remove(connection, "before_cursor_execute", listen)


def fill(tx: Transaction) -> None:
    """A few rows of everything."""
    drop = inbox(tx)
    tx.take_lease(drop.id, holder="a", now=NOON, ttl=timedelta(minutes=1))
    for kept in keep(tx, *range(1, 5)):
        number = ticket(tx)
        row = message(tx, number, kept)
        tx.settle(kept.sighting_id, SightingState.FILED, row)
        tx.add_files(row, [stored_file("0" * 64), stored_file()])
        tx.add_references(number, [f"{kept.mail_id}@x"])
        clock(tx, number, row)
        owe(tx, ticket_id=number)


def plans(tx: Transaction, explain: str) -> Iterator[tuple[str, str, Any]]:
    """What is asked, each statement of it, and how the database would go about it."""
    for name, ask in ASKED.items():
        undone = tx.connection.begin_nested()
        with overheard(tx.connection) as heard:
            ask(tx)
        undone.rollback()
        assert heard, name
        for statement, parameters in heard:
            yield name, statement, tx.connection.exec_driver_sql(f"{explain} {statement}", parameters).all()


def test_every_look_up_has_its_index_on_sqlite(sqlite_base: Database) -> None:
    """EXPLAIN QUERY PLAN says SEARCH, or walks through an index of what is to be done."""
    with Store(database=sqlite_base).write() as tx:
        fill(tx)
        walks = {
            (name, statement): walked
            for name, statement, plan in plans(tx, "EXPLAIN QUERY PLAN")
            if (walked := [row.detail for row in plan if _walks(row.detail)])
        }
    assert walks == {}


def _walks(detail: str) -> bool:
    found = re.match(r"SCAN (\w+)(?: AS \w+)?(?: USING (?:COVERING )?INDEX (\w+))?", detail)
    return found is not None and found[1] not in SMALL | FOUND | {"CONSTANT"} and found[2] not in TO_DO


def test_every_look_up_has_its_index_on_postgresql(postgres_base: Database) -> None:
    """Where the planner may not walk through a table, it has another way."""
    with Store(database=postgres_base).write() as tx:
        fill(tx)
        tx.connection.execute(text("SET LOCAL enable_seqscan = off"))
        walks = {
            (name, statement): walked
            for name, statement, plan in plans(tx, "EXPLAIN (FORMAT JSON)")
            if (walked := list(_walked(plan[0][0])))
        }
    assert walks == {}


def _walked(plan: Any) -> Iterator[str]:
    """The tables and indexes that a plan reads from beginning to end."""
    for node in _nodes(plan if isinstance(plan, list) else json.loads(str(plan))):
        whole = node.get("Index Name", "") if "Index Cond" not in node else ""
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] not in SMALL:
            yield str(node["Relation Name"])
        elif whole and whole not in TO_DO and node.get("Relation Name") not in SMALL:
            yield str(whole)


def _nodes(plan: Any) -> Iterator[dict[str, Any]]:
    if isinstance(plan, list):
        for each in plan:
            yield from _nodes(each)
    elif isinstance(plan, dict):
        if "Node Type" in plan:
            yield plan
        for each in plan.values():
            yield from _nodes(each)


# What every poll and every sweep asks, however much is over and done.
AGAIN_AND_AGAIN = (
    "unfiled",
    "clocks due",
    "backlog",
    "marks",
    "running copies",
    "next due",
    "claim",
    "give back all",
    "states",
    "twins",
    "pictures",
    "mails of an earlier span",
    "overview",
)


# What a sweep finds to do, and the range of the index that it reads for it.
DUE = {
    "clocks due": "clock_due",
    "waking": "ticket_wake",
    "unattended": "ticket_look",
    "resolved and unattended": "ticket_look",
}


def test_a_sweep_reads_of_its_index_what_is_due_and_no_more_on_sqlite(sqlite_base: Database) -> None:
    """However many are open: the index is searched up to now, not walked through."""
    with Store(database=sqlite_base).write() as tx:
        fill(tx)
        found = [plan for plan in plans(tx, "EXPLAIN QUERY PLAN") if plan[0] in DUE]
        assert {name for name, _, _ in found} == DUE.keys()
        for name, _, plan in found:
            assert any(
                re.match(rf"SEARCH \w+ USING INDEX {DUE[name]} \(\w+<\?\)", row.detail) for row in plan
            ), (name, plan)


# All that a sweep asks, whether or not anything is due.
SWEEPS = (*DUE, "whether a ticket stands still", "backlog", "untold")


@pytest.mark.parametrize("mode", ["force_custom_plan", "auto"])
def test_a_sweep_reads_of_its_index_what_is_due_and_no_more_on_postgresql(
    postgres_base: Database, mode: str
) -> None:
    """No table is walked through where few of many are due: neither by a plan for the values of a statement,
    nor by the one for any values that a prepared statement has from its sixth time on."""
    with Store(database=postgres_base).write() as tx:
        fill(tx)
        _open_many(tx, 20_000)
        run, prepared = tx.connection.exec_driver_sql, tx.connection.connection.driver_connection
        run(f"SET LOCAL plan_cache_mode = {mode}")
        assert prepared is not None
        prepared.prepare_threshold = 0
        walked = {}
        for name in SWEEPS:
            before = run(_WALKS).scalar()
            for _ in range(7):
                ASKED[name](tx)  # these ask and change nothing
            if walks := int(run(_WALKS).scalar() or 0) - int(before or 0):
                walked[name] = walks
    assert walked == {}


_WALKS = """SELECT sum(seq_scan) FROM pg_stat_xact_user_tables
            WHERE relname IN ('ticket', 'clock', 'sighting', 'message')"""


def _open_many(tx: Transaction, number: int) -> None:
    """Open tickets, their mails and their clocks, of which nothing is due for years."""
    tx.connection.execute(text("SET LOCAL session_replication_role = replica"))
    for table in ("ticket", "message", "sighting", "clock"):
        _open_rows(tx, table, number)
        tx.connection.execute(text(f"ANALYZE {table}"))


def _open_rows(tx: Transaction, table: str, number: int) -> None:
    later, never = ("next_at",), ("wake_at", "look_at")
    over = dict.fromkeys(("id", "ticket_id", "message_id", "uid"), "10000 + i")
    over |= dict.fromkeys(("key", "mail_id", "digest"), "'open' || i") | {"dirty": "FALSE"}
    if table == "message":
        over |= {"message_id": "'open' || i"}
    over |= dict.fromkeys(later, "now() + interval '30 years'") | dict.fromkeys(never, "NULL")
    columns = tx.connection.execute(
        text("SELECT column_name FROM information_schema.columns WHERE table_name = :table"), {"table": table}
    ).scalars()
    names = list(columns)
    values = ", ".join(over.get(name, f'r."{name}"') for name in names)
    quoted = ", ".join(f'"{name}"' for name in names)
    tx.connection.execute(
        text(f"INSERT INTO {table} ({quoted}) SELECT {values} FROM generate_series(1, :last) i, "  # noqa: S608
             f"(SELECT * FROM {table} ORDER BY id LIMIT 1) r"),
        {"last": number},
    )  # fmt: skip


def test_what_is_over_costs_nothing(sqlite_base: Database) -> None:
    """Ten times the finished tickets, and the same few steps: SQLite counts them."""
    store = Store(database=sqlite_base)
    with store.write() as tx:
        fill(tx)
        _finish(tx, 300)
        before = {name: _steps(tx, name) for name in AGAIN_AND_AGAIN}
        _finish(tx, 3000)
        after = {name: _steps(tx, name) for name in AGAIN_AND_AGAIN}
    slower = {n: (before[n], after[n]) for n in AGAIN_AND_AGAIN if after[n] > before[n] * 1.2 + 100}
    assert slower == {}


def _finish(tx: Transaction, number: int) -> None:
    """Tickets that nobody waits for any more, written as rows."""
    begin = tx.connection.execute(text("SELECT max(id) FROM ticket")).scalar() or 0
    tx.connection.execute(
        text("CREATE TEMP TABLE n AS WITH RECURSIVE n(i) AS (SELECT :b + 1 UNION ALL SELECT i + 1 FROM n "
             "WHERE i < :b + :n) SELECT i FROM n"),
        {"b": begin, "n": number},
    )  # fmt: skip
    for table in ("raw", "ticket", "message", "clock", "sighting", "outbox", "attachment"):
        _copy_rows(tx, table)
    tx.connection.execute(text("DROP TABLE n"))


def _copy_rows(tx: Transaction, table: str) -> None:
    over = {
        "ticket": {"due_at": "NULL", "status": "'closed'", "key": "'k' || n.i"},
        "message": {"mail_id": "'m' || n.i", "message_id": "'m' || n.i", "raw_id": "n.i", "ticket_id": "n.i"},
        "clock": {"message_id": "n.i", "ticket_id": "n.i", "next_at": "NULL", "stopped_at": "due_at"},
        "sighting": {"uid": "n.i", "raw_id": "n.i", "message_id": "n.i", "mail_id": "'m' || n.i",
                     "dirty": "0"},
        "outbox": {"owed": "'o' || n.i", "message_id": "'o' || n.i", "ticket_id": "n.i", "next_at": "NULL",
                   "state": "'sent'"},
        "raw": {"sha256": "'s' || n.i"},
        "attachment": {"message_id": "n.i"},
    }[table] | {"id": "n.i"}  # fmt: skip
    names = [row.name for row in tx.connection.execute(text(f"PRAGMA table_info({table})"))]
    quoted = ", ".join(f'"{name}"' for name in names)
    values = ", ".join(over.get(name, f'"{name}"') for name in names)
    source = f"(SELECT * FROM {table} ORDER BY id LIMIT 1)"  # noqa: S608
    tx.connection.execute(text(f"INSERT INTO {table} ({quoted}) SELECT {values} FROM n, {source}"))  # noqa: S608


def _steps(tx: Transaction, name: str) -> int:
    """How many instructions SQLite's machine runs for what is asked."""
    counted = 0

    def count() -> int:
        nonlocal counted
        counted += 1
        return 0

    undone = tx.connection.begin_nested()
    driver = tx.connection.connection.driver_connection
    assert driver is not None
    driver.set_progress_handler(count, 1)
    ASKED[name](tx)
    driver.set_progress_handler(None, 0)
    undone.rollback()
    return counted
