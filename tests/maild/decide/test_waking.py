"""A ticket whose waiting is over."""

from datetime import date
from typing import Any

import pytest

from maild.decide.decision import Amend, Brief, Change, Note
from maild.decide.policy import Agent
from maild.decide.waking import woken
from storage.records import Status
from tests.maild.decide.cases import ANNE, HOUR, NOON, facts, policy, state

BOB = "bob@etnic.test"
AWAY = ((date(2024, 11, 20), date(2024, 11, 30)),)


def wakes(*, away: bool = False, **ticket: Any) -> tuple[Change, ...]:
    """What becomes of a ticket that waited until noon, on a desk of Anne and Bob."""
    bob = Agent(name="Bob", address=BOB, teams=("réseau",), language="nl", away=AWAY if away else ())
    desk = policy(agents=(Agent(name="Anne", address=ANNE), bob))
    values: dict[str, Any] = {"status": Status.WAITING, "wake_at": NOON}
    return woken(state(**(values | ticket)), facts(), desk)


@pytest.mark.parametrize(
    ("ticket", "status"), [({}, "new"), ({"taken_at": NOON - HOUR, "assignee": ANNE}, "taken")]
)
def test_it_stands_where_it_stood_before(ticket: dict[str, Any], status: str) -> None:
    """New when nobody ever took it; its story says that it woke."""
    amended, note, _ = wakes(**ticket)
    assert amended == Amend(values=(("status", status), ("wake_at", None)))
    assert note == Note(kind="woken", actor="clock", detail=(("status", status),))


@pytest.mark.parametrize(
    ("ticket", "people"),
    [
        ({}, ((ANNE, "fr"),)),
        ({"assignee": BOB}, ((BOB, "nl"),)),
        ({"team": "réseau"}, ((BOB, "nl"),)),
        ({"assignee": BOB, "away": True}, ((ANNE, "fr"),)),
    ],
)
def test_whoever_has_it_hears_of_it(ticket: dict[str, Any], people: tuple[tuple[str, str], ...]) -> None:
    """The assignee, in his absence the team."""
    *_, brief = wakes(**ticket)
    assert brief == Brief(recipients=people, reason="woken")


def test_without_agents_the_administrators_hear() -> None:
    """Nothing comes back unseen."""
    *_, brief = woken(state(status=Status.WAITING, wake_at=NOON), facts(), policy(agents=()))
    assert brief == Brief(recipients=(("admin@etnic.test", "fr"),), reason="woken")


@pytest.mark.parametrize("status", [Status.TAKEN, Status.CLOSED, Status.MERGED])
def test_what_no_longer_waits_wakes_nobody(status: Status) -> None:
    assert wakes(status=status) == (Amend(values=(("wake_at", None),)),)
