"""Certificates that a client must refuse, shown by real servers: each is named, with what helps."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.maild.doctor.desk import Examine, imap, smtp
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
        ({"days": -0.5}, True, "certificate has expired", "renew the certificate of localhost"),
        ({"since": 0.5}, True, "not yet valid", "set the clock of this machine"),
        ({"name": "mx.etnic.test"}, True, "Hostname mismatch", "set host to the name in the certificate"),
        ({}, False, "self-signed certificate", "make its authority known here"),
        ({"signed": True}, False, "unable to get local issuer", "let localhost send its whole chain"),
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


@pytest.mark.parametrize(("days", "verdict"), [(5.5, "warn"), (90, "ok")])
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
