"""Sets of UIDs, kept as ranges: a server numbers its mail upwards, and most of it is there to be known.

Stands under ``intake``: what is known of a mailbox of 100,000 mails is a few numbers, and comparing it with
what is there is as quick. It cannot fail.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence


class Uids:
    """A set of UIDs (RFC 9051 2.3.1.1)."""

    def __init__(self, uids: Iterable[int] = ()) -> None:
        # Where a range begins and, one further, where it has ended; ascending, by turns.
        self._bounds: list[int] = []
        self._count = 0
        self.add(sorted(uids))

    def add(self, uids: Iterable[int]) -> None:
        """Quickest where they ascend."""
        for uid in uids:
            if self._bounds and self._bounds[-1] == uid:
                self._bounds[-1] = uid + 1
                self._count += 1
            else:
                self._put(uid)

    def _put(self, uid: int) -> None:
        at = bisect_right(self._bounds, uid)
        if at % 2:
            return
        after = at > 0 and self._bounds[at - 1] == uid
        before = at < len(self._bounds) and self._bounds[at] == uid + 1
        # A neighbour's bound moves, or goes where two ranges become one.
        self._bounds[at - after : at + before] = [uid] * (not after) + [uid + 1] * (not before)
        self._count += 1

    def __len__(self) -> int:
        return self._count

    def unknown(self, there: Sequence[int]) -> list[int]:
        """Those of ``there``, ascending, that are not in the set."""
        found: list[int] = []
        at = 0
        for first, end in zip(self._bounds[::2], self._bounds[1::2], strict=True):
            begin = bisect_left(there, first, at)
            found += there[at:begin]
            at = bisect_left(there, end, begin)
        return [*found, *there[at:]]
