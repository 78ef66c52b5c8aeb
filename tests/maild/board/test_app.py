"""What can be asked for: health, readiness, and pages that fail or do not end."""

import logging
import re
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from maild.board import access, app, desk
from maild.board import gauges as shown
from maild.cli import operate
from storage import troubles
from storage.records import StandingTrouble
from tests.maild.board import boards
from tests.maild.board.boards import Board
from tests.maild.decide.cases import NOON
from tests.maild.office import raw


def polled(board: Board) -> None:
    """The maildrop was looked at just now."""
    with board.room.office.store.write() as tx:
        tx.note_poll(board.room.drop.id, uidvalidity=1, at=board.room.clock.now)


def test_ready_means_what_status_says(tmp_path: Path) -> None:
    """A maildrop that nobody looks at, a trouble that was told, a limit that passed unheard."""
    with boards.board(tmp_path) as board:
        config = board.server.desk.config

        def both() -> tuple[int, list[str]]:
            answer = board.ask("/readyz")
            said = operate._status(config, board.room.clock.now)["problems"]
            assert answer.text.splitlines() == (said or ["ready"])
            return answer.status, said

        assert both() == (503, ["maildrop support was never served"])
        polled(board)
        assert both() == (200, [])
        with board.room.office.store.write() as tx:
            told = {"since": NOON, "told_at": NOON}
            troubles.begin(tx, StandingTrouble(name="login:submission", detail="submission: no", **told))
        assert both() == (503, ["submission: no"])
        with board.room.office.store.write() as tx:
            troubles.end(tx, "login:submission")
        board.room.ingest(raw())
        board.room.clock.later(hours=25)
        polled(board)
        status, said = both()
        assert status == 503
        assert any("nobody was told" in line for line in said)


def test_without_a_ledger_it_is_alive_and_not_ready(tmp_path: Path) -> None:
    with boards.board(tmp_path) as board:
        board.room.office.store.database.engine.dispose()
        (tmp_path / "maild.db").write_bytes(b"this is no database at all, by any means" * 100)
        answer = board.ask("/readyz")
        assert (answer.status, answer.text.startswith("the database cannot be read: ")) == (503, True)
        assert board.ask("/healthz").text == "ok\n"


def test_a_database_that_hangs_keeps_no_monitor(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "PATIENCE_SECONDS", 0.05)
    for asked in ((app, "_judged"), (shown, "read")):
        monkeypatch.setattr(*asked, lambda _desk: time.sleep(0.3))
    answer = board.ask("/readyz")
    assert (answer.status, "has not answered" in answer.text) == (503, True)
    assert gauges(board) == {"maild_up": 0}


def test_a_page_that_fails_is_answered_and_logged_without_its_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Every header is there all the same."""

    async def broken(_request: Request) -> Response:
        raise RuntimeError("of course")

    monkeypatch.setattr(app, "_healthz", broken)
    with boards.board(tmp_path) as board, caplog.at_level(logging.DEBUG):
        answer = board.ask("/healthz?token=secret-of-somebody")
    assert (answer.status, answer.text) == (500, "this failed; the log of maild says why\n")
    assert {name: answer.headers[name] for name in access.HEADERS} == access.HEADERS
    assert "of course" in caplog.text
    assert "secret-of-somebody" not in caplog.text


def test_a_stream_ends_with_the_server_and_not_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It sleeps by ``pause``, so that nobody waits for it; asked by HEAD it does not even begin."""
    over = threading.Event()

    class Watched(StreamingResponse):
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await super().__call__(scope, receive, send)
            finally:
                over.set()

    async def words(asked: desk.BoardDesk) -> AsyncIterator[str]:
        yield "first\n"
        while not await desk.pause(asked, 0.01):
            yield "more\n"
        yield "last\n"

    async def stream(request: Request) -> Response:
        return Watched(words(desk.of(request)), media_type="text/event-stream")

    monkeypatch.setattr(app, "_healthz", stream)
    with boards.board(tmp_path) as board:
        assert board.ask("/healthz", "HEAD").headers["content-type"].startswith("text/event-stream")
        assert over.wait(10)
        with boards.dialled(board) as client:
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            said = b""
            while b"more" not in said:
                said += client.recv(1 << 16)
            board.server.stop()
            while part := client.recv(1 << 16):
                said += part
        assert b"last\n" in said
        # The same server again, as after a fault: its streams are not over before they begin.
        assert board.server.keep_open()
        with boards.dialled(board) as client:
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            again = b""
            while b"more" not in again:
                again += client.recv(1 << 16)


def gauges(board: Board) -> dict[str, float]:
    """What the monitor reads now, but for the counts and the process itself."""
    answer = board.ask("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=1.0.0; charset=utf-8"
    lines = re.findall(
        r"^(maild_(?:up|mailbox|outbox|tickets|sla_[st]|quarantine_m)\S*) (\S+)$", answer.text, re.MULTILINE
    )
    return {name: float(value) for name, value in lines}


def test_the_monitor_reads_what_is(tmp_path: Path) -> None:
    """A desk at rest, one where somebody waits, and one whose ledger does not answer."""
    with boards.board(tmp_path) as board:
        at_rest = gauges(board)
        assert at_rest == {
            "maild_up": 1,
            'maild_mailbox_last_success_timestamp_seconds{mailbox="support"}': 0,
            'maild_mailbox_unprocessed_messages{mailbox="support"}': 0,
            'maild_outbox_messages{state="due"}': 0, 'maild_outbox_messages{state="later"}': 0,
            "maild_outbox_oldest_age_seconds": 0,
            'maild_tickets{state="new"}': 0, 'maild_tickets{state="taken"}': 0,
            'maild_tickets{state="waiting"}': 0,
            'maild_sla_tickets{state="ok"}': 0, 'maild_sla_tickets{state="warning"}': 0,
            'maild_sla_tickets{state="breached"}': 0, 'maild_sla_tickets{state="paused"}': 0,
            "maild_quarantine_messages": 0,
        }  # fmt: skip
        polled(board)
        board.room.ingest(raw())
        board.room.clock.later(minutes=30)
        busy = gauges(board)
        assert {name: value for name, value in busy.items() if value != at_rest.get(name)} == {
            'maild_mailbox_last_success_timestamp_seconds{mailbox="support"}': NOON.timestamp(),
            'maild_outbox_messages{state="due"}': 2,
            "maild_outbox_oldest_age_seconds": 1800,
            'maild_tickets{state="new"}': 1,
            'maild_sla_tickets{state="ok"}': 1,
            "maild_sla_seconds_to_next_breach": 23.5 * 3600,
        }
        board.room.office.store.database.engine.dispose()
        (tmp_path / "maild.db").write_bytes(b"this is no database at all, by any means" * 100)
        assert gauges(board) == {"maild_up": 0}
