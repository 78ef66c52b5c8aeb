"""The clock: when a person must have acted, and how near that is (pure; DESIGN section 7).

Asked by ``message.decide`` when a mail starts a clock and by ``sweep`` as time passes. Instants are
aware UTC, so the nights when the clocks change are as long as they are.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from maild.decide.policy import Policy
from storage.records import Clock, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When a clock that starts at an arrival comes near its limit, and when it is there."""

    near_at: datetime
    due_at: datetime


def limits(arrived_at: datetime, policy: Policy, *, category: str = "", team: str = "") -> Limits:
    """The limits of a mail: of its category, else of its team, else the desk's own."""
    own = next((c.limit for c in policy.categories if c.name == category and c.limit), None)
    own = own or next((t.limit for t in policy.teams if t.name == team and t.limit), None)
    limit: timedelta = own or policy.sla.limit
    return Limits(near_at=arrived_at + limit * policy.sla.near, due_at=arrived_at + limit)


def stage(clock: Clock, now: datetime) -> Stage:
    """How near its limit a running clock is; never less near than it was."""
    if now >= clock.due_at or clock.stage is Stage.BREACHED:
        return Stage.BREACHED
    if now >= clock.near_at or clock.stage is Stage.NEAR:
        return Stage.NEAR
    return Stage.RUNNING


def next_look(clock: Clock, stage: Stage) -> datetime | None:
    """When the sweep must look at a clock again; None after the limit."""
    return {Stage.RUNNING: clock.near_at, Stage.NEAR: clock.due_at, Stage.BREACHED: None}[stage]
