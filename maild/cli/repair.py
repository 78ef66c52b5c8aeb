"""``db``: the schema of the database, looked at and brought up to date.

Stands under the command line. ``maild run`` upgrades by itself; this is for those who want it done before.
Fails as ``storage.database`` does: 75 where the database is busy or away, 78 where a later version wrote it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from maild.cli import Code, ConfigOption, JsonOption, read_config, say_json

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

    with daemon.locked(read_config(path)), _opened(path) as opened:
        before = database.current(opened)
        backup = database.upgrade(opened)
    if before == database.head():
        typer.echo(f"{before}: nothing to do")
    else:
        typer.echo(f"{before or 'no schema'} -> {database.head()}{f', copy in {backup}' if backup else ''}")
    return Code.OK
