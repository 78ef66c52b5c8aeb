"""The board as people see it, in Debian's chromium: limits are crossed, and all can read it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from maild.board import page, stream
from tests.maild.board import boards
from tests.maild.board.boards import Board
from tests.maild.board.test_page import HOSTILE
from tests.maild.board.tickets import ticket
from tests.maild.decide.cases import ANNE, NOON
from tests.peers.browser import Chromium

pytestmark = pytest.mark.real
HOUR = timedelta(hours=1)
TOO_WIDE = "found => found.filter(one => one.scrollWidth > one.clientWidth).map(one => one.id)"


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    """A desk with something of everything, and what nobody should write."""
    with boards.board(tmp_path_factory.mktemp("board")) as made:
        for hours in (24.2, 20, 12, 3):
            ticket(made.room, at=NOON - hours * HOUR, subject=f"Demande {hours}", team="réseau")
        ticket(made.room, at=NOON - HOUR, status="taken", assignee=ANNE, clock={"first": False})
        ticket(made.room, at=NOON - HOUR, subject=HOSTILE, requester_name=HOSTILE, team=HOSTILE)
        ticket(
            made.room,
            at=NOON - HOUR,
            subject="\u05e9\u05dc\u05d5\u05dd \u202e",
            requester_name="\u200f\u05d0",
        )
        yield made


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1280, 800), (390, 844)])
@pytest.mark.parametrize("dark", [False, True])
def test_everybody_can_read_it(
    chromium: Chromium, busy: Board, width: int, height: int, *, dark: bool
) -> None:
    """On a wall, at a desk, on a phone, by day and by night: axe finds nothing, and nothing sticks out."""
    with chromium.tab(width=width, height=height, dark=dark) as tab:
        tab.page.goto(busy.server.address)
        assert tab.violations() == []
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= width
        assert tab.page.locator("section, .figure").evaluate_all(TOO_WIDE) == []
        assert (tab.errors, tab.outside) == ([], [])


@pytest.mark.parametrize("width", [1280, 390])
def test_there_is_room_for_the_words_of_every_language(chromium: Chromium, busy: Board, width: int) -> None:
    """German ones are long."""
    with chromium.tab(width=width) as tab:
        for language in page.LANGUAGES:
            tab.page.goto(f"{busy.server.address}?lang={language}")
            assert tab.page.locator("section, .figure").evaluate_all(TOO_WIDE) == [], language


def test_what_counts_is_large_enough_for_three_metres(chromium: Chromium, busy: Board) -> None:
    """On a wall of 1920 points: figures of 100 of them, the time that is left of 28 and more."""
    with chromium.tab(width=1920, height=1080) as tab:
        tab.page.goto(busy.server.address)
        size = "element => parseFloat(getComputedStyle(element).fontSize)"
        assert tab.page.locator("#figure-breached strong").evaluate(size) >= 100
        assert tab.page.locator("tr.breached .left strong").evaluate(size) >= 28
        assert tab.page.locator("tr.breached .subject").evaluate(size) >= 24


def test_limits_are_crossed_while_it_is_open(chromium: Chromium, tmp_path: Path) -> None:
    """No reload: what is near moves up, says so by words and sign, is read aloud, and counts."""
    with boards.board(tmp_path, every=0.05) as board, chromium.tab() as tab:
        other = ticket(
            board.room, at=NOON - 23 * HOUR, subject="Autre", near_limit=True, clock={"stage": "near"}
        )
        number = ticket(board.room, at=NOON - 19 * HOUR, subject="VPN", requester_name="Léa")
        tab.page.goto(board.server.address)
        tab.page.evaluate("window.loaded = 'once'")
        row = tab.page.locator(f"#t{number}")
        expect(row).to_have_class("running")
        expect(row.locator(".left strong")).to_have_text("5\u00a0h\u00a000")
        bar = row.locator("rect")
        width = float(bar.get_attribute("width") or 0)

        board.room.clock.later(hours=0.1)
        expect(row.locator(".left strong")).to_have_text("4\u00a0h\u00a054")
        assert float(bar.get_attribute("width") or 0) < width

        board.room.clock.later(hours=0.65)  # 19 h 45: past four fifths of the day
        expect(row).to_have_class("near")
        expect(row.locator(".left strong")).to_have_text("plus que 4\u00a0h\u00a015")
        expect(row.locator(".sign")).to_have_count(1)
        expect(tab.page.locator("#crossed")).to_have_text(f"ETNIC-{number} approche de son échéance.")
        expect(tab.page.locator("#figure-near strong")).to_have_text("2")

        board.room.clock.later(hours=4.5)
        expect(row).to_have_class("breached")
        expect(row.locator(".left strong")).to_have_text("dépassé de 15\u00a0min")
        expect(tab.page.locator("#figure-breached strong")).to_have_text("2")
        expect(tab.page).to_have_title("(2) Tableau de bord – ETNIC")
        assert tab.violations() == []

        with board.room.office.store.write() as tx:  # taken in charge: it leaves the wall
            tx.change_ticket(other, due_at=None, breached=False, near_limit=False, status="taken")
        expect(tab.page.locator(f"#t{other}")).to_have_count(0)
        expect(tab.page.locator("#rows tr").first).to_have_attribute("id", f"t{number}")
        expect(tab.page.locator("#stamp")).to_have_text("18:15:00")
        assert tab.page.evaluate("window.loaded") == "once"
        assert (tab.errors, tab.outside) == ([], [])


def test_new_tickets_take_their_places(chromium: Chromium, tmp_path: Path) -> None:
    """Whatever came between; what somebody has selected or focused stays."""
    with boards.board(tmp_path, every=0.05) as board, chromium.tab() as tab:
        tab.page.goto(board.server.address)
        tab.page.locator("nav a").nth(1).focus()
        expect(tab.page.locator("#calm")).to_be_visible()
        order: list[int] = []
        for place, hours in ((0, 5), (1, 1), (0, 9), (2, 3), (0, 24.5)):
            order.insert(place, ticket(board.room, at=NOON - hours * HOUR))
            expect(tab.page.locator("#rows tr")).to_have_count(len(order))
            shown = tab.page.locator("#rows tr").evaluate_all("rows => rows.map(row => row.id)")
            assert shown == [f"t{number}" for number in order]
        assert tab.page.evaluate("document.activeElement.lang") == "nl"
        assert tab.errors == []


def test_nothing_of_a_stranger_s_does_anything(chromium: Chromium, busy: Board) -> None:
    """Tags are text, a line that would run backwards runs forwards, a long one is cut."""
    with chromium.tab() as tab:
        dialogs: list[str] = []
        tab.page.on("dialog", lambda dialog: dialogs.append(dialog.message))
        tab.page.goto(busy.server.address)
        expect(tab.page).to_have_title("(1) Tableau de bord – ETNIC")  # it was told once more, and shows that
        subject = tab.page.locator(".subject", has_text="alert(1)")
        expect(subject).to_have_count(1)
        assert subject.inner_text().startswith("<script>alert(1)</script>")
        assert tab.page.locator("main script, main img").count() == 0
        assert (dialogs, tab.errors, tab.outside) == ([], [], [])


def test_it_says_by_itself_that_it_hears_nothing(
    chromium: Chromium, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wall that stands still must not be believed; when the server is back, so is the page."""
    monkeypatch.setattr(stream, "_RETRY", 50)
    with boards.board(tmp_path, every=0.05) as board, chromium.tab() as tab:
        tab.page.clock.install()
        tab.page.goto(board.server.address)
        tab.page.evaluate("window.loaded = 'once'")
        expect(tab.page.locator("#stamp")).to_have_text("13:00:00")
        board.server.stop()
        tab.page.clock.fast_forward(20_000)
        expect(tab.page.locator("#stale")).to_contain_text("Sans nouvelles")
        assert tab.violations() == []
        board.room.clock.later(hours=1)
        board.server.start()
        expect(tab.page.locator("#stamp")).to_have_text("14:00:00")
        expect(tab.page.locator("#stale")).to_be_empty()
        assert tab.page.evaluate("window.loaded") == "once"


def test_a_page_of_an_earlier_version_loads_itself_again(
    chromium: Chromium, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A screen on a wall is not touched when maild is updated."""
    monkeypatch.setattr(stream, "_RETRY", 50)
    with boards.board(tmp_path, every=0.05) as board, chromium.tab() as tab:
        tab.page.goto(board.server.address)
        tab.page.evaluate("window.loaded = 'once'")
        board.server.stop()
        monkeypatch.setattr(page, "version", lambda _paper: "another")
        board.server.start()
        expect(tab.page.locator("body")).to_have_attribute("data-version", "another")
        expect(tab.page.locator("#stamp")).to_have_text("13:00:00")
        assert tab.page.evaluate("window.loaded") is None


def test_a_page_that_may_not_listen_asks_again(
    chromium: Chromium, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a proxy lets no stream pass."""
    monkeypatch.setattr("maild.board.stream.MOST_LISTENERS", 0)
    with boards.board(tmp_path) as board, chromium.tab() as tab:
        tab.page.clock.install()
        tab.page.goto(board.server.address)
        number = ticket(board.room, at=NOON - HOUR)
        tab.page.clock.fast_forward(40_000)
        expect(tab.page.locator(f"#t{number}")).to_be_visible()


def test_it_works_without_scripts(chromium: Chromium, busy: Board) -> None:
    """Everything is there, bars too, and it refreshes itself."""
    with chromium.tab(scripts=False) as tab:
        tab.page.goto(busy.server.address)
        expect(tab.page.locator("tr.breached .left strong")).to_have_text("dépassé de 12\u00a0min")
        refresh = tab.page.locator("meta[http-equiv=refresh]")
        expect(refresh).to_have_attribute("content", str(page.REFRESH_SECONDS))
        assert tab.errors == []


def test_the_keyboard_is_enough(chromium: Chromium, busy: Board) -> None:
    """The first stop leads to the tickets, each next one is seen; languages are links."""
    with chromium.tab() as tab:
        tab.page.goto(busy.server.address)
        tab.page.keyboard.press("Tab")
        skip = tab.page.locator(":focus")
        assert skip.inner_text() == "Aller aux tickets"
        box = skip.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        tab.page.keyboard.press("Enter")
        assert tab.page.evaluate("document.activeElement.id") == "tickets"
        tab.page.locator("nav a", has_text="en").focus()
        tab.page.keyboard.press("Enter")
        expect(tab.page.locator("#tickets-title")).to_have_text("Tickets by time left")
        assert tab.page.evaluate("document.documentElement.lang") == "en"
