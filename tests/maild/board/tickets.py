"""Tickets for a board to show: written into the ledger as filing leaves them."""

from datetime import datetime, timedelta
from typing import Any

from storage.records import SightingState
from tests.maild.office import Room
from tests.storage import entries

DAY = timedelta(days=1)


def ticket(room: Room, *, at: datetime, **values: Any) -> int:
    """A ticket whose mail arrived ``at``, and its clock of a day; ``clock``: other values of that."""
    of_clock: dict[str, Any] = {"span": 86_400, "near_at": at + 0.8 * DAY} | values.pop("clock", {})
    due_at = None if of_clock.get("stopped_at") else at + DAY
    with room.office.store.write() as tx:
        number = entries.ticket(tx, **({"arrived_at": at, "created_at": at, "due_at": due_at} | values))
        (kept,) = entries.keep(tx, next(room.uids))
        message = entries.message(tx, number, kept, arrived_at=at)
        tx.settle(kept.sighting_id, SightingState.FILED, message)
        entries.clock(tx, number, message, at=at, **of_clock)
    return number
