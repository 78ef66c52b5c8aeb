"""How far a bench is: a bar on a terminal, a line a stage elsewhere.

Stands below everything that takes long. It cannot fail.
"""

import contextlib
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

Teller = Callable[[str, int, int], None]
"""Hears what is under way, how many mails are done, and of how many."""


@contextlib.contextmanager
def telling(console: Console) -> Iterator[Teller]:
    """Progress bars on a terminal, a line a stage elsewhere."""
    if not console.is_terminal:
        said: set[str] = set()

        def line(what: str, _done: int, _total: int) -> None:
            if what not in said:
                said.add(what)
                console.print(what, highlight=False)

        yield line
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("")

        def bar(what: str, done: int, total: int) -> None:
            progress.update(task, description=what, completed=done, total=total or None)

        yield bar
