"""A real browser, Debian's chromium, driven by playwright: what a person sees of a page, and what it asks.

One browser a test process, one fresh tab a test. Nothing that a tab asks of another place than loopback
leaves it: the request is refused and noted, as is each word of the console that is an error.
"""

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Route, sync_playwright

from tests.peers.child import LOOPBACK

# Without them it knocks at its maker's hosts, whom nothing here reaches.
FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# A page that nobody can read with a keyboard or a screen reader is a defect; a matter of taste is none.
GRAVE = {"serious", "critical"}


def missing() -> str:
    """Why no browser can be started here; "" when one can."""
    return "" if shutil.which("chromium") else "the browser chromium is not installed (Debian: chromium)"


@dataclass
class Tab:
    """A page in a tab of its own, and what went wrong on it."""

    page: Page
    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def violations(self) -> list[str]:
        """What axe-core finds against the page as it stands, serious or worse: each rule with its places."""
        found: dict[str, Any] = Axe().run(self.page).response
        return [
            f"{broken['id']}: {node['target']} {node['failureSummary']}"
            for broken in found["violations"]
            if broken["impact"] in GRAVE
            for node in broken["nodes"]
        ]

    def _says(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.errors.append(message.text)

    def _fails(self, error: Error) -> None:
        self.errors.append(error.message)

    def _asks(self, route: Route) -> None:
        place = urlsplit(route.request.url)
        if place.scheme in {"data", "blob", "file"} or place.hostname == LOOPBACK:
            route.continue_()
        else:
            self.outside.append(route.request.url)
            route.abort()


@dataclass(frozen=True, slots=True)
class Chromium:
    """The running browser."""

    browser: Browser
    loop: asyncio.AbstractEventLoop

    @contextmanager
    def tab(
        self,
        *,
        width: int = 1280,
        height: int = 800,
        dark: bool = False,
        still: bool = True,
        scripts: bool = True,
        language: str = "fr-BE",
        headers: dict[str, str] | None = None,
    ) -> Iterator[Tab]:
        """A tab that knows nothing of any other. ``still``: as for somebody who asks for reduced motion."""
        with _driven_by(self.loop):
            context = self.browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme="dark" if dark else "light",
                reduced_motion="reduce" if still else "no-preference",
                java_script_enabled=scripts,
                locale=language,
                timezone_id="Europe/Brussels",
                extra_http_headers=headers or {},
            )
            try:
                tab = Tab(context.new_page())
                tab.page.on("console", tab._says)
                tab.page.on("pageerror", tab._fails)
                context.route("**/*", tab._asks)
                yield tab
            finally:
                context.close()


@contextmanager
def running() -> Iterator[Chromium]:
    """The browser, until the block ends; RuntimeError where there is none."""
    program = shutil.which("chromium")
    if program is None:
        raise RuntimeError(missing())
    playwright = sync_playwright().start()
    loop = asyncio.get_running_loop()
    with _driven_by(loop):
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
    try:
        yield Chromium(browser, loop)
    finally:
        with _driven_by(loop):
            browser.close()
            playwright.stop()


@contextmanager
def _driven_by(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Playwright's loop counts as running in this thread only as long as a test looks at a page: it stands
    still between its calls, and tests that run loops of their own would be refused."""
    asyncio._set_running_loop(loop)
    try:
        yield
    finally:
        asyncio._set_running_loop(None)
