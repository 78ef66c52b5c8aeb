"""A year of the desk: nobody missed, nobody told twice; and a sweep with a fault in it is found out."""

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import pytest

from maild import steps, sweep
from maild.decide import hours, sla, warnings
from maild.decide.hours import Calendar
from maild.decide.policy import Policy
from maild.ingest import Office
from maild.simulate import running
from maild.simulate.running import Found
from maild.steps import Step
from maild.sweep import standing_still
from storage.records import Clock
from storage.store import Transaction


def short(clock: str = "wall", seed: int = 1) -> Found:
    """Six weeks of it."""
    return running.simulate(days=42, seed=seed, per_day=1.5, clock=clock)


@pytest.mark.timeout(300)
def test_a_year_passes_and_everybody_heard_what_he_had_to(capsys: pytest.CaptureFixture[str]) -> None:
    """Every share of every clock once, within a sweep of it, and nothing else; the counts are printed."""
    found = running.simulate(days=365, seed=1, per_day=0.8, clock="wall")
    with capsys.disabled():
        print("\n" + ", ".join(f"{what} {count}" for what, count in sorted(found.counts.items())))  # noqa: T201
    assert found.wrong == []
    kinds = (
        "share",
        "last share",
        "limit",
        "team near",
        "team limit",
        "woken",
        "silent",
        "closed",
        "breached",
    )
    assert all(found.counts[kind] > 10 for kind in kinds)


def test_the_hours_of_the_desk_are_counted_as_well() -> None:
    """Clocks that run while the desk is open, over holidays and weekends."""
    found = short("desk", seed=3)
    assert found.wrong == []
    assert found.counts["last share"] > 5


def test_a_share_that_is_skipped_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sweep knows nothing of the last share."""
    whole = sla.reached

    def reached(clock: Clock, now: Any, policy: Policy) -> float:
        share = whole(clock, now, policy)
        return 0.8 if share == 0.95 else share

    monkeypatch.setattr(sla, "reached", reached)
    found = short()
    assert "missed: last share" in "".join(found.wrong)


def test_a_share_that_is_told_twice_is_not_due(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sweep forgets what it has told."""
    whole = Transaction.advance_clocks

    def advance(tx: Transaction, looked: Any) -> None:
        whole(tx, [(number, stage, at, 0.0) for number, stage, at, _ in looked])

    monkeypatch.setattr(Transaction, "advance_clocks", advance)
    assert "not due: share" in "".join(short().wrong)


def test_a_clock_that_should_stand_still_and_does_not_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its ticket shows a limit that there is not."""
    monkeypatch.setattr(sla, "pauses", lambda *_: False)
    assert short().wrong


def test_hours_that_are_wrong_in_summer_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or on a day that is closed: the record reads the wall, not the calendar that the clocks reckon with."""
    whole = Calendar.instant_of

    def instant_of(calendar: Calendar, day: date, minutes: int) -> datetime:
        return whole(calendar, day, minutes) + timedelta(hours=day >= date(2026, 1, 20))

    hours._of_day.cache_clear()
    with monkeypatch.context() as wrong:
        wrong.setattr(Calendar, "instant_of", instant_of)
        found = short("desk")
    hours._of_day.cache_clear()
    assert "missed" in "".join(found.wrong)
    assert "2026-01-1" not in "".join(found.wrong)


def test_a_lead_who_is_not_told_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the limit he hears, once."""
    monkeypatch.setattr(warnings, "_leads", lambda *_: ())
    found = short()
    assert "missed: limit" in "".join(found.wrong)
    assert "dora@etnic.test" in "".join(found.wrong)


def test_a_closing_that_is_forgotten_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was resolved stays so for ever."""
    monkeypatch.setattr(standing_still, "_close", lambda _: 0)
    found = short()
    assert "missed: closed" in found.wrong[0]
    assert "left: what was due" in found.wrong[1]


def test_what_comes_late_is_missed_and_then_not_due(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sweep that looks a minute too late."""
    whole = warnings.look

    def look(clock: Clock, now: Any, policy: Policy) -> Any:
        found = whole(clock, now, policy)
        return replace(found, next_at=found.next_at and found.next_at + timedelta(minutes=1))

    monkeypatch.setattr(warnings, "look", look)
    found = short()
    assert "missed" in "".join(found.wrong)
    assert "not due" in "".join(found.wrong)


class Died(Exception):
    """The process is gone."""


def test_a_sweep_that_dies_half_way_tells_nobody_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before its letters are durable or after: the next sweep tells what is left, and no more."""
    chance, whole, deaths = Random(5), sweep.sweep, Counter[Step]()

    def reached(step: Step) -> None:
        if step in (Step.SWEEPING, Step.SWEPT) and chance.random() < 0.2:
            deaths[step] += 1
            raise Died

    def swept(office: Office) -> None:
        while True:
            with suppress(Died):
                whole(office)
                return

    monkeypatch.setattr(steps, "reached", reached)
    monkeypatch.setattr(sweep, "sweep", swept)
    assert short(seed=4).wrong == []
    assert min(deaths[Step.SWEEPING], deaths[Step.SWEPT]) > 10
