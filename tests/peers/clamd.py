"""A real clamd on a UNIX socket in a short temporary directory, with two signatures of its own.

No signatures are fetched from anywhere and nothing of this machine's ClamAV is read. What it finds is made at
run time (``virus``): no file of this repository holds what a scanner would take for a virus.
"""

import os
import shutil
import socket
from pathlib import Path

from tests.peers.child import Child

# Both are known by bytes that stand anywhere in a file (ClamAV's extended signatures).
NAME, OTHER = "Maild.Test.Letters", "Maild.Test.Backwards"
CONFIGURATION = """\
Foreground yes
LocalSocket {root}/clamd.sock
DatabaseDirectory {root}/signatures
TemporaryDirectory {root}
PidFile {root}/clamd.pid
User {user}
StreamMaxLength 2M
MaxThreads 2
ConcurrentDatabaseReload no
SelfCheck 0
"""


def missing() -> str:
    """Why no clamd can be started here; "" when one can."""
    return "" if _program() else "clamd is not installed (Debian: clamav-daemon)"


def virus() -> bytes:
    """Harmless bytes that the signature of this file knows."""
    return b"".join(part * 4 for part in (b"maild ", b"test ", b"virus "))


class Clamd:
    """One private clamd."""

    def __init__(self, root: Path) -> None:
        """Nothing runs yet; ``root`` is a directory with a short path."""
        self.root, self.socket = root, root / "clamd.sock"
        self._child: Child | None = None
        (root / "signatures").mkdir()
        known = f"{NAME}:0:*:{virus().hex()}\n{OTHER}:0:*:{(b'other ' + virus()[::-1]).hex()}\n"
        (root / "signatures" / "maild.ndb").write_text(known)
        user = "root" if os.geteuid() == 0 else ""
        text = CONFIGURATION.format(root=root, user=user)
        (root / "clamd.conf").write_text(text if user else text.replace("User \n", ""))

    @property
    def address(self) -> str:
        """As the configuration names it."""
        return f"unix:{self.socket}"

    def start(self) -> None:
        """Starts it and waits until it answers."""
        self.socket.unlink(missing_ok=True)
        command = [_program() or "clamd", "-c", str(self.root / "clamd.conf")]
        self._child = Child(command, output=self.root / "clamd.out")
        self._child.wait_until(self._answers)

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as channel:
            channel.settimeout(5)
            try:
                channel.connect(str(self.socket))
                channel.sendall(b"zPING\0")
                return channel.recv(10) == b"PONG\0"
            except OSError:
                return False

    def stop(self) -> None:
        """Ends it at once."""
        if self._child:
            self._child.kill()
            self._child = None

    def suspend(self) -> None:
        """Lets it hang: whoever connects waits."""
        assert self._child is not None
        self._child.suspend()

    def resume(self) -> None:
        """Lets it go on."""
        assert self._child is not None
        self._child.resume()


def _program() -> str | None:
    # Debian keeps it in /usr/sbin, which is on root's PATH only.
    return shutil.which("clamd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
