"""What people hear of a clock: by shares, by the hour of the desk, each once; and who they are."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.decide import sla, warnings
from maild.decide.policy import Agent, Policy, Sla, Team
from maild.decide.warnings import Looked, Way
from storage.records import Clock, Stage
from tests.maild.decide.cases import ANNE, DAY, HOUR, NOON, clock, policy, ticket

CHEF = Agent(name="Chef", address="chef@etnic.test", teams=("direction",), lead=True, language="nl")
BOB = Agent(name="Bob", address="bob@etnic.test", teams=("réseau",))
NOVEMBER = ((date(2024, 11, 1), date(2024, 11, 30)),)


def at(hours: float) -> datetime:
    """So long after one o'clock on a Monday in Brussels, when the clock started."""
    return NOON + hours * HOUR


@pytest.mark.parametrize(
    ("hours", "warned", "way"),
    [
        (11.9, 0.0, None),
        (12, 0.0, None),  # half of it, at one in the morning
        (18.9, 0.0, None),
        (19, 0.0, Way.DIGEST),  # eight o'clock
        (19, 0.5, None),
        (19.5, 0.5, None),  # 80 %, at half past eight
        (20, 0.5, Way.DIGEST),
        (22.8, 0.8, Way.NEAR),
        (22.8, 0.0, Way.NEAR),  # what came before it is told by it
        (22.9, 0.95, None),
        (24, 0.95, Way.BREACHED),
        (24, 0.0, Way.BREACHED),
        (100, 1.0, None),
    ],
)
def test_shares_are_told_in_their_way_and_once(hours: float, warned: float, way: Way | None) -> None:
    """Together at a full hour, the last at once, the limit at once."""
    found = warnings.look(clock(warned=warned), at(hours), policy())
    assert found.way is way
    reached = sla.reached(clock(), at(hours), policy())
    assert found.clock.warned == (reached if way else warned)


@pytest.mark.parametrize(
    ("hours", "stage", "advanced"),
    [(19, Stage.RUNNING, False), (19.2, Stage.NEAR, True), (24, Stage.BREACHED, True)],
)
def test_a_stage_comes_beside_the_shares(hours: float, stage: Stage, advanced: bool) -> None:
    """Near is a mark on the mail, and no letter."""
    near_at = NOON + 0.8 * DAY
    found = warnings.look(clock(near_at=near_at, warned=0.5), at(hours), policy())
    assert (found.clock.stage, found.advanced) == (stage, advanced)


@pytest.mark.parametrize("shares", [(), (1.0,), (0.3,), (0.3, 1.0)])
def test_a_desk_may_warn_as_it_likes(shares: tuple[float, ...]) -> None:
    """Not at all before the limit, or by one share, which is the last."""
    judged = policy(sla=Sla(warn_at=shares))
    ways = [way for _, way in followed(clock(), judged)]
    assert ways == {(): [Way.BREACHED], (1.0,): [Way.BREACHED], (0.3,): [Way.NEAR, Way.BREACHED]}.get(
        shares, [Way.DIGEST, Way.BREACHED]
    )


def test_a_specialist_teams_own_clock_tells_by_its_stages_alone() -> None:
    """Its letters are others."""
    assert {warnings.look(clock(team="réseau"), at(hours), policy()).way for hours in range(40)} == {None}


def followed(started: Clock, judged: Policy) -> list[tuple[datetime, Way]]:
    """Sweep only when the clock itself says so: when people heard, and how."""
    told: list[tuple[datetime, Way]] = []
    now, looks = started.started_at, 0
    while True:
        found: Looked = warnings.look(started, now, judged)
        started = found.clock
        told += [(now, found.way)] if found.way else []
        if found.next_at is None:
            return told
        assert found.next_at > now
        now, looks = found.next_at, looks + 1
        assert looks < 50


WEEK = timedelta(days=7)
starts = st.integers(0, int(WEEK.total_seconds())).map(lambda seconds: NOON + timedelta(seconds=seconds))
limits = st.integers(60, 10 * 86_400)
shares = st.lists(st.sampled_from([0.1, 0.25, 0.5, 0.75, 0.8, 0.9, 0.95]), max_size=4, unique=True)


def started(at: datetime, span: int) -> Clock:
    """A clock of so many seconds."""
    limit = timedelta(seconds=span)
    return clock(started_at=at, span=span, near_at=at + 0.8 * limit, due_at=at + limit)


@given(starts, limits, shares)
def test_whoever_looks_when_told_to_misses_nothing(at: datetime, span: int, warn_at: list[float]) -> None:
    """The last share at its instant, the limit at its instant; digests at full hours of the desk; shares
    rise."""
    judged = policy(sla=Sla(limit=timedelta(seconds=span), warn_at=tuple(sorted(warn_at))))
    one = started(at, span)
    told = followed(one, judged)
    assert [moment for moment, way in told if way is Way.BREACHED] == [one.due_at]
    last = [sla.at_share(one, max(warn_at), judged)] if warn_at else []
    assert [moment for moment, way in told if way is Way.NEAR] == last
    digests = [moment for moment, way in told if way is Way.DIGEST]
    assert all(judged.calendar.is_open(moment) for moment in digests)
    assert len(digests) <= max(0, len(warn_at) - 1)
    assert all((moment.minute, moment.second) == (0, 0) for moment in digests)


@given(starts, limits, st.lists(st.integers(0, 12 * 86_400), max_size=30))
def test_however_irregularly_one_looks_nothing_is_told_twice(
    at: datetime, span: int, looks: list[int]
) -> None:
    """Also where the time was set back: what was told only rises, and nothing is said when nothing is new."""
    one, judged = started(at, span), policy()
    told: list[float] = []
    for seconds in looks:
        found = warnings.look(one, at + timedelta(seconds=seconds), judged)
        assert found.clock.warned >= one.warned
        assert (found.way is None) == (found.clock.warned == one.warned)
        told += [found.clock.warned] if found.way else []
        one = found.clock
    assert told == sorted(set(told))


@pytest.mark.parametrize(
    ("way", "changes", "people"),
    [
        (Way.DIGEST, {}, [(ANNE, "fr")]),
        (Way.NEAR, {}, [(ANNE, "fr")]),
        (Way.BREACHED, {}, [(ANNE, "fr"), ("chef@etnic.test", "nl")]),
        (None, {}, [(ANNE, "fr")]),
        (Way.NEAR, {"assignee": "bob@etnic.test"}, [("bob@etnic.test", "fr")]),
        (Way.NEAR, {"team": "réseau"}, [("bob@etnic.test", "fr")]),
        (Way.NEAR, {"team": "poste"}, [("poste@etnic.test", "fr")]),
        (Way.BREACHED, {"assignee": "chef@etnic.test"}, [("chef@etnic.test", "nl")]),
    ],
)
def test_who_hears(way: Way | None, changes: dict[str, Any], people: list[tuple[str, str]]) -> None:
    """Whoever has the ticket; at the limit whoever leads as well, once."""
    judged = policy(
        agents=(Agent(name="Anne", address=ANNE), CHEF, BOB),
        teams=(Team(name="poste", address="poste@etnic.test"),),
    )
    assert list(warnings.hearers(ticket(**changes), way, NOON, judged)) == people


def test_where_everybody_is_away_the_administrators_hear_and_at_the_limit_the_leads() -> None:
    """A limit never passes unheard."""
    judged = policy(agents=tuple(replace(one, away=NOVEMBER) for one in (CHEF, BOB)))
    assert warnings.hearers(ticket(), Way.NEAR, NOON, judged) == (("admin@etnic.test", "fr"),)
    assert warnings.hearers(ticket(), Way.BREACHED, NOON, judged) == (("chef@etnic.test", "nl"),)


def test_an_absence_begins_at_the_desk_s_midnight() -> None:
    """Half past eleven in the evening in UTC is the first day of it in Brussels, and half past ten is not."""
    first_day = date(2024, 12, 24)
    away = Agent(name="Anne", address=ANNE, away=((first_day, first_day),))
    desk = policy(agents=(away, replace(BOB, teams=("desk",))))
    evening = datetime(2024, 12, 23, 22, 30, tzinfo=UTC)
    mine = ticket(assignee=ANNE)
    assert [one for one, _ in warnings.hearers(mine, Way.NEAR, evening, desk)] == [ANNE]
    assert [one for one, _ in warnings.hearers(mine, Way.NEAR, evening + HOUR, desk)] == [BOB.address]
