"""What other programs get: the names that the design promises, and a line for every mail and call."""

import csv
import io
import json
from datetime import date, timedelta
from typing import Any

import pytest

from maild.decide import figures
from maild.decide.figures import Report
from maild.report import export
from maild.report.collect import collect
from storage.database import Database
from storage.records import Status, TimedMail
from storage.store import Store
from tests.maild.decide.cases import policy
from tests.maild.report import month

ZONE = "Europe/Brussels"


@pytest.fixture
def november(sqlite_base: Database) -> tuple[Report, dict[str, int]]:
    """The report of the made-up month, and its tickets."""
    with Store(database=sqlite_base).write() as tx:
        numbers = month.write(tx)
        return collect(tx, figures.month(date(2026, 11, 1), ZONE), policy(), month.NOW), numbers


def test_the_json_is_what_the_design_promises(november: tuple[Report, dict[str, int]]) -> None:
    """Names and values of section 10; what is added to them names the tickets."""
    found, numbers = november
    told = json.loads(json.dumps(export.as_json(found, "ETNIC"), default=str))
    assert told["span"] == {"from": "2026-10-31 23:00:00+00:00", "to": "2026-11-30 23:00:00+00:00"}
    mail = told["mail"]
    counts = {name: mail[name] for name in ("received", "taken_in_time", "share", "presumed", "pending")}
    assert counts == {"received": 11, "taken_in_time": 6, "share": 0.6666, "presumed": 1, "pending": 1}
    assert (mail["median_s"], mail["p90_s"], mail["median_opening_s"]) == (5 * 3600, 91_800, None)
    assert [(one["id"], one["delay_s"], one["presumed"]) for one in mail["late"]] == [
        (numbers["late"], 91_800, False),
        (numbers["presumed late"], 108_000, True),
        # From 10 November, 12.00, to the moment of the report.
        (numbers["late and pending"], 20 * 86_400 + 66_600, False),
    ]
    assert mail["late"][0]["number"] == f"ETNIC-{numbers['late']}"
    assert mail["late"][2]["acted_at"] is None
    assert mail["tickets"]["presumed"] == [numbers["presumed"]]
    assert told["out_of_scope"] == 1
    assert told["out_of_scope_tickets"] == [numbers["out of scope"]]
    assert told["by_team"]["réseau"]["share"] == 0.5
    assert told["next_answers"]["received"] == 2
    phone = {name: told["phone"][name] for name in ("calls", "under_5_min", "first_call", "within_4_hours")}
    assert phone == {"calls": 5, "under_5_min": 1, "first_call": 2, "within_4_hours": 3}
    assert told["phone"]["share_under_5_min"] == 0.25
    assert told["phone"]["missed_within_4_hours"] == [numbers["five hours"]]


def test_every_figure_is_as_long_as_its_list_of_mails(november: tuple[Report, dict[str, int]]) -> None:
    """The CSV holds each mail and call once, so that whoever counts its lines finds the figures."""
    found, _ = november
    rows = list(csv.DictReader(io.StringIO(export.as_csv(found, "ETNIC")), delimiter=";"))
    counted: dict[tuple[str, str], int] = {}
    for row in rows:
        counted[row["kind"], row["outcome"]] = counted.get((row["kind"], row["outcome"]), 0) + 1
    assert counted == {
        ("request", "in_time"): 6, ("request", "late"): 3, ("request", "presumed"): 1,
        ("request", "pending"): 1, ("next", "in_time"): 1, ("next", "late"): 1, ("call", ""): 5,
    }  # fmt: skip
    late = [row for row in rows if (row["kind"], row["outcome"]) == ("request", "late")]
    assert late[0]["arrived_at"] == "2026-11-04T10:00:00Z"
    assert late[0]["sha256"] == export.as_json(found, "ETNIC")["mail"]["late"][0]["sha256"]
    assert [row["first_call"] for row in rows if row["kind"] == "call"] == ["yes", "no", "", "no", "yes"]


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+1", "-1", "@x", "\tx"])
def test_no_name_is_a_formula_of_a_spreadsheet(name: str) -> None:
    """An agent's word for an entity is text, whatever it begins with."""
    text = export.as_csv(made(entity=name), "ETNIC")
    (row,) = csv.DictReader(io.StringIO(text, newline=""), delimiter=";")
    assert row["beneficiary"] == f"'{name}"


def made(**values: Any) -> Report:
    """The report of one mail."""
    span = figures.month(date(2026, 11, 1), ZONE)
    mail: dict[str, Any] = {
        "ticket": 1001, "mail_id": "m1", "sha256": "0" * 64, "first": True, "started_at": span.since,
        "due_at": span.since + timedelta(days=1), "stopped_at": None, "presumed": False,
        "status": Status.NEW,
    }  # fmt: skip

    return figures.report(
        [TimedMail(**(mail | values))], (), span, span.since, zone=ZONE, open_time=lambda a, b: b - a
    )
