"""What the commands of an agent's mail ask to know: his list, the story of a ticket, the canned answers, the
mails that they may mean, and what each of those answered.

Asked by ``ingest.gather`` for mails with commands alone, so that the many mails of others cost nothing of it.
Nothing here is told to anybody before ``decide`` has seen who asks. Raises ``database.Unavailable``.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

from maild import assembly, compose, isolate
from maild.compose import Stationery
from maild.decide import commands, hazard, novelty, standing, threads
from maild.decide.facts import Answered, Canned, Facts, Reach, Story, TeamAnswer
from maild.decide.order import Ask
from maild.decide.policy import Policy
from maild.decide.threads import Clues
from maild.decide.tokens import Purpose, Token
from maild.decide.verbs import forward
from parsers.commands import CommandBlock
from parsers.mail import ParsedMail, parse_mail
from storage import handling, repair, standings
from storage.records import Consultation, StoredFile
from storage.store import Transaction

# A mail quotes what it answers, and through it what that had quoted: the nearest of its ancestors is enough.
_NEAR = 3
# Earlier mails that are read once more for a command.
_MOST_MEANT = 6


def with_answers(
    tx: Transaction,
    facts: Facts,
    block: CommandBlock,
    mail: ParsedMail,
    clues: Clues,
    reach: Callable[[str], Reach],
    policy: Policy,
    paper: Stationery,
) -> Facts:
    """What is known, and what these commands ask for besides.

    Args:
        reach: what speaks against an automatic answer to an address.
    """
    asked = commands.asked(block)
    who = policy.agent(mail.sender.address) if mail.sender else None
    if Ask.MAIL in asked:
        facts = replace(facts, mails=mails_meant(tx, facts, block, clues.tokens))
    if Ask.AUTHOR in asked:
        facts = _with_authors(tx, facts, mail, block, reach, policy)
    if Ask.TEAM_ANSWER in asked:
        facts = replace(facts, team_answers=_team_answers(tx, facts, policy))
    if Ask.IN_HAND in asked and who is not None:
        facts = replace(facts, in_hand=handling.in_hand(tx, assignee=who.address, teams=who.teams))
    if Ask.STORY in asked:
        facts = replace(facts, stories={number: _story(tx, number) for number in facts.tickets})
    if Ask.HELD in asked:
        lines = {number: handling.line_of(tx, number) for number in facts.tickets}
        facts = replace(facts, held_files={n: handling.held_files(tx, line) for n, line in lines.items()})
    if Ask.CANNED in asked:
        facts = replace(facts, canned=_canned(block, facts, policy, paper))
    return facts


def mails_meant(
    tx: Transaction, facts: Facts, block: CommandBlock, found: tuple[Token, ...] = ()
) -> dict[str, ParsedMail]:
    """The mails of the tickets here that a command may mean, or the beginning of those that are large."""
    said = {word for line in block.commands for word in line.argument.split()}
    said |= {token.cause for token in found}
    spoken = [known.handling.spoken for known in facts.tickets.values() if known.handling.spoken]
    meant = [one.mail_id for mails in spoken for one in mails if one.mail_id in said]
    edges = [one.mail_id for mails in spoken for one in (mails[-1], mails[0])]
    names = tuple(dict.fromkeys((*meant, *edges)))[:_MOST_MEANT]
    kept = repair.contents(tx, names, most=isolate.LARGE)
    return {mail_id: parse_mail(content) for mail_id, content in kept.items()}


def _with_authors(
    tx: Transaction,
    facts: Facts,
    mail: ParsedMail,
    block: CommandBlock,
    reach: Callable[[str], Reach],
    policy: Policy,
) -> Facts:
    """With what is known of those who may have written what an agent hands on."""
    authors = forward.authors(block, (mail, *facts.mails.values()), policy)
    asked = tuple(address for address in authors if standing.is_unknown(address, policy))
    settled = standings.settled(tx, asked) if asked else {}
    reached = {address: reach(address) for address in authors}
    return replace(facts, reach=reached, settled={**facts.settled, **settled})


def moved(tx: Transaction, clues: Clues) -> dict[str, int]:
    """Where the mails lie of which notifications told that this mail answers."""
    causes = {token.cause for token in clues.tokens if token.purpose is Purpose.NOTIFICATION}
    return repair.tickets_of(tx, causes) if causes else {}


def _team_answers(tx: Transaction, facts: Facts, policy: Policy) -> dict[int, TeamAnswer]:
    """What a team answered last on each ticket, also before that was merged into it."""
    last: dict[int, Consultation] = {}
    for number, known in facts.tickets.items():
        survivor = facts.survivor(number)
        for one in known.handling.consultations if survivor is not None else ():
            if one.answered_at is not None and survivor is not None:
                here = survivor.ticket.id
                last[here] = max(last.get(here, one), one, key=lambda c: c.answered_at or c.asked_at)
    read = {number: _team_answer(tx, one, policy) for number, one in last.items()}
    return {number: answer for number, answer in read.items() if answer is not None}


def _team_answer(tx: Transaction, asked: Consultation, policy: Policy) -> TeamAnswer | None:
    """The mail itself once more; None where its bytes are no longer kept."""
    filed = next((m for m in tx.find_messages(asked.answer) if m.mail_id == asked.answer), None)
    content = tx.raw(filed.sha256) if filed is not None else None
    if filed is None or not content:
        return None
    mail = parse_mail(content)
    quoted = answered(tx, mail, threads.clues(mail, policy), {})
    return TeamAnswer(
        mail_id=asked.answer, team=asked.team, mail=mail,
        text=commands.block_of(novelty.news(mail, quoted)).rest,
        decorations=frozenset(file.sha256 for file in filed.files if file.decoration),
        held=frozenset(_staying(mail, filed.files, policy)),
    )  # fmt: skip


def _staying(mail: ParsedMail, kept: tuple[StoredFile, ...], policy: Policy) -> Iterator[str]:
    """SHA-256 of the files of an earlier mail that stay with the desk, by what is held today."""
    known = {file.sha256: file for file in kept}
    for file in mail.attachments:
        if file.sha256 not in known or hazard.stays(file, known[file.sha256], policy.attachments):
            yield file.sha256


def answered(
    tx: Transaction, mail: ParsedMail, clues: Clues, by_reference: dict[str, tuple[int, ...]]
) -> Answered | None:
    """The nearest mail that it answers, where it is known here and may be quoted."""
    near = clues.ids[:_NEAR]
    if not novelty.may_repeat(mail) or not (clues.id_tokens or any(id_ in by_reference for id_ in near)):
        return None
    known = next((one for one in tx.known_mails(near) if one.text or one.content), None)
    if known is None:
        return None
    return Answered(text=known.text or assembly.text_of(known.content), sender=known.sender)


def _story(tx: Transaction, ticket: int) -> Story:
    """With that of the tickets that were merged into it."""
    return Story(
        written=handling.written(tx, handling.line_of(tx, ticket)), events=tx.events(ticket_id=ticket)
    )


def _canned(block: CommandBlock, facts: Facts, policy: Policy, paper: Stationery) -> Canned:
    """The texts that are named, in the language of each ticket that they may be for."""
    named = commands.arguments(block, policy)
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
