"""Many mails through one process: whether it grows. ``python -m tests.bench.endurance``.

Beside the rounds of ``run.py``. Mail comes in waves of 2,000, all of it through the same daemon; after each
wave is done the daemon's resident memory, open descriptors and threads are read from /proc. What the first
wave leaves is the measure of the last. Ends with 1 where a bar is missed or a mail is not answered.
"""

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.desk import Daemon, Desk
from tests.bench.mailroom import Mailroom
from tests.bench.progress import telling
from tests.bench.run import Bench
from tests.bench.sink import SinkProcess
from tests.bench.table import Figure, show_figures

WAVE = 2_000
MOST_GROWTH = 10.0  # MB


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """A process at an instant. ``memory``: resident, in MB (VmRSS)."""

    mails: int
    memory: float
    descriptors: int
    threads: int


def size_of(pid: int, mails: int) -> Size:
    """What /proc says of a process (proc(5))."""
    fields = dict(
        line.split(":", 1)
        for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
        if ":" in line
    )
    return Size(
        mails=mails, memory=int(fields["VmRSS"].split()[0]) / 1024, threads=int(fields["Threads"]),
        descriptors=len(list(Path(f"/proc/{pid}/fd").iterdir())),
    )  # fmt: skip


def endure(bench: Bench, mails: int) -> list[Size]:
    """The sizes after each wave."""
    desk = Desk(bench.folder / "endurance", bench.peers, {"support": "endurance"})
    bench.room.deliver("endurance", [])
    letters = bench.corpus(11, mails).single_requests(mails)
    daemon = desk.start()
    sizes = []
    for done in range(0, mails, WAVE):
        bench.room.deliver("endurance", letters[done : done + WAVE])
        _finish(bench, daemon, done, mails)
        sizes.append(size_of(daemon.child.process.pid, min(done + WAVE, mails)))
    daemon.stop()
    return sizes


def _finish(bench: Bench, daemon: Daemon, done: int, mails: int) -> None:
    daemon.finish(min(done + WAVE, mails), tell=lambda seen: bench.tell("endurance", seen, mails))


def figures(sizes: list[Size], mails: int, answered: int) -> list[Figure]:
    """The bars."""
    first, last = sizes[0], sizes[-1]
    return [
        Figure(name="receipts", value=answered, unit="", digits=0, at_least=mails, at_most=mails),
        Figure(name="memory grown by", value=last.memory - first.memory, unit="MB", at_most=MOST_GROWTH),
        Figure(
            name="descriptors grown by",
            value=last.descriptors - first.descriptors,
            unit="",
            digits=0,
            at_most=0,
        ),
        Figure(name="threads grown by", value=last.threads - first.threads, unit="", digits=0, at_most=0),
    ]


def show_sizes(console: Console, sizes: list[Size]) -> None:
    """How it went."""
    table = Table(title="one process")
    for name in ("mails", "resident MB", "descriptors", "threads"):
        table.add_column(name, justify="right")
    for size in sizes:
        table.add_row(f"{size.mails:,}", f"{size.memory:.1f}", str(size.descriptors), str(size.threads))
    console.print(table)


def main() -> int:
    """Runs it; the exit code."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--mails", type=int, default=20_000)
    mails = asked.parse_args().mails
    console = Console(file=sys.stdout)
    with tempfile.TemporaryDirectory(prefix="mb-", dir="/tmp") as scratch:
        folder = Path(scratch)
        # The server's own user reads the mail below it.
        folder.chmod(0o755)
        with Mailroom(folder / "d") as room, SinkProcess() as sink, telling(Console(stderr=True)) as tell:
            bench = Bench(folder=folder, room=room, sink=sink, tell=tell)
            sizes = endure(bench, mails)
            answered = sink.count()
    show_sizes(console, sizes)
    found = figures(sizes, mails, answered)
    show_figures(console, f"{mails:,} mails through one process", found)
    return 0 if all(figure.met for figure in found) else 1


if __name__ == "__main__":
    sys.exit(main())
