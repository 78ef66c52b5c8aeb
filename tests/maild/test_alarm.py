"""Trouble is told once when it begins and once when it is over: by mail and by the operator's command."""

import os
import stat
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from maild import alarm, assembly, compose
from maild.alarm import Alarm
from maild.health import Health
from storage import troubles
from storage.database import Unavailable
from storage.store import Store
from tests.maild.office import Room, raw, room

ADMIN = "admin@etnic.test"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Room]:
    """An office without agents, at noon; its mailbox was just polled."""
    with room(tmp_path, agents=()) as made:
        polled(made)
        yield made


def polled(desk: Room) -> None:
    """The mailbox was looked at, whole and well."""
    with desk.office.store.write() as tx:
        tx.note_poll(desk.drop.id, uidvalidity=1, at=desk.clock.now)


def watching(desk: Room, *command: str, health: Health | None = None, **more: Any) -> Alarm:
    """An alarm that has been looking for an hour."""
    values: dict[str, Any] = {"started_at": desk.clock.now - timedelta(hours=1)} | more
    return Alarm(
        office=desk.office, polls={"support": timedelta(seconds=30)}, health=health or Health(),
        directory=Path("/"), command=command, **values,
    )  # fmt: skip


def letters(desk: Room, about: str = "") -> list[str]:
    """Subjects of the letters to the administrator, in their order."""
    rows = desk.rows("SELECT subject FROM outbox WHERE kind = 'trouble' ORDER BY id")
    return [row.subject for row in rows if about in row.subject]


@pytest.fixture
def pager(tmp_path: Path) -> tuple[Path, Path]:
    """A program that appends what it is told to a file; the program and the file."""
    program, heard = tmp_path / "pager", tmp_path / "heard"
    program.write_text(f"#!/bin/sh\ncat >> {heard}\n", encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program, heard


def test_a_trouble_is_told_once_and_its_end_once(desk: Room, pager: tuple[Path, Path]) -> None:
    """By mail and by the command, with since when."""
    program, heard = pager
    watch = watching(desk, str(program))
    assert alarm.look(watch) == 0
    desk.clock.later(minutes=6)
    assert [alarm.look(watch) for _ in range(3)] == [1, 0, 0]
    (began,) = letters(desk)
    assert "maildrop support was not served since 2024-11-25 12:00:00Z" in began
    desk.clock.later(minutes=6)
    polled(desk)
    assert [alarm.look(watch) for _ in range(3)] == [1, 0, 0]
    assert len(letters(desk)) == 2
    assert "terminé" in letters(desk)[1]
    told = [line for line in heard.read_text(encoding="utf-8").splitlines() if ": " in line]
    assert [line for line in told if line.startswith("state: ")] == ["state: began", "state: over"]
    assert told[0].startswith("maild support@etnic.test: began: maildrop support")
    assert "since: 2024-11-25T12:00:00Z" in told


def test_a_second_time_is_told_again(desk: Room) -> None:
    """It is another trouble of the same name."""
    watch = watching(desk)
    for _ in range(2):
        desk.clock.later(minutes=6)
        alarm.look(watch)
        polled(desk)
        alarm.look(watch)
    assert len(letters(desk)) == 4


def test_a_restart_says_nothing_twice_and_forgets_nothing(desk: Room, pager: tuple[Path, Path]) -> None:
    """Told before it, over after it: one letter each."""
    program, heard = pager
    desk.clock.later(minutes=6)
    alarm.look(watching(desk, str(program)))
    for _ in range(3):
        assert alarm.look(watching(desk, str(program), started_at=desk.clock.now)) == 0
    polled(desk)
    assert alarm.look(watching(desk, str(program), started_at=desk.clock.now)) == 1
    assert alarm.look(watching(desk, str(program), started_at=desk.clock.now)) == 0
    assert len(letters(desk)) == 2
    assert heard.read_text(encoding="utf-8").count("state: ") == 2


def test_a_refused_login_is_told_until_somebody_is_let_in(desk: Room) -> None:
    """Also across a restart, after which nobody knows yet."""
    health = Health()
    health.refused("submission", "535 no", desk.clock.now)
    assert alarm.look(watching(desk, health=health)) == 1
    unknown = Health()
    watch = watching(desk, health=unknown)
    assert alarm.look(watch) == 0
    unknown.well("submission", desk.clock.now)
    assert alarm.look(watch) == 1
    assert len(letters(desk)) == 2


def test_the_breaker_opens_once_and_closes_once(desk: Room) -> None:
    """However many receipts it withheld; with the reason of the first."""
    watch = watching(desk)
    for n in range(20):
        desk.ingest(raw(f"m{n}@ecole.test", Subject=f"Alarme {n}"))
        polled(desk)
        alarm.look(watch)
        desk.clock.later(minutes=1)
    (opened,) = letters(desk, "automatic answers")
    assert "budget: 10 to this recipient" in opened
    for _ in range(70):
        desk.clock.later(minutes=1)
        polled(desk)
        alarm.look(watch)
    assert len(letters(desk, "automatic answers")) == 2


class Ledger:
    """A ledger whose writes fail while it is said to be broken."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.broken = self.blind = False
        write, read = Store.write, Store.read

        def guarded_write(store: Store) -> Any:
            if self.broken:
                raise Unavailable("database or disk is full")
            return write(store)

        def guarded_read(store: Store) -> Any:
            if self.blind:
                raise Unavailable("disk I/O error")
            return read(store)

        monkeypatch.setattr(Store, "write", guarded_write)
        monkeypatch.setattr(Store, "read", guarded_read)


@pytest.mark.parametrize("blind", [False, True])
def test_a_ledger_that_takes_no_writes_is_told_by_the_command(
    desk: Room, pager: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, blind: bool
) -> None:
    """Mail cannot even be owed then: the letters are written when it takes writes again, in their order."""
    program, heard = pager
    ledger, watch = Ledger(monkeypatch), watching(desk, str(program))
    alarm.look(watch)
    ledger.broken, ledger.blind = True, blind
    for _ in range(10):
        desk.clock.later(seconds=15)
        alarm.look(watch)
    told = heard.read_text(encoding="utf-8")
    assert told.count("state: began") == 1
    assert "database or disk is full" in told or "disk I/O error" in told
    ledger.broken = ledger.blind = False
    assert letters(desk) == []
    assert [alarm.look(watch) for _ in range(3)] == [1, 0, 0]
    assert len(letters(desk)) == 2
    assert heard.read_text(encoding="utf-8").count("state: over") == 1
    with desk.office.store.read() as tx:
        assert troubles.standing(tx) == ()


def test_what_changes_while_the_ledger_is_away_is_told_once(
    desk: Room, pager: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refused login that began and ended meanwhile has its two letters afterwards."""
    program, heard = pager
    health = Health()
    ledger, watch = Ledger(monkeypatch), watching(desk, str(program), health=health)
    alarm.look(watch)
    ledger.broken = True
    health.refused("submission", "535 no", desk.clock.now)
    assert [alarm.look(watch) for _ in range(3)] == [1, 0, 0]
    health.well("submission", desk.clock.now)
    assert [alarm.look(watch) for _ in range(3)] == [1, 0, 0]
    ledger.broken = False
    assert [alarm.look(watch) for _ in range(3)] == [0, 0, 0]
    assert heard.read_text(encoding="utf-8").count("state: ") == 2
    assert len(letters(desk)) == 2


def test_a_template_that_fails_keeps_nobody_from_remembering(
    desk: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No letter, and yet no second telling."""

    def fail(*_: object, **__: object) -> assembly.Letter:
        raise RuntimeError("a template of the operator's")

    monkeypatch.setattr(compose, "trouble", fail)
    desk.clock.later(minutes=6)
    watch = watching(desk)
    assert [alarm.look(watch) for _ in range(2)] == [1, 0]
    assert letters(desk) == []
    with desk.office.store.read() as tx:
        assert [t.name for t in troubles.standing(tx)] == ["maildrop:support"]


# --- the command


def python(code: str) -> tuple[str, ...]:
    """A command that runs this."""
    return (sys.executable, "-c", code)


def test_the_command_runs_without_a_shell_and_without_our_secrets(tmp_path: Path) -> None:
    """Its arguments are its own, its environment is little, its input is the text."""
    out = tmp_path / "out"
    code = (
        "import os, sys; "
        "open(sys.argv[1], 'w').write(repr((sys.argv[2], sorted(os.environ), sys.stdin.read())))"
    )
    environ = {"MAILD_DESK__SECRET": "hunter2", "PATH": os.environ["PATH"], "HOME": "/root"}
    command = (*python(code), str(out), "$HOME; rm -rf *")
    assert alarm.run_command(command, "il brûle\n", environ=environ) == ""
    argument, names, text = eval(out.read_text(encoding="utf-8"))  # noqa: S307  (our own words)
    assert argument == "$HOME; rm -rf *"
    assert set(names) - {"LC_CTYPE"} == {"HOME", "PATH"}
    assert text == "il brûle\n"


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (python("raise SystemExit(3)"), "it ended with 3"),
        (python("import time; time.sleep(60)"), "it had not ended after 0.5 s, and was killed"),
        (("/nowhere/at/all",), "No such file"),
        ((".",), ""),
        (python("print('x' * 10_000_000)"), None),
        (python("import os; os.close(0)"), None),
    ],
)
def test_a_command_that_fails_is_said_in_a_line(command: tuple[str, ...], why: str | None) -> None:
    """And holds nobody up; what it writes is of no interest."""
    found = alarm.run_command(command, "x" * 100_000, seconds=0.5 if why and "0.5" in why else 30)
    assert found == "" if why is None else why in found
    assert (found == "") == (why is None)


def test_a_failing_command_stands_in_the_log_and_the_letter_leaves(
    desk: Room, caplog: pytest.LogCaptureFixture
) -> None:
    """Once for each telling."""
    desk.clock.later(minutes=6)
    watch = watching(desk, *python("raise SystemExit(3)"))
    for _ in range(3):
        alarm.look(watch)
    assert sum("alarm.command_failed" in record.getMessage() for record in caplog.records) == 1
    assert len(letters(desk)) == 1


def test_a_program_is_looked_for_as_it_will_be_run(tmp_path: Path) -> None:
    """By its path, or on PATH; none is no fault."""
    assert alarm.missing(()) == ""
    assert alarm.missing(("sh", "-c")) == ""
    assert alarm.missing((sys.executable,)) == ""
    assert "no-such-program" in alarm.missing(("no-such-program",))
    (tmp_path / "plain").write_text("no program")
    assert "plain" in alarm.missing((str(tmp_path / "plain"),))
