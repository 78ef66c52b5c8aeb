"""``replay``: past mail once more, to know what would be done with it, or to make a lost state anew.

Stands under the command line. Neither way sends a letter or changes anything on a server. 66 for a path or a
maildrop that is not there, 77 for a folder that is not empty; with ``--against``, 1 where anything differs.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from maild.cli import Code, ConfigOption, JsonOption, Stop, read_config, say_json
from maild.cli.counts import counted

if TYPE_CHECKING:
    from maild.config import Config
    from maild.foresight.outcome import Difference, Outcome, Outgoing
    from maild.foresight.trial import Trial
    from maild.replay import Past

_ASKED = "say what for: --dry-run tells what would be done with the mail, --into DIR makes a lost state anew"
_NO_MAIL = "name the mail: maild replay archive.mbox --dry-run, or maild replay --maildrop support --dry-run"


def replay(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PATH]...", help="Mails, folders, Maildirs or mbox files."),
    ] = None,
    maildrop: Annotated[
        list[str] | None,
        typer.Option("--maildrop", metavar="NAME", help="The mail of this maildrop, which is only read."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell what would be done with each mail, and why.")
    ] = False,
    against: Annotated[
        Path | None,
        typer.Option(
            "--against",
            metavar="OTHER.toml",
            help="Only the mails with which that configuration would do otherwise; 1 if there are any.",
        ),
    ] = None,
    on_state: Annotated[
        bool, typer.Option("--on-state", help="As if they came now, on a copy of the present state.")
    ] = False,
    into: Annotated[
        Path | None,
        typer.Option(
            "--into",
            metavar="DIR",
            help="Make a state there, an empty folder; without PATH of all maildrops.",
        ),
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> int:
    """Past mail once more, each at its own instant: nothing is sent, and nothing changes on a server.

    --dry-run tells what this configuration would do with each mail and why; the mails see each other, so that
    a conversation is one ticket. What comes of time (warnings, closing) is not in it.

    --into DIR makes a fresh state. Its tickets hold the same mails as those of the state that was lost, under
    numbers of their own. What only that state knew (commands' receipts, answers that left no copy in a Sent
    folder) is not in it.
    """
    if dry_run == (into is not None):
        raise Stop(Code.USAGE, _ASKED)
    asked = _Asked(read_config(config), tuple(paths or ()), tuple(maildrop or ()))
    if into is not None:
        if against or on_state or as_json:
            raise Stop(Code.USAGE, "--against, --on-state and --json belong to --dry-run, not to --into")
        return _rebuild(asked, into)
    if bool(asked.paths) == bool(asked.maildrops):
        raise Stop(Code.USAGE, _NO_MAIL)
    _quiet()
    return _foretell(asked, against, on_state=on_state, as_json=as_json)


@dataclass(frozen=True, slots=True)
class _Asked:
    """Of which mail the command speaks, and under which configuration."""

    config: "Config"
    paths: tuple[Path, ...]
    maildrops: tuple[str, ...]

    def mails(
        self, stack: ExitStack, missing: list[str], expected: Callable[[int], None]
    ) -> Iterator["Past"]:
        """The mails, in the order of their arrival."""
        from maild import replay as past

        self._check()
        if self.paths:
            return past.from_files(self.paths, stack, expected)
        return past.from_maildrops(self.config, stack, missing, names=self.maildrops, expected=expected)

    def _check(self) -> None:
        """Say what is not there before anything is read."""
        from maild.config import ImapMaildrop

        for path in self.paths:
            if not path.exists():
                said = "name mails, folders, Maildirs or mbox files, such as archive.mbox"
                raise Stop(Code.NO_INPUT, f"there is no file or folder {path}", said)
        known = [name for name, drop in self.config.maildrop.items() if isinstance(drop, ImapMaildrop)]
        for name in self.maildrops:
            if name not in known:
                said = f"those that can be read again are: {', '.join(known) or 'none'}"
                raise Stop(Code.NO_INPUT, f"there is no IMAP maildrop {name!r}", said)


# --- a state made anew --------------------------------------------------------------------------------------


def _rebuild(asked: _Asked, into: Path) -> int:
    from maild import replay as past

    missing: list[str] = []
    with ExitStack() as stack:
        bar = stack.enter_context(_bar())
        done = past.rebuild(asked.mails(stack, missing, bar.expected), asked.config, into, bar.done)
    _tell_missing(missing)
    mails, tickets = counted(done.mails, "mail"), counted(done.tickets, "ticket")
    letters = counted(done.withheld, "letter")
    if not done.knows_erased:
        typer.echo(
            "maild: no state tells which people were forgotten: forget them again in this one", err=True
        )
    typer.echo(
        f"{into}: {mails}, {tickets}, {letters} withheld."
        " Stop maild, put this folder in the place of [state] directory, and start it again."
    )
    return Code.OK


def _tell_missing(missing: list[str]) -> None:
    for folder in missing:
        typer.echo(f"maild: not read, for there is no such folder: {folder}", err=True)


# --- what would be done -------------------------------------------------------------------------------------


def _foretell(asked: _Asked, against: Path | None, *, on_state: bool, as_json: bool) -> int:
    from maild.foresight import trial

    if against is not None and not against.is_file():
        raise Stop(Code.CONFIG, f"{against}: no such file", "--against names another configuration file")
    other = None if against is None else read_config(against)
    found, missing = _Found(), list[str]()
    with ExitStack() as stack:
        bar = stack.enter_context(_bar())
        mails = asked.mails(stack, missing, bar.expected)
        # What there is to read is known before there is a folder of ours that might be among it.
        first = next(mails, None)
        if first is None:
            where = ", ".join(map(str, asked.paths or asked.maildrops))
            raise Stop(Code.NO_INPUT, f"there is no mail in {where}")
        here = stack.enter_context(trial.opened(asked.config, on_state=on_state))
        there = other and stack.enter_context(trial.opened(other, on_state=on_state))
        for mail in chain((first,), mails):
            told = _compared(mail, here, there, found) if there else _told(mail, here, found)
            if told is not None:
                say_json(told.record()) if as_json else bar.say(told.text(asked.config))
            bar.done()
    _tell_missing(missing)
    typer.echo(found.summary(against), err=as_json)
    return Code.NO if found.differing else Code.OK


@dataclass(slots=True)
class _Found:
    """What there was to tell, counted as it goes."""

    mails: int = 0
    differing: int = 0
    counts: Counter[str] = field(default_factory=Counter)

    def summary(self, against: Path | None) -> str:
        """One line about all of it."""
        each = ", ".join(f"{what} {count:,}" for what, count in self.counts.most_common())
        if against is None:
            return f"{_counted(self.mails, 'mail')} ({each}); nothing was written, sent or marked"
        where = f" ({each})" if each else ""
        all_of_them = _counted(self.mails, "mail")
        return f"{self.differing:,} of {all_of_them} would be treated otherwise by {against}{where}"


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _told(mail: "Past", here: "Trial", found: _Found) -> "_Single":
    outcome = here.outcome(mail)
    found.mails += 1
    found.counts["new tickets" if outcome.opens else _SUMMED.get(outcome.disposition, "others")] += 1
    return _Single(outcome)


def _compared(mail: "Past", here: "Trial", there: "Trial", found: _Found) -> "_Pair | None":
    from maild.foresight.outcome import differences

    ours, theirs = here.outcome(mail), there.outcome(mail)
    found.mails += 1
    differing = differences(ours, theirs)
    found.differing += bool(differing)
    found.counts.update(each.field for each in differing)
    return _Pair(ours, theirs, differing) if differing else None


# What a mail that opens nothing is counted as, by its disposition.
_SUMMED = {
    "filed": "on tickets", "quarantined": "unreadable", "duplicate": "copies", "ignored": "ignored",
    "kept": "not filed",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Single:
    """What would be done with a mail, as it is told."""

    outcome: "Outcome"

    def record(self) -> dict[str, object]:
        """For programs; instants in UTC."""
        told = asdict(self.outcome)
        return {**told, "receipts": self.outcome.receipts}

    def text(self, config: "Config") -> str:
        """For people: what, where to, why."""
        one = self.outcome
        rows = [("is", f"{one.disposition}{f', {one.kind}' if one.kind else ''}")]
        rows += _about_ticket(one, config)
        rows += [("rule", rule.removeprefix("rule ")) for rule in one.rules]
        rows += [("receipt", to) for to in one.receipts]
        rows += [("receipt", f"none: {'; '.join(one.objections)}")] if one.objections else []
        rows += [("leaves", _letter(each)) for each in one.letters if each.kind != "receipt" or each.why_not]
        rows += [("digest", to) for to in one.digest]
        rows += [("held", f"a file: {why}") for why in one.held]
        rows += [("because", reason) for reason in one.reasons if reason not in one.rules]
        return _block(one, rows, config)


@dataclass(frozen=True, slots=True)
class _Pair:
    """In what two configurations would treat a mail otherwise, as it is told."""

    here: "Outcome"
    there: "Outcome"
    differences: "tuple[Difference, ...]"

    def record(self) -> dict[str, object]:
        """For programs: of each field what this configuration makes of it, and what the other does."""
        known = ("where", "message_id", "sender", "subject", "arrived_at")
        told = {name: getattr(self.here, name) for name in known}
        sides = {"here": asdict(self.here), "against": asdict(self.there)}
        differs = {
            each.field: {side: values[each.field] for side, values in sides.items()}
            for each in self.differences
        }
        return {**told, "differs": differs}

    def text(self, config: "Config") -> str:
        """For people."""
        rows = [
            (each.field.removesuffix("_at"), f"{_shown(each.here, config)}  ->  {_shown(each.there, config)}")
            for each in self.differences
        ]
        return _block(self.here, rows, config)


def _about_ticket(one: "Outcome", config: "Config") -> list[tuple[str, str]]:
    if not one.ticket:
        return []
    names = ("status", "team", "category", "priority", "scope", "assignee")
    values = [f"{name} {value}" for name in names if (value := getattr(one, name))]
    due = [f"due {_instant(one.due_at, config)}"] if one.due_at else []
    linked = [f"linked with that of {link}" for link in one.links]
    verdict = next((f": {v.why}" for v in one.verdicts if v.holds and v.signal == one.signal), "")
    # A mail from a stranger shows why it is not where it says that it belongs.
    beside = [f"not by {v.signal}: {v.why}" for v in one.verdicts if v.ticket is not None and not v.holds]
    opener = "" if one.opens or one.thread in ("", one.ticket) else f", that of {one.thread}"
    return [
        ("opens" if one.opens else "joins", f"{one.ticket}{opener}; {', '.join([*values, *due, *linked])}"),
        ("by", f"{one.signal}{verdict}"),
        *(("", each) for each in beside),
    ]


def _block(one: "Outcome", rows: list[tuple[str, str]], config: "Config") -> str:
    head = f"{one.where}: {one.subject or '(no subject)'}, from {one.sender or '(nobody)'}, "
    lines = [head + _instant(one.arrived_at, config), *(f"  {name:<9} {value}" for name, value in rows)]
    # Whatever a stranger wrote, it moves no cursor.
    return "\n".join("".join(c if c.isprintable() else " " for c in line) for line in lines)


def _shown(value: object, config: "Config") -> str:
    if isinstance(value, datetime):
        return _instant(value, config)
    if isinstance(value, tuple):
        return ", ".join(each if isinstance(each, str) else _letter(each) for each in value) or "none"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value or "none")


def _letter(letter: "Outgoing") -> str:
    return f"{letter.kind} to {letter.to}" + (
        f" ({letter.state}: {letter.why_not})" if letter.why_not else ""
    )


def _instant(at: datetime, config: "Config") -> str:
    return at.astimezone(ZoneInfo(config.desk.timezone)).strftime("%Y-%m-%d %H:%M")


# --- while it goes on ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Bar:
    """How far it is, for whoever waits; ``say``: a text for standard output, which does not disturb it."""

    expected: Callable[[int], None]
    done: Callable[[], None]
    say: Callable[[str], None]


@contextmanager
def _bar() -> Iterator[_Bar]:
    """A bar of mails on a terminal; nothing elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Bar(lambda _: None, lambda: None, typer.echo)
        return
    columns = (SpinnerColumn(), "mails", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # What goes to a file goes there, whoever looks at the bar.
    with Progress(
        *columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False
    ) as bar:
        task = bar.add_task("", total=0)
        say = partial(console.print, markup=False, highlight=False, soft_wrap=True)
        yield _Bar(
            lambda more: bar.update(task, total=(bar.tasks[0].total or 0) + more),
            lambda: bar.advance(task),
            say if sys.stdout.isatty() else typer.echo,
        )


def _quiet() -> None:
    """The log speaks of mail that comes; here it has a word on what goes wrong with one, and no other."""
    from maild import log

    if not log.is_configured():
        log.configure("console", "error")
