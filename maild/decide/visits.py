"""What becomes of a technician's visit: which one stands, and what is answered to its invitation (pure).

Asked by the command that orders one (``verbs.visits``) and by the judges. An answer is known by the signed
UID of the invitation, and by nothing else that its calendar says: it is shown on the ticket, whoever has this
in hand is told, and it stops no clock, starts none and reopens nothing.
"""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from maild import instants
from maild.decide.facts import TicketFacts
from maild.decide.policy import Policy
from storage.records import Visit, VisitState

_LANGUAGES = ("fr", "nl", "de", "en")


def standing(state: TicketFacts, now: datetime) -> Visit | None:
    """The visit that is to come or goes on; None where none is ordered, or it is over or called off."""
    ahead = (v for v in state.handling.visits if v.state != VisitState.CANCELLED and v.ends_at > now)
    return max(ahead, key=lambda visit: visit.id, default=None)


def when(visit: Visit, policy: Policy, language: str, *, whole: bool = False) -> str:
    """When it begins, in words of the language; ``whole``: and when it ends."""
    known, zone = language if language in _LANGUAGES else "en", policy.desk.timezone
    if whole:
        return instants.span(visit.starts_at, visit.ends_at, zone, known)
    return instants.deadline(visit.starts_at, zone, known)


def day_of(visit: Visit, policy: Policy) -> date:
    """Its day, where the desk is."""
    return visit.starts_at.astimezone(ZoneInfo(policy.desk.timezone)).date()
