"""A set of UIDs is what a set of numbers is, whatever ranges it is kept in."""

from hypothesis import given
from hypothesis import strategies as st

from maild.receive.uids import Uids

numbers = st.lists(st.integers(1, 40))


@given(numbers, st.lists(numbers), st.sets(st.integers(1, 40)))
def test_it_is_a_set(first: list[int], more: list[list[int]], there: set[int]) -> None:
    """In whatever order they come, and however often."""
    uids, plain = Uids(first), set(first)
    for some in more:
        uids.add(some)
        plain.update(some)
    assert len(uids) == len(plain)
    assert uids.unknown(sorted(there)) == sorted(there - plain)
    assert uids.unknown(range(50)) == [uid for uid in range(50) if uid not in plain]


def test_a_mailbox_is_a_few_numbers() -> None:
    """Also one whose gaps are filled later."""
    uids = Uids(range(1, 100_001, 2))
    uids.add(range(2, 100_001, 2))
    assert len(uids) == 100_000
    assert len(uids._bounds) == 2
