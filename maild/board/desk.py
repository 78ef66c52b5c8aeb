"""What a page may know: the desk as it is being served, and when to stop telling.

Stands under ``app``, ``page`` and ``stream``; made by ``daemon``. It cannot fail.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from starlette.requests import Request

from maild.config import Config
from maild.health import Health
from maild.ingest import Office


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardDesk:
    """The desk of one server, from its start to its stop or the next SIGHUP.

    ``office``: ledger, policy, paper and time; ``health``: how the servers met us; ``closing``: set when the
    server is to end, within its own loop; ``every``: seconds
    between two looks for the pages that are open.
    """

    config: Config
    office: Office
    health: Health
    every: float = 5.0
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    def now(self) -> datetime:
        """The time, aware UTC."""
        return self.office.now()


def of(request: Request) -> BoardDesk:
    """The desk that a request asks about."""
    found: BoardDesk = request.app.state.desk
    return found


async def pause(desk: BoardDesk, seconds: float) -> bool:
    """Wait between two events of a stream; True when the server ends, and the stream with it."""
    with suppress(TimeoutError):  # nothing has ended it
        async with asyncio.timeout(seconds):
            await desk.closing.wait()
    return desk.closing.is_set()
