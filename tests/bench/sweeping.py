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
from datetime import timedelta
from pathlib import Path

from sqlalchemy import text

from maild import sweep
from tests.bench.grown import NOW, Grown, grown
from tests.bench.progress import Teller
from tests.bench.table import Figure
from tests.peers import postgres
from tests.peers.postgres import Postgres

DUE = 200
ROUNDS = 9
# (tickets stored, of which so many are open)
SMALL, LARGE = (10_000, 1_000), (1_000_000, 20_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Milliseconds: a sweep with nothing due, one with 200 due, and the two bare statements."""

    idle: float
    marked: float
    bare: float


def figures(stored: int, tell: Teller) -> Iterator[Figure]:
    """The rows, of SQLite and, where it is installed, of PostgreSQL.

    Args:
        stored: tickets of the large ledger.
    """
    large = (stored, max(DUE, stored // 50))
    with _databases() as urls:
        for name, url in urls:
            with ExitStack() as stack:
                tell(f"filling {name} with {stored:,} tickets", 0, 0)
                few, many = (stack.enter_context(grown(url(), *size)) for size in (SMALL, large))
                tell(f"sweeping {name}", 0, 0)
                yield from _of_sweep(name, few, many)


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


def _of_sweep(name: str, few: Grown, many: Grown) -> Iterator[Figure]:
    small, large = _measured(few, many)
    stored = f"{many.tickets:,} stored, {many.opened:,} open"
    for what, ours, theirs in (
        ("nothing due", large.idle, small.idle), (f"{DUE} due", large.marked, small.marked)
    ):  # fmt: skip
        yield Figure(name=f"{name}: sweep, {what}, {stored}", value=ours, unit="ms", digits=2)
        yield Figure(
            name=f"... against {few.tickets:,} stored", value=ours / theirs, unit="", digits=2, at_most=1.5
        )
    yield Figure(
        name=f"... against the two bare statements ({large.bare:.2f} ms)",
        value=large.marked / large.bare, unit="", digits=2, at_most=10,
    )  # fmt: skip


def _measured(few: Grown, many: Grown) -> tuple[Taken, Taken]:
    taken: dict[tuple[int, str], list[float]] = {}
    for turn in range(ROUNDS + 1):
        for number, ledger in enumerate((few, many)):
            for what, once in (("idle", _sweep), ("marked", _sweep), ("bare", _bare)):
                _set_back(ledger, DUE if what != "idle" else 0)
                spent = once(ledger)
                if turn:  # the first turn fills caches
                    taken.setdefault((number, what), []).append(spent)
    median = {key: statistics.median(values) for key, values in taken.items()}
    small, large = (
        Taken(**{what: median[number, what] for what in ("idle", "marked", "bare")}) for number in (0, 1)
    )
    return small, large


def _sweep(ledger: Grown) -> float:
    begin = time.perf_counter()
    sweep.sweep(ledger.office)
    return 1000 * (time.perf_counter() - begin)


def _bare(ledger: Grown) -> float:
    """What the sweep cannot do without: read what is due by its index, mark it, commit."""
    begin = time.perf_counter()
    with ledger.store.database.write() as connection:
        rows = connection.execute(_READ, {"now": _instant(ledger, NOW)}).all()
        connection.execute(_MARK, [{"id": row.id, "at": row.due_at} for row in rows])
    if len(rows) != DUE:
        raise RuntimeError(f"{len(rows)} clocks were due, not {DUE}")
    return 1000 * (time.perf_counter() - begin)


_READ = text("SELECT * FROM clock WHERE next_at <= :now ORDER BY next_at, id LIMIT 5000")
_MARK = text("UPDATE clock SET stage = 'near', next_at = :at WHERE id = :id")


def _set_back(ledger: Grown, due: int) -> None:
    """So many clocks come near their limit now, of whose shares people know; the others later."""
    numbers = ledger.numbers
    said = {
        "first": numbers.start, "last": numbers.start + DUE, "due": numbers.start + due,
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


def _instant(ledger: Grown, at: object) -> object:
    """An instant as the database's own statements take it."""
    is_sqlite = ledger.store.database.engine.dialect.name == "sqlite"
    return f"{at:%Y-%m-%d %H:%M:%S.000000}" if is_sqlite else at
