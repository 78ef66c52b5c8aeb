"""One connection of a browser or a monitor, and what it may cost: uvicorn's, with an end to every wait.

Stands under ``serving``. Whoever opens a connection and says nothing, dribbles a request, or does not read
what he asked for is cut off; more than so many at once are turned away. What is no HTTP is answered without
the application, and with its headers nevertheless.
"""

import asyncio
from http import HTTPStatus
from typing import cast

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from maild.board.access import HEADERS

# Screens on walls and a monitor or two; a browser opens six at most.
MOST_CONNECTIONS = 64
# The line and the fields of one request, however many.
LONGEST_REQUEST = 16 << 10
REQUEST_SECONDS = 10.0
# For so long nobody takes anything of what he asked for.
UNREAD_SECONDS = 30.0
# Between two requests on one connection.
IDLE_SECONDS = 15


def said_plainly(status: HTTPStatus, told: str) -> bytes:
    """A whole response that ends the connection (RFC 9112 9.6)."""
    fields = {"content-type": "text/plain; charset=utf-8", "content-length": str(len(told) + 1)}
    fields |= {"connection": "close", **HEADERS}
    lines = [
        f"HTTP/1.1 {status.value} {status.phrase}",
        *(f"{name}: {value}" for name, value in fields.items()),
    ]
    return "\r\n".join([*lines, "", f"{told}\n"]).encode("ascii")


_FULL = said_plainly(HTTPStatus.SERVICE_UNAVAILABLE, "too many connections at once; try again in a minute")
_NOT_HTTP = said_plainly(HTTPStatus.BAD_REQUEST, "this was no HTTP request, or too long a one")


class Connection(H11Protocol):
    """What uvicorn does with a connection, and when that ends."""

    _asking: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, or turn it away."""
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.write(_FULL)
            self._part()
            return
        self._wait_for_a_request()

    def data_received(self, data: bytes) -> None:
        """A part of a request: the whole of it must come in time, however often something comes."""
        super().data_received(data)
        self._wait_for_a_request()

    def on_response_complete(self) -> None:
        """The last word is written; it must be read, too."""
        super().on_response_complete()
        if self.transport.get_write_buffer_size():
            self._wait_for_a_reader()

    def pause_writing(self) -> None:
        """Much is written and not read."""
        super().pause_writing()
        self._wait_for_a_reader()

    def resume_writing(self) -> None:
        """It is being read."""
        super().resume_writing()
        self._forget_the_reader()

    def send_400_response(self, msg: str) -> None:
        """Say that this is no request, unless a response is under way already."""
        if not self._is_answering():
            self.transport.write(_NOT_HTTP)
        self._part()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over, whoever ended it."""
        self._forget_the_asker()
        self._forget_the_reader()
        super().connection_lost(exc)

    def timeout_keep_alive_handler(self) -> None:
        """Nobody has asked for anything more."""
        super().timeout_keep_alive_handler()
        self._wait_for_a_reader()

    def _part(self) -> None:
        self.transport.close()
        self._wait_for_a_reader()

    def _is_answering(self) -> bool:
        cycle = cast("RequestResponseCycle | None", self.cycle)
        return cycle is not None and not cycle.response_complete

    def _wait_for_a_request(self) -> None:
        if self._is_answering():
            self._forget_the_asker()
        elif self._asking is None:
            self._asking = self.loop.call_later(REQUEST_SECONDS, self.transport.abort)

    def _forget_the_asker(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
        self._asking = None

    def _wait_for_a_reader(self) -> None:
        self._forget_the_reader()
        self._unread = self.loop.call_later(UNREAD_SECONDS, self._cut_if_unread)

    def _forget_the_reader(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
        self._unread = None

    def _cut_if_unread(self) -> None:
        if self.transport.get_write_buffer_size():
            self.transport.abort()
