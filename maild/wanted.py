"""What the commands of an agent's mail ask to know: his list, the story of a ticket, the canned answers.

Asked by ``ingest.gather`` for mails with commands alone, so that the many mails of others cost nothing of it.
Nothing here is told to anybody before ``decide`` has seen who asks. Raises ``database.Unavailable``.
"""

from dataclasses import replace

from maild import compose
from maild.compose import Stationery
from maild.decide import commands
from maild.decide.facts import Canned, Facts, Story
from maild.decide.order import Ask
from maild.decide.policy import Policy
from parsers.commands import CommandBlock
from parsers.mail import ParsedMail
from storage import handling
from storage.store import Transaction


def with_answers(
    tx: Transaction, facts: Facts, block: CommandBlock, mail: ParsedMail, policy: Policy, paper: Stationery
) -> Facts:
    """What is known, and what these commands ask for besides."""
    asked = commands.asked(block)
    who = policy.agent(mail.sender.address) if mail.sender else None
    if Ask.IN_HAND in asked and who is not None:
        facts = replace(facts, in_hand=handling.in_hand(tx, assignee=who.address, teams=who.teams))
    if Ask.STORY in asked:
        facts = replace(facts, stories={number: _story(tx, number) for number in facts.tickets})
    if Ask.CANNED in asked:
        facts = replace(facts, canned=_canned(block, facts, policy, paper))
    return facts


def _story(tx: Transaction, ticket: int) -> Story:
    """With that of the tickets that were merged into it."""
    return Story(
        written=handling.written(tx, handling.line_of(tx, ticket)), events=tx.events(ticket_id=ticket)
    )


def _canned(block: CommandBlock, facts: Facts, policy: Policy, paper: Stationery) -> Canned:
    """The texts that are named, in the language of each ticket that they may be for."""
    named = {line.argument for line in block.commands if line.argument}
    texts = {
        (ticket.id, name): compose.canned(
            paper, name, ticket.language, number=policy.desk.number(ticket.id), subject=ticket.subject,
            name=ticket.requester_name,
        )
        for ticket in (state.ticket for state in facts.tickets.values())
        for name in named
    }  # fmt: skip
    known = {key: text for key, text in texts.items() if text is not None}
    return Canned(names=compose.canned_names(paper), texts=known)
