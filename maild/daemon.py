"""Build every part once, start them, stop them in order.

The top of the house below the command line: nothing else here knows all the rooms. One process serves a
desk: a thread a maildrop, one for the outbox, APScheduler's for the timers. Raises ``Locked`` where another
process has the state, ``storage.database.Unavailable`` and ``SchemaTooNew`` where the ledger cannot be used.
"""

import fcntl
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from maild import compose, log, sweep, timers
from maild import config as configuration
from maild.bell import Bell
from maild.config import Config, ImapMaildrop
from maild.ingest import Office
from maild.receive import imap, mailbox
from maild.receive.intake import Session, Station
from maild.send import outbox as sending
from maild.send.outbox import Dispatch
from maild.send.smtp import SmtpCourier
from parsers.mail import parse_mail
from storage import database, outbox
from storage.database import Database
from storage.store import LeaseLost, Store

_log = log.get("maild.daemon")

# An exchange past its data may need this long to be answered; everything else ends sooner.
DRAIN_SECONDS = 30.0
# A thread that has not ended by then reads from a server that does not answer: its socket is of no use.
PATIENCE_SECONDS = 8.0

Now = Callable[[], datetime]


class Locked(Exception):
    """Another maild has this state; there is one process a desk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything that one desk runs on."""

    config: Config
    office: Office
    database: Database
    stations: tuple[Station, ...]
    dispatch: Dispatch


def system_now() -> datetime:
    """The time, aware UTC."""
    return datetime.now(UTC)


@contextmanager
def locked(config: Config) -> Iterator[None]:
    """Hold the state's lock; the kernel frees it on any death.

    Raises:
        Locked: another process holds it.
    """
    directory = Path(config.state.directory)
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (directory / "maild.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            raise Locked(f"{directory} is in use by process {lock.read().strip() or 'unknown'}") from error
        lock.truncate(0)
        lock.write(str(os.getpid()))  # for people; the lock itself is the kernel's
        lock.flush()
        yield


@contextmanager
def parts(config: Config, now: Now = system_now) -> Iterator[Parts]:
    """Build everything on an up-to-date ledger; the caller holds the lock."""
    ledger = database.open_database(config.state.database)
    try:
        backup = database.upgrade(ledger, now=now())
        if backup is not None:
            _log.info("database.upgraded", revision=database.head(), backup=str(backup))
        holder = f"{socket.gethostname()}:{Path(config.state.directory).resolve()}"
        with Store(database=ledger).write() as tx:
            outbox.give_back(tx, holder, now=now())
        built = _build(config, ledger, holder, now)
        try:
            yield built
        finally:
            for bell in (built.dispatch.bell, *(station.bell for station in built.stations)):
                bell.dispose()
    finally:
        ledger.close()


def _build(config: Config, ledger: Database, holder: str, now: Now) -> Parts:
    policy = configuration.policy(config)
    folder = Path(config.desk.templates) if config.desk.templates else None
    paper = compose.stationery(policy.desk, folder)
    office = Office(store=Store(database=ledger), policy=policy, paper=paper, now=now)
    courier = SmtpCourier(
        config.submission, partial(configuration.password, config.submission), policy.desk.address
    )
    dispatch = Dispatch(
        office=office, courier=courier, submission=config.submission, holder=holder, bell=Bell()
    )
    stations = tuple(
        Station(
            name=name, drop=drop, password=partial(configuration.password, drop), office=office,
            holder=holder, bell=Bell(), filed=dispatch.bell.ring, max_message=config.security.max_message,
        )
        for name, drop in config.maildrop.items()
        if isinstance(drop, ImapMaildrop)
    )  # fmt: skip
    return Parts(config=config, office=office, database=ledger, stations=stations, dispatch=dispatch)


# ---------------------------------------------------------------------- once


def once(config: Config, now: Now = system_now) -> bool:
    """One pass of everything that is due: receive, file, sweep, mark, send.

    Returns:
        False when no maildrop could be reached.
    """
    with locked(config), parts(config, now) as all_parts:
        _started(all_parts, "once")
        reached = [_pass_once(station, all_parts) for station in all_parts.stations]
        sweep.sweep(all_parts.office, final=True)
        sending.drain(all_parts.dispatch)
        _stopped(all_parts)
        return any(reached) or not reached


def _pass_once(station: Station, all_parts: Parts) -> bool:
    try:
        imap.with_session(station, partial(_whole_pass, all_parts))
    except (mailbox.Unreachable, imap.StandBy, LeaseLost, configuration.ConfigError) as error:
        refused = isinstance(error, mailbox.LoginRefused)
        event = "maildrop.auth_failed" if refused else "maildrop.lost"
        _log.error(event, maildrop=station.name, reason=str(error))
        return False
    return True


def _whole_pass(all_parts: Parts, session: Session) -> None:
    imap.one_pass(session, seen_at=session.now)
    # What has just been filed may be near its limit already: swept and marked in the same pass.
    sweep.sweep(all_parts.office, final=True)
    imap.settle_marks(session)


# ---------------------------------------------------------------------- for good


def run(config: Config) -> None:
    """Serve the desk until SIGTERM or SIGINT; a second one ends it at once."""
    stop = threading.Event()
    with locked(config), parts(config) as all_parts:
        with _signals(stop), running(all_parts):
            _tell_systemd("READY=1")
            stop.wait()
            _tell_systemd("STOPPING=1")
            _log.info("daemon.stopping")
        _stopped(all_parts)


@contextmanager
def _signals(stop: threading.Event) -> Iterator[None]:
    def heed(number: int, _frame: object) -> None:
        if stop.is_set():
            os._exit(128 + number)
        stop.set()

    before = {number: signal.signal(number, heed) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def running(all_parts: Parts) -> Iterator[None]:
    """Every thread and timer of the desk, started here under a name in words, and ended in order:
    first receiving, so that nothing new is owed, then timers, then sending."""
    _started(all_parts, "run")
    _warm_up(all_parts)
    dispatch = all_parts.dispatch
    receivers = [(f"maildrop {s.name}", partial(imap.watch, s), s.bell) for s in all_parts.stations]
    with _threads([("courier", partial(sending.deliver, dispatch), dispatch.bell)], patience=DRAIN_SECONDS):
        scheduler = timers.start(_timers(all_parts))
        try:
            with _threads(receivers, patience=PATIENCE_SECONDS):
                _log.info("daemon.ready", maildrops=len(receivers))
                yield
        finally:
            timers.stop(scheduler)


@contextmanager
def _threads(work: Sequence[tuple[str, Callable[[], None], Bell]], *, patience: float) -> Iterator[None]:
    """Threads that end together: every bell is closed first, and one patience is shared by all."""
    threads = [threading.Thread(target=target, name=name, daemon=True) for name, target, _ in work]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for _, _, bell in work:
            bell.close()
        until = time.monotonic() + patience
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
            if thread.is_alive():
                reason = "its server does not answer; nothing is lost"
                _log.warning("daemon.abandoned", thread=thread.name, reason=reason)


def _timers(all_parts: Parts) -> timers.Table:
    def sweep_and_wake() -> None:
        swept = sweep.sweep(all_parts.office)
        for station in all_parts.stations if swept.near or swept.breached else ():
            station.bell.ring()
        all_parts.dispatch.bell.ring()

    return {"sweep": (sweep_and_wake, timedelta(seconds=all_parts.config.sla.sweep.total_seconds()))}


def _warm_up(all_parts: Parts) -> None:
    """Render every letter and read a mail before the first one comes: what is loaded and compiled on first
    use would keep its sender waiting, and a broken template is better known now."""
    for problem in compose.render_all(all_parts.office.paper):
        _log.error("template.broken", reason=problem)
    parse_mail(_SAMPLE)


_SAMPLE = (
    b"From: =?utf-8?q?Zo=C3=A9?= <zoe@example.org>\r\nTo: desk@example.org\r\nSubject: essai\r\n"
    b"Date: Mon, 23 Nov 2026 09:00:00 +0100\r\nMessage-ID: <warm@example.org>\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/alternative; boundary="b"\r\n\r\n'
    b"--b\r\nContent-Type: text/plain\r\n\r\nBonjour\r\n"
    b"--b\r\nContent-Type: text/html\r\n\r\n<p>Bonjour</p>\r\n--b--\r\n"
)


def _started(all_parts: Parts, mode: str) -> None:
    _log.info(
        "daemon.started", mode=mode, desk=all_parts.config.desk.address, schema=database.head(),
        maildrops=[s.name for s in all_parts.stations], pid=os.getpid(),
    )  # fmt: skip

    for what in _not_served(all_parts.config):
        _log.warning("config.not_served", reason=f"{what}: not in this version, see `maild doctor`")


def _not_served(config: Config) -> Iterator[str]:
    """What the configuration may name already and this version does not do: said, never passed over."""
    for name, drop in config.maildrop.items():
        if not isinstance(drop, ImapMaildrop):
            yield f"maildrop.{name}, kind = {drop.kind}"
        elif drop.auth == "oauth":
            yield f"maildrop.{name}, auth = oauth"
        elif drop.junk:
            yield f"maildrop.{name}, junk = {drop.junk}"
    if config.submission.user and config.submission.auth == "oauth":
        yield "submission, auth = oauth"
    if config.sla.clock == "desk":
        yield "sla.clock = desk; nights and weekends count"
    if config.http is not None:
        yield "http"


def _stopped(all_parts: Parts) -> None:
    _log.info("daemon.stopped", sql_statements=all_parts.database.statements.count)


def _tell_systemd(state: str) -> None:
    """sd_notify(3): one datagram to the socket that the service manager names; nobody listens elsewhere."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.connect(address.replace("@", "\0", 1) if address.startswith("@") else address)
        notify.send(state.encode())
