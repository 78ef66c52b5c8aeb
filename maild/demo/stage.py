"""The rehearsal: the real daemon, a mail room, a post office, people who write, and an agent who answers.

The top of ``maild.demo``: `play` is what ``maild demo`` calls. The daemon runs as it always does, threads,
IDLE, sweep and courier, with a clock that runs fast; the stage only puts mail into the mailbox, looks on, and
reckons up at the end. Its folder stays, so that every other command can look at what happened. Fails with
``mailroom.NotReady`` and ``OSError`` where the servers cannot be started; a story that does not come to its
end is told as such, and `play` returns False.
"""

import shlex
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.text import Text

from maild import config as configuration
from maild import daemon, log
from maild.config import Config, ImapMaildrop
from maild.demo import desk as premises
from maild.demo import mailroom, mails, post_office, view
from maild.demo.clock import Clock
from maild.demo.desk import Desk
from maild.demo.mails import SCENES, Scene
from maild.demo.onlooker import Board, Onlooker, spelled
from maild.demo.reckoning import Reckoning, reckon
from maild.demo.view import Frame, View
from storage.records import MessageKind, Ticket

# A mail every twenty minutes of a morning, which take two seconds where there is time for it.
STEP = timedelta(minutes=20)
SLOWEST, FASTEST = 2.0, 0.25
# Of the seconds that the rehearsal may take: for the start, for the end, and for the agent to act.
OVERHEAD_SECONDS = 13.0
END_SECONDS = 4.0
REST_SECONDS = 2.0
ENOUGH_SECONDS = 20
TICK_SECONDS = 0.1
# The daemon reckons its waits by its clock and then waits in the seconds of the world: so it is woken.
WAKE_SECONDS = 0.5
# How long an agent takes to read the alert and to answer.
AGENT_READS = timedelta(minutes=30)
_SUBJECT = 48


class OutOfTime(Exception):
    """The seconds were over before the story was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tempo:
    """How fast it goes: real ``seconds`` between two mails, and the real instant (monotonic) of the end."""

    seconds: float
    deadline: float

    @property
    def speed(self) -> float:
        """How many times as fast as the world the clock runs."""
        return STEP.total_seconds() / self.seconds


def tempo(seconds: float, *, began: float) -> Tempo:
    """The tempo that fits into so many seconds from the monotonic instant ``began`` on."""
    steps = len(SCENES) + 4
    between = (seconds - OVERHEAD_SECONDS) / steps
    return Tempo(seconds=min(SLOWEST, max(FASTEST, between)), deadline=began + seconds - END_SECONDS)


def play(*, seconds: int = 45) -> bool:
    """Rehearse, in at most so many seconds; what happens is told on standard output.

    Returns:
        Whether the story came to its end and the books are as they should be.

    Raises:
        mailroom.NotReady, OSError: a server could not be started.
    """
    pace = tempo(seconds, began=time.monotonic())
    folder = Path(tempfile.mkdtemp(prefix="maild-demo-"))
    console = view.console()
    imap_port, smtp_port, http_port = post_office.free_ports(3)
    desk, password = premises.furnish(folder, imap_port=imap_port, smtp_port=smtp_port, http_port=http_port)
    # The operator's own variables belong to another desk, and must not lead the rehearsal to it.
    config = configuration.load(desk.config, {})
    with _logged(desk):
        reckoning, seen = _perform(config, desk, password, pace, console)
    _sum_up(reckoning, seen, desk, console)
    return not reckoning.problems


@contextmanager
def _logged(desk: Desk) -> Iterator[None]:
    """The daemon's log goes into a file of the desk's folder, never to the screen."""
    with desk.log.open("w", encoding="utf-8") as stream:
        log.configure("json", "info", stream=stream)
        try:
            yield
        finally:
            log.configure("console", "warning")


def _perform(
    config: Config, desk: Desk, password: str, pace: Tempo, console: Console
) -> tuple[Reckoning, Onlooker]:
    """Start everything, play, stop everything in order, and reckon up."""
    drop = config.maildrop["support"]
    if not isinstance(drop, ImapMaildrop):
        raise TypeError("the rehearsal's desk has one mailbox")
    clock = Clock(_this_morning(config), speed=pace.speed)
    frame = _frame(config, pace)
    _introduce(frame, desk, clock, console, config)
    with (
        post_office.opened(config.submission.port) as letters,
        mailroom.opened(drop, password, desk.folder / "pymap.log") as room,
        daemon.locked(config),
        daemon.parts(config, clock) as parts,
    ):
        seen = Onlooker(config=config, store=parts.office.store, post_office=letters, mailroom=room)
        wake = [station.bell.ring for station in parts.stations]
        with view.opened(console, frame) as shown, daemon.running(parts):
            stage = Stage(seen=seen, clock=clock, shown=shown, pace=pace, wake=wake)
            ending = stage.play()
            clock.stop()
        # What the daemon still did while it came to its end.
        for note in seen.look(clock()):
            shown.tell(note)
        with parts.office.store.read() as tx:
            return reckon(seen, tx, clock(), ending), seen


def _this_morning(config: Config) -> datetime:
    """Nine o'clock today, where the desk is: when people write."""
    today = datetime.now(ZoneInfo(config.desk.timezone))
    return today.replace(hour=9, minute=0, second=0, microsecond=0).astimezone(UTC)


def _frame(config: Config, pace: Tempo) -> Frame:
    minutes = round(pace.speed / 60)
    return Frame(
        prefix=config.desk.prefix, timezone=config.desk.timezone,
        pace=f"une seconde vaut {minutes} minutes",
    )  # fmt: skip


# --- the play -----------------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class Stage:
    """The story as it goes: who has written, what the agent has read, and who is looking on."""

    seen: Onlooker
    clock: Clock
    shown: View
    pace: Tempo
    wake: list[Callable[[], None]]
    woken: float = 0.0
    read_at: dict[int, datetime] = field(default_factory=dict)
    answered: set[int] = field(default_factory=set)

    def play(self) -> str:
        """From the first mail to the last letter; returns why it ended too soon, "" when it did not."""
        self.clock.start()
        try:
            with _interruptible():
                self._tell_the_story()
        except OutOfTime:
            self._come_to_rest()
            return f"le temps accordé ne suffisait pas (il en faut d’ordinaire {ENOUGH_SECONDS} secondes)"
        except KeyboardInterrupt:
            self._come_to_rest()
            return "la répétition a été interrompue"
        return ""

    def _tell_the_story(self) -> None:
        for scene in SCENES:
            self._deliver(scene)
            self._linger(self.pace.seconds)
        self._wait_until(self._is_over)
        self._linger(self.pace.seconds)

    def _come_to_rest(self) -> None:
        """What is under way may still arrive, so that nothing is called lost that only was not there yet."""
        until = time.monotonic() + REST_SECONDS
        while not self.seen.is_settled() and time.monotonic() < until:
            self._tick()
            time.sleep(TICK_SECONDS)

    def board(self) -> Board:
        """How the desk stands."""
        return Board(now=self.clock(), tickets=tuple(self.seen.tickets.values()))

    def look(self) -> None:
        """See what has changed, and show it."""
        for note in self.seen.look(self.clock()):
            self.shown.tell(note)
        self.shown.show(self.board())

    def _deliver(self, scene: Scene) -> None:
        answered = ""
        if scene.to_receipt:
            asked = next(s for s in SCENES if s.name == scene.answers)
            self._wait_until(lambda: bool(self.seen.receipt_for(asked)))
            answered = self.seen.receipt_for(asked)
        now = self.clock()
        content = scene.build(desk=premises.ADDRESS, now=now, answered=answered)
        at = now - timedelta(hours=scene.hours_ago)
        self.shown.tell(self.seen.deliver(scene.name, scene.title, content, at=at, now=now))

    def _agent(self) -> None:
        """Her mail program: who is told that a limit is near answers that letter."""
        now = self.clock()
        for ticket, letter in self.seen.alerts():
            read_at = self.read_at.setdefault(ticket, now)
            if ticket in self.answered or now - read_at < AGENT_READS:
                continue
            self.answered.add(ticket)
            sender = f"{premises.AGENT_NAME} <{premises.AGENT}>"
            content = mails.agent_take(letter.delivered.content, sender, at=now)
            title = "L’agent répond à l’alerte\u00a0: #prendre, et quelques mots pour le demandeur"
            self.shown.tell(self.seen.deliver(f"prendre-{ticket}", title, content, at=now, now=now))

    def _is_over(self) -> bool:
        """The agent has acted, she and the requester have their letters, and no mark is left."""
        kinds = [letter.kind for letter in self.seen.letters]
        told = min(kinds.count(MessageKind.ANSWER), kinds.count(MessageKind.RELAY))
        acted = bool(self.answered) and told >= len(self.answered) and not self.seen.marked
        return acted and self.seen.is_settled()

    # --- time -----------------------------------------------------------------------------------------------

    def _linger(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        self._wait_until(lambda: time.monotonic() >= until)

    def _wait_until(self, holds: Callable[[], bool]) -> None:
        """Look on until it holds; OutOfTime when the seconds are over first."""
        while True:
            self._tick()
            if holds():
                return
            if time.monotonic() > self.pace.deadline:
                raise OutOfTime
            time.sleep(TICK_SECONDS)

    def _tick(self) -> None:
        if time.monotonic() - self.woken >= WAKE_SECONDS:
            self.woken = time.monotonic()
            for ring in self.wake:
                ring()
        self.look()
        self._agent()


@contextmanager
def _interruptible() -> Iterator[None]:
    """SIGTERM ends the rehearsal as Ctrl-C does: in order."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, partial(signal.default_int_handler))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


# --- before and after ---------------------------------------------------------------------------------------


def _introduce(frame: Frame, desk: Desk, clock: Clock, console: Console, config: Config) -> None:
    _say(console, f"Répétition du Service Desk, {frame.day(clock())}\u00a0; {frame.pace}.")
    _say(console, f"Tout se passe sur cette machine, dans {desk.folder}.")
    if config.http is not None:
        _say(console, f"Le tableau, tant que dure la répétition\u00a0: http://{config.http.listen}/\n")
    console.file.flush()


def _sum_up(found: Reckoning, seen: Onlooker, desk: Desk, console: Console) -> None:
    _say(console, "\nLes tickets à la fin\u00a0:")
    _print(console, view.ticket_lines(found.board, seen.config.desk.prefix, console.width))
    _say(console, "\nLe bilan, d’après le registre et la poste\u00a0:")
    for text in _sentences(found, seen):
        _print(console, view.paragraph(text, console.width))
    for problem in found.problems:
        _print(console, view.paragraph(f"NON\u00a0: {problem}", console.width, style="bold red"))
    _say(console, "\nÀ essayer maintenant, sur ce qui vient de se passer\u00a0:")
    for command in next_commands(found, seen, desk):
        _say(console, f"  {command}", style="cyan")
    _say(console, f"\nLe journal du démon\u00a0: {desk.log}")
    console.file.flush()


def _sentences(found: Reckoning, seen: Onlooker) -> Iterator[str]:
    yield (
        f"{found.received} mails reçus, {len(found.board.tickets)} tickets,"
        f" {found.receipts} accusés de réception, {found.notifications} avis à l’équipe,"
        f" {found.relays} réponse{'s' * (found.relays > 1)} d’un agent"
    )
    for row in found.threaded:
        yield f"rattaché à {seen.number(row.ticket_id or 0)}\u00a0: « {_short(row.subject)} »"
    for silence in found.silences:
        yield f"resté sans réponse\u00a0: « {_short(silence.subject)} », {silence.why}"
    for ticket in found.near:
        yield f"près de sa limite, marqué et signalé\u00a0: {seen.number(ticket.id)}"
    for ticket in found.taken:
        who = f"{seen.number(ticket.id)} par {seen.agent(ticket)}"
        yield f"pris en charge\u00a0: {who}{_in_time(ticket, seen)}"
    if breached := [seen.number(t.id) for t in found.board.tickets if t.breached]:
        yield f"hors délai\u00a0: {', '.join(breached)}"
    yield (
        f"{len(found.lost)} perdu, {len(found.doubled)} en double"
        " (chaque mail déposé a été cherché dans le registre, chaque lettre à la poste)"
    )


def _in_time(ticket: Ticket, seen: Onlooker) -> str:
    left = ticket.arrived_at + seen.config.sla.limit - (ticket.taken_at or ticket.arrived_at)
    return f", {spelled(left)} avant la limite" if left > timedelta() else ", après la limite"


def _short(subject: str) -> str:
    return subject if len(subject) <= _SUBJECT else f"{subject[: _SUBJECT - 1].rstrip()}…"


def next_commands(found: Reckoning, seen: Onlooker, desk: Desk) -> Iterator[str]:
    """What to type next: commands that work, on tickets that exist."""
    where = f"--config {shlex.quote(str(desk.config))}"
    yield f"{_program()} tickets {where}"
    shown = found.near or found.board.tickets
    for ticket in shown[:1]:
        yield f"{_program()} ticket show {seen.number(ticket.id)} {where}"
        yield f"{_program()} trace {seen.number(ticket.id)} {where}"
    for row in found.threaded[:1]:
        yield f"{_program()} why {row.mail_id} {where}"


def _program() -> str:
    """How maild was called, so that the same words call it again."""
    called = Path(sys.argv[0])
    if called.name != "maild":
        return f"{shlex.quote(sys.executable)} -m maild"
    found = shutil.which("maild")
    same = found is not None and Path(found).resolve() == called.resolve()
    return "maild" if same else shlex.quote(str(called))


def _print(console: Console, lines: Iterable[Text]) -> None:
    for line in lines:
        console.print(line, soft_wrap=True)


def _say(console: Console, text: str, *, style: str = "") -> None:
    console.print(Text(text, style=style), soft_wrap=True)
