"""One exchange with a server must end: each read has its time-out, a server that dribbles has none.

Stands below the receivers and the courier, beside ``bell``. Whoever talks to a server does so inside
``exchange``; a timer asks ``cut_if_overdue``, and a connection that is cut fails in the thread that uses it
as any other broken connection does. A greeting that dribbles is not covered: the libraries hand their
socket out only after it. It cannot fail itself.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


class Line:
    """What is being said on one connection at a time; used by its thread, cut by another.

    Args:
        longest: seconds that one exchange may last, however often something was heard meanwhile.
    """

    def __init__(self, longest: float) -> None:
        self.longest = longest
        self._turn = threading.Lock()
        self._begun: float | None = None
        self._hang_up: Callable[[], None] | None = None

    @contextmanager
    def exchange(self, hang_up: Callable[[], None]) -> Iterator[None]:
        """Something is asked and answered; ``hang_up`` breaks the connection under it and never raises."""
        with self._turn:
            self._begun, self._hang_up = time.monotonic(), hang_up
        try:
            yield
        finally:
            with self._turn:
                self._begun = self._hang_up = None

    def cut_if_overdue(self, now: float | None = None) -> bool:
        """Break the connection under an exchange that lasts too long; True when that was done.

        Args:
            now: seconds of the monotonic clock.
        """
        at = time.monotonic() if now is None else now
        with self._turn:
            return self._begun is not None and at - self._begun >= self.longest and self._cut()

    def cut(self) -> bool:
        """Break the connection under whatever is being said; False when nothing was."""
        with self._turn:
            return self._cut()

    def _cut(self) -> bool:
        # Inside the turn: a moment later the socket's number may be another connection's.
        hang_up, self._begun, self._hang_up = self._hang_up, None, None
        if hang_up is not None:
            hang_up()
        return hang_up is not None


def hang_up(connection: socket.socket | None) -> None:
    """Break a connection; whoever reads from it in another thread hears that it ended."""
    if connection is not None:
        # Under TLS as well: the wire alone, for the TLS object belongs to the thread that reads.
        with suppress(OSError):  # it is gone already, which is what was wanted
            socket.socket.shutdown(connection, socket.SHUT_RDWR)
