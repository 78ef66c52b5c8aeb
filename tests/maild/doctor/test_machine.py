"""Secrets, state, process and clock: each fault is produced once, and named."""

import json
import os
import pwd
import shutil
from pathlib import Path

import pytest

from maild import cli, isolate, setup
from maild.cli.doctor import machine
from maild.cli.doctor.faults import Fault
from tests.maild.doctor.desk import SECRET, Examine, finds, row

LOOKED_AT = ("secrets", "state", "reader", "clock")


@finds(Fault.SECRET_READABLE)
def test_secrets_that_others_can_read(examine: Examine, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET, encoding="utf-8")
    (tmp_path / "secret").chmod(0o644)
    (line,) = examine().of("desk secret", "warn")
    assert "chmod 600" in line
    assert "mode 644" in line


@finds(Fault.SECRET_CLOSED)
def test_secrets_that_the_account_of_the_unit_cannot_read(
    examine: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root has written them and may read everything; the daemon would end at its first start."""
    me = os.getuid()
    for uid, found in ((me + 1, 1), (me, 0)):
        account = pwd.struct_passwd(("maild", "x", uid, me + 1, "", "/var/lib/maild", "/bin/false"))
        monkeypatch.setattr(setup, "unit_account", lambda account=account: account)
        told = "who cannot read config.toml secret -> chown maild: config.toml secret"
        assert [line.partition("maild as maild, ")[2] for line in examine().of("secrets", "warn")] == [
            told
        ] * found


def test_a_credential_of_systemd_is_nobody_elses(
    examine: Examine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its mode is 440 where an access list lets the service in; its folder lets in nobody else."""
    monkeypatch.setattr(machine, "CREDENTIALS", tmp_path)
    secret = tmp_path / "maild.service" / "secret"
    secret.parent.mkdir()
    secret.write_text(SECRET, encoding="utf-8")
    secret.chmod(0o440)
    monkeypatch.setenv("MAILD_DESK__SECRET_FILE", str(secret))
    assert examine().of("desk secret", "ok")


@finds(Fault.CONFIGURATION_READABLE)
def test_a_configuration_with_secrets_that_others_can_read(
    examine: Examine, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    examine()
    (tmp_path / "config.toml").chmod(0o644)
    cli.answer(["doctor", "--json"])
    rows = [json.loads(line) for line in capsysbinary.readouterr().out.splitlines()]
    assert any(row["check"] == "configuration" and row["verdict"] == "warn" for row in rows)


@finds(Fault.STATE_UNWRITABLE)
def test_a_state_directory_that_cannot_be_written(examine: Examine, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    found = examine('[state]\ndirectory = "file/var"\ndatabase = "sqlite:///x.db"')
    assert "state" in found.failed
    assert "mkdir -p file/var" in found.of("state")[0]


def test_a_state_on_a_file_system_that_nobody_may_write(examine: Examine) -> None:
    """Not even root can make a file in there."""
    found = examine('[state]\ndirectory = "/proc/maild"\ndatabase = "sqlite:///x.db"')
    assert "/proc cannot be written" in found.of("state", "fail")[0]


@finds(Fault.STATE_READABLE)
def test_a_state_that_others_can_look_into(examine: Examine, tmp_path: Path) -> None:
    (tmp_path / "var").mkdir(mode=0o755)
    (line,) = examine().of("state", "warn")
    assert "(mode 755)" in line
    assert "chmod 700 var" in line
    (tmp_path / "var").chmod(0o700)
    assert examine().of("state", "warn") == []


@pytest.mark.parametrize(
    ("free", "verdict"),
    [
        row(Fault.DISK_FULL, 50 << 20, "fail"),
        row(Fault.DISK_NEARLY_FULL, 500 << 20, "warn"),
        (5 << 30, "ok"),
    ],
)
def test_a_full_disk(examine: Examine, monkeypatch: pytest.MonkeyPatch, free: int, verdict: str) -> None:
    usage = shutil._ntuple_diskusage(total=free, used=0, free=free)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)
    assert examine().of("state", verdict)


@finds(Fault.NO_PROCESS)
def test_large_mail_needs_a_process(examine: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where none can be started, it waits: better known before."""
    assert examine().of("reader", "ok")
    monkeypatch.setattr(isolate, "COMMAND", ("/nowhere/python",))
    (said,) = examine().of("reader", "fail")
    assert "No such file" in said


@finds(Fault.CLOCK_UNSET)
def test_a_clock_that_nobody_set(examine: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
    import time_machine

    with time_machine.travel("1970-01-01T00:00:10Z"):
        assert "1970-01-01" in examine().of("clock", "fail")[0]
