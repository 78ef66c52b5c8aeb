"""From nothing to a receipt: `quickstart`, which ends with `doctor`, then `run`, against servers with TLS."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.peers.dovecot import Dovecot
from tests.peers.smtp import Sink, Tls
from tests.scenarios.desk import ANNE, JEAN, mail

DESK = "support@etnic.test"


def command(*arguments: str, dovecot: Dovecot, folder: Path) -> "subprocess.Popen[str]":
    """`maild` as an administrator calls it, on a machine that knows the servers' authority."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("MAILD_")}
    return subprocess.Popen(
        [sys.executable, "-m", "maild", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=folder,
        env={**environ, "PYTHONPATH": str(ROOT), "SSL_CERT_FILE": str(dovecot.certificate.path)},
    )


@pytest.fixture(params=["starttls", "implicit"])
def provider(request: pytest.FixtureRequest, dovecot: Dovecot) -> Iterator[Sink]:
    """Takes mail with TLS and a login, as the mailbox does."""
    tls: Tls = request.param
    server = Sink(tls=tls, certificate=dovecot.certificate, login=(DESK, "correct-horse"))
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.mark.real
def test_from_nothing_to_a_receipt(provider: Sink, dovecot: Dovecot, tmp_path: Path) -> None:
    mailbox = dovecot.mailbox()
    (tmp_path / "password").write_text(f"{mailbox.password}\n")
    (tmp_path / "password").chmod(0o600)
    port = dovecot.imaps if provider.tls == "implicit" else dovecot.imap
    flags = {
        "--config": "config.toml", "--address": DESK, "--provider": "imap", "--password-file": "password",
        "--imap-host": "localhost", "--imap-tls": provider.tls, "--imap-port": str(port),
        "--smtp-host": "localhost", "--smtp-tls": provider.tls, "--smtp-port": str(provider.port),
        "--user": mailbox.user, "--smtp-user": DESK, "--agent": f"Anne <{ANNE}>",
        "--administrator": "admin@etnic.test", "--start": "all",
    }  # fmt: skip
    words = [word for flag in flags.items() for word in flag]
    said, _ = command("quickstart", "--yes", *words, dovecot=dovecot, folder=tmp_path).communicate(timeout=90)
    assert "Nothing failed" in said, said
    secured = "STARTTLS" if provider.tls == "starttls" else "TLS"
    assert f"localhost:{port} answers ({secured}), {mailbox.user} is logged in" in said
    assert f"localhost:{provider.port} answers ({secured}), {DESK} is logged in" in said
    assert said.count("the certificate of localhost is good until") == 2

    mailbox.append(mail("m1@ecole.test", at=None))
    daemon = command("run", dovecot=dovecot, folder=tmp_path)
    try:
        letters = provider.wait_for(2)
    finally:
        daemon.send_signal(signal.SIGTERM)
        said, _ = daemon.communicate(timeout=60)
    assert daemon.returncode == 0, said
    assert {letter.recipients[0] for letter in letters} == {JEAN[JEAN.index("<") + 1 : -1], ANNE}
    assert mailbox.password not in said
