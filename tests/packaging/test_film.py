"""The film of the rehearsal: small, whole in itself, true to the story, each of its seconds one screen."""

import html
import re

import pytest
from rich.text import Text

from maild.demo.mails import SCENES
from tests import film, pictures
from tests.peers.browser import Chromium

SHOWN = pictures.DOCS / "demo.svg"
# What is seen at an instant of the film, whatever the browser's clock does meanwhile.
AT = """(second) => {
    for (const one of document.getAnimations()) { one.pause(); one.currentTime = second * 1000; }
    return [...document.querySelectorAll("g")]
        .filter(one => getComputedStyle(one).visibility === "visible")
        .flatMap(one => [...one.querySelectorAll("text")].map(text => text.textContent)).sort();
}"""
STILL = AT.replace("one.pause(); one.currentTime = second * 1000;", "")


def screens(*texts: str) -> tuple[film.Screen, ...]:
    console = film.terminal()
    return tuple(film.screen_of(Text(text), console) for text in texts)


def test_a_screen_is_read_as_it_is_drawn() -> None:
    """Where each word stands, its colour, and bars and frames for themselves."""
    line = Text.assemble(("pris ", "green"), ("██", "bold red"), ("░ ", "dim"), "│", (" x ", "reverse"))
    runs = sorted(film.screen_of(line, film.terminal()))
    assert [(run.column, run.text, run.look) for run in runs] == [
        (0, "pris", "g"), (5, "██", "rb"), (7, "░", "d"), (9, "│", ""), (10, " x ", "v"),
    ]  # fmt: skip


def test_it_is_small_and_asks_for_nothing() -> None:
    text = SHOWN.read_text(encoding="utf-8")
    assert len(text.encode()) <= pictures.LARGEST_FILM
    assert not re.search(r"href|url\(|@import|<script|<image|<foreignObject", text)
    assert [one for one in re.findall(r"https?://[^\s<\"]+", text) if "127.0.0.1" not in one] == [
        "http://www.w3.org/2000/svg"
    ]


def test_it_tells_the_story_that_the_demo_tells() -> None:
    """Whoever changes the scenes runs `make pictures`."""
    texts = re.findall("<text[^>]*>([^<]*)</text>", SHOWN.read_text(encoding="utf-8"))
    told = html.unescape("\n".join(texts)).replace("\u00a0", " ")
    for scene in SCENES:
        # A long title goes on in the next line.
        assert f"▸ {scene.title[:40]}" in told, "run `make pictures`"
    assert "0 perdu, 0 en double" in told


@pytest.mark.real
def test_each_second_is_one_screen(chromium: Chromium) -> None:
    """What stays stays, what comes again comes again, and the end is followed by the beginning."""
    text = film.svg(screens("un\nreste", "deux\nreste", "un\nreste", "fin", "fin"), still=1, words="essai")
    with chromium.tab(still=False) as tab:
        tab.page.set_content(text)
        seen = [tab.page.evaluate(AT, second + 0.5) for second in range(6)]
        assert seen == [
            ["reste", "un"],
            ["deux", "reste"],
            ["reste", "un"],
            ["fin"],
            ["fin"],
            ["reste", "un"],
        ]
        assert (tab.outside, tab.errors) == ([], [])


@pytest.mark.real
def test_who_wants_no_motion_sees_one_screen(chromium: Chromium) -> None:
    text = film.svg(screens("un", "deux", "fin"), still=1, words="essai")
    with chromium.tab(still=True) as tab:
        tab.page.set_content(text)
        assert tab.page.evaluate(STILL, 0) == ["deux"]
        tab.page.goto(SHOWN.as_uri())
        assert any("alerte" in one for one in tab.page.evaluate(STILL, 0))
