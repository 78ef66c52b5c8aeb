"""Instants and spans in words, in the desk's own time."""

from datetime import UTC, datetime, timedelta

import pytest

from maild import instants
from tests.maild.correspondence import DATES, DUE, LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_deadline_in_the_desks_local_time(language: str) -> None:
    """The form that people of each language read."""
    assert instants.deadline(DUE, "Europe/Brussels", language) == DATES[language]


@pytest.mark.parametrize(
    ("utc", "expected"),
    [
        ("2026-03-29T00:59", "dimanche 29 mars 2026 à 1 h 59"),
        ("2026-03-29T01:00", "dimanche 29 mars 2026 à 3 h 00"),
        ("2026-10-24T23:59", "dimanche 25 octobre 2026 à 1 h 59"),
        ("2026-10-25T00:30", "dimanche 25 octobre 2026 à 2 h 30 (heure d’été)"),
        ("2026-10-25T01:30", "dimanche 25 octobre 2026 à 2 h 30 (heure d’hiver)"),
        ("2026-10-25T02:00", "dimanche 25 octobre 2026 à 3 h 00"),
        ("2026-11-30T23:05", "mardi 1er décembre 2026 à 0 h 05"),
        ("2026-12-31T22:59", "jeudi 31 décembre 2026 à 23 h 59"),
    ],
)
def test_deadline_on_the_nights_when_clocks_change(utc: str, expected: str) -> None:
    """No hour that does not exist, and which of two where one comes twice."""
    at = datetime.fromisoformat(utc).replace(tzinfo=UTC)
    assert instants.deadline(at, "Europe/Brussels", "fr").replace("\u00a0", " ") == expected


def test_deadline_in_a_language_without_a_form_of_its_own() -> None:
    """An operator's own language gets Babel's day."""
    assert instants.deadline(DUE, "Europe/Brussels", "it") == "martedì 24 novembre 2026, 14:32"


@pytest.mark.parametrize(
    ("language", "hours", "expected"),
    [
        ("fr", 1, "mardi 24 novembre 2026 à 14\u00a0h\u00a032 – 15\u00a0h\u00a032"),
        ("nl", 1, "dinsdag 24 november 2026 om 14.32 uur – 15.32 uur"),
        ("de", 1, "Dienstag, 24. November 2026, um 14:32 Uhr – 15:32 Uhr"),
        ("en", 1, "Tuesday 24 November 2026 at 14:32 – 15:32"),
        ("it", 1, "martedì 24 novembre 2026, 14:32 – 15:32"),
        ("en", 24, "Tuesday 24 November 2026 at 14:32 – Wednesday 25 November 2026 at 14:32"),
    ],
)
def test_a_span_names_its_day_once(language: str, hours: int, expected: str) -> None:
    """Unless it ends on another."""
    assert instants.span(DUE, DUE + timedelta(hours=hours), "Europe/Brussels", language) == expected


@pytest.mark.parametrize(
    ("language", "moment", "hours", "percent", "number", "month"),
    [
        ("fr", "24/11/2026 14 h 32", "27 h 05", "97,4 %", "1 234", "novembre 2026"),
        ("nl", "24/11/2026 14.32", "27 u 05", "97,4%", "1.234", "november 2026"),
        ("de", "24.11.2026 14:32", "27 Std. 05", "97,4 %", "1.234", "November 2026"),
        ("en", "24/11/2026 14:32", "27 h 05", "97.4%", "1,234", "November 2026"),
    ],
)
def test_figures_as_belgium_writes_them(
    language: str, moment: str, hours: str, percent: str, number: str, month: str
) -> None:
    """A minute that has begun counts, and a share is rounded down; no line breaks within any of them."""
    told = (
        instants.moment(DUE, "Europe/Brussels", language),
        instants.hours(timedelta(hours=27, minutes=4, seconds=1), language),
        instants.percent(0.9749, language),
        instants.number(1234, language),
    )
    assert told == tuple(
        text.replace(" ", "\u00a0").replace("2026\u00a0", "2026 ")
        for text in (moment, hours, percent, number)
    )
    assert instants.month_of(DUE.date(), language) == month


@pytest.mark.parametrize(
    ("share", "told"), [(1.0, "100,0"), (0.9999, "99,9"), (0.2999, "29,9"), (0.29, "29,0"), (0.0, "0,0")]
)
def test_only_the_whole_is_a_hundred(share: float, told: str) -> None:
    """What is not whole never looks so."""
    assert instants.percent(share, "fr") == f"{told}\u00a0%"


def test_a_moment_of_the_hour_that_comes_twice_says_which() -> None:
    """In a column, too."""
    at = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert instants.moment(at, "Europe/Brussels", "en") == "25/10/2026 02:30 (summer time)"
