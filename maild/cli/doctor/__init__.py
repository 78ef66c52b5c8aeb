"""``doctor``: looks at everything that maild needs, and says how to mend what is not right.

Stands under the command line and changes nothing: no table, no mail, no flag. Each check looks at one thing
and yields findings; what a check cannot reach is a finding too. It ends with 0 when nothing fails (warnings
may stand), 1 when something does, 78 when the configuration itself cannot be used. The checks stand in
modules by what they look at; their order stands below.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from maild import config
from maild.cli import Code, ConfigOption, JsonOption, say_json
from maild.cli.doctor.coming import calendar, rules
from maild.cli.doctor.doors import board
from maild.cli.doctor.faults import Fault
from maild.cli.doctor.files import attachments
from maild.cli.doctor.findings import Check, Finding, Verdict, fail, ok
from maild.cli.doctor.ledger import state_database
from maild.cli.doctor.machine import clock, reader, secrets, state
from maild.cli.doctor.mailboxes import exchange, maildrops
from maild.cli.doctor.probing import probed
from maild.cli.doctor.sending import submission
from maild.cli.doctor.staff import alert, alert_tried, people, proof
from maild.cli.doctor.wording import letters
from maild.config import Config


def doctor(
    path: ConfigOption = None,
    as_json: JsonOption = False,
    try_alert: Annotated[
        bool, typer.Option("--alert", help="Run the [alert] command as well, with a test message.")
    ] = False,
    try_mail: Annotated[
        bool, typer.Option("--probe", help="Send a mail to ourselves as well, and see how it comes back.")
    ] = False,
) -> int:
    """Whether all that maild needs is there, and how to mend what is not."""
    try:
        layers = config.read_layers(path, os.environ)
        settings = config.build(layers)
    except config.ConfigError as error:
        for problem in error.problems:
            where = f"{problem.file}: {problem.key}: " if problem.key else f"{problem.file}: "
            _say(fail("configuration", Fault.CONFIGURATION, where + problem.what, problem.remedy), as_json)
        return Code.CONFIG
    verdicts = []
    checks = (
        *CHECKS,
        *([("alert", alert_tried)] if try_alert else []),
        *([("probe", probed)] if try_mail else []),
    )
    for finding in examine(settings, layers.path, checks):
        _say(finding, as_json)
        verdicts.append(finding.verdict)
    if not as_json:
        _sum_up(verdicts, f" --config {path}" if path else "")
    return Code.NO if "FAIL" in verdicts else Code.OK


def _say(finding: Finding, as_json: bool) -> None:
    if as_json:
        say_json(asdict(finding) | {"verdict": finding.verdict.lower()})
        return
    colour = {"ok": typer.colors.GREEN, "warn": typer.colors.YELLOW, "FAIL": typer.colors.RED}
    verdict = typer.style(f"{finding.verdict:4}", fg=colour[finding.verdict])
    typer.echo(f"{verdict}  {finding.check:18}  {finding.found}")
    if finding.remedy:
        typer.echo(f"{'':26}-> {finding.remedy}")


def _sum_up(verdicts: list[Verdict], option: str) -> None:
    failed, warned = verdicts.count("FAIL"), verdicts.count("warn")
    if failed:
        typer.echo(f"\n{failed} failed, {warned} to look at. maild will not work as it should.")
    else:
        typer.echo(
            f"\nNothing failed{f', {warned} to look at' if warned else ''}. Next: `maild run{option}`."
        )


def examine(settings: Config, file: Path, checks: Iterable[tuple[str, Check]]) -> Iterator[Finding]:
    """Every finding about this configuration, in reading order; network checks take as long as servers do."""
    yield ok("configuration", f"{file} can be used")
    for name, check in checks:
        try:
            yield from check(settings, file)
        # A check that meets what nobody foresaw is a finding too: those after it are made nevertheless.
        except Exception as error:  # noqa: BLE001
            found = f"{type(error).__name__}: {_first_line(error)}"
            remedy = "this may be a fault of maild: please report it with this line"
            yield fail(name, Fault.UNFORESEEN, found, remedy)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "")


# In reading order; a check that meets what nobody foresaw is told by its name.
CHECKS: tuple[tuple[str, Check], ...] = (
    ("secrets", secrets),
    ("state", state),
    ("reader", reader),
    ("database", state_database),
    ("maildrops", maildrops),
    ("http", board),
    ("exchange", exchange),
    ("submission", submission),
    ("letters", letters),
    ("attachments", attachments),
    ("clock", clock),
    ("calendar", calendar),
    ("people", people),
    ("alert", alert),
    ("proof", proof),
    ("rules", rules),
)
