"""Poison, wrong passwords, servers that are away, a ledger that is busy: a clear line, and nothing lost."""

import random
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from maild import cli, compose, daemon, ingest
from maild.decide import message
from maild.receive import doubt, imap, vigil
from parsers.mail import ParsedMail, parse_mail
from storage import database
from storage.records import Status
from storage.store import Store, Transaction
from tests.peers.child import free_port
from tests.peers.dovecot import Dovecot
from tests.peers.mailbox import Mailbox
from tests.scenarios.desk import ADMIN, Desk, mail

POISON = "poison@ecole.test"


def three(desk: Desk) -> None:
    """A mail that cannot be digested, between two good ones."""
    desk.receive(
        mail("one@ecole.test", sender="un@ecole.test", subject="Un"),
        mail(POISON, subject="Poison"),
        mail("two@ecole.test", sender="deux@ecole.test", subject="Deux"),
    )


def filed(desk: Desk) -> list[str]:
    """The subjects of the tickets that have a receipt."""
    return [t.subject for t in desk.tickets() if t.acked_at]


@pytest.fixture(params=["parse", "decide", "letters", "ledger"])
def poisoned(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where our own code fails on the one mail."""
    spots: dict[str, Callable[[], None]] = {
        "parse": lambda: _break(monkeypatch, ingest, "parse_mail", lambda args: POISON.encode() in args[0]),
        "decide": lambda: _break(monkeypatch, message, "decide", lambda args: args[0].message_id == POISON),
        "letters": lambda: _break(monkeypatch, compose, "receipt", lambda args: "Poison" in str(args)),
        "ledger": lambda: _break(
            monkeypatch, Transaction, "add_participants", lambda args: "jean@ecole.test" in str(args[2])
        ),
    }
    spots[request.param]()
    return str(request.param)


def _break(monkeypatch: pytest.MonkeyPatch, where: Any, name: str, when: Callable[[Any], bool]) -> None:
    works = getattr(where, name)

    def fails(*args: Any, **named: Any) -> Any:
        if when((*args, *named.values())):
            raise RecursionError("a fault of ours")
        return works(*args, **named)

    monkeypatch.setattr(where, name, fails)


def test_poison_is_a_plain_ticket_and_its_neighbours_are_filed(desk: Desk, poisoned: str) -> None:
    """In the same pass; its bytes are kept, the administrator hears, and nobody gets a receipt for it."""
    three(desk)
    assert desk.once()
    assert filed(desk) == ["Un", "Deux"], poisoned
    (plain,) = [t for t in desk.tickets() if not t.acked_at]
    assert plain.status is Status.NEW
    assert plain.due_at == desk.now + timedelta(hours=24)
    (unread,) = [m for m in desk.thread(plain.id) if m.direction == "in"]
    assert unread.kind == "unreadable"
    with desk.ledger() as tx:
        assert tx.raw(unread.sha256) == mail(POISON, subject="Poison")
    assert len(desk.letters(ADMIN)) == 1
    assert not desk.letters("jean@ecole.test")
    assert [line["mail_id"] for line in desk.log("message.failed")] == [unread.mail_id]
    desk.once()
    assert len(desk.tickets()) == 3


@pytest.mark.parametrize("text", ["half a pair: \ud800", "a nul: \x00"], ids=["surrogate", "nul"])
def test_text_that_a_database_refuses_is_a_plain_ticket_too(
    any_desk: Desk, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """The parsers see to it that none comes; if one does, its mail is not lost and stops nobody."""
    parse = parse_mail

    def careless(content: bytes) -> ParsedMail:
        read = parse(content)
        return replace(read, text=text) if POISON.encode() in content else read

    monkeypatch.setattr(ingest, "parse_mail", careless)
    three(any_desk)
    assert any_desk.once()
    assert any_desk.once()
    assert filed(any_desk)[0] == "Un"
    assert filed(any_desk)[-1] == "Deux"
    assert len(any_desk.tickets()) == 3


def test_a_failing_statement_shows_no_words_of_the_mail_in_the_log(
    any_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error of the database names its parameters; those of ours are what people wrote."""
    add = Transaction.add_message
    monkeypatch.setattr(Transaction, "add_message", lambda tx, values: add(tx, {**values, "digest": None}))
    any_desk.receive(mail(POISON, body="Mon mot de passe est secret-de-jean.\n"))
    any_desk.once()
    assert any_desk.log("message.failed")
    assert "secret-de-jean" not in any_desk.journal.getvalue()


def test_what_was_kept_before_a_crash_is_filed_at_the_next_start(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies between the two commits: the server is not even asked again."""

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ingest, "file", die)
    three(desk)
    with pytest.raises(KeyboardInterrupt):
        desk.once()
    assert desk.tickets() == []
    monkeypatch.undo()
    for uid in desk.mailbox.uids():
        desk.mailbox.delete(uid)
    desk.once()
    assert filed(desk) == ["Un", "Poison", "Deux"]
    assert len(desk.sent()) == 6


def test_a_crash_before_the_marks_leaves_them_to_the_next_pass(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Marking is a reconciliation: filed mail is marked whenever that is possible."""

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(imap, "settle_marks", die)
    three(desk)
    with pytest.raises(KeyboardInterrupt):
        desk.once()
    assert desk.flags() == [set()] * 3
    monkeypatch.undo()
    desk.once()
    assert desk.flags() == [{"$MaildFiled"}] * 3
    assert len(desk.tickets()) == 3


def of_mail(server: Dovecot, message_id: str) -> Path:
    """The file in which the server keeps a mail; no root reads it for the server."""
    files = [file for file in (server.root / "mail").rglob("*") if file.parent.name in ("new", "cur")]
    (found,) = [file for file in files if message_id.encode() in file.read_bytes()]
    return found


@pytest.mark.parametrize("there", [3, 30], ids=["few", "many"])
def test_a_mail_that_the_server_cannot_give_keeps_no_other_waiting(
    desk: Desk, own_dovecot: Dovecot, there: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Dovecot hangs up over it. Its neighbours are filed, the administrator hears, ``reconcile`` names it."""
    desk.mailbox = own_dovecot.mailbox()
    desk.configure(agent=[], submission={"per_minute": 1000})
    three(desk)
    desk.receive(
        *(mail(f"m{n}@ecole.test", sender=f"m{n}@ecole.test", subject=f"M {n}") for n in range(there - 3))
    )
    of_mail(own_dovecot, POISON).chmod(0)
    assert desk.once()
    assert len(desk.tickets()) == there - 1
    assert desk.flags()[0] == {"$MaildFiled"}
    assert [line["uid"] for line in desk.log("message.unfetchable")] == [2]
    (letter,) = desk.letters(ADMIN, "cannot be fetched")
    assert "UID 2 of folder INBOX" in letter.get_content()
    assert cli.answer(["reconcile", "--config", str(desk.file)]) == 1
    assert "missing  support  UID 2" in capsys.readouterr().out
    desk.later(minutes=5)
    assert desk.once()
    assert len(desk.tickets()) == there - 1
    assert len(desk.letters(ADMIN, "cannot be fetched")) == 1


def test_a_mail_that_can_be_given_again_is_filed(
    live: Desk, own_dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server was mended: its next turn brings it, with its receipt; meanwhile all else is served."""
    monkeypatch.setattr(vigil, "FIRST_BACKOFF", 0.01)
    monkeypatch.setattr(vigil, "LAST_BACKOFF", 0.05)
    monkeypatch.setattr(doubt, "FIRST_WAIT", timedelta(seconds=1))
    live.mailbox = own_dovecot.mailbox()
    three(live)
    of_mail(own_dovecot, POISON).chmod(0)
    with at_work(live):
        live.sink.wait_for(3)  # two receipts, and the administrator's letter
        live.receive(mail("m4@ecole.test", sender="quatre@ecole.test", subject="Quatre"))
        live.sink.wait_for(4)
        of_mail(own_dovecot, POISON).chmod(0o600)
        live.sink.wait_for(5)
    assert sorted(t.subject for t in live.tickets()) == ["Deux", "Poison", "Quatre", "Un"]


def test_a_wrong_password_is_said_plainly(desk: Desk) -> None:
    """Which maildrop, which server, which user; never the password. The mail is still there for later."""
    three(desk)
    desk.configure(maildrop={"password": "wrong-horse"})
    assert not desk.once()
    (line,) = desk.log("maildrop.auth_failed")
    assert line["maildrop"] == "support"
    assert f"refused {desk.mailbox.user}" in line["reason"]
    assert "wrong-horse" not in desk.journal.getvalue()
    desk.configure(maildrop={"password": desk.mailbox.password})
    assert desk.once()
    assert len(desk.tickets()) == 3


def test_a_server_that_is_away_is_said_plainly(desk: Desk) -> None:
    """Host, port and what the wire said."""
    desk.configure(maildrop={"port": (port := free_port())})
    assert not desk.once()
    (line,) = desk.log("maildrop.lost")
    assert line["reason"].startswith(f"127.0.0.1:{port}: ")


def test_a_folder_that_does_not_exist_is_said_plainly(desk: Desk) -> None:
    """With its name."""
    desk.configure(maildrop={"folder": "Support"})
    assert not desk.once()
    assert "Support" in desk.log("maildrop.lost")[0]["reason"]


def test_one_maildrop_that_is_away_does_not_stop_the_others(desk: Desk, dovecot: Dovecot) -> None:
    """What can be served is served."""
    away = {**desk.settings()["maildrop.support"], "port": free_port()}
    desk.configure(**{"maildrop.other": away})
    three(desk)
    assert desk.once()
    assert len(desk.tickets()) == 3


def test_two_maildrops_of_one_desk_share_its_tickets(desk: Desk, dovecot: Dovecot) -> None:
    """A mail to both is one ticket, seen twice."""
    second = dovecot.mailbox()
    desk.configure(**{"maildrop.second": {**desk.settings()["maildrop.support"], "user": second.user}})
    desk.receive(mail("m1@ecole.test"))
    second.append(mail("m1@ecole.test"), at=desk.now)
    second.append(mail("m2@ecole.test", subject="Re: Imprimante en panne", In_Reply_To="<m1@ecole.test>"))
    desk.once()
    assert len(desk.tickets()) == 1
    assert len(desk.letters("jean@ecole.test")) == 1
    assert desk.number_of("m2@ecole.test") == 1001


def test_another_holder_of_the_lease_is_left_in_peace(desk: Desk) -> None:
    """Another host serves this maildrop: nothing is taken until its lease is over."""
    desk.once()
    opened = database.open_database(desk.config().state.database)
    with Store(database=opened).write() as tx:
        drop = tx.maildrop("support", "inbox")
        assert tx.take_lease(drop.id, holder="elsewhere", now=desk.now, ttl=timedelta(seconds=90))
    opened.close()
    three(desk)
    assert not desk.once()
    assert desk.tickets() == []
    desk.later(seconds=91)
    assert desk.once()
    assert len(desk.tickets()) == 3


def test_a_maildrop_taken_over_meanwhile_files_nothing_twice(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Frozen past its lease, the old holder wakes up: its filing is rolled back."""
    keep = ingest.keep

    def frozen(*args: Any) -> Any:
        kept = keep(*args)
        opened = database.open_database(desk.config().state.database)
        with Store(database=opened).write() as tx:
            drop = tx.maildrop("support", "inbox")
            assert tx.take_lease(
                drop.id, holder="elsewhere", now=desk.now + timedelta(minutes=5), ttl=timedelta(seconds=90)
            )
        opened.close()
        return kept

    monkeypatch.setattr(ingest, "keep", frozen)
    three(desk)
    assert not desk.once()
    assert desk.tickets() == []
    monkeypatch.undo()
    desk.later(minutes=10)
    assert desk.once()
    assert len(desk.tickets()) == 3
    assert len(desk.letters("jean@ecole.test")) == 1


# --- the daemon as it runs for good


@contextmanager
def at_work(desk: Desk) -> Iterator[daemon.Parts]:
    """The whole daemon, every thread of it, in real time."""
    config = desk.config()
    with daemon.locked(config), daemon.parts(config) as parts, daemon.running(parts):
        yield parts


@pytest.fixture
def live(desk: Desk) -> Desk:
    """A desk without agents in today's time."""
    desk.configure(agent=[], sla={"sweep": "1s"})
    desk.now = daemon.system_now()
    return desk


def test_mail_is_answered_as_it_comes(live: Desk) -> None:
    """By IDLE, and by asking while more is likely; each once."""
    with at_work(live):
        live.receive(mail("m1@ecole.test"))
        live.sink.wait_for(1)
        live.receive(
            *(mail(f"n{n}@ecole.test", sender=f"n{n}@ecole.test", subject=f"N {n}") for n in range(5))
        )
        live.sink.wait_for(6)
    assert len(live.tickets()) == 6
    assert live.flags() == [{"$MaildFiled"}] * 6
    assert not live.faults()


def test_two_processes_on_one_database_double_nothing(
    live: Desk, postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One serves the maildrop, the other stands by and helps to send; when the first ends, it takes over."""
    monkeypatch.setattr(vigil, "LEASE_TTL", timedelta(seconds=3))
    live.configure(state={"directory": str(tmp_path / "first"), "database": postgres_url})
    second = replace(live, changes={**live.changes, "state": {"directory": str(tmp_path / "second")}})
    second.configure(state={"database": postgres_url}, submission={"per_minute": 1000})
    live.configure(submission={"per_minute": 1000})

    def come(first: int) -> None:
        numbers = range(first, first + 25)
        live.receive(
            *(mail(f"m{n}@ecole.test", sender=f"p{n}@ecole.test", subject=f"N {n}") for n in numbers)
        )

    with at_work(second):
        with at_work(live):
            _until(lambda: bool(live.log("maildrop.standby")))
            come(0)
            live.sink.wait_for(25)
            come(25)
        come(50)
        live.sink.wait_for(75)
    assert len(live.tickets()) == 75
    assert sorted(to for letter in live.sent() for to in letter.recipients) == sorted(
        f"p{n}@ecole.test" for n in range(75)
    )
    assert not live.faults()


@pytest.mark.parametrize("limited_dovecot", [""], indirect=True)
def test_a_server_without_extensions_is_asked(live: Desk, limited_dovecot: Dovecot) -> None:
    """No IDLE tells of new mail: each poll finds it, and asking while more is likely."""
    live.mailbox = limited_dovecot.mailbox()
    with at_work(live):
        live.receive(mail("m1@ecole.test"))
        live.sink.wait_for(1)
        _until(lambda: live.flags() == [{"$MaildFiled"}])
        live.receive(mail("m2@ecole.test", sender="eva@ecole.test", subject="Badge"))
        live.sink.wait_for(2)
    assert {line["idle"] for line in live.log("maildrop.connected")} == {False}
    assert not live.faults()


def test_new_numbers_under_a_daemon_at_work(
    live: Desk, own_dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server throws everybody out, and comes back with another UIDVALIDITY: nothing is new for that."""
    monkeypatch.setattr(vigil, "FIRST_BACKOFF", 0.05)
    live.mailbox = own_dovecot.mailbox()
    with at_work(live):
        live.receive(
            *(mail(f"m{n}@ecole.test", sender=f"m{n}@ecole.test", subject=f"M {n}") for n in range(9))
        )
        live.sink.wait_for(9)
        own_dovecot.change_uidvalidity(live.mailbox, 4_000_000_001)
        _until(lambda: [(line["known"], line["of"]) for line in live.log("maildrop.known_again")] == [(9, 9)])
        live.receive(mail("new@ecole.test", sender="eva@ecole.test", subject="Badge"))
        live.sink.wait_for(10)
        _until(lambda: live.flags() == [{"$MaildFiled"}] * 10)
    assert len(live.tickets()) == 10
    assert live.log("maildrop.uidvalidity_changed")


def test_a_busy_ledger_is_waited_for(live: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program holds the write lock past our patience: a line in the log, then the mail is filed."""
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 50)
    monkeypatch.setattr(vigil, "FIRST_BACKOFF", 0.1)
    with at_work(live) as parts:
        assert parts.database.file is not None
        other = sqlite3.connect(parts.database.file, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        live.receive(mail("m1@ecole.test"))
        _until(lambda: any("locked" in line.get("reason", "") for line in live.log()))
        other.execute("COMMIT")
        other.close()
        live.sink.wait_for(1)
    assert len(live.tickets()) == 1


def test_a_full_disk_is_waited_out(live: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite may take no more pages, as when the disk is full: nothing is lost, and it goes on by itself."""
    monkeypatch.setattr(vigil, "FIRST_BACKOFF", 0.1)
    monkeypatch.setattr(vigil, "LAST_BACKOFF", 0.1)
    room = [2**30]
    with at_work(live) as parts:

        @event.listens_for(parts.database.engine, "begin")
        def limit(connection: Connection) -> None:
            connection.exec_driver_sql(f"PRAGMA max_page_count = {room[0]}")

        live.receive(mail("m1@ecole.test"))
        live.sink.wait_for(1)
        # SQLite raises a limit that is below what there is to just that.
        room[0] = 1
        noise = random.Random(1).randbytes(300_000).hex()
        live.receive(mail("m2@ecole.test", sender="eva@ecole.test", subject="Badge", body=noise))
        _until(lambda: any("full" in line.get("reason", "") for line in live.log("maildrop.lost")))
        assert len(live.tickets()) == 1
        room[0] = 2**30
        live.sink.wait_for(2)
        assert database.is_sound(parts.database)
    assert len(live.tickets()) == 2
    assert live.flags() == [{"$MaildFiled"}] * 2


def test_a_mail_server_that_restarts_is_found_again(
    live: Desk, own_dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed, away for a while, and back: what comes then is taken in."""
    monkeypatch.setattr(vigil, "FIRST_BACKOFF", 0.05)
    live.mailbox = own_dovecot.mailbox()
    with at_work(live):
        live.receive(mail("m1@ecole.test"))
        live.sink.wait_for(1)
        own_dovecot.kill()
        _until(lambda: bool(live.log("maildrop.lost")))
        own_dovecot.start()
        # Dovecot mends its index at the first opening after a crash, and drops whoever opens it besides.
        _until(lambda: len(live.log("maildrop.connected")) == 2)
        live.receive(mail("m2@ecole.test", sender="eva@ecole.test", subject="Badge"))
        live.sink.wait_for(2)
    assert len(live.tickets()) == 2


def test_the_submission_server_may_come_later(live: Desk) -> None:
    """What is owed meanwhile leaves by itself, without a new mail to wake the courier."""
    live.configure(submission={"retry": ["1s"]})
    live.sink.stop()
    with at_work(live):
        live.receive(mail("m1@ecole.test"))
        _until(lambda: bool(live.log("outbox.deferred")))
        live.sink.start()
        live.sink.wait_for(1)
    assert live.outbox() == {"sent": 1}


def test_a_limit_passes_while_nothing_else_happens(live: Desk, mailbox: Mailbox) -> None:
    """The timer sees it, the mail is marked and the administrator hears of it."""
    live.configure(sla={"limit": "2s", "sweep": "1s"})
    with at_work(live):
        live.receive(mail("m1@ecole.test"))
        _until(lambda: "$MaildBreached" in mailbox.flags()[1])
        _until(lambda: bool(live.letters(ADMIN, "ETNIC-1001")))
    assert live.tickets()[0].breached


def _until(holds: Callable[[], bool], seconds: float = 20) -> None:
    """Waits for something that must come about; the limit is for the day it does not."""
    waiting = threading.Event()
    for _ in range(int(seconds / 0.02)):
        if holds():
            return
        waiting.wait(0.02)
    raise TimeoutError("it did not come about")
