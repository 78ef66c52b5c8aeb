"""An IMAP server without keywords: pymap, in memory, as a child process.

It answers OK to an unknown keyword and forgets it, as its PERMANENTFLAGS say: what some real servers do.
"""

import importlib.util
import sys
from pathlib import Path

from tests.peers.child import LOOPBACK, Child, free_port, listens
from tests.peers.mailbox import Mailbox

USER = "support@etnic.test"
PASSWORD = "correct-horse"


def missing() -> str:
    """Why it cannot be started here; "" when it can."""
    return (
        ""
        if importlib.util.find_spec("pymap")
        else "pymap is not installed (it comes with requirements-dev.lock)"
    )


class PoorServer:
    """One account, whose mail is gone when the server stops."""

    def __init__(self, root: Path) -> None:
        """Nothing runs yet."""
        self.root = root
        self.port = free_port()
        self._child: Child | None = None

    def start(self) -> None:
        """Starts it, empty, on the same port as before."""
        command = [sys.executable, "-c", "from pymap.main import main; main()"]
        network = ["--host", LOOPBACK, "--port", str(self.port), "--no-tls"]
        account = ["dict", "--demo-user", USER, "--demo-password", PASSWORD]
        self._child = Child([*command, *network, *account], output=self.root / "pymap.out")
        self._child.wait_until(lambda: listens(self.port))

    def stop(self) -> None:
        """Ends it."""
        if self._child:
            self._child.stop()
            self._child = None

    def mailbox(self) -> Mailbox:
        """Its one account."""
        return Mailbox(port=self.port, user=USER, password=PASSWORD)
