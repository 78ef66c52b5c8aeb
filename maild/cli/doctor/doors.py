"""Where others come to us: doors at which mail is handed in, and the board; checks of ``doctor``.

A port is bound for a moment to see whether it is free; whoever listens there already is asked its name.
"""

import socket
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from maild.cli.doctor.faults import Fault
from maild.cli.doctor.findings import Finding, fail, ok, warn
from maild.cli.doctor.machine import can_write
from maild.config import Config, DoorMaildrop, Http

# Whoever listens on this machine greets within this time.
_DOOR_SECONDS = 2.0


def door(check: str, drop: DoorMaildrop) -> Iterator[Finding]:
    """Whether a mail server can hand mail in there, and who else can."""
    greeting = _greeting(drop)
    if "maild" in greeting:
        yield ok(check, f"{drop.listen} answers: {greeting}")
    elif greeting:
        remedy = "end that program, or listen somewhere else"
        yield fail(check, Fault.DOOR_TAKEN, f"another program listens at {drop.listen}: {greeting}", remedy)
    elif why := _door_cannot_listen(drop):
        yield fail(check, Fault.DOOR_SHUT, f"nothing can listen at {drop.listen}: {why}", "mend listen")
    else:
        yield ok(check, f"{drop.kind} at {drop.listen}, which is free; `maild run` opens it")
    if not drop.is_of_this_machine:
        found = f"{', '.join(drop.allow)} may hand in mail in anybody's name, unencrypted"
        remedy = "let a firewall keep all others away, or use 127.0.0.1 or a unix: socket"
        yield warn(check, Fault.DOOR_OPEN_TO_OTHERS, found, remedy)


def _greeting(drop: DoorMaildrop) -> str:
    """The first line of whoever listens at a door, "" when nobody does."""
    with socket.socket(socket.AF_UNIX if drop.socket else _family(drop.host)) as client:
        client.settimeout(_DOOR_SECONDS)
        try:
            client.connect(str(drop.socket) if drop.socket else (drop.host, drop.port))
        except OSError:
            return ""
        try:
            return client.recv(512).decode("utf-8", "replace").strip() or "it says nothing"
        except OSError:
            return "it says nothing"


def _door_cannot_listen(drop: DoorMaildrop) -> str:
    """Why nobody could open it, "" when one could."""
    if drop.socket is not None:
        there = drop.socket.parent.is_dir() and can_write(drop.socket.parent)
        return "" if there else f"{drop.socket.parent} is no folder that can be written"
    return _cannot_listen(drop.host, drop.port)


def _cannot_listen(host: str, port: int) -> str:
    """Why nobody could listen there, "" when one could."""
    try:
        with socket.create_server((host, port), family=_family(host)):
            return ""
    except OSError as error:
        return error.strerror or str(error)


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def board(settings: Config, _file: Path) -> Iterator[Finding]:
    """Whether the board can listen where it should, and who can look."""
    http, check = settings.http, "http"
    if http is None:
        return
    if _is_ours(http):
        yield ok(check, f"the board is at http://{http.listen}/")
    elif why := _cannot_listen(http.host, http.port):
        remedy = "end the program that listens there, or mend [http] listen"
        yield fail(check, Fault.BOARD_SHUT, f"nothing can listen at {http.listen}: {why}", remedy)
    else:
        yield ok(check, f"{http.listen} is free; `maild run` opens the board there")
    if not http.is_of_this_machine:
        found = f"the board at {http.listen} is not encrypted, nor is its token on the way"
        remedy = "listen at 127.0.0.1 and let a web server with TLS stand before it"
        yield warn(check, Fault.BOARD_NOT_ENCRYPTED, found, remedy)
    elif not http.key:
        yield ok(check, "whoever works on this machine may look; no token is needed")


def _is_ours(http: Http) -> bool:
    """A board answers there already."""
    client = HTTPConnection(http.host, http.port, timeout=_DOOR_SECONDS)
    try:
        client.request("GET", "/healthz", headers={"Host": "localhost"})
        return client.getresponse().read(16) == b"ok\n"
    except (OSError, HTTPException):
        return False
    finally:
        client.close()
