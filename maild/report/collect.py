"""Read the rows of a span, and count them. Raises ``storage.database.Unavailable``."""

from datetime import datetime

from maild.decide import figures
from maild.decide.figures import Report, Span
from maild.decide.policy import Policy
from storage import figures as stored
from storage.store import Transaction


def collect(tx: Transaction, span: Span, policy: Policy, now: datetime) -> Report:
    """The figures of a span as they stand ``now`` (aware UTC)."""
    bounds = {"since": span.since, "until": span.until}
    return figures.report(
        stored.timed(tx, **bounds), stored.calls(tx, **bounds), span, now, zone=policy.desk.timezone,
        open_time=policy.calendar.between,
    )  # fmt: skip
