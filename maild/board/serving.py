"""The listener: uvicorn in a thread of its own, started and stopped by ``daemon``. The one way to uvicorn.

Stands at the head of the board. It takes no signals and writes no log of its own. Where nobody can listen,
``keep_open`` says so and tries again when it is called again; the rest of the daemon goes on.
"""

import asyncio
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import uvicorn

from maild import log
from maild.board import app, wire
from maild.board.desk import BoardDesk
from maild.decide.troubles import BOARD

_log = log.get("maild.board.serving")

# So many pages read the ledger at once, the others wait: mail goes first.
READERS = 3
REMEDY = "end the program that listens there, or mend [http] listen and send SIGHUP"
# A page under way at the end may need this long.
PARTING_SECONDS = 2


class _Uvicorn(uvicorn.Server):
    """It tells the streams that it ends, before it waits for them."""

    def __init__(self, desk: BoardDesk, settings: uvicorn.Config) -> None:
        super().__init__(settings)
        self.desk = desk

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.desk.closing.set()
        await super().shutdown(sockets)


class Server:
    """One listener and its thread, for one desk."""

    def __init__(self, desk: BoardDesk) -> None:
        self.desk = desk
        self.port = 0
        self._in_the_way = ""
        self._thread: threading.Thread | None = None
        self._uvicorn: _Uvicorn | None = None

    @property
    def address(self) -> str:
        """Where people find the board; "" while nobody listens."""
        http = self.desk.config.http
        if http is None or not self.port:
            return ""
        host = f"[{http.host}]" if ":" in http.host else http.host
        return f"http://{host}:{self.port}/"

    def keep_open(self) -> bool:
        """Listen where nobody does yet and it is possible; what is in the way is said once in the log, and
        to the administrators by the alarm. False while nobody listens."""
        if self._thread is not None and self._thread.is_alive():
            return True
        http = self.desk.config.http
        assert http is not None
        try:
            self.start()
        except OSError as error:
            reason = f"cannot listen at {http.listen}: {error.strerror or error}"
            if reason != self._in_the_way:
                _log.error("http.unbindable", reason=reason, remedy=REMEDY)
            self._in_the_way = reason
            self.desk.health.lost(BOARD, f"{reason}; {REMEDY}", self.desk.now())
            return False
        self._in_the_way = ""
        self.desk.health.well(BOARD, self.desk.now())
        _log.info("http.open", listen=http.listen, address=self.address)
        return True

    def start(self) -> None:
        """Listen, and serve from now on.

        Raises:
            OSError: nobody can listen there now.
        """
        assert self.desk.config.http is not None
        http = self.desk.config.http
        family = socket.AF_INET6 if ":" in http.host else socket.AF_INET
        listener = socket.create_server((http.host, http.port), family=family)
        self.port = int(listener.getsockname()[1])
        # Whatever belongs to a loop ends with it, and this may be the second one.
        self.desk = replace(self.desk, closing=asyncio.Event())
        self._uvicorn = _Uvicorn(
            self.desk,
            uvicorn.Config(
                app.application(self.desk), log_config=None, log_level=None, access_log=False, lifespan="off",
                ws="none", http=wire.Connection, proxy_headers=False, server_header=False,
                timeout_graceful_shutdown=PARTING_SECONDS, timeout_keep_alive=wire.IDLE_SECONDS,
                h11_max_incomplete_event_size=wire.LONGEST_REQUEST, backlog=wire.MOST_CONNECTIONS,
            ),
        )  # fmt: skip
        self._thread = threading.Thread(target=self._run, args=(listener,), name="board", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it: nobody is let in, streams end, a page under way is finished."""
        if self._thread is None or self._uvicorn is None:
            return
        self._uvicorn.should_exit = True
        self._thread.join(2 * PARTING_SECONDS)
        if self._thread.is_alive():
            _log.warning("http.abandoned", reason="a page waits for a database that does not answer")

    def _run(self, listener: socket.socket) -> None:
        try:
            with listener:
                asyncio.run(self._serve(listener))
        except Exception:  # noqa: BLE001  (logged; ``keep_open`` begins anew)
            _log.exception("http.ended")
        finally:
            self.port = 0

    async def _serve(self, listener: socket.socket) -> None:
        assert self._uvicorn is not None
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(READERS, "board"))
        await self._uvicorn.serve([listener])
