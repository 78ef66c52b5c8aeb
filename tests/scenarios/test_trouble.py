"""Trouble with the house itself is heard: by mail, by the operator's command, and by ``maild status``."""

import json
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from maild import alarm, cli, daemon
from maild.cli import Code
from tests.peers.smtp import Sink
from tests.scenarios.desk import ADMIN, Desk, mail


class Pager:
    """The operator's command, and what it was told."""

    def __init__(self, folder: Path) -> None:
        self.program, self.heard = folder / "pager", folder / "heard"
        self.program.write_text(f"#!/bin/sh\ncat >> {self.heard}\n", encoding="utf-8")
        self.program.chmod(self.program.stat().st_mode | stat.S_IXUSR)

    def states(self) -> list[str]:
        """began and over, with what they are about."""
        text = self.heard.read_text(encoding="utf-8") if self.heard.exists() else ""
        lines = dict.fromkeys(("trouble", "state"), "")
        found = []
        for line in text.splitlines():
            name, _, value = line.partition(": ")
            lines[name] = value
            if name == "state":
                found.append(f"{value} {lines['trouble']}")
        return found


@pytest.fixture
def pager(desk: Desk) -> Pager:
    """A command that is configured."""
    made = Pager(desk.folder)
    desk.configure(alert={"command": [str(made.program)]})
    return made


def status(desk: Desk, capsysbinary: pytest.CaptureFixture[bytes]) -> tuple[int, list[str]]:
    """The exit code of ``maild status``, and which troubles it names."""
    capsysbinary.readouterr()
    code = cli.answer(["status", "--json", "--config", str(desk.file)])
    return code, [trouble["name"] for trouble in json.loads(capsysbinary.readouterr().out)["troubles"]]


def test_a_mailbox_that_refuses_the_password(
    desk: Desk, pager: Pager, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """One alert, however many passes; one more when it lets us in again."""
    desk.now = daemon.system_now()
    right = desk.mailbox.password
    desk.configure(maildrop={"password": "wrong"})
    for _ in range(3):
        assert not desk.once()
    assert pager.states() == ["began login:maildrop support"]
    assert len(desk.letters(ADMIN)) == 1
    assert status(desk, capsysbinary) == (Code.NO, ["login:maildrop support"])
    desk.configure(maildrop={"password": right})
    for _ in range(2):
        assert desk.once()
    assert pager.states()[1:] == ["over login:maildrop support"]
    assert len(desk.letters(ADMIN)) == 2
    assert status(desk, capsysbinary) == (Code.OK, [])


def test_a_mail_server_that_refuses_us_is_told_by_the_command(
    desk: Desk, pager: Pager, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """No letter can leave, and none is lost; all of them leave when it lets us in again."""
    desk.now = daemon.system_now()
    guarded = Sink(login=("support", "right"))
    guarded.start()
    try:
        desk.configure(submission={"port": guarded.port, "user": "support", "password": "wrong"})
        desk.receive(mail("m1@ecole.test", at=desk.now))
        for _ in range(3):
            desk.once()
        assert pager.states() == ["began login:submission"]
        assert status(desk, capsysbinary) == (Code.NO, ["login:submission"])
        desk.configure(submission={"password": "right"})
        for _ in range(2):
            desk.once()
        assert pager.states()[1:] == ["over login:submission"]
        assert sum(ADMIN in letter.recipients for letter in guarded.letters) == 2
        assert sum("jean@ecole.test" in letter.recipients for letter in guarded.letters) == 1
    finally:
        guarded.stop()


def test_a_server_that_is_away_is_told_when_letters_have_waited(desk: Desk, pager: Pager) -> None:
    """After a quarter of an hour, in which nothing left; and over when something does."""
    desk.configure(agent=[])
    desk.sink.stop()
    desk.receive(mail("m1@ecole.test"))
    for _ in range(6):
        desk.once()
        desk.later(minutes=6)
    assert pager.states() == ["began outbox"]
    desk.sink.start()
    desk.later(hours=1)
    desk.once()
    assert pager.states() == ["began outbox", "over outbox"]


def test_an_answer_over_budget_is_told_once(desk: Desk, pager: Pager) -> None:
    """The breaker opens once, and closes an hour after the last answer that it withheld."""
    desk.configure(budget={"recipient": ["3/1h"]})
    for n in range(8):
        desk.receive(mail(f"robot{n}@ecole.test", subject=f"Alarme {n}", body=f"Alarme {n} : onduleur.\n"))
        desk.once()
        desk.later(minutes=1)
    assert pager.states() == ["began breaker"]
    desk.later(minutes=58)
    desk.once()
    desk.later(minutes=2)
    desk.once()
    assert pager.states() == ["began breaker", "over breaker"]
    assert [("terminé" in str(letter["Subject"])) for letter in desk.letters(ADMIN)] == [False, True]


@contextmanager
def at_work(desk: Desk) -> Iterator[daemon.Parts]:
    """The whole daemon, every thread of it, in real time."""
    config = desk.config()
    with daemon.locked(config), daemon.parts(config) as parts, daemon.running(parts):
        yield parts


def _until(holds: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError(f"not within {seconds} s")
        time.sleep(0.05)


def test_the_running_daemon_tells_by_itself(
    desk: Desk, pager: Pager, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Its timer looks; a restart in the middle of the trouble says nothing again."""
    monkeypatch.setattr(alarm, "EVERY", timedelta(seconds=0.2))
    right = desk.mailbox.password
    desk.configure(maildrop={"password": "wrong"})
    with at_work(desk):
        desk.sink.wait_for(1)
    with at_work(desk) as parts:
        _until(lambda: bool(parts.alarm.standing))
    assert pager.states() == ["began login:maildrop support"]
    desk.configure(maildrop={"password": right})
    with at_work(desk):
        desk.sink.wait_for(2)
        assert status(desk, capsysbinary) == (Code.OK, [])
    assert pager.states()[1:] == ["over login:maildrop support"]
    assert len(desk.letters(ADMIN)) == 2
