"""The virus scanner: none, one that is well, and each of its faults."""

from datetime import UTC, datetime

import pytest

from maild.cli.doctor.faults import Fault
from maild.cli.doctor.files import _of_version
from tests.maild.doctor.desk import Examine, finds, row
from tests.peers.clamd import Clamd

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_a_desk_without_one(examine: Examine) -> None:
    found = examine()
    assert "none" in found.of("virus scanner", "ok")[0]
    assert "program, script" in found.of("attachments", "ok")[0]


@finds(Fault.SCANNER_UNOFFICIAL)
def test_one_with_signatures_of_its_own(examine: Examine, clamd: Clamd) -> None:
    (line,) = examine(f'[attachments]\nclamd = "{clamd.address}"').of("virus scanner", "warn")
    assert line.startswith("ClamAV 1.")
    assert "freshclam" in line


@finds(Fault.SCANNER_SILENT)
@pytest.mark.parametrize(("then", "told"), [("hold", "held until agents ask"), ("send", "sent unscanned")])
def test_one_that_is_not_there(examine: Examine, then: str, told: str) -> None:
    found = examine(f'[attachments]\nclamd = "unix:/nowhere/clamd.ctl"\nunscanned = "{then}"')
    (line,) = found.of("virus scanner", "fail")
    assert told in line
    assert "start clamav-daemon" in line


@finds(Fault.SCANNER_NOT_ENCRYPTED)
def test_one_over_the_network(examine: Examine) -> None:
    found = examine('[attachments]\nclamd = "192.0.2.1:3310"\nwait = "1s"')
    assert "unencrypted" in found.of("virus scanner", "warn")[0]


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ("ClamAV 1.4.3/27500/Mon Nov 23 09:24:10 2026", "ok"),
        row(Fault.SCANNER_OLD, "ClamAV 1.4.3/27500/Sun Nov  1 09:24:10 2026", "warn"),
        ("ClamAV 1.4.3/27500/some day or other, who knows", "ok"),
        ("ClamAV 1.4.3", "warn"),
    ],
)
def test_how_old_its_signatures_are(said: str, verdict: str) -> None:
    assert _of_version(said, NOON).verdict == verdict
