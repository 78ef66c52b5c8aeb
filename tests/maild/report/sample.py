"""A month of a desk as it might be, made of chance that is always the same: to be looked at, not counted."""

import hashlib
import random
from datetime import UTC, date, datetime, timedelta

from maild.decide import figures
from maild.decide.figures import Report
from maild.decide.policy import Policy
from storage.records import Call, Status, TimedMail

NOW = datetime(2026, 12, 1, 6, 0, tzinfo=UTC)
_TEAMS = ("desk",) * 6 + ("réseau",) * 2 + ("comptes", "poste de travail")
_ENTITIES = ("Ministère de la Fédération Wallonie-Bruxelles",) * 5 + ("Établissements scolaires", "ETNIC", "")
_HOUR = timedelta(hours=1)


def november(policy: Policy, mails: int = 640) -> Report:
    """So many mails in November 2026, nearly all of them in time, and some calls."""
    dice, span = random.Random(11), figures.month(date(2026, 11, 1), policy.desk.timezone)
    made = sorted((_mail(dice, n, span.since) for n in range(mails)), key=lambda mail: mail.started_at)
    calls = [_call(dice, 2000 + n, span.since) for n in range(mails // 4)]
    return figures.report(
        made, calls, span, NOW, zone=policy.desk.timezone, open_time=policy.calendar.between
    )


def _mail(dice: random.Random, number: int, since: datetime) -> TimedMail:
    day, hour = _day(dice), dice.triangular(6, 20, 9.5)
    at = since + timedelta(days=day, hours=hour)
    late = dice.random() < 0.02
    delay = dice.uniform(24.1, 31) if late else min(23.9, dice.expovariate(1 / 3.2))
    return TimedMail(
        ticket=1001 + number, mail_id=f"m{number}", sha256=hashlib.sha256(str(number).encode()).hexdigest(),
        first=dice.random() < 0.8, started_at=at, due_at=at + 24 * _HOUR, stopped_at=at + delay * _HOUR,
        presumed=not late and dice.random() < 0.01, status=Status.CLOSED, team=dice.choice(_TEAMS),
        category=dice.choice(("incident", "incident", "demande")), entity=dice.choice(_ENTITIES),
    )  # fmt: skip


def _day(dice: random.Random) -> int:
    """Of November 2026, which began on a Sunday: seldom one of a weekend."""
    day = dice.randrange(30)
    return dice.randrange(30) if day % 7 in (0, 6) else day


def _call(dice: random.Random, number: int, since: datetime) -> tuple[int, Call]:
    at = since + timedelta(
        days=dice.choice([1, 2, 3, 4, 5]) + 7 * dice.randrange(4), hours=dice.uniform(8, 17)
    )
    waited = round(dice.expovariate(1 / 130))
    return number, Call(at=at, agent="anne@etnic.be", waited=waited, first_call=dice.random() < 0.87)
