"""``db`` and ``backup``: the database, and a copy of the state.

Stands under the command line. ``maild run`` upgrades by itself; ``db upgrade`` is for those who want it done
before. Fails as ``storage.database`` does: 75 where the database is busy or away, 78 where a later version
wrote it or a move into it was not finished; 77 where something would be written over.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maild.cli import Code, ConfigOption, JsonOption, place_for, read_config, say_json
from maild.cli.counts import counted

if TYPE_CHECKING:
    from storage.database import Database


@contextmanager
def _opened(path: ConfigOption) -> Iterator["Database"]:
    from storage import database

    opened = database.open_database(read_config(path).state.database)
    try:
        yield opened
    finally:
        opened.close()


def db_current(path: ConfigOption = None, as_json: JsonOption = False) -> int:
    """Which schema the database has; exit 1 when it is not this version's."""
    from storage import database

    with _opened(path) as opened:
        found, head = database.current(opened), database.head()
    if as_json:
        say_json({"current": found, "head": head})
    elif found is None:
        typer.echo(f"no schema yet (this version writes {head}); `maild run` makes it")
    else:
        typer.echo(found if found == head else f"{found} (this version writes {head})")
    return Code.OK if found == head else Code.NO


def db_upgrade(path: ConfigOption = None) -> int:
    """Bring it to this version's schema. The daemon must not run; an SQLite file is copied first."""
    from maild import daemon
    from storage import database

    with daemon.locked(read_config(path)), _opened(path) as opened, _told("copying") as told:
        before = database.current(opened)
        backup = daemon.brought_up(opened, daemon.system_now(), told)
    if before == database.head():
        typer.echo(f"{before}: nothing to do")
    else:
        typer.echo(f"{before or 'no schema'} -> {database.head()}{f', copy in {backup}' if backup else ''}")
    return Code.OK


def db_move(
    to: Annotated[
        str,
        typer.Option(
            "--to", metavar="URL", help="An empty database: postgresql://user@host/name, sqlite:///path."
        ),
    ],
    config: ConfigOption = None,
) -> int:
    """Take the whole state to another database, compare every row, and say what to write into config.toml.

    The daemon must not run. The database that is left stays as it is; where this is interrupted, give the
    same command again. PostgreSQL's password belongs into ~/.pgpass, not onto a command line.
    """
    from maild import daemon
    from storage import database, moving

    settings, url = read_config(config), _possible(to)
    with daemon.locked(settings), ExitStack() as stack:
        source = stack.enter_context(closing(database.open_database(settings.state.database)))
        target = stack.enter_context(closing(database.open_database(url)))
        told = stack.enter_context(_told("moving"))
        moved = moving.move(source, target, *([told] if told else []))
    shown = database.shown(url)
    tickets, rows = counted(moved["ticket"], "ticket"), counted(sum(moved.values()), "row")
    typer.echo(f"{tickets}, {rows}: all there, and equal")
    typer.echo(f'Write into config.toml, and start maild:\n\n[state]\ndatabase = "{shown}"')
    if settings.state.database.startswith("sqlite") and (path := source.file):
        typer.echo(
            f"\n{path} is as it was: keep it until you have seen maild run, for it holds people's mail"
        )
    return Code.OK


def _possible(url: str) -> str:
    from maild.config import parse_database

    remedy = 'write "postgresql://user@host/name" or "sqlite:///var/maild.db"'
    try:
        file = Path(parse_database(url).removeprefix("sqlite:///"))
        url.encode()
    except UnicodeEncodeError:
        raise
    except ValueError as error:
        raise typer.BadParameter(
            f"this is no database that maild knows; {remedy}", param_hint="--to"
        ) from error
    if url.startswith("sqlite"):
        place_for(file, "--to", "sqlite:///var/maild.db", makes_folders=True)
    return url


def backup(
    target: Annotated[Path, typer.Argument(metavar="PATH", help="The file to write; it must not exist.")],
    config: ConfigOption = None,
) -> int:
    """Copy the state to PATH, while the daemon runs.

    SQLite: a database file. To go back to it, stop maild, put it in the place of maild.db, start maild.
    PostgreSQL: an archive, which `pg_restore --single-transaction --no-owner` puts into an empty database.
    Keep the desk's secret beside it: without it, the tokens in letters that people already have are worth
    nothing.
    """
    from storage import database

    with _opened(config) as opened, _told("copying") as told:
        place_for(target, "", "/srv/backup/maild.db")
        database.back_up(opened, target, told)
    typer.echo(f"{target}: {target.stat().st_size} bytes, complete and sound")
    return Code.OK


@contextmanager
def _told(what: str) -> Iterator[Callable[[int, int], None] | None]:
    """A bar of pages or rows on a terminal; nothing elsewhere."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
