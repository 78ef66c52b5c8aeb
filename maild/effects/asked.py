"""What an agent asked for comes to him as a letter of its own: a ticket's story, his list.

One of the effects of ``apply``. Both are answers to his mail, and count among them.
"""

from maild import compose
from maild.compose import Line
from maild.decide.decision import SendList, SendStory
from maild.decide.tokens import Purpose
from maild.effects.work import NO_TICKET, Work, marker_of
from parsers.addresses import Address
from storage.records import MessageKind


def send_story(work: Work, asked: SendStory) -> None:
    """It holds notes: a reply to it is one, and stays with the desk."""
    ticket = work.facts.tickets[asked.ticket].ticket
    post = work.post(Purpose.ANSWER, asked.to, asked.language, key=ticket.key)
    letter = compose.full(
        work.paper, number=work.policy.desk.number(ticket.id), subject=ticket.subject, story=asked.story,
        marker=marker_of(post), **post,
    )  # fmt: skip
    owed = f"story:{work.cause}:{ticket.id}:{asked.to.key}"
    work.owe(letter, MessageKind.ANSWER, owed, suppressed=asked.withheld)


def send_list(work: Work, asked: SendList) -> None:
    """The nearest limit first. It is about no ticket, wherever it was asked for."""
    lines = [
        Line(
            number=work.policy.desk.number(ticket.id), subject=ticket.subject, due_at=ticket.due_at,
            requester=Address(ticket.requester_name, ticket.requester_address), status=ticket.status.value,
            at=ticket.arrived_at,
        )
        for ticket in asked.tickets
    ]  # fmt: skip
    post = work.post(Purpose.ANSWER, asked.to, asked.language, key=NO_TICKET)
    letter = compose.listing(work.paper, tickets=lines, **post)
    work.owe(letter, MessageKind.ANSWER, f"list:{work.cause}:{asked.to.key}", suppressed=asked.withheld)
