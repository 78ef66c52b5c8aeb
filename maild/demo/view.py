"""What the rehearsal looks like: a live screen in a terminal, plain lines anywhere else.

Stands under ``stage``, which hands it the notes and boards of ``onlooker``. Colours are for terminals alone,
and every text from a mail is shown as text: nothing in it is markup or steers the terminal. It cannot fail
but with what the stream raises.
"""

import sys
import textwrap
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Protocol
from zoneinfo import ZoneInfo

from rich.console import Console, ConsoleOptions, RenderResult
from rich.layout import Layout
from rich.live import Live
from rich.panel import Panel
from rich.text import Text

from maild import instants
from maild.demo.onlooker import Board, Note, Tone, spelled, state_of
from parsers.subject import ticket_number
from storage.records import Status, Ticket

PLAIN_WIDTH = 100
# Below these a screen with two columns cannot be read.
LEAST_WIDTH, LEAST_HEIGHT = 70, 18
_SIGN = 8
_STYLES = {Tone.PLAIN: "", Tone.QUIET: "dim", Tone.GOOD: "green", Tone.BAD: "bold red"}
# Of the live screen: lines of the letter with its frame, columns of what is left of a day, of its bar.
_LETTER_HEIGHT = 11
_LEFT = 8
_LEAST_BAR, _LARGEST_BAR = 4, 40
# A list that is lower than this has no room for titles.
_ROOM_FOR_TITLES = 16


class View(Protocol):
    """Shows what it is given; of one thread only."""

    def tell(self, note: Note) -> None:
        """Something has happened."""
        ...

    def show(self, board: Board) -> None:
        """How the desk stands now; called several times a second."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What does not change while the rehearsal lasts. ``pace``: how the clock runs, in words."""

    prefix: str
    timezone: str
    pace: str

    def hour(self, at: datetime) -> str:
        """The time of day in the desk's zone."""
        return at.astimezone(ZoneInfo(self.timezone)).strftime("%H:%M")

    def day(self, at: datetime) -> str:
        """Day and time in words."""
        return instants.deadline(at, self.timezone, "fr")


@contextmanager
def opened(console: Console, frame: Frame) -> Iterator[View]:
    """The view that fits the console."""
    large = console.width >= LEAST_WIDTH and console.height >= LEAST_HEIGHT
    if not console.is_terminal or console.is_dumb_terminal or not large:
        yield PlainView(console, frame)
        return
    with Live(console=console, screen=True, auto_refresh=False, vertical_overflow="crop") as live:
        yield LiveView(live, frame)


def console() -> Console:
    """Standard output; colours only where it is a terminal, whatever the environment asks for."""
    is_terminal = sys.stdout.isatty()
    width = None if is_terminal else PLAIN_WIDTH
    return Console(force_terminal=is_terminal, width=width, highlight=False, markup=False, emoji=False)


# --- plain lines --------------------------------------------------------------------------------------------


class PlainView:
    """One line after the other, as they happen."""

    def __init__(self, console: Console, frame: Frame) -> None:
        self._console = console
        self._frame = frame

    def tell(self, note: Note) -> None:
        """Print it now, for whoever reads a pipe."""
        for line in note_lines(note, self._frame, self._console.width):
            self._console.print(line, soft_wrap=True)
        self._console.file.flush()

    def show(self, board: Board) -> None:
        """Plain lines have no board; it is printed at the end."""


def note_lines(note: Note, frame: Frame, width: int) -> Iterator[Text]:
    """A note in lines: instant, sign and text, then the first words of a letter."""
    if note.title:
        yield from (Text(), Text(f"▸ {note.title}", style="bold"))
    head = _dim(f"{frame.hour(note.at) if note.sign else '':<7}{note.sign:<{_SIGN}} ")
    indent = 8 + _SIGN
    for number, part in enumerate(_wrapped(_visible(note.text), width - indent)):
        line = head if number == 0 else Text(" " * indent)
        yield line + Text(part, style=_STYLES[note.tone])
    for paragraph in note.body:
        for part in _wrapped(_visible(paragraph), width - indent - 2):
            line = _dim(" " * indent + "│ ") + _emphasised(part, note.strong)
            yield line


def _dim(text: str) -> Text:
    """The beginning of a line: what is added to it is as it is."""
    return Text().append(text, style="dim")


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, max(20, width), break_long_words=True, break_on_hyphens=False) or [""]


def _emphasised(part: str, strong: str) -> Text:
    """A line of a letter, with what it shows of the words that count in bold; they may run over its end."""
    text = Text(part)
    for length in range(len(strong), 3, -1):
        starts, ends = part.find(strong[:length]), part.find(strong[-length:])
        # Beginning of the words at the end of the line, or their end at the beginning of the next one.
        if starts >= 0 and (length == len(strong) or starts + length == len(part)):
            text.stylize("bold", starts, starts + length)
            return text
        if ends == 0:
            text.stylize("bold", 0, length)
            return text
    return text


def _visible(text: str) -> str:
    """Text of a mail without what could steer a terminal."""
    return "".join(c if c.isprintable() or c == "\u00a0" else " " for c in text)


# --- the live screen ----------------------------------------------------------------------------------------


class LiveView:
    """Left: mail as it comes, and the latest letter. Right: the tickets and their clocks."""

    def __init__(self, live: Live, frame: Frame) -> None:
        self._live = live
        self._frame = frame
        self._notes: deque[Note] = deque(maxlen=100)
        self._letter: Note | None = None

    def tell(self, note: Note) -> None:
        """Remember it for the next frame."""
        self._notes.append(note)
        if note.strong or note.sign in {"alerte", "réponse"}:
            self._letter = note

    def show(self, board: Board) -> None:
        """Draw the whole screen."""
        self._live.update(screen(board, self._notes, self._letter, self._frame), refresh=True)


def screen(board: Board, notes: Sequence[Note], letter: Note | None, frame: Frame) -> Layout:
    """One frame of the live screen."""
    body, left = Layout(name="body"), Layout(name="left", ratio=3)
    left.split_column(
        Layout(_box(Notes(notes=notes, frame=frame), "Le courrier")),
        Layout(_box(Page(note=letter), "La dernière lettre"), size=_LETTER_HEIGHT),
    )
    body.split_row(left, Layout(_box(Clocks(board=board, frame=frame), _heading(board)), ratio=2))
    whole = Layout()
    whole.split_column(Layout(_title(board, frame), size=1), body)
    return whole


def _box(content: "Notes | Page | Clocks", title: str) -> Panel:
    return Panel(content, title=Text(title), title_align="left", border_style="dim", padding=(0, 1))


def _title(board: Board, frame: Frame) -> Text:
    title = Text(" maild ", style="bold reverse", no_wrap=True, overflow="ellipsis")
    title.append(f" {frame.day(board.now)} ", style="not reverse")
    title.append(f"  {frame.pace}, Ctrl-C arrête", style="dim not reverse")
    return title


def _heading(board: Board) -> str:
    return f"{len(board.tickets)} ticket{'s' if len(board.tickets) > 1 else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """The latest notes, the newest at the foot."""

    notes: Sequence[Note]
    frame: Frame

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        height = options.height or options.max_height
        lines: list[Text] = []
        for note in islice(reversed(self.notes), height):
            titled = note.title and height >= _ROOM_FOR_TITLES
            title = [Text(f"▸ {note.title}", style="bold")] if titled else []
            lines = [*title, *self._short(note, options.max_width), *lines]
        yield Text("\n").join(lines[-height:])

    def _short(self, note: Note, width: int) -> list[Text]:
        """At most two lines; of a letter only to whom it goes, for it has a place of its own."""
        head = _dim(f"{self.frame.hour(note.at)} " if note.sign else " " * 6)
        style = _STYLES[note.tone]
        sign = Text(f"{note.sign} " if note.sign else "→ ", style=style or "bold")
        if note.body:
            line = head + sign + Text(_visible(note.text.partition("\u00a0: ")[0]), style=style)
            line.truncate(width, overflow="ellipsis")
            return [line]
        parts = _wrapped(_visible(note.text), width - 6 - len(sign))
        rest = [Text(" " * 8 + part, style=style) for part in parts[1:2]]
        return [head + sign + Text(parts[0], style=style), *rest]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The latest letter: to whom, its subject, its first words."""

    note: Note | None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self.note is None:
            yield Text("…", style="dim")
            return
        width, height = options.max_width, options.height or options.max_height
        whom, _, subject = self.note.text.partition("\u00a0: ")
        lines = [Text(_visible(whom), style="dim"), Text(_visible(subject), style="bold")]
        for paragraph in self.note.body:
            lines += [_emphasised(part, self.note.strong) for part in _wrapped(_visible(paragraph), width)]
        if len(lines) < height:
            lines.insert(2, Text())
        for line in lines:
            line.truncate(width, overflow="ellipsis")
        yield Text("\n").join(lines[:height])


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """The tickets, each with what is left of its day; two lines a ticket where there is room."""

    board: Board
    frame: Frame

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width, height = options.max_width, options.height or options.max_height
        tickets = self.board.tickets
        roomy = len(tickets) * 2 <= height
        lines: list[Text] = []
        for ticket in tickets:
            lines.append(clock_line(ticket, self.board.now, self.frame, width))
            if roomy:
                lines.append(_whose(ticket, width))
        yield Text("\n").join(lines[-height:]) if lines else Text("…", style="dim")


def clock_line(ticket: Ticket, now: datetime, frame: Frame, width: int) -> Text:
    """Number, a bar of the time that is left, and the time in figures; red when it is near its end."""
    number, style = ticket_number(ticket.id, frame.prefix), _ticket_style(ticket)
    bar = min(_LARGEST_BAR, max(_LEAST_BAR, width - len(number) - _LEFT - 2))
    line = Text(f"{number} ", style=style or "bold", no_wrap=True)
    line.append_text(_bar(ticket, now, style, bar))
    line.append(f" {_brief(ticket, now):>{_LEFT}}", style=style or "not bold")
    return line


def _brief(ticket: Ticket, now: datetime) -> str:
    if ticket.status is Status.TAKEN:
        return "pris"
    if ticket.due_at is None:
        return "–"
    left = ticket.due_at - now
    return spelled(left) if left > timedelta() else "dépassé"


def _bar(ticket: Ticket, now: datetime, style: str, width: int) -> Text:
    if ticket.due_at is None:
        return Text(" " * width)
    share = (ticket.due_at - now) / (ticket.due_at - ticket.arrived_at)
    full = max(0, min(width, round(share * width)))
    return Text("█" * full, style=style or "cyan") + Text("░" * (width - full), style="dim not bold")


def _ticket_style(ticket: Ticket) -> str:
    if ticket.status is Status.TAKEN:
        return "green"
    return "bold red" if ticket.near_limit or ticket.breached else ""


def _whose(ticket: Ticket, width: int) -> Text:
    name = ticket.requester_name or ticket.requester_address
    line = Text(f"  {_visible(name)}, {_visible(ticket.subject)}", style="dim", no_wrap=True)
    line.truncate(width, overflow="ellipsis")
    return line


# --- the last page ------------------------------------------------------------------------------------------


def ticket_lines(board: Board, prefix: str, width: int) -> Iterator[Text]:
    """Every ticket on one line, as they stand at the end."""
    for ticket in board.tickets:
        who = _visible(ticket.requester_name or ticket.requester_address)
        state = state_of(ticket, board.now)
        line = Text(f"  {ticket_number(ticket.id, prefix)}  {state:<16}  {who}, {_visible(ticket.subject)}")
        line.stylize(_ticket_style(ticket))
        line.truncate(width, overflow="ellipsis")
        yield line


def paragraph(text: str, width: int, *, style: str = "") -> Iterator[Text]:
    """A sentence of the last page in lines, the later ones indented."""
    for number, part in enumerate(_wrapped(_visible(text), width - 4)):
        yield Text(("    " if number else "  ") + part, style=style)
