"""Counts: nothing before the board is open, exact values after, and nobody's name in a label."""

import subprocess
import sys
from pathlib import Path

import pytest

from maild import metrics, timers
from maild.metrics import Gauge
from storage.database import Unavailable
from storage.store import LeaseLost
from tests.maild import office
from tests.maild.office import raw


@pytest.fixture(autouse=True)
def _anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test counts from nothing."""
    monkeypatch.setattr(metrics, "_series", None)


def counted() -> dict[str, float]:
    """Every series of ours that is not zero, by its name and labels."""
    lines = metrics.exposition(()).decode().splitlines()
    values = (line.rpartition(" ") for line in lines if line.startswith("maild_"))
    return {name: float(value) for name, _, value in values if float(value) and "_bucket" not in name}


def happen() -> None:
    """One of everything."""
    metrics.told("message.ingested", "support", {"kind": "request"})
    metrics.told("message.duplicate", "support", {})
    metrics.told("message.quarantined", "support", {"reason": "took longer than 5 s"})
    metrics.told("message.quarantined", "support", {"reason": "jean@ecole.test"})
    metrics.told("ticket.opened", "support", {})
    metrics.told("loop.suppressed", "support", {"reason": "muted: jean@ecole.test"})
    metrics.told("loop.suppressed", "support", {"reason": "because of jean@ecole.test"})
    metrics.told("agent.command", "support", {"verbs": "prendre note"})
    metrics.told("agent.command_rejected", "support", {"verbs": ""})
    metrics.told("sla.met", "support", {"first_s": 5400})
    metrics.told("sla.met", "support", {"first_s": None})
    metrics.filed(2, 0.5)
    metrics.filed(0, 0.5)
    metrics.breached(3)
    metrics.breached(0)
    metrics.lost("support", Unavailable("jean@ecole.test"))
    metrics.lost("support", LeaseLost("gone"))
    metrics.delivered("sent")
    metrics.throttled(2.5)
    with metrics.job("sweep"):
        pass


def test_nothing_is_counted_before_the_beginning() -> None:
    happen()
    assert [name.partition("{")[0] for name in counted()] == ["maild_build_info"]


def test_everything_is_counted_once() -> None:
    metrics.begin()
    metrics.begin()
    happen()
    found = counted()
    assert found.pop('maild_job_duration_seconds_sum{job="sweep"}') < 1
    assert {name: value for name, value in found.items() if "build_info" not in name} == {
        'maild_messages_ingested_total{mailbox="support",outcome="filed"}': 1,
        'maild_messages_ingested_total{mailbox="support",outcome="duplicate"}': 1,
        'maild_messages_ingested_total{mailbox="support",outcome="quarantined"}': 2,
        'maild_quarantined_total{reason="time"}': 1,
        'maild_quarantined_total{reason="other"}': 1,
        'maild_loops_suppressed_total{reason="muted"}': 1,
        'maild_loops_suppressed_total{reason="other"}': 1,
        'maild_agent_commands_total{command="prendre",outcome="done"}': 1,
        'maild_agent_commands_total{command="note",outcome="done"}': 1,
        'maild_agent_commands_total{command="unknown",outcome="rejected"}': 1,
        "maild_first_response_seconds_count": 1,
        "maild_first_response_seconds_sum": 5400,
        "maild_ingest_duration_seconds_count": 2,
        "maild_ingest_duration_seconds_sum": 0.5,
        "maild_sla_breaches_total": 3,
        'maild_imap_reconnects_total{mailbox="support",reason="Unavailable"}': 1,
        'maild_imap_reconnects_total{mailbox="support",reason="LeaseLost"}': 1,
        "maild_node_epoch_conflicts_total": 1,
        'maild_smtp_deliveries_total{outcome="sent"}': 1,
        "maild_smtp_throttled_seconds_total": 2.5,
        'maild_job_duration_seconds_count{job="sweep"}': 1,
    }


def test_what_is_stands_beside_what_was_counted() -> None:
    """No ``_created`` series beside it, and no library but the one registry of ours."""
    shown = Gauge(name="maild_up", told="Up.", labels=("a",), values=((('x"\n',), 1.0),))
    text = metrics.exposition((shown,)).decode()
    assert '# HELP maild_up Up.\n# TYPE maild_up gauge\nmaild_up{a="x\\"\\n"} 1.0\n' in text
    assert "process_resident_memory_bytes" in text
    assert "_created" not in text
    assert "python_info" not in text


def test_filing_counts_when_it_is_durable(tmp_path: Path) -> None:
    """A request, its copy, and a robot that is not answered."""
    metrics.begin()
    with office.room(tmp_path) as room:
        room.ingest(raw())
        room.ingest(raw(), raw("m2@ecole.test", Auto_Submitted="auto-generated"))
    found = counted()
    assert found['maild_messages_ingested_total{mailbox="support",outcome="filed"}'] == 2
    assert found['maild_messages_ingested_total{mailbox="support",outcome="duplicate"}'] == 1
    assert found['maild_loops_suppressed_total{reason="automatic"}'] == 1
    assert found["maild_ingest_duration_seconds_count"] == 3


def by_anne(message_id: str, words: str) -> bytes:
    """An order of an agent on the first ticket."""
    proof = "mx.etnic.test; dmarc=pass header.from=etnic.test"
    return raw(
        message_id, body=words, From="Anne <anne@etnic.test>", Subject="Re: [ETNIC-1001] Imprimante",
        Authentication_Results=proof, In_Reply_To="<m1@ecole.test>", References="<m1@ecole.test>",
    )  # fmt: skip


def test_the_first_answer_is_counted_with_the_order_that_gave_it(tmp_path: Path) -> None:
    """Once: what an agent does later is no first answer, and what is not understood is no order."""
    metrics.begin()
    with office.room(tmp_path) as room:
        room.ingest(raw())
        room.clock.later(minutes=90)
        room.ingest(by_anne("a1@etnic.test", "#prendre\n"))
        room.ingest(by_anne("a2@etnic.test", "#priorité haute\n"), by_anne("a3@etnic.test", "#prendrre\n"))
    found = counted()
    assert found["maild_first_response_seconds_sum"] == 5400
    assert found["maild_first_response_seconds_count"] == 1
    assert {name: value for name, value in found.items() if "commands" in name} == {
        'maild_agent_commands_total{command="prendre",outcome="done"}': 1,
        'maild_agent_commands_total{command="priorite",outcome="done"}': 1,
        'maild_agent_commands_total{command="unknown",outcome="rejected"}': 1,
    }


def test_a_timer_counts_its_turns_also_those_that_fail(caplog: pytest.LogCaptureFixture) -> None:
    metrics.begin()
    timers._guarded("sweep", lambda: None)()
    timers._guarded("sweep", lambda: 1 / 0)()
    assert counted()['maild_job_duration_seconds_count{job="sweep"}'] == 2


def test_a_desk_without_a_board_loads_nothing_for_it() -> None:
    """Neither the client of Prometheus nor a web server: they cost memory and a tenth of a second."""
    loaded = "import sys, maild.daemon; print(*sys.modules)"
    said = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    packages = {name.partition(".")[0] for name in said.stdout.split()}
    assert "maild" in packages
    assert not packages & {"prometheus_client", "starlette", "uvicorn"}
