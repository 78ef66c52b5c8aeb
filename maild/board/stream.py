"""The board tells of itself: server-sent events (HTML standard, 9.2) to every page that is open.

Stands beside ``page``. One look at the ledger serves all who listen, as long as somebody does; a look that
fails is said once in the log and in a comment, and the page notices by itself that it hears nothing new. The
streams end when the server does.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from maild import log
from maild.board import desk as desks
from maild.board import page, view
from maild.board.desk import BoardDesk
from maild.board.view import Board

_log = log.get("maild.board.stream")

# A desk has a few screens; whoever comes after so many looks at pages that refresh themselves.
MOST_LISTENERS = 40
# So many limits that are crossed at once are read aloud; the page shows them all.
_MOST_SAID = 5
# What a browser waits before it asks again, in milliseconds.
_RETRY = 3000


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One look in one language: what is shown, when that was, and what has crossed a limit since the last."""

    part: str
    stamp: str
    crossed: tuple[str, ...]


class Feed:
    """The looks of one server and those who wait for them; used within its loop only."""

    def __init__(self, desk: BoardDesk) -> None:
        self.desk = desk
        self.listening: Counter[str] = Counter()
        self._told: dict[str, Told] = {}
        self._seen: Board | None = None
        self._looked = asyncio.Event()
        self._watch: asyncio.Task[None] | None = None
        # The last look failed, and the log knows.
        self._is_blind = False
        # Nobody listens, and nobody looks.
        self.left_alone = asyncio.Event()

    @property
    def is_full(self) -> bool:
        """Nobody more can listen now."""
        return self.listening.total() >= MOST_LISTENERS

    @contextmanager
    def listener(self, language: str) -> Iterator[None]:
        """Somebody listens: while anybody does, the desk is looked at."""
        self.listening[language] += 1
        if self._watch is None:
            self.left_alone.clear()
            self._watch = asyncio.create_task(self._keep_looking())
        try:
            yield
        finally:
            self.listening[language] -= 1

    async def next(self, language: str) -> Told | None:
        """What the next look finds; None where it found nothing."""
        await self._looked.wait()
        return self._told.get(language)

    async def _keep_looking(self) -> None:
        try:
            while self.listening.total() and not self.desk.closing.is_set():
                self._told = await self._look()
                self._wake()
                await desks.pause(self.desk, self.desk.every)
        finally:
            self._watch, self._seen, self._told = None, None, {}
            self.left_alone.set()
            self._wake()

    async def _look(self) -> dict[str, Told]:
        languages = [language for language, listeners in self.listening.items() if listeners]
        try:
            told = await asyncio.to_thread(self._tell, languages)
        except Exception:  # noqa: BLE001  (whatever it is, the next look may find more)
            if not self._is_blind:
                _log.exception("board.unread")
            self._is_blind = True
            return {}
        self._is_blind = False
        return told

    def _tell(self, languages: list[str]) -> dict[str, Told]:
        board, desk = page.look(self.desk), self.desk
        rows = view.crossed(self._seen, board) if self._seen else ()
        self._seen = board
        return {
            language: Told(
                part=page.part(board, language, desk),
                stamp=page.stamp(board, language, desk),
                crossed=tuple(page.crossing(row, language, desk) for row in rows),
            )
            for language in languages
        }

    def _wake(self) -> None:
        looked, self._looked = self._looked, asyncio.Event()
        looked.set()


async def events(request: Request) -> Response:
    """The stream of a page; 503 where too many listen already."""
    feed: Feed = request.app.state.feed
    if feed.is_full:
        told = "too many pages are open; this one asks again by itself\n"
        return PlainTextResponse(told, HTTPStatus.SERVICE_UNAVAILABLE, {"retry-after": "30"})
    return _Stream(feed, page.language_of(request))


class _Stream(StreamingResponse):
    """It counts as listening from its first octet to its last, however it ends."""

    def __init__(self, feed: Feed, language: str) -> None:
        # Whatever stands between must not collect what is to be seen at once.
        headers = {"x-accel-buffering": "no"}
        super().__init__(_telling(feed, language), media_type="text/event-stream", headers=headers)
        self.feed, self.language = feed, language

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer (ASGI)."""
        with self.feed.listener(self.language):
            await super().__call__(scope, receive, send)


async def _telling(feed: Feed, language: str) -> AsyncIterator[str]:
    yield f"retry: {_RETRY}\n" + _event("version", page.version(feed.desk.office.paper))
    shown = ""
    while not feed.desk.closing.is_set():
        told = await feed.next(language)
        if told is None:
            yield ": nothing can be told now\n\n"
            continue
        if told.part != shown:
            yield _event("board", told.part)
            shown = told.part
        if told.crossed:
            # At once: what is read aloud is what was said last.
            yield _event("crossed", "\n".join(told.crossed[:_MOST_SAID]))
        yield _event("beat", told.stamp)


def _event(name: str, text: str) -> str:
    lines = text.replace("\r", "\n").split("\n")
    return f"event: {name}\n" + "".join(f"data: {line}\n" for line in lines) + "\n"
