"""The listener: it comes and goes with the daemon, and takes nothing of it along."""

import asyncio
import logging
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from maild.board import access, wire
from maild.board.desk import BoardDesk
from maild.board.serving import Server
from maild.decide import troubles
from maild.decide.troubles import Facts, Trouble
from maild.health import Health
from tests.maild import office
from tests.maild.board import boards
from tests.maild.board.boards import Board, dialled
from tests.maild.decide.cases import NOON


def judged(health: Health) -> tuple[Trouble, ...]:
    """What the administrators hear of."""
    return troubles.judge(Facts(now=NOON, ledger=None, contacts=health.contacts()))


def test_it_stops_and_starts_at_the_same_place(tmp_path: Path) -> None:
    """As SIGHUP makes it: a new server for the new desk."""
    with boards.board(tmp_path) as board:
        address = board.server.address
        assert board.ask("/healthz").text == "ok\n"
        board.server.stop()
        with pytest.raises(ConnectionRefusedError):
            board.ask("/healthz")
        desk = board.server.desk
        again = Server(BoardDesk(config=desk.config, office=desk.office, health=desk.health))
        again.start()
        assert again.address == address
        board.server = again
        assert board.ask("/healthz").text == "ok\n"


def test_where_nobody_can_listen(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The reason and the remedy are said once, nothing is raised, and it opens when its place is free."""
    config = boards.settings(tmp_path)
    assert config.http is not None
    with office.room(tmp_path) as room:
        health = Health()
        server = Server(BoardDesk(config=config, office=room.office, health=health))
        place = (config.http.host, config.http.port)
        with socket.create_server(place), caplog.at_level(logging.ERROR):
            assert not server.keep_open()
            assert not server.keep_open()
        assert server.address == ""
        assert [trouble.name for trouble in judged(health)] == ["board"]
        assert server.keep_open()
        assert server.keep_open()
        assert judged(health) == ()
        server.stop()
    assert caplog.text.count(f"cannot listen at {config.http.listen}: Address already in use") == 1
    assert "SIGHUP" in caplog.text


# --- whoever takes his time ---------------------------------------------------------------------------------


def until_the_end(client: socket.socket) -> bytes:
    """All that comes, until the server hangs up."""
    client.settimeout(10)
    said = b""
    with suppress(ConnectionResetError):  # it hung up without a word
        while part := client.recv(1 << 16):
            said += part
    return said


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\nHost: "])
def test_whoever_asks_for_nothing_is_cut_off(
    board: Board, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    """Before his first request, and within it."""
    monkeypatch.setattr(wire, "REQUEST_SECONDS", 0.1)
    with dialled(board) as client:
        client.sendall(said)
        assert until_the_end(client) == b""


def test_a_request_that_dribbles_is_cut_off(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often something comes."""
    monkeypatch.setattr(wire, "REQUEST_SECONDS", 0.2)
    with dialled(board) as client:
        while not _hung_up(client):
            with suppress(OSError):  # it has hung up, which shows next
                client.sendall(b"G")


def _hung_up(client: socket.socket) -> bool:
    client.settimeout(0.02)
    try:
        return client.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


WORDLESS = (
    b"EHLO there\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * (17 << 10),
    b"\x16\x03\x01\x00\xee\r\n\r\n",  # TLS
)


@pytest.mark.parametrize("said", WORDLESS)
def test_what_is_no_request_is_refused_in_words(board: Board, said: bytes) -> None:
    with dialled(board) as client:
        client.sendall(said)
        answer = until_the_end(client)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert all(f"{name}: {value}\r\n".encode() in answer for name, value in access.HEADERS.items())


def test_too_many_at_once_are_turned_away(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    """And let in when others have gone."""
    monkeypatch.setattr(wire, "MOST_CONNECTIONS", 2)
    with dialled(board) as one, dialled(board) as two, dialled(board) as three:
        assert until_the_end(three).startswith(b"HTTP/1.1 503 ")
        for client in (one, two):
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert until_the_end(client).endswith(b"ok\n")
    assert board.ask("/healthz").status == 200


def test_a_body_is_not_waited_for(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody needs to send one."""
    monkeypatch.setattr(wire, "REQUEST_SECONDS", 0.1)
    with dialled(board) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000000\r\n\r\n")
        assert client.recv(1 << 16).startswith(b"HTTP/1.1 200 OK")
        client.sendall(b"x" * 1000)
        until_the_end(client)


def test_whoever_does_not_read_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page without end, and a browser that takes nothing of it."""
    monkeypatch.setattr(wire, "UNREAD_SECONDS", 0.1)
    ended = threading.Event()

    class Watched(StreamingResponse):
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await super().__call__(scope, receive, send)
            finally:
                ended.set()

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 65_536
            await asyncio.sleep(0)

    async def page(_request: Request) -> Response:
        return Watched(endless())

    monkeypatch.setattr("maild.board.page.index", page)
    with boards.board(tmp_path) as board, dialled(board) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert ended.wait(10)
