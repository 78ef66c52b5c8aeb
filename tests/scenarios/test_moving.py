"""The desk moves to another database, and goes on there."""

import io
import json
import stat

import pytest

from maild import cli, daemon
from tests.scenarios.desk import ANNE, Desk, mail, reply
from tests.scenarios.test_rebuilding import again, told


def listed(desk: Desk, capsys: pytest.CaptureFixture[str]) -> str:
    """What `maild tickets --json` says."""
    capsys.readouterr()
    assert cli.answer(["tickets", "--json", "--config", str(desk.file)]) == 0
    return capsys.readouterr().out


def move(desk: Desk, to: str) -> int:
    """`maild db move`."""
    return cli.answer(["db", "move", "--to", to, "--config", str(desk.file)])


@pytest.mark.real
def test_a_desk_moves_to_postgresql_and_back(
    desk: Desk, postgres_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody notices: no second ticket, no second receipt, the next number, and replies find their ticket."""
    told(desk)
    before, back = listed(desk, capsys), f"sqlite:///{desk.folder}/back/maild.db"
    assert move(desk, postgres_url) == 0
    said = capsys.readouterr().out
    assert f'database = "{postgres_url}"' in said
    assert "3 tickets" in said
    desk.configure(state={"database": postgres_url})
    assert listed(desk, capsys) == before
    again(desk)
    after = listed(desk, capsys)
    assert [json.loads(line)["id"] for line in after.splitlines()] == [1001, 1002, 1003, 1004]
    assert move(desk, back) == 0
    desk.configure(state={"database": back})
    assert listed(desk, capsys) == after
    (notification,) = desk.letters(ANNE, "Nouveau")
    desk.receive(reply("a9@etnic.test", notification, "#prendre\n", sender=f"Anne <{ANNE}>"))
    desk.later(minutes=5)
    assert desk.once()
    assert [t.assignee for t in desk.tickets()][-1] == ANNE
    assert stat.S_IMODE((desk.folder / "back" / "maild.db").stat().st_mode) == 0o600


def test_a_state_that_is_in_use_is_not_moved(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """The daemon would write what nobody takes along."""
    target = desk.folder / "new" / "maild.db"
    with daemon.locked(desk.config()):
        assert move(desk, f"sqlite:///{target}") == 75
    assert "in use" in capsys.readouterr().err
    assert not target.parent.exists()


@pytest.mark.parametrize("to", ["mysql://x/y", "maild.db", "postgresql://u:hunter2@h:port/x"])
def test_what_is_no_database_is_said(desk: Desk, to: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With an example, and without a password."""
    assert move(desk, to) in {64, 75}
    said = capsys.readouterr().err
    assert "hunter2" not in said
    assert "postgresql://" in said or "cannot be understood" in said


def test_nothing_runs_on_what_is_unfinished(
    desk: Desk, capsys: pytest.CaptureFixture[str], journal: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has changed config.toml too early is told, and the mail waits on its server."""
    desk.receive(mail("a1@ecole.test"))
    desk.once()
    state = desk.settings()["state"]
    target = f"sqlite:///{desk.folder}/new/maild.db"
    with monkeypatch.context() as power_cut:
        power_cut.setattr("storage.moving._number_on", _cut)
        assert move(desk, target) == 130
    sent = len(desk.sink.letters)
    desk.configure(state={"database": target})
    for command in (["run", "--once"], ["tickets"], ["db", "upgrade"]):
        capsys.readouterr()
        assert cli.answer([*command, "--config", str(desk.file)]) == 78
        assert "db move" in capsys.readouterr().err
    assert len(desk.sink.letters) == sent
    desk.configure(state={"database": f"sqlite:///{state['directory']}/maild.db"})
    assert move(desk, target) == 0
    desk.configure(state={"database": target})
    assert desk.once()
    assert len(desk.tickets()) == 1


def _cut(*_: object) -> None:
    raise KeyboardInterrupt
