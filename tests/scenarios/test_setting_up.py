"""From nothing to a receipt: `quickstart`, which ends with `doctor`, then `run`, against servers with TLS.

They want a password, or tokens by each way that a provider has.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from joserfc.jwk import RSAKey
from typer.testing import CliRunner

from maild import cli
from tests.conftest import ROOT
from tests.peers.dovecot import Dovecot
from tests.peers.mailbox import Mailbox
from tests.peers.smtp import Sink, Tls
from tests.peers.tokens import CLIENT, SECRET, TokenServer, TokenSink
from tests.scenarios.desk import ANNE, JEAN, mail

pytestmark = pytest.mark.real

DESK = "support@etnic.test"
# RFC 7523 section 2.1
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclass(kw_only=True)
class Machine:
    """Where an administrator works: a folder, servers elsewhere, and their authorities, which it knows."""

    folder: Path
    dovecot: Dovecot
    mailbox: Mailbox
    sink: Sink
    tls: Tls
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def secured(self) -> str:
        """As `doctor` says it."""
        return "STARTTLS" if self.tls == "starttls" else "TLS"

    @property
    def port(self) -> int:
        return self.dovecot.imaps if self.tls == "implicit" else self.dovecot.imap

    def trust(self, *certificates: Path) -> None:
        bundle = self.folder / "authorities.pem"
        bundle.write_bytes(b"".join(each.read_bytes() for each in certificates))
        self.environ["SSL_CERT_FILE"] = str(bundle)

    def keep(self, name: str, text: str) -> str:
        """A file with a secret, as quickstart wants it."""
        (self.folder / name).write_text(text, encoding="utf-8")
        (self.folder / name).chmod(0o600)
        return name

    def maild(self, *arguments: str) -> tuple[int, str]:
        """A command: its exit code, and all that it said."""
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.folder)
            for name, value in self.environ.items():
                patch.setenv(name, value)
            done = CliRunner().invoke(cli.app, list(arguments), standalone_mode=False)
        assert done.exception is None, done.output
        return int(done.return_value or 0), done.output

    def run(self) -> "subprocess.Popen[str]":
        """The daemon, as a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "maild", "run"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), **self.environ},
        )  # fmt: skip

    def quickstart(self, **flags: str) -> tuple[int, str]:
        """By flags alone; ``_`` stands for ``-``."""
        known = {
            "config": "config.toml", "address": DESK, "user": self.mailbox.user, "agent": f"Anne <{ANNE}>",
            "administrator": "admin@etnic.test", "start": "all",
            "imap_host": "localhost", "imap_tls": self.tls, "imap_port": str(self.port),
            "smtp_host": "localhost", "smtp_tls": self.tls, "smtp_port": str(self.sink.port),
        }  # fmt: skip
        words = ((f"--{name.replace('_', '-')}", value) for name, value in (known | flags).items())
        return self.maild("quickstart", "--yes", *(word for flag in words for word in flag))

    def assert_well(self, said: str, sender: str) -> None:
        """`doctor` has found both servers well, with their TLS."""
        assert "Nothing failed" in said, said
        assert f"localhost:{self.port} answers ({self.secured}), {self.mailbox.user} is logged in" in said
        assert f"localhost:{self.sink.port} answers ({self.secured}), {sender} is logged in" in said
        assert said.count("the certificate of localhost is good until") == 2

    def assert_serves(self, *secrets: str) -> None:
        """`run`: a mail comes, its receipt and notification leave; nothing that is said shows a secret."""
        self.mailbox.append(mail("m1@ecole.test", at=None))
        daemon = self.run()
        try:
            letters = self.sink.wait_for(2)
        finally:
            daemon.send_signal(signal.SIGTERM)
            said, _ = daemon.communicate(timeout=60)
        assert daemon.returncode == 0, said
        assert {letter.recipients[0] for letter in letters} == {JEAN[JEAN.index("<") + 1 : -1], ANNE}
        assert not [secret for secret in secrets if secret in said]


@contextmanager
def serving(sink: Sink) -> Iterator[Sink]:
    sink.start()
    try:
        yield sink
    finally:
        sink.stop()


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_by_a_password(tls: Tls, dovecot: Dovecot, tmp_path: Path) -> None:
    server = Sink(tls=tls, certificate=dovecot.certificate, login=(DESK, "correct-horse"))
    with serving(server) as sink:
        machine = Machine(folder=tmp_path, dovecot=dovecot, mailbox=dovecot.mailbox(), sink=sink, tls=tls)
        machine.trust(dovecot.certificate.path)
        file = machine.keep("password", f"{machine.mailbox.password}\n")
        code, said = machine.quickstart(provider="imap", password_file=file, smtp_user=DESK)
        assert code == 0, said
        machine.assert_well(said, DESK)
        machine.assert_serves(machine.mailbox.password)


# --- tokens -------------------------------------------------------------------------------------------------


@pytest.fixture
def machine(tls: Tls, token_dovecot: Dovecot, tokens: TokenServer, tmp_path: Path) -> Iterator[Machine]:
    """A provider that takes no password; its token server is here, not where Microsoft and Google have it."""
    server = TokenSink(tokens, tls=tls, certificate=tokens.certificate)
    with serving(server) as sink:
        mailbox = token_dovecot.mailbox()
        made = Machine(folder=tmp_path, dovecot=token_dovecot, mailbox=mailbox, sink=sink, tls=tls)
        made.trust(tokens.certificate.path, token_dovecot.certificate.path)
        for table in ("MAILD_MAILDROP__SUPPORT__OAUTH", "MAILD_SUBMISSION__OAUTH"):
            made.environ[f"{table}__TOKEN_URL"] = tokens.url("token")
            made.environ[f"{table}__DEVICE_URL"] = tokens.url("device")
        tokens.grants.user = mailbox.user
        yield made


ENTRA: Mapping[str, str] = {"provider": "microsoft", "tenant": "etnic.test", "client_id": CLIENT}


@pytest.mark.parametrize("tls", ["starttls"])
def test_by_a_program_s_own_secret(machine: Machine, tokens: TokenServer) -> None:
    file = machine.keep("app-secret", f"{SECRET}\n")
    code, said = machine.quickstart(**ENTRA, client_secret_file=file)
    assert code == 0, said
    machine.assert_well(said, machine.mailbox.user)
    machine.assert_serves(SECRET, *tokens.grants.given)


@pytest.mark.parametrize("tls", ["implicit"])
def test_by_a_service_account(machine: Machine, tokens: TokenServer) -> None:
    pem = RSAKey.generate_key(2048).as_pem(private=True).decode()
    account = {"client_email": "maild@x.iam.test", "private_key": pem, "private_key_id": "k1"}
    file = machine.keep("key.json", json.dumps(account))
    code, said = machine.quickstart(provider="google", service_account_file=file)
    assert code == 0, said
    machine.assert_well(said, machine.mailbox.user)
    machine.assert_serves(pem.splitlines()[1], *tokens.grants.given)
    assert {asked["grant_type"] for asked in tokens.grants.asked} == {JWT_BEARER}


@pytest.mark.parametrize("tls", ["implicit"])
def test_by_a_person_s_login(machine: Machine, tokens: TokenServer) -> None:
    """Until somebody has typed the code, all that fails is told with the one command that helps."""
    code, said = machine.quickstart(**ENTRA, auth="device")
    assert code == 1, said
    assert said.count("nobody has logged in") == said.count("-> do it once: `maild oauth login`") == 2
    assert "a person must let maild in once: maild oauth login --config config.toml" in said
    tokens.grants.consent, tokens.grants.interval = True, 1
    code, said = machine.maild("oauth", "login", "--config", "config.toml")
    assert (code, said.count(f"logged in, which is kept in {machine.folder}/var/oauth.")) == (0, 1), said
    code, said = machine.maild("doctor")
    assert code == 0, said
    machine.assert_well(said, machine.mailbox.user)
    machine.assert_serves(tokens.grants.refresh, *tokens.grants.given)
