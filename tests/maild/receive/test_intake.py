"""Batches and back-off: how much at once, and how long to wait."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.receive import imap, intake
from maild.receive.mailbox import LoginRefused, Sized, Unreachable
from tests.maild.decide.cases import NOON

sizes = st.lists(st.integers(0, 3 * intake.LARGE), max_size=300)


@given(sizes)
def test_batches_hold_everything_in_order_and_not_too_much(mails: list[int]) -> None:
    """50 mails, 4 MiB; a large mail is alone."""
    all_of_them = [Sized(uid=n, size=size, received_at=NOON) for n, size in enumerate(mails, 1)]
    parts = list(intake.batches(iter(all_of_them)))
    assert [mail for part in parts for mail in part] == all_of_them
    for part in parts:
        assert 1 <= len(part) <= intake.BATCH_MAILS
        assert len(part) == 1 or sum(mail.size for mail in part) <= intake.BATCH_BYTES
        assert len(part) == 1 or all(mail.size <= intake.LARGE for mail in part)


@pytest.mark.parametrize(
    ("error", "first", "last"), [(Unreachable("x"), 1, 300), (LoginRefused("x"), 60, 3600)]
)
def test_the_wait_doubles_up_to_its_longest(error: Exception, first: float, last: float) -> None:
    """With a fifth of jitter; slowly where a password is refused, because logins lock accounts."""
    middle = [imap.backoff(n, error, lambda: 0.5) for n in range(1, 40)]
    assert middle[:3] == pytest.approx([first, 2 * first, 4 * first])
    assert middle[-1] == pytest.approx(last)
    assert imap.backoff(1, error, lambda: 0.0) == pytest.approx(first * 0.8)
    assert imap.backoff(10_000, error, lambda: 0.999) < last * 1.2


def test_a_date_begins_at_midnight() -> None:
    """UTC, as everything here."""
    assert intake.first_instant(date(2024, 11, 25)).isoformat() == "2024-11-25T00:00:00+00:00"
