"""Clocks as time passes, in seconds of a test: each stage once, each share told once, few letters."""

import json
from dataclasses import replace
from datetime import date, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest

from maild import sweep
from maild.decide.policy import Agent, Sla, Team
from maild.sweep import Swept, clocks
from storage import outbox
from storage.records import OutboxState
from tests.maild.decide.cases import ANNE, DAY, HOUR, NOON
from tests.maild.office import Room, raw, room
from tests.maild.sweep.conftest import CHEF

BOB = "bob@etnic.test"


def told(desk: Room) -> list[tuple[str, str]]:
    """Kind and recipient of what people were told of the clocks."""
    return [one for one in desk.letters() if one[0] in ("warning", "alert")]


def texts(desk: Room, kind: str) -> list[str]:
    """What those letters say, in plain text."""
    with desk.office.store.read() as tx:
        owed = outbox.letters(tx, [OutboxState.READY])
        mails = [outbox.content(tx, one.id) for one in owed if one.kind == kind]
    parts = (message_from_bytes(mail, policy=policy.default).get_body(("plain",)) for mail in mails)
    return [part.get_content().replace("\u00a0", " ") for part in parts if part]


def judged(desk: Room, **changes: Any) -> None:
    """The desk judges otherwise from now on."""
    desk.office = replace(desk.office, policy=replace(desk.office.policy, **changes))


def each_hour(desk: Room, hours: int) -> list[tuple[int, tuple[str, str]]]:
    """Who was told after so many hours."""
    found = []
    for hour in range(hours):
        before = len(told(desk))
        sweep.sweep(desk.office)
        found += [(hour, one) for one in told(desk)[before:]]
        desk.clock.later(hours=1)
    return found


def test_a_clock_comes_up_at_each_stage_once(desk: Room) -> None:
    """Near the limit it is marked; at the limit too."""
    desk.ingest(raw())
    seen = []
    for _ in range(30):
        swept = sweep.sweep(desk.office)
        seen.append((swept.near, swept.breached))
        desk.clock.later(hours=1)
    assert seen[20] == (1, 0)
    assert seen[24] == (0, 1)
    assert sum(near for near, _ in seen) == sum(over for _, over in seen) == 1
    (ticket,) = desk.tickets()
    assert (ticket.near_limit, ticket.breached) == (True, True)


def test_each_share_is_told_once_and_each_in_its_way(desk: Room) -> None:
    """Half of it passes at one in the morning and is told at eight, 80 % at a full hour, 95 % at once.

    Of the limit whoever leads hears too. Being near is no news of its own: the mail is marked.
    """
    desk.ingest(raw())
    assert each_hour(desk, 40) == [
        (19, ("warning", ANNE)),
        (20, ("warning", ANNE)),
        (23, ("alert", ANNE)),
        (24, ("alert", ANNE)),
        (24, ("alert", CHEF)),
    ]
    story = desk.rows("SELECT detail FROM event WHERE kind = 'warned' ORDER BY id")
    assert [(json.loads(row.detail)["share"], json.loads(row.detail)["by"]) for row in story] == [
        (0.5, "digest"),
        (0.8, "digest"),
        (0.95, "near"),
        (1.0, "breached"),
    ]
    assert json.loads(story[-1].detail)["to"] == [ANNE, CHEF]


def test_at_the_week_end_only_what_is_urgent_is_said(desk: Room) -> None:
    """A mail of Friday afternoon: 95 % on Saturday at once; no digest, nor on Monday what is over by then."""
    desk.clock.now = NOON + 4 * DAY + 3 * HOUR
    desk.ingest(raw())
    assert each_hour(desk, 80) == [
        (23, ("alert", ANNE)),
        (24, ("alert", ANNE)),
        (24, ("alert", CHEF)),
    ]


def test_a_daemon_that_was_down_sends_no_flood(desk: Room) -> None:
    """Forty limits passed over night: one letter a person, none for a share that was slept through."""
    desk.ingest(*(raw(f"m{n}@ecole.test", Subject=f"Sujet {n}") for n in range(40)))
    desk.clock.later(days=2)
    assert sweep.sweep(desk.office) == Swept(near=0, breached=40)
    assert told(desk) == [("alert", ANNE), ("alert", CHEF)]
    desk.clock.later(days=2)
    assert sweep.sweep(desk.office) == Swept(near=0, breached=0)
    assert len(told(desk)) == 2


def test_after_downtime_what_is_still_true_is_said_when_the_desk_is_open(desk: Room) -> None:
    """The half of four days passed while the daemon was down; it is back at night: at eight, once."""
    judged(desk, sla=Sla(limit=timedelta(days=4)))
    desk.ingest(raw())
    desk.clock.later(days=2, hours=9)
    sweep.sweep(desk.office)
    assert told(desk) == []
    assert [hour for hour, _ in each_hour(desk, 24)] == [10]


def test_all_that_a_round_finds_stands_in_one_letter_the_nearest_limit_first(desk: Room) -> None:
    """A ticket of which two mails wait stands in it once, with the earlier of their limits."""
    desk.ingest(raw("m1@ecole.test", Subject="Un"))
    desk.clock.later(minutes=10)
    desk.ingest(
        raw("m2@ecole.test", Subject="Deux"),
        raw("m3@ecole.test", Subject="Re: Un", References="<m1@ecole.test>"),
    )
    desk.clock.later(hours=18, minutes=50)
    sweep.sweep(desk.office)
    (text,) = texts(desk, "warning")
    assert text.index("[ETNIC-1001] Un") < text.index("[ETNIC-1002] Deux")
    assert text.count("[ETNIC-1001]") == 1
    assert "au plus tard le mardi 26 novembre 2024 à 13 h 00" in text
    assert len(desk.rows("SELECT 1 FROM clock WHERE warned = 0.5")) == 3
    assert len(desk.rows("SELECT 1 FROM event WHERE kind = 'warned'")) == 3


def test_shares_that_all_fall_between_two_rounds_are_told_by_the_last(desk: Room) -> None:
    """Half an hour is the limit: nobody waits for the full hour."""
    judged(desk, sla=Sla(limit=timedelta(minutes=30)))
    desk.clock.later(minutes=10)
    desk.ingest(raw())
    found = []
    for minute in range(40):
        before = len(told(desk))
        sweep.sweep(desk.office)
        found += [(minute, one) for one in told(desk)[before:]]
        desk.clock.later(minutes=1)
    assert found == [(29, ("alert", ANNE)), (30, ("alert", ANNE)), (30, ("alert", CHEF))]


def test_more_than_one_look_holds(desk: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest follows at once."""
    monkeypatch.setattr(clocks, "AT_ONCE", 3)
    desk.ingest(*(raw(f"m{n}@ecole.test", Subject=f"Sujet {n}") for n in range(10)))
    desk.clock.later(hours=20)
    assert sweep.sweep(desk.office).near == 10
    assert len(texts(desk, "warning")) == 4


def test_a_clock_that_was_stopped_comes_up_no_more(desk: Room) -> None:
    """Somebody acted in time."""
    desk.ingest(raw())
    with desk.office.store.write() as tx:
        tx.stop_clocks(1001, at=NOON + HOUR, by=ANNE, presumed=False)
    desk.clock.later(days=3)
    assert sweep.sweep(desk.office) == Swept(near=0, breached=0)
    assert told(desk) == []


def test_a_machine_whose_time_was_set_back_takes_nothing_back(desk: Room) -> None:
    """What was said stays said, and is not said again."""
    desk.ingest(raw())
    desk.clock.later(hours=23)
    sweep.sweep(desk.office)
    desk.clock.later(hours=-15)
    sweep.sweep(desk.office)
    desk.clock.later(hours=15)
    assert sweep.sweep(desk.office) == Swept(near=0, breached=0)
    assert told(desk) == [("alert", ANNE)]


def test_who_writes_three_times_makes_nobody_hear_three_times(desk: Room) -> None:
    """Whoever knows of a ticket that its limit is near, or passed, hears no more of its later mails, whose
    limits would say that there is time left; after an act, what comes then is news again."""
    desk.ingest(raw())
    for hours in (1, 5):
        desk.clock.now = NOON + hours * HOUR
        desk.ingest(raw(f"again{hours}@ecole.test", References="<m1@ecole.test>", body=f"Et alors {hours} ?"))
    desk.clock.now = NOON
    assert each_hour(desk, 40) == [
        (19, ("warning", ANNE)),
        (20, ("warning", ANNE)),
        (23, ("alert", ANNE)),
        (24, ("alert", ANNE)),
        (24, ("alert", CHEF)),
    ]
    assert [row.stage for row in desk.rows("SELECT stage FROM clock")] == ["breached"] * 3
    with desk.office.store.write() as tx:
        tx.stop_clocks(1001, at=desk.clock.now, by=ANNE, presumed=False)
    desk.ingest(raw("m9@ecole.test", References="<m1@ecole.test>", body="Toujours rien."))
    assert [who for _, who in each_hour(desk, 30)][-2:] == [("alert", ANNE), ("alert", CHEF)]


def test_of_one_ticket_the_daemon_that_was_down_tells_the_worst(desk: Room) -> None:
    """One mail is past its limit and another near: that there is little time left would be untrue."""
    desk.ingest(raw())
    desk.clock.later(hours=1)
    desk.ingest(raw("m2@ecole.test", References="<m1@ecole.test>", body="Et alors ?"))
    desk.clock.later(hours=23, minutes=20)
    sweep.sweep(desk.office)
    assert told(desk) == [("alert", ANNE), ("alert", CHEF)]
    assert [row.warned for row in desk.rows("SELECT warned FROM clock ORDER BY id")] == [1.0, 0.95]


def test_an_alert_of_one_ticket_is_that_tickets_mail_and_a_digest_is_none(desk: Room) -> None:
    """A reply to the one works like a reply to the notification; a reply to the other names its tickets."""
    desk.ingest(raw())
    each_hour(desk, 24)
    rows = desk.rows("SELECT kind, ticket_id FROM outbox WHERE kind IN ('alert', 'warning') ORDER BY id")
    assert [tuple(row) for row in rows] == [("warning", None), ("warning", None), ("alert", 1001)]
    assert "Répondez au-dessus de cette ligne" in texts(desk, "alert")[0]
    assert "#prendre 1001" in texts(desk, "warning")[0]


# --- who hears ----------------------------------------------------------------------------------------------


def test_without_agents_the_administrators_hear(tmp_path: Path) -> None:
    """A limit never passes unheard."""
    with room(tmp_path, agents=()) as desk:
        desk.ingest(raw())
        desk.clock.later(hours=19)
        sweep.sweep(desk.office)
        desk.clock.later(hours=6)
        sweep.sweep(desk.office)
        assert told(desk) == [("warning", "admin@etnic.test"), ("alert", "admin@etnic.test")]


def test_the_assignee_hears_alone_until_the_limit(desk: Room) -> None:
    """It is his ticket."""
    judged(desk, agents=(*desk.office.policy.agents, Agent(name="Bob", address=BOB)))
    desk.ingest(raw())
    with desk.office.store.write() as tx:
        tx.change_ticket(1001, assignee=BOB)
    assert [one for _, one in each_hour(desk, 30)] == [
        ("warning", BOB),
        ("warning", BOB),
        ("alert", BOB),
        ("alert", BOB),
        ("alert", CHEF),
    ]


def test_a_team_with_an_address_hears_there(desk: Room) -> None:
    """In one letter, whoever reads that mailbox."""
    judged(desk, teams=(Team(name="desk", address="equipe@etnic.test"),))
    desk.ingest(raw("m1@ecole.test"), raw("m2@ecole.test", Subject="Autre"))
    desk.clock.later(hours=19)
    sweep.sweep(desk.office)
    assert told(desk) == [("warning", "equipe@etnic.test")]


def test_whoever_is_away_is_left_in_peace(desk: Room) -> None:
    """Anne is on leave, so whoever is there hears; with the lead away as well, the administrators do, and at
    the limit all the same whoever leads."""
    away = ((date(2024, 11, 1), date(2024, 11, 30)),)
    anne, chef = desk.office.policy.agents
    judged(desk, agents=(replace(anne, away=away), chef))
    desk.ingest(raw())
    desk.clock.later(hours=19)
    sweep.sweep(desk.office)
    assert told(desk) == [("warning", CHEF)]
    judged(desk, agents=(replace(anne, away=away), replace(chef, away=away)))
    desk.clock.later(hours=4)
    sweep.sweep(desk.office)
    desk.clock.later(hours=1)
    sweep.sweep(desk.office)
    assert told(desk)[1:] == [("alert", "admin@etnic.test"), ("alert", CHEF)]


def test_a_year_passes_in_seconds(desk: Room) -> None:
    """Time is an argument everywhere: ten requests a month, half of them taken in time."""
    taken = 0
    for month in range(12):
        desk.clock.now = NOON + timedelta(days=30 * month)
        done = desk.ingest(*(raw(f"{month}.{n}@ecole.test", Subject=f"{month}/{n}") for n in range(10)))
        desk.clock.later(hours=3)
        with desk.office.store.write() as tx:
            for one in done[::2]:
                assert one.ticket is not None
                taken += bool(tx.stop_clocks(one.ticket, at=desk.clock.now, by=ANNE, presumed=False))
        desk.clock.later(hours=22)
        sweep.sweep(desk.office)
    assert taken == 60
    assert sum(ticket.breached for ticket in desk.tickets()) == 60
