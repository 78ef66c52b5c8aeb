"""A copy of the state: whole, of one instant, and at home in the place of what it replaces."""

import shutil
import sqlite3
import stat
import subprocess
import threading
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from storage import backup, database
from storage.database import Database, Unavailable
from storage.store import Store
from tests.storage.entries import ticket


def subjects(file: Path) -> list[str]:
    """What is in a copy."""
    with sqlite3.connect(file) as copy:
        found = [row[0] for row in copy.execute("SELECT subject FROM ticket ORDER BY id")]
    copy.close()
    return found


def test_a_copy_is_made_while_others_write(sqlite_base: Database, tmp_path: Path) -> None:
    """It holds what was committed when it began, and nothing of what came while it was made."""
    store = Store(database=sqlite_base)
    with store.write() as tx:
        ticket(tx, subject="avant")
        tx.connection.execute(text("CREATE TABLE ballast (x BLOB)"))
        tx.connection.execute(text("INSERT INTO ballast VALUES (zeroblob(40000000))"))
    written = threading.Event()

    def write(done: int, total: int) -> None:
        if not written.is_set():
            with store.write() as tx:
                ticket(tx, key="second", subject="pendant")
            written.set()
            assert done < total

    database.back_up(sqlite_base, tmp_path / "copy.db", write)
    assert written.is_set()
    assert subjects(tmp_path / "copy.db") == ["avant"]
    assert stat.S_IMODE((tmp_path / "copy.db").stat().st_mode) == 0o600
    assert sorted(p.name for p in tmp_path.iterdir() if "copy" in p.name) == ["copy.db"]


def test_nothing_is_written_over(sqlite_base: Database, tmp_path: Path) -> None:
    """Not even an older backup."""
    (tmp_path / "copy.db").write_text("precious")
    with pytest.raises(FileExistsError, match="choose another name"):
        database.back_up(sqlite_base, tmp_path / "copy.db")
    assert (tmp_path / "copy.db").read_text() == "precious"


def test_what_was_never_begun_has_no_backup(tmp_path: Path) -> None:
    """And none is made of nothing."""
    opened = database.open_database(f"sqlite:///{tmp_path}/maild.db")
    with pytest.raises(Unavailable, match="has not run here yet"):
        database.back_up(opened, tmp_path / "copy.db")
    opened.close()
    assert list(tmp_path.iterdir()) == []


def test_the_log_of_the_file_it_replaces_is_not_applied_to_it(tmp_path: Path) -> None:
    """A daemon that was killed leaves its log behind; SQLite would take it for the copy's own."""
    live = tmp_path / "maild.db"
    first = database.open_database(f"sqlite:///{live}")
    database.upgrade(first)
    with Store(database=first).write() as tx:
        ticket(tx, subject="avant")
    database.back_up(first, tmp_path / "copy.db")
    with Store(database=first).write() as tx:
        ticket(tx, key="second", subject="perdu avec le disque")
    dead = tmp_path / "dead"
    dead.mkdir()
    for file in tmp_path.glob("maild.db*"):
        shutil.copy(file, dead / file.name)
    first.close()
    assert (dead / "maild.db-wal").stat().st_size > 0
    shutil.copy(tmp_path / "copy.db", dead / "maild.db")

    second = database.open_database(f"sqlite:///{dead}/maild.db")
    database.upgrade(second)
    assert database.pragmas(second)["journal_mode"] == "wal"
    with Store(database=second).write() as tx:
        ticket(tx, key="third", subject="après")
    assert not backup.is_fresh_copy(dead / "maild.db")
    second.close()
    third = database.open_database(f"sqlite:///{dead}/maild.db")
    assert database.is_sound(third)
    third.close()
    assert subjects(dead / "maild.db") == ["avant", "après"]


def test_a_log_of_its_own_stays(tmp_path: Path) -> None:
    """Only a copy that nobody has begun to use is a stranger to the log beside it."""
    copy = tmp_path / "maild.db"
    opened = database.open_database(f"sqlite:///{copy}")
    database.upgrade(opened)
    with Store(database=opened).write() as tx:
        ticket(tx, subject="gardé")
    backup.clear_stale_log(copy)
    assert (tmp_path / "maild.db-wal").stat().st_size > 0
    opened.close()


@pytest.mark.real
def test_postgresql_is_archived_and_restored(postgres_base: Database, tmp_path: Path) -> None:
    """By its own programs."""
    with Store(database=postgres_base).write() as tx:
        ticket(tx, subject="avant")
    database.back_up(postgres_base, tmp_path / "copy.dump")
    restore = shutil.which("pg_restore")
    assert restore is not None
    listed = subprocess.run(
        [restore, "--list", str(tmp_path / "copy.dump")], capture_output=True, text=True, check=True
    )
    assert "TABLE DATA public ticket" in listed.stdout
    shown = subprocess.run(
        [restore, "--data-only", "--table=ticket", "--file=-", str(tmp_path / "copy.dump")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "avant" in shown.stdout


def test_what_cannot_be_archived_leaves_nothing_behind(tmp_path: Path) -> None:
    """And says why, without the password."""
    nowhere = make_url("postgresql+psycopg://u:hunter2@127.0.0.1:1/none")
    with pytest.raises(OSError, match="pg_dump failed") as failed:
        backup.dump_postgresql(nowhere, tmp_path / "copy.dump")
    assert "hunter2" not in str(failed.value)
    assert list(tmp_path.iterdir()) == []
