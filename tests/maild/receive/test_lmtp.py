"""The door, spoken to by real clients: what it takes, what it refuses, and when a mail is ours."""

import re
import smtplib
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from maild import ingest
from maild.arrival import Arrival
from maild.bell import Bell
from maild.config import DoorMaildrop
from maild.receive import lmtp, replies, vigil
from maild.receive.lmtp import Door
from maild.receive.mailbox import Unreachable
from parsers.mail import parse_mail
from storage.database import Unavailable
from storage.records import DOOR_EPOCH
from storage.store import LeaseLost, Transaction
from tests.maild.decide.cases import ANNE, DESK
from tests.maild.office import Room, raw, room
from tests.peers.child import LOOPBACK, free_port

JEAN = "jean@ecole.test"
HELPDESK = "helpdesk@etnic.test"


def wait_until(holds: Callable[[], object]) -> None:
    """Until something holds in another thread."""
    for _ in range(1000):
        if holds():
            return
        threading.Event().wait(0.01)
    raise TimeoutError


@dataclass(slots=True, kw_only=True)
class Opened:
    """A door that stands open."""

    room: Room
    door: Door
    thread: threading.Thread

    @contextmanager
    def client(self) -> Iterator[smtplib.SMTP]:
        """A client that has greeted; LMTP's LHLO where the door wants it. It goes without a word."""
        kind = smtplib.LMTP if self.door.drop.kind == "lmtp" else smtplib.SMTP
        host = str(self.door.drop.socket or self.door.drop.host)
        client = kind(host, self.door.drop.port, local_hostname="mx.etnic.test", timeout=10)
        try:
            client.ehlo()
            yield client
        finally:
            client.close()

    def close(self) -> None:
        """Ask it to end, and wait until it has."""
        self.door.bell.close()
        self.thread.join(20)
        assert not self.thread.is_alive()

    def raws(self) -> list[bytes]:
        """The bytes of every sighting, in the order of their coming."""
        found = self.room.rows("SELECT raw.sha256 FROM sighting JOIN raw ON raw.id = raw_id ORDER BY uid")
        with self.room.office.store.read() as tx:
            return [tx.raw(row.sha256) or b"" for row in found]

    def receipts(self) -> list[str]:
        """Who is owed a receipt."""
        return [to for kind, to in self.room.letters() if kind == "receipt"]

    def count(self, table: str, where: str = "1 = 1") -> int:
        """How many rows."""
        return int(self.room.rows(f"SELECT count(*) AS n FROM {table} WHERE {where}")[0].n)  # noqa: S608

    def wait_for_filing(self, messages: int) -> None:
        """Until so many messages are filed and nothing waits."""
        waits = "state = 'received'"
        wait_until(lambda: self.count("message") >= messages and not self.count("sighting", waits))


@contextmanager
def opened(folder: Path, *, max_message: int = 50_000_000, **changes: Any) -> Iterator[Opened]:
    """A door that stands open, on a fresh ledger; ``changes`` are its own or the policy's."""
    drop = {"kind": "lmtp", "listen": f"{LOOPBACK}:{free_port()}"}
    drop |= {key: changes.pop(key) for key in ("kind", "listen", "allow") if key in changes}
    with room(folder, **changes) as made:
        bell = Bell()
        door = Door(
            name="door", drop=DoorMaildrop.model_validate(drop), office=made.office, holder="test",
            bell=bell, filed=lambda: None, max_message=max_message,
        )  # fmt: skip
        thread = threading.Thread(target=lmtp.watch, args=(door,), daemon=True)
        there = Opened(room=made, door=door, thread=thread)
        thread.start()
        try:
            wait_until(lambda: there.count("maildrop", "polled_at IS NOT NULL"))
            yield there
        finally:
            there.close()
            bell.dispose()


@pytest.fixture
def by_lmtp(tmp_path: Path) -> Iterator[Opened]:
    """A door that speaks LMTP."""
    with opened(tmp_path) as there:
        yield there


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    """A door for those who only talk: many come and go, and what they leave counts for nobody else."""
    with opened(tmp_path_factory.mktemp("standing")) as there:
        yield there


@pytest.fixture
def by_smtp(tmp_path: Path) -> Iterator[Opened]:
    """A door that speaks SMTP."""
    with opened(tmp_path, kind="smtp") as there:
        yield there


def on_the_wire(content: bytes) -> bytes:
    """With the line ends of RFC 5321 2.3.8, the last one included."""
    return re.sub(rb"\r?\n", b"\r\n", content).removesuffix(b"\r\n") + b"\r\n"


def hand_in(
    client: smtplib.SMTP, content: bytes, *to: str, sender: str = JEAN, options: tuple[str, ...] = ()
) -> list[tuple[int, bytes]]:
    """One transaction; the replies after the data, one a recipient by LMTP."""
    assert client.mail(sender, list(options))[0] == 250
    for recipient in to or (DESK,):
        code, said = client.rcpt(recipient)
        assert code == 250, said
    assert client.docmd("DATA")[0] == 354
    client.send(re.sub(rb"(?m)^\.", b"..", on_the_wire(content)) + b".\r\n")
    answers = len(to or (DESK,)) if isinstance(client, smtplib.LMTP) else 1
    return [client.getreply() for _ in range(answers)]


# --- what is taken ------------------------------------------------------------------------------------------


def test_a_mail_is_durable_when_it_has_its_250(by_lmtp: Opened) -> None:
    """Under the name that the reply tells; the ticket follows by itself."""
    with by_lmtp.client() as client:
        ((code, said),) = hand_in(client, raw())
        assert code == 250
        (sighting,) = by_lmtp.room.rows("SELECT * FROM sighting")
    assert said.decode() == f"2.0.0 kept as {sighting.mail_id}"
    assert (sighting.uidvalidity, sighting.uid) == (DOOR_EPOCH, 1)
    (content,) = by_lmtp.raws()
    assert content.endswith(b"\r\n" + on_the_wire(raw()))
    read = parse_mail(content)
    assert (read.return_path, read.delivered_to) == (JEAN, (DESK,))
    assert read.header("Received").startswith("from mx.etnic.test ([127.0.0.1]) by ")
    assert f"with LMTP id {sighting.mail_id} for <{DESK}>;" in read.header("Received")
    by_lmtp.wait_for_filing(1)
    (ticket,) = by_lmtp.room.tickets()
    assert ticket.arrived_at == by_lmtp.room.clock.now
    assert by_lmtp.receipts() == [JEAN]
    assert by_lmtp.count("sighting", "dirty") == 0


def test_lmtp_answers_once_a_recipient_and_makes_one_message(by_lmtp: Opened) -> None:
    """RFC 2033 4.2."""
    with by_lmtp.client() as client:
        said = hand_in(client, raw(), DESK, HELPDESK, "support+tag@etnic.test")
        assert [code for code, _ in said] == [250, 250, 250]
        assert client.noop()[0] == 250
    by_lmtp.wait_for_filing(1)
    assert (by_lmtp.count("sighting"), by_lmtp.count("message"), by_lmtp.count("ticket")) == (1, 1, 1)
    (content,) = by_lmtp.raws()
    assert parse_mail(content).delivered_to == (DESK, HELPDESK, "support+tag@etnic.test")


def test_smtp_answers_once(by_smtp: Opened) -> None:
    """RFC 5321 3.3; and says by which protocol it was (RFC 3848)."""
    with by_smtp.client() as client:
        assert [code for code, _ in hand_in(client, raw(), DESK, HELPDESK)] == [250]
        assert client.noop()[0] == 250
    assert b" with ESMTP id " in by_smtp.raws()[0]


def test_an_old_client_that_says_helo(by_smtp: Opened) -> None:
    """RFC 5321 3.2."""
    with smtplib.SMTP(LOOPBACK, by_smtp.door.drop.port, timeout=10) as client:
        client.helo("mx.etnic.test")
        assert hand_in(client, raw())[0][0] == 250
    assert b" with SMTP id " in by_smtp.raws()[0]


@pytest.mark.parametrize("kind", ["lmtp", "smtp"])
def test_what_is_offered(tmp_path: Path, kind: str) -> None:
    """What RFC 2033 asks for and what we can do; no login."""
    with opened(tmp_path, kind=kind, max_message=123_456) as there, there.client() as client:
        offered = dict(client.esmtp_features)
        assert offered.pop("size") == "123456"
        assert set(offered) == {"8bitmime", "smtputf8", "pipelining", "enhancedstatuscodes", "help"}
        assert client.docmd("AUTH", "PLAIN AGEAYg==")[0] >= 500
        other = "EHLO" if kind == "lmtp" else "LHLO"
        assert client.docmd(other, "x")[0] == 500


@pytest.mark.parametrize(
    ("recipient", "code"),
    [
        (DESK, 250),
        ("SUPPORT@Etnic.Test", 250),
        (HELPDESK, 250),
        ("support+o0123.abc@etnic.test", 250),
        ("Support+@etnic.test", 250),
        ('"support"@etnic.test', 250),
        ("jean@ecole.test", 550),
        ("supports@etnic.test", 550),
        ("+support@etnic.test", 550),
        ("support@etnic.test.forger.test", 550),
        ("support", 550),
        ("support%etnic.test@forger.test", 550),
        ("postmaster", 550),
        ("<>", 550),
    ],
)
def test_only_the_desk_is_reached(standing: Opened, recipient: str, code: int) -> None:
    """Its addresses without regard to case, with a tag or without."""
    with standing.client() as client:
        client.mail(JEAN)
        found, said = client.docmd(f"RCPT TO:<{recipient.strip('<>')}>")
        assert found == code or (recipient == "<>" and found // 100 == 5)
        assert said.startswith(b"2.1.5" if code == 250 else b"5.")


def test_a_stranger_among_the_recipients_does_not_keep_the_mail_out(by_lmtp: Opened) -> None:
    """One reply for each that was accepted."""
    with by_lmtp.client() as client:
        client.mail(JEAN)
        assert client.rcpt("nobody@etnic.test") == (
            550,
            b"5.1.1 <nobody@etnic.test> is not an address of this desk",
        )
        assert client.rcpt(DESK)[0] == 250
        assert client.docmd("DATA")[0] == 354
        client.send(raw() + b"\r\n.\r\n")
        assert client.getreply()[0] == 250
        assert client.noop()[0] == 250
    assert parse_mail(by_lmtp.raws()[0]).delivered_to == (DESK,)


def test_a_report_has_no_sender(by_lmtp: Opened) -> None:
    """RFC 5321 4.5.5: the null path; nothing automatic is answered, whatever the header says."""
    with by_lmtp.client() as client:
        assert hand_in(client, b"Return-Path: <jean@ecole.test>\r\n" + raw(), sender="")[0][0] == 250
    by_lmtp.wait_for_filing(1)
    assert parse_mail(by_lmtp.raws()[0]).return_path == ""
    assert by_lmtp.receipts() == []


@pytest.mark.parametrize(
    ("sender", "options"),
    [
        (JEAN, ("BODY=8BITMIME",)),
        ("jérôme@école.test", ("SMTPUTF8", "BODY=8BITMIME")),
        ("SRS0=HHH=TT=ecole.test=jean@forwarder.test", ()),
        ("bounces+" + "x" * 600 + "@lists.test", ()),
        ("mailer-daemon", ()),
    ],
)
def test_senders_of_every_kind(standing: Opened, sender: str, options: tuple[str, ...]) -> None:
    """Whoever writes is written to under the address that he used."""
    with standing.client() as client:
        if "SMTPUTF8" in options:
            client.command_encoding = "utf-8"
        body = "Préparé à la main : œuf\n".encode()
        assert hand_in(client, raw() + body, sender=sender, options=options)[0][0] == 250
    read = parse_mail(standing.raws()[-1])
    assert read.return_path == sender
    assert "œuf" in read.text
    assert ("with UTF8LMTP id" in read.header("Received")) is ("SMTPUTF8" in options)


@pytest.mark.parametrize("inside", ["\r", "\x00", "\x0b", "\x85", "\u2028"])
@pytest.mark.parametrize("command", ["MAIL FROM", "RCPT TO"])
def test_no_address_brings_a_header_field(standing: Opened, command: str, inside: str) -> None:
    """What could end a line in anybody's eyes is refused before it is written."""
    forged = f'{command}:<"a{inside}Authentication-Results: mx.etnic.test; dmarc=pass"@x.test>'
    with standing.client() as client:
        if command == "RCPT TO":
            client.mail(JEAN)
        client.send(forged.encode() + b"\r\n")
        code, _ = client.getreply()
        assert code in {501, 550, 553}
        assert client.noop()[0] == 250


def test_commands_one_behind_the_other(by_lmtp: Opened) -> None:
    """RFC 2920: everything up to the data in one breath, two mails, and a reset between."""
    with by_lmtp.client() as client:
        start = f"MAIL FROM:<{JEAN}>\r\nRCPT TO:<{DESK}>\r\n"
        client.send(f"{start}RSET\r\n{start}RCPT TO:<{HELPDESK}>\r\nDATA\r\n".encode())
        assert [client.getreply()[0] for _ in range(7)] == [250, 250, 250, 250, 250, 250, 354]
        client.send(raw() + f"\r\n.\r\n{start}DATA\r\n".encode())
        assert [client.getreply()[0] for _ in range(5)] == [250, 250, 250, 250, 354]
        client.send(raw("m2@ecole.test") + b"\r\n.\r\n")
        assert client.getreply()[0] == 250
    assert by_lmtp.count("sighting") == 2


def test_one_very_long_line(by_lmtp: Opened) -> None:
    """Two million octets without an end, which nothing in the way has folded."""
    body = "é" * 1_000_000
    with by_lmtp.client() as client:
        assert hand_in(client, raw(body=body))[0][0] == 250
    assert body.encode() in by_lmtp.raws()[0]


def test_a_line_longer_than_anything_is_refused_to_each_recipient(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the conversation goes on."""
    monkeypatch.setattr(lmtp.Conversation, "line_length_limit", 10_000)
    with opened(tmp_path) as there, there.client() as client:
        said = hand_in(client, raw(body="x" * 50_000), DESK, HELPDESK)
        assert [code for code, _ in said] == [500, 500]
        assert hand_in(client, raw())[0][0] == 250
    assert there.thread.is_alive() is False


def test_a_mail_that_is_too_large(tmp_path: Path) -> None:
    """Refused before it comes where its size is told (RFC 1870), and after it otherwise."""
    with opened(tmp_path, max_message=20_000) as there, there.client() as client:
        code, said = client.mail(JEAN, ["SIZE=20001"])
        assert (code, said[:5]) == (552, b"5.3.4")
        large = hand_in(client, raw(body="line\r\n" * 4000), DESK, HELPDESK)
        assert [(code, said[:5]) for code, said in large] == [(552, b"5.3.4")] * 2
        assert hand_in(client, raw(), options=("SIZE=19999",))[0][0] == 250
        assert there.count("sighting") == 1


def test_dots_at_the_beginning_of_a_line(by_lmtp: Opened) -> None:
    """RFC 5321 4.5.2."""
    with by_lmtp.client() as client:
        hand_in(client, raw(body=".\r\n..two\r\n.end\r\n"))
    assert by_lmtp.raws()[0].endswith(b"\r\n\r\n.\r\n..two\r\n.end\r\n")


def test_a_mail_ends_at_one_place_only(by_lmtp: Opened) -> None:
    """No other line end before or after the dot is taken for the end of the data."""
    with by_lmtp.client() as client:
        client.mail(JEAN)
        client.rcpt(DESK)
        client.docmd("DATA")
        client.send(raw() + b"\n.\nMAIL FROM:<a@b.test>\r\n\n.\r\nRSET\r\n\r.\r\r\n.\r\n")
        assert client.getreply()[0] == 250
        assert client.noop()[0] == 250
    assert by_lmtp.count("sighting") == 1
    assert b"MAIL FROM:<a@b.test>" in by_lmtp.raws()[0]


# --- the same mail again ------------------------------------------------------------------------------------

QUEUED = b"Received: from pc by mx.etnic.test (Postfix) id 4X7aBC; Mon, 25 Nov 2024 11:59:00 +0000\r\n"
WITHOUT_ID = raw().replace(b"Message-ID: <m1@ecole.test>\r\n", b"")
WITHOUT_BOTH = QUEUED + WITHOUT_ID.replace(b"Date: Mon, 25 Nov 2024 12:00:00 +0000\r\n", b"")


@pytest.mark.parametrize("content", [raw(), WITHOUT_ID, WITHOUT_BOTH], ids=["id", "date", "neither"])
def test_a_mail_that_comes_again_is_one_message(by_lmtp: Opened, content: bytes) -> None:
    """The 250 was lost on its way: another sighting, no second ticket, no second receipt."""
    for _ in range(3):
        with by_lmtp.client() as client:
            assert hand_in(client, content)[0][0] == 250
        by_lmtp.wait_for_filing(1)
        by_lmtp.room.clock.later(minutes=7)
    assert (by_lmtp.count("sighting"), by_lmtp.count("message"), by_lmtp.count("ticket")) == (3, 1, 1)
    assert [row.uid for row in by_lmtp.room.rows("SELECT uid FROM sighting ORDER BY id")] == [1, 2, 3]
    assert by_lmtp.receipts() == [JEAN]


def test_a_mail_of_the_mailbox_that_comes_by_the_door_too(by_lmtp: Opened) -> None:
    """One message, seen in two places."""
    by_lmtp.room.ingest(raw())
    with by_lmtp.client() as client:
        hand_in(client, raw())
    by_lmtp.wait_for_filing(1)
    assert (by_lmtp.count("sighting"), by_lmtp.count("message"), by_lmtp.count("ticket")) == (2, 1, 1)


# --- what is wrong with us ----------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [Unavailable("disk full"), LeaseLost("taken over"), RuntimeError("ours")])
def test_a_fault_of_ours_is_a_451_for_each_recipient(
    by_lmtp: Opened, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    """Nothing is kept, nothing is given up: it comes again and is taken then."""

    def fail(*_: object) -> None:
        raise fault

    # Where the lease is lost the door closes, and opens again at once.
    monkeypatch.setattr(vigil, "backoff", lambda *_: 0.0)
    with monkeypatch.context() as broken, by_lmtp.client() as client:
        broken.setattr(Transaction, "keep", fail)
        said = hand_in(client, raw(), DESK, HELPDESK)
        assert [f"{code} {words.decode()}" for code, words in said] == [replies.NOT_KEPT] * 2
        assert by_lmtp.count("sighting") == by_lmtp.count("raw") == 0
    wait_until(lambda: _is_taken(by_lmtp))
    by_lmtp.wait_for_filing(1)
    assert by_lmtp.count("ticket") == 1


def _is_taken(there: Opened) -> bool:
    with suppress(OSError), there.client() as client:
        return hand_in(client, raw())[0][0] == 250
    return False


def test_a_fault_of_ours_in_a_command_is_a_451(by_lmtp: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """aiosmtpd itself would say 500, and the server would send the mail back."""
    monkeypatch.setattr(replies, "not_the_desk", lambda _: 1 // 0)
    with by_lmtp.client() as client:
        client.mail(JEAN)
        assert client.rcpt("nobody@etnic.test") == (451, replies.NOT_KEPT[4:].encode())
        assert client.noop()[0] == 250


def test_another_process_takes_the_door_over(by_lmtp: Opened) -> None:
    """What is handed in meanwhile is not kept, and the door closes until the other one's lease is over."""
    room_, later = by_lmtp.room, timedelta(days=1)
    with room_.office.store.write() as tx:
        drop = tx.maildrop("door", "door")
        theirs = tx.take_lease(drop.id, holder="other", now=room_.clock.now + later, ttl=later)
    assert theirs is not None
    with by_lmtp.client() as client:
        assert hand_in(client, raw())[0][0] == 451
        with suppress(smtplib.SMTPServerDisconnected):  # the word may be cut off by the end itself
            assert client.getreply()[0] == 421
    wait_until(lambda: not _listens(by_lmtp))
    assert by_lmtp.count("sighting") == 0


def _listens(there: Opened) -> bool:
    with socket.socket() as client:
        return client.connect_ex((LOOPBACK, there.door.drop.port)) == 0


def test_reading_a_mail_keeps_no_server_waiting(by_lmtp: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one is taken while the first is being read."""
    go_on, begun = threading.Event(), threading.Event()
    file = ingest.file

    def slowly(*arguments: Any, **named: Any) -> Any:
        begun.set()
        go_on.wait(20)
        return file(*arguments, **named)

    monkeypatch.setattr(ingest, "file", slowly)
    with by_lmtp.client() as client:
        assert hand_in(client, raw())[0][0] == 250
        begun.wait(20)
        assert hand_in(client, raw("m2@ecole.test"))[0][0] == 250
        assert by_lmtp.count("message") == 0
        go_on.set()
    by_lmtp.wait_for_filing(2)


def test_what_is_kept_and_not_filed_is_tried_again(by_lmtp: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ledger was away for a moment; nobody has to hand anything in for it."""
    monkeypatch.setattr(lmtp, "AGAIN_SECONDS", 0.01)
    failed: list[Exception] = []
    file = ingest.file

    def fail_twice(*arguments: Any, **named: Any) -> Any:
        if len(failed) < 2:
            failed.append(Unavailable("busy"))
            raise failed[-1]
        return file(*arguments, **named)

    monkeypatch.setattr(ingest, "file", fail_twice)
    with by_lmtp.client() as client:
        assert hand_in(client, raw())[0][0] == 250
    by_lmtp.wait_for_filing(1)
    assert len(failed) == 2


@pytest.mark.parametrize("is_opened", [True, False])
def test_what_a_death_left_behind_is_filed(tmp_path: Path, *, is_opened: bool) -> None:
    """When the door opens, and by one pass that opens no door."""
    with opened_later(tmp_path, f"{LOOPBACK}:{free_port()}") as door:
        with door.office.store.write() as tx:
            drop = tx.maildrop("door", "door")
            lease = tx.take_lease(drop.id, holder="test", now=door.office.now(), ttl=timedelta(hours=1))
        assert lease is not None
        arrival = Arrival(content=raw(), uid=0, arrived_at=door.office.now(), mail_id="01jd")
        ingest.keep([arrival], drop, DOOR_EPOCH, lease, door.office)
        if is_opened:
            thread = threading.Thread(target=lmtp.watch, args=(door,))
            thread.start()
            wait_until(lambda: _tickets(door))
            door.bell.close()
            thread.join(20)
        else:
            assert lmtp.catch_up(door) == 1
        assert _tickets(door) == 1


def _tickets(door: Door) -> int:
    with door.office.store.read() as tx:
        return len(list(tx.tickets()))


# --- who may come -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("allow", "code"), [((), 421), (("192.0.2.0/28",), 220), (("192.0.2.8",), 421)])
def test_only_the_servers_that_are_named_may_hand_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, allow: tuple[str, ...], code: int
) -> None:
    """Beside those of this machine; turned away for a while only, since the list may be what is wrong."""
    monkeypatch.setattr(lmtp, "_ip_of", lambda _: "192.0.2.7")
    with (
        opened(tmp_path, kind="smtp", allow=allow) as there,
        closing(socket.create_connection((LOOPBACK, there.door.drop.port), timeout=10)) as client,
    ):
        assert client.recv(100)[:3] == str(code).encode()


def test_a_crowd_is_asked_to_come_later(by_lmtp: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the next one is welcome when somebody has gone."""
    monkeypatch.setattr(lmtp, "MOST_CONVERSATIONS", 1)
    with by_lmtp.client():
        with pytest.raises(smtplib.SMTPConnectError) as refused, by_lmtp.client():
            pytest.fail("it was let in")
        assert refused.value.args == (421, replies.CROWDED[4:].encode())
    wait_until(lambda: _is_taken(by_lmtp))


def test_who_says_nothing_is_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a word (RFC 5321 3.8)."""
    monkeypatch.setattr(lmtp, "IDLE_SECONDS", 0.05)
    with (
        opened(tmp_path) as there,
        closing(socket.create_connection((LOOPBACK, there.door.drop.port))) as client,
    ):
        client.settimeout(10)
        said = client.makefile("rb").read()
    assert said.splitlines()[1:] == [replies.SILENT.encode()]


def test_more_recipients_than_anybody_needs(by_lmtp: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 5321 4.5.3.1.10: 452, and the mail goes to those before."""
    monkeypatch.setattr(lmtp, "MOST_RECIPIENTS", 2)
    with by_lmtp.client() as client:
        client.mail(JEAN)
        assert [client.rcpt(DESK)[0] for _ in range(3)] == [250, 250, 452]


def test_a_socket_of_this_machine(short_path: Path) -> None:
    """For the group of its folder, and gone when the door is closed; one that a death left is replaced."""
    path = short_path / "door.sock"
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(path))
    with opened(short_path, listen=f"unix:{path}") as there:
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        with there.client() as client:
            assert hand_in(client, raw())[0][0] == 250
        assert parse_mail(there.raws()[0]).header("Received").startswith("from mx.etnic.test (local) by")
    assert not path.exists()


def test_a_place_that_is_taken(tmp_path: Path, short_path: Path) -> None:
    """Said in words, and waited out; what another program has is never taken from it."""
    port, path = free_port(), short_path / "door.sock"
    with socket.create_server((LOOPBACK, port)), socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        for listen, why in ((f"{LOOPBACK}:{port}", "in use"), (f"unix:{path}", "another program")):
            with opened_later(tmp_path, listen) as door, pytest.raises(Unreachable, match=why):
                lmtp._serve(door)
        assert path.exists()


@contextmanager
def opened_later(folder: Path, listen: str) -> Iterator[Door]:
    """A door that is closed still."""
    with room(folder) as made:
        drop, bell = DoorMaildrop(kind="lmtp", listen=listen), Bell()
        yield Door(
            name="door", drop=drop, office=made.office, holder="test", bell=bell, filed=lambda: None,
            max_message=1000,
        )  # fmt: skip
        bell.dispose()


# --- the end ------------------------------------------------------------------------------------------------


def test_the_end_waits_for_what_is_in_hand(by_lmtp: Opened) -> None:
    """Who says nothing is told to come later; a mail whose data has begun is taken, then it is over."""
    with by_lmtp.client() as idle, by_lmtp.client() as busy:
        busy.mail(JEAN)
        busy.rcpt(DESK)
        busy.docmd("DATA")
        busy.send(raw()[:50])
        ending = threading.Thread(target=by_lmtp.close)
        ending.start()
        code, said = idle.getreply()
        assert f"{code} {said.decode()}" == replies.CLOSING
        wait_until(lambda: not _listens(by_lmtp))
        busy.send(raw()[50:] + b"\r\n.\r\n")
        assert busy.getreply()[0] == 250
        assert busy.getreply()[0] == 421
        ending.join(20)
    assert (by_lmtp.count("message"), by_lmtp.count("ticket")) == (1, 1)


def test_the_end_does_not_wait_for_ever(by_lmtp: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that stalls was promised nothing."""
    monkeypatch.setattr(lmtp, "PARTING_SECONDS", 0.2)
    with by_lmtp.client() as client:
        client.mail(JEAN)
        client.rcpt(DESK)
        client.docmd("DATA")
        client.send(raw()[:50])
        by_lmtp.close()
        with pytest.raises(smtplib.SMTPServerDisconnected):
            client.getreply()
    assert by_lmtp.count("sighting") == 0


def test_a_client_that_goes_in_the_middle_of_a_mail(by_lmtp: Opened) -> None:
    """Nothing is kept."""
    with by_lmtp.client() as client:
        client.mail(JEAN)
        client.rcpt(DESK)
        client.docmd("DATA")
        client.send(raw()[:50])
    assert _is_taken(by_lmtp)
    assert by_lmtp.count("sighting") == 1


def test_a_client_that_goes_before_its_reply(by_lmtp: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was kept is filed, and is the same mail when it comes again."""
    begun, go_on = threading.Event(), threading.Event()
    keep = ingest.keep

    def slowly(*arguments: Any) -> Any:
        begun.set()
        go_on.wait(20)
        return keep(*arguments)

    monkeypatch.setattr(ingest, "keep", slowly)
    with by_lmtp.client() as client:
        client.mail(JEAN)
        client.rcpt(DESK)
        client.docmd("DATA")
        client.send(raw() + b"\r\n.\r\n")
        begun.wait(20)
    go_on.set()
    by_lmtp.wait_for_filing(1)
    assert _is_taken(by_lmtp)
    wait_until(lambda: by_lmtp.count("sighting", "state = 'filed'") == 2)
    assert by_lmtp.count("ticket") == 1


# --- power --------------------------------------------------------------------------------------------------


def test_exchange_s_word_is_worth_nothing_at_the_door(tmp_path: Path) -> None:
    """Anybody can write that header; an agent's command does nothing by it."""
    with opened(tmp_path, proof=("m365",)) as there:
        with there.client() as client:
            hand_in(client, raw())
            there.wait_for_filing(1)
            (ticket,) = there.room.tickets()
            forged = raw(
                "m2@etnic.test", From=ANNE, Subject=f"Re: [ETNIC-{ticket.id}] Imprimante", body="#prendre\n",
                X_MS_Exchange_Organization_AuthAs="Internal", In_Reply_To="<m1@ecole.test>",
            )  # fmt: skip
            hand_in(client, forged, sender=ANNE)
        there.wait_for_filing(2)
        (ticket,) = there.room.tickets()
        assert ticket.taken_at is None
        assert there.count("message", "kind = 'command'") == 0
