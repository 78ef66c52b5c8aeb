"""What can be asked for, as one table of paths.

Stands above the pages and under ``serving``. A page is an ``async`` function of a request; whatever reads
the ledger runs beside the loop (``asyncio.to_thread``, whose threads ``serving`` bounds). The desk of a
request is ``desk.of(request)``; a stream sleeps by ``desk.pause`` and ends when that says so. A page may
send a Content-Security-Policy of its own, every other header is ``access``'s. What a page raises is logged
there, and answered with 500.
"""

import asyncio
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from maild import condition, metrics
from maild.board import desk, gauges, page, stream
from maild.board.access import Guard, failed
from maild.board.desk import BoardDesk
from storage.database import Unavailable

# A monitor waits no longer.
PATIENCE_SECONDS = 8.0


def application(served: BoardDesk) -> ASGIApp:
    """Every page of a desk, behind the guard that lets people in."""
    app = Starlette(
        routes=[
            Route("/", page.index),
            *(Route(path, page.file) for path in page.PATHS),
            Route("/events", stream.events),
            Route("/healthz", _healthz),
            Route("/readyz", _readyz),
            Route("/metrics", _metrics),
        ],
        exception_handlers={HTTPException: _in_words, Exception: failed},
    )
    app.router.redirect_slashes = False
    app.state.desk = served
    app.state.feed = stream.Feed(served)
    assert served.config.http is not None
    return Guard(app, served.config.http)


async def _healthz(_request: Request) -> Response:
    """The process is alive: it answers."""
    return PlainTextResponse("ok\n")


async def _readyz(request: Request) -> Response:
    """All is well, as ``maild status`` judges; else 503, and what is wrong, a line each."""
    problems = await _problems(desk.of(request))
    if not problems:
        return PlainTextResponse("ready\n")
    told = "".join(f"{problem}\n" for problem in problems)
    return PlainTextResponse(told, HTTPStatus.SERVICE_UNAVAILABLE)


async def _problems(asked: BoardDesk) -> tuple[str, ...]:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await asyncio.to_thread(_judged, asked)
    except TimeoutError:
        return (f"the database has not answered in {PATIENCE_SECONDS:g} s",)
    except Unavailable as error:
        return (f"the database cannot be read: {' '.join(str(error).split())}",)


def _judged(asked: BoardDesk) -> tuple[str, ...]:
    with asked.office.store.read() as tx:
        return condition.judged(tx, asked.config, asked.now()).problems


async def _metrics(request: Request) -> Response:
    """Counts and gauges for Prometheus."""
    asked = desk.of(request)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            shown = await asyncio.to_thread(gauges.read, asked)
    except TimeoutError:
        shown = gauges.UNREAD
    text = metrics.exposition(shown)
    return Response(text, headers={"content-type": metrics.CONTENT_TYPE})


async def _in_words(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == HTTPStatus.NOT_FOUND:
        told = "there is nothing here; the board is at /"
    else:
        told = error.detail
    return PlainTextResponse(f"{told}\n", error.status_code, error.headers)
