"""Orders without a mail: what an operator does at the shell, by the very verbs that agents write.

Stands beside the receivers, called by ``cli``; the daemon may run meanwhile. What a verb means is said once,
in ``decide.verbs``; here is only the mail that there is not. Raises ``storage.database.Unavailable``.
"""

from dataclasses import replace

from maild import apply, wanted
from maild.apply import Applied
from maild.decide import commands
from maild.decide.case import weighed
from maild.decide.classify import MailKind
from maild.decide.commands import Result
from maild.decide.decision import OPENED, Change, Note
from maild.decide.facts import Facts
from maild.decide.order import Ask
from maild.decide.policy import Agent
from maild.ingest import Office, known
from parsers.commands import CommandBlock, CommandLine
from parsers.mail import parse_mail
from storage.store import Transaction

_NO_MAIL = parse_mail(b"")


def order(tx: Transaction, ticket: int, verb: str, argument: str, office: Office, *, by: str) -> Result:
    """Run one command on a ticket; where it is refused nothing is written.

    Args:
        verb: one of its names, without ``#``.
        by: who the story says did it, such as ``operator:anne``; he is told in English, and has no ticket
            in hand.
    """
    line = CommandLine(verb=verb, argument=argument, line=f"#{verb} {argument}")
    block = CommandBlock(commands=(line,), rest="")
    asks = commands.asked(block)
    facts = known(tx, {ticket, *commands.numbers(block, office.policy)}, office, asks)
    if Ask.MAIL in asks:
        facts = replace(facts, mails=wanted.mails_meant(tx, facts, block))
    case = weighed(_NO_MAIL, MailKind.AGENT, facts, office.policy)
    who = Agent(name=by, address=by, teams=(), language="en")
    result = commands.run(block, who, facts.tickets[ticket], case)
    if result.refused:
        return result
    opened = _write(tx, ticket, result.changes, facts, office, by).opened
    number = office.policy.desk.number(opened) if opened is not None else ""
    return replace(result, lines=tuple(line.replace(OPENED, number) for line in result.lines))


def note(tx: Transaction, ticket: int, text: str, office: Office, *, by: str) -> None:
    """Words that stay with the desk, on the story of a ticket."""
    written = Note(kind="note", actor=by, detail=(("text", text),))
    _write(tx, ticket, (written,), known(tx, (ticket,), office), office, by)


def _write(
    tx: Transaction, ticket: int, changes: tuple[Change, ...], facts: Facts, office: Office, by: str
) -> Applied:
    return apply.act(tx, changes, facts, ticket=ticket, actor=by, policy=office.policy, paper=office.paper)
