"""``make figures``: what the parsers read rightly, what they cost and what they survive, beside each bar.

Stands beside the rounds of the daemon: it needs no server. The mails are those of ``shared/corpus`` beside
the repository; where it is absent one line says so, and our own of ``tests/mail`` are read instead. Leaves
with 1 where a bar is not met.
"""

import argparse
import json
import runpy
import shlex
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from parsers.mail import parse_mail
from tests.bench.hostile import BIG, MAILS
from tests.bench.progress import Teller, telling
from tests.bench.table import Figure, show_figures, show_wrong
from tests.conftest import SHARED
from tests.parsers.expectations import MAIL, disagreements, expectations
from tests.parsers.test_third_party import REAL_BOUNCES

PARSE = (sys.executable, "-m", "maild", "parse", "--json")
EXACT = {"edge": 124, "layouts": 56}
"""How many mails of our own folders must be right in every field."""
CONTRADICTED = {"edge": 1}
"""Of these, how many the corpus expects to hold what is not in them: the TNEF stream of edge/tnef-winmail has
AUTHORS and README, as our own copy says, and no AUTOEXEC.BAT. They are shown, and judge nothing."""
ORDINARY = ("cpython", "django-helpdesk", "mail-parser", "mime4j", "mimekit", "ruby-mail")
"""Folders of which nobody has written down what is a bounce; those in them are known by name."""
NO_MAILS = ("expect.json", "README.md", "LICENSE", "score.py")
SECONDS, MEGABYTES = 2.0, 400.0
"""What a hostile mail may take, on a machine where mail-parser needs so long for the biggest of them:"""
REFERENCE = 0.5
PATIENCE = 120.0
SHOWN = 20


# --- the corpus ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What one call of ``maild parse --json`` said of each file; ``errors``: what it did not read."""

    records: dict[Path, dict[str, Any]]
    errors: tuple[str, ...]


def everything(corpus: Path) -> list[Path]:
    """Every file that the corpus holds, mail or not."""
    files = (path for path in sorted(corpus.rglob("*")) if path.is_file())
    return [path for path in files if path.name not in NO_MAILS]


def mails(corpus: Path) -> list[Path]:
    """The mails: what stands beside an ``expect.json``."""
    return [path for path in everything(corpus) if (path.parent / "expect.json").exists()]


def parse_in_one_call(paths: Sequence[Path]) -> Call:
    """All files in one call; a line that is missing, out of order or no JSON is an error of its file."""
    done = subprocess.run([*PARSE, *map(str, paths)], capture_output=True, check=False)
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    records, errors = {}, [] if done.returncode == 0 else [f"exit code {done.returncode}"]
    for number, path in enumerate(paths):
        said = _record(lines[number]) if number < len(lines) else {"error": "no line"}
        if said.get("file") != str(path) or "error" in said:
            errors.append(f"{path.parent.name}/{path.name}: {said.get('error', 'out of order')}")
        else:
            records[path] = said
    return Call(records=records, errors=tuple(errors))


def _record(line: str) -> dict[str, Any]:
    try:
        said: dict[str, Any] = json.loads(line)
    except ValueError:
        return {"error": f"no JSON: {line[:80]}"}
    return said


# --- what is read rightly -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Figures, and the mails that made one of them smaller."""

    figures: tuple[Figure, ...]
    wrong: tuple[str, ...]


def judge(corpus: Path, tell: Teller) -> Judged:
    """Every file in one call; then the corpus's own score of ``maild parse --json``, folder by folder."""
    paths = everything(corpus)
    tell(f"maild parse --json of {len(paths)} files in one call", 0, 0)
    call = parse_in_one_call(paths)
    tell("the score of the corpus", 0, 0)
    scored = score(corpus)
    wrong = {source: list(misread(corpus, source, call)) for source in EXACT}
    alarms = [path for path in false_alarms(call) if path.name not in REAL_BOUNCES]
    named = [*call.errors, *(line for lines in wrong.values() for line in lines), *map(_named, alarms)]
    figures = (
        _count("files in one call", len(paths)),
        _count("... errors", len(call.errors), at_most=0),
        *(_exact(source, len(wrong[source]), CONTRADICTED.get(source, 0)) for source in EXACT),
        *_scored(scored),
        _count("false alarms of a bounce", scored["bounce"]["false"] + len(alarms), at_most=0),
    )
    return Judged(figures=figures, wrong=tuple(named))


def score(corpus: Path) -> dict[str, Any]:
    """What ``score.py`` of the corpus finds."""
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder, "score.json")
        command = [sys.executable, str(corpus / "score.py"), str(corpus), "--cmd", shlex.join(PARSE)]
        subprocess.run([*command, "--json", str(found)], capture_output=True, check=True)
        scored: dict[str, Any] = json.loads(found.read_text("utf-8"))
    return scored


def misread(corpus: Path, source: str, call: Call) -> Iterator[str]:
    """The mails of a folder of which a field is wrong, by the comparison of ``score.py``."""
    compare = runpy.run_path(str(corpus / "score.py"))["compare"]
    for path, wanted in expectations(corpus / source):
        fields = compare(wanted, call.records.get(path, {}))
        wrong = [name for name, (right, _, _) in fields.items() if not right]
        if wrong or path not in call.records:
            yield f"{_named(path)}: {', '.join(wrong)}"


def false_alarms(call: Call) -> Iterator[Path]:
    """Ordinary mail, as far as its folder says, that was taken for a bounce."""
    for path, said in call.records.items():
        if path.parent.name in ORDINARY and said["is_bounce"]:
            yield path


def _named(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def _exact(source: str, wrong: int, contradicted: int = 0) -> Figure:
    total = EXACT[source]
    return _count(f"{source}: mails right of {total}", total - wrong, at_least=total - contradicted)


def _scored(scored: dict[str, Any]) -> Iterator[Figure]:
    right, total = scored["fields"]["bounce_recipient"]["by"]["flufl-bounce"]
    reply = scored["reply"]
    lost = reply.get("loss", 0) + reply.get("crash", 0)
    yield _count("mails that crash or time out", scored["crashed"], at_most=0)
    yield Figure(name="mean over fields", value=100 * scored["overall"], unit="%", at_least=95)
    yield _count("replies that lost a word", lost, at_most=0)
    yield _count("replies that kept a quotation", reply.get("leak", 0))
    yield Figure(name="flufl-bounce: recipients", value=100 * right / total, unit="%", at_least=97)


def _count(name: str, value: int, *, at_least: int | None = None, at_most: int | None = None) -> Figure:
    return Figure(name=name, value=value, unit="", digits=0, at_least=at_least, at_most=at_most)


def judge_our_own(tell: Teller) -> Judged:
    """Our own mails alone, by their expectations: what is left where there is no corpus."""
    paths = everything(MAIL)
    tell(f"maild parse --json of {len(paths)} files in one call", 0, 0)
    call = parse_in_one_call(paths)
    wrong = {source: list(_misread_by_us(source)) for source in EXACT}
    figures = (
        _count("files in one call", len(paths)),
        _count("... errors", len(call.errors), at_most=0),
        *(_exact(source, len(wrong[source])) for source in EXACT),
    )
    named = [*call.errors, *(line for lines in wrong.values() for line in lines)]
    return Judged(figures=figures, wrong=tuple(named))


def _misread_by_us(source: str) -> Iterator[str]:
    for path, wanted in expectations(MAIL / source):
        wrong = disagreements(parse_mail(path.read_bytes()), wanted)
        if wrong:
            yield f"{_named(path)}: {wrong[0]}"


# --- what reading costs -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a hostile mail took: seconds, MB of its process, infinite where it gave no result; its defects."""

    name: str
    seconds: float
    wall: float
    peak: float
    defects: int

    def met(self, bar: float) -> bool:
        """Whether it stayed below so many seconds and below the bar of memory."""
        return self.seconds <= bar and self.peak <= MEGABYTES


def against_mailparser(paths: Sequence[Path], rounds: int, tell: Teller) -> Iterator[Figure]:
    """CPU of everything that maild reads, beside mail-parser alone: alternating rounds, medians."""
    tell(f"maild and mail-parser over {len(paths)} mails, {rounds} rounds each", 0, 0)
    spent = _readers("compare", str(rounds), *map(str, paths))
    ours, theirs = (1000 * statistics.median(spent[name]) / len(paths) for name in ("maild", "mail-parser"))
    yield Figure(name="mail-parser: CPU a mail", value=theirs, unit="ms", digits=2)
    yield Figure(name="maild: CPU a mail, HTML cleaned", value=ours, unit="ms", digits=2)
    yield Figure(name="maild against mail-parser", value=ours / theirs, unit="", digits=2, at_most=1.5)


def try_hostile(tell: Teller) -> tuple[list[Trial], float]:
    """Each hostile mail in a process of its own; and the seconds that one may take on this machine."""
    trials = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "hostile.eml")
        for number, (name, made) in enumerate(MAILS.items()):
            tell("hostile mails", number, len(MAILS))
            path.write_bytes(made())
            trials.append(_tried(name, path))
        path.write_bytes(MAILS[BIG]())
        # The fastest of three: noise would only widen the bar.
        reference = min(_readers("mail-parser", str(path))["cpu"] for _ in range(3))
    return trials, SECONDS * reference / REFERENCE


def _tried(name: str, path: Path) -> Trial:
    try:
        cost = _readers("maild", str(path))
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        never = float("inf")  # the table says so: no bar is met by it
        return Trial(name=name, seconds=never, wall=never, peak=never, defects=0)
    return Trial(
        name=name, seconds=cost["cpu"], wall=cost["wall"], peak=cost["peak"], defects=len(cost["defects"])
    )


def _readers(*arguments: str) -> dict[str, Any]:
    """What the process of ``readers.py`` tells; raises where it fails or takes longer than two minutes."""
    command = [sys.executable, "-m", "tests.bench.readers", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=PATIENCE)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def in_short(rounds: int, tell: Teller) -> list[Figure]:
    """The cost beside mail-parser, and the worst of the hostile mails: what ``make bench`` shows."""
    corpus = SHARED / "corpus"
    figures = list(against_mailparser(mails(corpus if corpus.is_dir() else MAIL), rounds, tell))
    trials, bar = try_hostile(tell)
    slow, fat = max(trials, key=lambda t: t.seconds), max(trials, key=lambda t: t.peak)
    time, memory = f"hostile mail: {slow.name}", f"hostile mail: {fat.name}"
    return [
        *figures,
        Figure(name=time, value=slow.seconds, unit="s", digits=2, at_most=round(bar, 2)),
        Figure(name=memory, value=fat.peak, unit="MB", digits=0, at_most=MEGABYTES),
    ]


def show_trials(console: Console, trials: Sequence[Trial], bar: float) -> None:
    """The table of hostile mails."""
    table = Table(title=f"hostile mails: at most {bar:.2f} s of CPU, {MEGABYTES:g} MB")
    for column in ("mail", "CPU", "wall", "memory", "defects", ""):
        table.add_column(column, justify="left" if column in {"mail", ""} else "right")
    for trial in trials:
        outcome = "[green]met[/]" if trial.met(bar) else "[bold red]NOT MET[/]"
        seconds, wall = f"{trial.seconds:.2f} s", f"{trial.wall:.2f} s"
        table.add_row(trial.name, seconds, wall, f"{trial.peak:.0f} MB", str(trial.defects), outcome)
    console.print(table)


# --- the command --------------------------------------------------------------------------------------------


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.reading", description="How well maild reads."
    )
    parser.add_argument("--corpus", type=Path, default=SHARED / "corpus", help="the mails (%(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each reader, alternating (5)")
    return parser.parse_args()


def main() -> int:
    """The command."""
    chosen, console = arguments(), Console()
    there = (chosen.corpus / "score.py").is_file()
    if not there:
        line = f"NOT MEASURED: there is no corpus at {chosen.corpus}; only our own mails, {MAIL}, are read"
        console.print(line, style="bold yellow", markup=False, highlight=False, soft_wrap=True)
    with telling(console) as tell:
        judged = judge(chosen.corpus, tell) if there else judge_our_own(tell)
        cost = list(against_mailparser(mails(chosen.corpus if there else MAIL), chosen.rounds, tell))
        trials, bar = try_hostile(tell)
    figures = [*judged.figures, *cost]
    show_figures(console, "make figures", figures)
    show_wrong(console, judged.wrong, SHOWN)
    show_trials(console, trials, bar)
    return 0 if all(f.met for f in figures) and all(t.met(bar) for t in trials) else 1


if __name__ == "__main__":
    sys.exit(main())
