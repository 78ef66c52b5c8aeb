"""What specialist teams are asked and what they answer: letters, rows and clocks of their own.

One of the effects of ``apply``; ``sweep`` has the letters about a team's clock from ``reminders``. A
team reads what the requester and the desk wrote to each other and what teams answered before, never a note.
"""

import secrets
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from maild import assembly, compose
from maild.arrival import Source
from maild.assembly import File, Letter, file_of
from maild.compose import Stationery
from maild.decide import hazard, teams, tokens
from maild.decide.decision import Consult, HearTeam
from maild.decide.facts import Facts, TicketFacts
from maild.decide.policy import Policy
from maild.decide.relays import MOST_RELAYED
from maild.decide.tokens import Purpose
from maild.decide.verbs.files import listed
from maild.effects import clocks, letters
from maild.effects.work import Work, marker_of, megabytes
from maild.instants import deadline, duration
from parsers.addresses import Address
from parsers.attachments import Attachment
from parsers.commands import parse_commands
from parsers.mail import parse_mail
from parsers.quotes import reply_text
from storage import handling
from storage.records import (
    Clock,
    Consultation,
    MessageKind,
    OutboxState,
    Stage,
    StoredFile,
    StoredMessage,
)
from storage.store import Transaction

# A case is read in a mail: of a long one the latest, and the mail that began it.
MOST_ENTRIES = 50
_SAID = (MessageKind.REQUEST, MessageKind.REPLY, MessageKind.OUTSIDE_ANSWER)
_LEFT = (OutboxState.READY, OutboxState.CLAIMED, OutboxState.SENT, OutboxState.UNCERTAIN)


def ask(work: Work, asked: Consult) -> None:
    """The case and the question, to the team's address or to each of its members who are there."""
    row = asked.again if asked.again is not None else _begin(work, asked)
    thread = _case_of(work)
    files = _enclosed(work, asked, thread)
    agent, ticket = work.policy.agent(work.actor), work.before.ticket
    for address, language, question in asked.letters:
        post = _post(work, row, Address(asked.team, address), language)
        story = [_entry(work, one, files, language) for one in thread]
        letter = compose.consultation(
            work.paper, number=work.number, subject=work.subject, question=question, case=story,
            requester=Address(ticket.requester_name, ticket.requester_address), due_at=asked.due_at,
            asked_by=agent.name if agent else "", marker=marker_of(post), files=tuple(files), **post,
        )  # fmt: skip
        owed = f"consultation:{work.once}:{address.casefold()}"
        work.owe(letter, MessageKind.CONSULTATION, owed, held=work.facts.may_have_left)
    work.tell(
        "consulted", work.actor, team=asked.team, to=[address for address, _, _ in asked.letters],
        due_at=asked.due_at, again=asked.again is not None,
    )  # fmt: skip
    work.say("team.consulted", ticket=work.number, team=asked.team, agent=work.actor)


def _begin(work: Work, asked: Consult) -> int:
    """A question that nobody has answered yet, and the clock of whoever must."""
    at = work.facts.arrived_at
    work.tx.start_clock(
        {
            "ticket_id": work.here, "message_id": work.message, "first": False, "started_at": at,
            "near_at": asked.near_at, "due_at": asked.due_at, "next_at": asked.near_at,
            "stage": Stage.RUNNING.value, "stopped_at": None, "stopped_by": "", "presumed": False,
            "team": asked.team, "span": asked.span, "desk": asked.desk,
        }
    )  # fmt: skip
    return handling.consult(work.tx, work.here, team=asked.team, asked_by=work.actor, at=at)


def _post(work: Work, row: int, to: Address, language: str) -> dict[str, Any]:
    serial = teams.serial_of(row, secrets.token_hex(4))
    # The mails before it bear tokens of agents and ids of the requester's: neither is for a team.
    return work.post(Purpose.CONSULTATION, to, language, serial=serial, beside=())


# ---------------------------------------------------------------------- the case


def _case_of(work: Work) -> list[StoredMessage]:
    """The mails of it, in order: the first whatever it is, what was said since, what teams answered."""
    known = work.before.handling.consultations
    answers = {one.answer for one in known if one.answer}
    thread = work.tx.messages([work.here])[work.here]
    first = next((m.mail_id for m in thread if not m.state), "")
    seen: set[str] = set()
    return [m for m in thread if _belongs(m, first, answers, seen)][-MOST_ENTRIES:]


def _belongs(message: StoredMessage, first: str, answers: set[str], seen: set[str]) -> bool:
    if message.kind == MessageKind.RELAY and message.state:
        cause = message.mail_id.partition("/")[0]
        told = message.state in _LEFT and cause not in seen  # a copy for each who follows is one answer
        seen.add(cause)
        return told
    return not message.state and (message.kind in _SAID or message.mail_id in {first, *answers})


def _entry(
    work: Work, message: StoredMessage, files: Iterable[File], language: str
) -> tuple[str, datetime, str]:
    """Who wrote, when, and what, with the names of the files."""
    if message.state:
        sent = work.tx.known_mails((message.message_id,))
        text = assembly.text_of(sent[0].content) if sent else ""
        return work.policy.desk.name, message.arrived_at, text
    whole = work.tx.text_of(message.mail_id)
    text = reply_text(whole) if message.kind != MessageKind.REQUEST else whole
    names = [_named(file, files, language) for file in message.files if not file.decoration]
    words = parse_commands(text).rest if message.kind == MessageKind.COMMAND else text
    return message.sender, message.arrived_at, "\n".join((words.strip(), *names)).strip()


def _named(file: StoredFile, files: Iterable[File], language: str) -> str:
    name = file.filename or file.content_type
    if file.held:
        return f"- {name} ({hazard.in_words(file.held, language)})"
    goes = any(one.filename == file.filename and len(one.content) == file.size for one in files)
    return f"+ {name}" if goes else f"- {name} ({megabytes(file.size)} MB)"


def _enclosed(work: Work, asked: Consult, thread: list[StoredMessage]) -> list[File]:
    """The files of the question and of the case, as many as a mail may hold."""
    held = work.decision.held
    own = (f for f in work.mail.attachments if f.sha256 in asked.files and f.sha256 not in held)
    room, files, seen = MOST_RELAYED, [], set[str]()
    for file in (*own, *_of_case(work, thread)):
        if file.sha256 in seen or file.size > room:
            continue
        seen.add(file.sha256)
        room -= file.size
        files.append(file_of(file))
    return files


def _of_case(work: Work, thread: list[StoredMessage]) -> Iterator[Attachment]:
    for message in thread:
        wanted = {file.sha256: file for file in message.files if not file.decoration and not file.held}
        content = work.tx.raw(message.sha256) if wanted and not message.state else None
        if content is not None:
            found = (file for file in parse_mail(content).attachments if file.sha256 in wanted)
            # Also of mails that were filed before files were looked at.
            rules = work.policy.attachments
            yield from (file for file in found if not hazard.stays(file, wanted[file.sha256], rules))


# ---------------------------------------------------------------------- the answer


def hear(work: Work, heard: HearTeam) -> None:
    """A team answered: its clock stands still, and those who wait for it get its words."""
    at, sender = work.facts.arrived_at, work.mail.sender.key if work.mail.sender else ""
    if heard.consultation is not None:
        handling.consulted(work.tx, heard.consultation, answer=work.message, at=at)
        for ticket in {heard.asked_on, work.here}:
            clocks.stop_team_clock(work.tx, ticket, at=at, by=sender, team=heard.team, policy=work.policy)
    work.tell("team_answered", sender, team=heard.team)
    work.say("team.answered", ticket=work.number, team=heard.team)
    for address, language in heard.recipients:
        _tell(work, heard, Address("", address), language)
    if heard.in_digest:
        work.changed["backlog"] = True
        work.tell("left_to_digest", "maild", to=list(heard.in_digest))


def _tell(work: Work, heard: HearTeam, to: Address, language: str) -> None:
    # What the team wrote names the question's own token, which would make the agent's answer the team's.
    spoken = tuple(one.message_id for one in work.before.handling.spoken)
    post = work.post(Purpose.NOTIFICATION, to, language, beside=spoken)
    held = work.decision.held
    files = tuple(
        file_of(file)
        for file in work.mail.attachments
        if file.sha256 in heard.files and file.sha256 not in held
    )
    fits = sum(len(file.content) for file in files) <= MOST_RELAYED
    team = f"{heard.team} ({heard.author})" if heard.team else heard.author
    letter = compose.team_answer(
        work.paper, number=work.number, subject=work.subject, team=team, text=heard.text, html=heard.html,
        marker=marker_of(post), files=files if fits else (), held=_held(work, language),
        undo=duration(work.policy.relay_delay, language), **post,
    )  # fmt: skip
    work.owe(letter, MessageKind.NOTIFICATION, f"team_answer:{work.cause}:{to.key}")
    work.tell("notified", "maild", to=to.address)


def _held(work: Work, language: str) -> tuple[str, ...]:
    """The files of the team that stay with the desk, with the numbers by which an agent asks for them."""
    if not work.decision.held:
        return ()
    known = handling.held_files(work.tx, handling.line_of(work.tx, work.here))
    own = work.kept.sha256 if work.kept else ""
    lines = zip(known, listed(known, language), strict=True)
    return tuple(line for file, line in lines if file.mail == own)


# ---------------------------------------------------------------------- its clock


def reminders(
    tx: Transaction,
    state: TicketFacts,
    clock: Clock,
    stage: Stage,
    now: datetime,
    policy: Policy,
    paper: Stationery,
) -> Iterator[tuple[str, Letter]]:
    """(what is owed, letter) of each who hears that a team's clock is near its limit, or there."""
    asked = [c for c in handling.consultations(tx, clock.ticket_id) if c.team == clock.team]
    facts = Facts(now=now, arrived_at=now, mail_id="", maildrop="", source=Source.INBOX)
    waiting = teams.hearers(state, asked[-1] if asked else None, facts, policy)
    leads = [one for one in teams.leads(clock.team, policy, policy.desk.day(now)) if one not in waiting]
    number = policy.desk.number(state.ticket.id)
    for address, language in (*waiting, *leads):
        to, key = Address("", address), state.ticket.key
        post = letters.post_of_no_ticket(to, language, now=now, policy=policy, key=key)
        if (address, language) in leads:
            # Whoever leads the team answers for it: his reply is the team's, and for the desk alone.
            post["message_id"] = _id_of_team(asked, key, to, policy)
        due = deadline(clock.due_at, policy.desk.timezone, language)
        headline, lines = teams.reminder(stage, clock.team, language, due=due)
        letter = compose.told(
            paper, number=number, subject=state.ticket.subject, headline=headline, lines=lines,
            marker=marker_of(post), **post,
        )  # fmt: skip
        yield f"team:{stage.value}:{clock.id}:{to.key}", letter


def _id_of_team(asked: list[Consultation], key: str, to: Address, policy: Policy) -> str:
    serial = teams.serial_of(asked[-1].id if asked else 0, secrets.token_hex(4))
    token = tokens.sign(policy.desk.secrets, Purpose.CONSULTATION, key, to.address, serial)
    return f"{token}@{policy.desk.domain}"
