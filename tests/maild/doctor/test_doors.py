"""Doors and the board: each fault is produced once, and named."""

import socket
import threading
from pathlib import Path

from pydantic import SecretStr

from maild import config
from maild.cli.doctor import doors
from maild.cli.doctor.faults import Fault
from tests.maild.board import boards
from tests.maild.doctor.desk import Examine, finds
from tests.peers.child import free_port
from tests.peers.smtp import Sink

LOOKED_AT = ("maildrops", "http")


def looked_at(listen: str, token: str = "") -> list[tuple[str, str]]:
    """Verdict and words of each finding about a board there."""
    http = config.Http(listen=listen, token=SecretStr(token) if token else None)
    settings = config.Config.model_construct(http=http)
    return [(finding.verdict, finding.found) for finding in doors.board(settings, Path())]


def test_a_board_that_can_be_opened() -> None:
    listen = f"127.0.0.1:{free_port()}"
    (free, _), (open_to, who) = looked_at(listen)
    assert (free, open_to) == ("ok", "ok")
    assert "no token is needed" in who
    assert [verdict for verdict, _ in looked_at(listen, "t" * 32)] == ["ok"]


def test_a_board_that_stands_open_already(tmp_path: Path) -> None:
    with boards.board(tmp_path) as board:
        assert looked_at(f"127.0.0.1:{board.server.port}")[0] == (
            "ok",
            f"the board is at {board.server.address}",
        )


@finds(Fault.BOARD_SHUT)
def test_a_board_where_another_program_listens(sink: Sink) -> None:
    ((verdict, found),) = looked_at(f"127.0.0.1:{sink.port}", "t" * 32)
    assert verdict == "FAIL"
    assert found.startswith(f"nothing can listen at 127.0.0.1:{sink.port}: Address already in use")


@finds(Fault.BOARD_NOT_ENCRYPTED)
def test_a_board_that_others_can_reach(examine: Examine) -> None:
    found = examine(f'[http]\nlisten = "0.0.0.0:{free_port()}"\ntoken = "{"t" * 32}"\n')
    assert "is free" in found.of("http", "ok")[0]
    assert "not encrypted" in found.of("http", "warn")[0]


def door(listen: str, **more: object) -> dict[str, object]:
    return {"kind": "lmtp", "listen": listen, **more}


def test_a_door_that_can_be_opened(examine: Examine, smtp_port: int, short_path: Path) -> None:
    for listen in (f"127.0.0.1:{smtp_port}", f"localhost:{smtp_port}", f"unix:{short_path}/door.sock"):
        assert "is free" in examine(support=door(listen)).of("maildrop support", "ok")[0]


@finds(Fault.DOOR_SHUT)
def test_a_door_that_nobody_can_open(examine: Examine, short_path: Path) -> None:
    # 192.0.2.1 is of no machine (RFC 5737).
    for listen in ("192.0.2.1:8024", f"unix:{short_path}/none/door.sock"):
        found = examine(support=door(listen, allow=["192.0.2.25"]))
        assert "nothing can listen" in found.of("maildrop support", "fail")[0]


@finds(Fault.DOOR_TAKEN)
def test_a_door_where_somebody_listens(examine: Examine, sink: Sink) -> None:
    found = examine(support=door(f"{sink.host}:{sink.port}"))
    assert "another program listens" in found.of("maildrop support", "fail")[0]
    silent = socket.create_server(("127.0.0.1", 0))
    with silent:
        found = examine(support=door(f"127.0.0.1:{silent.getsockname()[1]}"))
    assert "it says nothing" in found.of("maildrop support", "fail")[0]


def test_a_door_of_ours_that_stands_open(examine: Examine, smtp_port: int) -> None:
    def greet(server: socket.socket) -> None:
        client, _ = server.accept()
        with client:
            client.send(b"220 desk LMTP maild\r\n")

    with socket.create_server(("127.0.0.1", smtp_port)) as server:
        threading.Thread(target=greet, args=(server,), daemon=True).start()
        found = examine(support=door(f"127.0.0.1:{smtp_port}"))
    assert "answers: 220 desk LMTP maild" in found.of("maildrop support", "ok")[0]


@finds(Fault.DOOR_OPEN_TO_OTHERS)
def test_a_door_that_others_can_reach(examine: Examine, smtp_port: int) -> None:
    found = examine(support=door(f"0.0.0.0:{smtp_port}", allow=["192.0.2.25"]))
    assert "192.0.2.25 may hand in mail in anybody's name" in found.of("maildrop support", "warn")[0]
