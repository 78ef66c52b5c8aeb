"""A child process whose CPU seconds and peak memory are its own.

Stands between the bench and what it measures: the floor and the daemon. CPU comes from wait4, so it holds
what the process's own finished children used too. Memory comes from VmHWM in /proc while the process lives:
the maximum of wait4 would hold the size of the bench itself, from before the exec. ``stop`` kills what does
not leave.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a process cost: CPU seconds of user and system, and its exit status (negative: the signal)."""

    cpu: float
    status: int


class Child:
    """A Python module as a process; standard output and error go to ``log``."""

    def __init__(self, arguments: Sequence[str], log: Path) -> None:
        self.log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.usage: Usage | None = None

    def poll(self) -> Usage | None:
        """What it cost once it has left; None while it runs."""
        return self.usage or self._reap(os.WNOHANG)

    def wait(self) -> Usage:
        """Waits for its end."""
        usage = self.usage or self._reap(0)
        assert usage is not None
        return usage

    def stop(self, patience: float = 40.0) -> Usage:
        """TERM, then KILL after ``patience`` seconds."""
        if self.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        end = time.monotonic() + patience
        while self.poll() is None:
            if time.monotonic() > end:
                self.process.kill()
                return self.wait()
            time.sleep(0.02)
        return self.wait()

    def peak(self) -> float:
        """The most memory that it has held, in MB; 0 when it has left."""
        try:
            lines = Path(f"/proc/{self.process.pid}/status").read_text("ascii").splitlines()
        except OSError:
            return 0.0
        return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)

    def _reap(self, options: int) -> Usage | None:
        pid, status, used = os.wait4(self.process.pid, options)
        if not pid:
            return None
        self.process.returncode = os.waitstatus_to_exitcode(status)
        self.usage = Usage(cpu=used.ru_utime + used.ru_stime, status=self.process.returncode)
        return self.usage
