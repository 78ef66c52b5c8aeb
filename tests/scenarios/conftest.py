"""The desk of each story; stories that end in the ledger are told on both databases.

Whatever a story is about, no letter of it may leak: ``leaks`` reads them all when it has ended.
"""

import io
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from maild import log
from tests.peers.mailbox import Mailbox
from tests.peers.smtp import Sink
from tests.scenarios import leaks
from tests.scenarios.desk import Desk


def pytest_runtest_setup() -> None:
    """Each story has desks of its own."""
    Desk.opened.clear()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown() -> Iterator[None]:
    """When a story has ended, and its ledger still stands: nothing left that is the desk's own."""
    try:
        for desk in Desk.opened:
            leaks.assert_none(desk)
    finally:
        yield


@pytest.fixture
def journal() -> io.StringIO:
    """What the daemon logs while the test runs, one JSON object a line."""
    stream = io.StringIO()
    log.configure("json", "info", mask_addresses=False, stream=stream)
    return stream


@pytest.fixture
def desk(tmp_path: Path, mailbox: Mailbox, sink: Sink, journal: io.StringIO, migrated: Path) -> Desk:
    """A desk on SQLite with an empty mailbox, one agent and one administrator."""
    (tmp_path / "var").mkdir(mode=0o700)
    shutil.copy(migrated, tmp_path / "var" / "maild.db")
    return Desk(folder=tmp_path, mailbox=mailbox, sink=sink, journal=journal)


@pytest.fixture(params=["sqlite", "postgresql"])
def any_desk(
    request: pytest.FixtureRequest, tmp_path: Path, mailbox: Mailbox, sink: Sink, journal: io.StringIO
) -> Desk:
    """The same desk, on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        made = request.getfixturevalue("desk")
        assert isinstance(made, Desk)
        return made
    url = request.getfixturevalue("postgres_ledger")
    return Desk(folder=tmp_path, mailbox=mailbox, sink=sink, database=url, journal=journal)
