"""The clock of the rehearsal: ten minutes in a second, so that a day's limit is seen to come near.

Given to the daemon as its ``now``, as any clock could be. It stands at its first instant until it is started
and at its last once it is stopped; several threads may read it. It cannot fail.
"""

import time
from datetime import datetime, timedelta


class Clock:
    """Aware UTC, ``speed`` times as fast as the world."""

    def __init__(self, first: datetime, *, speed: float) -> None:
        """``first`` is the aware instant at which it stands until `start`."""
        self._first = first
        self._speed = speed
        self._started: float | None = None
        self._stopped: float | None = None

    def start(self) -> None:
        """Let it run."""
        self._started = time.monotonic()

    def stop(self) -> None:
        """Let it stand from now on; stopping it twice changes nothing."""
        self._stopped = self._stopped or time.monotonic()

    def __call__(self) -> datetime:
        """The instant of the rehearsal."""
        if self._started is None:
            return self._first
        seconds = (self._stopped or time.monotonic()) - self._started
        return self._first + timedelta(seconds=seconds * self._speed)
