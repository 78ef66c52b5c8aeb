"""The post office of the rehearsal: an SMTP server that takes every letter of the desk and keeps it.

Stands where a real desk has its provider: the daemon submits to it, ``onlooker`` reads what came. It runs in
a thread of its own, on the loopback interface. Fails with ``OSError`` where its port was taken meanwhile.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

LOOPBACK = "127.0.0.1"


def free_ports(count: int) -> list[int]:
    """Different loopback ports that were free a moment ago."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind((LOOPBACK, 0))
        return [int(one.getsockname()[1]) for one in sockets]
    finally:
        for one in sockets:
            one.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """A letter that was accepted. ``content`` is RFC 5322 with CRLF."""

    recipient: str
    content: bytes


class PostOffice:
    """What has come so far; written by the server's thread, read by the stage's."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._letters: list[Delivered] = []

    def letters(self, start: int = 0) -> tuple[Delivered, ...]:
        """The letters in the order of their coming, from number ``start`` on."""
        with self._lock:
            return tuple(self._letters[start:])

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """aiosmtpd's hook: the letter is ours once it has the 250 (RFC 5321 section 6.1)."""
        content = envelope.original_content or b""
        with self._lock:
            self._letters += [Delivered(recipient=str(to), content=content) for to in envelope.rcpt_tos]
        return "250 2.0.0 OK kept"


@contextmanager
def opened(port: int) -> Iterator[PostOffice]:
    """A post office that listens on a loopback port until the end of the block.

    Raises:
        OSError: the port is taken.
    """
    office = PostOffice()
    # Without a name of its own aiosmtpd asks the resolver for one, which may take seconds on a lone machine.
    controller = Controller(
        office, hostname=LOOPBACK, port=port, ident="the post office of a rehearsal",
        server_hostname="poste.etnic.example",
    )  # fmt: skip
    controller.start()
    try:
        yield office
    finally:
        controller.stop(no_assert=True)
