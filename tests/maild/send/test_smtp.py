"""The courier against a real server: what it says, or does not say, becomes an outcome."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from maild.config import ConfigError
from maild.send import smtp
from maild.send.courier import Deferred, Misconfigured, Outcome, Refused, Sent
from maild.send.smtp import SmtpCourier
from tests.maild.send.letters import entry, submission
from tests.peers.certificate import Certificate
from tests.peers.scripted import Scripted
from tests.peers.smtp import Reply, Sink

DESK = "support@etnic.test"


@contextmanager
def courier(port: int, password: str = "", **settings: Any) -> Iterator[SmtpCourier]:
    """A courier to a server on this machine, who goes home at the end."""
    made = SmtpCourier(submission(port, **settings), lambda: password, DESK)
    try:
        yield made
    finally:
        made.rest()


def once(port: int, password: str = "", **settings: Any) -> Outcome:
    """One letter, one try."""
    with courier(port, password, **settings) as one:
        return one.send(entry())


def test_a_letter_is_carried_as_it_is(sink: Sink) -> None:
    """From the desk's address, so that bounces come back; dots and all."""
    assert once(sink.port) == Sent(reply="250 2.0.0 OK queued")
    (letter,) = sink.letters
    assert (letter.sender, letter.recipients) == (DESK, ("jean@ecole.test",))
    assert letter.content == entry().content


def test_one_connection_carries_many(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to a number, after which a new one is made."""
    monkeypatch.setattr(smtp, "MAILS_A_CONNECTION", 4)
    with courier(sink.port) as one:
        for _ in range(6):
            assert isinstance(one.send(entry()), Sent)
    assert len(sink.letters) == 6
    assert len(sink.clients) == 2


def test_a_connection_that_was_closed_meanwhile_is_made_anew(sink: Sink) -> None:
    """Without a failed attempt."""
    with courier(sink.port) as one:
        assert isinstance(one.send(entry()), Sent)
        sink.stop()
        sink.start()
        assert isinstance(one.send(entry()), Sent)


@pytest.mark.parametrize(
    ("stage", "say", "outcome"),
    [
        ("mail", "451 4.3.0 later", Deferred(reply="451 4.3.0 later")),
        ("rcpt", "450 4.2.0 greylisted", Deferred(reply="450 4.2.0 greylisted")),
        ("data", "432 4.3.2 too many", Deferred(reply="432 4.3.2 too many")),
        ("dot", "452 4.2.2 full", Deferred(reply="452 4.2.2 full")),
        ("rcpt", "550 5.1.1 nobody", Refused(reply="550 5.1.1 nobody")),
        ("data", "554 5.7.1 no", Refused(reply="554 5.7.1 no")),
        ("dot", "552 5.3.4 too big", Refused(reply="552 5.3.4 too big")),
        ("mail", "553 5.7.1 not yours", Misconfigured(reply="553 5.7.1 not yours")),
        ("mail", "421 4.3.2 closing", Deferred(reply="421 4.3.2 closing", unreachable=True)),
    ],
)
def test_a_reply_is_taken_at_its_word(sink: Sink, stage: Any, say: str, outcome: Outcome) -> None:
    """4yz is later, 5yz is never, and 5yz to our own address is our fault; the next letter leaves."""
    sink.script(Reply(stage=stage, say=say))
    with courier(sink.port) as one:
        assert one.send(entry()) == outcome
        assert isinstance(one.send(entry()), Sent)


@pytest.mark.parametrize("say", ["421 4.3.2 closing", "500 what", "drop"])
def test_what_happens_at_the_goodbye_is_of_no_interest(
    sink: Sink, monkeypatch: pytest.MonkeyPatch, say: str
) -> None:
    """What was accepted is accepted: the next mail leaves by another connection."""
    monkeypatch.setattr(smtp, "MAILS_A_CONNECTION", 1)
    sink.script(Reply(stage="quit", say=say, times=3))
    with courier(sink.port) as one:
        assert [type(one.send(entry())) for _ in range(3)] == [Sent] * 3
    assert len(sink.letters) == 3


@pytest.mark.parametrize("say", ["drop", "keep-and-drop"])
def test_silence_after_the_dot_is_ambiguous(sink: Sink, say: str) -> None:
    """It may have arrived."""
    sink.script(Reply(stage="dot", say=say, times=2))
    found = once(sink.port)
    assert isinstance(found, Deferred)
    assert (found.ambiguous, found.unreachable) == (True, True)


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data"])
def test_silence_before_the_content_is_not(sink: Sink, stage: Any) -> None:
    """Nothing was sent that could have arrived: it may be tried as often as it takes."""
    sink.script(Reply(stage=stage, say="drop", times=2))
    found = once(sink.port)
    assert isinstance(found, Deferred)
    assert (found.ambiguous, found.unreachable) == (False, True)


def test_a_server_that_says_nothing_is_not_waited_for_without_end(sink: Sink) -> None:
    """Each command has its time."""
    sink.script(Reply(stage="rcpt", say="250 ok", pause=5))
    found = once(sink.port, timeout=timedelta(seconds=0.2))
    assert isinstance(found, Deferred)
    assert found.unreachable


def test_nobody_there(smtp_port: int) -> None:
    """The others need not be tried either."""
    found = once(smtp_port)
    assert isinstance(found, Deferred)
    assert (found.ambiguous, found.unreachable) == (False, True)
    assert "ConnectionRefusedError" in found.reply


def test_a_letter_too_large_for_the_server_is_that_letter_s_fault() -> None:
    """RFC 1870 section 6.1: 552 to MAIL with its SIZE; the outbox must not stop for it."""
    small = Sink(size_limit=300)
    small.start()
    try:
        with courier(small.port) as one:
            found = one.send(entry(content=b"Subject: x\r\n\r\n" + b"y" * 400))
            assert isinstance(found, Refused), found
            assert isinstance(one.send(entry()), Sent)
    finally:
        small.stop()


def test_an_address_in_its_own_letters_is_written_to(sink: Sink) -> None:
    """Where the server takes it (RFC 6531)."""
    with courier(sink.port) as one:
        assert isinstance(one.send(entry(recipient="rené@école.test")), Sent)
    assert sink.letters[0].recipients == ("rené@école.test",)


def test_an_address_that_the_server_cannot_take_is_that_letter_s_fault() -> None:
    """Without SMTPUTF8 it cannot be written on the wire: refused, and nothing falls over."""
    with _server(["220 hi", "250 hi", "250 ok", "250 ok", "250 ok"]) as port, courier(port) as one:
        found = one.send(entry(recipient="rené@école.test"))
    assert isinstance(found, Refused), found


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_login_over_tls(certificate: Certificate, monkeypatch: pytest.MonkeyPatch, tls: Any) -> None:
    """With the right password, the wrong one, and a certificate that nobody vouches for."""
    server = Sink(tls=tls, certificate=certificate, login=("support", "right"))
    server.start()
    try:
        strange = once(server.port, "right", tls=tls, user="support")
        assert isinstance(strange, Misconfigured)
        assert "certificate" in strange.reply.lower()
        monkeypatch.setattr(smtp, "_authorities", certificate.client_context)
        assert isinstance(once(server.port, "right", tls=tls, user="support"), Sent)
        refused = once(server.port, "wrong", tls=tls, user="support")
        assert isinstance(refused, Misconfigured)
        assert refused.reply.startswith("535")
    finally:
        server.stop()
    assert len(server.letters) == 1


@pytest.mark.parametrize(
    ("stage", "say", "outcome"),
    [
        ("auth", "535 5.7.8 no", Misconfigured(reply="535 5.7.8 no")),
        ("auth", "454 4.7.0 later", Deferred(reply="454 4.7.0 later", unreachable=True)),
        ("auth", "421 4.3.2 closing", Deferred(reply="421 4.3.2 closing", unreachable=True)),
    ],
)
def test_a_login_that_the_server_cannot_look_at_is_not_refused(
    certificate: Certificate, monkeypatch: pytest.MonkeyPatch, stage: Any, say: str, outcome: Outcome
) -> None:
    """RFC 4954 section 6: 454 passes, 535 does not."""
    monkeypatch.setattr(smtp, "_authorities", certificate.client_context)
    server = Sink(tls="starttls", certificate=certificate, login=("support", "right"))
    server.start()
    try:
        # smtplib goes on to the next mechanism after a refusal.
        server.script(Reply(stage=stage, say=say, times=9))
        assert once(server.port, "right", tls="starttls", user="support") == outcome
    finally:
        server.stop()


def test_a_port_without_tls_is_our_fault_and_a_server_that_hangs_up_is_not(sink: Sink) -> None:
    """The one is mended in the settings, the other passes by itself."""
    assert isinstance(once(sink.port, tls="implicit"), Misconfigured)
    with Scripted(b"", lambda _line: None) as silent:
        gone = once(silent.port, tls="implicit")
    assert isinstance(gone, Deferred), gone
    assert gone.unreachable


def test_a_server_without_starttls_gets_no_password(sink: Sink) -> None:
    """Asked for TLS, it is TLS or nothing."""
    assert isinstance(once(sink.port, "secret", tls="starttls", user="support"), Misconfigured)
    assert not sink.letters


def test_a_password_file_that_has_gone_is_our_fault(sink: Sink) -> None:
    """It is read afresh at each login, and may come back."""

    def gone() -> str:
        raise ConfigError([])

    one = SmtpCourier(submission(sink.port, user="support"), gone, DESK)
    assert isinstance(one.send(entry()), Misconfigured)


def test_a_refusal_counts_although_the_server_hangs_up_on_it() -> None:
    """550 and gone: the reply was final."""
    with _server(["220 hi", "250 hi", "250 ok", "550 5.7.1 blocked"]) as port:
        found = once(port)
    assert isinstance(found, Refused), found


@contextmanager
def _server(replies: list[str]) -> Iterator[int]:
    """Says these lines, one a command, then hangs up; each time that somebody comes."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                talk, _ = listening.accept()
            except OSError:
                return
            with talk, talk.makefile("rb") as heard:
                for number, line in enumerate(replies):
                    if number and not heard.readline():
                        break  # the other side has hung up
                    talk.sendall(f"{line}\r\n".encode())

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield int(listening.getsockname()[1])
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(5)
