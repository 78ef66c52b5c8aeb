"""How the desk stands now, as a wall shows it: counted by the ledger, the nearest limits first."""

from datetime import timedelta

from storage import overview
from storage.overview import TeamCount, Today
from storage.records import SightingState
from storage.store import Store, Transaction
from tests.storage.entries import DAY, HOUR, NOON, clock, keep, message, ticket

MORNING = NOON - 12 * HOUR


def filed(
    tx: Transaction, uid: int, *, hours: float, clocks: dict[str, object] | None = None, **values: object
) -> int:
    """A ticket whose mail arrived so many hours before noon, and its clock."""
    at = NOON - timedelta(hours=hours)
    (kept,) = keep(tx, uid)
    due_at = None if (clocks or {}).get("stopped_at") else at + DAY
    number = ticket(tx, **({"arrived_at": at, "due_at": due_at} | values))
    row = message(tx, number, kept)
    tx.settle(kept.sighting_id, SightingState.FILED, row)
    clock(tx, number, row, at=at, **(clocks or {}))
    return number


def test_an_empty_desk(store: Store) -> None:
    with store.read() as tx:
        assert overview.overview(tx, since=MORNING) == overview.Overview(unfiled={})


def test_the_nearest_limits_first_and_no_more_than_are_shown(store: Store) -> None:
    """With their clocks; a ticket whose clocks stand still is not among them."""
    with store.write() as tx:
        late, early = filed(tx, 1, hours=1), filed(tx, 2, hours=5)
        filed(tx, 3, hours=9, due_at=None, status="waiting")
        filed(tx, 4, hours=0.5)
    with store.read() as tx:
        found = overview.overview(tx, since=MORNING, most=2)
    assert [state.ticket.id for state in found.nearest] == [early, late]
    assert [clock.due_at for state in found.nearest for clock in state.running] == [
        NOON - 5 * HOUR + DAY, NOON - HOUR + DAY,
    ]  # fmt: skip


def test_every_team_is_counted(store: Store) -> None:
    """Open tickets only; who is past the limit is not near it besides."""
    with store.write() as tx:
        filed(tx, 1, hours=20, near_limit=True)
        filed(tx, 2, hours=25, near_limit=True, breached=True, status="taken")
        filed(tx, 3, hours=2, status="waiting", due_at=None)
        filed(tx, 4, hours=2, team="réseau")
        filed(tx, 5, hours=2, status="closed", due_at=None)
    with store.read() as tx:
        found = overview.overview(tx, since=MORNING)
    assert set(found.teams) == {
        TeamCount(team="desk", open=3, untaken=1, waiting=1, running=2, near=1, breached=1),
        TeamCount(team="réseau", open=1, untaken=1, running=1),
    }


def test_the_day_is_counted_from_its_beginning(store: Store) -> None:
    """Who wrote first, what was taken and in time, later answers; no spam, no team's own clock, and no act of
    which only a flag on the mail tells."""
    with store.write() as tx:
        filed(tx, 1, hours=3)
        filed(tx, 2, hours=13)
        filed(tx, 3, hours=3, status="taken", clocks={"stopped_at": NOON})
        filed(tx, 4, hours=30, status="taken", clocks={"stopped_at": NOON})
        filed(tx, 5, hours=60, status="taken", clocks={"stopped_at": MORNING - HOUR})
        filed(tx, 6, hours=2, status="taken", clocks={"stopped_at": NOON, "first": False})
        filed(tx, 7, hours=2, status="spam", clocks={"stopped_at": NOON})
        filed(tx, 8, hours=2, status="taken", clocks={"stopped_at": NOON, "team": "réseau", "first": False})
        filed(tx, 9, hours=2, status="taken", clocks={"stopped_at": NOON, "presumed": True})
    with store.read() as tx:
        assert overview.overview(tx, since=MORNING).today == Today(arrived=3, taken=2, in_time=1, answered=1)


def test_what_is_kept_and_not_filed_is_counted(store: Store) -> None:
    """By the maildrop that it lies in."""
    with store.write() as tx:
        filed(tx, 1, hours=1)
        keep(tx, 2, 3)
        keep(tx, 1, name="door")
    with store.read() as tx:
        found = overview.overview(tx, since=MORNING)
    assert found.unfiled == {"support": 2, "door": 1}
    assert [drop.name for drop in found.maildrops] == ["support", "door"]
