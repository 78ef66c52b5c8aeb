"""The board's page: its language, what it may load, and that nothing a stranger wrote does anything on it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from maild.board import page
from storage import troubles
from storage.records import StandingTrouble
from tests.maild.board import boards
from tests.maild.board.boards import TOKEN, Board
from tests.maild.board.tickets import ticket
from tests.maild.decide.cases import NOON

HOUR = timedelta(hours=1)
HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)> \u202eevil\u2066 {{ 7*7 }} ' + "y" * 500


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    """Tickets of every kind."""
    with boards.board(tmp_path_factory.mktemp("board")) as made:
        ticket(made.room, at=NOON - 24.2 * HOUR, subject="VPN", team="réseau")
        ticket(made.room, at=NOON - 20 * HOUR, subject="Imprimante")
        ticket(made.room, at=NOON - HOUR, subject=HOSTILE, requester_name=HOSTILE, team=HOSTILE)
        with made.room.office.store.write() as tx:
            told = StandingTrouble(
                name="login:submission", since=NOON, told_at=NOON, detail="mail.secret.test"
            )
            troubles.begin(tx, told)
        yield made


# Late, near, far, nobody's, a mailbox that nobody has read, a trouble.
WORDS = {
    "fr": "dépassé de 12 min|plus que 4 h 00|23 h 00|à prendre|jamais relevée|Un serveur refuse notre accès.",
    "nl": "12 min te laat|nog maar 4 u 00|op te nemen|nog nooit gelezen|Een server weigert onze toegang.",
    "de": "seit 12 Min. überschritten|nur noch 4 Std. 00|zu übernehmen|noch nie abgerufen",
    "en": "overdue by 12 min|only 4 h 00 left|23 h 00|to take|never read|A server refuses us.",
}


@pytest.mark.parametrize(("language", "words"), WORDS.items())
def test_every_language_says_it_all(shown: Board, language: str, words: str) -> None:
    answer = shown.ask(f"/?lang={language}")
    assert (answer.status, answer.headers["content-language"]) == (200, language)
    assert answer.text.startswith(f'<!doctype html>\n<html lang="{language}">')
    text = answer.text.replace("\u00a0", " ")
    assert [word for word in words.split("|") if word not in text] == []


@pytest.mark.parametrize(
    ("asked", "read", "language"),
    [
        ("", "", "fr"),
        ("", "nl-BE,fr;q=0.8", "nl"),
        ("", "it, de;q=0.5, en;q=0.7", "en"),
        ("", "nl;q=0, de;q=x, it", "fr"),
        ("de", "nl", "de"),
        ("xx", "en-GB", "en"),
        ("../fr", "*", "fr"),
    ],
)
def test_the_language_that_is_asked_for(shown: Board, asked: str, read: str, language: str) -> None:
    """By the address, else as the browser says, else the desk's first."""
    answer = shown.ask(f"/?lang={asked}" if asked else "/", Accept_Language=read)
    assert answer.headers["content-language"] == language


def test_it_may_load_its_own_files_only(shown: Board) -> None:
    """And all of them are there; the page has no script or style within itself."""
    answer = shown.ask("/")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "'unsafe" not in policy
    assert "style=" not in answer.text
    for path, kind in (
        ("board.css", "text/css"),
        ("board.js", "text/javascript"),
        ("board.svg", "image/svg+xml"),
    ):
        assert f'"{path}"' in answer.text
        got = shown.ask(f"/{path}")
        assert (got.status, got.headers["content-type"].partition(";")[0]) == (200, kind)


def test_what_strangers_wrote_is_text(shown: Board) -> None:
    """No tag, nothing that turns a line around, no more than there is room for; and no address anywhere."""
    text = shown.ask("/").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "<script>alert" not in text
    assert "<img" not in text
    assert not set(text) & {"\u202e", "\u2066"}
    assert "y" * 200 not in text
    assert "@" not in text
    assert "secret" not in text


def test_it_refreshes_itself_without_a_script(shown: Board) -> None:
    """Only there: a page that is listened to must not jump."""
    text = shown.ask("/").text
    assert f'<noscript><meta http-equiv="refresh" content="{page.REFRESH_SECONDS}"></noscript>' in text


def test_without_a_ledger_it_asks_again(tmp_path: Path) -> None:
    """Also where nobody is there to reload it; and it says nothing of why."""
    with boards.board(tmp_path) as board:
        board.room.office.store.database.engine.dispose()
        (tmp_path / "maild.db").write_bytes(b"this is no database at all, by any means" * 100)
        answer = board.ask("/")
    assert (answer.status, answer.text) == (503, "the ledger cannot be read now\n")
    assert answer.headers["refresh"] == str(page.REFRESH_SECONDS)


def test_nobody_looks_without_the_token(closed: Board) -> None:
    for path in ("/", "/events", *page.PATHS):
        assert closed.ask(path).status == 401
        if path != "/events":
            assert closed.ask(path, Authorization=f"Bearer {TOKEN}").status == 200
