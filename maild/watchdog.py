"""Speak with the service manager (sd_notify(3)): ready, reloading, stopping, and alive while every loop is.

Stands beside ``daemon``, which starts it. A daemon with one loop that hangs is not alive, however busy the
others are: then nothing is said, and the service manager starts it anew. Where nobody listens nothing is
sent; a service manager that cannot be reached is an ``OSError``.
"""

import os
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from maild import log

_log = log.get("maild.watchdog")

READY = "READY=1"
STOPPING = "STOPPING=1"
ALIVE = "WATCHDOG=1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """Work that comes round again and again.

    Args:
        last_sign: when it last gave a sign of life, in seconds of the monotonic clock.
        patience: seconds that one round may take, the slowest server included.
    """

    name: str
    last_sign: Callable[[], float]
    patience: float


def tell(state: str) -> None:
    """One datagram to the socket that the service manager names."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.connect(address.replace("@", "\0", 1) if address.startswith("@") else address)
        notify.send(state.encode())


def reloading() -> str:
    """What is told before a new configuration is taken up (systemd.service(5), ``Type=notify-reload``)."""
    return f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}"


def interval(environ: Mapping[str, str]) -> timedelta | None:
    """How often to give a sign of life: half of what the service manager waits for; None: it does not."""
    meant = environ.get("WATCHDOG_PID", "")
    span = environ.get("WATCHDOG_USEC", "")
    if not span.isdigit() or int(span) == 0 or (meant and meant != str(os.getpid())):
        return None
    return timedelta(microseconds=int(span)) / 2


def stuck(loops: Sequence[Loop], now: float) -> tuple[str, ...]:
    """The loops that have not come round for longer than their patience.

    Args:
        now: seconds of the monotonic clock.
    """
    return tuple(loop.name for loop in loops if now - loop.last_sign() > loop.patience)


def beat(loops: Sequence[Loop]) -> None:
    """Say that all is well, or say in the log what is not, and nothing to the service manager."""
    if names := stuck(loops, time.monotonic()):
        _log.error("daemon.stuck", loops=list(names))
        return
    tell(ALIVE)
