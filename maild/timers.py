"""What happens by itself: one table of name -> (plain function, interval); the only door to APScheduler.

Stands beside the receivers; started and stopped by ``daemon``. UTC throughout, because a scheduler in
local time runs a job twice in one night of the year and too late in another (measured: notes). A job that
raises is logged and comes again at its next turn.
"""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, timedelta

from apscheduler.executors.pool import BasePoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from maild import log, metrics

_log = log.get("maild.timers")

Table = Mapping[str, tuple[Callable[[], object], timedelta]]


def start(table: Table) -> BackgroundScheduler:
    """Start every timer of the table; each runs once at a time, and a missed turn is made up for once."""
    scheduler = BackgroundScheduler(
        timezone=UTC,
        job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        executors={"default": _Ready(max(1, len(table)))},
    )
    for name, (function, interval) in table.items():
        trigger = IntervalTrigger(seconds=max(0.2, interval.total_seconds()), timezone=UTC)
        scheduler.add_job(_guarded(name, function), trigger, id=name, name=name)
    scheduler.start()
    return scheduler


class _Ready(BasePoolExecutor):  # type: ignore[misc]  # the library is untyped
    """A thread for each timer, all of them there from the start: their number never changes."""

    def __init__(self, number: int) -> None:
        pool = ThreadPoolExecutor(number, thread_name_prefix="timer")
        together = threading.Barrier(number)
        for _ in range(number):
            pool.submit(together.wait)
        super().__init__(pool)


def stop(scheduler: BackgroundScheduler) -> None:
    """Let the running jobs end, start none."""
    scheduler.shutdown(wait=True)


def _guarded(name: str, function: Callable[[], object]) -> Callable[[], None]:
    def run() -> None:
        try:
            with metrics.job(name):
                function()
        except Exception:  # noqa: BLE001  (logged; the next turn comes all the same)
            _log.exception("job.failed", job=name)

    return run
