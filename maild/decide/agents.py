"""Mail of an agent: he works by replying; one who writes for help is a requester (pure; DESIGN section 6).

The judge for ``message.decide`` of mail from an agent's address. Nothing is run and nothing relayed without
proof; whatever is done, or not done, he is told in a line.
"""

from maild.decide import autoresponse, commands, consequences, identity, outside
from maild.decide.case import Case
from maild.decide.decision import Change, Decision, Disposition, Note, TellAdministrators
from maild.decide.facts import TicketFacts
from maild.decide.person import person
from maild.decide.policy import Agent
from parsers.commands import CommandBlock, parse_commands
from storage.records import MessageKind


def agent(case: Case) -> Decision:
    """What an agent's mail means, by the ticket that it belongs to and by what he has proven."""
    who, state = case.policy.agent(case.sender.address), case.ticket
    if who is None or state is None:
        return person(case)
    if (
        state.ticket.requester_address.casefold() == who.address.casefold()
        and not case.belongs.by_agent_token
    ):
        return person(case)
    if (again := outside.copy_of_answer(case)) is not None:
        return again
    proof = identity.proof(case.mail, who, case.clues.tokens, case.facts, case.policy)
    if not proof.holds:
        return _unproven(case, who, state, proof.why)
    block = _orders(case)
    if block.commands:
        return _ordered(case, block, who, state)
    if outside.audience(case, state):
        return outside.answered(case, state)
    return _noted(case, who, state)


def _orders(case: Case) -> CommandBlock:
    """What stands at the top of the mail itself: a line of ours that was left out ends the orders."""
    new = case.new
    block = parse_commands(new.opening)
    return CommandBlock(commands=block.commands, rest=block.rest + new.text[len(new.opening) :])


def _ordered(case: Case, block: CommandBlock, who: Agent, state: TicketFacts) -> Decision:
    """Commands of an agent who has proven himself: all or nothing, always answered."""
    remembered = consequences.remembered(case, state.ticket.id)
    refused = commands.unknown(block.commands, who.language)
    if refused:
        changes: tuple[Change, ...] = (
            remembered,
            Note(kind="command_rejected", actor=who.address, detail=tuple(("line", r) for r in refused[:1])),
            consequences.answer(who, refused, state, case.facts),
        )
        return _of_agent(MessageKind.COMMAND, state.ticket.id, changes, ("a command was not understood",))
    outcomes = commands.run(block.commands, who, state, case.facts, case.policy)
    number = consequences.number_of(state, case.policy)
    kept = (commands.said("kept", who.language, number=number),) if block.rest.strip() else ()
    lines = (*(o.line for o in outcomes), *kept)
    done = tuple(change for outcome in outcomes for change in outcome.changes)
    verbs = " ".join(c.key for c in block.commands)
    named = Note(kind="command", actor=who.address, detail=(("verbs", verbs),))
    answered = consequences.answer(who, lines, state, case.facts)
    return _of_agent(MessageKind.COMMAND, state.ticket.id, (remembered, named, *done, answered), ())


def _noted(case: Case, who: Agent, state: TicketFacts) -> Decision:
    """Words of an agent to the desk alone: an internal note, and he is told that nothing left."""
    line = commands.said("kept", who.language, number=consequences.number_of(state, case.policy))
    changes = (
        consequences.remembered(case, state.ticket.id),
        consequences.answer(who, (line,), state, case.facts),
    )
    return _of_agent(MessageKind.NOTE, state.ticket.id, changes, ("kept as an internal note",))


def _unproven(case: Case, who: Agent, state: TicketFacts, why: str) -> Decision:
    """From an agent's address, without proof: kept, obeyed in nothing, and both sides are told."""
    facts, number = case.facts, consequences.number_of(state, case.policy)
    told = TellAdministrators(
        about=f"unproven:{who.address}:{facts.now:%Y%m%d}",
        headline=f"A mail from {who.address} proved nothing",
        details=f"{number}: {why}. It is kept as a note; nothing was run and nothing left.",
    )
    line = commands.said("unproven", who.language)
    forged = autoresponse.forged(case.mail, facts, case.policy)
    answer = () if forged else (consequences.answer(who, (line,), state, facts),)
    changes = (consequences.remembered(case, state.ticket.id), told, *answer)
    return _of_agent(MessageKind.NOTE, state.ticket.id, changes, (f"no power: {why}",))


def _of_agent(
    kind: MessageKind, ticket: int, changes: tuple[Change, ...], reasons: tuple[str, ...]
) -> Decision:
    return Decision(disposition=Disposition.FILED, kind=kind, ticket=ticket, changes=changes, reasons=reasons)
