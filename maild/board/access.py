"""Who is let in, and what every response says: the guard around all pages.

Stands between ``serving`` and ``app``. Read only: GET and HEAD (RFC 9110 9.2.1). Where a token is given,
whoever looks shows it: programs in each request (RFC 6750 2.1), people once in the address, for a cookie
that no script reads and no other site can send. Where none is given only this machine can connect, and the
guard answers to its names alone: a page elsewhere could make a browser on this machine ask (DNS rebinding).
``/healthz`` tells nothing, so that anybody may ask for it. What a page raises ends here as 500, and is
logged without the query, which may hold a token.
"""

import hashlib
import hmac
import html
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import urlencode

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from maild import log
from maild.config import Http, is_loopback

_log = log.get("maild.board.access")

# Nothing may be loaded, framed, kept or passed on; a page that needs more says so itself.
HEADERS: Mapping[str, str] = {
    "content-security-policy": (
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
METHODS = ("GET", "HEAD")
# It tells that the process is alive, and no more.
OPEN_PATHS = frozenset({"/healthz"})
COOKIE = "maild_board"
# The screen on the wall is not asked again each morning.
COOKIE_SECONDS = 30 * 86_400


class _Said:
    """One response on its way out: strict, and how far it has come."""

    def __init__(self, send: Send, *, is_head: bool) -> None:
        self.send, self.is_head = send, is_head
        self.is_begun = self.is_complete = False

    async def say(self, message: Message) -> None:
        """Pass on what a page says (ASGI)."""
        if self.is_complete:
            return
        if message["type"] == "http.response.start":
            self.is_begun = True
            _add_headers(message)
            await self.send(message)
            if not self.is_head:
                return
            # Complete at once: a stream would go on for nobody.
            message = {"type": "http.response.body", "body": b""}
        self.is_complete = not message.get("more_body", False)
        await self.send(message)


class Guard:
    """An application around the pages: who may not, never reaches them."""

    def __init__(self, app: ASGIApp, http: Http) -> None:
        self.app, self.http = app, http

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        said = _Said(send, is_head=scope["method"] == "HEAD")
        try:
            answer = self._before_the_page(Request(scope)) or self.app
            await answer(scope, receive, said.say)
        except Exception:
            _log.exception("http.failed", path=scope["path"])
            if not said.is_begun:
                await failed(Request(scope), None)(scope, receive, said.say)
            elif not said.is_complete:
                raise  # the connection is cut, so that nobody takes a half for the whole

    def _before_the_page(self, request: Request) -> Response | None:
        """The answer to whoever does not get to the page; None for all others."""
        if request.method not in METHODS:
            told = "the board is read only: GET and HEAD"
            return _refusal(HTTPStatus.METHOD_NOT_ALLOWED, told, allow=", ".join(METHODS))
        if request.scope["path"] in OPEN_PATHS:
            return None
        if self.http.key:
            return self._with_token(request)
        if not is_loopback(host_named(request)):
            told = "this answers to 127.0.0.1 and localhost only; for other names give it a token in [http]"
            return _refusal(HTTPStatus.MISDIRECTED_REQUEST, told)
        return None

    def _with_token(self, request: Request) -> Response | None:
        key = self.http.key
        if _is_same(bearer(request), key) or _is_same(request.cookies.get(COOKIE, ""), ticket_of(key)):
            return None
        if request.scope["path"] == "/" and _is_same(request.query_params.get("token", ""), key):
            return _handed_over(request, key)
        told = "show the token of [http] once: /?token=…; programs show it as Authorization: Bearer …"
        return _refusal(HTTPStatus.UNAUTHORIZED, told, **{"www-authenticate": 'Bearer realm="maild"'})


def host_named(request: Request) -> str:
    """The host that was asked for (RFC 9110 7.2), without its port: a tunnel may give another one."""
    named = request.headers.get("host", "")
    if named.startswith("["):
        return named[1:].partition("]")[0]
    return named.partition(":")[0].casefold()


def bearer(request: Request) -> str:
    """The token of the request's Authorization field (RFC 6750 2.1); "" for none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.casefold() == "bearer" else ""


def ticket_of(key: str) -> str:
    """What the cookie holds: made of the token, which it does not tell."""
    return hmac.new(key.encode(), b"maild board", hashlib.sha256).hexdigest()


def _is_same(shown: str, wanted: str) -> bool:
    """In the same time, however near a guess is."""
    return hmac.compare_digest(shown.encode("utf-8", "replace"), wanted.encode())


def failed(_request: Request, _error: Exception | None) -> Response:
    """The answer where a page has failed; why stands in the log."""
    return _refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "this failed; the log of maild says why")


def _handed_over(request: Request, key: str) -> Response:
    """A cookie for the token, and the way on without it.

    A page that leads on, no redirection: after a link in a mail the browser would follow that one without the
    cookie, which is for requests of our own pages (SameSite=Strict).
    """
    others = [(name, value) for name, value in request.query_params.multi_items() if name != "token"]
    there = html.escape(f"/?{urlencode(others)}" if others else "/")
    page = (
        '<!doctype html><html lang="en"><title>maild</title>'
        f'<meta http-equiv="refresh" content="0;url={there}">'
        f'<p><a href="{there}">On to the board</a></p></html>\n'
    )
    response = HTMLResponse(page)
    response.set_cookie(
        COOKIE, ticket_of(key), max_age=COOKIE_SECONDS, path="/", httponly=True, samesite="strict",
        # Said by whoever stands before us with TLS; who says it falsely harms himself only.
        secure=request.headers.get("x-forwarded-proto", "") == "https",
    )  # fmt: skip
    return response


def _refusal(status: HTTPStatus, told: str, **headers: str) -> Response:
    return PlainTextResponse(f"{told}\n", status, headers)


def _add_headers(start: Message) -> None:
    headers = MutableHeaders(raw=start["headers"])
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    start["headers"] = headers.raw
