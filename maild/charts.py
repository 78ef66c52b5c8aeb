"""Charts as SVG, to stand inside a page; the one door to pygal.

Stands at the foot of the flow: words and numbers in, markup out (pure). Every chart has a title and a
description for those who do not see it, tells its values by shape and hatching as well as by colour, so that
it is read in print and in grey, and holds no script and no address of anything outside. It cannot fail.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pygal
from pygal.style import Style

# It puts a finder of its plug-ins there, by a protocol that Python has given up: every later import of
# something that is not there would warn of it.
sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != pygal.__name__]

_WIDTH: Final = 840
_INK, _PAPER, _FADED = "#1a1a1a", "#ffffff", "#b8b8b8"
_PLAIN_FILL, _OTHER_FILL = "#1b4965", "#b3441e"
# What stands in the second place is hatched, for eyes and printers that do not tell the colours apart.
_HATCH = (
    '<pattern id="hatch-{id}" width="7" height="7" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)"><rect width="7" height="7" fill="#ffffff"/>'
    f'<rect width="3.5" height="7" fill="{_OTHER_FILL}"/></pattern>'
)
_HATCHED = (
    "#chart-{id} .color-1{{fill:url(#hatch-{id});stroke:" + _OTHER_FILL + "}}"
    "#chart-{id} .text-overlay .color-1 text{{paint-order:stroke;stroke:#ffffff!important;stroke-width:5px}}"
    # A bar may be lower than its number: this one is read on paper, too.
    "#chart-{id} .text-overlay .color-0 text{{paint-order:stroke;stroke:" + _PLAIN_FILL + "!important;"
    "stroke-width:4px}}"
)
# Numbers inside a chart are its values, for whoever cannot compare lengths.
_STYLE: Final = {
    "background": "transparent", "plot_background": "transparent", "foreground": _INK,
    "foreground_strong": _INK, "foreground_subtle": _FADED, "opacity": "1", "opacity_hover": "1",
    "transition": "none", "colors": (_PLAIN_FILL, _OTHER_FILL), "value_colors": (_PAPER, _INK),
    "font_family": "Arial, Helvetica, sans-serif", "title_font_size": 18, "label_font_size": 14,
    "major_label_font_size": 14, "legend_font_size": 14, "value_font_size": 14,
    "guide_stroke_color": _FADED, "major_guide_stroke_color": _FADED,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Caption:
    """What a chart is called. ``id``: letters, its own within a page; ``told``: what it shows, in words."""

    id: str
    title: str
    told: str


def shares(caption: Caption, bars: Sequence[tuple[str, float]], say: Callable[[float], str]) -> str:
    """One lying bar a share (0 to 100), against 100; the first stands on top."""
    lying = bars[::-1]
    chart = pygal.HorizontalBar(
        height=90 + 46 * len(bars), range=(0, 100), show_legend=False, value_formatter=say,
        x_labels=[f"{name} · {say(share)}" for name, share in lying], y_labels=[0, 25, 50, 75, 100],
        **_settings(caption, hatched=False),
    )  # fmt: skip
    chart.add(caption.title, [share for _, share in lying])
    return _drawn(chart, caption)


def stacked(
    caption: Caption, labels: Sequence[str], series: Sequence[tuple[str, Sequence[int]]], axis: str
) -> str:
    """Standing bars of whole numbers, two series at most on top of each other; ``axis``: below them."""
    chart = pygal.StackedBar(
        height=380, legend_at_bottom=True, x_labels=list(labels), x_title=axis, print_values=True,
        print_zeroes=False, value_formatter=_whole, y_labels=_steps(labels, series), **_settings(caption),
    )  # fmt: skip
    for name, counts in series:
        chart.add(name, list(counts))
    return _drawn(chart, caption)


def dots(
    caption: Caption, columns: Sequence[str], rows: Sequence[tuple[str, Sequence[int]]], axis: str
) -> str:
    """One dot a row and column, the larger the more."""
    chart = pygal.Dot(
        height=380, show_legend=False, x_labels=list(columns), x_title=axis, value_formatter=_whole,
        **_settings(caption, hatched=False, colors=(_PLAIN_FILL,) * len(rows)),
    )  # fmt: skip
    for name, counts in rows:
        chart.add(name, list(counts))
    return _drawn(chart, caption)


def _settings(caption: Caption, *, hatched: bool = True, **style: Any) -> dict[str, Any]:
    sheets = ["file://style.css", "file://graph.css", "inline:" + _HATCHED.format(id=caption.id)]
    return {
        "width": _WIDTH, "js": [], "style": Style(**(_STYLE | style)), "title": caption.title,
        "no_data_text": "–", "disable_xml_declaration": True,
        "defs": [_HATCH.format(id=caption.id)] if hatched else [], "css": sheets[: 2 + hatched],
    }  # fmt: skip


def _whole(number: float) -> str:
    return f"{number:.0f}"


def _steps(labels: Sequence[str], series: Sequence[tuple[str, Sequence[int]]]) -> list[int]:
    """Whole numbers for the axis: there are no half mails."""
    highest = max((sum(counts[at] for _, counts in series) for at in range(len(labels))), default=0)
    step = next(s * 10**e for e in range(9) for s in (1, 2, 5) if s * 10**e * 5 >= highest)
    return list(range(0, highest + step, step))


def _drawn(chart: Any, caption: Caption) -> str:
    chart.uuid = caption.id
    chart.add_xml_filter(lambda root: _made_fit(root, caption))
    return str(chart.render(is_unicode=True))


def _made_fit(root: Any, caption: Caption) -> Any:
    """Without what is for scripts alone, and with what a screen reader tells."""
    for parent in list(root.iter()):
        for child in list(parent):
            if _is_for_scripts(parent, child):
                parent.remove(child)
    title = root.find("title")
    title.set("id", f"title-{caption.id}")
    told = title.makeelement("desc", {"id": f"told-{caption.id}"})
    told.text = caption.told
    root.insert(list(root).index(title) + 1, told)
    named = {"aria-labelledby": f"title-{caption.id}", "aria-describedby": f"told-{caption.id}"}
    for name, value in ({"role": "img", "focusable": "false"} | named).items():
        root.set(name, value)
    return root


def _is_for_scripts(parent: Any, child: Any) -> bool:
    # A comment has a function for its tag; pygal's tells the day on which it was drawn.
    if not isinstance(child.tag, str) or child.tag in ("script", "desc"):
        return True
    inner_title = child.tag == "title" and parent.get("class") == "guides"
    return inner_title or "tooltip-overlay" in child.get("class", "")
