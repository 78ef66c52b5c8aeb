"""The month's report is mailed once: on its day, or when the daemon is back, whoever else would mail it."""

import email
import email.policy
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from maild import retention
from maild.decide.policy import Agent
from maild.report import monthly
from maild.retention import Spans
from storage import outbox
from tests.maild.office import Room, room
from tests.maild.report import month

ANNE, LEA, PIET = "anne@etnic.test", "lea@etnic.test", "piet@etnic.test"
PEOPLE = (
    Agent(name="Anne", address=ANNE),
    Agent(name="Léa", address=LEA, lead=True),
    Agent(name="Piet", address=PIET, lead=True, language="nl"),
)
FIRST_AT_SEVEN = datetime(2026, 12, 1, 6, 0, tzinfo=UTC)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Room]:
    """A desk with two leads, and the made-up month in its ledger; it is seven on 1 December."""
    with room(tmp_path, agents=PEOPLE) as made:
        with made.office.store.write() as tx:
            month.write(tx)
        made.clock.now = FIRST_AT_SEVEN
        yield made


def test_the_leads_get_it_once(desk: Room) -> None:
    """Each in his language: figures and breaches in the words, the page as a file."""
    assert monthly.mail(desk.office, ()) == 2
    assert monthly.mail(desk.office, ()) == 0
    assert sorted(desk.letters()) == [("digest", LEA), ("digest", PIET)]
    letters = written(desk)
    subjects = {str(letter["Subject"]) for letter in letters}
    assert subjects == {
        "Rapport mensuel, novembre 2026\u00a0: 66,6\u00a0% de prises en charge à temps",
        "Verslag van november 2026: 66,6% op tijd in behandeling genomen",
    }
    for letter in letters:
        assert letter["Auto-Submitted"] == "auto-generated"
        (file,) = letter.iter_attachments()
        assert file.get_filename() == "report-2026-11.html"
        assert "Content-Security-Policy" in file.get_content()
        text = letter.get_body(("plain",))
        assert text is not None
        assert "25\u00a0h\u00a030" in text.get_content() or "25\u00a0u\u00a030" in text.get_content()
        assert "maild report --month 2026-11 --html report-2026-11.html" in text.get_content()


@pytest.mark.parametrize(
    ("now", "letters"),
    [
        # Six on the first day: October's had all of November.
        (datetime(2026, 12, 1, 5, 59, tzinfo=UTC), 0),
        (FIRST_AT_SEVEN, 2),
        # The daemon was down.
        (datetime(2026, 12, 19, 12, 0, tzinfo=UTC), 2),
        # 31 December, 23.59 in Brussels: still November's.
        (datetime(2026, 12, 31, 22, 59, tzinfo=UTC), 2),
        # In January it is December's, in which one mail came.
        (datetime(2027, 1, 1, 6, 0, tzinfo=UTC), 2),
        # In March nothing has come for a month.
        (datetime(2027, 3, 1, 6, 0, tzinfo=UTC), 0),
    ],
)
def test_when_it_is_due(desk: Room, now: datetime, letters: int) -> None:
    """From seven on the first day by the desk's clocks, for as long as that month lasts."""
    desk.clock.now = now
    assert monthly.mail(desk.office, ()) == letters


def test_a_month_that_was_mailed_is_not_mailed_with_the_next(desk: Room) -> None:
    """November's at the first, December's a month later, to the recipients of then."""
    assert monthly.mail(desk.office, [ANNE]) == 1
    desk.clock.now = datetime(2027, 1, 20, 12, 0, tzinfo=UTC)
    assert monthly.mail(desk.office, [ANNE, "Direction@etnic.test"]) == 2
    owed = desk.rows("SELECT substr(owed, 1, 15), recipient FROM outbox ORDER BY id")
    assert [tuple(row) for row in owed] == [
        ("report:2026-11:", ANNE),
        ("report:2026-12:", ANNE),
        ("report:2026-12:", "direction@etnic.test"),
    ]


def test_a_month_is_not_mailed_again_when_its_letter_was_erased(desk: Room) -> None:
    """Letters may be kept for a week only; who had the report is known all the same."""
    monthly.mail(desk.office, ())
    with desk.office.store.write() as tx:
        tx.connection.exec_driver_sql("UPDATE outbox SET state = 'sent', next_at = NULL")
    desk.clock.later(days=8)
    assert retention.purge(desk.office, Spans(outbox=timedelta(days=7))).letters == 2
    assert monthly.mail(desk.office, ()) == 0
    assert LEA not in str(desk.rows("SELECT * FROM outbox"))


def test_a_month_of_next_answers_alone_promises_no_share(desk: Room) -> None:
    """Nobody asked for anything new: there is nothing to judge, and the letter says no dash in its place."""
    with desk.office.store.write() as tx:
        tx.connection.exec_driver_sql("UPDATE clock SET first = false")
    monthly.mail(desk.office, [ANNE])
    (letter,) = written(desk)
    text = letter.get_body(("plain",))
    assert str(letter["Subject"]) == "Rapport mensuel, novembre 2026"
    assert text is not None
    assert "0 demande" not in text.get_content()


def test_two_daemons_that_look_at_once_mail_it_once(desk: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have seen that nothing is owed; the ledger lets one of them write it."""
    monkeypatch.setattr(outbox, "is_owed", lambda _tx, _owed: False)
    monthly.mail(desk.office, ())
    monthly.mail(desk.office, ())
    assert sorted(desk.letters()) == [("digest", LEA), ("digest", PIET)]


def test_a_page_that_no_server_would_take_stays_here(desk: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """The letter says by which command it is made."""
    monkeypatch.setattr(monthly, "MOST_BYTES", 1000)
    monthly.mail(desk.office, [ANNE])
    (letter,) = written(desk)
    assert list(letter.iter_attachments()) == []
    assert "trop grande" in str(letter.get_content())


def written(desk: Room) -> list[EmailMessage]:
    """The letters that are owed, as another program reads them."""
    with desk.office.store.read() as tx:
        numbers = list(tx.connection.exec_driver_sql("SELECT id FROM outbox ORDER BY id").scalars())
        contents = [outbox.content(tx, number) for number in numbers]
    return [email.message_from_bytes(each, policy=email.policy.default) for each in contents]
