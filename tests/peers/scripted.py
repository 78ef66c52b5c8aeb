"""A server that says what the test tells it to, line for line: for what no real server does on demand."""

import socket
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from tests.peers.child import LOOPBACK

# What a line is answered with; None: hang up; DRIBBLE: a byte now and a byte then, for ever.
Answer = Callable[[bytes], bytes | None]
DRIBBLE = b"DRIBBLE"


class Scripted:
    """Greets, then answers each line; one connection after the other.

    Args:
        answer: from a line, without its end, to the answer.
    """

    def __init__(self, greeting: bytes, answer: Answer) -> None:
        self._greeting, self._answer = greeting, answer
        self._listening = socket.create_server((LOOPBACK, 0))
        self.port = self._listening.getsockname()[1]
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        """It listens."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """It is gone."""
        self._ended.set()
        # A thread that waits in accept() is woken by being called.
        socket.create_connection((LOOPBACK, self.port)).close()
        self._thread.join(10)
        self._listening.close()

    def _serve(self) -> None:
        while not self._ended.is_set():
            caller, _ = self._listening.accept()
            with caller:
                try:
                    self._talk(caller)
                except OSError:
                    continue  # the caller is gone: the next one may come

    def _talk(self, caller: socket.socket) -> None:
        caller.sendall(self._greeting)
        with caller.makefile("rb") as lines:
            for line in lines:
                said = self._answer(line.rstrip(b"\r\n"))
                if said is None:
                    return
                while said == DRIBBLE and not self._ended.is_set():
                    caller.sendall(b".")
                    time.sleep(0.02)
                caller.sendall(said)
