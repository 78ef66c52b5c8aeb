"""The unit file: systemd accepts it, it says what the daemon does, and it leaves the daemon little power."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from maild import deploy

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
def test_systemd_accepts_it(tmp_path: Path) -> None:
    """Every key known, nothing contradictory; the program that it starts must exist, so one is named here."""
    unit = tmp_path / "maild.service"
    unit.write_text(UNIT.read_text().replace("/opt/maild/bin/maild", sys.executable))
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
