"""The board tells of itself: to all who listen by one look, as long as there is somebody, and no longer."""

import asyncio
import dataclasses
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from maild.board import page, stream
from maild.board.desk import BoardDesk
from maild.board.view import Board as View
from storage.database import Unavailable
from tests.maild.board import boards
from tests.maild.board.boards import Board
from tests.maild.board.tickets import ticket
from tests.maild.decide.cases import NOON

HOUR = timedelta(hours=1)


class Listener:
    """Somebody who has opened the page."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection, self.heard = connection, ""

    def until(self, wanted: str) -> str:
        """What was said up to and with some words, since the last time."""
        while wanted not in self.heard:
            part = self.connection.recv(1 << 16)
            assert part, self.heard
            self.heard += part.decode()
        before, _, self.heard = self.heard.partition(wanted)
        return before + wanted

    def to_the_end(self) -> str:
        """All that is still said."""
        while part := self.connection.recv(1 << 16):
            self.heard += part.decode()
        return self.heard


@contextmanager
def listening(board: Board, language: str = "fr") -> Iterator[Listener]:
    """The stream of a page in this language."""
    with boards.dialled(board) as client:
        asked = f"GET /events?lang={language} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        client.sendall(asked.encode())
        listener = Listener(client)
        listener.until("event: version")
        yield listener


def test_what_changes_is_told_and_what_does_not_is_not(tmp_path: Path) -> None:
    """A page is sent again when something can be seen of it; that it is up to date is said at every look."""
    with boards.board(tmp_path, every=0.02) as board, listening(board) as one, listening(board, "en") as two:
        assert "Personne n’attend de réponse." in one.until("event: beat")
        assert "Nobody is waiting for an answer." in two.until("event: beat")
        assert "event: board" not in one.until("event: beat")
        number = ticket(board.room, at=NOON - 19 * HOUR)
        assert "5\u00a0h\u00a000" in one.until(f'id="t{number}" class="running"') + one.until("event: beat")
        board.room.clock.later(hours=1)
        one.until(f'id="t{number}" class="near"')
        assert f"data: ETNIC-{number} approche de son échéance.\n" in one.until("event: beat")
        two.until(f"ETNIC-{number} is near its limit.")
        board.room.clock.later(hours=5)
        one.until(f"ETNIC-{number} a dépassé son délai.")
        one.until("data: 19:00:00")


def test_what_crosses_at_once_is_said_at_once(tmp_path: Path) -> None:
    """A screen reader reads the last word only; and nobody listens to a hundred numbers."""
    with boards.board(tmp_path, every=0.02) as board, listening(board, "en") as one:
        numbers = [ticket(board.room, at=NOON - 19 * HOUR) for _ in range(7)]
        one.until(f'id="t{numbers[-1]}"')
        one.until("event: beat")
        board.room.clock.later(hours=1)
        one.until("event: crossed\n")
        said = one.until("event: beat")
    assert [f"data: ETNIC-{number} is near its limit." in said for number in numbers] == [True] * 5 + [
        False
    ] * 2


def test_the_first_line_is_what_a_browser_expects(tmp_path: Path) -> None:
    with boards.board(tmp_path, every=0.02) as board:
        with boards.dialled(board) as client:
            client.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            said = Listener(client).until("event: version\n").lower()
        assert "content-type: text/event-stream" in said
        assert "cache-control: no-store" in said
        assert f"\r\nretry: {stream._RETRY}\n" in said
        assert board.ask("/events", "HEAD").headers["content-type"].startswith("text/event-stream")


def test_one_look_serves_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks, look = [], page.look

    def counted(desk: BoardDesk) -> View:
        looks.append(desk.now())
        return look(desk)

    monkeypatch.setattr(page, "look", counted)
    with boards.board(tmp_path, every=0.05) as board, ExitStack() as opened:
        pages = [opened.enter_context(listening(board, language)) for language in ("fr", "fr", "nl")]
        for one in pages:
            one.until("event: beat")
        before = len(looks)
        told = [one.until("event: beat") for _ in range(5) for one in pages]
        assert len(looks) - before < len(told)


def test_too_many_listeners_are_told_to_come_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When one has gone, the next is let in."""
    monkeypatch.setattr(stream, "MOST_LISTENERS", 1)
    with boards.board(tmp_path, every=0.02) as board:
        with listening(board):
            answer = board.ask("/events")
            assert (answer.status, answer.headers["retry-after"]) == (503, "30")
            assert board.ask("/").status == 200
        for _ in range(1000):
            with boards.dialled(board) as client:
                client.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
                if b" 200 " in client.recv(15):
                    return
        raise AssertionError("nobody was let in any more")


def test_a_look_that_fails_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The page hears no beat, by which it knows; the next look finds the ledger again."""
    look, fails = page.look, [True]

    def asked(desk: BoardDesk) -> View:
        if fails[0]:
            raise Unavailable("locked")
        return look(desk)

    monkeypatch.setattr(page, "look", asked)
    with boards.board(tmp_path, every=0.02) as board, listening(board) as one:
        assert "event: beat" not in one.until(": nothing can be told now") + one.until(
            ": nothing can be told now"
        )
        fails[0] = False
        one.until("event: beat")
    assert "locked" in caplog.text
    assert caplog.text.count("board.unread") == 1


def test_it_ends_with_the_server(tmp_path: Path) -> None:
    """At once, however long it would have slept, and with a whole response (RFC 9112 7.1)."""
    with boards.board(tmp_path, every=60) as board, listening(board) as one:
        one.until("event: beat")
        board.server.stop()
        assert one.to_the_end().endswith("\r\n0\r\n\r\n")


def test_nobody_looks_for_nobody(tmp_path: Path) -> None:
    """When the last page is closed the desk is left alone, and the next that opens is told again."""
    with boards.board(tmp_path) as board:
        feed = stream.Feed(dataclasses.replace(board.server.desk, every=0.01, closing=asyncio.Event()))

        async def opened_and_closed() -> None:
            for _ in range(2):
                with feed.listener("fr"):
                    assert await feed.next("fr") is not None
                async with asyncio.timeout(10):
                    await feed.left_alone.wait()

        asyncio.run(opened_and_closed())
