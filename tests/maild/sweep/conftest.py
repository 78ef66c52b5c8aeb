"""A room where time passes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from maild.decide.policy import Agent
from tests.maild.decide.cases import ANNE
from tests.maild.office import Room, room

CHEF = "chef@etnic.test"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Room]:
    """An office at one o'clock on a Monday, with a lead beside its agent."""
    lead = Agent(name="Chef", address=CHEF, teams=("direction",), lead=True)
    with room(tmp_path, agents=(Agent(name="Anne", address=ANNE), lead)) as made:
        yield made
