"""The page as its readers meet it: in a browser, on paper, in every language, hostile names in it or not."""

import re
from datetime import date
from pathlib import Path

import pytest

from maild import compose
from maild.decide import figures
from maild.decide.figures import Report
from maild.report import sheet
from maild.report.collect import collect
from storage.database import Database
from storage.store import Store
from tests.maild.decide.cases import policy
from tests.maild.report import month
from tests.maild.report.test_export import made
from tests.peers.browser import Chromium

ZONE = "Europe/Brussels"
PAPER = compose.stationery(policy().desk)
CHARTS = ("chart-share", "chart-delays", "chart-arrivals")


@pytest.fixture
def november(sqlite_base: Database) -> Report:
    """The report of the made-up month."""
    with Store(database=sqlite_base).write() as tx:
        month.write(tx)
        return collect(tx, figures.month(date(2026, 11, 1), ZONE), policy(), month.NOW)


def test_the_page_in_a_browser(chromium: Chromium, november: Report, tmp_path: Path) -> None:
    """Nothing is asked of any other place, nothing is wrong, every chart is seen, and anybody can read it."""
    file = tmp_path / "report-2026-11.html"
    file.write_text(sheet.page(november, PAPER, policy(), "fr"), encoding="utf-8")
    asked: list[str] = []
    with chromium.tab() as tab:
        tab.page.on("request", lambda request: asked.append(request.url))
        tab.page.goto(file.as_uri())
        assert [url for url in asked if not url.startswith("data:")] == [file.as_uri()]
        for chart in CHARTS:
            box = tab.page.locator(f"svg#{chart}").bounding_box()
            assert box is not None
            assert min(box["width"], box["height"]) > 150
        assert tab.page.locator("svg .bars .rect").count() >= 5
        assert tab.page.locator("svg .dots circle").count() >= 9
        assert tab.page.inner_text(".main strong") == "66,6\u00a0%"
        assert tab.page.get_by_text("ETNIC-1001").count() == 0
        assert tab.violations() == []
        tickets = tab.page.locator("details p").first
        assert not tickets.is_visible()
        tab.page.locator("summary").first.click()
        assert tickets.is_visible()
        assert tab.errors == []
        assert tab.outside == []


def test_on_a_phone_nothing_is_wider_than_the_screen(
    chromium: Chromium, november: Report, tmp_path: Path
) -> None:
    """Wide tables are moved within their place, the page is not."""
    file = tmp_path / "report.html"
    file.write_text(sheet.page(november, PAPER, policy(), "de"), encoding="utf-8")
    with chromium.tab(width=390, height=844) as tab:
        tab.page.goto(file.as_uri())
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= 390
        assert tab.errors == []


def test_on_paper_the_tickets_behind_a_figure_stand_open(
    chromium: Chromium, november: Report, tmp_path: Path
) -> None:
    """Who has only the print can trace a figure, too; nothing is wider than the sheet."""
    file = tmp_path / "report.html"
    file.write_text(sheet.page(november, PAPER, policy(), "fr"), encoding="utf-8")
    # A4 less its margins, at 96 dots an inch.
    with chromium.tab(width=680, height=1000) as tab:
        tab.page.emulate_media(media="print")
        tab.page.goto(file.as_uri())
        lists = tab.page.locator("details p")
        assert lists.count() > 20
        assert all(lists.nth(at).bounding_box() for at in (0, 5, lists.count() - 1))
        height = tab.page.evaluate("document.querySelector('details p').getBoundingClientRect().height")
        assert height > 5
        width = tab.page.evaluate("document.documentElement.scrollWidth")
        assert width <= 680
        assert tab.errors == []


@pytest.mark.parametrize("language", ["fr", "nl", "de", "en"])
def test_every_language_says_all_of_it(november: Report, language: str) -> None:
    """The same words by name, and a page in which none of them is left out or untranslated."""
    spoken, french = (vars(sheet.words_of(PAPER, each)) for each in (language, "fr"))
    names = {name for name in spoken if not name.startswith("_")}
    assert names == {name for name in french if not name.startswith("_")}
    alike = {name for name in names if spoken[name] == french[name]} - {"nothing", "tickets", "title"}
    assert language == "fr" or len(alike) <= 3, alike
    shown = sheet.page(november, PAPER, policy(), language)
    assert f'<html lang="{language}"' in shown
    assert "%(" not in shown
    assert shown.count("<svg") == 3


def test_belgian_figures_and_every_late_mail_with_its_digest(november: Report) -> None:
    """Arrival, act, delay, number and the bytes that prove it."""
    told = sheet.sheet(november, PAPER, policy(), "fr")
    late, presumed, pending = told.breaches
    assert (late.arrived, late.acted) == ("04/11/2026 11\u00a0h\u00a000", "05/11/2026 12\u00a0h\u00a030")
    assert (late.delay, late.over) == ("25\u00a0h\u00a030", "1\u00a0h\u00a030")
    assert presumed.acted == "présumée\u00a0: 07/11/2026 15\u00a0h\u00a000"
    assert pending.acted == "pas encore"
    assert re.fullmatch("[0-9a-f]{64}", late.sha256)
    assert told.period == "novembre 2026"
    assert told.share_of == "6 demandes sur 9"
    assert told.at == "Situation au mardi 1er décembre 2026 à 7\u00a0h\u00a030"
    assert told.promise.endswith("dans les 24\u00a0h de son arrivée.")
    assert [goal.share for goal in told.phone] == ["25,0\u00a0%", "50,0\u00a0%", "75,0\u00a0%"]


def test_what_is_no_promise_is_not_called_one(november: Report) -> None:
    """A later mail is followed by an act; only the first is taken in charge."""
    told = sheet.sheet(november, PAPER, policy(), "fr")
    assert told.next_breaches
    assert not [figure.name for figure in told.next_figures if "prise en charge" in figure.name.casefold()]
    apart = sheet.page(november, PAPER, policy(), "fr").partition("Compté à part")[2]
    assert "Prise en charge</th>" not in apart


def test_the_page_holds_no_script_and_names_no_other_place(november: Report) -> None:
    """Nothing to be run and nothing to be fetched; the policy in its head says so to the browser."""
    shown = sheet.page(november, PAPER, policy(), "en")
    assert "<script" not in shown
    assert "Content-Security-Policy" in shown
    places = set(re.findall(r"https?://[^\"'<> ]+", shown))
    assert places == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"\son[a-z]+=", shown)
    # Drawn twice, it is the same page: nothing of the day or of chance is in it.
    assert shown == sheet.page(november, PAPER, policy(), "en")


def test_a_name_is_text_in_the_page_and_in_its_charts() -> None:
    """Teams and entities come from people; none of them is markup anywhere."""
    evil = "<script>alert(1)</script>"
    one = made(team=evil, entity=evil, category=evil, stopped_at=figures.month(date(2026, 11, 1), ZONE).since)
    shown = sheet.page(one, PAPER, policy(), "fr")
    assert evil not in shown
    assert shown.count("&lt;script&gt;") >= 4


def test_a_month_without_a_mail_is_a_report_all_the_same() -> None:
    """Dashes where there is nothing to divide by, and no breach."""
    span = figures.month(date(2026, 11, 1), ZONE)
    nothing = figures.report((), (), span, span.until, zone=ZONE, open_time=lambda a, b: b - a)
    told = sheet.sheet(nothing, PAPER, policy(), "fr")
    assert (told.share, told.breaches) == ("–", ())
    assert "Aucun dépassement" in sheet.page(nothing, PAPER, policy(), "fr")


def test_the_page_that_ships_is_sound() -> None:
    """In every language, with nothing in it and with a mail of every outcome."""
    assert sheet.faults(PAPER, policy()) == []
