"""``make bench``: how fast maild is beside the floor, and whether it does the right thing meanwhile.

Stands on top of the bench: alternates the rounds, measures latency, fills a ledger with 100,000 tickets and
runs once more, then prints the tables. Leaves with 1 where a bar is not met or a mail was treated wrongly,
and with 70 where the daemon failed; its state is kept then, and the message says where.
"""

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console

from tests.bench import sweeping, walls
from tests.bench.desk import MAILD, DaemonError, Desk
from tests.bench.latency import Latencies, measure
from tests.bench.mailroom import Mailroom
from tests.bench.prefill import fill
from tests.bench.progress import telling
from tests.bench.reading import in_short
from tests.bench.run import Bench, Cost, Round
from tests.bench.sink import SinkProcess
from tests.bench.table import Figure, show_figures, show_verdicts

BROKEN = 70


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="How fast maild is.")
    parser.add_argument("--quick", action="store_true", help="300 mails, one round, no 100,000 tickets")
    parser.add_argument("--mails", type=int, help="mails a round (2000)")
    parser.add_argument("--rounds", type=int, help="rounds of each, alternating (3)")
    parser.add_argument("--tickets", type=int, help="tickets stored for the last round (100000; 0: none)")
    parser.add_argument("--stored", type=int, help="tickets stored for the sweep (1000000; 0: none)")
    parser.add_argument("--flowing", type=int, help="mails for the latency while mail flows (200; 0: none)")
    parser.add_argument("--quiet", type=int, help="mails for the latency after half a minute of quiet (20)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the corpus (1)")
    parser.add_argument(
        "--profile", type=Path, help="profile the daemon into FILE: one round and nothing else"
    )
    parser.add_argument("--keep", action="store_true", help="keep the scratch folder")
    chosen = parser.parse_args()
    usual = (300, 1, 0, 0, 60, 5) if chosen.quick else (2000, 3, 100_000, 1_000_000, 200, 20)
    if chosen.profile:
        usual = (usual[0], 1, 0, 0, 0, 0)
    for name, value in zip(("mails", "rounds", "tickets", "stored", "flowing", "quiet"), usual, strict=True):
        if getattr(chosen, name) is None:
            setattr(chosen, name, value)
    return chosen


def help_seconds() -> float:
    """How long ``maild --help`` takes: the median of five."""
    taken = []
    for _ in range(5):
        begin = time.perf_counter()
        subprocess.run([sys.executable, *MAILD, "--help"], capture_output=True, check=True)
        taken.append(time.perf_counter() - begin)
    return statistics.median(taken)


def alternate(bench: Bench, chosen: argparse.Namespace) -> tuple[list[Round], list[Cost], Desk]:
    """Rounds of the daemon and of the floor over the same mails, turn by turn; the last round's desk too."""
    startup = bench.startup("start")
    floor_startup = bench.floor("floor-start", []).cpu
    rounds: list[Round] = []
    floors: list[Cost] = []
    names = [f"round{number + 1}" for number in range(chosen.rounds)]
    desks = [Desk(bench.folder / name, bench.peers, {"support": name}) for name in names]
    for number, (name, desk) in enumerate(zip(names, desks, strict=True)):
        corpus = bench.corpus(chosen.seed + number, chosen.mails)
        rounds.append(bench.round(name, corpus, startup=startup, desk=desk))
        floors.append(bench.floor(f"floor{number + 1}", rounds[-1].mails, startup=floor_startup))
        bench.room.wipe(name)
    return rounds, floors, desks[-1]


def crowded(bench: Bench, full: Desk, chosen: argparse.Namespace) -> tuple[Round, Cost, list[Figure]]:
    """The same two rounds on a ledger that holds many tickets already, through a maildrop of its own; before
    them, what the board's page costs there."""
    bench.tell(f"filling the ledger with {chosen.tickets} tickets", 0, 0)
    desk = Desk(bench.folder / "crowded", bench.peers, {"annex": "crowded"})
    shutil.copy(full.ledger, desk.ledger)
    tickets = fill(desk.ledger, chosen.tickets)
    few, many = walls.pages(full, desk)
    shown = [
        Figure(name=f"the board's page with {tickets:,} tickets", value=1000 * many, unit="ms"),
        Figure(
            name="... against those that are open alone", value=many / few, unit="", digits=2, at_most=1.5
        ),
    ]
    startup = bench.startup("crowded", desk)
    corpus = bench.corpus(chosen.seed + 1000, chosen.mails)
    done = bench.round("crowded", corpus, startup=startup, desk=desk)
    floor_startup = bench.floor("floor-start-crowded", []).cpu
    return done, bench.floor("floor-crowded", done.mails, startup=floor_startup), shown


def ratio(rounds: list[Round], floors: list[Cost]) -> float:
    """The daemon's mails a CPU second against the floor's: a ratio of medians."""
    return statistics.median(r.cost.rate for r in rounds) / statistics.median(f.rate for f in floors)


def figures(rounds: list[Round], floors: list[Cost]) -> list[Figure]:
    """The figures of the alternating rounds: medians."""
    median = statistics.median
    rate, floor_rate = median(r.cost.rate for r in rounds), median(f.rate for f in floors)
    whole, floor_whole = median(r.cost.whole_rate for r in rounds), median(f.whole_rate for f in floors)
    return [
        Figure(name="floor: mails a CPU second", value=floor_rate, unit=""),
        Figure(name="floor: CPU a mail", value=median(f.per_mail for f in floors), unit="ms", digits=2),
        Figure(name="floor: mails a second", value=median(f.pace for f in floors), unit=""),
        Figure(name="floor: start-up CPU", value=floors[0].startup, unit="s", digits=2),
        Figure(name="maild: mails a CPU second", value=rate, unit=""),
        Figure(name="maild: CPU a mail", value=median(r.cost.per_mail for r in rounds), unit="ms", digits=2),
        Figure(name="maild: mails a second", value=median(r.cost.pace for r in rounds), unit=""),
        Figure(name="maild: start-up CPU", value=rounds[0].cost.startup, unit="s", digits=2),
        Figure(
            name="maild against the floor",
            value=ratio(rounds, floors),
            unit="",
            digits=3,
            at_least=0.35,
        ),
        Figure(name="... start-up counted on both sides", value=whole / floor_whole, unit="", digits=3),
        Figure(name="SQL statements a mail", value=median(r.statements for r in rounds), unit=""),
        Figure(name="peak memory", value=max(r.peak for r in rounds), unit="MB", digits=0, at_most=130),
    ]


def latency_figures(found: Latencies) -> list[Figure]:
    """The figures of latency, in milliseconds."""

    def figure(name: str, seconds: float, at_most: float | None = None) -> Figure:
        return Figure(name=name, value=1000 * seconds, unit="ms", digits=0, at_most=at_most)

    flowing, seen, quiet = found.flowing, found.seen, found.quiet
    return [
        figure("EXISTS seen to 250, p50", seen.at(0.5), 25),
        figure("EXISTS seen to 250, p99", seen.at(0.99), 100),
        figure("append to 250 while mail flows, p50", flowing.at(0.5), 100),
        figure("append to 250 while mail flows, p90", flowing.at(0.9)),
        figure("append to 250 while mail flows, p99", flowing.at(0.99)),
        *(
            figure(f"append to 250 after quiet, p{p}", quiet.at(p / 100))
            for p in (50, 90, 99)
            if quiet.values
        ),
    ]


def run(bench: Bench, chosen: argparse.Namespace, console: Console) -> bool:
    """Everything; whether all bars are met and all mails were treated rightly."""
    rounds, floors, desk = alternate(bench, chosen)
    shown = figures(rounds, floors)
    judged = {f"round {number + 1}": r.verdicts for number, r in enumerate(rounds)}
    if chosen.flowing:
        shown += latency_figures(measure(bench, flowing=chosen.flowing, quiet=chosen.quiet))
    if chosen.tickets:
        last, beside, of_pages = crowded(bench, desk, chosen)
        tickets = chosen.tickets
        judged[f"{tickets:,} tickets stored"] = last.verdicts
        # Both against the floor of the same minutes: the machine's own mood cancels out.
        share = last.cost.rate / beside.rate / ratio(rounds, floors)
        name = f"rate with {tickets:,} tickets, against few"
        shown.append(Figure(name=name, value=share, unit="", digits=3, at_least=0.9))
        shown.append(Figure(name="... CPU a mail", value=last.cost.per_mail, unit="ms", digits=2))
        shown += of_pages
    if chosen.stored:
        shown += sweeping.figures(chosen.stored, bench.tell)
    if not chosen.profile:
        shown += in_short(1 if chosen.quick else 3, bench.tell)
        shown.append(Figure(name="maild --help", value=help_seconds(), unit="s", digits=3, at_most=0.333))
    for title, verdicts in judged.items():
        show_verdicts(console, title, verdicts)
    show_figures(console, "make bench", shown)
    for number, (ours, floor) in enumerate(zip(rounds, floors, strict=True), start=1):
        line = (
            f"round {number}: maild {ours.cost.per_mail:.2f} ms of CPU a mail, floor {floor.per_mail:.2f} ms"
        )
        console.print(line, highlight=False)
    right = not any(v.wrong for verdicts in judged.values() for v in verdicts)
    return right and all(figure.met for figure in shown)


def main() -> int:
    """The command."""
    chosen, console = arguments(), Console()
    # Dovecot's sockets want a short path, and its users another right than root's to enter it.
    folder = Path(tempfile.mkdtemp(prefix="mb"))
    folder.chmod(0o755)
    through = ("-m", "tests.bench.profiled", str(chosen.profile)) if chosen.profile else MAILD
    keep = chosen.keep
    try:
        with Mailroom(folder / "d") as room, SinkProcess() as sink, telling(console) as tell:
            bench = Bench(folder=folder, room=room, sink=sink, tell=tell, through=through)
            good = run(bench, chosen, console)
    except DaemonError as failure:
        keep = True
        console.print(f"{failure}\nThe state is kept in {folder}.", markup=False, highlight=False)
        return BROKEN
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
    if keep:
        console.print(f"Everything is kept in {folder}.", highlight=False)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
