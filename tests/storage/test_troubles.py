"""The memory of the alarm: what lasts is remembered once."""

from dataclasses import replace

from storage import troubles
from storage.records import StandingTrouble
from storage.store import Store
from tests.storage.entries import HOUR, NOON

LOST = StandingTrouble(name="outbox", since=NOON, told_at=NOON + HOUR, detail="nothing leaves")


def test_a_trouble_stands_from_its_beginning_to_its_end(store: Store) -> None:
    """And begins, or ends, only once."""
    older = replace(LOST, name="disk", since=NOON - HOUR, told_at=None)
    with store.write() as tx:
        assert troubles.begin(tx, LOST)
        assert not troubles.begin(tx, replace(LOST, detail="again"))
        assert troubles.begin(tx, older)
    with store.write() as tx:
        assert troubles.standing(tx) == (older, LOST)
        assert troubles.end(tx, "outbox")
        assert not troubles.end(tx, "outbox")
        assert troubles.standing(tx) == (older,)


def test_a_probe_leaves_nothing_behind(store: Store) -> None:
    """Twice, because the first could leave something in its way."""
    for _ in range(2):
        with store.write() as tx:
            troubles.probe(tx, NOON)
            assert troubles.standing(tx) == ()
