"""Digests of mail that nobody was told of one by one."""

from datetime import UTC, datetime

import pytest

from maild import sweep
from maild.sweep.digests import last_morning
from tests.maild.decide.cases import ANNE, DAY, NOON
from tests.maild.office import Room, raw


def test_a_backlog_is_told_in_one_digest_when_it_has_settled(desk: Room) -> None:
    """Half a minute after the last old mail, or at the end of a single pass."""
    desk.ingest(*(raw(f"m{n}@ecole.test", Subject=f"Vieux {n}") for n in range(5)), at=NOON - 3 * DAY)
    sweep.sweep(desk.office)
    assert "digest" not in dict(desk.letters())
    desk.clock.later(seconds=31)
    sweep.sweep(desk.office)
    sweep.sweep(desk.office)
    assert [to for kind, to in desk.letters() if kind == "digest"] == [ANNE]
    assert not [kind for kind, _ in desk.letters() if kind in ("receipt", "notification")]


@pytest.mark.parametrize(
    ("now", "morning"),
    [
        ("2024-11-25T05:59:59", "2024-11-24T06:00:00"),
        ("2024-11-25T06:00:00", "2024-11-25T06:00:00"),
        ("2024-11-25T23:30:00", "2024-11-25T06:00:00"),
        ("2024-10-27T05:30:00", "2024-10-26T05:00:00"),
        ("2024-10-27T06:00:00", "2024-10-27T06:00:00"),
    ],
    ids=["before", "at", "at night", "summer", "summer is over"],
)
def test_the_morning_is_the_desks_own(now: str, morning: str) -> None:
    """Seven o'clock in Brussels, in winter and in summer."""
    wanted, at = (datetime.fromisoformat(one).replace(tzinfo=UTC) for one in (morning, now))
    assert last_morning(at, "Europe/Brussels") == wanted
