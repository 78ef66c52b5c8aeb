"""What the board's page costs, and that finished tickets cost it nothing.

Stands beside the rounds of ``__main__``, over ledgers that no daemon uses meanwhile. Raises what the ledger
raises.
"""

import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime

from maild import config as configuration
from maild import office
from maild.board import page
from maild.board.desk import BoardDesk
from maild.health import Health
from storage import database
from storage.store import Store
from tests.bench.desk import Desk

TIMES = 25


def pages(*desks: Desk) -> list[float]:
    """Seconds of CPU for a page of each desk: medians, taken in turn, for a busy minute hits them all."""
    taken: list[list[float]] = [[] for _ in desks]
    with ExitStack() as open_:
        shown = [open_.enter_context(_served(desk)) for desk in desks]
        for _ in range(TIMES):
            for served, times in zip(shown, taken, strict=True):
                begin = time.process_time()
                page.whole(page.look(served), "fr", served)
                times.append(time.process_time() - begin)
    return [statistics.median(times) for times in taken]


@contextmanager
def _served(desk: Desk) -> Iterator[BoardDesk]:
    config, now = configuration.load(desk.config, {}), datetime.now(UTC)
    base = database.open_database(config.state.database)
    try:
        with office.opened(config, Store(database=base), lambda: now) as opened:
            yield BoardDesk(config=config, office=opened, health=Health())
    finally:
        base.close()
