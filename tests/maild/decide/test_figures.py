"""What becomes of a mail, which days a span has, and how a middle is found: by tables, and for any input."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.decide import figures
from maild.decide.figures import Outcome, Row, Tally
from storage.records import Status, TimedMail
from tests.maild.decide.cases import DAY, HOUR, NOON

BRUSSELS = "Europe/Brussels"
SECOND = timedelta(seconds=1)


def mail(**values: Any) -> TimedMail:
    """A mail of noon, with a day's limit."""
    made: dict[str, Any] = {
        "ticket": 1001, "mail_id": "m", "sha256": "0" * 64, "first": True, "started_at": NOON,
        "due_at": NOON + DAY, "stopped_at": None, "presumed": False, "status": Status.NEW,
    }  # fmt: skip
    return TimedMail(**(made | values))


@pytest.mark.parametrize(
    ("values", "now", "outcome"),
    [
        ({}, NOON + HOUR, Outcome.PENDING),
        ({}, NOON + DAY, Outcome.PENDING),
        ({}, NOON + DAY + SECOND, Outcome.LATE),
        ({"stopped_at": NOON + DAY}, NOON + 2 * DAY, Outcome.IN_TIME),
        ({"stopped_at": NOON + DAY + SECOND}, NOON + 2 * DAY, Outcome.LATE),
        ({"stopped_at": NOON + HOUR, "presumed": True}, NOON + 2 * DAY, Outcome.PRESUMED),
        ({"stopped_at": NOON + DAY + SECOND, "presumed": True}, NOON + 2 * DAY, Outcome.LATE),
        # It stands still before its limit: time passes without it.
        ({"paused_at": NOON + HOUR}, NOON + 9 * DAY, Outcome.PENDING),
        ({"paused_at": NOON + DAY + SECOND}, NOON + 9 * DAY, Outcome.LATE),
        ({"stopped_at": NOON + 8 * DAY, "paused_at": NOON + HOUR}, NOON + 9 * DAY, Outcome.IN_TIME),
    ],
)
def test_what_became_of_a_mail(values: dict[str, Any], now: datetime, outcome: Outcome) -> None:
    """At the limit is in time; a second later is late, whoever is presumed to have acted."""
    assert figures.outcome_of(mail(**values), now) is outcome


@pytest.mark.parametrize(
    ("day", "since", "until"),
    [
        (date(2026, 11, 23), "2026-10-31T23:00", "2026-11-30T23:00"),
        (date(2026, 10, 1), "2026-09-30T22:00", "2026-10-31T23:00"),
        (date(2026, 3, 31), "2026-02-28T23:00", "2026-03-31T22:00"),
        (date(2026, 12, 31), "2026-11-30T23:00", "2026-12-31T23:00"),
        (date(2028, 2, 29), "2028-01-31T23:00", "2028-02-29T23:00"),
    ],
)
def test_a_month_goes_from_midnight_to_midnight_at_the_desk(day: date, since: str, until: str) -> None:
    """By the clocks of Brussels, an hour more in October and less in March."""
    span = figures.month(day, BRUSSELS)
    assert (span.since, span.until) == (_utc(since), _utc(until))
    assert span.is_month
    assert span.name == f"{day:%Y-%m}"


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_span_of_days_is_named_by_them() -> None:
    """Both ends count; it is no month, though it may be as long as one."""
    span = figures.days(date(2026, 11, 2), date(2026, 12, 1), BRUSSELS)
    assert (span.name, span.is_month) == ("2026-11-02_2026-12-01", False)
    assert span.until - span.since == timedelta(days=30)


@given(st.dates(date(1990, 1, 1), date(2190, 1, 1)))
def test_months_stand_end_to_end(day: date) -> None:
    """The month before ends where this one begins: no mail is between two reports, none in both."""
    assert figures.month_before(day, BRUSSELS).until == figures.month(day, BRUSSELS).since


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=50))
def test_the_middle_and_the_nine_of_ten(seconds: list[int]) -> None:
    """Half are not above the median at least, and nine of ten not above the other, which is one of them."""
    spans = [timedelta(seconds=s) for s in seconds]
    median, most = figures.median(spans), figures.p90(spans)
    assert median is not None
    assert most in spans
    assert sum(s <= median for s in spans) * 2 >= len(spans)
    assert sum(s <= most for s in spans) * 10 >= 9 * len(spans)
    assert sum(s < most for s in spans) * 10 < 9 * len(spans)


@given(st.lists(st.sampled_from([1, 23, 25, None]), max_size=60), st.integers(0, 40))
def test_every_mail_is_counted_once(hours: list[int | None], later: int) -> None:
    """The outcomes make up the whole, and only a whole share is one."""
    now = NOON + timedelta(hours=later)
    mails = [mail(stopped_at=NOON + h * HOUR if h else None) for h in hours]
    rows = tuple(
        Row(mail=m, outcome=figures.outcome_of(m, now), delay=(m.stopped_at or now) - NOON) for m in mails
    )
    tally = Tally(rows=rows)
    assert sum(len(tally.of(outcome)) for outcome in Outcome) == len(rows)
    judged = len(tally.of(Outcome.IN_TIME)) + len(tally.of(Outcome.LATE))
    assert (tally.share == 1) is (judged > 0 and not tally.of(Outcome.LATE))
    assert (tally.share is None) is (judged == 0)


def test_nothing_measured_has_no_middle() -> None:
    """A dash, not a zero."""
    assert figures.median(()) is None
    assert figures.p90(()) is None
