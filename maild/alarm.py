"""Trouble is heard: what is wrong with the house is told to the administrators, once, and so is its end.

Stands beside the receivers, started by ``timers``: facts -> ``decide.troubles`` -> a letter, and a command of
the operator's, because mail may be what is broken. What was told stands in the ledger, so that a restart
repeats nothing; while the ledger takes no writes it is kept in memory, the command runs all the same, and the
letters are written later. The command runs before its telling is durable: a process that dies in between
tells once more. Raises nothing that the database or the command can do wrong.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from maild import condition, log
from maild.decide import troubles as judgement
from maild.decide.troubles import Facts, LedgerFacts, Trouble
from maild.effects import letters
from maild.health import Health
from maild.ingest import Office
from storage import troubles
from storage.database import Unavailable, is_unavailable
from storage.records import StandingTrouble
from storage.store import Transaction

_log = log.get("maild.alarm")

CAUSE = "timer:alarm"
EVERY = timedelta(seconds=15)
# The command is the operator's: it may hang, and the next look must come all the same.
COMMAND_SECONDS = 15.0
# All that the command is given of our environment, which holds secrets.
_PASSED_ON = ("PATH", "HOME", "LANG", "TZ")
_USUAL_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """A trouble began, or is over."""

    trouble: Trouble
    at: datetime
    over: bool = False

    @property
    def headline(self) -> str:
        """What a person reads first; in a letter the template says the rest."""
        return self.trouble.detail.partition("; ")[0]

    @property
    def remedy(self) -> str:
        """What helps, where that is known: it stands behind the first semicolon."""
        return "" if self.over else self.trouble.detail.partition("; ")[2]


@dataclass(slots=True, kw_only=True)
class Alarm:
    """What is looked at, who is told, and what was told already. Of one thread at a time.

    ``polls``: each maildrop, and how often it is looked at. ``started_at``: when this process began to look;
    None where what it finds is true at once, as after a pass. ``standing``: every trouble that was told.
    ``unwritten``: what the command was told and the ledger not yet.
    """

    office: Office
    polls: Mapping[str, timedelta]
    health: Health
    directory: Path
    command: tuple[str, ...] = ()
    started_at: datetime | None = None
    standing: dict[str, Trouble] = field(default_factory=dict)
    remembers: bool = False
    unwritten: list[Telling] = field(default_factory=list)
    unwritable: tuple[datetime, str] | None = None


def look(alarm: Alarm) -> int:
    """Judge the house, and tell what has changed since the last look; returns how many changes that were."""
    now = alarm.office.now()
    facts = _facts(alarm, now)
    found = {trouble.name: trouble for trouble in judgement.judge(facts)}
    began = [Telling(trouble=t, at=now) for name, t in found.items() if name not in alarm.standing]
    over = [Telling(trouble=t, at=now, over=True) for name, t in alarm.standing.items() if name not in found]
    for telling in (*began, *over):
        _tell(alarm, telling)
    alarm.standing = found
    alarm.unwritten += [*began, *over]
    _write(alarm, now)
    return len(began) + len(over)


# ---------------------------------------------------------------------- facts


def _facts(alarm: Alarm, now: datetime) -> Facts:
    ledger = _probed(alarm, now)
    since, reason = alarm.unwritable or (None, "")
    return Facts(
        now=now, ledger=ledger, started_at=alarm.started_at, unwritable_since=since,
        unwritable_reason=reason, contacts=alarm.health.contacts(), free=condition.free(alarm.directory),
        standing=alarm.standing,
    )  # fmt: skip


def _probed(alarm: Alarm, now: datetime) -> LedgerFacts | None:
    """What the ledger says, and whether it takes writes; None where it does not even answer."""
    store = alarm.office.store
    facts = None
    try:
        with store.read() as tx:
            facts = condition.ledger_facts(tx, alarm.polls, now)
            before = condition.told(tx)
        if not alarm.remembers:
            alarm.standing = before | alarm.standing
            alarm.remembers = True
        with store.write() as tx:
            troubles.probe(tx, now)
    except Unavailable as error:
        _not_writable(alarm, now, error)
        return facts
    alarm.unwritable = None
    return facts


def _not_writable(alarm: Alarm, now: datetime, error: Unavailable) -> None:
    if alarm.unwritable is None:
        _log.warning("alarm.unwritable", reason=str(error))
        alarm.unwritable = (now, str(error))


# ---------------------------------------------------------------------- telling


def _tell(alarm: Alarm, telling: Telling) -> None:
    """The log and the command hear of it at once."""
    trouble = telling.trouble
    say = _log.info if telling.over else _log.error
    say("trouble.over" if telling.over else "trouble.began", name=trouble.name, since=trouble.since,
        reason=trouble.detail)  # fmt: skip
    if alarm.command and (fault := run_command(alarm.command, text_of(telling, alarm.office))):
        _log.error("alarm.command_failed", command=alarm.command[0], name=trouble.name, reason=fault)


def text_of(telling: Telling, office: Office) -> str:
    """What the command reads on its standard input: a line for people, then lines for programs."""
    trouble, desk = telling.trouble, office.policy.desk
    state = "over" if telling.over else "began"
    lines = [
        f"maild {desk.address}: {state}: {trouble.detail}", "",
        f"trouble: {trouble.name}", f"state: {state}", f"since: {trouble.since:%Y-%m-%dT%H:%M:%SZ}",
        f"at: {telling.at:%Y-%m-%dT%H:%M:%SZ}", f"desk: {desk.name}",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def missing(command: Sequence[str]) -> str:
    """Why the command cannot be run; "" when it can, or when there is none."""
    if not command or shutil.which(command[0], path=os.environ.get("PATH", _USUAL_PATH)):
        return ""
    return f"{command[0]} is no program that can be run"


def run_command(
    command: Sequence[str],
    text: str,
    *,
    seconds: float = COMMAND_SECONDS,
    environ: Mapping[str, str] = os.environ,
) -> str:
    """Run the operator's command, without a shell and with little of our environment.

    Args:
        text: its standard input; what it writes is not kept.

    Returns:
        What went wrong, "" when nothing did.
    """
    passed_on = {name: environ[name] for name in _PASSED_ON if name in environ}
    try:
        done = subprocess.run(  # noqa: S603  (it is the operator's own, from the configuration)
            list(command), input=text.encode(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            timeout=seconds, env={"PATH": _USUAL_PATH} | passed_on, cwd="/", check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"it had not ended after {seconds:g} s, and was killed"
    except (OSError, ValueError) as error:
        return str(error)
    return "" if done.returncode == 0 else f"it ended with {done.returncode}"


def _write(alarm: Alarm, now: datetime) -> None:
    """Let the ledger remember what was told, and owe the letters, in one transaction."""
    if not alarm.unwritten:
        return
    try:
        with alarm.office.store.write() as tx:
            for telling in alarm.unwritten:
                _remember(tx, telling, alarm.office)
    except Unavailable as error:
        _not_writable(alarm, now, error)
        return
    alarm.unwritten = []


def _remember(tx: Transaction, telling: Telling, office: Office) -> None:
    trouble = telling.trouble
    if telling.over:
        troubles.end(tx, trouble.name)
    else:
        told = StandingTrouble(
            name=trouble.name, since=trouble.since, told_at=telling.at, detail=trouble.detail
        )
        if not troubles.begin(tx, told):
            return
    try:
        with tx.savepoint():
            _owe(tx, telling, office)
    except Exception as error:
        if is_unavailable(error):
            raise
        # A template of the operator's that fails must not keep the ledger from remembering.
        _log.exception("alarm.unwritten", name=trouble.name)


def _owe(tx: Transaction, telling: Telling, office: Office) -> None:
    trouble = telling.trouble
    state = "over" if telling.over else "began"
    span = (
        f"since {trouble.since:%Y-%m-%d %H:%M:%SZ}, {'over' if telling.over else 'seen'} "
        f"{telling.at:%Y-%m-%d %H:%M:%SZ} ({trouble.name})"
    )
    letters.owe_trouble(
        tx, about=f"{state}:{trouble.name}:{trouble.since.isoformat()}", headline=telling.headline,
        details=f"{telling.remedy}\n\n{span}".strip(),
        cause=CAUSE, now=telling.at, policy=office.policy, paper=office.paper, over=telling.over,
    )  # fmt: skip
