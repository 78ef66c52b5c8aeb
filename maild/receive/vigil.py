"""Serve one maildrop until it is time to stop: every fault is logged once and waited out.

Stands around ``imap`` and ``lmtp``, which say what serving means. What the world does wrong passes, sooner
or later; a fault of ours is logged with its traceback and must not end the watch. It cannot fail itself.
"""

import random
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

from maild import log, metrics
from maild.bell import Bell
from maild.config import ConfigError
from maild.ingest import Office
from maild.receive.mailbox import LoginRefused, Unreachable
from storage.database import Unavailable
from storage.records import Lease
from storage.store import LeaseLost

_log = log.get("maild.receive.vigil")

# How long a process may be silent before another takes its maildrop over.
LEASE_TTL = timedelta(seconds=90)
FIRST_BACKOFF, LAST_BACKOFF = 1.0, 300.0
# Refused logins lock accounts; a password is not mended within seconds.
LOGIN_BACKOFF, LAST_LOGIN_BACKOFF = 60.0, 3600.0
# Seconds after which a session was no mere attempt: longer than connecting and logging in may take.
LASTED = 300.0


class StandBy(Exception):
    """Another process serves this maildrop; look again when its lease may be over."""


def watch(name: str, bell: Bell, serve: Callable[[], None]) -> None:
    """Serve again and again, until the bell closes."""
    failed: Counter[bool] = Counter()
    while not bell.is_closing:
        begun = time.monotonic()
        try:
            serve()
        except StandBy as error:
            _log.info("maildrop.standby", maildrop=name, reason=str(error))
            bell.wait(LEASE_TTL.total_seconds() / 3)
        except (Unreachable, Unavailable, LeaseLost, ConfigError) as error:
            # A ConfigError here is a password file that has gone: it may come back.
            _wait_out(name, bell, error, _attempt(failed, error, begun))
        except Exception as error:  # noqa: BLE001  (see below)
            # A fault of ours must not end the watch; the mail is where it was, or kept.
            _log.exception("maildrop.failed", maildrop=name)
            _wait_out(name, bell, error, _attempt(failed, error, begun))


def _attempt(failed: Counter[bool], error: Exception, begun: float) -> int:
    """The number of this failure; what served for a while was well, and its end is the first of a new row.

    Refused logins are counted apart: an outage before one makes nobody wait an hour for the right password.
    """
    if time.monotonic() - begun >= LASTED:
        failed.clear()
    refused = isinstance(error, LoginRefused)
    failed[refused] += 1
    return failed[refused]


def _wait_out(name: str, bell: Bell, error: Exception, attempt: int) -> None:
    seconds = backoff(attempt, error)
    metrics.lost(name, error)
    event = "maildrop.auth_failed" if isinstance(error, LoginRefused) else "maildrop.lost"
    _log.warning(event, maildrop=name, reason=str(error), attempt=attempt, retry_s=round(seconds, 1))
    until = seconds
    while until > 0 and not bell.is_closing:
        bell.wait(min(until, 5.0))
        until -= 5.0


def backoff(attempt: int, error: Exception, chance: Callable[[], float] = random.random) -> float:
    """Seconds to wait before the next try: doubling, with a fifth of jitter, slowly for refused logins."""
    refused = isinstance(error, LoginRefused)
    first, last = (LOGIN_BACKOFF, LAST_LOGIN_BACKOFF) if refused else (FIRST_BACKOFF, LAST_BACKOFF)
    seconds = min(last, first * 2.0 ** min(attempt - 1, 12))
    return float(seconds * (0.8 + 0.4 * chance()))


def release(lease: Lease, name: str, office: Office) -> None:
    """Let another process take the maildrop over at once."""
    try:
        with office.store.write() as tx:
            tx.release_lease(lease, now=office.now())
    except Unavailable as error:
        _log.warning("lease.kept", maildrop=name, reason=str(error))
