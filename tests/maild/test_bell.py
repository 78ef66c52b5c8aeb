"""A bell wakes the one thread that owns it, from whatever sleep."""

import select
import threading

from maild.bell import Bell


def test_ringing_is_heard_once() -> None:
    """Also before anybody listens, and however often it rang."""
    bell = Bell()
    for _ in range(100_000):
        bell.ring()
    assert bell.wait(0)
    assert not bell.wait(0)
    bell.dispose()


def test_it_wakes_a_sleeper() -> None:
    """Long before his time is over."""
    bell, heard = Bell(), threading.Event()

    def sleep() -> None:
        if bell.wait(60):
            heard.set()

    sleeper = threading.Thread(target=sleep)
    sleeper.start()
    bell.ring()
    sleeper.join(10)
    assert heard.is_set()
    bell.dispose()


def test_it_can_be_waited_for_beside_a_socket() -> None:
    """As IDLE does."""
    bell = Bell()
    bell.ring()
    ready, _, _ = select.select([bell], [], [], 0)
    assert ready == [bell]
    assert bell.silence()
    assert not bell.silence()
    bell.dispose()


def test_closing_asks_the_owner_to_end() -> None:
    """And wakes him for that; a bell given back rings without effect."""
    bell = Bell()
    before = bell.is_closing
    bell.close()
    assert (before, bell.is_closing) == (False, True)
    assert bell.wait(0)
    bell.dispose()
    bell.ring()
