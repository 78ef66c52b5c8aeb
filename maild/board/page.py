"""The board as people see it: a page of HTML, and the part of it that ``stream`` sends again and again.

Stands above ``view`` and ``maild.pages``; ``app`` names its paths. What a page needs comes from here alone:
its style and its script are files of the desk's own paper, so that nothing need be allowed in the text
itself. Raises what the operator's own templates do.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from maild import condition, instants, log, pages
from maild.board import desk as desks
from maild.board import view
from maild.board.access import HEADERS
from maild.board.desk import BoardDesk
from maild.board.view import Board, Row
from maild.compose import Stationery
from storage.database import Unavailable
from storage.overview import overview

_log = log.get("maild.board.page")

# Each with its own name, as its speakers write it.
LANGUAGES: Mapping[str, str] = {"fr": "Français", "nl": "Nederlands", "de": "Deutsch", "en": "English"}
# A page without scripts asks again by itself.
REFRESH_SECONDS = 30
_OWN = "style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'"
_POLICY = f"{HEADERS['content-security-policy']}; {_OWN}"
_FILES = {"/board.css": "text/css", "/board.js": "text/javascript", "/board.svg": "image/svg+xml"}
PATHS = tuple(_FILES)


async def index(request: Request) -> Response:
    """The whole page, in the language that is asked for; 503 while the ledger cannot be read."""
    desk, language = desks.of(request), language_of(request)
    try:
        text = await asyncio.to_thread(lambda: whole(look(desk), language, desk))
    except Unavailable as error:
        _log.warning("board.unread", reason=str(error))
        # Nobody touches a screen on a wall: it must ask again by itself.
        told = {"refresh": str(REFRESH_SECONDS)}
        return PlainTextResponse("the ledger cannot be read now\n", HTTPStatus.SERVICE_UNAVAILABLE, told)
    headers = {"content-security-policy": _POLICY, "content-language": language, "vary": "accept-language"}
    return HTMLResponse(text, headers=headers)


async def file(request: Request) -> Response:
    """The page's style, script or sign."""
    path = request.url.path
    text = pages.file(desks.of(request).office.paper, path.removeprefix("/"))
    return Response(text, media_type=_FILES[path])


def language_of(request: Request) -> str:
    """The language that the address names, else the first that who looks reads (RFC 9110 12.5.4)."""
    asked = request.query_params.get("lang", "")
    if asked in LANGUAGES:
        return asked
    read = _ranked(request.headers.get("accept-language", "")[:1000])
    default = desks.of(request).office.policy.desk.languages[0]
    return next((language for language in (*read, default) if language in LANGUAGES), "en")


def _ranked(field: str) -> list[str]:
    weighed = []
    for part in field.split(","):
        tag, _, weight = part.partition(";")
        try:
            quality = float(weight.strip().removeprefix("q=") or 1)
        except ValueError:
            quality = 0.0
        weighed.append((-quality, tag.strip().casefold().partition("-")[0]))
    return [language for quality, language in sorted(weighed, key=lambda each: each[0]) if quality < 0]


def look(desk: BoardDesk) -> Board:
    """The desk as it stands now, read from the ledger.

    Raises:
        Unavailable: it cannot be read.
    """
    now, policy = desk.now(), desk.office.policy
    with desk.office.store.read() as tx:
        found = overview(tx, since=view.day_began(now, policy.desk.timezone))
    return view.board(
        found, now=now, policy=policy, contacts=desk.health.contacts(),
        polls=condition.intervals(desk.config.maildrop), masked=desk.config.log.mask_addresses,
    )  # fmt: skip


def whole(board: Board, language: str, desk: BoardDesk) -> str:
    """The page, from its first line to its last."""
    paper = desk.office.paper
    return _page(
        board, language, desk, shows="page", languages=LANGUAGES, refresh=REFRESH_SECONDS,
        version=version(paper), every=desk.every,
    )  # fmt: skip


def part(board: Board, language: str, desk: BoardDesk) -> str:
    """What changes of it as time passes."""
    return _page(board, language, desk, shows="board")


def crossing(row: Row, language: str, desk: BoardDesk) -> str:
    """One sentence for whoever listens to the page: a limit is near, or passed."""
    return pages.page(desk.office.paper, "board", language, shows="crossing", row=row).strip()


def stamp(board: Board, language: str, desk: BoardDesk) -> str:
    """When the desk was looked at: "14:32:05" in the desk's zone."""
    return board.at.astimezone(ZoneInfo(desk.office.policy.desk.timezone)).strftime("%H:%M:%S")


def version(paper: Stationery) -> str:
    """Another one for another page: a screen that hears of it loads itself again."""
    files = "\0".join(pages.file(paper, path.removeprefix("/")) for path in PATHS)
    return hashlib.sha256(files.encode()).hexdigest()[:12]


def _page(board: Board, language: str, desk: BoardDesk, **values: Any) -> str:
    zone = desk.office.policy.desk.timezone
    today = board.at.astimezone(ZoneInfo(zone)).date()
    return pages.page(
        desk.office.paper, "board", language, board=board, stamp=stamp(board, language, desk),
        percent=_percent,
        left=partial(instants.left_of, language=language),
        hour=lambda at: instants.hour_of(at, zone, language, today), **values,
    )  # fmt: skip


def _percent(share: float) -> int:
    """Whole steps, so that a page is sent again only when something can be seen of it."""
    return round(share * 100)
