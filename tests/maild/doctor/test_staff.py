"""Nobody who hears, nobody who can prove who he is, and the alert that nobody can run."""

import json
from pathlib import Path
from typing import Any

import pytest

from maild import cli
from maild.cli.doctor.faults import Fault
from tests.maild.doctor.desk import Examine, finds, row

LOOKED_AT = ("people", "proof", "alert")
ANNE = '[[agent]]\nname = "Anne"\naddress = "a@b.c"\n'


@pytest.mark.parametrize(
    ("rest", "wanted"),
    [
        row(Fault.NO_AGENTS, "", "no agent"),
        row(Fault.NO_ADMINISTRATORS, "", "no administrators"),
        row(Fault.AGENT_WITHOUT_TEAM, f"{ANNE}teams = []", "Anne is in no team"),
        row(Fault.TEAM_UNMANNED, f'{ANNE}teams = ["net"]', "nobody is in the team desk"),
        row(Fault.NO_LEAD, ANNE, "no lead"),
        row(Fault.TEAM_UNREACHABLE, f'{ANNE}[[team]]\nname = "net"', "team net has neither"),
    ],
)
def test_nobody_who_would_hear_of_it(examine: Examine, rest: str, wanted: str) -> None:
    assert any(wanted in line for line in examine(rest).of("people", "warn"))


@finds(Fault.NO_PROOF, Fault.NO_TRUSTED_SERVER)
def test_agents_without_proof(examine: Examine) -> None:
    assert "trusted_authserv_ids" in examine().of("proof", "warn")[0]
    trusted = '[security]\ntrusted_authserv_ids = ["mx"]'
    assert "token, dmarc" in examine(trusted).of("proof", "ok")[0]
    assert "no command in a mail is obeyed" in examine("[security]\nproof = []").of("proof", "warn")[0]


@pytest.mark.parametrize(
    ("command", "verdict", "said"),
    [
        ("", "ok", "by mail only"),
        row(Fault.ALERT_MISSING, '["no-such-program"]', "fail", "no-such-program is no program"),
        ('["sh", "-c", "touch ran"]', "ok", "sh can be run"),
    ],
)
def test_the_alert_command_is_looked_for_and_not_run(
    examine: Examine, tmp_path: Path, command: str, verdict: str, said: str
) -> None:
    found = examine(f"[alert]\ncommand = {command}\n" if command else "")
    (line,) = found.of("alert", verdict)
    assert said in line
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(("code", "verdict"), [("cat > $0", "ok"), row(Fault.ALERT_FAILED, "exit 3", "fail")])
def test_the_alert_command_runs_on_request(
    examine: Examine, tmp_path: Path, capsysbinary: Any, code: str, verdict: str
) -> None:
    heard = tmp_path / "heard"
    examine(f"[alert]\ncommand = {json.dumps(['sh', '-c', code, str(heard)])}\n")
    cli.answer(["doctor", "--json", "--alert"])
    last = json.loads(capsysbinary.readouterr().out.splitlines()[-1])
    assert (last["check"], last["verdict"]) == ("alert", verdict)
    assert heard.exists() == (verdict == "ok")
    assert verdict == "fail" or "a test" in heard.read_text(encoding="utf-8")


@finds(Fault.NO_ALERT)
def test_there_may_be_no_alert_to_try(examine: Examine, capsysbinary: Any) -> None:
    examine()
    cli.answer(["doctor", "--json", "--alert"])
    assert b"no [alert] command to try" in capsysbinary.readouterr().out
