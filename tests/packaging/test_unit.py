"""The unit file: systemd accepts it, it says what the daemon does, and it leaves the daemon little power."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from maild import config, deploy

UNIT = Path(deploy.__file__).parent / "maild.service"
# Tenths of systemd's "exposure", 100 being a service without any restraint: 12 is what is left for a daemon
# that must reach servers of any address.
MOST_EXPOSED = "12"


def analyze(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """What systemd-analyze says; it needs no running systemd."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed (Debian: systemd)")
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, check=False)


@pytest.mark.real
@pytest.mark.parametrize("credentials", ["# LoadCredential=", "LoadCredential="])
def test_systemd_accepts_it(tmp_path: Path, credentials: str) -> None:
    """Every key known, nothing contradictory; the program that it starts must exist, so one is named here."""
    unit = tmp_path / "maild.service"
    text = UNIT.read_text().replace("# LoadCredential=", credentials)
    unit.write_text(text.replace("/opt/maild/bin/maild", sys.executable))
    said = analyze("verify", "--man=no", str(unit))
    assert (said.returncode, said.stdout + said.stderr) == (0, "")


@pytest.mark.real
def test_it_leaves_the_daemon_little_power() -> None:
    """Measured by systemd itself."""
    said = analyze("security", "--offline=true", f"--threshold={MOST_EXPOSED}", str(UNIT))
    assert said.returncode == 0, said.stdout[-300:]


def test_it_says_what_the_daemon_does() -> None:
    """Readiness, signs of life and reloading are spoken; a faulty configuration is not tried again."""
    lines = UNIT.read_text().splitlines()
    for line in ("Type=notify", "WatchdogSec=120", "RestartPreventExitStatus=78", "StateDirectoryMode=0700"):
        assert line in lines
    assert "ExecReload=/bin/kill -HUP $MAINPID" in lines


def test_it_leaves_what_the_daemon_needs() -> None:
    """The board and mail servers by TCP; clamd, PostgreSQL and systemd by sockets; one folder to write to."""
    settings = dict(
        line.split("=", 1) for line in UNIT.read_text().splitlines() if re.match(r"[A-Z]\w+=", line)
    )
    assert settings["RestrictAddressFamilies"].split() == ["AF_INET", "AF_INET6", "AF_UNIX"]
    assert "PrivateNetwork" not in settings
    # Tokens that are renewed lie in the state, which is relative to where the daemon starts.
    assert settings["WorkingDirectory"] == f"/var/lib/{settings['StateDirectory']}"
    assert settings["UMask"] == "0077"
    # Without a capability no port below 1024 can be had: the board's and the door's are above.
    assert settings["CapabilityBoundingSet"] == ""
    for table in (config.Http(), config.DoorMaildrop(kind="lmtp")):
        assert int(table.listen.rpartition(":")[2]) > 1023


def test_every_daemon_that_it_waits_for_may_be_absent() -> None:
    """It is started after them where they are there, and needs none."""
    text = UNIT.read_text()
    assert "After=network-online.target postgresql.service clamav-daemon.service" in text.splitlines()
    assert not re.search(r"^(Requires|BindsTo|Requisite)=", text, re.MULTILINE)
