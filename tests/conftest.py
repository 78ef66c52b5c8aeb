"""Fixtures that every test may ask for: real servers, and mail to try them with.

A server that is missing makes its tests skip, and the end of the run says so in one loud line a reason. With
MAILD_REQUIRE_REAL=1, as CI sets it, nothing may skip: a skipped test then fails.
"""

import gc
import logging
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

from maild import log
from storage import database
from tests import compiled, ledger
from tests.peers import browser as browser_peer
from tests.peers import clamd as clamd_peer
from tests.peers import dovecot as dovecot_peer
from tests.peers import imap_poor
from tests.peers import postfix as postfix_peer
from tests.peers import postgres as postgres_peer
from tests.peers.browser import Chromium
from tests.peers.certificate import Certificate, make_certificate
from tests.peers.child import free_port
from tests.peers.clamd import Clamd
from tests.peers.dovecot import Dovecot
from tests.peers.imap_poor import PoorServer
from tests.peers.mailbox import Mailbox
from tests.peers.postfix import Postfix
from tests.peers.postgres import Postgres
from tests.peers.smtp import Sink
from tests.peers.tokens import TokenServer, dovecot_settings

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"

# The processes that pytest-xdist starts hear of it by a name that is no setting.
if os.environ.get("MAILD_REQUIRE_REAL", "") not in {"", "0"}:
    os.environ["TESTS_REQUIRE_REAL"] = "1"
REQUIRE_REAL = "TESTS_REQUIRE_REAL" in os.environ

# Any MAILD_ variable is a setting, which would reach the daemons that the tests start.
for _name in [name for name in os.environ if name.startswith("MAILD_")]:
    del os.environ[_name]

# A busy machine is no defect of the code under test; each test has its own time limit.
settings.register_profile("maild", deadline=None)
settings.load_profile("maild")
compiled.share()


def pytest_make_parametrize_id(val: object) -> str | None:
    """Bytes name no test: those that hold the instant of their making name it otherwise in each process."""
    return "bytes" if isinstance(val, bytes) else None


def pytest_collection_finish() -> None:
    """Each full collection of garbage would walk through eleven thousand tests while they run."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


# --- nothing is left out in silence -------------------------------------------------------------------------


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turns a skip into a failure where nothing may skip."""
    report = yield
    if REQUIRE_REAL and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, but MAILD_REQUIRE_REAL=1: {_reason(report)}"
    # What was logged of a strange mail may be no text that pytest-xdist can hand over.
    report.sections = [
        (name, said.encode(errors="backslashreplace").decode()) for name, said in report.sections
    ]
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a module that skips itself."""
    report = yield
    if REQUIRE_REAL and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"skipped, but MAILD_REQUIRE_REAL=1: {_reason(report)}"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for each reason why something was not tested."""
    skipped = Counter(_reason(report) for report in terminalreporter.stats.get("skipped", ()))
    for reason, number in sorted(skipped.items()):
        terminalreporter.write_line(f"NOT TESTED ({number} skipped): {reason}", yellow=True, bold=True)


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    # A skip's longrepr is (path, line, "Skipped: reason").
    place = report.longrepr
    return str(place[2]).removeprefix("Skipped: ") if isinstance(place, tuple) else str(place)


def _skip_where(reason: str) -> None:
    if reason:
        pytest.skip(reason)


@pytest.fixture(autouse=True)
def _log_as_it_was() -> Iterator[None]:
    """What a test, or a command in it, configures of the log ends with the test."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    levels = {name: logging.getLogger(name).level for name in log._QUIET}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, earlier in levels.items():
        logging.getLogger(name).setLevel(earlier)
    logging.captureWarnings(capture=False)
    structlog.contextvars.clear_contextvars()


# --- places -------------------------------------------------------------------------------------------------


@contextmanager
def _short_directory() -> Iterator[Path]:
    """A directory whose path leaves room for a socket's name; pytest's own are too long for that."""
    directory = Path(tempfile.mkdtemp(prefix="maild-", dir="/tmp"))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def short_path() -> Iterator[Path]:
    """An empty directory with a short path, for programs that make UNIX sockets."""
    with _short_directory() as directory:
        yield directory


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Real and strange mails by source, `SOURCE/*.eml`: `shared/corpus` beside the repository."""
    _skip_where("" if (SHARED / "corpus").is_dir() else "shared/corpus is not beside the repository")
    return SHARED / "corpus"


@pytest.fixture(scope="session")
def chaos() -> Path:
    """The fault injector, `shared/chaos` beside the repository."""
    _skip_where("" if (SHARED / "chaos").is_dir() else "shared/chaos is not beside the repository")
    return SHARED / "chaos"


# --- IMAP ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """One Dovecot for the whole run; a test that stops or kills it must take `own_dovecot`."""
    _skip_where(dovecot_peer.missing())
    with _short_directory() as directory:
        server = Dovecot(directory)
        try:
            server.start()
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
def token_server(certificate: Certificate) -> Iterator[TokenServer]:
    """One token server for the whole run; a test takes `tokens`, which begins anew."""
    server = TokenServer(certificate)
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def tokens(token_server: TokenServer) -> TokenServer:
    """A token server that has not been asked for anything yet, and refuses nothing."""
    token_server.begin()
    return token_server


@pytest.fixture(scope="session")
def token_dovecot(token_server: TokenServer) -> Iterator[Dovecot]:
    """A Dovecot that takes the tokens of that server, by their signature; and passwords, as the other one."""
    _skip_where(dovecot_peer.missing())
    with _short_directory() as directory:
        server = Dovecot(directory, extra=dovecot_settings(token_server, directory / "oauth"))
        try:
            server.start()
            yield server
        finally:
            server.stop()


@pytest.fixture
def mailbox(dovecot: Dovecot) -> Mailbox:
    """A fresh account on the real Dovecot, its INBOX empty."""
    return dovecot.mailbox()


@pytest.fixture
def own_dovecot(short_path: Path) -> Iterator[Dovecot]:
    """A Dovecot of the test's own, running, to be stopped, killed and started at will."""
    _skip_where(dovecot_peer.missing())
    server = Dovecot(short_path)
    try:
        server.start()
        yield server
    finally:
        server.kill()  # an orderly end takes a second


@pytest.fixture
def limited_dovecot(short_path: Path, request: pytest.FixtureRequest) -> Iterator[Dovecot]:
    """A Dovecot that offers nothing beyond IMAP4rev1 but the extensions named by an indirect parameter."""
    _skip_where(dovecot_peer.missing())
    server = Dovecot(short_path, extra=f"imap_capability = IMAP4rev1 {request.param}")
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.fixture
def poor_mailbox(short_path: Path) -> Iterator[Mailbox]:
    """The one account of a server that knows no keywords."""
    _skip_where(imap_poor.missing())
    server = PoorServer(short_path)
    try:
        server.start()
        yield server.mailbox()
    finally:
        server.stop()


# --- SMTP ---------------------------------------------------------------------------------------------------


@pytest.fixture
def sink() -> Iterator[Sink]:
    """A plain SMTP server without login that keeps what it is given, or does what its script says."""
    server = Sink()
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def start_postfix(short_path: Path, sink: Sink) -> Iterator[Callable[[str], Postfix]]:
    """Starts a Postfix that hands mail for etnic.test over by a transport, and all other to the sink."""
    _skip_where(postfix_peer.missing())
    started: list[Postfix] = []

    def start(transport: str) -> Postfix:
        started.append(Postfix(short_path, transport=transport, sink=sink.port))
        started[-1].start()
        return started[-1]

    try:
        yield start
    finally:
        for server in started:
            server.stop()


@pytest.fixture
def clamd(short_path: Path) -> Iterator[Clamd]:
    """A real clamd of the test's own, running, with two signatures of its own."""
    _skip_where(clamd_peer.missing())
    server = Clamd(short_path)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def smtp_port() -> int:
    """A port on which nothing listens: an unreachable server, or room for one."""
    return free_port()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """Self-signed, for localhost and 127.0.0.1."""
    return make_certificate(tmp_path_factory.mktemp("certificate"))


# --- PostgreSQL ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One cluster for the whole run; a test that stops it must start it again."""
    _skip_where(postgres_peer.missing())
    with _short_directory() as directory:
        server = Postgres(directory)
        try:
            server.start()
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty ledger on SQLite, brought up to date once a run: doing so takes longer than most stories."""
    path = tmp_path_factory.mktemp("ledger") / "maild.db"
    ledger.put(path)
    return path


@pytest.fixture(scope="session")
def postgres_migrated(postgres: Postgres) -> Iterator[str]:
    """The name of one on PostgreSQL, to be a template."""
    name = postgres.create_database()
    opened = database.open_database(postgres.url(name))
    database.upgrade(opened)
    opened.close()
    yield name
    postgres.drop_database(name)


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """The address of a fresh, empty database."""
    name = postgres.create_database()
    yield postgres.url(name)
    postgres.drop_database(name)


@pytest.fixture
def postgres_ledger(postgres: Postgres, postgres_migrated: str) -> Iterator[str]:
    """The address of a fresh, empty ledger."""
    name = postgres.create_database(template=postgres_migrated)
    yield postgres.url(name)
    postgres.drop_database(name)


# --- the browser --------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    """One browser for the whole run; a test opens tabs of its own."""
    _skip_where(browser_peer.missing())
    with browser_peer.running() as browser:
        yield browser
