"""What the bench found, as one table: each figure, the bar beside it, met or not (pure but for the console).

Stands at the end. A figure without a bar is shown and judges nothing. It cannot fail.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from tests.bench.judge import Verdict

SHOWN_WRONG = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line. ``at_least``/``at_most``: the bar in the unit of ``value``; None: there is none."""

    name: str
    value: float
    unit: str
    digits: int = 1
    at_least: float | None = None
    at_most: float | None = None

    @property
    def met(self) -> bool:
        """Whether the bar is met; true where there is none."""
        low = self.at_least is None or self.value >= self.at_least
        return low and (self.at_most is None or self.value <= self.at_most)

    @property
    def bar(self) -> str:
        """The bar as it is shown."""
        if self.at_least is not None:
            return f"≥ {self.at_least:g} {self.unit}".rstrip()
        return "" if self.at_most is None else f"≤ {self.at_most:g} {self.unit}".rstrip()

    @property
    def outcome(self) -> str:
        """What stands in the last column."""
        if self.at_least is None and self.at_most is None:
            return ""
        return "[green]met[/]" if self.met else "[bold red]NOT MET[/]"


def show_figures(console: Console, title: str, figures: Iterable[Figure]) -> None:
    """The table of figures and bars."""
    table = Table(title=title)
    table.add_column("figure")
    table.add_column("measured", justify="right")
    table.add_column("to reach", justify="right")
    table.add_column("")
    for figure in figures:
        shown = f"{figure.value:,.{figure.digits}f} {figure.unit}".rstrip()
        table.add_row(figure.name, shown, figure.bar, figure.outcome)
    console.print(table)


def show_verdicts(console: Console, title: str, verdicts: Sequence[Verdict]) -> None:
    """The table of promises, and below it some of what was wrong."""
    table = Table(title=title)
    table.add_column("promise")
    table.add_column("right", justify="right")
    table.add_column("wrong", justify="right")
    for verdict in verdicts:
        wrong = f"[bold red]{len(verdict.wrong)}[/]" if verdict.wrong else "0"
        table.add_row(verdict.promise, f"{verdict.right} of {verdict.total}", wrong)
    console.print(table)
    for verdict in verdicts:
        show_wrong(console, [f"{verdict.promise}: {line}" for line in verdict.wrong], SHOWN_WRONG)


def show_wrong(console: Console, lines: Sequence[str], shown: int) -> None:
    """The first of what was wrong, a line each, and how much more there is."""
    for line in lines[:shown]:
        console.print(f"  {line}", style="red", markup=False, highlight=False)
    if len(lines) > shown:
        console.print(f"  ... and {len(lines) - shown} more", style="red")
