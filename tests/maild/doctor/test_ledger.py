"""The database: each fault is produced once, and named."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from maild.cli import Code
from maild.cli.doctor import ledger
from maild.cli.doctor.faults import Fault
from storage import database
from tests.maild.doctor.desk import Examine, finds
from tests.peers.postgres import Postgres

LOOKED_AT = ("database",)


@finds(Fault.DATABASE_ON_NETWORK)
def test_a_network_file_system(examine: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "_file_system", lambda _file: "nfs4")
    assert "network" in examine().of("database", "fail")[0]


def test_the_file_system_of_a_file_is_that_of_its_nearest_mount() -> None:
    assert ledger._file_system(Path("/proc/self/x")) == "proc"
    assert ledger._file_system(Path("/x")) != ""


@finds(Fault.DATABASE_LATER)
def test_a_database_of_this_version_and_of_a_later_one(examine: Examine, tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    opened = database.open_database("sqlite:///var/maild.db")
    database.upgrade(opened)
    assert any("sound" in line for line in examine().of("database", "ok"))
    with opened.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    opened.close()
    assert "later version" in examine().of("database", "fail")[0]


@finds(Fault.DATABASE_UNFINISHED)
def test_a_database_into_which_a_state_was_being_moved(examine: Examine, tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    opened = database.open_database("sqlite:///var/maild.db")
    database.upgrade(opened)
    with opened.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'unfinished 0123'")
    opened.close()
    assert "db move" in examine().of("database", "fail")[0]


@finds(Fault.DATABASE_DAMAGED)
def test_a_file_that_is_no_database(examine: Examine, tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "maild.db").write_bytes(b"no database at all, but long enough to be looked at" * 100)
    found = examine()
    assert found.code == Code.NO
    assert found.of("database", "fail") == [
        "file is not a database -> stop maild and put the last backup in place"
    ]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A database of this version."""
    (tmp_path / "var").mkdir()
    opened = database.open_database(f"sqlite:///{tmp_path}/var/maild.db")
    database.upgrade(opened)
    opened.close()
    return tmp_path / "var" / "maild.db"


@finds(Fault.DATABASE_DAMAGED)
def test_an_index_that_a_disk_has_lost(examine: Examine, file: Path) -> None:
    """The file opens, each statement works, and something is wrong in it all the same."""
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("DELETE FROM sqlite_schema WHERE name LIKE 'ix_event%'")
    (line,) = examine().of("database", "fail")
    assert "maild.db is damaged (integrity_check) -> stop maild" in line


@finds(Fault.DATABASE_NOT_DURABLE)
def test_a_journal_of_another_kind(examine: Examine, file: Path) -> None:
    """Somebody has set it: a commit may be lost with the power, or wait for each reader."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    (line,) = examine().of("database", "fail")
    assert "'journal_mode': 'delete'" in line


@finds(Fault.DATABASE_UNAVAILABLE)
def test_a_postgresql_that_is_away(examine: Examine, smtp_port: int) -> None:
    found = examine(f'[state]\ndatabase = "postgresql://maild:hunter2@127.0.0.1:{smtp_port}/maild"')
    assert "database" in found.failed
    assert "hunter2" not in json.dumps(found.findings)


@pytest.mark.real
def test_a_postgresql_that_answers(examine: Examine, postgres: Postgres) -> None:
    found = examine(f"[state]\ndatabase = {json.dumps(postgres.url(postgres.create_database()))}")
    assert "no schema yet" in found.of("database", "ok")[0]
