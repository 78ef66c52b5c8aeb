"""The page that agents print: current, true to the commands, and one sheet of A4 in each language."""

import re

import pytest

from maild.decide import commands
from parsers.commands import parse_commands
from tests import card
from tests.peers.browser import Chromium

LANGUAGES = tuple(card.WORDINGS)
# What the sheet leaves for words, in the pixels of CSS: 210 by 297 mm without the margins.
WIDTH = round((210 - 2 * 12) / 25.4 * 96)
# Each element that runs over its own column, and each that ends to the right of the sheet.
OVERFLOW = """() => [...document.querySelectorAll("body *")].filter(one => {
    const boxed = getComputedStyle(one).display !== "inline";
    return (boxed && one.scrollWidth > one.clientWidth + 1)
        || one.getBoundingClientRect().right > document.documentElement.clientWidth + 1;
}).map(one => one.outerHTML.slice(0, 80))"""


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_current(language: str) -> None:
    """Whoever changes a command or its help runs `make card`."""
    assert card.place(language).read_text(encoding="utf-8") == card.page(language), "run `make card`"


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_tells_of_commands_that_there_are(language: str) -> None:
    """Those of its example and of its rules; the example orders what it shows, and nothing else."""
    wording = card.WORDINGS[language]
    block = parse_commands(f"{wording.order[0]}\n\n{wording.words[0]}")
    told = wording.rules + wording.legend
    named = [parse_commands(code) for code in re.findall("`(#[^`]+)`", told)]
    assert block.rest == wording.words[0]
    for one in (block, *named):
        assert one.commands
        assert all(commands.command_of(line) for line in one.commands), one


@pytest.mark.real
@pytest.mark.parametrize("language", LANGUAGES)
def test_it_prints_on_one_sheet(language: str, chromium: Chromium) -> None:
    """Whatever font is found; it asks nothing of anybody, and everybody can read it."""
    with chromium.tab(width=WIDTH, height=1000) as tab:
        tab.page.goto(card.place(language).as_uri())
        assert tab.violations() == []
        tab.page.emulate_media(media="print")
        assert tab.page.evaluate(OVERFLOW) == []
        pdf = tab.page.pdf(prefer_css_page_size=True)
        assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1
        assert re.findall(rb"/MediaBox \[0 0 (\d+)\S* (\d+)\S*\]", pdf) == [(b"594", b"841")]
        assert (tab.outside, tab.errors) == ([], [])
