"""A ticket that begins: its row, its random key, its people, its links.

One of the effects of ``apply``: for the ticket that a mail opens, and for one that is split off another.
"""

import secrets
from datetime import datetime

from maild.decide import silence, tokens
from maild.decide.decision import AddParticipants, OpenTicket
from maild.effects.work import Work

# RFC 5321 4.5.3.1: 64 octets, an @ and 255; no server delivers to a longer one.
LONGEST_ADDRESS = 320


def write_ticket(
    work: Work,
    opening: OpenTicket,
    *,
    due_at: datetime | None,
    acknowledged: bool,
    assignee: str = "",
    taken_at: datetime | None = None,
) -> tuple[int, str]:
    """Write the row of a new ticket and link it; returns its number and its key."""
    key = tokens.ticket_key(secrets.token_bytes(8))
    number = work.tx.open_ticket(
        {
            "key": key, "subject": opening.subject, "requester_name": opening.requester.name,
            "requester_address": opening.requester.address[:LONGEST_ADDRESS], "status": opening.status.value,
            "language": opening.language, "arrived_at": opening.arrived_at or work.facts.arrived_at,
            "created_at": work.facts.now, "category": opening.category, "team": opening.team,
            "priority": opening.priority, "scope": opening.scope, "standing": opening.standing,
            "entity": opening.entity, "assignee": assignee, "due_at": due_at,
            "taken_at": taken_at, "acked_at": work.facts.now if acknowledged else None, "near_limit": False,
            "breached": False, "backlog": opening.backlog, "merged_into": None,
            "touched_at": work.facts.arrived_at,
            "look_at": silence.look_at_once(opening.status, work.facts.now),
        }
    )  # fmt: skip
    for other in opening.links:
        work.tx.link(number, other)
    return number, key


def add_people(work: Work, number: int, added: AddParticipants) -> None:
    """Let these take part in a ticket."""
    people = {a.key[:LONGEST_ADDRESS]: (a.name, role) for a, role in added.people}
    work.tx.add_participants(number, tuple((key, *person) for key, person in people.items()))
