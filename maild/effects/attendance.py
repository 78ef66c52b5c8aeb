"""Who minds a ticket: when a person last wrote or acted on it, and when the sweep looks at it again.

One of the effects of ``apply``, the last of each decision: it follows from what the others changed, so nobody
undoes it.
"""

from maild.decide import silence
from maild.decide.decision import Disposition
from maild.effects.work import Work
from storage.records import Status


def mind(work: Work) -> None:
    """Note that a person touched the ticket, and when it would be forgotten from now on."""
    by_person, says = _is_by_person(work), work.derived | work.changed
    if not by_person and "status" not in says:
        return
    known = work.facts.tickets.get(work.here)  # none where the same mail opens it
    before = known.ticket if known else None
    touched = work.facts.arrived_at
    if before is not None and before.touched_at is not None:
        # What comes to light late was done before.
        touched = max(touched, before.touched_at)
    status = Status(says.get("status", before.status if before else Status.NEW))
    looks = silence.look_at(status, touched if by_person else work.facts.now, work.policy.sla)
    if looks != (before.look_at if before else None):
        work.derived["look_at"] = looks
    if by_person and before is not None:
        work.derived["touched_at"] = touched


def _is_by_person(work: Work) -> bool:
    if work.kept is None:
        return bool(work.decision.agent)
    filed = work.decision.disposition is not Disposition.DUPLICATE
    return filed and silence.is_of_a_person(work.decision.kind)
