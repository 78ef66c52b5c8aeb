"""A copy of the state, made while the daemon runs, that goes on where it was taken when put in its place.

Stands beside ``database``. For SQLite a whole database file; it bears a mark, because its place may still
hold the write-ahead log of the file that it replaces, which SQLite would apply to it: ``clear_stale_log``
takes that away before the copy is opened, and ``begin`` takes the mark away once the daemon has it. For
PostgreSQL an archive of ``pg_dump``, to be put back by ``pg_restore``. Raises ``database.Unavailable``,
``FileExistsError`` and ``OSError``; a copy that could not be finished is not left behind.
"""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import URL

# In the header where SQLite keeps "user version" (sqlite.org/fileformat2, 1.3.13): a copy not yet in use.
COPIED = 0x6D6C6431
_HEADER, _USER_VERSION = 100, slice(60, 64)
_PAGES = 4096

Told = Callable[[int, int], None]  # pages done, pages in all


def _nobody(_done: int, _all: int) -> None:
    """A copy that nobody watches."""


def copy_sqlite(source: Path, target: Path, told: Told = _nobody) -> None:
    """Copy a database file as it is at one instant; writers go on meanwhile.

    Raises:
        FileExistsError: for a target that exists; nothing is written over.
        OSError, sqlite3.Error: where the copy could not be made, or is not sound.
    """
    with _finished(target) as unfinished:
        with (
            closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as live,
            closing(sqlite3.connect(unfinished)) as copy,
        ):
            # One reading transaction around all steps: what is written meanwhile neither enters nor disturbs.
            live.execute("BEGIN")
            live.execute("SELECT count(*) FROM sqlite_master").fetchone()
            live.backup(copy, pages=_PAGES, progress=lambda _code, left, total: told(total - left, total))
            copy.execute("PRAGMA journal_mode = DELETE")
            copy.execute(f"PRAGMA user_version = {COPIED}")
            if copy.execute("PRAGMA integrity_check").fetchone() != ("ok",):
                raise OSError(f"the copy of {source} is not sound: {source} itself may be damaged")
        shutil.copymode(source, unfinished)


def dump_postgresql(url: URL, target: Path) -> None:
    """Archive a PostgreSQL database as it is at one instant, by ``pg_dump --format=custom``.

    Raises:
        FileNotFoundError: where pg_dump is not installed.
        FileExistsError: for a target that exists.
        OSError: where pg_dump failed; with its words.
    """
    program = shutil.which("pg_dump")
    if program is None:
        raise FileNotFoundError("pg_dump is not on PATH (Debian: postgresql-client)")
    plain = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    # Not on the command line, where every user of the machine could read it.
    environment = os.environ | ({"PGPASSWORD": str(url.password)} if url.password else {})
    with _finished(target) as unfinished:
        command = [program, "--format=custom", "--no-owner", f"--file={unfinished}", f"--dbname={plain}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)  # noqa: S603
        if done.returncode != 0:
            raise OSError(f"pg_dump failed: {done.stderr.strip() or done.returncode}")


@contextmanager
def _finished(target: Path) -> Iterator[Path]:
    """A name to write to; it becomes ``target``, durably, when all went well."""
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.unfinished")
    if target.exists():
        raise FileExistsError(f"{target} exists, and nothing is written over: choose another name")
    try:
        os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        yield unfinished
        _make_durable(unfinished)
        # Unlike a rename, a link does not take the place of a file that came meanwhile.
        target.hardlink_to(unfinished)
    finally:
        unfinished.unlink(missing_ok=True)
    _make_durable(target.parent)


def _make_durable(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# ---------------------------------------------------------------------- a copy in its new place


def is_fresh_copy(file: Path) -> bool:
    """The file is a copy by ``copy_sqlite`` that no daemon has begun to use."""
    if not file.is_file():
        return False
    with file.open("rb") as stream:
        return int.from_bytes(stream.read(_HEADER)[_USER_VERSION], "big") == COPIED


def clear_stale_log(file: Path) -> None:
    """Before a fresh copy is opened: take away the log of the file that stood in its place."""
    if is_fresh_copy(file):
        for suffix in ("-wal", "-shm"):
            file.with_name(file.name + suffix).unlink(missing_ok=True)


def begin(file: Path) -> bool:
    """Before the daemon writes to it: from now on its log is its own. True where it was a fresh copy."""
    if not is_fresh_copy(file):
        return False
    clear_stale_log(file)
    # Still without a write-ahead log: the mark goes durably before the first log of its own is begun.
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA user_version = 0")
        connection.execute("PRAGMA journal_mode = WAL")
    return True
