"""Which mails are asked for at once, which alone, which later."""

from contextlib import suppress
from datetime import timedelta

import pytest

from maild.receive import doubt
from maild.receive.doubt import Doubts, Order
from maild.receive.mailbox import Unreachable
from tests.maild.decide.cases import NOON

HERE, ELSEWHERE = (1, 7), (1, 8)


def fails(doubts: Doubts, *uids: int, at: timedelta = timedelta()) -> None:
    """The session ends while these are being asked for."""
    with suppress(Unreachable), doubts.in_hand(HERE, uids, NOON + at):
        raise Unreachable("gone")


def order(doubts: Doubts, *uids: int, at: timedelta = timedelta()) -> tuple[list[int], list[int], list[int]]:
    found: Order = doubts.order(HERE, uids, NOON + at)
    return found.plain, found.alone, found.waiting


def test_whatever_was_in_hand_is_asked_for_alone() -> None:
    """After all others; of another folder, or under other numbers, nothing is known by that."""
    doubts = Doubts()
    assert order(doubts, 1, 2, 3) == ([1, 2, 3], [], [])
    fails(doubts, 1, 2)
    assert order(doubts, 1, 2, 3) == ([3], [1, 2], [])
    assert doubts.order(ELSEWHERE, [1, 2], NOON).alone == []
    doubts.clear(HERE, [1])
    assert order(doubts, 1, 2, 3) == ([1, 3], [2], [])


def test_who_fails_alone_comes_last_and_then_waits() -> None:
    """Twice it may be the wire; then it keeps nobody waiting, and is asked for again all the same."""
    doubts = Doubts()
    fails(doubts, 1, 2)
    fails(doubts, 1)
    assert order(doubts, 1, 2) == ([], [2, 1], [])
    fails(doubts, 1)
    assert order(doubts, 1, 2) == ([], [2, 1], [])
    fails(doubts, 1)
    assert order(doubts, 1, 2) == ([], [2], [1])
    assert order(doubts, 1, 2, at=doubt.FIRST_WAIT) == ([], [2, 1], [])
    assert doubts.sessions == 4


def test_the_waits_double_up_to_an_hour() -> None:
    """However long it goes on."""
    doubts, waits, at = Doubts(), [], timedelta()
    for _ in range(60):
        fails(doubts, 1, at=at)
        step = next(n for n in range(120) if not order(doubts, 1, at=at + timedelta(minutes=n))[2])
        waits.append(step)
        at += timedelta(minutes=step)
    assert waits[:8] == [0, 0, 1, 2, 4, 8, 16, 32]
    assert set(waits[8:]) == {60}


def test_what_has_gone_is_in_doubt_no_more() -> None:
    """Moved away and back it has another number anyway."""
    doubts = Doubts()
    fails(doubts, 1, 2)
    doubts.keep_only(HERE, [2, 3])
    doubts.keep_only(ELSEWHERE, [])
    assert order(doubts, 1, 2) == ([1], [2], [])


def test_each_is_told_once() -> None:
    """With what the server said."""
    doubts = Doubts()
    fails(doubts, 1)
    assert {uid: one.why for uid, one in doubts.untold(HERE, [1]).items()} == {1: "gone"}
    assert doubts.untold(HERE, [1]) == {}


def test_haste_blames_nobody_and_is_given_up() -> None:
    """A short cut through a whole folder is no way where it leads nowhere."""
    doubts = Doubts()
    for _ in range(doubt.PATIENCE):
        assert doubts.allow_haste(HERE)
        with pytest.raises(Unreachable), doubts.in_haste(HERE):
            raise Unreachable("gone")
    assert not doubts.allow_haste(HERE)
    assert doubts.allow_haste(ELSEWHERE)
    assert order(doubts, 1) == ([1], [], [])
