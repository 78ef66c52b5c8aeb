"""Whether somebody hears of each ticket, breach and trouble, and can prove who he is, for ``doctor``."""

from collections.abc import Iterator
from pathlib import Path

from maild import alarm
from maild.cli.counts import counted
from maild.cli.doctor.faults import Fault
from maild.cli.doctor.findings import Finding, fail, ok, warn
from maild.config import Config


def people(settings: Config, _file: Path) -> Iterator[Finding]:
    """Whether somebody hears of each ticket, each breach and each trouble."""
    if not settings.agent and not any(team.address for team in settings.team):
        found = "no agent and no team with an address: nobody hears of a new ticket by mail"
        yield warn("people", Fault.NO_AGENTS, found, "write an [[agent]] for each person who answers")
    elif settings.agent:
        teams = sorted({team for agent in settings.agent for team in agent.teams})
        yield ok("people", f"{counted(len(settings.agent), 'agent')} in {', '.join(teams) or 'no team'}")
        yield from _memberships(settings)
    if not settings.desk.administrators:
        found = "no administrators: trouble with maild itself stands in the log only"
        yield warn("people", Fault.NO_ADMINISTRATORS, found, 'write administrators = ["…"] in [desk]')


def _memberships(settings: Config) -> Iterator[Finding]:
    manned = {team for agent in settings.agent for team in agent.teams}
    for agent in settings.agent:
        if not agent.teams:
            found = f"{agent.name} is in no team and hears of nothing"
            yield warn("people", Fault.AGENT_WITHOUT_TEAM, found, 'write teams = ["desk"]')
    for team in settings.team:
        if not team.address and team.name not in manned:
            found = f"team {team.name} has neither an address nor an agent"
            yield warn("people", Fault.TEAM_UNREACHABLE, found, "give it one of them")
    named = (
        {rule.team for rule in settings.rule} | {category.team for category in settings.category} | {"desk"}
    )
    reached = manned | {team.name for team in settings.team}
    for name in sorted(named - reached - {""}):
        remedy = f"write {name!r} in the teams of an agent"
        yield warn("people", Fault.TEAM_UNMANNED, f"nobody is in the team {name}", remedy)
    if not any(agent.lead for agent in settings.agent):
        found = "no lead: at a breach no one person is told"
        yield warn("people", Fault.NO_LEAD, found, "write lead = true for an agent")


def proof(settings: Config, _file: Path) -> Iterator[Finding]:
    """Whether agents can prove who they are."""
    security = settings.security
    if not security.proof:
        found = "nothing proves who an agent is: no command in a mail is obeyed"
        yield warn("proof", Fault.NO_PROOF, found, 'write proof = ["token", "dmarc"] in [security]')
        return
    if "dmarc" in security.proof and not security.trusted_authserv_ids:
        found = "no trusted_authserv_ids: a DMARC pass proves nothing, only replies to our own mails do"
        remedy = "write the first word of Authentication-Results in a mail that came to the desk"
        remedy += "; `maild doctor --probe` reads it"
        yield warn("proof", Fault.NO_TRUSTED_SERVER, found, remedy)
    else:
        yield ok("proof", f"agents are known by {', '.join(security.proof)}")


def alert(settings: Config, _file: Path) -> Iterator[Finding]:
    """Whether trouble is heard when mail is what is broken; the command itself runs on request only."""
    command = settings.alert.command
    if not command:
        yield ok("alert", "trouble is told by mail only; [alert] command tells it by another way")
    elif why := alarm.missing(command):
        remedy = "mend [alert] command: a program's path, or a name on PATH"
        yield fail("alert", Fault.ALERT_MISSING, why, remedy)
    else:
        yield ok("alert", f"{command[0]} can be run; `maild doctor --alert` tries it")


def alert_tried(settings: Config, _file: Path) -> Iterator[Finding]:
    """The command, run once with a test message."""
    command, address = settings.alert.command, settings.desk.address
    if not command:
        remedy = 'write command = ["…"] in [alert]'
        yield warn("alert", Fault.NO_ALERT, "there is no [alert] command to try", remedy)
    elif why := alarm.run_command(command, f"maild {address}: a test\n\ntrouble: test\nstate: began\n"):
        remedy = "run it by hand with a text on its standard input"
        yield fail("alert", Fault.ALERT_FAILED, f"{command[0]}: {why}", remedy)
    else:
        yield ok("alert", f"{command[0]} took a test message")
