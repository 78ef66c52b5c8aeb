"""The sweep, the report and the board on a ledger of years, beside a small one: rows of ``make bench``.

Stands beside the rounds of mail. Two ledgers a database are filled by ``grown`` and asked in turn, so that
the machine's mood is the same for both; what a sweep marks is set back after each. Raises what the database
raises.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import text

from maild import sweep
from maild.decide.figures import days
from maild.report.collect import collect
from storage.overview import overview
from tests.bench.grown import NOW, YEAR, Grown, grown
from tests.bench.progress import Teller
from tests.bench.table import Figure
from tests.peers import postgres
from tests.peers.postgres import Postgres

DUE = 200
ROUNDS = 9
# (tickets stored, of which so many are open)
SMALL = (10_000, 1_000)
MONTH = YEAR // 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledgers:
    """Three of one database: ``few`` tickets; ``many`` over a year, of which every fiftieth is open; the last
    ``month`` of those, with the same ones open."""

    few: Grown
    month: Grown
    many: Grown


def figures(stored: int, tell: Teller) -> Iterator[Figure]:
    """The rows, of SQLite and, where it is installed, of PostgreSQL.

    Args:
        stored: tickets of the large ledger.
    """
    opened = max(2 * DUE, stored // 50)
    with _databases() as urls:
        for name, url in urls:
            tell(f"filling {name} with {stored:,} tickets", 0, 0)
            with ExitStack() as stack:
                few = stack.enter_context(grown(url(), *SMALL))
                month = stack.enter_context(grown(url(), stored // 12, opened, MONTH))
                many = stack.enter_context(grown(url(), stored, opened))
                tell(f"sweeping {name}", 0, 0)
                ledgers = Ledgers(few=few, month=month, many=many)
                yield from (*_of_sweep(name, ledgers), *_of_readers(name, ledgers))


@contextmanager
def _databases() -> Iterator[Sequence[tuple[str, Callable[[], str]]]]:
    """(name, a fresh empty database of it) of each that is here."""
    with tempfile.TemporaryDirectory(prefix="mb") as folder, ExitStack() as stack:
        place = Path(folder)
        place.chmod(0o755)
        names = iter(f"sqlite:///{place}/{number}.db" for number in range(100))
        here: list[tuple[str, Callable[[], str]]] = [("SQLite", lambda: next(names))]
        if not postgres.missing():
            (place / "pg").mkdir(mode=0o755)
            server = Postgres(place / "pg")
            server.start()
            stack.callback(server.stop)
            here.append(("PostgreSQL", lambda: server.url(server.create_database())))
        yield here


def _of_sweep(name: str, ledgers: Ledgers) -> Iterator[Figure]:
    few, many = ledgers.few, ledgers.many
    where = f"{many.tickets:,} stored, {many.opened:,} open"
    small, large = _in_turn(partial(_swept, few, 0), partial(_swept, many, 0))
    yield from _beside(f"{name}: sweep, nothing due, {where}", large, small, few)
    asked = (partial(_swept, few, DUE), partial(_swept, many, DUE), partial(_bare, many))
    small, large, bare = _in_turn(*asked)
    yield from _beside(f"{name}: sweep, {DUE} due, {where}", large, small, few)
    against = f"... against two bare statements ({bare:.2f} ms)"
    yield Figure(name=against, value=large / bare, unit="", digits=2, at_most=10)


def _of_readers(name: str, ledgers: Ledgers) -> Iterator[Figure]:
    """What reads a month, or what is open, beside what lies behind it."""
    month, many = ledgers.month, ledgers.many
    for what, once in (("the month's report", _report), ("the board's look", _look)):
        small, large = _in_turn(partial(once, month), partial(once, many))
        yield from _beside(f"{name}: {what}, {many.tickets:,} stored", large, small, month)


def _beside(name: str, large: float, small: float, other: Grown) -> Iterator[Figure]:
    yield Figure(name=name, value=large, unit="ms", digits=2)
    against = f"... against {other.tickets:,} stored"
    yield Figure(name=against, value=large / small, unit="", digits=2, at_most=1.5)


def _in_turn(*measures: Callable[[], float]) -> list[float]:
    """The medians of some figures, taken in turn; the first turn fills caches."""
    turns = [[once() for once in measures] for _ in range(ROUNDS + 1)][1:]
    return [statistics.median(values) for values in zip(*turns, strict=True)]


@contextmanager
def _timed(taken: list[float]) -> Iterator[None]:
    begin = time.perf_counter()
    yield
    taken.append(1000 * (time.perf_counter() - begin))


def _report(ledger: Grown) -> float:
    taken: list[float] = []
    span = days(NOW.date() - timedelta(days=29), NOW.date(), ledger.office.policy.desk.timezone)
    with _timed(taken), ledger.store.read() as tx:
        collect(tx, span, ledger.office.policy, NOW)
    return taken[0]


def _look(ledger: Grown) -> float:
    taken: list[float] = []
    # What is open came within ten hours here: one hour brings of it what a day of such a year does.
    with _timed(taken), ledger.store.read() as tx:
        overview(tx, since=NOW - timedelta(hours=1))
    return taken[0]


def _swept(ledger: Grown, due: int) -> float:
    _set_back(ledger, due)
    taken: list[float] = []
    with _timed(taken):
        found = sweep.sweep(ledger.office)
    if found.near != due:
        raise RuntimeError(f"{found.near} clocks came near their limit, not {due}")
    return taken[0]


def _bare(ledger: Grown) -> float:
    """What the sweep cannot do without: read what is due by its index, mark it, commit."""
    _set_back(ledger, DUE)
    taken: list[float] = []
    with _timed(taken), ledger.store.database.write() as connection:
        rows = connection.execute(_READ, {"now": _instant(ledger, NOW)}).all()
        connection.execute(_MARK, [{"id": row.id, "at": row.due_at} for row in rows])
    if len(rows) != DUE:
        raise RuntimeError(f"{len(rows)} clocks were due, not {DUE}")
    return taken[0]


_READ = text("SELECT * FROM clock WHERE next_at <= :now ORDER BY next_at, id LIMIT 5000")
_MARK = text("UPDATE clock SET stage = 'near', next_at = :at WHERE id = :id")


def _set_back(ledger: Grown, due: int) -> None:
    """So many clocks come near their limit now, of whose shares people know; the others later."""
    first = ledger.numbers.start
    said = {
        "first": first, "last": first + DUE, "due": first + due,
        "now": _instant(ledger, NOW - timedelta(minutes=1)),
        "later": _instant(ledger, NOW + timedelta(hours=4)),
    }  # fmt: skip
    with ledger.store.database.write() as connection:
        for statement in _SET_BACK:
            connection.execute(text(statement), said)


_SET_BACK = (
    """UPDATE clock SET stage = 'running', warned = 0.8,
           near_at = CASE WHEN ticket_id < :due THEN :now ELSE :later END,
           next_at = CASE WHEN ticket_id < :due THEN :now ELSE :later END
       WHERE ticket_id >= :first AND ticket_id < :last""",
    "UPDATE ticket SET near_limit = FALSE WHERE id >= :first AND id < :last",
    "UPDATE sighting SET dirty = FALSE WHERE dirty",
)


def _instant(ledger: Grown, at: datetime) -> object:
    """An instant as the database's own statements take it."""
    is_sqlite = ledger.store.database.engine.dialect.name == "sqlite"
    return f"{at:%Y-%m-%d %H:%M:%S.000000}" if is_sqlite else at
