"""Build every part once, start them, stop them in order.

The top of the house below the command line: nothing else here knows all the rooms. One process serves a
desk: a thread a maildrop, one for the outbox, APScheduler's for the timers. Raises ``Locked`` where another
process has the state, ``storage.database.Unavailable`` and ``SchemaTooNew`` where the ledger cannot be used.
"""

import fcntl
import os
import re
import signal
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from maild import alarm, condition, heap, ingest, log, metrics, rehearsal, retention, sweep, timers, watchdog
from maild import config as configuration
from maild import office as offices
from maild.alarm import Alarm
from maild.bell import Bell
from maild.config import Config, DoorMaildrop, ImapMaildrop
from maild.decide.troubles import BOARD
from maild.effects import letters
from maild.health import Health
from maild.ingest import Office
from maild.line import Line
from maild.oauth import access
from maild.receive import imap, lmtp, mailbox, vigil
from maild.receive.intake import Session, Station
from maild.receive.lmtp import Door
from maild.send import outbox as sending
from maild.send.outbox import Dispatch
from maild.send.smtp import SmtpCourier
from parsers.mail import parse_mail
from storage import database, outbox
from storage.backup import Told
from storage.database import Database
from storage.store import LeaseLost, Store

if TYPE_CHECKING:
    from maild.board.serving import Server

_log = log.get("maild.daemon")

# An exchange past its data may need this long to be answered; everything else ends sooner.
DRAIN_SECONDS = 30.0
# A thread that has not ended by then reads from a server that does not answer: its socket is of no use.
PATIENCE_SECONDS = 8.0
# One exchange may last so many of its time-outs, in which something was heard each time; then it is cut. The
# server may take ten of them for the reply to the end of the data (RFC 5321 4.5.3.2.6).
ANSWER_TIMEOUTS = 10
LETTER_TIMEOUTS = 15
# Beyond its exchanges a loop needs this long for a round: a batch of large mails, a busy database.
ROUND_SECONDS = 240.0
CUT_EVERY = timedelta(seconds=1)
# On the first day of a month somebody waits for it; on all others it costs a look by an index.
REPORT_EVERY = timedelta(minutes=5)
# Whatever holds its port may let go of it.
BOARD_EVERY = timedelta(seconds=15)
# In a state that was put back, what was owed may have left since: folders of sent mail and answers are read
# first, for they may tell.
LOOK_FIRST = timedelta(minutes=3)
# Beside the maildrops the courier, the sweep and the alarm read the ledger.
_READERS = 3
# So many pages of the board read it at once (``board.serving``, which is loaded only where there is one).
_PAGES = 3
# Within one pass a mail that its server cannot give ends four sessions before it is passed by.
MOST_SESSIONS = 20

Now = Callable[[], datetime]
_MARK = re.compile(r"[0-9a-f]{32}")


class Locked(Exception):
    """Another maild has this state; there is one process a desk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything that one desk runs on."""

    config: Config
    office: Office
    database: Database
    stations: tuple[Station, ...]
    doors: tuple[Door, ...]
    dispatch: Dispatch
    letters: Line
    alarm: Alarm
    health: Health

    @property
    def maildrops(self) -> tuple[Station | Door, ...]:
        """Every place that mail is taken from."""
        return (*self.stations, *self.doors)


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


def own_name(directory: Path) -> str:
    """Under which a state takes leases and letters; whoever has the lock has the name, and nobody else.

    Two machines or containers may bear one host name and keep their state at one path: what tells them apart
    is a mark made at the first start. A mark that was cut short is made anew; a lease of before then ends by
    itself.

    Raises:
        OSError: the mark cannot be read or written.
    """
    file = directory / "maild.id"
    mark = file.read_text(errors="replace").strip() if file.exists() else ""
    if not _MARK.fullmatch(mark):
        mark = uuid.uuid4().hex
        file.write_text(f"{mark}\n")
    return f"{socket.gethostname()}:{directory.resolve()}:{mark}"


@contextmanager
def parts(config: Config, now: Now = system_now) -> Iterator[Parts]:
    """Build everything on an up-to-date ledger; the caller holds the lock."""
    ledger = database.open_database(config.state.database)
    try:
        backup = brought_up(ledger, now())
        if backup is not None:
            _log.info("database.upgraded", revision=database.head(), backup=str(backup))
        holder = own_name(Path(config.state.directory))
        with Store(database=ledger).write() as tx:
            outbox.give_back(tx, holder, now=now())
        with offices.opened(config, Store(database=ledger), now) as office:
            built = _build(config, office, ledger, holder)
            try:
                yield built
            finally:
                for bell in (built.dispatch.bell, *(maildrop.bell for maildrop in built.maildrops)):
                    bell.dispose()
    finally:
        ledger.close()


def brought_up(ledger: Database, now: datetime, told: Told | None = None) -> Path | None:
    """Bring the schema up to date; in a state that was put back, letters wait until it was looked for them.

    Args:
        told: hears how far the copy is that is made first.

    Returns:
        The copy that was made, or None.
    """
    is_copy = database.is_copy(ledger)
    backup = database.upgrade(ledger, now=now, told=told)
    if is_copy:
        with Store(database=ledger).write() as tx:
            letters = outbox.wait(tx, until=now + LOOK_FIRST)
        _log.info("database.restored", letters=letters, wait_s=LOOK_FIRST.total_seconds())
    return backup


def _build(config: Config, office: Office, ledger: Database, holder: str) -> Parts:
    letters = Line(LETTER_TIMEOUTS * config.submission.timeout.total_seconds())
    key = access.key_to(config.submission, config.state.directory, office.now)
    courier = SmtpCourier(config.submission, key, office.policy.desk.address, letters)
    health = Health()
    dispatch = Dispatch(
        office=office, courier=courier, submission=config.submission, holder=holder, bell=Bell(),
        health=health,
    )  # fmt: skip
    stations = tuple(
        Station(
            name=name, drop=drop, key=access.key_to(drop, config.state.directory, office.now), office=office,
            holder=holder, bell=Bell(), filed=dispatch.bell.ring, max_message=config.security.max_message,
            line=Line(ANSWER_TIMEOUTS * drop.timeout.total_seconds()), health=health,
        )
        for name, drop in config.maildrop.items()
        if isinstance(drop, ImapMaildrop)
    )  # fmt: skip
    doors = tuple(
        Door(
            name=name, drop=drop, office=office, holder=holder, bell=Bell(), filed=dispatch.bell.ring,
            max_message=config.security.max_message,
        )
        for name, drop in config.maildrop.items()
        if isinstance(drop, DoorMaildrop)
    )  # fmt: skip
    return Parts(
        config=config, office=office, database=ledger, stations=stations, doors=doors, dispatch=dispatch,
        letters=letters, alarm=_alarm(config, office, health), health=health,
    )  # fmt: skip


def _alarm(config: Config, office: Office, health: Health) -> Alarm:
    return Alarm(
        office=office, polls=condition.intervals(config.maildrop), health=health,
        directory=Path(config.state.directory), command=config.alert.command, started_at=office.now(),
    )  # fmt: skip


# ---------------------------------------------------------------------- once


def once(config: Config, now: Now = system_now) -> bool:
    """One pass of everything that is due: receive, file, sweep, mark, tell of trouble, send.

    Returns:
        False when no maildrop could be reached.
    """
    with locked(config), parts(config, now) as all_parts:
        _started(all_parts, "once")
        reached = [
            *(_pass_once(station, all_parts) for station in all_parts.stations),
            *map(_catch_up_once, all_parts.doors),
        ]
        sweep.sweep(all_parts.office, final=True)
        _purge(all_parts)
        _mail_report(all_parts)
        _send_and_look(all_parts)
        _stopped(all_parts)
        return any(reached) or not reached


def _purge(all_parts: Parts) -> None:
    """Erase what was kept long enough."""
    kept = all_parts.config.retention
    spans = retention.Spans(raw=kept.raw, outbox=kept.outbox, closed=kept.closed)
    retention.purge(all_parts.office, spans)


def _mail_report(all_parts: Parts) -> int:
    """Owe the report of the last month, where that is wanted and due."""
    wanted = all_parts.config.report
    if not wanted.mail:
        return 0
    # What draws the charts is loaded where it is wanted.
    from maild.report import monthly

    return monthly.mail(all_parts.office, wanted.recipients)


def _send_and_look(all_parts: Parts) -> None:
    """Look after sending: what waited for this pass is no trouble. What is told leaves in the same pass."""
    watched = all_parts.alarm
    # What the pass has found is true at once; nobody waits at a door within it.
    watched.started_at = None
    watched.polls = {station.name: watched.polls[station.name] for station in all_parts.stations}
    pace = sending.pace_of(all_parts.dispatch)
    sending.drain(all_parts.dispatch, pace)
    if alarm.look(watched):
        sending.drain(all_parts.dispatch, pace)


def _pass_once(station: Station, all_parts: Parts) -> bool:
    """A pass; made anew where the session ended over some mails, until these are passed by."""
    for _ in range(MOST_SESSIONS):
        before = station.doubts.sessions
        try:
            imap.with_session(station, partial(_whole_pass, all_parts))
        except (mailbox.Unreachable, vigil.StandBy, LeaseLost, configuration.ConfigError) as error:
            refused = isinstance(error, mailbox.LoginRefused)
            event = "maildrop.auth_failed" if refused else "maildrop.lost"
            _log.error(event, maildrop=station.name, reason=str(error))
        else:
            return True
        if station.doubts.sessions == before:
            return False
    return False


def _catch_up_once(door: Door) -> bool:
    """Nobody is let in within one pass; what was kept at the door and not filed is filed."""
    try:
        lmtp.catch_up(door)
    except (vigil.StandBy, LeaseLost) as error:
        _log.error("maildrop.lost", maildrop=door.name, reason=str(error))
        return False
    return True


def _whole_pass(all_parts: Parts, session: Session) -> None:
    imap.one_pass(session, seen_at=session.now)
    # What has just been filed may be near its limit already: swept and marked in the same pass.
    sweep.sweep(all_parts.office, final=True)
    imap.settle_marks(session)


# ---------------------------------------------------------------------- for good


@dataclass(slots=True, kw_only=True)
class _Asked:
    """What signals have asked for; the main thread waits for the first of it."""

    # A pipe: an Event that a signal sets while the main thread has its lock would hang for good.
    anything: Bell = field(default_factory=Bell)
    to_end: bool = False

    def heed(self, number: int, _frame: object) -> None:
        """SIGTERM and SIGINT end it, a second one at once; SIGHUP asks for the configuration anew."""
        if number != signal.SIGHUP:
            if self.to_end:
                os._exit(128 + number)
            self.to_end = True
        self.anything.ring()

    def wait(self) -> bool:
        """Sleep until something is asked for; True when that is to end."""
        while not self.anything.wait(3600.0):
            continue
        return self.to_end


def run(config: Config, again: Callable[[], Config]) -> None:
    """Serve the desk until SIGTERM or SIGINT; a second one ends it at once.

    Args:
        again: the configuration read anew, at SIGHUP; what it refuses changes nothing.
    """
    heap.give_back()
    asked = _Asked()
    serving: Config | None = config
    with _signals(asked), locked(config):
        while serving is not None:
            with parts(serving) as all_parts:
                with running(all_parts):
                    watchdog.tell(watchdog.READY)
                    serving = _next(serving, again, asked)
                    watchdog.tell(watchdog.STOPPING if serving is None else watchdog.reloading())
                    _log.info("daemon.stopping" if serving is None else "daemon.reloading")
                _stopped(all_parts)


def _next(serving: Config, again: Callable[[], Config], asked: _Asked) -> Config | None:
    """Wait; the configuration to go on with, or None to end."""
    while not asked.wait():
        try:
            found = again()
        except configuration.ConfigError as error:
            _log.error("config.refused", reason=str(error), remedy="mend it and send SIGHUP again")
            continue
        if objections := tuple(_objections(serving, found)):
            _log.error("config.refused", reason="; ".join(objections), remedy="mend it and send SIGHUP again")
            continue
        return found
    return None


def _objections(serving: Config, found: Config) -> Iterator[str]:
    """Why a sound configuration cannot take the place of the one that is being served."""
    if found.state != serving.state:
        yield "[state] cannot change while maild runs: stop it and start it again"
    yield from map(str, rehearsal.render_needed(offices.paper(found)))


@contextmanager
def _signals(asked: _Asked) -> Iterator[None]:
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = {number: signal.signal(number, asked.heed) for number in numbers}
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
    receivers = [
        _Worker(name=f"maildrop {s.name}", work=partial(imap.watch, s), bell=s.bell, line=s.line)
        for s in all_parts.stations
    ]
    receivers += [
        # A door waits for no server, so there is no exchange to be cut.
        _Worker(name=f"maildrop {d.name}", work=partial(lmtp.watch, d), bell=d.bell, line=Line(0))
        for d in all_parts.doors
    ]
    courier = _Worker(
        name="courier", work=partial(sending.deliver, dispatch), bell=dispatch.bell, line=all_parts.letters
    )
    with _board(all_parts) as board, _threads([courier], patience=DRAIN_SECONDS):
        scheduler = timers.start(_timers(all_parts, [*receivers, courier], board))
        try:
            with _threads(receivers, patience=PATIENCE_SECONDS):
                _log.info("daemon.ready", maildrops=len(receivers), board=board.address if board else "")
                yield
        finally:
            timers.stop(scheduler)


@contextmanager
def _board(all_parts: Parts) -> Iterator["Server | None"]:
    """The board while the desk is served, where there is one; whether it can be seen changes nothing else."""
    if all_parts.config.http is None:
        # Who wants none is in no trouble with it any more.
        all_parts.health.well(BOARD, all_parts.office.now())
        yield None
        return
    # Nobody pays for what he does not use.
    from maild.board.desk import BoardDesk
    from maild.board.serving import Server

    metrics.begin()
    board = Server(BoardDesk(config=all_parts.config, office=all_parts.office, health=all_parts.health))
    board.keep_open()
    try:
        yield board
    finally:
        board.stop()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Worker:
    """A thread to be: what it does, what wakes it, and the connection it may hang on."""

    name: str
    work: Callable[[], None]
    bell: Bell
    line: Line

    def loop(self) -> watchdog.Loop:
        """Its sign of life is that it listens to its bell."""
        return watchdog.Loop(
            name=self.name, last_sign=self.bell.last_sign, patience=self.line.longest + ROUND_SECONDS
        )


@contextmanager
def _threads(workers: Sequence[_Worker], *, patience: float) -> Iterator[None]:
    """Threads that end together: every bell is closed first, and one patience is shared by all."""
    threads = [(threading.Thread(target=w.work, name=w.name, daemon=True), w) for w in workers]
    for thread, _ in threads:
        thread.start()
    try:
        yield
    finally:
        for worker in workers:
            worker.bell.close()
        until = time.monotonic() + patience
        for thread, worker in threads:
            thread.join(max(0.0, until - time.monotonic()))
            if thread.is_alive():
                _abandon(thread, worker)


def _abandon(thread: threading.Thread, worker: _Worker) -> None:
    """Its server does not answer: what is cut ends like any broken connection."""
    worker.line.cut()
    thread.join(1.0)
    reason = "its server does not answer; nothing is lost"
    _log.warning("daemon.abandoned", thread=worker.name, reason=reason, ended=not thread.is_alive())


def _timers(all_parts: Parts, workers: Sequence[_Worker], board: "Server | None") -> timers.Table:
    swept_at = [time.monotonic()]

    def sweep_and_wake() -> None:
        swept = sweep.sweep(all_parts.office)
        metrics.breached(swept.breached)
        for station in all_parts.stations if swept.near or swept.breached else ():
            station.bell.ring()
        all_parts.dispatch.bell.ring()
        swept_at[0] = time.monotonic()

    def look_around() -> None:
        if alarm.look(all_parts.alarm):
            all_parts.dispatch.bell.ring()

    def report() -> None:
        if _mail_report(all_parts):
            all_parts.dispatch.bell.ring()

    every = timedelta(seconds=all_parts.config.sla.sweep.total_seconds())
    table: dict[str, tuple[Callable[[], object], timedelta]] = {
        "sweep": (sweep_and_wake, every),
        "lines": (partial(_cut_overdue, workers), CUT_EVERY),
        "alarm": (look_around, alarm.EVERY),
    }
    if all_parts.config.report.mail:
        table["report"] = (report, REPORT_EVERY)
    if all_parts.config.retention.model_dump(exclude_none=True):
        table["retention"] = (partial(_purge, all_parts), retention.EVERY)
    if board is not None:
        table["board"] = (board.keep_open, BOARD_EVERY)
    if alive := watchdog.interval(os.environ):
        patience = every.total_seconds() + ROUND_SECONDS
        sweeping = watchdog.Loop(name="sweep", last_sign=lambda: swept_at[0], patience=patience)
        loops = (*(worker.loop() for worker in workers), sweeping)
        table["watchdog"] = (partial(watchdog.beat, loops), alive)
    return table


def _cut_overdue(workers: Sequence[_Worker]) -> None:
    for worker in workers:
        if worker.line.cut_if_overdue():
            _log.warning("line.cut", of=worker.name, reason=f"an exchange lasted {worker.line.longest:.0f} s")


def _warm_up(all_parts: Parts) -> None:
    """Render the first letters and read a mail before it comes: what is loaded and compiled on first use
    would keep its sender waiting, and a broken template is better known now. All readers of the ledger at
    once, too: what is opened then stays open."""
    if problems := rehearsal.render_needed(all_parts.office.paper):
        _tell_of_letters(all_parts.office, problems)
    parse_mail(_SAMPLE)
    office = all_parts.office  # its holidays are looked up with the first day
    office.policy.calendar.opens(office.now())
    pages = _PAGES if all_parts.config.http is not None else 0
    all_parts.database.make_room(len(all_parts.maildrops) + _READERS + pages)


def _tell_of_letters(office: Office, problems: list[str]) -> None:
    """The administrators hear once a day that letters of their own are wrong; those that ship go out."""
    for problem in problems:
        _log.error("template.broken", reason=problem)
    now = office.now()
    with office.store.write() as tx:
        letters.owe_trouble(
            tx, about=f"letters:{now:%Y%m%d}",
            headline="Letters of your own are wrong: those that ship go out",
            details="\n".join((*problems, "Mend them and send SIGHUP; `maild config check` tries them.")),
            cause=ingest.new_mail_id(now), now=now, policy=office.policy, paper=office.paper,
        )  # fmt: skip


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
        maildrops=[maildrop.name for maildrop in all_parts.maildrops], pid=os.getpid(),
    )  # fmt: skip


def _stopped(all_parts: Parts) -> None:
    _log.info("daemon.stopped", sql_statements=all_parts.database.statements.count)
