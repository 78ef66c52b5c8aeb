"""`doctor --probe`: a mail to ourselves leaves by SMTP, comes back into a real mailbox, and is understood."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from aiosmtpd.smtp import Envelope

from maild import cli, config, daemon, probe
from maild.cli import Code
from maild.cli.doctor import probing
from maild.cli.doctor.faults import Fault
from tests.maild.doctor.desk import Examine, Found, finds, imap, row, smtp
from tests.peers.mailbox import Mailbox
from tests.peers.smtp import Reply, Sink

LOOKED_AT = ()
RESULTS = "Authentication-Results: mx.etnic.be; dmarc=pass header.from=etnic.be\r\n"


@dataclass(kw_only=True)
class Way:
    """What the servers between submission and mailbox do to a mail."""

    top: str = ""
    folder: str = "INBOX"
    plus: bool = True
    behind: timedelta = timedelta(0)
    taken_behind: timedelta = timedelta(0)
    without: str = ""
    message_id: str = ""


class Delivering(Sink):
    """A server that hands what it takes on to a mailbox, as a provider's own does."""

    def __init__(self, mailbox: Mailbox, way: Way) -> None:
        super().__init__()
        self._mailbox, self._way = mailbox, way

    def keep(self, envelope: Envelope, *, confirmed: bool) -> None:
        super().keep(envelope, confirmed=confirmed)
        way, letter = self._way, self.letters[-1]
        if "+" in letter.recipients[0] and not way.plus:
            return
        text = letter.content.decode()
        if way.without:
            text = re.sub(rf"(?im)^{way.without}:.*\r\n( .*\r\n)*", "", text)
        if way.message_id:
            text = re.sub(r"(?im)^message-id:.*\r\n( .*\r\n)*", f"Message-ID: <{way.message_id}>\r\n", text)
        now = datetime.now(UTC)
        received = f"Received: by mx.etnic.be; {format_datetime(now - way.taken_behind)}\r\n"
        content = (way.top + received + text).encode()
        self._mailbox.append(content, folder=way.folder, at=now - way.behind)


@dataclass(kw_only=True)
class Desk:
    examine: Examine
    mailbox: Mailbox
    capture: "pytest.CaptureFixture[bytes]"

    def probed(self, way: Way, rest: str = "", **tables: dict[str, object]) -> Found:
        """What `doctor --probe` says, the other checks left out."""
        server = Delivering(self.mailbox, way)
        server.start()
        try:
            return self.through(server, rest, **tables)
        finally:
            server.stop()

    def through(self, server: Sink, rest: str = "", **tables: dict[str, object]) -> Found:
        drop = imap(self.mailbox) | tables.pop("drop", {})
        self.examine(rest, drop=drop, submission=smtp(server), **tables)
        code = cli.answer(["doctor", "--json", "--probe"])
        return Found(code, [json.loads(line) for line in self.capture.readouterr().out.splitlines()])


@pytest.fixture
def desk(
    examine: Examine,
    mailbox: Mailbox,
    capsysbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> Desk:
    """A desk whose doctor looks often and gives up soon."""
    monkeypatch.setattr(probing, "PAUSE_SECONDS", 0.02)
    monkeypatch.setattr(probing, "PATIENCE", timedelta(seconds=0.3))
    return Desk(examine=examine, mailbox=mailbox, capture=capsysbinary)


@contextmanager
def patient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """For what must come: a busy machine is no reason to miss it."""
    monkeypatch.setattr(probing, "PATIENCE", timedelta(seconds=30))
    yield


TRUSTED = '[security]\ntrusted_authserv_ids = ["mx.etnic.be"]\n'


@pytest.mark.real
def test_a_mail_that_comes_back_as_it_left(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with patient(monkeypatch):
        found = desk.probed(Way(top=RESULTS), TRUSTED, drop={"sent": []})
    assert found.code == Code.OK
    told = "\n".join(found.of("probe", "ok"))
    assert len(found.of("probe")) == len(found.of("probe", "ok")) == 6
    assert "came into INBOX after" in told
    assert "its Message-ID came back as it was" in told
    assert "written by mx.etnic.be, which is trusted" in told
    assert "the clock of the mailbox agrees with ours" in told
    assert "the clock of the submission server agrees with ours" in told
    assert "support+token@etnic.be comes to support@etnic.be: plus_addresses = true can be set" in told


@pytest.mark.real
def test_a_daemon_that_meets_it_makes_no_ticket_of_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Nor a receipt, nor a letter to an agent; and every mail of the mailbox is accounted for."""
    agent = '[[agent]]\nname = "Anne"\naddress = "anne@etnic.be"\n'
    server = Delivering(desk.mailbox, Way())
    server.start()
    try:
        with patient(monkeypatch):
            desk.through(server, agent)
        assert daemon.once(config.load(tmp_path / "config.toml", {}))
        assert cli.answer(["reconcile"]) == Code.OK
        assert cli.answer(["tickets", "--json"]) == Code.OK
    finally:
        server.stop()
    assert b'"number"' not in desk.capture.readouterr().out
    assert server.letters[0].recipients == ("support@etnic.be",)
    assert len(server.letters) == len(desk.mailbox.uids()) == 2


@pytest.mark.real
@pytest.mark.parametrize(
    ("way", "verdict", "said", "remedy"),
    [
        row(Fault.PROBE_JUNK, Way(folder="Junk"), "warn", "it lies in Junk", "SPF, DKIM"),
        row(Fault.PROBE_SERVER_UNTRUSTED, Way(top=RESULTS), "warn", "by mx.etnic.be", '= ["mx.etnic.be"]'),
        (Way(), "ok", "no Authentication-Results", "came from outside"),
        row(Fault.PROBE_WITHOUT_MARK, Way(without="X-Maild"), "fail", "the header X-Maild", "leave headers"),
        row(Fault.PROBE_RENAMED, Way(message_id="new@mx.be"), "warn", "<new@mx.be>", "by the number"),
        row(Fault.CLOCK_APART, Way(behind=timedelta(minutes=2)), "warn", "the mailbox is 1", "let NTP keep"),
        row(Fault.CLOCK_WRONG, Way(behind=timedelta(hours=1)), "fail", "behind ours", "the mailbox's"),
        row(Fault.CLOCK_WRONG, Way(taken_behind=timedelta(hours=1)), "fail", "submission server is 3", "NTP"),
    ],
)
def test_what_a_mail_meets_on_its_way(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, way: Way, verdict: str, said: str, remedy: str
) -> None:
    with patient(monkeypatch):
        lines = desk.probed(way, drop={"junk": "Junk"}).of("probe", verdict)
    assert any(said in line and remedy in line for line in lines), lines


@pytest.mark.real
@pytest.mark.parametrize(("used", "verdict"), [row(Fault.NO_PLUS_ADDRESSES, True, "fail"), (False, "ok")])
def test_a_server_that_knows_no_plus_addresses(desk: Desk, verdict: str, *, used: bool) -> None:
    found = desk.probed(Way(plus=False), desk={"plus_addresses": used})
    assert any("support+token@etnic.be does not come" in line for line in found.of("probe", verdict))


@finds(Fault.PROBE_LOST)
@pytest.mark.real
def test_a_mail_that_never_comes(desk: Desk) -> None:
    (line, *_) = desk.probed(Way(folder="Sent"), drop={"sent": ["Sent"]}).of("probe", "fail")
    assert "did not come into INBOX within" in line


@finds(Fault.PROBE_NOT_TAKEN)
@pytest.mark.real
def test_a_mail_that_is_not_taken(desk: Desk, sink: Sink) -> None:
    sink.script(Reply(stage="rcpt", say="550 5.1.1 no such user", times=2))
    (line,) = desk.through(sink).of("probe", "fail")
    assert "a mail to support@etnic.be was not taken: 550 5.1.1 no such user" in line
    assert sink.letters == []


@finds(Fault.PROBE_UNREACHABLE)
def test_a_mailbox_that_is_away(desk: Desk, sink: Sink, smtp_port: int) -> None:
    (line,) = desk.through(sink, drop={"port": smtp_port}).of("probe", "fail")
    assert "refused -> mend what is said of this maildrop above" in line
    assert sink.letters == []


@finds(Fault.PROBE_NOWHERE)
def test_a_desk_without_a_mailbox(desk: Desk, sink: Sink, smtp_port: int) -> None:
    door: dict[str, object] = {"kind": "lmtp", "listen": f"127.0.0.1:{smtp_port}"}
    (line,) = desk.through(sink, support=door).of("probe", "warn")
    assert "handed in at a door" in line


def test_without_being_asked_nothing_is_sent(examine: Examine, sink: Sink) -> None:
    assert examine(submission=smtp(sink)).of("probe") == []
    assert sink.letters == []


def test_what_lies_within_the_span_is_no_skew() -> None:
    """Whole seconds are cut off; a clock ahead is found like one behind."""
    sent = datetime(2026, 11, 23, 9, 0, 0, 900_000, tzinfo=UTC)
    seen = sent + timedelta(seconds=3)
    assert probe.skew(sent.replace(microsecond=0), sent, seen) == timedelta(0)
    assert probe.skew(sent + timedelta(minutes=5), sent, seen) == timedelta(minutes=4, seconds=56)
    assert probe.skew(sent - timedelta(minutes=5), sent, seen) == -timedelta(minutes=5)
