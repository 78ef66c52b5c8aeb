"""What the desk looks like to a monitor: gauges, read when it asks.

Stands under ``app``, beside the pages; ``metrics`` writes them out. Names of maildrops come from the
configuration, so that the label cannot grow. A ledger that does not answer leaves ``maild_up`` alone, at 0.
"""

from collections.abc import Iterator
from datetime import datetime

from maild.board.desk import BoardDesk
from maild.metrics import Gauge
from storage import outbox, tallies, troubles
from storage.database import Unavailable
from storage.tallies import Tallies


def read(desk: BoardDesk) -> tuple[Gauge, ...]:
    """Every gauge, as it stands."""
    now = desk.now()
    try:
        with desk.office.store.read() as tx:
            polled = {drop.name: drop.polled_at for drop in tx.maildrops()}
            counted = tallies.count(tx, now)
            oldest = outbox.waiting(tx, since=now).due_at
            set_aside = troubles.set_aside(tx)
    except Unavailable:
        return UNREAD
    drops = tuple(desk.config.maildrop)
    return (
        _up(1),
        *_mailboxes(drops, polled, counted),
        *_letters(counted, oldest, now),
        *_promise(counted, now),
        _one("maild_quarantine_messages", "Mails set aside because they could not be read.", set_aside),
    )


def _up(value: float) -> Gauge:
    return _one("maild_up", "1 while the ledger answers.", value)


def _mailboxes(
    drops: tuple[str, ...], polled: dict[str, datetime | None], counted: Tallies
) -> Iterator[Gauge]:
    # Never polled is 0, the beginning of time: a rule about the age of the last poll then holds, too.
    yield Gauge(
        name="maild_mailbox_last_success_timestamp_seconds",
        told="When the whole maildrop was looked at last; of a door: when it last stood open.",
        labels=("mailbox",),
        values=tuple(((d,), at.timestamp() if (at := polled.get(d)) else 0.0) for d in drops),
    )
    yield Gauge(
        name="maild_mailbox_unprocessed_messages", told="Mails that are kept and not filed yet.",
        labels=("mailbox",), values=tuple(((d,), float(counted.unfiled.get(d, 0))) for d in drops),
    )  # fmt: skip


def _letters(counted: Tallies, oldest: datetime | None, now: datetime) -> Iterator[Gauge]:
    yield Gauge(
        name="maild_outbox_messages", told="Letters that are owed: due now, or waiting for their time.",
        labels=("state",), values=((("due",), counted.due), (("later",), counted.later)),
    )  # fmt: skip
    age = max(0.0, (now - oldest).total_seconds()) if oldest else 0.0
    yield _one("maild_outbox_oldest_age_seconds", "For how long the oldest due letter has waited.", age)


def _promise(counted: Tallies, now: datetime) -> Iterator[Gauge]:
    yield Gauge(
        name="maild_tickets", told="Tickets that are not over.", labels=("state",),
        values=tuple(((s,), float(counted.tickets.get(s, 0))) for s in ("new", "taken", "waiting")),
    )  # fmt: skip
    yield Gauge(
        name="maild_sla_tickets", told="Tickets whose requester waits, by what their clock has reached.",
        labels=("state",),
        values=(
            (("ok",), counted.running), (("warning",), counted.near), (("breached",), counted.breached),
            (("paused",), counted.paused),
        ),
    )  # fmt: skip
    left = (((), (counted.next_due - now).total_seconds()),) if counted.next_due else ()
    yield Gauge(
        name="maild_sla_seconds_to_next_breach", told="Until the next limit; nothing while no clock runs.",
        values=left,
    )  # fmt: skip


def _one(name: str, told: str, value: float) -> Gauge:
    return Gauge(name=name, told=told, values=(((), float(value)),))


# All that can be said while the ledger does not answer.
UNREAD = (_up(0),)
