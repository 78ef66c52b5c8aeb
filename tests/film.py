"""The rehearsal, filmed: the screens of a terminal as one SVG that plays by itself, ``docs/demo.svg``.

Stands under ``pictures``. The real `maild demo` runs with a camera in the place of the terminal; what stays
on the screen from one second to the next is drawn once, for as long as it stays. Without scripts, without
anything from elsewhere; who asks for reduced motion, or has no animations, sees one screen of it.
"""

import io
import re
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from typing import cast
from unittest import mock

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.live import Live
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

from maild.demo import stage, view
from maild.demo.view import Frame, LiveView, View

WIDTH, HEIGHT = 104, 34
SECONDS = 45
COMMAND = "$ make demo"
# Seconds of the film in which the command stands alone, and in which the last page stays.
BEFORE, AFTER = 1, 7

# --- the camera ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class Run:
    """Characters of one look, side by side on one row; ``look`` is a class of the style sheet."""

    row: int
    column: int
    text: str
    look: str


Screen = frozenset[Run]


def terminal(width: int = WIDTH, height: int = HEIGHT) -> Console:
    """A terminal of which only the colours are seen that every terminal has."""
    return Console(
        file=io.StringIO(), force_terminal=True, width=width, height=height, color_system="standard",
        legacy_windows=False, highlight=False, markup=False, emoji=False, _environ={},
    )  # fmt: skip


@dataclass(slots=True)
class Camera:
    """In the place of the screen: keeps each one that is shown, with its instant."""

    console: Console = field(default_factory=terminal)
    screens: list[tuple[float, Screen]] = field(default_factory=list)

    def update(self, renderable: RenderableType, *, refresh: bool) -> None:
        """As rich's ``Live``."""
        self.screens.append((time.monotonic(), screen_of(renderable, self.console)))

    @contextmanager
    def opened(self, _console: Console, frame: Frame) -> Iterator[View]:
        """As ``view.opened``, whatever terminal this process has."""
        yield LiveView(cast("Live", self), frame)


def screen_of(renderable: RenderableType, console: Console) -> Screen:
    """What stands on the screen, as runs of one look."""
    options = console.options.update(height=console.height)
    rows = console.render_lines(renderable, options, pad=False)
    return frozenset(run for at, row in enumerate(rows) for run in _runs(at, row))


# Bars and frames are drawn, so that no font leaves gaps in them; blanks are not.
_PARTS = re.compile(r"█+|░+|─+|[│╭╮╰╯]|[^█░─│╭╮╰╯ ]+(?: [^█░─│╭╮╰╯ ]+)*")


def _runs(row: int, segments: Iterable[Segment]) -> Iterator[Run]:
    column = 0
    for text, style, _ in segments:
        look = _look(style or Style.null())
        # A reversed blank is seen.
        parts = re.finditer(r".+", text) if look == "v" else _PARTS.finditer(text)
        for part in parts:
            at = column + cell_len(text[: part.start()])
            yield Run(row=row, column=at, text=part[0], look=look)
        column += cell_len(text)


def _look(style: Style) -> str:
    """v reversed, else r, g, c, d for red, green, cyan, dim; with b where bold."""
    if style.reverse:
        return "v"
    number = style.color.number if style.color else None
    colour = _COLOURS.get(number, "d" if style.dim else "")
    return colour + ("b" if style.bold else "")


_COLOURS: dict[int | None, str] = {1: "r", 2: "g", 6: "c"}


def filmed(seconds: int = SECONDS) -> tuple[Screen, ...]:
    """The rehearsal, a screen a second: the command, the live screens, the last page.

    Raises:
        RuntimeError: the rehearsal did not come to its end, and there is nothing to be shown.
    """
    camera = Camera()
    patches = (
        mock.patch.object(view, "console", return_value=camera.console),
        mock.patch.object(view, "opened", camera.opened),
        # As make calls it, for the commands that the last page names.
        mock.patch.object(sys, "argv", [".venv/bin/maild"]),
    )
    with patches[0], patches[1], patches[2]:
        if not stage.play(seconds=seconds):
            raise RuntimeError(f"the rehearsal failed:\n{_printed(camera)}")
    command = screen_of(Text(COMMAND), camera.console)
    said = Text.from_ansi(f"{COMMAND}\n{_printed(camera)}")
    last = tuple(Text("\n").join(said.wrap(camera.console, WIDTH)).split("\n"))[-HEIGHT:]
    page = screen_of(Text("\n").join(last), camera.console)
    return (*[command] * BEFORE, *_each_second(camera.screens), *[page] * AFTER)


def _printed(camera: Camera) -> str:
    return cast("io.StringIO", camera.console.file).getvalue().rstrip()


def _each_second(screens: Sequence[tuple[float, Screen]]) -> Iterator[Screen]:
    """The last screen of every second."""
    begun = screens[0][0]
    last = {int(at - begun): screen for at, screen in screens}
    shown = screens[0][1]
    for second in range(max(last) + 1):
        shown = last.get(second, shown)
        yield shown


# --- the picture --------------------------------------------------------------------------------------------

# A cell of the grid, and the room around it, in pixels.
_W, _H, _ROOM = 8.4, 18, 14
_SIZE = 14
_STYLE = """\
text{{font:{size}px ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;fill:#e6edf3;white-space:pre}}
.d,.db{{fill:#8b949e}}.r,.rb{{fill:#ff7b72}}.g,.gb{{fill:#56d364}}.c,.cb{{fill:#39c5cf}}.v{{fill:#0d1117}}
.b,.rb,.gb,.cb,.db,.v{{font-weight:700}}.e{{fill:#2d333b}}.x{{fill:none;stroke:#545d68}}.p{{fill:#0d1117;stroke:#3d444d}}
g{{visibility:hidden;animation:{seconds}s step-end infinite}}.still{{visibility:visible}}
@media (prefers-reduced-motion:reduce){{g{{animation:none!important}}}}
"""


def svg(screens: Sequence[Screen], *, still: int, words: str) -> str:
    """The film of so many seconds.

    Args:
        still: the screen that stands where nothing moves.
        words: what is seen, for those who do not see it.
    """
    scenes = _scenes(screens)
    seconds = len(screens)
    width, height = WIDTH * _W + 2 * _ROOM, HEIGHT * _H + 2 * _ROOM
    spans = sorted({last - first for first, last in scenes})
    starts = sorted({first for first, _ in scenes})
    rules = [
        *(f".l{span}{{animation-name:l{span}}}" for span in spans),
        *(f"@keyframes l{span}{{0%{{visibility:visible}}{_percent(span, seconds)}}}" for span in spans),
        # Begun before the film: each round of it is at its place from the first second on.
        *(f".f{first}{{animation-delay:{first - seconds}s}}" for first in starts),
    ]
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img">',
        f"<title>{escape(words)}</title>",
        f"<style>{_STYLE.format(size=_SIZE, seconds=seconds)}{''.join(rules)}</style>",
        # The edge parts it from a page that is as dark.
        f'<rect class="p" x=".5" y=".5" width="{width - 1:g}" height="{height - 1:g}" rx="8"/>',
        f'<svg x="{_ROOM}" y="{_ROOM}" overflow="visible">',
        *(_scene(span, runs, still, seconds) for span, runs in sorted(scenes.items())),
        "</svg></svg>",
    ]
    return "\n".join(lines) + "\n"


def _percent(span: int, seconds: int) -> str:
    return "" if span == seconds else f"{100 * span / seconds:.6g}%{{visibility:hidden}}"


def _scenes(screens: Sequence[Screen]) -> dict[tuple[int, int], list[Run]]:
    """What appears together and goes together, by its first second and the one after its last."""
    found: dict[tuple[int, int], list[Run]] = defaultdict(list)
    since: dict[Run, int] = {}
    for second, screen in enumerate((*screens, frozenset[Run]())):
        for run in [each for each in since if each not in screen]:
            found[since.pop(run), second].append(run)
        for run in screen:
            since.setdefault(run, second)
    return found


def _scene(span: tuple[int, int], runs: list[Run], still: int, seconds: int) -> str:
    first, last = span
    seen = " still" if first <= still < last else ""
    return f'<g class="l{last - first} f{first}{seen}">{"".join(_drawn(runs))}</g>'


def _drawn(runs: list[Run]) -> Iterator[str]:
    frame = [run for run in runs if run.text[0] in _EDGES]
    if frame:
        yield f'<path class="x" d="{"".join(map(_edge, sorted(frame)))}"/>'
    for run in sorted(runs):
        if run.text[0] not in _EDGES:
            yield _bar(run) if run.text[0] in "█░" else _text(run)


# Of each part of a frame what is drawn within its cell, from the cell's upper left corner on.
_EDGES = {
    "│": "m4.2 0v18", "╭": "m4.2 18v-5q0-4 4.2-4", "╮": "m0 9q4.2 0 4.2 4v5", "╰": "m4.2 0v5q0 4 4.2 4",
    "╯": "m4.2 0v5q0 4-4.2 4", "─": "m0 9h{width:g}",
}  # fmt: skip


def _edge(run: Run) -> str:
    place = f"M{run.column * _W:g} {run.row * _H}"
    return place + _EDGES[run.text[0]].format(width=round(len(run.text) * _W, 1))


def _bar(run: Run) -> str:
    look = "e" if run.text[0] == "░" else (run.look or "c")
    return (
        f'<rect class="{look}" x="{run.column * _W:g}" y="{run.row * _H + 4}"'
        f' width="{round(len(run.text) * _W, 1):g}" height="10"/>'
    )


def _text(run: Run) -> str:
    """On the grid, whichever font is found."""
    wide = round(cell_len(run.text) * _W, 1)
    x, y = round(run.column * _W, 1), run.row * _H + 13
    behind = (
        f'<rect fill="#e6edf3" x="{x:g}" y="{run.row * _H}" width="{wide:g}" height="{_H}"/>'
        if run.look == "v"
        else ""
    )
    look = f' class="{run.look}"' if run.look else ""
    return (
        f'{behind}<text{look} x="{x:g}" y="{y}" textLength="{wide:g}">{escape(run.text, quote=False)}</text>'
    )
