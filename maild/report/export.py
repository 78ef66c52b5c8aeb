"""The report for other programs: one JSON object (DESIGN section 10), and a CSV of every mail and call.

Names are stable and only added to; instants are UTC; shares are rounded down to four places. It cannot fail.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from maild.decide import figures
from maild.decide.figures import Objective, Outcome, Phone, Report, Row, Tally, tickets_of
from storage.records import Call

_COLUMNS = (
    "kind", "number", "outcome", "arrived_at", "acted_at", "due_at", "delay_s", "opening_delay_s", "team",
    "category", "beneficiary", "status", "mail_id", "sha256", "waited_s", "lasted_s", "first_call",
)  # fmt: skip
# A spreadsheet takes a text that begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_json(found: Report, prefix: str) -> dict[str, Any]:
    """The report as the design promises it to programs; ``prefix``: of ticket numbers."""
    return {
        "span": {"from": found.span.since, "to": found.span.until},
        "at": found.now,
        "mail": _tally_json(found.mail, prefix),
        "next_answers": _tally_json(found.next_answers, prefix),
        "out_of_scope": len(found.out_of_scope.rows),
        "out_of_scope_tickets": list(tickets_of(found.out_of_scope.rows)),
        "by_team": {name: _tally_json(tally, prefix) for name, tally in found.by_team.items()},
        "by_category": {name: _tally_json(tally, prefix) for name, tally in found.by_category.items()},
        "by_beneficiary": {name: _tally_json(tally, prefix) for name, tally in found.by_entity.items()},
        "distribution": [
            {"above_h": bar.above, "upto_h": bar.upto, "mails": len(bar.rows), "tickets": _numbers(bar.rows)}
            for bar in found.distribution
        ],
        "arrivals": [
            {"weekday": day, "hour": hour, "mails": len(rows), "tickets": _numbers(rows)}
            for (day, hour), rows in sorted(found.arrivals.items())
        ],
        "phone": _phone_json(found.phone),
    }


def _tally_json(tally: Tally, prefix: str) -> dict[str, Any]:
    outcomes = {outcome: tally.of(outcome) for outcome in Outcome}
    return {
        "received": len(tally.rows),
        "taken_in_time": len(outcomes[Outcome.IN_TIME]),
        "share": tally.share,
        "late": [_late_json(row, prefix) for row in outcomes[Outcome.LATE]],
        "presumed": len(outcomes[Outcome.PRESUMED]),
        "pending": len(outcomes[Outcome.PENDING]),
        "median_s": seconds(figures.median(tally.delays)),
        "p90_s": seconds(figures.p90(tally.delays)),
        "median_opening_s": seconds(figures.median(tally.own_delays)),
        "p90_opening_s": seconds(figures.p90(tally.own_delays)),
        "tickets": {outcome.value: _numbers(rows) for outcome, rows in outcomes.items()},
    }


def _late_json(row: Row, prefix: str) -> dict[str, Any]:
    mail = row.mail
    return {
        "id": mail.ticket,
        "number": f"{prefix}-{mail.ticket}",
        "arrived_at": mail.started_at,
        "due_at": mail.due_at,
        "acted_at": mail.stopped_at,
        "presumed": mail.presumed,
        "delay_s": seconds(row.delay),
        "team": mail.team,
        "mail_id": mail.mail_id,
        "sha256": mail.sha256,
    }


def _numbers(rows: Iterable[Row]) -> list[int]:
    return list(tickets_of(rows))


def _phone_json(phone: Phone) -> dict[str, Any]:
    found: dict[str, Any] = {"calls": len(phone.calls), "tickets": _called(phone.calls)}
    for name in figures.OBJECTIVES:
        objective: Objective = getattr(phone, name)
        found |= {
            name: len(objective.met),
            f"share_{name}": objective.share,
            f"known_{name}": objective.known,
            f"missed_{name}": _called(objective.missed),
        }
    return found


def _called(calls: Iterable[tuple[int, Call]]) -> list[int]:
    return sorted({ticket for ticket, _ in calls})


def seconds(span: timedelta | None) -> int | None:
    """Whole seconds; one that has begun counts."""
    return None if span is None else -(-span // timedelta(seconds=1))


# ---------------------------------------------------------------------- CSV


def as_csv(found: Report, prefix: str) -> str:
    """Every mail and call behind the figures, a line each; semicolons, as spreadsheets of Belgium read."""
    out = io.StringIO()
    writer = csv.DictWriter(out, _COLUMNS, restval="", delimiter=";", lineterminator="\r\n")
    writer.writeheader()
    for kind, tally in (("request", found.mail), ("next", found.next_answers)):
        writer.writerows(_row_csv(kind, row, prefix) for row in tally.rows)
    writer.writerows(_calls_csv(found.phone.calls, prefix))
    return out.getvalue()


def _row_csv(kind: str, row: Row, prefix: str) -> dict[str, object]:
    mail = row.mail
    return {
        "kind": kind, "number": f"{prefix}-{mail.ticket}", "outcome": row.outcome.value,
        "arrived_at": _instant(mail.started_at), "acted_at": _instant(mail.stopped_at),
        "due_at": _instant(mail.due_at), "delay_s": seconds(row.delay),
        "opening_delay_s": "" if row.own is None else seconds(row.own), "team": _text(mail.team),
        "category": _text(mail.category), "beneficiary": _text(mail.entity), "status": mail.status.value,
        "mail_id": mail.mail_id, "sha256": mail.sha256,
    }  # fmt: skip


def _calls_csv(calls: Sequence[tuple[int, Call]], prefix: str) -> Iterator[dict[str, object]]:
    for ticket, call in calls:
        first = "" if call.first_call is None else "yes" if call.first_call else "no"
        yield {
            "kind": "call", "number": f"{prefix}-{ticket}", "arrived_at": _instant(call.at),
            "waited_s": call.waited, "lasted_s": call.lasted, "first_call": first,
        }  # fmt: skip


def _instant(at: datetime | None) -> str:
    return "" if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _text(value: str) -> str:
    return f"'{value}" if value.startswith(_FORMULA) else value
