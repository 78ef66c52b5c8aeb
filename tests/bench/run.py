"""The rounds of the bench: the floor and the daemon, over the very same mails.

Stands above the mailroom, the sink and the processes; ``__main__`` alternates the rounds. A round of the
daemon runs the first wave as a backlog, makes the second wave from the receipts that came of it, lets the
same daemon finish it, ends it with TERM and judges what it did. Raises ``DaemonError`` where the daemon
fails, RuntimeError where the floor does.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.bench.desk import MAILD, Daemon, Desk, Peers, first_seen, stopped
from tests.bench.judge import Verdict, judge
from tests.bench.mailroom import Mailroom
from tests.bench.mails import Corpus, Mail
from tests.bench.processes import Child
from tests.bench.progress import Teller
from tests.bench.sink import SinkProcess


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What some mails cost. ``cpu``: seconds without start-up; ``startup``: those of start and end alone."""

    mails: int
    cpu: float
    startup: float
    wall: float

    @property
    def per_mail(self) -> float:
        """Milliseconds of CPU a mail."""
        return 1000 * self.cpu / self.mails

    @property
    def rate(self) -> float:
        """Mails a CPU second, start-up left out."""
        return self.mails / self.cpu

    @property
    def whole_rate(self) -> float:
        """Mails a CPU second, start-up counted."""
        return self.mails / (self.cpu + self.startup)

    @property
    def pace(self) -> float:
        """Mails a second of wall time, from the first FETCH to the last receipt accepted."""
        return self.mails / self.wall


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One round of the daemon: its cost, peak memory in MB, SQL statements a mail (0: not told), verdicts."""

    cost: Cost
    peak: float
    statements: float
    verdicts: tuple[Verdict, ...]
    mails: tuple[Mail, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Where everything is: the scratch folder, the mailroom, the sink, and who hears of progress."""

    folder: Path
    room: Mailroom
    sink: SinkProcess
    tell: Teller
    through: Sequence[str] = MAILD

    @property
    def peers(self) -> Peers:
        """The ports of both ends."""
        return Peers(imap=self.room.port, smtp=self.sink.port)

    def corpus(self, seed: int, count: int) -> Corpus:
        """Mails that arrive in the hours before now."""
        return Corpus(seed=seed, count=count, start=datetime.now(UTC))

    def startup(self, name: str, desk: Desk | None = None) -> float:
        """CPU seconds that ``maild run`` takes to start on an empty mailbox and to leave."""
        self.tell(f"{name}: start and TERM", 0, 0)
        self.room.deliver(name, [])
        desk = desk or Desk(self.folder / name, self.peers, {"support": name})
        polled = desk.polled()
        daemon = desk.start(through=self.through)
        daemon.wait(lambda: desk.polled() > polled, patience=60, what="first look into the mailbox")
        return daemon.stop().cpu

    def round(self, name: str, corpus: Corpus, *, startup: float, desk: Desk | None = None) -> Round:
        """Two waves through ``maild run``; the mailbox is the user ``name``'s."""
        self.sink.reset()
        desk = desk or Desk(self.folder / name, self.peers, {"support": name})
        seen = desk.progress().seen
        first = corpus.first_wave()
        begun = self.room.deliver(name, first)
        daemon = desk.start(through=self.through)
        self._finish(daemon, f"{name}: first wave", seen, len(first))
        second = corpus.second_wave(mail.receipt() for mail in self.sink.mails(self.folder / "dump"))
        between, sent = self.room.deliver(name, second), self.sink.count()
        self._finish(daemon, f"{name}: second wave", seen + len(first), len(second))
        peak = daemon.child.peak()
        usage = daemon.stop()
        caught = self.sink.mails(self.folder / "dump")
        events = daemon.events()
        wall = caught[sent - 1].at - first_seen(events, begun) + caught[-1].at - first_seen(events, between)
        mails = (*first, *second)
        ours = [c for c in caught if c.at >= begun]
        return Round(
            cost=Cost(mails=len(mails), cpu=usage.cpu - startup, startup=startup, wall=wall),
            peak=peak,
            statements=statements(stopped(events), len(mails)),
            verdicts=tuple(judge(mails, desk.tickets(), ours)),
            mails=mails,
        )

    def _finish(self, daemon: Daemon, what: str, before: int, mails: int) -> None:
        self.tell(what, 0, mails)
        daemon.finish(before + mails, tell=lambda seen: self.tell(what, min(seen - before, mails), mails))

    def floor(self, name: str, mails: Sequence[Mail], *, startup: float = 0.0) -> Cost:
        """The floor over the same mails; with no mails at all, its start-up alone is of interest."""
        self.tell(f"{name}: floor", 0, 0)
        self.room.deliver(name, mails)
        self.sink.reset()
        log, ledger = self.folder / f"{name}.json", self.folder / f"{name}.db"
        arguments = ["-m", "tests.bench.floor", self.room.port, name, self.sink.port, ledger]
        usage = Child([str(a) for a in arguments], log).wait()
        if usage.status:
            raise RuntimeError(
                f"the floor left with {usage.status}: {log.read_text('utf-8', 'replace')[-2000:]}"
            )
        told = json.loads(log.read_text("utf-8").splitlines()[-1])
        self.room.wipe(name)
        return Cost(mails=len(mails), cpu=usage.cpu - startup, startup=startup, wall=told["seconds"])


def statements(told: dict[str, Any], mails: int) -> float:
    """SQL statements a mail, as the daemon counted them; 0 where it does not say."""
    return float(told.get("sql_statements", 0)) / (told.get("messages") or mails)
