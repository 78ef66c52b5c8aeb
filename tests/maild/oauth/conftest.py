"""The clock of these tests."""

import pytest

from tests.maild.oauth.ways import Clock


@pytest.fixture
def clock() -> Clock:
    """It is noon."""
    return Clock()
