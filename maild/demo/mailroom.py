"""The mail room of the rehearsal: pymap, an IMAP server in memory, as a child process.

Stands where a real desk has its mailbox. The module is both sides: the parent starts it, puts mail in and
looks at flags over a connection of its own; the child, ``python -m maild.demo.mailroom``, is the server.
The child is told everything on standard input and ends when that ends, so it outlives no parent, however
that died. Fails with ``ModuleNotFoundError`` without pymap, with ``NotReady`` where the server does not
come up, and with what ``receive.mailbox`` raises.
"""

import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

# Loaded here so that a missing pymap is known before anything is begun; the package itself is nearly empty.
import pymap  # noqa: F401

from maild.config import ImapMaildrop
from maild.demo.post_office import LOOPBACK
from maild.receive import mailbox
from maild.receive.mailbox import Mailbox, Unreachable

SENT = "Sent"
READY_SECONDS = 15.0
END_SECONDS = 5.0
_APPENDED = re.compile(rb"APPENDUID \d+ (\d+)")


class NotReady(Unreachable):
    """The IMAP server did not come up; the message says what it said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailroom:
    """The desk's mailbox, as a mail server and a looker-on have it; of one thread only."""

    mailbox: Mailbox

    def deliver(self, content: bytes, *, at: datetime) -> int:
        """Put a mail into the inbox; ``at`` becomes its INTERNALDATE (RFC 9051 section 6.3.12).

        Returns:
            Its UID (RFC 4315).
        """
        said = _APPENDED.search(self.mailbox.client.append("INBOX", content, (), at))
        return int(said[1]) if said else 0

    def flagged(self, uid: int) -> bool:
        r"""The mail carries ``\Flagged``, which every mail program shows."""
        return "\\Flagged" in self.mailbox.flags([uid]).get(uid, frozenset())


@contextmanager
def opened(drop: ImapMaildrop, password: str, output: Path) -> Iterator[Mailroom]:
    """A server for this maildrop's port, user and password until the end of the block, its output in a file.

    Raises:
        NotReady: it did not come up.
    """
    command = [sys.executable, "-m", __name__]
    with output.open("wb") as sink:
        # A session of its own: Ctrl-C in the terminal is for the stage, which then ends things in order.
        child = subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.PIPE, stdout=sink, stderr=sink, start_new_session=True, text=True
        )
    try:
        _tell(child, f"{drop.port}\n{drop.user}\n{password}\n")
        _wait_until_ready(child, drop.port, output)
        with _attended(drop, password) as room:
            yield room
    finally:
        _end(child)


def _tell(child: "subprocess.Popen[str]", lines: str) -> None:
    if child.stdin is not None:
        child.stdin.write(lines)
        child.stdin.flush()


def _wait_until_ready(child: "subprocess.Popen[str]", port: int, output: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not _listens(port):
        ended = child.poll() is not None
        if ended or time.monotonic() > deadline:
            said = output.read_text(encoding="utf-8", errors="replace").strip()[-1000:]
            raise NotReady(f"pymap {'ended' if ended else 'does not answer'}: {said}")
        time.sleep(0.02)


def _listens(port: int) -> bool:
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1):
            return True
    except OSError:
        return False


@contextmanager
def _attended(drop: ImapMaildrop, password: str) -> Iterator[Mailroom]:
    box = mailbox.connect(drop, password)
    try:
        box.create_folder(SENT)
        box.select(drop.folder, readonly=True)
        yield Mailroom(mailbox=box)
    finally:
        box.close()


def _end(child: "subprocess.Popen[str]") -> None:
    """Ask it to end, wait, and insist."""
    child.terminate()
    try:
        child.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    finally:
        if child.stdin is not None:
            child.stdin.close()


# --- the child ----------------------------------------------------------------------------------------------


def serve() -> None:
    """Be the server: port, user and password come on standard input, and its end is ours."""
    import os

    from pymap.main import main

    port, user, password = (sys.stdin.readline().strip() for _ in range(3))

    def wait_for_the_end() -> None:
        sys.stdin.read()
        os._exit(0)

    threading.Thread(target=wait_for_the_end, name="parent", daemon=True).start()
    network = ["--no-service", "managesieve", "--host", LOOPBACK, "--port", port, "--no-tls"]
    sys.argv = ["pymap", *network, "dict", "--demo-user", user, "--demo-password", password]
    main()


if __name__ == "__main__":
    serve()
