"""The condition of the house, as the ledger and the disk tell it: what ``maild status``, ``/readyz`` and the
alarm judge by.

Stands under all three, so that they never say different things. What only the daemon sees (a refused login, a
ledger that takes no writes) the alarm adds, and the others know it from what it has told. Raises
``storage.database.Unavailable``.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from maild.config import Config
from maild.decide import troubles as judgement
from maild.decide.troubles import QUIET, STUCK, Facts, LedgerFacts, Poll, Trouble
from storage import outbox, troubles
from storage.store import Transaction

# A limit that is passed for so long without a word says that nobody sweeps.
UNHEARD = timedelta(minutes=5)
# More of them are not counted: one is enough.
_MOST_UNHEARD = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What is wrong, if anything. ``unheard``: stages of clocks that were passed and nobody was told of."""

    troubles: tuple[Trouble, ...] = ()
    unheard: int = 0

    @property
    def problems(self) -> tuple[str, ...]:
        """Each in a sentence; none: mail is taken in, mail leaves, and no limit passes unheard."""
        said = tuple(trouble.detail for trouble in self.troubles)
        if not self.unheard:
            return said
        late = f"limits: {self.unheard} passed a stage and nobody was told; is the daemon running?"
        return (*said, late)


def judged(tx: Transaction, config: Config, now: datetime) -> Condition:
    """The house as it stands, by facts."""
    facts = Facts(
        now=now, ledger=ledger_facts(tx, intervals(config.maildrop), now),
        free=free(config.state.directory), standing=told(tx),
    )  # fmt: skip
    unheard = tx.overlooked(since=now - UNHEARD, most=_MOST_UNHEARD)
    return Condition(troubles=judgement.judge(facts), unheard=unheard)


def intervals(maildrops: Mapping[str, Any]) -> dict[str, timedelta]:
    """How often each configured maildrop is looked at; a door always."""
    return {name: getattr(drop, "poll", timedelta()) for name, drop in maildrops.items()}


def told(tx: Transaction) -> dict[str, Trouble]:
    """Every trouble that was told and is not over."""
    lasting = troubles.standing(tx)
    return {t.name: Trouble(name=t.name, since=t.since, detail=t.detail) for t in lasting}


def ledger_facts(tx: Transaction, polls: Mapping[str, timedelta], now: datetime) -> LedgerFacts:
    """What the ledger knows of the house."""
    polled = {drop.name: drop.polled_at for drop in tx.maildrops()}
    waits = outbox.waiting(tx, since=now - STUCK)
    return LedgerFacts(
        polls=tuple(Poll(name=n, every=every, polled_at=polled.get(n)) for n, every in polls.items()),
        waits_since=waits.due_at, overdue_since=waits.untried, waiting_domains=waits.domains,
        last_sent=outbox.last_sent(tx, since=now - STUCK),
        withheld=tuple(
            (at, why) for at, why in outbox.withheld(tx, since=now - QUIET) if why.startswith("budget")
        ),
        set_aside=troubles.set_aside(tx),
    )  # fmt: skip


def free(directory: Path) -> int | None:
    """Octets left on the disk of the state; None where nobody can tell."""
    try:
        return shutil.disk_usage(directory).free
    except OSError:
        return None
