"""``simulate``: a year of the desk in seconds, and whether everybody was told who had to be.

Stands under the command line; needs no configuration and touches no state. It ends with 1 where one warning
was missed, came twice or was not due, and names the first of them.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from maild.cli import Code, ConfigOption, JsonOption, check_config, say_json
from maild.cli.counts import counted

if TYPE_CHECKING:
    from maild.simulate.running import Found

Days = Annotated[int, typer.Option(min=1, max=3660, help="How many days pass.")]
Seed = Annotated[int, typer.Option(help="The same seed tells the same year.")]
PerDay = Annotated[float, typer.Option(min=0.1, max=200, help="Requests a day, in the mean.")]
ClockOption = Annotated[
    Literal["wall", "desk"], typer.Option(help="What the clocks count: all time, or opening hours.")
]


def simulate(
    days: Days = 365,
    seed: Seed = 1,
    per_day: PerDay = 2,
    clock: ClockOption = "wall",
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> int:
    """A year of arrivals and acts through the real clocks and the real sweep, on a ledger of its own.

    Whatever was told is compared with a record of its own: every share of every clock once, in time, to the
    right people, and nothing else.
    """
    from maild import log
    from maild.simulate import running

    check_config(config)
    log.configure("console", "error")
    with _bar(days) as passed:
        found = running.simulate(days=days, seed=seed, per_day=per_day, clock=clock, told=passed)
    if as_json:
        asked = {"days": days, "seed": seed, "per_day": per_day, "clock": clock}
        say_json({**asked, "differences": found.wrong, "counts": dict(sorted(found.counts.items()))})
    else:
        _show(found)
    return Code.NO if found.wrong else Code.OK


@contextmanager
def _bar(days: int) -> Iterator[Callable[[int], None]]:
    """How far it is: a bar on a terminal, nothing elsewhere."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("days", total=days)
        yield lambda passed: bar.update(task, completed=passed)


def _show(found: "Found") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=counted(found.days, "day"))
    table.add_column("what")
    table.add_column("how often", justify="right")
    for what, count in sorted(found.counts.items()):
        table.add_row(what, f"{count:,}")
    table.add_row("missed, twice or not due", f"{len(found.wrong):,}{' and more' * found.is_over}")
    Console().print(table)
    for one in found.wrong:
        typer.echo(f"maild: {one}", err=True)
