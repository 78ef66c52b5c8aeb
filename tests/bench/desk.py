"""The daemon as the bench sees it: its configuration, its process, its log, its ledger, its tickets.

Stands between ``processes.py`` and the rounds of ``run.py``. The bench waits for the daemon by looking into
its ledger, read only; what it says of itself comes from its log (JSON lines) and from ``maild tickets
--json``. Raises ``DaemonError`` with the end of the log where the daemon leaves by itself or does not
finish.
"""

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.bench.clients import DESK
from tests.bench.processes import Child, Usage
from tests.peers.dovecot import PASSWORD

MAILD = ("-m", "maild")
SETTINGS = """\
[desk]
name = "Service Desk"
address = "{desk}"
aliases = ["helpdesk@etnic.example.be"]
prefix = "ETNIC"
languages = ["fr", "nl", "de", "en"]
timezone = "Europe/Brussels"
phone = "+32 81 00 00 00"
secret = "bench-secret-0123456789abcdef-0123456789"

[state]
directory = "{state}"
database = "sqlite:///{state}/maild.db"

[submission]
host = "127.0.0.1"
port = {smtp}
tls = "none"
per_minute = 100000
per_day = 1000000

[budget]
recipient = ["100000/1h"]
ticket = ["100000/1h"]
domain = ["100000/1h"]
total = ["100000/1h"]

[log]
format = "json"
level = "info"
"""
MAILDROP = """
[maildrop.{name}]
kind = "imap"
host = "127.0.0.1"
port = {imap}
tls = "none"
user = "{user}"
password = "{password}"
folder = "INBOX"
sent = []
after = "keep"
poll = "30s"
idle = true
start = "all"
"""


class DaemonError(Exception):
    """The daemon left by itself, or did not do its work in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peers:
    """Where the mail comes from and where the receipts go."""

    imap: int
    smtp: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far the daemon has come: mails seen in the maildrops, and work not yet done on them."""

    seen: int
    unfiled: int
    unsent: int
    unmarked: int

    def finished(self, mails: int) -> bool:
        """Whether so many mails are filed, answered and marked."""
        return self.seen >= mails and not (self.unfiled or self.unsent or self.unmarked)


class Desk:
    """One state directory with its configuration.

    ``boxes`` maps maildrop names to the users of the mailroom.
    """

    def __init__(self, folder: Path, peers: Peers, boxes: dict[str, str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.state = folder, folder / "state"
        self.state.mkdir(exist_ok=True)
        self.config = folder / "config.toml"
        self.config.write_text(
            SETTINGS.format(desk=DESK, state=self.state, smtp=peers.smtp)
            + "".join(
                MAILDROP.format(name=name, imap=peers.imap, user=user, password=PASSWORD)
                for name, user in boxes.items()
            )
        )

    @property
    def ledger(self) -> Path:
        """The daemon's SQLite file."""
        return self.state / "maild.db"

    def start(self, *, through: Sequence[str] = MAILD) -> "Daemon":
        """Starts ``maild run``; ``through``: how Python finds it (a profiler may stand in front)."""
        return Daemon(
            self, Child([*through, "run", "--config", str(self.config)], self.folder / "daemon.log")
        )

    def tickets(self) -> list[dict[str, Any]]:
        """What ``maild tickets --json`` says."""
        command = [sys.executable, *MAILD, "tickets", "--json", "--config", str(self.config)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        if done.returncode:
            raise DaemonError(f"maild tickets left with {done.returncode}: {done.stderr[-2000:]}")
        return [json.loads(line) for line in done.stdout.splitlines() if line.strip()]

    def ask(self, question: str) -> tuple[Any, ...]:
        """The first row that a question to the ledger gives."""
        with closing(sqlite3.connect(f"file:{self.ledger}?mode=ro", uri=True, timeout=10)) as connection:
            row: tuple[Any, ...] = connection.execute(question).fetchone()
            return row

    def progress(self) -> Progress:
        """How far the daemon has come; nothing at all before it has made its ledger."""
        try:
            seen, unfiled, unmarked = self.ask(
                "select count(*), coalesce(sum(state = 'received'), 0), coalesce(sum(dirty), 0) from sighting"
            )
            (unsent,) = self.ask("select count(*) from outbox where state in ('ready', 'claimed')")
        except sqlite3.OperationalError:
            return Progress(seen=0, unfiled=0, unsent=0, unmarked=0)
        return Progress(seen=seen, unfiled=unfiled, unsent=unsent, unmarked=unmarked)

    def polled(self) -> int:
        """How many maildrops have been looked into."""
        try:
            (count,) = self.ask("select count(*) from maildrop where polled_at is not null")
        except sqlite3.OperationalError:
            return 0
        return int(count)


@dataclass(slots=True)
class Daemon:
    """A running ``maild run``."""

    desk: Desk
    child: Child

    def wait(self, done: Callable[[], bool], *, patience: float, what: str) -> None:
        """Waits until ``done`` says so.

        Raises DaemonError after ``patience`` seconds or when the daemon leaves.
        """
        end = time.monotonic() + patience
        while not done():
            if self.child.poll() is not None:
                raise DaemonError(f"the daemon left by itself, waiting for {what}: {self.tail()}")
            if time.monotonic() > end:
                raise DaemonError(f"no {what} after {patience:.0f} s: {self.desk.progress()}: {self.tail()}")
            time.sleep(0.1)

    def finish(
        self, mails: int, *, patience: float = 300.0, tell: Callable[[int], None] | None = None
    ) -> None:
        """Waits until ``mails`` sightings are filed, answered and marked.

        ``tell`` hears how many are seen.
        """

        def done() -> bool:
            progress = self.desk.progress()
            if tell:
                tell(progress.seen)
            return progress.finished(mails)

        self.wait(done, patience=patience, what=f"{mails} mails filed, answered and marked")

    def stop(self) -> Usage:
        """TERM; raises DaemonError unless it leaves with status 0."""
        usage = self.child.stop()
        if usage.status:
            raise DaemonError(f"the daemon left with {usage.status}: {self.tail()}")
        return usage

    def tail(self) -> str:
        """The end of its log."""
        return self.child.log.read_text("utf-8", "replace")[-3000:]

    def events(self) -> list[dict[str, Any]]:
        """Its log, line by line; lines that are no JSON are left out."""
        return list(json_lines(self.child.log.read_text("utf-8", "replace").splitlines()))


def json_lines(lines: Iterable[str]) -> Iterable[dict[str, Any]]:
    """The lines that are JSON objects."""
    for line in lines:
        if line.startswith("{"):
            try:
                yield json.loads(line)
            except ValueError:
                continue


def seconds(instant: str) -> float:
    """An instant of the log (ISO 8601) in seconds of the epoch."""
    return datetime.fromisoformat(instant).timestamp()


def first_seen(events: Sequence[dict[str, Any]], after: float) -> float:
    """When the first mail was seen after an instant, in seconds of the epoch.

    That instant where the log is mute.
    """
    fetched = (e for e in events if e.get("event") == "message.fetched")
    instants = [seconds(e.get("seen_at") or e["timestamp"]) for e in fetched]
    return min((instant for instant in instants if instant >= after), default=after)


def stopped(events: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What the daemon says of itself as it leaves; empty when it says nothing."""
    return next((e for e in reversed(events) if e.get("event") == "daemon.stopped"), {})
