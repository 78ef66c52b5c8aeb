"""Whoever ends a command in its midst, by Ctrl-C, kill or a closed terminal, finds all as it was before."""

import importlib
import shlex
import signal
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from maild import cli
from storage import database
from storage.database import Unfinished
from tests.maild.test_bad_input import QUICK, held

SIGNALS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
EXPORT = "person export renee@example.be --to person.zip"
# What is called, and what it was about to do next.
MIDST = [
    ("backup copy", "storage.backup:_make_durable"),
    ("backup copy", "shutil:copymode"),
    ("backup copy", "pathlib:Path.hardlink_to"),
    ("report --html r.html --csv r.csv", "maild.report.sheet:page"),
    ("report --html r.html", "os:fsync"),
    ("report --html r.html", "pathlib:Path.replace"),
    ("report --csv r.csv", "pathlib:Path.replace"),
    ("replay one.eml --into new", "maild.replay:_know_erased"),
    ("replay one.eml --into new", "maild.ingest:file"),
    ("replay one.eml --into new", "storage.backup:copy_sqlite"),
    ("replay one.eml --into new", "storage.backup:_make_durable"),
    ("replay one.eml --into new/state", "pathlib:Path.hardlink_to"),
    ("replay one.eml --dry-run", "maild.ingest:file"),
    ("replay one.eml --dry-run --on-state", "maild.ingest:file"),
    (QUICK, "os:fsync"),
    (QUICK, "maild.setup:_try_out"),
    (QUICK, "pathlib:Path.replace"),
    (f"{QUICK} --config made/new.toml", "os:fsync"),
    (f"{QUICK} --config made/new.toml", "pathlib:Path.replace"),
    (EXPORT, "maild.privacy:originals"),
    (EXPORT, "zipfile:ZipFile.writestr"),
    (EXPORT, "pathlib:Path.hardlink_to"),
    ("simulate --days 1", "storage.database:upgrade"),
]


@pytest.fixture(autouse=True)
def _as_a_shell_starts_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Signals that nobody has taken, and a folder for temporary files that is this test's own."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@contextmanager
def struck(where: str, number: signal.Signals) -> Iterator[list[str]]:
    """The signal comes when that is called; how often it was."""
    module, _, path = where.partition(":")
    owner: Any = importlib.import_module(module)
    *parts, name = path.split(".")
    for part in parts:
        owner = getattr(owner, part)
    was, calls = getattr(owner, name), list[str]()

    def strike(*args: Any, **options: Any) -> Any:
        calls.append(where)
        signal.raise_signal(number)
        return was(*args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, strike)
        yield calls


def ended(line: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """The exit code of the program."""
    monkeypatch.setattr(sys, "argv", ["maild", *shlex.split(line)])
    with pytest.raises(SystemExit) as end:
        cli.main()
    return int(end.value.code or 0)


@SIGNALS
@pytest.mark.parametrize(("line", "where"), MIDST, ids=[f"{w.partition(':')[2]}-{a[:12]}" for a, w in MIDST])
def test_what_is_ended_in_its_midst_leaves_nothing(
    line: str, where: str, number: signal.Signals, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = held(place)
    with struck(where, number) as calls:
        assert ended(line, monkeypatch) == 128 + number
    assert calls == [where]
    assert held(place) == before
    assert held(Path(tempfile.gettempdir())) == {}


@SIGNALS
@pytest.mark.parametrize(
    "where", ["storage.backup:_make_durable", "storage.database:migrate", "alembic.command:upgrade"]
)
def test_an_upgrade_that_is_ended_has_changed_nothing(
    where: str, number: signal.Signals, older: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = held(older.parent)
    with struck(where, number):
        assert ended("db upgrade", monkeypatch) == 128 + number
    assert held(older.parent).keys() == before.keys()
    with closing(sqlite3.connect(older)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("0001",)
    assert ended("db upgrade", monkeypatch) == 0


@SIGNALS
@pytest.mark.parametrize(
    "where", ["storage.moving:_begin", "storage.moving:_insert", "storage.moving:_number_on"]
)
def test_a_move_that_is_ended_has_left_the_source_as_it_was(
    where: str, number: signal.Signals, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the target there is nothing, or what says that it is not whole: begun again it comes to its end."""
    before = held(place)
    with struck(where, number):
        assert ended("db move --to sqlite:///new.db", monkeypatch) == 128 + number
    after = held(place)
    with closing(database.open_database(f"sqlite:///{place}/new.db")) as target:
        if after.pop("new.db", None) is not None:
            with pytest.raises(Unfinished):
                database.current(target)
    assert after == before
    assert ended("db move --to sqlite:///new.db", monkeypatch) == 0


@pytest.mark.real
@SIGNALS
def test_an_archive_that_is_ended_is_not_there(
    number: signal.Signals, place: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While pg_dump writes it."""
    assert ended(f"db move --to {postgres_url}", monkeypatch) == 0
    monkeypatch.setenv("MAILD_STATE__DATABASE", postgres_url)
    before = held(place)
    with struck("subprocess:Popen.communicate", number):
        assert ended("backup copy", monkeypatch) == 128 + number
    assert held(place) == before
    assert ended("backup copy", monkeypatch) == 0


def test_the_daemon_dies_of_the_signal_itself(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before it has taken signals for its own; what systemd stops so has not failed."""
    assert ended("run --config nowhere.toml", monkeypatch) == 78
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_terminal_that_is_closed_ends_what_nohup_does_not_keep(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = held(place)
    with struck("os:fsync", signal.SIGHUP):
        assert ended("report --html r.html", monkeypatch) == 128 + signal.SIGHUP
        assert held(place) == before
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        assert ended("report --html r.html", monkeypatch) == 0
    assert (place / "r.html").exists()
