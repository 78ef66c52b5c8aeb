"""When a ticket that nobody minds is looked at again."""

from datetime import timedelta

import pytest

from maild.decide import silence
from maild.decide.decision import Amend, Note
from maild.decide.policy import Sla
from storage.records import MessageKind, Status
from tests.maild.decide.cases import DAY, HOUR, NOON, ticket

SLA = Sla(silent_after=5 * DAY, close_after=14 * DAY)


@pytest.mark.parametrize("status", Status)
def test_only_what_is_in_hand_or_done_is_looked_at(status: Status) -> None:
    """A new ticket has its clock, a waiting one its date, an ended one nothing more."""
    after: dict[Status, timedelta] = {Status.TAKEN: 5 * DAY, Status.RESOLVED: 14 * DAY}
    wanted = NOON + after[status] if status in after else None
    assert silence.look_at(status, NOON, SLA) == wanted
    assert silence.look_at_once(status, NOON) == (NOON if status in after else None)


@pytest.mark.parametrize(
    ("kind", "counts"),
    [
        ("request", True),
        ("reply", True),
        ("note", True),
        ("command", True),
        ("relay", True),
        ("outside_answer", True),
        ("call", True),
        ("visit_answer", True),
        ("unreadable", True),
        ("auto_reply", False),
        ("bounce", False),
        ("list", False),
        ("disposition_notice", False),
        ("copy", False),
        ("own_copy", False),
    ],
)
def test_what_a_program_wrote_minds_no_ticket(kind: str, counts: bool) -> None:
    """A person wrote it, whatever it says."""
    assert silence.is_of_a_person(MessageKind(kind)) is counts


def test_a_ticket_is_alone_since_the_last_that_is_known_of_it() -> None:
    """Touched, else taken, else opened."""
    opened = ticket(created_at=NOON)
    assert silence.left_alone_since(opened) == NOON
    was_taken = ticket(created_at=NOON, taken_at=NOON + HOUR)
    assert silence.left_alone_since(was_taken) == NOON + HOUR
    assert silence.left_alone_since(ticket(taken_at=NOON, touched_at=NOON + DAY)) == NOON + DAY


def test_closing_writes_to_nobody() -> None:
    """Its status and its story."""
    assert silence.closed(ticket(status=Status.RESOLVED, touched_at=NOON)) == (
        Amend(values=(("status", "closed"),)),
        Note(
            kind="closed",
            actor="clock",
            detail=(("status", "closed"), ("since", "2024-11-25T12:00:00+00:00")),
        ),
    )
