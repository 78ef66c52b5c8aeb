"""How fast letters may leave: the provider's limits, and a server that refuses us.

Stands under ``outbox``, which asks before it tries a letter and says what came of it. Of one thread only; it
cannot fail.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
# A server that refuses us is asked again at growing intervals, so that no account is locked for it.
LONGEST_PAUSE = timedelta(minutes=15)


@dataclass(slots=True, kw_only=True)
class Limit:
    """At most so many letters within any ``span``.

    ``step``: those that leave within it are counted together, and count until the last of them is a span ago:
    a day of any number of letters is 1,440 numbers.
    """

    most: int
    span: timedelta
    step: timedelta = timedelta()
    _left: deque[tuple[datetime, datetime, int]] = field(default_factory=deque)  # first, last, how many
    _count: int = 0

    def wait(self, now: datetime) -> timedelta:
        """How long until one more may leave; zero when it may leave now."""
        while self._left and self._left[0][1] <= now - self.span:
            self._count -= self._left.popleft()[2]
        return timedelta() if self._count < self.most else self._left[0][1] + self.span - now

    def spend(self, at: datetime) -> None:
        """One left."""
        first, last, count = at, at, 0
        if self._left and at - self._left[-1][0] < self.step:
            first, last, count = self._left.pop()
        self._left.append((first, max(last, at), count + 1))
        self._count += 1


@dataclass(slots=True)
class Pace:
    """What holds the whole outbox back: the provider's rate, and a server that refuses us."""

    limits: tuple[Limit, ...]
    refusals: int = 0
    resume_at: datetime | None = None

    def wait(self, now: datetime) -> timedelta:
        """How long until a letter may be tried; zero when one may be tried now."""
        paused = self.resume_at - now if self.resume_at is not None else timedelta()
        return max(timedelta(), paused, *(limit.wait(now) for limit in self.limits))

    def spend(self, at: datetime) -> None:
        """A letter left, or may have."""
        for limit in self.limits:
            limit.spend(at)

    def pause(self, now: datetime, retry: Sequence[timedelta]) -> None:
        """The server refuses us: nothing is tried before the next step has passed."""
        self.refusals += 1
        self.resume_at = now + min(retry[min(self.refusals, len(retry)) - 1], LONGEST_PAUSE)

    def go_on(self) -> None:
        """The server takes our mail, or refuses only some of it."""
        self.refusals, self.resume_at = 0, None


def paced(*, per_minute: int, per_day: int, sent: Iterable[datetime] = ()) -> Pace:
    """The provider's limits, with what left during the last day, in order, counted in."""
    pace = Pace((Limit(most=per_minute, span=MINUTE), Limit(most=per_day, span=DAY, step=MINUTE)))
    for at in sent:
        pace.spend(at)
    return pace
