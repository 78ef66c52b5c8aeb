"""Visits as the ledger keeps them, and the change that an undo finds, on both databases."""

import json
from datetime import timedelta
from typing import Any

from storage import handling, repair
from storage.records import Event
from storage.store import Store, Transaction
from tests.storage.entries import HOUR, NOON, ticket

MARC = "marc@extern.test"


def plan(tx: Transaction, number: int, uid: str = "v1@etnic.test", **values: object) -> int:
    """A visit of a ticket; its row."""
    made: dict[str, object] = {
        "ticket_id": number, "uid": uid, "sequence": 0, "technician": MARC, "technician_name": "Marc",
        "place": "Namur", "description": "Un toner.", "starts_at": NOON + 24 * HOUR,
        "ends_at": NOON + 25 * HOUR, "ordered_by": "anne@etnic.test", "state": "asked", "requester_state": "",
    }  # fmt: skip
    return handling.plan_visit(tx, made | values)


def changed(tx: Transaction, number: int, cause: str, visit: int, **after: Any) -> None:
    """An agent's change, as its story has it."""
    detail = {"before": dict.fromkeys(after), "after": after, "visit": visit}
    story = Event(
        ticket_id=number, at=NOON, kind="changed", actor="anne@etnic.test", cause=cause,
        detail=json.dumps(detail),
    )  # fmt: skip
    tx.add_events([story])


def test_a_visit_is_planned_and_changed(store: Store) -> None:
    """Instants keep their zone."""
    with store.write() as tx:
        number = ticket(tx)
        row = plan(tx, number)
        handling.change_visit(tx, row, sequence=1, state="accepted", starts_at=NOON + timedelta(days=2))
        (visit,) = handling.visits(tx, number)
        assert (visit.id, visit.sequence, visit.state) == (row, 1, "accepted")
        assert visit.starts_at == NOON + timedelta(days=2)
        assert handling.visits_of(tx, [number, number + 1]) == {number: [visit], number + 1: []}


def test_the_visits_of_merged_tickets_are_those_of_the_survivor(store: Store) -> None:
    """However often it was merged; of no other, and no more when the merge is undone."""
    with store.write() as tx:
        survivor, other = ticket(tx), ticket(tx)
        middle = ticket(tx, merged_into=survivor)
        last = ticket(tx, merged_into=middle)
        rows = [plan(tx, number, f"v{number}@etnic.test") for number in (survivor, middle, last, other)]
        assert [visit.id for visit in handling.visits(tx, survivor)] == rows[:3]
        tx.change_ticket(middle, merged_into=None)
        assert [visit.id for visit in handling.visits(tx, survivor)] == rows[:1]


def test_the_last_change_names_the_visit_that_still_stands(store: Store) -> None:
    """One that was called off is no change to undo; columns that changed with it are."""
    with store.write() as tx:
        number = ticket(tx)
        row = plan(tx, number)
        changed(tx, number, "m1", row, assignee="anne@etnic.test")
        changed(tx, number, "m2", row)
        found = repair.last_change(tx, number)
        assert found is not None
        assert (found.cause, found.visit) == ("m2", row)
        handling.change_visit(tx, row, state="cancelled")
        found = repair.last_change(tx, number)
        assert found is not None
        assert (found.cause, found.visit) == ("m1", 0)
