"""The next weeks: holidays, days on which nobody is there, and rules that say nothing."""

import time_machine

from maild.cli.doctor.faults import Fault
from tests.maild.doctor.desk import Examine, finds

# A Monday; the five weeks from it on hold Christmas and New Year.
DECEMBER = "2026-12-07T09:00:00Z"

LOOKED_AT = ("calendar", "rules")


def test_the_next_weeks(examine: Examine) -> None:
    with time_machine.travel(DECEMBER, tick=False):
        (line,) = examine().of("calendar")
    assert "open on 23 days until 2027-01-10; closed on 2026-12-25, 2027-01-01" in line


@finds(Fault.CLOSED_FOR_LONG)
def test_a_desk_that_closes_for_long(examine: Examine) -> None:
    closed = [f"2026-12-{day}" for day in (21, 22, 23, 24, 28, 29, 30, 31)]
    with time_machine.travel(DECEMBER, tick=False):
        (line,) = examine(f"[calendar]\nclosed = {closed}").of("calendar", "warn")
    assert "closed from 2026-12-19 to 2027-01-03" in line


@finds(Fault.EVERYBODY_AWAY)
def test_open_days_on_which_every_agent_is_away(examine: Examine) -> None:
    agents = "".join(
        f'[[agent]]\nname = "{name}"\naddress = "{name}@etnic.be"\naway = ["{away}"]\n'
        for name, away in (("anne", "2026-12-24/2027-01-02"), ("jo", "2026-12-28"))
    )
    with time_machine.travel(DECEMBER, tick=False):
        (line,) = examine(agents).of("calendar", "warn")
        alone = examine(agents.replace('"2026-12-28"', ""))
    assert "every agent is away: 2026-12-28 -> write those days" in line
    assert alone.of("calendar", "warn") == []


@finds(Fault.HOLIDAYS_UNKNOWN)
def test_holidays_that_nobody_knows(examine: Examine) -> None:
    """The library ends somewhere."""
    with time_machine.travel("2150-01-05T09:00:00Z", tick=False):
        (line,) = examine().of("calendar", "warn")
    assert "no holidays of 2150 are known for BE" in line


@finds(Fault.RULE_UNHEARD)
def test_a_rule_that_is_never_heard(examine: Examine) -> None:
    rules = """
[[rule]]
match = { subject = "vpn" }
team = "desk"
[[rule]]
match = { subject = "vpn", from = "*@cfwb.be" }
team = "desk"
"""
    (line,) = examine(rules).of("rules", "warn")
    assert "rule[2] is never heard" in line
    assert examine(rules.replace('"vpn", from', '"mail", from')).of("rules", "ok")
    assert examine().of("rules") == []
