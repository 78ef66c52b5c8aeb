"""Mails that a server may not be able to give: asked for alone, after all others, and ever more rarely.

Stands under ``intake``. A server that cannot read one of its mails refuses the whole batch, hangs up (Dovecot
does), or answers what nobody understands; which mail it was it does not say. So whatever was asked for when a
session ended is in doubt: the next session asks for each of these by itself, when all others are filed, and
the one that fails by itself waits longer each time. It is the memory of one process, used by one thread; a
restart finds the same out again. It cannot fail.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from maild.receive.mailbox import Unreachable

# A cut connection is no mail's fault: so often a mail may fail alone before it is left aside for a while.
PATIENCE = 3
FIRST_WAIT, LAST_WAIT = timedelta(minutes=1), timedelta(hours=1)

# (maildrop, UIDVALIDITY)
Folder = tuple[int, int]


@dataclass(slots=True, kw_only=True)
class Doubt:
    """What is known against one mail. ``failures``: so often a session ended when it was asked for alone."""

    failures: int = 0
    until: datetime | None = None
    why: str = ""
    told: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """How mails are to be asked for: many at once, then one by one; and those that have to wait."""

    plain: list[int]
    alone: list[int]
    waiting: list[int]


@dataclass(slots=True)
class Doubts:
    """Every doubt about the mails of one mailbox. ``sessions``: how many have ended in one."""

    sessions: int = 0
    _of: dict[Folder, dict[int, Doubt]] = field(default_factory=dict)
    _haste: Counter[Folder] = field(default_factory=Counter)

    def keep_only(self, folder: Folder, uids: Sequence[int]) -> None:
        """What is not among these has come, or is gone."""
        if doubted := self._of.get(folder):
            self._of[folder] = {uid: doubted[uid] for uid in uids if uid in doubted}

    def order(self, folder: Folder, uids: Sequence[int], now: datetime) -> Order:
        """Sort out some mails of a folder; of those to be asked for alone the least doubtful come first."""
        doubted = self._of.get(folder, {})
        waiting = {uid for uid, doubt in doubted.items() if doubt.until is not None and now < doubt.until}
        alone = [uid for uid in uids if uid in doubted and uid not in waiting]
        return Order(
            plain=[uid for uid in uids if uid not in doubted],
            alone=sorted(alone, key=lambda uid: doubted[uid].failures),
            waiting=[uid for uid in uids if uid in waiting],
        )

    def untold(self, folder: Folder, uids: Sequence[int]) -> dict[int, Doubt]:
        """Of these the doubts that nobody has heard of yet; from now on they count as told."""
        found = {uid: self._of[folder][uid] for uid in uids if not self._of[folder][uid].told}
        for doubt in found.values():
            doubt.told = True
        return found

    @contextmanager
    def in_hand(self, folder: Folder, uids: Sequence[int], now: datetime) -> Iterator[None]:
        """These are being asked for: if that ends the session they are in doubt."""
        try:
            yield
        except Unreachable as error:
            self.sessions += 1
            doubted = self._of.setdefault(folder, {})
            for uid in uids:
                doubt = doubted.setdefault(uid, Doubt())
                doubt.why = str(error)
                if len(uids) == 1:
                    doubt.failures += 1
                    doubt.until = _end(doubt.failures, now)
            raise

    @contextmanager
    def in_haste(self, folder: Folder) -> Iterator[None]:
        """All mails of a folder are being asked for something, to save time: none of them is to blame."""
        try:
            yield
        except Unreachable:
            self.sessions += 1
            self._haste[folder] += 1
            raise

    def allow_haste(self, folder: Folder) -> bool:
        """It has not ended several sessions."""
        return self._haste[folder] < PATIENCE

    def clear(self, folder: Folder, uids: Sequence[int]) -> None:
        """These have come."""
        for uid in uids:
            self._of.get(folder, {}).pop(uid, None)


def _end(failures: int, now: datetime) -> datetime | None:
    if failures < PATIENCE:
        return None
    doubled = 1 << min(failures - PATIENCE, 12)
    return now + min(LAST_WAIT, FIRST_WAIT * doubled)
