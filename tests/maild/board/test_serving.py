"""The listener: it comes and goes with the daemon, and takes nothing of it along."""

import logging
import socket
from pathlib import Path

import pytest

from maild.board.desk import BoardDesk
from maild.board.serving import Server
from maild.health import Health
from tests.maild import office
from tests.maild.board import boards


def test_it_stops_and_starts_at_the_same_place(tmp_path: Path) -> None:
    """As SIGHUP makes it: a new server for the new desk."""
    with boards.board(tmp_path) as board:
        assert board.ask("/healthz").text == "ok\n"
        board.server.stop()
        with pytest.raises(ConnectionRefusedError):
            board.ask("/healthz")
        desk = board.server.desk
        again = Server(BoardDesk(config=desk.config, office=desk.office, health=desk.health))
        again.start()
        assert again.address == board.server.address
        assert board.ask("/healthz").text == "ok\n"
        again.stop()


def test_where_nobody_can_listen(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The reason and the remedy are said; nothing is raised."""
    config = boards.settings(tmp_path)
    assert config.http is not None
    with office.room(tmp_path) as room, socket.create_server((config.http.host, config.http.port)):
        server = Server(BoardDesk(config=config, office=room.office, health=Health()))
        with caplog.at_level(logging.ERROR):
            assert not server.open()
        assert server.address == ""
        server.stop()
    assert f"cannot listen at {config.http.listen}: Address already in use" in caplog.text
    assert "SIGHUP" in caplog.text
