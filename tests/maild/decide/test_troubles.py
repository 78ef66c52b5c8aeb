"""What is trouble and what is not: each check with what it may know, and with what it may not."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.decide import troubles
from maild.decide.troubles import ROOM, Contact, Facts, LedgerFacts, Poll, Reach, Trouble, judge
from tests.maild.decide.cases import HOUR, NOON

MINUTE = timedelta(minutes=1)
LONG_AGO = NOON - 24 * HOUR


def ago(**span: float) -> datetime:
    """An instant before noon."""
    return NOON - timedelta(**span)


def names(**values: Any) -> list[str]:
    """What is wrong at noon, in a house that has been looked at since yesterday."""
    return [trouble.name for trouble in judge(facts(**values))]


def facts(*standing: str, **values: Any) -> Facts:
    """These facts, the rest as in a house where all is well."""
    ledger = LedgerFacts(**{
        name: values.pop(name) for name in list(values) if name in LedgerFacts.__dataclass_fields__
    })  # fmt: skip
    stands = {name: Trouble(name=name, since=LONG_AGO, detail="as told") for name in standing}
    made: dict[str, Any] = {"now": NOON, "ledger": ledger, "started_at": LONG_AGO, "free": 10 * ROOM}
    return Facts(**made | {"standing": stands} | values)


def contact(reach: Reach, who: str = "submission") -> dict[str, Contact]:
    """How a server met us, since an hour ago."""
    return {who: Contact(who=who, reach=reach, since=NOON - HOUR, reason="535 no")}


def poll(at: datetime | None, every: timedelta = timedelta(seconds=30)) -> tuple[Poll, ...]:
    """One maildrop."""
    return (Poll(name="support", every=every, polled_at=at),)


def test_a_house_where_all_is_well() -> None:
    """Has no trouble."""
    assert names(polls=poll(NOON), last_sent=NOON) == []


@pytest.mark.parametrize(
    ("last", "every", "wrong"),
    [
        (ago(minutes=5), MINUTE, False),
        (ago(minutes=5, seconds=1), MINUTE, True),
        (ago(minutes=29), 10 * MINUTE, False),
        (ago(minutes=31), 10 * MINUTE, True),
        (None, MINUTE, True),
    ],
)
def test_a_maildrop_is_silent_after_five_minutes_or_three_polls(
    last: datetime | None, every: timedelta, wrong: bool
) -> None:
    """Whichever is longer; one that was never polled is silent since the start."""
    assert names(polls=poll(last, every)) == (["maildrop:support"] if wrong else [])


def test_a_process_is_not_blamed_for_the_time_before_it() -> None:
    """A desk that was switched off over night is not in trouble when it starts."""
    assert names(polls=poll(ago(hours=9)), started_at=ago(minutes=4)) == []
    assert names(polls=poll(ago(hours=9)), started_at=ago(minutes=5)) == ["maildrop:support"]
    assert names(polls=poll(ago(hours=9)), started_at=None) == ["maildrop:support"]
    waits: dict[str, Any] = {"waits_since": ago(hours=9), "overdue_since": ago(hours=9)}
    assert names(**waits, started_at=ago(minutes=14)) == []
    assert names(**waits, started_at=ago(minutes=15)) == ["outbox"]


def test_a_restart_ends_no_trouble() -> None:
    """What stood before it stands until the facts say otherwise; and keeps its beginning and its words."""
    new: dict[str, Any] = {"started_at": NOON}
    stands = facts("maildrop:support", "login:submission", "outbox", polls=poll(ago(hours=9)),
                   waits_since=ago(hours=9), **new)  # fmt: skip
    assert {t.name: t.since for t in judge(stands)} == dict.fromkeys(stands.standing, LONG_AGO)
    assert {t.detail for t in judge(stands)} == {"as told"}
    assert names(standing=stands.standing, polls=poll(NOON), contacts=contact(Reach.WELL), **new) == []


@pytest.mark.parametrize(
    ("found", "stuck"),
    [
        ({}, False),
        ({"waits_since": ago(minutes=16), "overdue_since": ago(minutes=15)}, True),
        # Put off by its own server, and nobody else waits.
        ({"waits_since": ago(hours=3), "waiting_domains": 1, "overdue_since": ago(minutes=-9)}, False),
        ({"waits_since": ago(hours=3), "waiting_domains": 2, "overdue_since": ago(minutes=-9)}, True),
        ({"waits_since": ago(hours=3), "contacts": contact(Reach.LOST)}, True),
        ({"waits_since": ago(hours=3), "contacts": contact(Reach.WELL), "waiting_domains": 1}, False),
        # Something leaves: it moves, however slowly.
        ({"waits_since": ago(hours=3), "overdue_since": ago(hours=1), "last_sent": ago(minutes=14)}, False),
        ({"waits_since": ago(hours=3), "overdue_since": ago(hours=1), "last_sent": ago(minutes=15)}, True),
    ],
)
def test_the_outbox_is_stuck_when_a_letter_waits_and_nothing_leaves(
    found: dict[str, Any], stuck: bool
) -> None:
    """One recipient whose server puts us off is no trouble of ours."""
    assert names(**found) == (["outbox"] if stuck else [])


@pytest.mark.parametrize("who", ["submission", "maildrop support"])
def test_a_refused_login_is_told_at_once_and_its_consequences_are_not(who: str) -> None:
    """One cause, one alert."""
    found = names(contacts=contact(Reach.REFUSED, who), polls=poll(NOON if who == "submission" else LONG_AGO),
                  waits_since=LONG_AGO if who == "submission" else None, overdue_since=LONG_AGO)  # fmt: skip
    assert found == [f"login:{who}"]


def test_a_consequence_that_was_told_before_its_cause_is_not_taken_back() -> None:
    """The outbox was stuck before the server began to refuse us."""
    found = facts("outbox", waits_since=LONG_AGO, contacts=contact(Reach.REFUSED))
    assert [t.name for t in judge(found)] == ["login:submission", "outbox"]


@pytest.mark.parametrize("reach", [Reach.WELL, Reach.LOST])
def test_a_server_that_lets_us_in_or_is_away_refuses_nobody(reach: Reach) -> None:
    """A server that is away is told by what does not arrive or leave."""
    assert names(contacts=contact(reach)) == []


def test_the_breaker_is_open_until_an_hour_after_the_last_withheld_answer() -> None:
    """Since the first of them, with its reason."""
    withheld = ((ago(minutes=59), "budget: b"), (ago(minutes=59, seconds=30), "budget: a"))
    (found,) = judge(facts(withheld=withheld))
    assert (found.name, found.since) == ("breaker", ago(minutes=59, seconds=30))
    assert "budget: a" in found.detail
    assert judge(facts("breaker", withheld=withheld)) == (facts("breaker").standing["breaker"],)
    assert names(withheld=((ago(minutes=60), "budget: b"),)) == []


@pytest.mark.parametrize(
    ("free", "standing", "wrong"),
    [
        (ROOM, (), False),
        (ROOM - 1, (), True),
        (ROOM, ("disk",), True),
        (ROOM + ROOM // 4, ("disk",), False),
        (None, (), False),
        (None, ("disk",), True),
    ],
)
def test_a_disk_is_nearly_full_until_there_is_room_again(
    free: int | None, standing: tuple[str, ...], wrong: bool
) -> None:
    """It does not flap at the edge, and what nobody can tell changes nothing."""
    assert [t.name for t in judge(facts(*standing, free=free))] == (["disk"] if wrong else [])


@pytest.mark.parametrize(
    ("since", "standing", "wrong"),
    [
        (None, (), False),
        (ago(seconds=59), (), False),
        (ago(seconds=60), (), True),
        (ago(seconds=5), ("database",), True),
        (None, ("database",), False),
    ],
)
def test_a_database_is_in_trouble_after_a_minute(
    since: datetime | None, standing: tuple[str, ...], wrong: bool
) -> None:
    """It is busy now and then."""
    found = judge(facts(*standing, unwritable_since=since, unwritable_reason="disk is full"))
    assert [t.name for t in found] == (["database"] if wrong else [])


def test_many_mails_set_aside_are_a_trouble() -> None:
    """Each single one is told by itself."""
    assert names(set_aside=troubles.MANY_SET_ASIDE - 1) == []
    assert names(set_aside=troubles.MANY_SET_ASIDE) == ["quarantine"]


ALL = ("database", "disk", "login:submission", "maildrop:support", "outbox", "breaker", "quarantine")


def test_a_ledger_that_does_not_answer_ends_no_trouble() -> None:
    """What only it knows stands as it stood."""
    found = replace(facts(*ALL), ledger=None, unwritable_since=ago(hours=1))
    assert {t.name for t in judge(found)} == set(ALL) - {"disk"}


@given(st.sets(st.sampled_from(ALL)), st.booleans(), st.sampled_from([None, *Reach]))
def test_to_judge_twice_is_to_judge_once(stood: set[str], blind: bool, reach: Reach | None) -> None:
    """Nothing begins or ends while the facts stay."""
    met = contact(reach) if reach else {}
    one = facts(*stood, polls=poll(ago(hours=1)), waits_since=ago(minutes=20), contacts=met, free=ROOM)
    one = replace(one, ledger=None) if blind else one
    first = judge(one)
    assert len({t.name for t in first}) == len(first)
    assert judge(replace(one, standing={t.name: t for t in first})) == first
