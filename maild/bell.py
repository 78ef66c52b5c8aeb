"""A bell that wakes a thread from sleep, also from a sleep in ``poll`` or in IDLE.

Below everything that runs in a thread of its own: rung when there is work, or when it is time to stop.
One pipe a bell; ringing twice is ringing once. It cannot fail after it is made.
"""

import os
import select
import threading


class Bell:
    """Rung by anybody, heard by the one thread that owns it."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)
        self._closing = threading.Event()

    @property
    def is_closing(self) -> bool:
        """The owner is asked to finish what it has begun and to return."""
        return self._closing.is_set()

    def fileno(self) -> int:
        """What ``select`` and ``poll`` wait for."""
        return self._read

    def ring(self) -> None:
        """There is work."""
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
        ready, _, _ = select.select([self._read], [], [], max(0.0, seconds))
        return self.silence() if ready else False

    def silence(self) -> bool:
        """Take note of every ring so far; True when there was one."""
        try:
            return bool(os.read(self._read, 4096))
        except BlockingIOError:
            return False
