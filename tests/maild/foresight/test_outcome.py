"""Two outcomes of one mail: what is a difference, and what only explains one."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from maild.foresight.outcome import Outcome, Outgoing, differences

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
RECEIPT = Outgoing(kind="receipt", to="ana@x.be", state="ready")
ONE = Outcome(
    where="a.eml", message_id="a@x.be", sender="ana@x.be", subject="VPN", arrived_at=NOON,
    disposition="filed", kind="request", opens=True, ticket="ETNIC-1001", thread="a.eml", signal="new",
    rules=("rule 1: team réseau",), team="réseau", due_at=NOON, letters=(RECEIPT,),
)  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"ticket": "ETNIC-1007"},  # numbers depend on what came before
        {"rules": ("rule 2: team réseau",)},  # it has moved, and does the same
        {"signal": "token"},
        {"reasons": ("written by a person",)},
    ],
)
def test_what_changes_nothing_for_anybody_is_no_difference(change: dict[str, Any]) -> None:
    assert differences(ONE, replace(ONE, **change)) == ()


@pytest.mark.parametrize(
    "change",
    [
        {"thread": "b.eml"},
        {"team": "desk"},
        {"due_at": None},
        {"letters": ()},
        {"letters": (replace(RECEIPT, state="suppressed", why_not="budget"),)},
        {"digest": ("anne@etnic.test",)},
        {"objections": ("mailing list",)},
        {"links": ("b.eml",)},
    ],
)
def test_what_somebody_notices_is_one(change: dict[str, Any]) -> None:
    (field,) = change
    (found,) = differences(ONE, replace(ONE, **change))
    assert (found.field, found.here, found.there) == (field, getattr(ONE, field), change[field])


def test_why_is_told_beside_a_difference() -> None:
    found = differences(ONE, replace(ONE, team="desk", rules=()))
    assert [each.field for each in found] == ["team", "rules"]


def test_a_receipt_that_would_not_leave_is_none() -> None:
    held = replace(RECEIPT, state="suppressed", why_not="budget")
    assert (ONE.receipts, replace(ONE, letters=(held,)).receipts) == (("ana@x.be",), ())
