"""The passing of time: clocks that run towards their limit, tickets that wait or are forgotten, and digests.

Stands beside the receivers, started by ``timers``. It touches only what is due, page by page, and writes what
people are told in the transaction that records that they know: so nothing is said twice, whatever dies when.
Raises ``storage.database.Unavailable``; the next sweep finds the same again.
"""

from dataclasses import dataclass

from maild.ingest import Office
from maild.sweep import clocks, digests, standing_still


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What one sweep found: clocks that came near their limit or reached it, tickets that woke, that had
    fallen silent, that closed."""

    near: int
    breached: int
    woken: int = 0
    silent: int = 0
    closed: int = 0


def sweep(office: Office, *, final: bool = False) -> Swept:
    """Advance every clock that is due, tell those who must know, and mark the mails to be marked.

    Args:
        final: nothing more will come in this run, so that a digest of old mail need not wait.
    """
    near, breached = clocks.advance(office)
    still = standing_still.look_after(office)
    digests.announce_backlog(office, final=final)
    digests.announce_junk(office)
    return Swept(near=near, breached=breached, woken=still.woken, silent=still.silent, closed=still.closed)
