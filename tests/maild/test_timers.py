"""What happens by itself goes on happening, whatever one turn of it does."""

import io
import logging
import threading
from datetime import timedelta

from maild import timers


def test_a_job_runs_again_and_again_until_it_is_stopped() -> None:
    """Under the name by which the log and the operator know it."""
    turns, enough = [], threading.Event()

    def job() -> None:
        turns.append(threading.current_thread().name)
        if len(turns) >= 2:
            enough.set()

    scheduler = timers.start({"sweep": (job, timedelta(seconds=0.01))})
    assert [each.id for each in scheduler.get_jobs()] == ["sweep"]
    assert enough.wait(20)
    timers.stop(scheduler)
    after = len(turns)
    assert not scheduler.running
    assert len(turns) == after


def test_a_job_that_fails_is_logged_and_comes_again() -> None:
    """One bad turn is not the end of the sweep."""
    turns, again = [], threading.Event()
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    logging.getLogger().addHandler(handler)

    def job() -> None:
        turns.append(1)
        if len(turns) == 1:
            raise RuntimeError("a bad turn")
        again.set()

    scheduler = timers.start({"sweep": (job, timedelta(seconds=0.01))})
    try:
        assert again.wait(20)
    finally:
        timers.stop(scheduler)
        logging.getLogger().removeHandler(handler)
    assert "job.failed" in heard.getvalue()
    assert "a bad turn" in heard.getvalue()


def test_a_job_runs_once_at_a_time() -> None:
    """A turn that takes long delays the next one."""
    inside = threading.Semaphore(1)
    clashes: list[int] = []
    turns, enough = [], threading.Event()
    pause = threading.Event()

    def job() -> None:
        if not inside.acquire(blocking=False):
            clashes.append(1)
            return
        pause.wait(0.3)
        inside.release()
        turns.append(1)
        if len(turns) >= 2:
            enough.set()

    scheduler = timers.start({"slow": (job, timedelta(seconds=0.2))})
    assert enough.wait(20)
    timers.stop(scheduler)
    assert clashes == []
