"""Clocks: what they count, what of them people must hear, and when they are looked at again."""

import itertools
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.decide import sla
from maild.decide.policy import Category, Policy, Sla, Team
from maild.decide.sla import Acted, Happened, Stood, Wrote
from storage.records import Clock, Stage
from tests.maild.decide.cases import DAY, HOUR, NOON, clock, policy
from tests.maild.decide.stories import POLICIES, stories

DESK = policy(sla=Sla(clock="desk"))


def at(hours: float, **values: object) -> Clock:
    """A clock with a limit of 24 hours, near it after 19.2, looked at so many hours after it began."""
    made = clock(near_at=NOON + 19.2 * HOUR, **values)
    return replace(made, stage=sla.stage(made, NOON + hours * HOUR))


@pytest.mark.parametrize(
    ("hours", "share"), [(0, 0.0), (11.9, 0.0), (12, 0.5), (19.2, 0.8), (22.8, 0.95), (24, 1.0), (99, 1.0)]
)
def test_the_highest_share_that_is_reached_counts(hours: float, share: float) -> None:
    """Of those that people are warned at, and of the whole."""
    assert sla.reached(clock(), NOON + hours * HOUR, policy()) == share


@pytest.mark.parametrize(
    ("hours", "warned", "next_hours"),
    [
        # It began on a Monday at 13:00 by the desk's time; the desk is open until 17:00, and from 08:00.
        (0, 0.0, 12),
        (12, 0.0, 19),  # half of it at one in the night: told when the desk opens
        (12, 0.5, 19.2),
        (19, 0.0, 19.2),
        (19.2, 0.5, 20),  # near: people hear of it at the next full hour
        (19.2, 0.8, 22.8),
        (20, 0.5, 21),  # told now, else at the next round
        (22.8, 0.95, 24),
        (24, 1.0, None),
    ],
)
def test_the_sweep_looks_when_there_is_something_to_do(
    hours: float, warned: float, next_hours: float | None
) -> None:
    """At each share, at the rounds of digests while one is not told, near the limit, and there."""
    looked = at(hours, warned=warned)
    then = NOON + next_hours * HOUR if next_hours is not None else None
    assert sla.next_look(looked, NOON + hours * HOUR, policy()) == then


def test_a_team_s_clock_knows_no_shares() -> None:
    """Near its limit, and there."""
    looks = [sla.next_look(at(hours, team="réseau"), NOON + hours * HOUR, policy()) for hours in (0, 20, 24)]
    assert looks == [NOON + 19.2 * HOUR, NOON + DAY, None]


def test_a_clock_that_stands_still_is_not_looked_at() -> None:
    """And reaches nothing, however long that lasts."""
    paused = at(0, paused_at=NOON + HOUR)
    assert sla.next_look(paused, NOON + 9 * DAY, policy()) is None
    assert sla.stage(paused, NOON + 9 * DAY) is Stage.RUNNING
    assert sla.reached(paused, NOON + 9 * DAY, policy()) == 0.0


def test_desk_hours_make_another_moment_of_the_same_limit() -> None:
    """A limit of 24 hours from Monday at 13:00 is over on Thursday at 10:00."""
    found = sla.limits(NOON, DESK)
    assert found.due_at == NOON + 2 * DAY + 21 * HOUR
    assert (found.span, found.desk) == (86_400, True)
    started = clock(near_at=found.near_at, due_at=found.due_at, desk=True)
    assert found.next_at == sla.at_share(started, 0.5, DESK) == NOON + DAY + 3 * HOUR
    assert sla.at_share(started, 0.8, DESK) == found.near_at
    assert sla.at_share(started, 1.0, DESK) == found.due_at


def test_what_was_paused_is_counted_in() -> None:
    """Half of the time is over later by it."""
    later = clock(paused=7200, due_at=NOON + DAY + 2 * HOUR)
    assert sla.at_share(later, 0.5, policy()) == NOON + 14 * HOUR
    assert sla.at_share(later, 1.0, policy()) == NOON + timedelta(hours=26)


@pytest.mark.parametrize(
    ("category", "team", "due"),
    [
        ("incident", "réseau", NOON + 4 * HOUR),  # until the desk closes at 17:00 by its own time
        ("", "réseau", NOON + 20 * HOUR),
        ("", "sap", NOON + 17 * DAY + 3 * HOUR),  # longer than a week: 120 hours at 45 a week
    ],
)
def test_a_limit_of_a_category_or_team_counts_desk_hours_too(category: str, team: str, due: datetime) -> None:
    """As the desk's own does."""
    desk = policy(
        sla=Sla(clock="desk"),
        categories=(Category(name="incident", limit=4 * HOUR),),
        teams=(Team(name="réseau", limit=5 * HOUR), Team(name="sap", limit=5 * DAY)),
    )
    assert sla.limits(NOON, desk, category=category, team=team).due_at == due


# --- standing still


@pytest.mark.parametrize(
    ("values", "hours", "stands"),
    [
        ({"first": False}, 5, True),
        ({"first": False}, 24, False),  # at its limit
        ({"first": False, "stage": Stage.BREACHED}, 5, False),
        ({"first": False, "stage": Stage.NEAR}, 5, True),
        ({"first": False}, -1, False),  # it began only after the ticket did wait
        ({"first": False, "paused_at": NOON + HOUR}, 5, False),
        ({"first": False, "stopped_at": NOON + HOUR}, 5, False),
        ({"first": False, "team": "réseau"}, 5, False),
        ({}, 5, False),
    ],
)
def test_what_stands_still_while_its_ticket_waits(
    values: dict[str, object], hours: int, stands: bool
) -> None:
    """A next answer that is neither given nor late; where a policy says nothing else."""
    assert sla.pauses(clock(**values), NOON + hours * HOUR, policy()) is stands
    assert not sla.pauses(clock(**values), NOON + hours * HOUR, policy(sla=Sla(pause=())))


def test_a_team_s_own_stands_still_where_the_policy_says_so() -> None:
    """Under desk hours only these count: a ticket that waits over a week-end is late by nothing for it."""
    desk = policy(sla=Sla(pause=("team",), clock="desk"))
    theirs = clock(first=False, team="réseau", desk=True)
    assert sla.pauses(theirs, NOON, desk)
    friday = NOON + 4 * DAY + 3 * HOUR  # at 16:00 by the desk's time
    monday = NOON + 7 * DAY - 4 * HOUR  # at 09:00
    on = sla.resumed(replace(theirs, due_at=friday + HOUR, paused_at=friday), monday, desk)
    assert (on.paused, on.paused_at) == (2 * 3600, None)
    assert on.due_at == monday + HOUR


def test_what_stood_still_twice_is_later_by_both() -> None:
    """Its shares too."""
    twice = sla.resumed(clock(first=False, paused=3600, paused_at=NOON + 4 * HOUR), NOON + 6 * HOUR, policy())
    assert (twice.paused, twice.due_at) == (3 * 3600, NOON + DAY + 2 * HOUR)
    assert sla.at_share(twice, 0.5, policy()) == NOON + 15 * HOUR


# --- what holds for every story of a ticket


@given(stories(), POLICIES)
def test_a_longer_story_takes_nothing_back(story: list[Happened], desk: Policy) -> None:
    """What is taken in charge stays so, no earlier act is forgotten, and no limit moves backwards."""
    courses = [sla.replayed(story[:length], desk) for length in range(1, len(story) + 1)]
    for before, after in itertools.pairwise(courses):
        assert before.taken_at is None or (after.taken_at and after.taken_at <= before.taken_at)
        for was, now in zip(before.clocks, after.clocks, strict=False):
            assert now.due_at >= was.due_at
            assert now.near_at >= was.near_at
            assert was.stopped_at is None or was.presumed or (now.stopped_at or NOON) <= was.stopped_at


@given(stories(), POLICIES)
def test_waiting_never_shortens(story: list[Happened], desk: Policy) -> None:
    """Each limit is where it would be without any waiting, or later; a first one is exactly there."""
    plain = [one for one in story if not isinstance(one, Stood)]
    for waited, other in zip(sla.replayed(story, desk).clocks, sla.replayed(plain, desk).clocks, strict=True):
        assert waited.due_at >= other.due_at
        assert waited.due_at == other.due_at or not waited.first
        assert sla.at_share(waited, 0.5, desk) >= sla.at_share(other, 0.5, desk)
        assert sla.at_share(waited, desk.sla.near, desk) == waited.near_at
        assert sla.at_share(waited, 0.5, desk) <= sla.at_share(waited, 0.95, desk) <= waited.due_at


@given(st.permutations(range(1, 5)), st.lists(st.integers(0, 100), min_size=4, max_size=4), POLICIES)
def test_of_acts_that_come_to_light_in_any_order_the_earliest_counts(
    order: list[int], hours: list[int], desk: Policy
) -> None:
    """Of those that came after the mail."""
    mails = [Wrote(at=NOON), Wrote(at=NOON + 30 * HOUR)]
    acts = [Acted(at=NOON + hours[n - 1] * HOUR) for n in order]
    course = sla.replayed([*mails, *acts], desk)
    for one in course.clocks:
        after = [act.at for act in acts if act.at >= one.started_at]
        assert one.stopped_at == min(after, default=None)
    assert course.taken_at == min(act.at for act in acts)


@given(stories(), POLICIES, st.lists(st.integers(0, 20_000), min_size=1, max_size=9).map(sorted))
def test_shares_are_reached_in_their_order_and_each_is_looked_at(
    story: list[Happened], desk: Policy, minutes: list[int]
) -> None:
    """Whatever stood still: what is reached stays reached, and the next look is never in the past."""
    for one in sla.replayed(story, desk).clocks:
        seen = [sla.reached(one, one.started_at + timedelta(minutes=m), desk) for m in minutes]
        assert seen == sorted(seen)
        now = one.started_at + timedelta(minutes=minutes[0])
        at = sla.next_look(replace(one, stage=sla.stage(one, now)), now, desk)
        assert at is None or at > now
