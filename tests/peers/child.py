"""A server program as a child of the tests: started, waited for, and ended with all that it started itself.

Where the tests are killed, their servers must not stay behind: `setpriv` asks the kernel to end the child
when its parent dies.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

# A port is bound and given back before the server binds it: loopback is the only interface that is used.
LOOPBACK = "127.0.0.1"


def free_ports(count: int) -> list[int]:
    """Different ports that were free a moment ago: each stays bound until all are known."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind((LOOPBACK, 0))
        return [int(each.getsockname()[1]) for each in sockets]
    finally:
        for each in sockets:
            each.close()


def free_port() -> int:
    """A port that was free a moment ago."""
    return free_ports(1)[0]


def listens(port: int) -> bool:
    """Whether something accepts connections on a loopback port."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1):
            return True
    except OSError:
        return False


def greets(port: int) -> bool:
    """Whether a server there says the first word, as those of mail do."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=5) as connection:
            return bool(connection.recv(1))
    except OSError:
        return False


class Child:
    """One server program, in a process group of its own, its output in a file."""

    def __init__(self, command: Sequence[str | Path], *, output: Path, user: str = "") -> None:
        """Starts it; `user` is the account it runs as where the tests run as root ("": their own)."""
        self._output = output
        with output.open("ab") as sink:
            self._process = subprocess.Popen(
                [*_prefix(user), *command],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd=output.parent,
            )

    def wait_until(self, ready: Callable[[], bool], *, seconds: float = 20) -> None:
        """Returns when `ready` holds; RuntimeError with the program's output if it ended or is too slow."""
        deadline = time.monotonic() + seconds
        while not ready():
            ended = self._process.poll() is not None
            if ended or time.monotonic() > deadline:
                self.kill()
                said = self._output.read_text(errors="replace")[-3000:]
                raise RuntimeError(f"{self._process.args!r} {'ended' if ended else 'is not ready'}:\n{said}")
            time.sleep(0.01)

    def stop(self, number: signal.Signals = signal.SIGTERM, *, seconds: float = 10) -> None:
        """Asks it to end; what then still runs of its group is killed."""
        if self._process.poll() is None:
            self._process.send_signal(number)
            with suppress(subprocess.TimeoutExpired):  # the kill below is the answer
                self._process.wait(seconds)
        self.kill()

    def kill(self) -> None:
        """Ends its whole group at once, as a power cut would."""
        with suppress(ProcessLookupError):  # nothing of it was left
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def suspend(self) -> None:
        """Lets it hang: it keeps its connections and answers nothing."""
        os.killpg(self._process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Lets it go on."""
        os.killpg(self._process.pid, signal.SIGCONT)


def _prefix(user: str) -> list[str]:
    setpriv = shutil.which("setpriv")
    if user and os.geteuid() == 0:
        if setpriv is None:
            raise RuntimeError("setpriv (util-linux) is needed to run a server as another user")
        return [setpriv, f"--reuid={user}", f"--regid={user}", "--init-groups", "--pdeathsig=TERM", "--"]
    return [setpriv, "--pdeathsig=TERM", "--"] if setpriv else []
