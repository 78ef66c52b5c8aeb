"""What a monitor draws, counted by hand."""

from storage import outbox, tallies
from storage.outbox import Settlement
from storage.records import OutboxState
from storage.store import Store
from storage.tallies import Tallies
from tests.storage.entries import DAY, HOUR, NOON, clock, inbox, keep, message, owe, ticket


def test_an_empty_desk(store: Store) -> None:
    with store.read() as tx:
        assert tallies.count(tx, NOON) == Tallies(
            unfiled={}, due=0, later=0, tickets={}, running=0, near=0, breached=0, paused=0, next_due=None
        )


def test_each_is_counted_once(store: Store) -> None:
    """What is over is in none of them."""
    with store.write() as tx:
        inbox(tx)
        first, second = keep(tx, 1, 2, 3)[:2]
        keep(tx, 1, name="other")
        ticket(tx)
        ticket(tx, status="taken", near_limit=True, due_at=NOON + HOUR)
        ticket(tx, status="taken", near_limit=True, breached=True, due_at=NOON - HOUR)
        held = ticket(tx, status="waiting", due_at=None)
        closed = ticket(tx, status="closed", due_at=None)
        clock(tx, held, message(tx, held, first), paused_at=NOON, next_at=None)
        clock(tx, closed, message(tx, closed, second), stopped_at=NOON, next_at=None)
        owe(tx)
        owe(tx, now=NOON + DAY)
        owe(tx, held="later")
        owe(tx, "sent")
        (*_, sent) = outbox.claim(tx, holder="a", now=NOON, until=NOON + HOUR, limit=1)
        outbox.settle(tx, "a", Settlement(id=sent.id, state=OutboxState.SENT, reply="250", at=NOON))
    with store.read() as tx:
        assert tallies.count(tx, NOON) == Tallies(
            unfiled={"support": 3, "other": 1}, due=1, later=1,
            tickets={"new": 1, "taken": 2, "waiting": 1}, running=1, near=1, breached=1, paused=1,
            next_due=NOON + HOUR,
        )  # fmt: skip
