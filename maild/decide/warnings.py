"""What the desk's people hear as a clock runs, when, and who they are (pure; DESIGN section 7).

Asked by ``sweep`` for the few clocks whose time has come. A share between is told at a full hour of the
desk's, the last share and the limit at once; each only once a ticket until somebody acts, and of several that
were passed while nobody looked only the highest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from maild.arrival import Source
from maild.decide import sla
from maild.decide.consequences import recipients_of
from maild.decide.facts import Facts
from maild.decide.policy import Policy
from storage.records import Clock, Ticket


class Way(StrEnum):
    """How people hear of a share that was reached."""

    DIGEST = "digest"  # a share between, together with others, at a full hour
    NEAR = "near"  # the last share, at once
    BREACHED = "breached"  # the limit, at once, and whoever leads hears it too


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What a look at a clock finds.

    ``clock``: as it is from now on; ``advanced``: it has come to another stage. ``way``: how people hear of
    it now, None for not at all; ``next_at``: when to look again, None for never.
    """

    clock: Clock
    advanced: bool
    way: Way | None
    next_at: datetime | None


def look(clock: Clock, now: datetime, policy: Policy) -> Looked:
    """Look at a clock that runs."""
    stage, way = sla.stage(clock, now), _way(clock, now, policy)
    warned = sla.reached(clock, now, policy) if way else clock.warned
    found = replace(clock, stage=stage, warned=warned)
    return Looked(
        clock=found, advanced=stage is not clock.stage, way=way, next_at=sla.next_look(found, now, policy)
    )


def _way(clock: Clock, now: datetime, policy: Policy) -> Way | None:
    share = sla.reached(clock, now, policy)
    if clock.team or share <= clock.warned:
        return None
    if share >= sla.WHOLE:
        return Way.BREACHED
    at = sla.digest_at(clock, now, policy)
    if at is None:
        return Way.NEAR
    # A daemon that was down at the full hour, and is back at night, lets people sleep.
    return Way.DIGEST if at <= now and policy.calendar.is_open(now) else None


def news(looked: Sequence[Looked], heard: Mapping[int, float]) -> tuple[Looked, ...]:
    """What people do not know yet of a ticket: of its clocks those that have come furthest, where that is
    further than anybody has been told.

    Whoever knows that a ticket is near its limit, or past it, learns nothing from a later mail on it that
    gets there, too: until somebody acts, what was told still holds.

    Args:
        heard: ticket -> the highest share that was told of its clocks before this look.
    """
    told = [one for one in looked if one.way and one.clock.warned > heard.get(one.clock.ticket_id, 0.0)]
    furthest: dict[int, float] = {}
    for one in told:
        furthest[one.clock.ticket_id] = max(furthest.get(one.clock.ticket_id, 0.0), one.clock.warned)
    return tuple(one for one in told if one.clock.warned == furthest[one.clock.ticket_id])


def hearers(ticket: Ticket, way: Way | None, now: datetime, policy: Policy) -> tuple[tuple[str, str], ...]:
    """(address, language) of whoever has a ticket: its assignee, else its team, else whoever is there; at the
    limit the leads too. Nobody: the administrators."""
    facts = Facts(now=now, arrived_at=now, mail_id="", maildrop="", source=Source.INBOX)
    own = recipients_of(ticket.team, facts, policy, assignee=ticket.assignee)
    leads = _leads(now, policy) if way is Way.BREACHED else ()
    everybody = tuple(dict.fromkeys((*own, *leads)))
    return everybody or tuple((a, policy.desk.languages[0]) for a in policy.desk.administrators)


def _leads(now: datetime, policy: Policy) -> tuple[tuple[str, str], ...]:
    """Those who are there; where all are away, all of them: a limit never passes unheard."""
    leads = [agent for agent in policy.agents if agent.lead]
    there = [agent for agent in leads if agent.is_present(policy.desk.day(now))]
    return tuple((agent.address, agent.language) for agent in there or leads)
