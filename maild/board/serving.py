"""The listener: uvicorn in a thread of its own, started and stopped by ``daemon``. The one way to uvicorn.

Stands at the head of the board. It takes no signals and writes no log of its own. Where nobody can listen,
``start`` raises and nothing else of the daemon notices.
"""

import asyncio
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import uvicorn

from maild import log
from maild.board import app
from maild.board.desk import BoardDesk

_log = log.get("maild.board.serving")

# So many pages read the ledger at once, the others wait: mail goes first.
READERS = 3
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

    def open(self) -> bool:
        """Listen where that is possible; what is in the way is said in the log."""
        http = self.desk.config.http
        try:
            self.start()
        except OSError as error:
            reason = f"cannot listen at {http.listen if http else ''}: {error.strerror or error}"
            remedy = "end the program that listens there, or mend [http] listen and send SIGHUP"
            _log.error("http.unbindable", reason=reason, remedy=remedy)
            return False
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
        self._uvicorn = _Uvicorn(
            self.desk,
            uvicorn.Config(
                app.application(self.desk), log_config=None, log_level=None, access_log=False, lifespan="off",
                ws="none", http="h11", proxy_headers=False, server_header=False,
                timeout_graceful_shutdown=PARTING_SECONDS,
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

    def _run(self, listener: socket.socket) -> None:
        with listener:
            asyncio.run(self._serve(listener))

    async def _serve(self, listener: socket.socket) -> None:
        assert self._uvicorn is not None
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(READERS, "board"))
        await self._uvicorn.serve([listener])
