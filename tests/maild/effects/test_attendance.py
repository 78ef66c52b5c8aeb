"""When a person last minded a ticket, whatever it was that touched it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from maild import sweep
from maild.effects.clocks import presume_answered
from tests.maild.decide.cases import DAY, HOUR, NOON
from tests.maild.office import Room, raw, room


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Room]:
    """An office with one ticket, which began at noon."""
    with room(tmp_path) as made:
        made.ingest(raw())
        yield made


def test_a_new_ticket_was_minded_when_its_mail_came_and_waits_for_its_clock(desk: Room) -> None:
    """It cannot be forgotten: its limit is watched."""
    (ticket,) = desk.tickets()
    assert (ticket.touched_at, ticket.look_at) == (NOON, None)


def test_a_mail_that_comes_to_light_late_takes_nothing_back(desk: Room) -> None:
    """It was written before the last that is known."""
    desk.ingest(raw("m2@ecole.test", Subject="Re: Imprimante", References="<m1@ecole.test>"), at=NOON - HOUR)
    (ticket,) = desk.tickets()
    assert ticket.touched_at == NOON


def test_an_answer_that_is_only_presumed_is_minded_from_then_on(desk: Room) -> None:
    r"""\Answered was seen: taken, and brought back to mind five days later, as the sweep finds out."""
    with desk.office.store.write() as tx:
        assert presume_answered(tx, 1001, begun=NOON, at=NOON + HOUR, mail_id="m", policy=desk.office.policy)
    desk.clock.later(hours=2)
    assert sweep.sweep(desk.office).silent == 0
    (ticket,) = desk.tickets()
    assert (ticket.touched_at, ticket.look_at) == (NOON + HOUR, NOON + HOUR + 5 * DAY)
    desk.clock.later(days=5)
    assert sweep.sweep(desk.office).silent == 1
