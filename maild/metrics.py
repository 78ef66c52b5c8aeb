"""What happens, counted for Prometheus; the one way to its client.

Stands under everything: whoever has done something says so by a plain function, once it is durable. Nothing
is counted, nor is the library loaded, until the daemon calls ``begin``, which it does where the board is
open; then a count costs a few microseconds. What is, rather than happens, is read when it is asked for and
handed to ``exposition``. No label tells a ticket, a person or an address: each has few values, which the code
or the configuration names. It cannot fail.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from prometheus_client import Counter, Histogram, Summary
    from prometheus_client.registry import Collector

CONTENT_TYPE: Final = "text/plain; version=1.0.0; charset=utf-8"
_HOUR: Final = 3600.0
_FIRST_RESPONSE: Final = tuple(_HOUR * hours for hours in (0.25, 0.5, 1, 2, 4, 8, 12, 16, 20, 24))
_FILING: Final = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5, 30)

# What a log event of a filed mail counts as.
_OUTCOMES: Mapping[str, str] = {
    "message.ingested": "filed",
    "message.quarantined": "quarantined",
    "message.duplicate": "duplicate",
    "message.ignored": "ignored",
}
# How the first reason not to answer begins, and the word for it: the rest of it may name anything.
_REASONS: tuple[tuple[str, str], ...] = (
    ("budget", "budget"),
    ("automatic mail", "automatic"),
    ("Precedence", "automatic"),
    ("null return path", "report"),
    ("delivery report", "report"),
    ("disposition notification", "report"),
    ("X-Auto-Response-Suppress", "unwanted"),
    ("mailing list", "list"),
    ("an address that nobody reads", "nobody"),
    ("no address to answer", "nobody"),
    ("our own address", "ourselves"),
    ("judged spam", "spam"),
    ("dmarc=fail", "forged"),
    ("muted", "muted"),
)


# What is said of a mail that could not be read, and the word for it.
_FAULTS: tuple[tuple[str, str], ...] = (
    ("took", "time"),
    ("needed more", "memory"),
    ("died", "died"),
    ("ended", "died"),
    ("gave an answer", "answer"),
    ("raised", "fault"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """Something that is: each value with its labels, in the order of their names."""

    name: str
    told: str
    labels: tuple[str, ...] = ()
    values: tuple[tuple[tuple[str, ...], float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Series:
    """Everything that is counted, and the registry of this process that holds it."""

    registry: "Collector"
    ingested: "Counter"
    quarantined: "Counter"
    filing: "Histogram"
    suppressed: "Counter"
    commands: "Counter"
    first_response: "Histogram"
    breaches: "Counter"
    reconnects: "Counter"
    conflicts: "Counter"
    deliveries: "Counter"
    throttled: "Counter"
    jobs: "Summary"


_series: _Series | None = None


def begin() -> None:
    """Count from now on, until the process ends."""
    global _series  # noqa: PLW0603  (counts belong to the process, as the log does)
    _series = _series or _made()


def _made() -> _Series:
    from prometheus_client import (
        CollectorRegistry,
        Counter,
        Histogram,
        ProcessCollector,
        Summary,
        disable_created_metrics,
    )

    disable_created_metrics()  # type: ignore[no-untyped-call]  # the library's own omission
    own = CollectorRegistry()
    ProcessCollector(registry=own)
    return _Series(
        registry=own,
        ingested=Counter(
            "maild_messages_ingested", "Mails taken in.", ("mailbox", "outcome"), registry=own
        ),
        quarantined=Counter(
            "maild_quarantined", "Mails set aside because they could not be read.", ("reason",), registry=own
        ),
        filing=Histogram(
            "maild_ingest_duration_seconds", "Filing one mail, from parsing to the commit.",
            buckets=_FILING, registry=own,
        ),
        suppressed=Counter(
            "maild_loops_suppressed", "Automatic answers that did not leave.", ("reason",), registry=own
        ),
        commands=Counter(
            "maild_agent_commands", "Orders of agents by mail.", ("command", "outcome"), registry=own
        ),
        first_response=Histogram(
            "maild_first_response_seconds", "From the arrival of a first mail to the first act, by mail.",
            buckets=_FIRST_RESPONSE, registry=own,
        ),
        breaches=Counter("maild_sla_breaches", "Clocks that ran past their limit.", registry=own),
        reconnects=Counter(
            "maild_imap_reconnects", "Sessions with a maildrop that ended, and why.",
            ("mailbox", "reason"), registry=own,
        ),
        conflicts=Counter(
            "maild_node_epoch_conflicts", "Maildrops that another process took over.", registry=own
        ),
        deliveries=Counter(
            "maild_smtp_deliveries", "Letters that the server was given.", ("outcome",), registry=own
        ),
        throttled=Counter(
            "maild_smtp_throttled_seconds", "How long letters were held back by the rate.", registry=own
        ),
        jobs=Summary("maild_job_duration_seconds", "Turns of the timers.", ("job",), registry=own),
    )  # fmt: skip


# ---------------------------------------------------------------------- what happens


def told(event: str, mailbox: str, keys: Mapping[str, object]) -> None:
    """Something was written for a mail of this maildrop: a log event and its values, once it is durable."""
    if _series is None:
        return
    if event in _OUTCOMES:
        _series.ingested.labels(mailbox, _OUTCOMES[event]).inc()
        if _OUTCOMES[event] == "quarantined":
            _series.quarantined.labels(_in_a_word(str(keys.get("reason", "")), _FAULTS)).inc()
    elif event == "loop.suppressed":
        _series.suppressed.labels(_in_a_word(str(keys.get("reason", "")), _REASONS)).inc()
    elif event == "agent.command":
        for verb in str(keys.get("verbs", "")).split():
            _series.commands.labels(verb, "done").inc()
    elif event == "agent.command_rejected":
        # What was not understood may be any word.
        _series.commands.labels("unknown", "rejected").inc()
    elif event == "sla.met" and isinstance(seconds := keys.get("first_s"), int | float):
        _series.first_response.observe(seconds)


def _in_a_word(reason: str, words: tuple[tuple[str, str], ...]) -> str:
    return next((word for beginning, word in words if reason.startswith(beginning)), "other")


def filed(mails: int, seconds: float) -> None:
    """So many mails were filed in one commit, in so many seconds: each took its share."""
    if _series is not None and mails:
        for _ in range(mails):
            _series.filing.observe(seconds / mails)


def breached(clocks: int) -> None:
    """So many clocks were found past their limit."""
    if _series is not None and clocks:
        _series.breaches.inc(clocks)


def lost(mailbox: str, error: Exception) -> None:
    """A session with a maildrop ended by this error."""
    if _series is None:
        return
    reason = type(error).__name__
    _series.reconnects.labels(mailbox, reason).inc()
    if reason == "LeaseLost":
        _series.conflicts.inc()


def delivered(outcome: str) -> None:
    """A letter was given to the server: what became of it, as the outbox says."""
    if _series is not None:
        _series.deliveries.labels(outcome).inc()


def throttled(seconds: float) -> None:
    """Letters that are due wait for so long, because more would leave than may."""
    if _series is not None:
        _series.throttled.inc(seconds)


@contextmanager
def job(name: str) -> Iterator[None]:
    """One turn of a timer."""
    begun = time.perf_counter()
    try:
        yield
    finally:
        if _series is not None:
            _series.jobs.labels(name).observe(time.perf_counter() - begun)


# ---------------------------------------------------------------------- what is


def exposition(gauges: Iterable[Gauge]) -> bytes:
    """All that is counted, and what is, in Prometheus' text format (``CONTENT_TYPE``)."""
    from prometheus_client import generate_latest

    begin()
    assert _series is not None
    return generate_latest(_Shown(_series.registry, (_build(), *gauges)))


def _build() -> Gauge:
    try:
        version = metadata.version("maild")
    except metadata.PackageNotFoundError:
        version = "(not installed)"
    return Gauge(
        name="maild_build_info", told="The version that runs.", labels=("version",),
        values=(((version,), 1.0),),
    )  # fmt: skip


class _Shown:
    """The counts of the process, and gauges that were just read: what the library writes out."""

    def __init__(self, counted: "Collector", gauges: Iterable[Gauge]) -> None:
        self.counted, self.gauges = counted, gauges

    def collect(self) -> Iterator[Any]:
        """Family by family."""
        from prometheus_client.core import GaugeMetricFamily

        yield from self.counted.collect()
        for gauge in self.gauges:
            family = GaugeMetricFamily(gauge.name, gauge.told, labels=gauge.labels)
            for labels, value in gauge.values:
                family.add_metric(labels, value)
            yield family
