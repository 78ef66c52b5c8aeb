"""The made-up month equals what was counted by hand, to the ticket."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

import pytest

from maild.decide import figures
from maild.decide.figures import Outcome, Report, Row
from maild.report.collect import collect
from storage.database import Database
from storage.store import Store, Transaction
from tests.maild.decide.cases import policy
from tests.maild.report import month

ZONE = "Europe/Brussels"


@pytest.fixture
def ledger(sqlite_base: Database) -> Iterator[tuple[Transaction, dict[str, int]]]:
    """The month, and its tickets."""
    with Store(database=sqlite_base).write() as tx:
        yield tx, month.write(tx)


def test_both_databases_tell_the_same(store: Store) -> None:
    """What is asked of the ledger is answered alike: mails, calls and their order."""
    with store.write() as tx:
        named = Named(month.write(tx))
        november = collect(tx, figures.month(date(2026, 11, 1), ZONE), policy(), month.NOW)
    assert named(november.mail.rows) == [
        "border", "in time", "at the limit", "late", "presumed", "presumed late", "out of scope",
        "late and pending", "merged", "merged", "pending",
    ]  # fmt: skip
    assert [call.at for _, call in november.phone.calls] == sorted(c.at for _, c in november.phone.calls)
    assert all(len(row.mail.sha256) == 64 for row in november.mail.rows)


def of(ledger: tuple[Transaction, dict[str, int]], day: date) -> Report:
    """The report of the month of a day."""
    return collect(ledger[0], figures.month(day, ZONE), policy(), month.NOW)


def test_the_month_equals_what_was_counted_by_hand(ledger: tuple[Transaction, dict[str, int]]) -> None:
    """Eleven mails: six in time, three late, one presumed, one that still has time."""
    november = of(ledger, date(2026, 11, 23))
    named = Named(ledger[1])
    assert named(november.mail.of(Outcome.IN_TIME)) == [
        "border", "in time", "at the limit", "out of scope", "merged", "merged",
    ]  # fmt: skip
    assert named(november.mail.of(Outcome.LATE)) == ["late", "presumed late", "late and pending"]
    assert named(november.mail.of(Outcome.PRESUMED)) == ["presumed"]
    assert named(november.mail.of(Outcome.PENDING)) == ["pending"]
    assert november.mail.share == 0.6666  # 6 of 9
    # 1:00, 3:00, 4:00, 5:00, 23:59, 24:00 and 25:30: what is presumed or pending has no time to an act.
    assert figures.median(november.mail.delays) == timedelta(hours=5)
    assert figures.p90(november.mail.delays) == timedelta(hours=25, minutes=30)
    assert november.mail.own_delays == ()
    assert named(november.out_of_scope.rows) == ["out of scope"]


def test_later_mails_are_counted_apart(ledger: tuple[Transaction, dict[str, int]]) -> None:
    """One answered within the day, one after 26 hours; neither touches the promise."""
    november = of(ledger, date(2026, 11, 1))
    named = Named(ledger[1])
    assert named(november.next_answers.of(Outcome.IN_TIME)) == ["in time"]
    assert named(november.next_answers.of(Outcome.LATE)) == ["late"]
    assert november.next_answers.share == 0.5
    assert figures.median(november.next_answers.delays) == timedelta(hours=16)


def test_each_team_category_and_beneficiary_has_its_own(
    ledger: tuple[Transaction, dict[str, int]],
) -> None:
    """The parts make up the whole; what has no category or is nobody's stands under no name."""
    november = of(ledger, date(2026, 11, 30))
    groups = {"team": november.by_team, "category": november.by_category, "entity": november.by_entity}
    counted = {
        name: [(key, len(one.rows), len(one.of(Outcome.IN_TIME)), one.share) for key, one in group.items()]
        for name, group in groups.items()
    }
    assert counted == {
        "team": [("desk", 9, 5, 0.7142), ("réseau", 2, 1, 0.5)],
        "category": [("incident", 8, 5, 0.7142), ("demande", 2, 1, 1.0), ("", 1, 0, 0.0)],
        "entity": [("", 6, 4, 0.6666), (month.ENTITY, 4, 2, 1.0), ("ETNIC", 1, 0, 0.0)],
    }


def test_the_telephone_has_objectives_of_its_own(ledger: tuple[Transaction, dict[str, int]]) -> None:
    """Five minutes are not less than five; a night in between is one opening hour; what nobody said is in no
    share."""
    phone = of(ledger, date(2026, 11, 2)).phone
    named = {number: name for name, number in ledger[1].items()}
    told = {
        name: ([named[t] for t, _ in goal.met], [named[t] for t, _ in goal.missed], goal.share)
        for name in figures.OBJECTIVES
        for goal in [getattr(phone, name)]
    }
    assert len(phone.calls) == 5
    assert told == {
        "under_5_min": (["solved"], ["five minutes", "five hours", "over night"], 0.25),
        "first_call": (["solved", "nobody said"], ["five minutes", "over night"], 0.5),
        "within_4_hours": (["solved", "five minutes", "over night"], ["five hours"], 0.75),
    }


def test_the_long_night_makes_no_mail_in_time(ledger: tuple[Transaction, dict[str, int]]) -> None:
    """October ends at midnight in Brussels, and a day and a half hour is late, whatever the wall says."""
    october = of(ledger, date(2026, 10, 1))
    named = Named(ledger[1])
    assert named(october.mail.rows) == [
        "begins october", "long night", "summer half past two", "winter half past two", "ends october",
    ]  # fmt: skip
    assert named(october.mail.of(Outcome.LATE)) == ["long night"]
    assert {when: len(rows) for when, rows in october.arrivals.items()} == {
        (3, 0): 1, (5, 20): 1, (6, 2): 2, (5, 23): 1,
    }  # fmt: skip


def test_time_to_first_answer_falls_into_bars(ledger: tuple[Transaction, dict[str, int]]) -> None:
    """Seven mails with an act that is proven; the limit itself belongs to the bar below it."""
    bars = {(b.above, b.upto): len(b.rows) for b in of(ledger, date(2026, 11, 2)).distribution if b.rows}
    assert bars == {(0, 1): 1, (2, 4): 2, (4, 8): 1, (18, 24): 2, (24, 36): 1}


def test_delays_in_opening_hours_stand_beside_those_on_the_wall(
    ledger: tuple[Transaction, dict[str, int]],
) -> None:
    """A clock that counts opening hours, less what it stood still, tells both."""
    tx, numbers = ledger
    tx.connection.exec_driver_sql(
        f"UPDATE clock SET desk = true, paused = 600 WHERE ticket_id = {numbers['at the limit']}"  # noqa: S608
    )
    november = of(ledger, date(2026, 11, 2))
    # From Tuesday 10.00 to Wednesday 10.00: seven hours and two, less ten minutes.
    assert november.mail.own_delays == (timedelta(hours=8, minutes=50),)


class Named:
    """Rows by what their tickets are for, in the order of arrival."""

    def __init__(self, numbers: dict[str, int]) -> None:
        """``numbers``: as ``month.write`` gives them."""
        self.names = {number: name for name, number in numbers.items()}

    def __call__(self, rows: Iterable[Row]) -> list[str]:
        """The names, one a row."""
        return [self.names[row.mail.ticket] for row in rows]
