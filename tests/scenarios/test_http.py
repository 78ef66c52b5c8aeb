"""The board of a real daemon: it comes, moves and goes with the configuration, and no mail waits for it."""

import http.client
import json
import signal
import socket

from tests.peers.child import LOOPBACK, free_ports
from tests.scenarios.desk import mail
from tests.scenarios.test_door import DoorDesk, desk
from tests.scenarios.test_process import Process, process

__all__ = ["desk"]  # the desk of this module's stories


def asked(port: int, path: str) -> tuple[int, str]:
    """What the board says."""
    client = http.client.HTTPConnection(LOOPBACK, port, timeout=10)
    try:
        client.request("GET", path)
        got = client.getresponse()
        return got.status, got.read().decode()
    finally:
        client.close()


def board_address(child: Process) -> str:
    """Where the last start says that the board is."""
    lines = [json.loads(line) for line in child.log.read_text().splitlines() if '"daemon.ready"' in line]
    return str(lines[-1]["board"])


def test_it_goes_where_the_configuration_says(desk: DoorDesk) -> None:
    """A place that is taken costs the desk nothing else; SIGHUP opens the board elsewhere."""
    taken, free = free_ports(2)
    desk.configure(http={"listen": f"{LOOPBACK}:{taken}"})
    with socket.create_server((LOOPBACK, taken)), process(desk) as child:
        child.wait_until(lambda: "door.open" in child.events() and "daemon.ready" in child.events())
        assert "http.unbindable" in child.events()
        assert board_address(child) == ""
        desk.hand_in(mail("m1@ecole.test"))
        desk.sink.wait_for(1)

        desk.configure(http={"listen": f"{LOOPBACK}:{free}"})
        assert desk.file.exists()
        child.child.send_signal(signal.SIGHUP)
        child.wait_until(lambda: child.events().count("daemon.ready") == 2)
        assert board_address(child) == f"http://{LOOPBACK}:{free}/"
        assert asked(free, "/healthz") == (200, "ok\n")
        assert asked(free, "/")[0] == 200
        child.wait_until(lambda: asked(free, "/readyz") == (200, "ready\n"))
        desk.hand_in(mail("m2@ecole.test"))
        desk.sink.wait_for(2)
        # What was counted before the reload still is.
        child.wait_until(lambda: 'outcome="filed"} 2.0' in asked(free, "/metrics")[1])
        assert child.end() == 0
    assert desk.outbox() == {"sent": 2}
