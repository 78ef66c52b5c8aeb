"""A desk whose mail is handed in: from the server's transaction to the receipt, and through its ends."""

import io
import json
import random
import shutil
import signal
import smtplib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from datetime import timedelta
from pathlib import Path

import pytest

from maild import cli, daemon, ingest
from maild.arrival import Arrival
from maild.receive.vigil import LEASE_TTL
from parsers.mail import parse_mail
from storage.records import DOOR_EPOCH
from tests.peers.child import LOOPBACK, free_port
from tests.peers.mailbox import Mailbox
from tests.peers.postfix import Postfix
from tests.peers.smtp import Sink
from tests.scenarios.desk import DESK, Desk, Tables, mail
from tests.scenarios.test_process import process, ran


class DoorDesk(Desk):
    """A desk without a mailbox: its one maildrop is a door that speaks SMTP, or LMTP."""

    kind = "smtp"
    door_port = 0

    def settings(self) -> Tables:
        """The door stands in the place of the mailbox."""
        door = {"kind": self.kind, "listen": f"{LOOPBACK}:{self.door_port}"}
        return {**Desk.settings(self), "maildrop.support": door}

    def hand_in(self, *contents: bytes, to: Sequence[str] = (DESK,)) -> None:
        """As the house's own server does it."""
        with smtplib.SMTP(LOOPBACK, self.door_port, timeout=20) as client:
            for content in contents:
                client.sendmail("jean@ecole.test", to, content, ["BODY=8BITMIME"])


HELPDESK = "helpdesk@etnic.test"
NO_MAILBOX = Mailbox(port=1, user="", password="")


@pytest.fixture
def desk(tmp_path: Path, sink: Sink, journal: io.StringIO, migrated: Path) -> DoorDesk:
    """On SQLite, in today's time."""
    (tmp_path / "var").mkdir(mode=0o700)
    shutil.copy(migrated, tmp_path / "var" / "maild.db")
    made = DoorDesk(folder=tmp_path, mailbox=NO_MAILBOX, sink=sink, journal=journal)
    made.configure(agent=[], submission={"per_minute": 1000})
    made.now, made.door_port = daemon.system_now(), free_port()
    return made


@pytest.fixture(params=["sqlite", "postgresql"])
def any_desk(request: pytest.FixtureRequest, desk: DoorDesk) -> DoorDesk:
    """On SQLite and on PostgreSQL."""
    if request.param == "postgresql":
        desk.database = request.getfixturevalue("postgres_url")
    return desk


def asked(desk: DoorDesk, *arguments: str) -> tuple[int, str]:
    """What `status` says, and its exit code."""
    said = io.BytesIO()
    with redirect_stdout(io.TextIOWrapper(said, write_through=True)) as stream:
        code = cli.answer(["status", "--config", str(desk.file), *arguments])
        stream.flush()
        return code, said.getvalue().decode()


def test_from_the_server_s_hand_to_the_receipt(any_desk: DoorDesk) -> None:
    """`status` sees an open door, a new configuration closes it for a moment only, and it ends in order."""
    with process(any_desk) as child:
        child.wait_until(lambda: "door.open" in child.events())
        any_desk.hand_in(mail("m1@ecole.test"), mail("m2@ecole.test", sender="lea@ecole.test"))
        any_desk.sink.wait_for(2)
        child.wait_until(lambda: asked(any_desk)[0] == 0)
        drop = json.loads(asked(any_desk, "--json")[1])["maildrops"]["support"]
        assert (drop["kind"], drop["problem"], drop["lag_s"] < 60) == ("smtp", "", True)
        assert "maildrop support: open" in asked(any_desk)[1]
        child.child.send_signal(signal.SIGHUP)
        child.wait_until(lambda: child.events().count("door.open") == 2)
        any_desk.hand_in(mail("m3@ecole.test", sender="luc@ecole.test"))
        any_desk.sink.wait_for(3)
        assert child.end() == 0
        assert "config.not_served" not in child.events()
    assert sorted(t.requester_address for t in any_desk.tickets()) == [
        "jean@ecole.test", "lea@ecole.test", "luc@ecole.test",
    ]  # fmt: skip
    assert any_desk.outbox() == {"sent": 3}


def test_many_at_once(any_desk: DoorDesk) -> None:
    """Each is counted once, whatever else is being taken."""
    mails = [mail(f"m{n}@ecole.test", sender=f"p{n}@ecole.test") for n in range(40)]
    with process(any_desk) as child:
        child.wait_until(lambda: "door.open" in child.events())
        with ThreadPoolExecutor(10) as servers:
            list(servers.map(lambda n: any_desk.hand_in(*mails[n::10]), range(10)))
        any_desk.sink.wait_for(40)
        assert child.end() == 0
    uids = [row.uid for row in any_desk.rows("SELECT uid FROM sighting ORDER BY uid")]
    assert uids == list(range(1, 41))
    assert len(any_desk.tickets()) == 40


def test_one_pass_files_what_a_death_left_behind(desk: DoorDesk) -> None:
    """It lets nobody in, and exits 0."""
    with daemon.parts(desk.config()) as parts:
        with parts.office.store.write() as tx:
            drop = tx.maildrop("support", "door")
            lease = tx.take_lease(drop.id, holder=parts.dispatch.holder, now=desk.now, ttl=LEASE_TTL)
        assert lease is not None
        arrival = Arrival(content=mail("m1@ecole.test"), uid=0, arrived_at=desk.now, mail_id="01jd")
        ingest.keep([arrival], drop, DOOR_EPOCH, lease, parts.office)
    done = ran(desk, "run", "--once")
    assert (done.returncode, done.stdout) == (0, "")
    assert len(desk.letters("jean@ecole.test")) == 1
    assert ran(desk, "run", "--once").returncode == 0
    assert len(desk.letters("jean@ecole.test")) == 1


def test_a_door_that_another_process_has(desk: DoorDesk) -> None:
    """One pass reaches no maildrop then: 69."""
    with daemon.parts(desk.config()) as parts, parts.office.store.write() as tx:
        tx.take_lease(tx.maildrop("support", "door").id, holder="other", now=desk.now, ttl=LEASE_TTL)
    assert ran(desk, "run", "--once").returncode == 69


def test_a_door_that_stays_closed_is_heard_of(desk: DoorDesk) -> None:
    """`status` exits 1: before the first opening, and five minutes after the last."""
    for at, problem in (
        (None, "was never served"),
        (desk.now - timedelta(minutes=6), "was not served since"),
    ):
        with daemon.parts(desk.config()) as parts, parts.office.store.write() as tx:
            drop = tx.maildrop("support", "door")
            if at is not None:
                tx.note_open(drop.id, at=at)
        code, said = asked(desk)
        assert code == 1
        assert problem in said


def test_a_mailbox_that_becomes_a_door(desk: DoorDesk) -> None:
    """Its name and its past stay; a mail of both is one."""
    with daemon.parts(desk.config()) as parts:
        with parts.office.store.write() as tx:
            drop = tx.maildrop("support", "inbox")
            lease = tx.take_lease(drop.id, holder=parts.dispatch.holder, now=desk.now, ttl=LEASE_TTL)
        assert lease is not None
        arrival = Arrival(content=mail("m1@ecole.test"), uid=7, arrived_at=desk.now, mail_id="01jd")
        ingest.ingest([arrival], drop, 1234, lease, parts.office)
    with process(desk) as child:
        child.wait_until(lambda: "door.open" in child.events())
        desk.hand_in(mail("m1@ecole.test"), mail("m2@ecole.test", sender="lea@ecole.test"))
        desk.sink.wait_for(2)
        assert child.end() == 0
    assert len(desk.tickets()) == 2
    assert [row.uidvalidity for row in desk.rows("SELECT uidvalidity FROM sighting ORDER BY id")] == [
        1234,
        0,
        0,
    ]


# --- with a real server -------------------------------------------------------------------------------------

TRANSPORTS = {"lmtp": "lmtp:inet:127.0.0.1:{port}", "smtp": "smtp:[127.0.0.1]:{port}"}
LONG_LINE = "Une seule ligne ; " * 10_000
STRANGE = {
    3: {"body": "Une ligne de pièce jointe, encore et encore.\r\n" * 45_000},
    4: {"body": "Déjà vu : œuvre, naïve, Noël\r\n", "Content_Transfer_Encoding": "8bit"},
    5: {"body": LONG_LINE + "\r\n"},
}


def person(number: int) -> str:
    """Who writes."""
    return f"p{number}@ecole.test"


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.parametrize("kind", list(TRANSPORTS))
def test_a_real_server_hands_in_and_the_desk_dies_twice(
    desk: DoorDesk, start_postfix: Callable[[str], Postfix], kind: str
) -> None:
    """Once between keeping a mail and saying so, once anywhere: each mail is one message with one receipt."""
    desk.kind = kind
    desk.configure(desk={"aliases": [HELPDESK]})
    server = start_postfix(TRANSPORTS[kind].format(port=desk.door_port))
    with process(desk, program="tests.scenarios.dying", DIE_AT="4") as child:
        child.wait_until(lambda: "door.open" in child.events())
        for n in range(20):
            content = mail(f"m{n}@ecole.test", sender=person(n), **STRANGE.get(n, {}))  # type: ignore[arg-type]
            to = {1: (DESK, HELPDESK), 2: ("nobody@etnic.test",)}.get(n, (DESK,))
            server.submit(content, *to, sender=person(n))
        assert child.child.wait(20) == 137
    anywhere = random.randrange(8)
    with process(desk) as child:
        child.wait_until(lambda: child.events().count("message.accepted") > anywhere)
        child.end(signal.SIGKILL)
    with process(desk) as child:
        child.wait_until(lambda: not server.queue())
        desk.sink.wait_for(20)
        child.wait_until(lambda: desk.outbox() == {"sent": 19})
        assert child.end() == 0
    _compare(desk)
    assert ran(desk, "reconcile").returncode == 0
    assert "warning" not in server.log()
    (report,) = desk.sent(person(2))
    told = " ".join(report.content.decode("utf-8", "replace").split())
    assert "550 5.1.1 <nobody@etnic.test> is not an address of this desk" in told


def _compare(desk: DoorDesk) -> None:
    senders = [person(n) for n in range(20) if n != 2]
    assert sorted(ticket.requester_address for ticket in desk.tickets()) == sorted(senders)
    assert desk.rows("SELECT count(*) AS n FROM message")[0].n == 19
    assert desk.rows("SELECT count(*) AS n FROM sighting WHERE state = 'filed'")[0].n >= 20
    for sender in senders:
        receipts = desk.letters(sender)
        assert len({letter["Message-ID"] for letter in receipts}) == 1
    assert len(desk.sent()) <= 20 + 2
    raws = {n: _raw(desk, f"m{n}@ecole.test") for n in (1, *STRANGE)}
    assert set(parse_mail(raws[1]).delivered_to) == {DESK, HELPDESK}
    assert len(raws[3]) > 2_000_000
    assert "Déjà vu : œuvre".encode() in raws[4]
    assert LONG_LINE.encode() in raws[5]


def _raw(desk: DoorDesk, message_id: str) -> bytes:
    with desk.ledger() as tx:
        (message,) = [m for m in tx.find_messages(message_id) if m.direction == "in"]
        return tx.raw(message.sha256) or b""
