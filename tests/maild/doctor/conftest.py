"""How the tests let doctor look at a desk."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from maild import cli
from maild.cli import doctor
from maild.cli.doctor import findings
from maild.cli.doctor.faults import Fault
from maild.cli.doctor.findings import Finding
from tests.maild.doctor.desk import SECRET, Examine, Found


@pytest.fixture(autouse=True)
def _found_what_it_says(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever a test says that it makes doctor find was found."""
    promised = {fault for mark in request.node.iter_markers("finds") for fault in mark.args}
    found = set[Fault | None]()

    def noted(**finding: Any) -> Finding:
        found.add(finding.get("fault"))
        return Finding(**finding)

    monkeypatch.setattr(findings, "Finding", noted)
    yield
    assert promised <= found, f"not found: {promised - found}"


@pytest.fixture
def examine(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: Any
) -> Examine:
    """Runs `maild doctor --json` on a configuration: tables of keys over those of a least desk.

    Only the checks that the module names as LOOKED_AT are made: all of them take a second.
    """
    wanted = getattr(request.module, "LOOKED_AT", None)
    if wanted is not None:
        monkeypatch.setattr(doctor, "CHECKS", [row for row in doctor.CHECKS if row[0] in wanted])
    for name in [name for name in os.environ if name.startswith("MAILD_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)

    def run(rest: str = "", *, sound: bool = False, **tables: dict[str, object]) -> Found:
        desk = {"name": "Desk", "address": "support@etnic.be", "secret_file": "secret"}
        # Names under .invalid never resolve (RFC 2606 section 2).
        drop = {"kind": "imap", "host": "imap.invalid", "user": "support", "password": "x"}
        submission = {"host": "smtp.invalid"}
        if not (tmp_path / "secret").exists():
            (tmp_path / "secret").write_text(SECRET, encoding="utf-8")
            (tmp_path / "secret").chmod(0o600)
        text = "".join(
            f"[{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in table.items())
            for name, table in (
                ("desk", desk | tables.get("desk", {})),
                ("maildrop.support", tables.get("support", drop | tables.get("drop", {}))),
                ("submission", submission | tables.get("submission", {})),
            )
        )
        (tmp_path / "config.toml").write_text(text + rest, encoding="utf-8")
        (tmp_path / "config.toml").chmod(0o600)
        code = cli.answer(["doctor", "--json"])
        return Found(code, [json.loads(line) for line in capsysbinary.readouterr().out.splitlines()])

    return run
