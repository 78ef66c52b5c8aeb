"""The browser of the tests: it sees the page, and nothing leaves the machine unnoticed."""

from pathlib import Path

import pytest

from tests.peers.browser import Chromium

PAGE = """<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>Essai</title></head>
<body><main><h1>Essai</h1>{}</main></body></html>"""


@pytest.mark.real
def test_what_a_page_asks_of_others_is_noted_and_refused(chromium: Chromium, tmp_path: Path) -> None:
    """A picture from elsewhere does not load, and stands in the list."""
    place = tmp_path / "page.html"
    place.write_text(PAGE.format('<img alt="" src="http://ailleurs.invalid/x.png">'))
    with chromium.tab() as tab:
        tab.page.goto(place.as_uri())
        assert tab.page.locator("h1").inner_text() == "Essai"
        assert tab.outside == ["http://ailleurs.invalid/x.png"]


@pytest.mark.real
def test_what_cannot_be_read_is_found(chromium: Chromium, tmp_path: Path) -> None:
    """Grey on grey, and a mistake of a script; a page without either has nothing against it."""
    place = tmp_path / "page.html"
    with chromium.tab() as tab:
        place.write_text(PAGE.format("<p>Bonjour</p>"))
        tab.page.goto(place.as_uri())
        assert (tab.violations(), tab.errors) == ([], [])
        grey = '<p style="color:#ccc;background:#ddd">Bonjour</p><script>nothing()</script>'
        place.write_text(PAGE.format(grey))
        tab.page.reload()
        assert [found.partition(":")[0] for found in tab.violations()] == ["color-contrast"]
        assert tab.errors == ["nothing is not defined"]
