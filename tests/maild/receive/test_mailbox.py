"""The door to imapclient, against a real Dovecot: what it says plainly, and what it leaves alone."""

import math
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from maild.bell import Bell
from maild.line import Line
from maild.receive import mailbox as door
from maild.receive.mailbox import LoginRefused, NoFolder, Unreachable
from tests.conftest import ROOT
from tests.peers.child import free_port
from tests.peers.dovecot import Dovecot
from tests.peers.mailbox import Mailbox
from tests.peers.scripted import DRIBBLE, Scripted

MAIL = b"From: a@b.test\r\nMessage-ID: <m%d@b.test>\r\n\r\nBonjour %d\r\n"


def drop(mailbox: Mailbox, **values: Any) -> Any:
    """As much of a maildrop as the door looks at."""
    made = {"host": "127.0.0.1", "port": mailbox.port, "tls": "none", "user": mailbox.user}
    return SimpleNamespace(**({"timeout": timedelta(seconds=10)} | made | values))


def opened(mailbox: Mailbox, **values: Any) -> door.Mailbox:
    """A session."""
    return door.connect(drop(mailbox, **values), mailbox.password)


def fill(mailbox: Mailbox, count: int) -> None:
    """So many small mails."""
    mailbox.append_all(MAIL % (n, n) for n in range(count))


def test_mails_are_read_without_a_trace(mailbox: Mailbox) -> None:
    r"""Whole, with their instants in UTC, and unread as they were."""
    at = datetime(2024, 11, 25, 13, 32, tzinfo=UTC)
    mailbox.append(MAIL % (1, 1), at=at)
    session = opened(mailbox)
    selected = session.select("INBOX")
    assert (selected.uidvalidity, selected.keywords) == (mailbox.uidvalidity(), True)
    (uid,) = session.uids()
    (sized,) = session.sizes([uid, 999])
    assert (sized.size, sized.received_at) == (len(MAIL % (1, 1)), at)
    assert session.contents([uid, 999]) == {uid: MAIL % (1, 1)}
    assert session.find("m1@b.test") == [uid]
    assert session.find("nobody@b.test") == []
    session.close()
    assert mailbox.flags() == {uid: frozenset()}


def test_a_large_mail_comes_in_parts(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to what is wanted of it; one that is gone is none."""
    monkeypatch.setattr(door, "_PART", 1000)
    content = MAIL % (1, 1) + b"x" * 70 + b"\r\n" + b"y" * 4000 + b"\r\n"
    mailbox.append(content)
    session = opened(mailbox)
    session.select("INBOX")
    (uid,) = session.uids()
    assert session.large_content(uid, len(content)) == content
    assert (session.large_content(uid, len(content), 1500) or b"")[:1500] == content[:1500]
    assert session.large_content(999, 5000) is None
    session.close()


def test_a_large_mail_ends_where_the_server_has_no_more(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its size may be an estimate (Exchange): the last bytes count all the same. None follow an even end."""
    monkeypatch.setattr(door, "_PART", 1000)
    contents = [b"Subject: x\r\n\r\n" + b"y" * (length - 16) + b"\r\n" for length in (2998, 3000, 3002)]
    mailbox.append_all(contents)
    session = opened(mailbox)
    session.select("INBOX")
    for uid, content in zip(session.uids(), contents, strict=True):
        for said in (len(content), 1900, 3900):
            assert session.large_content(uid, said) == content
    session.close()


def test_a_few_mails_come_with_their_sizes_in_one_command(mailbox: Mailbox) -> None:
    """Small ones whole; a larger one is left to be fetched alone."""
    mailbox.append_all([MAIL % (1, 1), MAIL % (2, 2) + b"z" * 900])
    session = opened(mailbox)
    session.select("INBOX")
    uids = session.uids()
    sizes, bodies = session.whole([*uids, 999], 500)
    assert [each.uid for each in sizes] == uids
    assert bodies == {uids[0]: MAIL % (1, 1)}
    session.close()


def test_flags_are_set_and_cleared_for_many_at_once(mailbox: Mailbox) -> None:
    """A mail that is gone is no error, and a person's flags are not touched."""
    fill(mailbox, 3)
    one, two, three = mailbox.uids()
    mailbox.mark(one, "\\Seen")
    session = opened(mailbox)
    session.select("INBOX")
    session.add_flags([one, two, 999], ["\\Flagged", "$MaildFiled"])
    assert session.flags([one, three, 999]) == {
        one: frozenset({"\\Seen", "\\Flagged", "$MaildFiled"}) | ({"\\Recent"} & session.flags([one])[one]),
        three: frozenset() | ({"\\Recent"} & session.flags([three])[three]),
    }
    session.remove_flags([one, two], ["\\Flagged"])
    session.add_flags([], ["x"])
    session.remove_flags([one], [])
    session.close()
    assert mailbox.flags() == {
        one: frozenset({"\\Seen", "$MaildFiled"}), two: frozenset({"$MaildFiled"}), three: frozenset(),
    }  # fmt: skip


@pytest.mark.parametrize("capabilities", [{"MOVE", "UIDPLUS"}, {"UIDPLUS"}], ids=["MOVE", "UIDPLUS alone"])
def test_moving_moves_those_and_no_others(mailbox: Mailbox, capabilities: set[str]) -> None:
    r"""Also where a person has marked another one \Deleted and not yet expunged it."""
    from dataclasses import replace

    fill(mailbox, 3)
    one, two, three = mailbox.uids()
    mailbox.mark(three, "\\Deleted")
    session = replace(opened(mailbox), capabilities=frozenset(capabilities))
    assert not session.has_folder("Traités")
    session.create_folder("Traités")
    assert session.has_folder("Traités")
    session.select("INBOX")
    session.move([one], "Traités")
    session.move([], "Traités")
    session.close()
    assert mailbox.uids() == [two, three]
    assert len(mailbox.uids("Traités")) == 1


def test_news_ends_the_waiting(mailbox: Mailbox) -> None:
    """By IDLE, by NOOP, and the bell ends it too."""
    session, bell = opened(mailbox), Bell()
    session.select("INBOX")
    bell.ring()
    assert not session.idle(30, bell.fileno())
    bell.silence()
    fill(mailbox, 1)
    # What came after the last command is announced together with the consent to IDLE.
    assert session.idle(30, bell.fileno())
    session.uids()
    assert not session.idle(0.01, bell.fileno())
    session.close()
    bell.dispose()


@pytest.mark.parametrize(
    "said",
    [
        b"+ idling\r\n* 1 EXISTS\r\n",
        b"* 1 EXISTS\r\n+ idling\r\n",
        b"* OK wait\r\n* 1 EXISTS\r\n+ idling\r\n",
    ],
    ids=["with it", "before it", "long before it"],
)
def test_news_that_comes_with_the_consent_to_idle_is_heard(said: bytes) -> None:
    """It is in a buffer, where waiting for the wire would never find it; and it is no refusal."""
    tags: list[bytes] = []
    before = {b"SELECT": b"* OK [UIDVALIDITY 1] x\r\n", b"CAPABILITY": b"* CAPABILITY IMAP4rev1 IDLE\r\n"}

    def answer(line: bytes) -> bytes:
        tag, _, command = line.partition(b" ")
        if command == b"IDLE":
            tags.append(tag)
            return said
        done = tags.pop() if tag == b"DONE" else tag
        return before.get(command.partition(b" ")[0], b"") + done + b" OK so be it\r\n"

    bell = Bell()
    with (
        Scripted(b"* OK [CAPABILITY IMAP4rev1 IDLE] ready\r\n", answer) as server,
        inbox_of(server) as session,
    ):
        assert session.idle(3, bell.fileno())
        assert session.exists() == 1
        assert session.uids() == []
    bell.dispose()


def test_a_server_that_refuses_to_idle_is_told_apart() -> None:
    """At once, without waiting for what never comes."""

    def says(command: bytes) -> bytes:
        return b"NO not now" if command == b"IDLE" else b"OK"

    bell = Bell()
    with (
        imap_that(says, capabilities=b"IMAP4rev1 IDLE") as server,
        inbox_of(server) as session,
        pytest.raises(Unreachable, match="not now"),
    ):
        session.idle(3, bell.fileno())
    bell.dispose()


def test_a_dead_peer_is_noticed(mailbox: Mailbox) -> None:
    """The kernel asks after a silent one, and gives up one that acknowledges nothing; a read ends."""
    session = opened(mailbox, timeout=timedelta(seconds=7))
    connection = session.client.socket()
    assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 60
    assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 120_000
    assert connection.gettimeout() == 7
    session.close()


def test_a_wrong_password_is_refused_and_named(mailbox: Mailbox) -> None:
    """The user and the server, never the password."""
    with pytest.raises(LoginRefused) as refused:
        door.connect(drop(mailbox), "wrong-horse")
    assert mailbox.user in str(refused.value)
    assert "wrong-horse" not in str(refused.value)


def test_nobody_there() -> None:
    """The place is named."""
    port = free_port()
    nobody = SimpleNamespace(host="127.0.0.1", port=port, tls="none", user="x", timeout=timedelta(seconds=2))
    with pytest.raises(Unreachable, match=f"127.0.0.1:{port}"):
        door.connect(nobody, "x")


def test_a_folder_that_is_not_there(mailbox: Mailbox) -> None:
    """Is that folder's trouble: the session goes on."""
    session = opened(mailbox)
    with pytest.raises(NoFolder, match="Support"):
        session.select("Support")
    assert session.select("INBOX").folder == "INBOX"
    session.close()


def test_a_server_that_dies_is_unreachable_whatever_was_asked(own_dovecot: Dovecot) -> None:
    """And saying goodbye to it is no error."""
    mailbox = own_dovecot.mailbox()
    session = opened(mailbox)
    session.select("INBOX")
    own_dovecot.kill()
    for asked in (session.uids, session.noop, lambda: session.sizes([1]), lambda: session.select("INBOX")):
        with pytest.raises(Unreachable):
            asked()
    session.close()


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_tls_is_checked(dovecot: Dovecot, mailbox: Mailbox, tls: str) -> None:
    """A certificate that nobody vouches for is refused before the password is sent; a known one is fine."""
    port = dovecot.imaps if tls == "implicit" else dovecot.imap
    with pytest.raises(Unreachable, match=r"(?i)certificate"):
        door.connect(drop(mailbox, port=port, tls=tls), mailbox.password)
    known = door.connect(
        drop(mailbox, port=port, tls=tls), mailbox.password, context=dovecot.certificate.client_context
    )
    assert known.select("INBOX").uidvalidity
    known.close()


def imap_that(says: Callable[[bytes], bytes | None], *, capabilities: bytes = b"IMAP4rev1") -> Scripted:
    """An IMAP server of few words: ``says`` says how a command ends, and lines that come before its end."""

    def answer(line: bytes) -> bytes | None:
        tag, _, command = line.partition(b" ")
        said = says(command)
        if said is None or said == DRIBBLE:
            return said
        before, _, said = said.rpartition(b"\r\n")
        before += b"\r\n" if before else b""
        before += b"* CAPABILITY " + capabilities + b"\r\n" if command == b"CAPABILITY" else b""
        before += b"* OK [UIDVALIDITY 1] x\r\n" if command.startswith(b"SELECT") else b""
        return before + tag + b" " + said + b" so be it\r\n"

    return Scripted(b"* OK [CAPABILITY " + capabilities + b"] ready\r\n", answer)


@contextmanager
def inbox_of(server: Scripted) -> Iterator[door.Mailbox]:
    """A session there, its INBOX open."""
    with closing(door.connect(caller(server), "x")) as session:
        session.select("INBOX")
        yield session


def caller(server: Scripted) -> Any:
    """The drop that leads there."""
    return SimpleNamespace(
        host="127.0.0.1", port=server.port, tls="none", user="x", timeout=timedelta(seconds=5)
    )


GONE = [
    b"",
    b"* 1 FETCH (UID 7 RFC822.SIZE 2500 BODY[] NIL BODY[]<0> NIL BODY[HEADER.FIELDS (MESSAGE-ID)] NIL)\r\n",
    b"* 1 FETCH (UID 7 FLAGS (\\Deleted))\r\n",
]


@pytest.mark.parametrize("said", GONE, ids=["nothing", "NIL", "flags"])
def test_a_mail_that_is_gone_is_not_an_empty_one(said: bytes) -> None:
    """Expunged after it was listed: servers leave it out of the answer, or have nothing to say of it."""
    with (
        imap_that(lambda command: said + b"OK" if command.startswith(b"UID FETCH") else b"OK") as server,
        inbox_of(server) as session,
    ):
        assert session.contents([7]) == {}
        assert session.whole([7], 500)[1] == {}
        assert session.large_content(7, 2500) is None
        assert not session.message_ids([7]).get(7)


def test_nothing_after_the_last_part_is_the_end_of_a_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a server says NIL beyond the end; but what says so before the end is gone."""
    monkeypatch.setattr(door, "_PART", 4)
    parts = {b"<0.4>": b'BODY[]<0> "abcd"', b"<4.4>": b"BODY[]<4> NIL"}

    def fetched(command: bytes) -> bytes:
        part = next((said for asked, said in parts.items() if asked in command), b"")
        return b"* 1 FETCH (UID 7 " + part + b")\r\nOK" if part else b"OK"

    with imap_that(fetched) as server, inbox_of(server) as session:
        assert session.large_content(7, 4) == b"abcd"
        assert session.large_content(7, 5) is None


def test_a_server_that_never_ends_a_mail_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It gives the same part again and again: memory has an end."""
    monkeypatch.setattr(door, "_PART", 4)
    same = b'* 1 FETCH (UID 7 BODY[]<0> "abcd")\r\nOK'
    with (
        imap_that(lambda command: same if command.startswith(b"UID FETCH") else b"OK") as server,
        inbox_of(server) as session,
        pytest.raises(Unreachable, match="more than it says"),
    ):
        session.large_content(7, 40)


@pytest.mark.parametrize(
    "said",
    [None, b"NO [UNAVAILABLE] the directory is away", b"NO [inuse] try again"],
    ids=["cut", "unavailable", "in use"],
)
def test_a_login_that_was_not_refused_is_tried_again_soon(said: bytes | None) -> None:
    """A connection that breaks, or a server that cannot look just now (RFC 5530), accuses nobody."""
    with (
        imap_that(lambda command: said if command.startswith(b"LOGIN") else b"OK") as server,
        pytest.raises(Unreachable) as lost,
    ):
        door.connect(caller(server), "x")
    assert not isinstance(lost.value, LoginRefused)


def test_a_server_that_dribbles_is_cut_off() -> None:
    """Something is heard all the time, so no time-out of a read ends it; the watch over the whole does."""
    line = Line(1.0)
    with imap_that(lambda command: DRIBBLE if command.startswith(b"NOOP") else b"OK") as server:
        session = door.connect(caller(server), "x", line=line)
        watch = threading.Thread(target=lambda: any(iter(lambda: line.cut_if_overdue(math.inf), True)))
        watch.start()
        with pytest.raises(Unreachable):
            session.noop()
        watch.join(10)
        session.close()


ASK = """
import sys
from datetime import timedelta
from types import SimpleNamespace
from maild.receive import mailbox
port, wait = int(sys.argv[1]), timedelta(seconds=20)
session = mailbox.connect(
    SimpleNamespace(host="127.0.0.1", port=port, tls="none", user="x", timeout=wait), "x"
)
session.select("INBOX")
print(len(session.uids()))
"""


def test_a_mailbox_of_many_years_answers_on_one_line() -> None:
    """More than imaplib takes by itself; in a process apart, where no test has asked it for more."""
    numbers = b"".join(b" %d" % uid for uid in range(4_000_000_000, 4_000_100_000))
    said = {
        b"CAPABILITY": b"* CAPABILITY IMAP4rev1\r\n",
        b"SELECT": b"* 100000 EXISTS\r\n* OK [UIDVALIDITY 1] x\r\n",
        b"UID": b"* SEARCH" + numbers + b"\r\n",
    }

    def answer(line: bytes) -> bytes:
        tag, command, *_ = line.split(b" ")
        return said.get(command, b"") + tag + b" OK so be it\r\n"

    with Scripted(b"* OK [CAPABILITY IMAP4rev1] ready\r\n", answer) as server:
        asked = subprocess.run(
            [sys.executable, "-c", ASK, str(server.port)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    assert asked.stdout == "100000\n", asked.stderr


def test_a_list_of_any_length_is_asked_in_commands_that_a_server_reads(mailbox: Mailbox) -> None:
    """A desk with twenty thousand open mails: Dovecot hangs up over a command of 64 KiB."""
    fill(mailbox, 3)
    session = opened(mailbox)
    session.select("INBOX")
    uids, many = session.uids(), range(1, 20_001)
    session.add_flags(many, ["\\Answered"])
    assert session.answered() == set(uids)
    assert session.flags(many).keys() == set(uids)
    session.remove_flags(many, ["\\Answered"])
    assert session.answered() == set()
    assert [mail.uid for mail in session.sizes(many)] == uids
    assert session.message_ids(many).keys() == set(uids)
    session.create_folder("Ailleurs")
    session.move(many, "Ailleurs")
    assert session.uids() == []
    session.close()
