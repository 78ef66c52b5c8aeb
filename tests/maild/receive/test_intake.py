"""Batches: how much at once."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.receive import intake
from maild.receive.mailbox import Sized
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


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
@pytest.mark.parametrize("fields", [1, 20_000])
def test_of_a_mail_over_the_limit_the_header_is_kept_and_64_kilobytes(end: bytes, fields: int) -> None:
    """However long the header is; where there is none, the first 64 KiB."""
    header = (b"X-Field: words" + end) * fields + end
    assert intake.beginning(header + b"y" * 100_000) == header + b"y" * intake.OVERSIZE_BYTES
    assert intake.beginning(header + b"short") == header + b"short"
    assert intake.beginning(b"z" * 100_000) == b"z" * intake.OVERSIZE_BYTES


def test_a_date_begins_at_midnight() -> None:
    """UTC, as everything here."""
    assert intake.first_instant(date(2024, 11, 25)).isoformat() == "2024-11-25T00:00:00+00:00"
