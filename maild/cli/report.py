"""``maild report``: the figures of a month or a span, as a table, JSON, CSV and one HTML page.

Reads the ledger and never changes it. A file is written beside its place and then put there whole. A span
that cannot be meant exits 64, a folder that there is not 66, one that must not be written 77, each with an
example.
"""

import os
import secrets
import sys
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from maild.cli import Code, ConfigOption, JsonOption, Stop, place_for, read_config, say_json
from maild.cli.look import ledger
from maild.config import LANGUAGES, Config
from maild.decide import figures
from maild.decide.figures import Report, Span

_EXAMPLE = "for example --month 2026-11, or --from 2026-11-02 --to 2026-11-08"
# More than this is no report that anybody reads, and a slip of the finger.
_LONGEST_DAYS = 3660
_PIPED_WIDTH = 140
# Of mail; and a calendar has an end on both sides.
_YEARS = range(1970, 9999)

MonthOption = Annotated[
    str, typer.Option("--month", metavar="2026-11", help="This month (default: the one that runs).")
]
FromOption = Annotated[
    str, typer.Option("--from", metavar="DAY", help="From this day on, such as 2026-11-02.")
]
ToOption = Annotated[
    str, typer.Option("--to", metavar="DAY", help="To this day, which counts (default: today).")
]
HtmlOption = Annotated[
    Path | None, typer.Option("--html", metavar="F", help="Write one page, for the screen and for paper.")
]
CsvOption = Annotated[
    Path | None, typer.Option("--csv", metavar="F", help="Write every mail and call behind the figures.")
]
LangOption = Annotated[
    str, typer.Option("--lang", metavar="L", help="fr, nl, de or en (default: the desk's first language).")
]


def report(
    config: ConfigOption = None,
    month: MonthOption = "",
    since: FromOption = "",
    until: ToOption = "",
    as_json: JsonOption = False,
    html: HtmlOption = None,
    csv: CsvOption = None,
    lang: LangOption = "",
) -> None:
    """How the promise was kept: figures, and the tickets behind each."""
    from maild import config as configuration
    from maild import daemon
    from maild.report.collect import collect

    settings, now = read_config(config), daemon.system_now()
    language = _language(lang, settings)
    span = span_of(month, since, until, now=now, zone=settings.desk.timezone)
    places = [
        place_for(path, f"--{kind}", f"report-{span.name}.{kind}")
        for path, kind in ((html, "html"), (csv, "csv"))
        if path is not None
    ]
    policy = configuration.policy(settings)
    with ledger(settings) as store, store.read() as tx:
        found = collect(tx, span, policy, now)
    if as_json:
        from maild.report import export

        say_json(export.as_json(found, settings.desk.prefix))
    _write_files(found, settings, language, html=html, csv=csv)
    if not as_json and not places:
        _print(found, settings, language)


def _write_files(
    found: Report, settings: Config, language: str, *, html: Path | None, csv: Path | None
) -> None:
    from maild import config as configuration
    from maild import office
    from maild.report import export, sheet

    if html is not None:
        policy = configuration.policy(settings)
        _write(html, sheet.page(found, office.paper(settings), policy, language))
    if csv is not None:
        # Spreadsheets take a file without this mark for one of their own code page.
        _write(csv, "\ufeff" + export.as_csv(found, settings.desk.prefix))


def _language(lang: str, settings: Config) -> str:
    if lang and lang not in LANGUAGES:
        raise Stop(Code.USAGE, f"no report is written in {lang}", "for example --lang fr (or nl, de, en)")
    return lang or settings.desk.languages[0]


# ---------------------------------------------------------------------- the span


def span_of(month: str, since: str, until: str, *, now: datetime, zone: str) -> Span:
    """The days that a person means.

    Raises:
        Stop: they cannot be meant (64), with an example.
    """
    today = now.astimezone(ZoneInfo(zone)).date()
    if month and (since or until):
        raise Stop(Code.USAGE, "a month and a span are two things", _EXAMPLE)
    if until and not since:
        raise Stop(Code.USAGE, "--to needs the day from which", _EXAMPLE)
    if since:
        span = figures.days(_day(since), _day(until) if until else today, zone)
    else:
        span = figures.month(_day(f"{month}-01", month) if month else today, zone)
    if span.first > span.last or (span.last - span.first).days > _LONGEST_DAYS:
        raise Stop(Code.USAGE, f"{span.first} to {span.last} is no span of days", _EXAMPLE)
    if span.first > today:
        raise Stop(Code.USAGE, f"{month or since} has not begun", _EXAMPLE)
    return span


def _day(text: str, written: str = "") -> date:
    # The other forms of ISO 8601 (2026W47, 20261101) are slips more often than they are meant.
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.isoformat() != text or found.year not in _YEARS:
        raise Stop(Code.USAGE, f"{written or text} is no {'month' if written else 'day'}", _EXAMPLE)
    return found


# ---------------------------------------------------------------------- files


def _write(path: Path, text: str) -> None:
    """Beside its place, then into it: nobody ever finds half a report.

    Raises:
        OSError: nothing was changed.
    """
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with beside.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    typer.echo(f"written: {path}", err=True)


# ---------------------------------------------------------------------- the table


def _print(found: Report, settings: Config, language: str) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from maild import config as configuration
    from maild import office
    from maild.report import sheet as sheets

    paper = office.paper(settings)
    words = sheets.words_of(paper, language)
    sheet = sheets.sheet(found, paper, configuration.policy(settings), language)
    # In a pipe there is no edge that lines would have to be broken at.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _PIPED_WIDTH)

    def show(title: str, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
        table = Table(title=Text(title, style="bold"), title_justify="left", box=None, pad_edge=False)
        for number, column in enumerate(columns):
            # Names may be long; a figure is never broken.
            name: dict[str, Any] = {"min_width": 14, "overflow": "fold"}
            figure: dict[str, Any] = {"justify": "right", "no_wrap": True}
            table.add_column(Text(column), **(figure if number else name))
        for row in rows:
            table.add_row(*map(Text, row))
        console.print(table, Text())

    console.print(Text(f"{sheet.title} – {sheet.period}", style="bold"), Text(sheet.at), Text(), sep="\n")
    plain = (words.figure, words.value)
    show(words.head_promise, plain, [(each.name, each.value) for each in sheet.figures])
    columns = (words.number, words.arrived, words.acted, words.delay, words.over, words.team)
    told = [(b.number, b.arrived, b.acted, b.delay, b.over, b.team) for b in sheet.breaches]
    if told:
        show(words.head_breaches, columns, told)
    short = tuple(words.short.values())
    for heading, groups in sheet.groups:
        show(heading, (words.figure, *short), [(group.name, *group.values) for group in groups])
    show(words.head_apart, plain, [(e.name, e.value) for e in (*sheet.next_figures, *sheet.scope)])
    goals = [(goal.name, goal.target, goal.share, goal.counts) for goal in sheet.phone]
    show(words.head_phone, (words.figure, words.objective, words.reached, words.counted), goals)
