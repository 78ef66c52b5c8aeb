"""On the first day of a month the promise of the last one is proven, by mail, to those who answer for it."""

from datetime import UTC, datetime

from tests.scenarios.desk import ANNE, MONDAY, Desk, mail

LEA = "lea@etnic.test"


def test_the_month_is_mailed_once_on_the_first_day_of_the_next(desk: Desk) -> None:
    """One mail of November that nobody took: 0 %, with its digest; restarted passes say it no second time."""
    lead = {"name": "Léa", "address": LEA, "lead": True, "teams": ["leads"]}
    desk.configure(agent=[{"name": "Anne", "address": ANNE}, lead], report={"mail": True})
    desk.receive(mail("m1@ecole.test"), at=MONDAY)
    desk.once()
    assert desk.letters(LEA) == []
    desk.now = datetime(2024, 12, 1, 6, 2, tzinfo=UTC)
    for _ in range(2):
        desk.once()
        desk.later(minutes=5)
    (letter,) = desk.letters(LEA, "Rapport mensuel, novembre 2024")
    (page,) = letter.iter_attachments()
    assert page.get_filename() == "report-2024-11.html"
    (filed,) = [m for m in desk.thread(1001) if m.direction == "in"]
    assert filed.sha256 in page.get_content()
    assert desk.letters(ANNE, "Rapport") == []
