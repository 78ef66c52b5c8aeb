"""What can be asked for, as one table of paths.

Stands above the pages and under ``serving``. A page is an ``async`` function of a request; whatever reads
the ledger runs beside the loop (``asyncio.to_thread``, whose threads ``serving`` bounds). The desk of a
request is ``desk.of(request)``; a stream sleeps by ``desk.pause`` and ends when that says so. A page may
send a Content-Security-Policy of its own, every other header is ``access``'s. What a page raises is logged
there, and answered with 500.
"""

from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from maild.board.access import Guard
from maild.board.desk import BoardDesk


def application(desk: BoardDesk) -> ASGIApp:
    """Every page of a desk, behind the guard that lets people in."""
    app = Starlette(
        routes=[Route("/", _index), Route("/healthz", _healthz)],
        exception_handlers={HTTPException: _in_words},
    )
    app.router.redirect_slashes = False
    app.state.desk = desk
    assert desk.config.http is not None
    return Guard(app, desk.config.http)


async def _index(_request: Request) -> Response:
    return PlainTextResponse("maild\n")


async def _healthz(_request: Request) -> Response:
    """The process is alive: it answers."""
    return PlainTextResponse("ok\n")


async def _in_words(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == HTTPStatus.NOT_FOUND:
        told = "there is nothing here; the board is at /"
    else:
        told = error.detail
    return PlainTextResponse(f"{told}\n", error.status_code, error.headers)
