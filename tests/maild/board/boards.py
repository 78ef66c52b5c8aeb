"""A board that is really listened for and asked, over an office of its own."""

import http.client
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from maild.board.desk import BoardDesk
from maild.board.serving import Server
from maild.config import Config, Http
from maild.health import Health
from tests.maild.office import Room, room
from tests.peers.child import free_port

TOKEN = "0123456789abcdef-token"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said."""

    status: int
    headers: dict[str, str]
    text: str


@dataclass(slots=True, kw_only=True)
class Board:
    """A server that listens, and the office that it shows."""

    server: Server
    room: Room
    health: Health

    def ask(self, path: str = "/", method: str = "GET", **headers: str) -> Answer:
        """One request; ``headers`` name themselves with ``_`` for ``-``."""
        client = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=10)
        try:
            client.request(method, path, headers={k.replace("_", "-"): v for k, v in headers.items()})
            got = client.getresponse()
            answer = Answer(got.status, {k.lower(): v for k, v in got.getheaders()}, got.read().decode())
        finally:
            client.close()
        return answer


def settings(folder: Path, *, token: str = "", **tables: Any) -> Config:
    """A configuration with a board at a port that is free."""
    listen = f"127.0.0.1:{free_port()}"
    return Config.model_validate(
        {
            "desk": {"name": "ETNIC", "address": "support@etnic.test", "secret": "s" * 32},
            "state": {"directory": folder},
            "maildrop": {"support": {"kind": "imap", "host": "127.0.0.1", "user": "support"}},
            "submission": {"host": "127.0.0.1"},
            "http": Http(listen=listen, token=SecretStr(token) if token else None),
        }
        | tables
    )


@contextmanager
def board(folder: Path, *, token: str = "", every: float = 5.0, **tables: Any) -> Iterator[Board]:
    """A board on a fresh ledger, until the end; it looks at that ``every`` so many seconds."""
    config, health = settings(folder, token=token, **tables), Health()
    with room(folder) as made:
        server = Server(BoardDesk(config=config, office=made.office, health=health, every=every))
        server.start()
        try:
            yield Board(server=server, room=made, health=health)
        finally:
            server.stop()


def dialled(board: Board) -> socket.socket:
    """A bare connection."""
    return socket.create_connection(("127.0.0.1", board.server.port), timeout=10)
