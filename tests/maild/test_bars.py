"""What takes long shows how far it is, to whoever sits at a terminal, and says nothing of it elsewhere."""

import os
from pathlib import Path

import pytest

from maild import cli

LONG = pytest.mark.parametrize(
    "line",
    [
        "backup copy",
        "db upgrade",
        "db move --to sqlite:///new.db",
        "replay one.eml --into new",
        "replay one.eml --dry-run",
        "person export renee@example.be --to person.zip",
        "simulate --days 1",
    ],
)


@LONG
def test_a_terminal_sees_a_bar(line: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, its = os.openpty()
    monkeypatch.setenv("TERM", "xterm")
    with os.fdopen(its, "w") as terminal:
        monkeypatch.setattr("sys.stderr", terminal)
        assert cli.answer(line.split()) == 0
    assert b"\x1b[" in os.read(ours, 1 << 16)
    os.close(ours)


@LONG
def test_a_pipe_sees_none(line: str, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.answer(line.split()) == 0
    assert "\x1b" not in "".join(capsys.readouterr())
