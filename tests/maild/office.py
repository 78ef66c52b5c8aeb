"""An office for tests of one room: a fresh ledger, a policy, and a clock that the test turns."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from maild import compose, ingest
from maild.apply import Applied
from maild.arrival import Arrival
from maild.ingest import Office
from storage import database
from storage.records import Lease, Maildrop, Ticket
from storage.store import Store
from tests import ledger
from tests.maild.decide.cases import NOON, policy


@dataclass(slots=True)
class Clock:
    """The time, which passes when it is told to."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def later(self, **span: float) -> None:
        """Time passes."""
        self.now += timedelta(**span)


@dataclass(slots=True, kw_only=True)
class Room:
    """An office, its clock, and one maildrop whose lease it holds."""

    office: Office
    clock: Clock
    drop: Maildrop
    lease: Lease
    uids: Iterator[int] = field(default_factory=lambda: iter(range(1, 10_000)))

    def arrival(self, content: bytes, *, at: datetime | None = None) -> Arrival:
        """A mail just fetched."""
        now = self.clock.now
        return Arrival(
            content=content, uid=next(self.uids), arrived_at=at or now, mail_id=ingest.new_mail_id(now)
        )

    def ingest(self, *contents: bytes, at: datetime | None = None) -> tuple[Applied, ...]:
        """A batch of mails, kept and filed."""
        arrivals = [self.arrival(content, at=at) for content in contents]
        return ingest.ingest(arrivals, self.drop, 1, self.lease, self.office)

    def tickets(self) -> list[Ticket]:
        """Every ticket, by number."""
        with self.office.store.read() as tx:
            return list(tx.tickets())

    def letters(self) -> list[tuple[str, str]]:
        """Kind and recipient of each letter that is owed, or would be."""
        with self.office.store.read() as tx:
            owed = tx.connection.exec_driver_sql("SELECT kind, recipient FROM outbox ORDER BY id")
            return [(row.kind, row.recipient) for row in owed]

    def rows(self, query: str) -> list[Any]:
        """What only the tables can answer."""
        with self.office.store.read() as tx:
            return list(tx.connection.exec_driver_sql(query))


@contextmanager
def room(folder: Path, **changes: Any) -> Iterator[Room]:
    """An office on a fresh SQLite ledger; ``changes`` are the policy's."""
    judged, clock = policy(**changes), Clock()
    base = database.open_database(f"sqlite:///{folder}/maild.db")
    store = Store(database=base)
    office = Office(store=store, policy=judged, paper=compose.stationery(judged.desk), now=clock)
    try:
        if not Path(folder, "maild.db").exists():
            ledger.put(Path(folder, "maild.db"))
        with store.write() as tx:
            drop = tx.maildrop("support", "inbox")
            lease = tx.take_lease(drop.id, holder="test", now=NOON, ttl=timedelta(days=365))
        assert lease is not None
        yield Room(office=office, clock=clock, drop=drop, lease=lease)
    finally:
        office.worker.close()
        base.close()


def raw(
    message_id: str = "m1@ecole.test", *, body: str = "Bonjour, l'imprimante est en panne.\n", **headers: str
) -> bytes:
    """The bytes of a mail."""
    lines = {"From": "Jean <jean@ecole.test>", "To": "support@etnic.test", "Subject": "Imprimante"}
    lines |= {"Message-ID": f"<{message_id}>", "Date": "Mon, 25 Nov 2024 12:00:00 +0000"}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    return ("".join(f"{name}: {value}\r\n" for name, value in lines.items()) + f"\r\n{body}").encode()
