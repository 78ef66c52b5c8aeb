"""A bell that wakes a thread from sleep, also from a sleep in ``poll`` or in IDLE.

Below everything that runs in a thread of its own: rung when there is work, or when it is time to stop.
One pipe a bell; ringing twice is ringing once. It cannot fail after it is made.
"""

import os
import select
import threading
import time
from collections.abc import Iterable

# All that a pipe holds (pipe(7)): however often it rang, it is heard once.
PIPE_OCTETS = 65_536


class Bell:
    """Rung by anybody, heard by the one thread that owns it."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)
        self._closing = threading.Event()
        self._disposed = threading.Event()
        self._heard_at = time.monotonic()

    @property
    def is_closing(self) -> bool:
        """The owner is asked to finish what it has begun and to return."""
        self._heard_at = time.monotonic()
        return self._closing.is_set()

    def last_sign(self) -> float:
        """When the owner last listened, in seconds of the monotonic clock: its sign of life."""
        return self._heard_at

    def fileno(self) -> int:
        """What ``select`` and ``poll`` wait for."""
        return self._read

    def ring(self) -> None:
        """There is work."""
        if self._disposed.is_set():
            return
        try:
            os.write(self._write, b"!")
        except BlockingIOError:
            return  # it rings already

    def close(self) -> None:
        """Ask the owner to come to an end."""
        self._closing.set()
        self.ring()

    def wait(self, seconds: float) -> bool:
        """Sleep until the bell rings or the time is over; True when it rang."""
        return self.silence() if is_readable((self._read,), seconds) else False

    def dispose(self) -> None:
        """Give the pipe back: ringing is without effect from now on."""
        self._disposed.set()
        os.close(self._read)
        os.close(self._write)

    def silence(self) -> bool:
        """Take note of every ring so far; True when there was one."""
        self._heard_at = time.monotonic()
        try:
            return bool(os.read(self._read, PIPE_OCTETS))
        except BlockingIOError:
            return False


def is_readable(descriptors: Iterable[int], seconds: float) -> frozenset[int]:
    """Which of these have something to read, waiting for so long at most; for any number, as poll(2) is."""
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    return frozenset(descriptor for descriptor, _ in poll.poll(max(0.0, seconds) * 1000))
