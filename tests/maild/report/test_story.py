"""A month of mails, acts and flags, told to the real flow and counted by hand: October 2025, with its long
night. What the ledger makes of them is no part of this."""

from datetime import UTC, date, datetime, timedelta

import pytest

from maild import byhand, sweep
from maild.decide import figures
from maild.decide.figures import Outcome, Report, Tally
from maild.decide.policy import Agent
from maild.effects.clocks import presume_answered
from maild.report.collect import collect
from tests.maild.decide.cases import ANNE
from tests.maild.office import Room, raw, room

HOUR = timedelta(hours=1)


def at(text: str) -> datetime:
    """An instant in UTC: "10-02 08:00" of 2025."""
    return datetime.fromisoformat(f"2025-{text.replace(' ', 'T')}").replace(tzinfo=UTC)


# When, what it is for, what it answers ("" for nothing), who wrote.
MAILS = (
    ("09-30 21:59:59", "september", "", "ann"),
    ("09-30 22:00:00", "midnight", "", "bea"),
    ("10-01 08:00:00", "september again", "september", "ann"),
    ("10-05 08:00:00", "impatient", "", "cis"),
    ("10-05 09:00:00", "impatient again", "impatient", "cis"),
    ("10-05 20:00:00", "impatient still", "impatient", "cis"),
    ("10-07 08:00:00", "spam", "", "dov"),
    ("10-08 08:00:00", "no spam", "", "dov"),
    ("10-12 07:00:00", "out of scope", "", "eva"),
    ("10-13 08:00:00", "merged", "", "fay"),
    ("10-13 10:00:00", "merged away", "", "fay"),
    ("10-14 08:00:00", "resolved", "", "gus"),
    ("10-14 10:00:00", "Merci beaucoup", "resolved", "gus"),
    ("10-15 08:00:00", "reopened", "resolved", "gus"),
    ("10-16 08:00:00", "presumed", "", "hal"),
    ("10-17 08:00:00", "presumed late", "", "ida"),
    ("10-19 08:00:00", "waits", "", "jo"),
    ("10-19 10:00:00", "waits again", "waits", "jo"),
    ("10-22 08:00:00", "split", "", "kim"),
    ("10-22 09:00:00", "split off", "split", "kim"),
    ("10-25 18:00:00", "long night", "", "lou"),
    ("10-30 12:00:00", "late", "", "max"),
    ("10-31 12:00:00", "pending", "", "nel"),
    ("10-31 22:59:59", "last second", "", "oto"),
    ("10-31 23:00:00", "november", "", "pia"),
)
# When, on whose ticket, what; a ticket is named by what it is for.
ORDERS = (
    ("10-01 07:00", "september", "prendre"),
    ("10-01 10:00", "september", "prendre"),
    ("10-01 22:00", "midnight", "prendre"),  # at the limit itself
    ("10-06 12:00", "impatient", "prendre"),
    ("10-07 09:00", "spam", "spam"),
    ("10-08 09:00", "no spam", "spam"),
    ("10-10 09:00", "no spam", "rouvrir"),
    ("10-12 08:00", "out of scope", "hors-périmètre matériel"),
    ("10-13 11:00", "merged away", "fusionner merged"),
    ("10-13 14:00", "merged", "prendre"),
    ("10-14 09:00", "resolved", "résolu"),
    ("10-16 09:00", "resolved", "prendre"),
    ("10-19 09:00", "waits", "prendre"),
    ("10-19 11:00", "waits", "attente 2j"),
    ("10-22 07:00", "waits", "prendre"),
    ("10-22 10:00", "split", "détacher"),
    ("10-22 12:00", "split", "prendre"),
    ("10-26 18:30", "long night", "prendre"),
    ("11-01 07:00", "last second", "prendre"),
)
# When \Answered was seen, and on what.
FLAGS = (("10-16 10:00", "presumed"), ("10-18 09:00", "presumed late"))
NOW = at("11-01 08:00")


@pytest.fixture(scope="module")
def october(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """All of it in its order, with a sweep before each, and the report on the first of November."""
    tickets: dict[str, int] = {}
    with room(tmp_path_factory.mktemp("october"), agents=(Agent(name="Anne", address=ANNE),)) as desk:
        for when, *what in sorted([*MAILS, *ORDERS, *FLAGS]):
            desk.clock.now = at(when)
            sweep.sweep(desk.office)
            match what:
                case name, answers, who:
                    _write(desk, tickets, name, answers, who)
                case name, order:
                    _order(desk, tickets, name, order)
                case (name,):
                    _flag(desk, tickets, name)
        desk.clock.now = NOW
        with desk.office.store.read() as tx:
            span = figures.month(date(2025, 10, 1), desk.office.policy.desk.timezone)
            return collect(tx, span, desk.office.policy, NOW)


def _id(name: str) -> str:
    return f"{name.replace(' ', '.')}@ecole.test"


def _write(desk: Room, tickets: dict[str, int], name: str, answers: str, who: str) -> None:
    headers = {"From": f"{who}@ecole.test", "Subject": f"Re: {answers}" if answers else name}
    headers |= {"In_Reply_To": f"<{_id(answers)}>"} if answers else {}
    (done,) = desk.ingest(raw(_id(name), body=f"{name}\n", **headers))
    assert done.ticket is not None
    tickets[name] = done.ticket


def _order(desk: Room, tickets: dict[str, int], name: str, order: str) -> None:
    verb, _, argument = order.partition(" ")
    argument = str(tickets.get(argument, argument))
    with desk.office.store.write() as tx:
        result = byhand.order(tx, tickets[name], verb, argument, desk.office, by="operator:anne")
    assert not result.refused, result.lines


def _flag(desk: Room, tickets: dict[str, int], name: str) -> None:
    now = desk.clock.now
    with desk.office.store.write() as tx:
        assert presume_answered(
            tx, tickets[name], begun=now, at=now, mail_id="poll", policy=desk.office.policy
        )


def named(tally: Tally, outcome: Outcome) -> list[str]:
    """What the mails are for, each known by the instant at which it arrived."""
    names = {at(when): name for when, name, _, _ in MAILS}
    return [names[row.mail.started_at] for row in tally.of(outcome)]


def test_the_promise_is_counted_once_a_request(october: Report) -> None:
    """Sixteen requests: who writes again, before anybody acts or after, asks for nothing new; who says thanks
    waits for nothing; a mail that was split off is a request of its own, and each of two that were merged;
    whoever was taken for a spammer has waited until somebody thought better of it."""
    mail = october.mail
    assert named(mail, Outcome.IN_TIME) == [
        "midnight", "out of scope", "merged", "merged away", "resolved", "waits", "split", "last second",
    ]  # fmt: skip
    assert named(mail, Outcome.LATE) == [
        "impatient", "no spam", "presumed late", "split off", "long night", "late",
    ]  # fmt: skip
    assert named(mail, Outcome.PRESUMED) == ["presumed"]
    assert named(mail, Outcome.PENDING) == ["pending"]
    assert mail.share == 0.5714  # 8 of 14
    # 1, 1, 1, 4, 4, 6, 8 and a second, 24, 24.5, 28 and 49 hours.
    assert figures.median(mail.delays) == 6 * HOUR
    assert figures.p90(mail.delays) == 28 * HOUR
    assert [row.mail.started_at for row in october.out_of_scope.rows] == [at("10-12 07:00")]


def test_next_answers_are_counted_apart(october: Report) -> None:
    """Five; one of them waited for two days of which nobody is to blame."""
    later = october.next_answers
    assert named(later, Outcome.IN_TIME) == ["september again", "impatient still", "waits again"]
    assert named(later, Outcome.LATE) == ["impatient again", "reopened"]
    assert [row.delay / HOUR for row in later.rows] == [2, 27, 16, 25, 69]


def test_what_was_merged_stands_under_the_number_that_goes_on(october: Report) -> None:
    """So that each can be looked at."""
    merged = [row for row in october.mail.rows if row.mail.started_at.date() == date(2025, 10, 13)]
    assert len({row.mail.ticket for row in merged}) == 1
    assert [row.delay / HOUR for row in merged] == [6, 4]
