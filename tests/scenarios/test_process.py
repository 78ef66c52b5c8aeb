"""The daemon as the operator starts it: signals, a second one, `--once`, and a process that is killed."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest

from maild import daemon
from tests.conftest import ROOT
from tests.peers.dovecot import Dovecot
from tests.scenarios.desk import Desk, mail, quoted


class Process:
    """`python -m maild run` as a child, or another program in its place; what it logs is in a file."""

    def __init__(self, desk: Desk, *arguments: str, program: str = "maild", **environ: str) -> None:
        self.log = desk.folder / f"log-{random.getrandbits(40):x}.json"
        command = [sys.executable, "-m", program, *(arguments or ("run",)), "--config", str(desk.file)]
        with self.log.open("wb") as stream:
            self.child = subprocess.Popen(
                command,
                stderr=stream,
                stdout=subprocess.PIPE,
                cwd=desk.folder,
                env={**os.environ, "PYTHONPATH": str(ROOT), **environ},
            )

    def events(self) -> list[str]:
        """The names of the events so far."""
        lines = self.log.read_text().splitlines()
        return [json.loads(line)["event"] for line in lines if line.startswith("{") and line.endswith("}")]

    def wait_until(self, holds: Callable[[], bool]) -> None:
        """Until something holds; what it said otherwise."""
        for _ in range(1500):
            if holds():
                return
            if self.child.poll() is not None and not holds():
                break
            Event().wait(0.01)
        raise TimeoutError(self.log.read_text()[-3000:])

    def end(self, number: signal.Signals = signal.SIGTERM, *, seconds: float = 10) -> int:
        """Sends a signal; the exit code."""
        self.child.send_signal(number)
        code = self.child.wait(seconds)
        assert self.child.stdout is not None
        self.child.stdout.close()
        return code


@contextmanager
def process(desk: Desk, *arguments: str, **environ: str) -> Iterator[Process]:
    """A child that does not outlive the test."""
    child = Process(desk, *arguments, **environ)
    try:
        yield child
    finally:
        if child.child.poll() is None:
            child.end(signal.SIGKILL)
        elif child.child.stdout is not None:
            child.child.stdout.close()


@pytest.fixture
def live(desk: Desk) -> Desk:
    """A desk in today's time, without agents."""
    desk.configure(agent=[], submission={"per_minute": 1000})
    desk.now = daemon.system_now()
    return desk


def ran(desk: Desk, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """A command that ends by itself."""
    command = [sys.executable, "-m", "maild", *arguments, "--config", str(desk.file)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=desk.folder, env=environment, timeout=60
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_end_it_ends_in_order(live: Desk, number: signal.Signals) -> None:
    """Within ten seconds, with 0, with its work done and nothing half-way."""
    with process(live) as child:
        child.wait_until(lambda: "daemon.ready" in child.events())
        live.receive(mail("m1@ecole.test"))
        live.sink.wait_for(1)
        assert child.end(number) == 0
        assert child.events()[-1] == "daemon.stopped"
    assert live.outbox() == {"sent": 1}


def test_asked_to_end_before_the_mailbox_answers(live: Desk) -> None:
    """A server that is away keeps nobody waiting."""
    live.configure(maildrop={"port": 1})
    with process(live) as child:
        child.wait_until(lambda: "maildrop.lost" in child.events())
        assert child.end() == 0


@pytest.mark.slow
def test_asked_to_end_while_the_mailbox_hangs(live: Desk, own_dovecot: Dovecot) -> None:
    """A server that keeps its connections and answers nothing has its patience, and no more."""
    live.mailbox = own_dovecot.mailbox()
    live.configure(maildrop={"timeout": "60s"})
    with process(live) as child:
        child.wait_until(lambda: "daemon.ready" in child.events())
        live.receive(mail("m1@ecole.test"))
        live.sink.wait_for(1)
        group = os.getpgid(int((own_dovecot.root / "run" / "master.pid").read_text()))
        os.killpg(group, signal.SIGSTOP)
        try:
            assert child.end() == 0
        finally:
            os.killpg(group, signal.SIGCONT)


def test_a_changed_configuration_is_taken_up_by_hangup(live: Desk) -> None:
    """Without a pause that anybody sees: the next receipt has the new name, nothing is filed twice."""
    with process(live) as child:
        child.wait_until(lambda: "daemon.ready" in child.events())
        live.receive(mail("m1@ecole.test"))
        live.sink.wait_for(1)
        live.configure(desk={"name": "Le nouveau guichet"})
        assert live.file.exists()
        child.child.send_signal(signal.SIGHUP)
        child.wait_until(lambda: child.events().count("daemon.ready") == 2)
        live.receive(mail("m2@ecole.test", subject="Autre chose"))
        live.sink.wait_for(2)
        assert child.end() == 0
    assert "Le nouveau guichet" not in str(live.letters()[0]["From"])
    assert "Le nouveau guichet" in str(live.letters()[1]["From"])
    assert live.outbox() == {"sent": 2}


def test_a_configuration_with_a_fault_is_refused_while_it_runs(live: Desk) -> None:
    """The log says what is wrong; the one in force goes on."""
    with process(live) as child:
        child.wait_until(lambda: "daemon.ready" in child.events())
        file = live.file
        sound = file.read_text()
        file.write_text(sound.replace("[submission]", "[submision]"))
        child.child.send_signal(signal.SIGHUP)
        child.wait_until(lambda: child.events().count("config.refused") == 1)
        file.write_text(sound.replace("/var", "/elsewhere"))
        child.child.send_signal(signal.SIGHUP)
        child.wait_until(lambda: child.events().count("config.refused") == 2)
        live.receive(mail("m1@ecole.test"))
        live.sink.wait_for(1)
        assert child.end() == 0
    assert "submision" in child.log.read_text()
    assert "cannot change while maild runs" in child.log.read_text()
    assert child.events().count("daemon.ready") == 1


def test_the_service_manager_follows_its_life(live: Desk, short_path: Path) -> None:
    """Ready when it serves, alive while it does, reloading, ready again, stopping (sd_notify(3))."""
    told: list[bytes] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"{short_path}/notify")
        manager.settimeout(20)

        def hears(state: bytes) -> None:
            while not told or not told[-1].startswith(state):
                told.append(manager.recv(200))

        with process(live, NOTIFY_SOCKET=f"{short_path}/notify", WATCHDOG_USEC="400000") as child:
            hears(b"READY=1")
            hears(b"WATCHDOG=1")
            child.child.send_signal(signal.SIGHUP)
            hears(b"RELOADING=1")
            hears(b"READY=1")
            assert child.end() == 0
            hears(b"STOPPING=1")


def test_one_process_serves_a_desk(live: Desk) -> None:
    """A second one says who has the state, and exits 75."""
    with process(live) as child:
        child.wait_until(lambda: "daemon.ready" in child.events())
        second = ran(live, "run")
        assert second.returncode == 75
        assert f"in use by process {child.child.pid}" in second.stderr
        assert "Traceback" not in second.stderr
        assert ran(live, "run", "--once").returncode == 75
        assert child.end() == 0


def test_once_makes_one_pass_and_says_so_by_its_exit_code(live: Desk) -> None:
    """0 when the pass was made; 69 when no maildrop could be reached."""
    live.receive(mail("m1@ecole.test"))
    done = ran(live, "run", "--once")
    assert (done.returncode, done.stdout) == (0, "")
    assert len(live.letters("jean@ecole.test")) == 1
    live.configure(maildrop={"password": "wrong-horse"})
    refused = ran(live, "run", "--once")
    assert refused.returncode == 69
    assert "maildrop.auth_failed" in refused.stderr
    assert "wrong-horse" not in refused.stderr


def test_a_deferred_letter_is_no_failure_of_the_pass(live: Desk) -> None:
    """The outbox holds it; the pass was made."""
    live.receive(mail("m1@ecole.test"))
    live.sink.stop()
    assert ran(live, "run", "--once").returncode == 0
    assert live.outbox() == {"ready": 1}


def test_a_state_of_a_later_version_is_left_alone(live: Desk) -> None:
    """Exit 78, and a line that says why."""
    assert ran(live, "run", "--once").returncode == 0
    from storage import database

    opened = database.open_database(live.config().state.database)
    with opened.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    opened.close()
    refused = ran(live, "run")
    assert refused.returncode == 78
    assert "9999" in refused.stderr
    assert "Traceback" not in refused.stderr


def conversation(count: int) -> list[bytes]:
    """Requests, each with a reply behind it, of people who have one matter each."""
    mails: list[bytes] = []
    for n in range(count):
        sender, subject = f"p{n}@ecole.test", f"Sujet {n}"
        mails.append(mail(f"q{n}@ecole.test", sender=sender, subject=subject))
        above = quoted(f"q{n}@ecole.test")
        mails.append(mail(f"a{n}@ecole.test", sender=sender, subject=f"Re: {subject}", References=above))
    return mails


@pytest.mark.slow
def test_killed_at_any_moment_it_loses_and_doubles_nothing(live: Desk) -> None:
    """kill -9, five times while it works: every mail once, every receipt once or again under the same id."""
    chance = random.Random()
    mails = conversation(20)
    kills = 0
    for part in range(5):
        live.receive(*mails[part * 8 : part * 8 + 8])
        with process(live) as child:
            wanted = chance.choice(["message.fetched", "ticket.opened", "message.ingested", "outbox.sent"])
            child.wait_until(lambda name=wanted: name in child.events())  # type: ignore[misc]
            Event().wait(chance.random() * 0.05)
            child.end(signal.SIGKILL)
            kills += 1
    live.now = daemon.system_now()
    assert live.once()
    live.later(hours=1)
    assert live.once()
    assert len(live.tickets()) == 20
    assert live.rows("SELECT count(*) AS n FROM message")[0].n == 40
    for n in range(20):
        assert live.number_of(f"q{n}@ecole.test") == live.number_of(f"a{n}@ecole.test")
        receipts = live.letters(f"p{n}@ecole.test")
        assert len({letter["Message-ID"] for letter in receipts}) == 1
        assert 1 <= len(receipts) <= 1 + kills
    assert sum(len(live.letters(f"p{n}@ecole.test")) for n in range(20)) <= 20 + kills
    assert live.outbox() == {"sent": 20}
    assert live.flags() == [{"$MaildFiled"}] * 40
