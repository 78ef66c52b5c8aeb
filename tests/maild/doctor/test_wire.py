"""Certificates that a client must refuse, shown by real servers: each is named, with what helps."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from maild.cli.doctor.faults import Fault
from tests.maild.doctor.desk import Examine, imap, row, smtp
from tests.peers.certificate import Certificate, special_certificate
from tests.peers.dovecot import Dovecot
from tests.peers.smtp import Sink

LOOKED_AT = ("maildrops", "submission")


@contextmanager
def showing(certificate: Certificate, tls: Any = "implicit") -> Iterator[Sink]:
    """A server that shows this certificate before it says a word, as mailboxes and submission servers do."""
    server = Sink(tls=tls, certificate=certificate)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("made", "known", "said", "remedy"),
    [
        row(Fault.CERTIFICATE_EXPIRED, {"days": -0.5}, True, "has expired", "renew the certificate"),
        row(Fault.CERTIFICATE_NOT_YET_VALID, {"since": 0.5}, True, "not yet valid", "clock of this machine"),
        row(Fault.CERTIFICATE_OF_ANOTHER, {"name": "mx.be"}, True, "mismatch", "name in the certificate"),
        row(Fault.CERTIFICATE_SELF_SIGNED, {}, False, "self-signed certificate", "authority known here"),
        row(Fault.CERTIFICATE_CHAIN, {"signed": True}, False, "local issuer", "let localhost send its whole"),
        row(Fault.CERTIFICATE_WRONG, {"purpose": "client"}, True, "purpose", "a certificate for servers"),
    ],
)
def test_a_certificate_that_cannot_be_taken(
    examine: Examine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    made: dict[str, Any], said: str, remedy: str, *, known: bool,
) -> None:  # fmt: skip
    """Alike at the mailbox and where mail is sent; such a server hears no password."""
    shown = special_certificate(tmp_path, **made)
    if known:
        monkeypatch.setenv("SSL_CERT_FILE", str(shown.path))
    with showing(shown) as server:
        at = {"host": "localhost", "port": server.port, "tls": "implicit", "timeout": "10s"}
        found = examine(drop=at, submission=at)
    for check in ("maildrop support", "submission"):
        (line,) = found.of(check, "fail")
        assert said in line
        assert remedy in line


@pytest.mark.parametrize(("days", "verdict"), [row(Fault.CERTIFICATE_ENDS_SOON, 5.5, "warn"), (90, "ok")])
def test_a_certificate_that_will_end(
    examine: Examine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: float, verdict: str
) -> None:
    shown = special_certificate(tmp_path, days=days)
    monkeypatch.setenv("SSL_CERT_FILE", str(shown.path))
    with showing(shown, "starttls") as server:
        found = examine(submission=smtp(server, host="localhost"))
    (line,) = [line for line in found.of("submission", verdict) if "is good until" in line]
    assert (": 5 days -> renew it" in line) == (verdict == "warn")


@pytest.mark.real
@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_the_certificate_of_a_mailbox(
    examine: Examine, dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch, tls: str
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(dovecot.certificate.path))
    port = dovecot.imap if tls == "starttls" else dovecot.imaps
    drop = imap(dovecot.mailbox(), host="localhost", tls=tls, port=port)
    told = examine(drop=drop).of("maildrop support", "ok")
    (line,) = [line for line in told if "is good until" in line]
    assert f"the certificate of localhost is good until {datetime.now(UTC).year + 10}" in line


@contextmanager
def mute(*, closing: bool) -> Iterator[int]:
    """A port at which somebody takes connections and says nothing, or hangs up at once."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        if closing:
            threading.Thread(target=_hang_up, args=(server,), daemon=True).start()
        yield server.getsockname()[1]


def _hang_up(server: socket.socket) -> None:
    with suppress(OSError):  # the test is over
        while True:
            server.accept()[0].close()


@pytest.mark.parametrize(
    ("closing", "remedy"),
    [
        row(Fault.NO_ANSWER, False, "see whether a firewall stands between here and 127.0.0.1:"),
        row(Fault.CONNECTION, True, "mend host, port or tls"),
    ],
)
def test_a_server_that_says_nothing(examine: Examine, remedy: str, *, closing: bool) -> None:
    with mute(closing=closing) as port:
        at = {"host": "127.0.0.1", "port": port, "tls": "none", "timeout": "1s"}
        found = examine(drop=at, submission=at)
    for check in ("maildrop support", "submission"):
        assert remedy in found.of(check, "fail")[0]
