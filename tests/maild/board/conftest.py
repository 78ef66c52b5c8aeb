"""A board for the tests of a module, which only look."""

from collections.abc import Iterator

import pytest

from tests.maild.board import boards
from tests.maild.board.boards import TOKEN, Board


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    """On loopback, without a token."""
    with boards.board(tmp_path_factory.mktemp("board")) as made:
        yield made


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    """The same behind a token."""
    with boards.board(tmp_path_factory.mktemp("board"), token=TOKEN) as made:
        yield made
