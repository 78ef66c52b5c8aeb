"""decide(): what one mail means, in the order of judgement (pure).

Stands between ``gather`` and ``apply``. It cannot fail on any mail: what no rule understands was written
by a person, opens a ticket and starts a clock.
"""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from maild.arrival import Source
from maild.decide import (
    autoresponse,
    classify,
    commands,
    decoration,
    identity,
    junk,
    language,
    novelty,
    rules,
    sla,
    threads,
)
from maild.decide.classify import MailKind
from maild.decide.decision import (
    AddParticipants,
    AnswerAgent,
    Change,
    Decision,
    Describe,
    Disposition,
    MuteAddress,
    Note,
    Notify,
    OpenTicket,
    RememberIds,
    SendReceipt,
    SetStatus,
    StartClock,
    StopClocks,
    TakeInCharge,
    TellAdministrators,
    WithholdReceipt,
)
from maild.decide.facts import Facts, TicketFacts
from maild.decide.policy import Agent, Policy
from maild.decide.threads import Belonging, Clues
from parsers.addresses import Address
from parsers.commands import CommandBlock, parse_commands
from parsers.mail import ParsedMail
from storage.records import MessageKind, Status, Twin

NOBODY = Address("", "")
# A mail to hundreds is an announcement; more participants than this would make strangers members.
MOST_PARTICIPANTS = 50


def decide(mail: ParsedMail, facts: Facts, policy: Policy) -> Decision:
    """What becomes of a mail, what it changes, and why."""
    if (twin := _twin(mail, facts)) is not None:
        return _duplicate(twin)
    kind, why = classify.kind_of(mail, facts, policy)
    clues = threads.clues(mail, policy)
    belongs = threads.belonging(mail, kind, clues, facts, policy)
    reasons = (why, *_copy_of(mail, facts))
    if facts.source is Source.JUNK:
        known = junk.known_by(mail, kind, clues, belongs, facts, policy)
        if not known:
            return _left_in_junk()
        reasons = (*reasons, f"found in a junk folder: {known}")
    decision = _BY_KIND[kind](mail, clues, belongs, facts, policy)
    return _shown(replace(decision, reasons=(*reasons, *decision.reasons)), mail, belongs, facts)


def _shown(decision: Decision, mail: ParsedMail, belongs: Belonging, facts: Facts) -> Decision:
    """With all that is shown of the mail, whatever was decided."""
    new = novelty.news(mail, facts.answered).text
    return replace(
        decision,
        thread_reason=decision.thread_reason or belongs.winner,
        verdicts=belongs.verdicts,
        text=new,
        language=language.of_words(mail, new),
        decorations=decoration.decorations(mail, facts),
    )


# ---------------------------------------------------------------------- one mail, many copies


def effective_id(mail: ParsedMail, arrived_at: datetime, source: Source) -> str:
    """The Message-ID, or a made one.

    Equal mails without an id that carry a Date are one mail. Without a Date they are one only if they
    arrived in the same second: a copy that was moved back or renumbered keeps its INTERNALDATE. At a door
    they are one if they came the same way: a server that missed our reply hands its mail in again.
    """
    if mail.message_id:
        return mail.message_id
    second = "" if mail.date else f".{_way(mail, source) or f'{arrived_at:%Y%m%d%H%M%S}'}"
    return f"c.{mail.digest[:40]}{second}@maild.invalid"


def _way(mail: ParsedMail, source: Source) -> str:
    """The Received lines below the door's own, with each server's number for this mail (RFC 5321 4.4)."""
    lines = mail.fields.all("received")[1:] if source is Source.DOOR else []
    return hashlib.sha256(b"\n".join(lines)).hexdigest()[:14] if lines else ""


def _twin(mail: ParsedMail, facts: Facts) -> Twin | None:
    return next((t for t in facts.twins if t.digest == mail.digest), None)


def changed_copy(mail: ParsedMail, facts: Facts) -> Twin | None:
    """A message of the same Message-ID, From and Date but other content: changed on its way."""
    sender = mail.sender.key if mail.sender else ""
    return next(
        (t for t in facts.twins if t.sender_address.casefold() == sender and t.sent_at == mail.date), None
    )


def _copy_of(mail: ParsedMail, facts: Facts) -> tuple[str, ...]:
    if facts.twins and changed_copy(mail, facts) is None:
        return ("its Message-ID was used before by another mail and is ignored",)
    return ()


def _duplicate(twin: Twin) -> Decision:
    return Decision(
        disposition=Disposition.DUPLICATE,
        kind=MessageKind.COPY,
        ticket=twin.ticket_id,
        twin=twin.id,
        thread_reason="duplicate",
        reasons=("same Message-ID and same content as a mail already filed",),
    )


def _left_in_junk(why: str = "in a junk folder, and nothing shows that it belongs to a ticket") -> Decision:
    """A filter took it for spam, and nothing speaks against that: people hear of it in one line a day."""
    return Decision(disposition=Disposition.IGNORED, kind=MessageKind.REQUEST, reasons=(why,))


# ---------------------------------------------------------------------- mail that no person wrote

Judge = Callable[[ParsedMail, Clues, Belonging, Facts, Policy], Decision]


def _own(mail: ParsedMail, clues: Clues, belongs: Belonging, facts: Facts, policy: Policy) -> Decision:
    """A copy of what we sent: the id that a provider gave it is learnt, nothing else happens."""
    token = identity.is_ours(mail, policy)
    ticket = facts.by_key.get(token.key) if token else None
    if ticket is None or ticket not in facts.tickets:
        if facts.source in (Source.SENT, Source.JUNK):
            return Decision(disposition=Disposition.IGNORED, kind=MessageKind.OWN_COPY, direction="out")
        return _filed_aside(mail, MessageKind.OWN_COPY, belongs, facts, policy)
    return Decision(
        disposition=Disposition.FILED,
        kind=MessageKind.OWN_COPY,
        direction="out",
        ticket=ticket,
        changes=(RememberIds(message_ids=_new_ids(ticket, (mail.message_id,), facts)),),
    )


def _sent(mail: ParsedMail, clues: Clues, belongs: Belonging, facts: Facts, policy: Policy) -> Decision:
    """An answer given outside maild: it stops the clock at its own instant (DESIGN section 6)."""
    if belongs.ticket is None:
        return Decision(
            disposition=Disposition.IGNORED,
            kind=MessageKind.OUTSIDE_ANSWER,
            direction="out",
            reasons=("a sent mail that answers no ticket",),
        )
    return _outside_answer(mail, facts.tickets[belongs.ticket], facts, policy)


def _outside_answer(mail: ParsedMail, state: TicketFacts, facts: Facts, policy: Policy) -> Decision:
    by = mail.sender.key if mail.sender else ""
    agent = policy.agent(by)
    changes: list[Change] = [_remember(mail, state.ticket.id, facts)]
    others = {a.key for a in (*mail.to, *mail.cc)} - policy.desk.addresses
    if others & state.participants:
        changes += [
            TakeInCharge(agent=agent.address if agent else "", at=facts.arrived_at),
            StopClocks(at=facts.arrived_at, by=by, act="outside_answer"),
        ]
    return Decision(
        disposition=Disposition.FILED,
        kind=MessageKind.OUTSIDE_ANSWER,
        direction="out",
        ticket=state.ticket.id,
        changes=tuple(changes),
    )


def _bounce(mail: ParsedMail, clues: Clues, belongs: Belonging, facts: Facts, policy: Policy) -> Decision:
    """A delivery report: on the ticket of the mail that bounced; a dead address is muted (RFC 3463)."""
    changes: list[Change] = []
    report = mail.report
    if report is not None:
        detail = (("recipient", report.recipient), ("status", report.status), ("action", report.action))
        changes.append(Note(kind="bounced", actor="mail", detail=detail))
        gone = report.recipients if report.status.startswith("5") else ()
        until = facts.now + policy.budget.mute_for
        reason = f"mail to it came back ({report.status})"
        changes += [
            MuteAddress(address=address.casefold(), until=until, reason=reason)
            for address in gone
            if _is_our_bounce(clues, address)
        ]
    return _automatic(mail, MessageKind.BOUNCE, belongs, facts, policy, tuple(changes))


def _is_our_bounce(clues: Clues, recipient: str) -> bool:
    # Only a report that returns a mail of ours to this very address may silence it: the rest can be forged.
    return any(token.is_for(recipient) for token in clues.id_tokens)


def _program(kind: MessageKind) -> Judge:
    def judge(mail: ParsedMail, clues: Clues, belongs: Belonging, facts: Facts, policy: Policy) -> Decision:
        return _automatic(mail, kind, belongs, facts, policy, ())

    return judge


def _automatic(
    mail: ParsedMail,
    kind: MessageKind,
    belongs: Belonging,
    facts: Facts,
    policy: Policy,
    changes: tuple[Change, ...],
) -> Decision:
    """Automatic mail is shown on its ticket and changes nothing else there."""
    if belongs.ticket is None:
        aside = _filed_aside(mail, kind, belongs, facts, policy)
        return Decision(
            disposition=aside.disposition,
            kind=kind,
            changes=(*aside.changes, *changes),
            reasons=aside.reasons,
        )
    remembered = _remember(mail, belongs.ticket, facts)
    return Decision(
        disposition=Disposition.FILED, kind=kind, ticket=belongs.ticket, changes=(remembered, *changes)
    )


def _filed_aside(
    mail: ParsedMail, kind: MessageKind, belongs: Belonging, facts: Facts, policy: Policy
) -> Decision:
    """A ticket of its own, without clock or receipt: seen by the team, waited for by nobody."""
    opened = _opened(mail, belongs, facts, policy)
    reasons = autoresponse.objections(mail, facts, policy)
    withheld = WithholdReceipt(reasons=reasons, to=mail.sender.address if mail.sender else "")
    told = () if kind is MessageKind.OWN_COPY else _told(mail, opened.team, None, facts, policy)
    return Decision(
        disposition=Disposition.FILED,
        kind=kind,
        changes=(opened, _everybody(mail, policy), _remember(mail, None, facts), withheld, *told),
    )


# ---------------------------------------------------------------------- mail of a person


def _person(mail: ParsedMail, clues: Clues, belongs: Belonging, facts: Facts, policy: Policy) -> Decision:
    """Somebody needs us: a ticket, or the next turn of one."""
    twin = changed_copy(mail, facts)
    if twin is not None and twin.ticket_id is not None:
        return _changed_copy(mail, twin.ticket_id, facts)
    if belongs.ticket is None:
        return _request(mail, belongs, facts, policy)
    return _reply(mail, facts.tickets[belongs.ticket], facts, policy)


def _changed_copy(mail: ParsedMail, ticket: int, facts: Facts) -> Decision:
    return Decision(
        disposition=Disposition.FILED,
        kind=MessageKind.COPY,
        ticket=ticket,
        thread_reason="copy",
        reasons=("the same mail, changed on its way: kept beside the first",),
        changes=(_remember(mail, ticket, facts),),
    )


def _request(mail: ParsedMail, belongs: Belonging, facts: Facts, policy: Policy) -> Decision:
    opened = _opened(mail, belongs, facts, policy)
    clock = _clock(opened.team, opened.category, facts, policy, first=True)
    return Decision(
        disposition=Disposition.FILED,
        kind=MessageKind.REQUEST,
        changes=(
            opened,
            _everybody(mail, policy),
            _remember(mail, None, facts),
            clock,
            _receipt(mail, opened.language, clock, facts, policy),
            *_told(mail, opened.team, clock, facts, policy),
        ),
    )


def _reply(mail: ParsedMail, state: TicketFacts, facts: Facts, policy: Policy) -> Decision:
    ticket = state.ticket
    changes: list[Change] = [_remember(mail, ticket.id, facts)]
    if new := _new_people(mail, state, policy):
        changes.append(new)
    if ticket.status is Status.RESOLVED and classify.is_bare_thanks(novelty.news(mail, facts.answered).text):
        note = Note(kind="thanked", actor=mail.sender.key if mail.sender else "")
        return _replied(ticket.id, (*changes, note), ("thanks do not reopen",))
    if ticket.status in (Status.RESOLVED, Status.WAITING, Status.OUT_OF_SCOPE):
        changes.append(SetStatus(status=Status.TAKEN, why="the requester wrote again"))
    clock = _clock(ticket.team, ticket.category, facts, policy, first=ticket.taken_at is None)
    changes += [clock, *_told(mail, ticket.team, clock, facts, policy, assignee=ticket.assignee)]
    return _replied(ticket.id, tuple(changes), ())


def _replied(ticket: int, changes: tuple[Change, ...], reasons: tuple[str, ...]) -> Decision:
    return Decision(
        disposition=Disposition.FILED,
        kind=MessageKind.REPLY,
        ticket=ticket,
        changes=changes,
        reasons=reasons,
    )


def unreadable(mail: ParsedMail, why: str, facts: Facts, policy: Policy) -> Decision:
    """What becomes of a mail that could not be read: a plain ticket with its ``.eml``, seen by people; in a
    junk folder it stays where it is.

    Args:
        mail: an empty one, with a digest of the raw bytes.
        why: the fault, in a line.
    """
    if (twin := _twin(mail, facts)) is not None:
        return _duplicate(twin)
    if facts.source is Source.JUNK:
        return _left_in_junk(f"in a junk folder, and cannot be read: {why}")
    team = rules.DEFAULT_TEAM
    clock = _clock(team, "", facts, policy, first=True)
    backlog = _is_backlog(facts, policy)
    opened = OpenTicket(
        subject="", requester=NOBODY, language=policy.desk.languages[0], team=team, backlog=backlog
    )
    told = TellAdministrators(
        about=f"unreadable:{facts.mail_id}",
        headline=f"A mail could not be read: {facts.mail_id}",
        details=f"It is a plain ticket with its raw mail; no receipt was sent. Reading it {why}. "
        f"When that is mended: maild quarantine retry {facts.mail_id}",
    )
    return Decision(
        disposition=Disposition.QUARANTINED,
        kind=MessageKind.UNREADABLE,
        thread_reason="unreadable",
        reasons=(why,),
        changes=(
            opened,
            clock,
            WithholdReceipt(reasons=("unreadable",)),
            told,
            *_told(None, team, clock, facts, policy),
        ),
    )


def reread(mail: ParsedMail, message_row: int, ticket: int, facts: Facts, policy: Policy) -> Decision:
    """What becomes of a plain ticket whose mail could be read after all: it shows the mail.

    Nobody is written to and no command is run, because days may have passed; a person has the ticket. A mail
    that was filed elsewhere in the meantime changes nothing: it is a duplicate.
    """
    if (twin := _twin(mail, facts)) is not None:
        return _duplicate(twin)
    kind, why = classify.kind_of(mail, facts, policy)
    belongs = threads.belonging(mail, kind, threads.clues(mail, policy), facts, policy)
    links = {*belongs.links, *((belongs.ticket,) if belongs.ticket is not None else ())} - {ticket}
    described = Describe(
        subject=mail.subject,
        requester=answerable(mail),
        language=language.of_answer(mail, novelty.news(mail, facts.answered).text, belongs, facts, policy),
        links=tuple(sorted(links)),
    )
    shown = _SHOWN_AS.get(kind, MessageKind.REQUEST)
    decision = Decision(
        disposition=Disposition.FILED,
        kind=shown,
        direction="out" if shown in (MessageKind.OWN_COPY, MessageKind.OUTSIDE_ANSWER) else "in",
        ticket=ticket,
        rewrites=message_row,
        thread_reason="reread",
        reasons=(why,),
        changes=(described, _everybody(mail, policy), _remember(mail, ticket, facts)),
    )
    return _shown(decision, mail, belongs, facts)


_SHOWN_AS = {
    MailKind.OWN: MessageKind.OWN_COPY,
    MailKind.SENT: MessageKind.OUTSIDE_ANSWER,
    MailKind.BOUNCE: MessageKind.BOUNCE,
    MailKind.DISPOSITION_NOTICE: MessageKind.DISPOSITION_NOTICE,
    MailKind.LIST: MessageKind.LIST,
    MailKind.AUTO_REPLY: MessageKind.AUTO_REPLY,
}


# ---------------------------------------------------------------------- mail of an agent


def _agent(mail: ParsedMail, clues: Clues, belongs: Belonging, facts: Facts, policy: Policy) -> Decision:
    """An agent works by replying; one who writes for help is a requester like any other."""
    agent = policy.agent(mail.sender.address) if mail.sender else None
    if agent is None or belongs.ticket is None:
        return _person(mail, clues, belongs, facts, policy)
    state = facts.tickets[belongs.ticket]
    if state.ticket.requester_address.casefold() == agent.address.casefold() and not belongs.by_agent_token:
        return _person(mail, clues, belongs, facts, policy)
    proof = identity.proof(mail, agent, clues.tokens, facts, policy)
    if not proof.holds:
        return _unproven(mail, agent, state, proof.why, facts, policy)
    block = _orders(mail, facts)
    if block.commands:
        return _ordered(mail, block, agent, state, facts, policy)
    others = {a.key for a in (*mail.to, *mail.cc)} - policy.desk.addresses
    if others & (state.participants - {agent.address.casefold()}):
        return _outside_answer(mail, state, facts, policy)
    return _noted(mail, agent, state, facts, policy)


def _orders(mail: ParsedMail, facts: Facts) -> CommandBlock:
    """What stands at the top of the mail itself: a line of ours that was left out ends the orders."""
    new = novelty.news(mail, facts.answered)
    block = parse_commands(new.opening)
    return CommandBlock(commands=block.commands, rest=block.rest + new.text[len(new.opening) :])


def _ordered(
    mail: ParsedMail, block: CommandBlock, agent: Agent, state: TicketFacts, facts: Facts, policy: Policy
) -> Decision:
    """Commands of an agent who has proven himself: all or nothing, always answered."""
    remembered = _remember(mail, state.ticket.id, facts)
    refused = commands.unknown(block.commands, agent.language)
    if refused:
        changes: tuple[Change, ...] = (
            remembered,
            Note(
                kind="command_rejected", actor=agent.address, detail=tuple(("line", r) for r in refused[:1])
            ),
            _answer(agent, refused, state, facts),
        )
        return _of_agent(MessageKind.COMMAND, state.ticket.id, changes, ("a command was not understood",))
    outcomes = commands.run(block.commands, agent, state, facts, policy)
    kept = (
        (commands.said("kept", agent.language, number=_number(state, policy)),) if block.rest.strip() else ()
    )
    lines = (*(o.line for o in outcomes), *kept)
    done = tuple(change for outcome in outcomes for change in outcome.changes)
    named = Note(
        kind="command", actor=agent.address, detail=(("verbs", " ".join(c.key for c in block.commands)),)
    )
    return _of_agent(
        MessageKind.COMMAND,
        state.ticket.id,
        (remembered, named, *done, _answer(agent, lines, state, facts)),
        (),
    )


def _noted(mail: ParsedMail, agent: Agent, state: TicketFacts, facts: Facts, policy: Policy) -> Decision:
    """Words of an agent to the desk alone: an internal note, and he is told that nothing left."""
    line = commands.said("kept", agent.language, number=_number(state, policy))
    changes = (_remember(mail, state.ticket.id, facts), _answer(agent, (line,), state, facts))
    return _of_agent(MessageKind.NOTE, state.ticket.id, changes, ("kept as an internal note",))


def _unproven(
    mail: ParsedMail, agent: Agent, state: TicketFacts, why: str, facts: Facts, policy: Policy
) -> Decision:
    """From an agent's address, without proof: kept, obeyed in nothing, and both sides are told."""
    line = commands.said("unproven", agent.language)
    told = TellAdministrators(
        about=f"unproven:{agent.address}:{facts.now:%Y%m%d}",
        headline=f"A mail from {agent.address} proved nothing",
        details=f"{_number(state, policy)}: {why}. It is kept as a note; nothing was run and nothing left.",
    )
    answer = () if autoresponse.forged(mail, facts, policy) else (_answer(agent, (line,), state, facts),)
    changes = (_remember(mail, state.ticket.id, facts), told, *answer)
    return _of_agent(MessageKind.NOTE, state.ticket.id, changes, (f"no power: {why}",))


def _of_agent(
    kind: MessageKind, ticket: int, changes: tuple[Change, ...], reasons: tuple[str, ...]
) -> Decision:
    return Decision(disposition=Disposition.FILED, kind=kind, ticket=ticket, changes=changes, reasons=reasons)


_BY_KIND: dict[MailKind, Judge] = {
    MailKind.OWN: _own,
    MailKind.SENT: _sent,
    MailKind.BOUNCE: _bounce,
    MailKind.DISPOSITION_NOTICE: _program(MessageKind.DISPOSITION_NOTICE),
    MailKind.LIST: _program(MessageKind.LIST),
    MailKind.AUTO_REPLY: _program(MessageKind.AUTO_REPLY),
    MailKind.AGENT: _agent,
    MailKind.PERSON: _person,
}


# ---------------------------------------------------------------------- the changes, one by one


def _number(state: TicketFacts, policy: Policy) -> str:
    return f"{policy.desk.prefix}-{state.ticket.id}"


def _opened(mail: ParsedMail, belongs: Belonging, facts: Facts, policy: Policy) -> OpenTicket:
    place = rules.suggestion(mail, policy)
    return OpenTicket(
        subject=mail.subject,
        requester=answerable(mail),
        language=language.of_answer(mail, novelty.news(mail, facts.answered).text, belongs, facts, policy),
        team=place.team,
        category=place.category,
        priority=place.priority,
        scope=place.scope,
        links=belongs.links,
        backlog=_is_backlog(facts, policy),
        status=Status.SPAM if mail.spam and "spam" in place.scope else Status.NEW,
    )


def answerable(mail: ParsedMail) -> Address:
    """Who is answered: the sender, or where the sender asks for it another of the same domain."""
    # Reply-To may point to a third party (backscatter): it counts only within the sender's own domain.
    sender = mail.sender or NOBODY
    domain = sender.key.rpartition("@")[2]
    same = (a for a in mail.reply_to if domain and a.key.rpartition("@")[2] == domain)
    return next(same, sender)


def _everybody(mail: ParsedMail, policy: Policy) -> AddParticipants:
    requester = answerable(mail)
    people: dict[str, tuple[Address, str]] = {}
    for address, role in ((requester, "requester"), (mail.sender or NOBODY, "requester")):
        people.setdefault(address.key, (address, role))
    for address in (*mail.to, *mail.cc):
        people.setdefault(address.key, (address, "watcher"))
    return AddParticipants(people=_outside(people, policy))


def _new_people(mail: ParsedMail, state: TicketFacts, policy: Policy) -> AddParticipants | None:
    # Who only holds a token may add to the thread; that lets nobody hear what is answered in it. A mail
    # from or to one who takes part brings its people in.
    known = {a.key for a in (mail.sender or NOBODY, *mail.to, *mail.cc)} & state.participants
    if not known:
        return None
    people = {a.key: (a, "watcher") for a in (mail.sender or NOBODY, *mail.to, *mail.cc)}
    fresh = {key: person for key, person in people.items() if key not in state.participants}
    added = _outside(fresh, policy)[: max(0, MOST_PARTICIPANTS - len(state.participants))]
    return AddParticipants(people=added) if added else None


def _outside(people: dict[str, tuple[Address, str]], policy: Policy) -> tuple[tuple[Address, str], ...]:
    theirs = (p for key, p in people.items() if "@" in key and key not in policy.desk.addresses)
    return tuple(theirs)[:MOST_PARTICIPANTS]


def _remember(mail: ParsedMail, ticket: int | None, facts: Facts) -> RememberIds:
    own = () if facts.twins else (mail.message_id,)
    ids = (*own, *mail.in_reply_to, *reversed(mail.references))[: threads.MOST_REFERENCES]
    return RememberIds(message_ids=_new_ids(ticket, ids, facts))


def _new_ids(ticket: int | None, ids: tuple[str, ...], facts: Facts) -> tuple[str, ...]:
    known = facts.by_reference
    return tuple(
        id_ for id_ in dict.fromkeys(ids) if id_ and (ticket is None or ticket not in known.get(id_, ()))
    )


def _clock(team: str, category: str, facts: Facts, policy: Policy, *, first: bool) -> StartClock:
    limits = sla.limits(facts.arrived_at, policy, category=category, team=team)
    return StartClock(first=first, started_at=facts.arrived_at, near_at=limits.near_at, due_at=limits.due_at)


def _receipt(
    mail: ParsedMail, language: str, clock: StartClock, facts: Facts, policy: Policy
) -> SendReceipt | WithholdReceipt:
    to = answerable(mail)
    reasons = autoresponse.objections(mail, facts, policy)
    if reasons:
        # Only what a budget alone holds back is news to the administrator; the rest is as it should be.
        over = len(reasons) == 1 and reasons[0].startswith("budget")
        return WithholdReceipt(reasons=reasons, to=to.address, over_budget=over)
    return SendReceipt(to=to, language=language, due_at=clock.due_at)


def _is_backlog(facts: Facts, policy: Policy) -> bool:
    """Mail so old, found on a first start or after an outage, that it is told of and answered otherwise."""
    return facts.now - facts.arrived_at > policy.budget.receipt_max_age


def _told(
    mail: ParsedMail | None,
    team: str,
    clock: StartClock | None,
    facts: Facts,
    policy: Policy,
    *,
    assignee: str = "",
) -> tuple[Notify, ...]:
    if _is_backlog(facts, policy):
        return ()  # old mail is told of in one digest
    recipients = recipients_of(team, facts, policy, assignee=assignee)
    others = _without_sender(mail, recipients, facts, policy)
    now = tuple(one for one in others if one[0].casefold() not in facts.flooded)
    later = tuple(address for address, _ in others if address.casefold() in facts.flooded)
    due_at = clock.due_at if clock else None
    return (Notify(recipients=now, due_at=due_at, in_digest=later),) if others else ()


def _without_sender(
    mail: ParsedMail | None, recipients: tuple[tuple[str, str], ...], facts: Facts, policy: Policy
) -> tuple[tuple[str, str], ...]:
    """Nobody is told of his own mail: where a program sent it, telling and answering would never end.

    A mail from the one address that would hear of it is told to whoever else is there.
    """
    sender = mail.sender.key if mail is not None and mail.sender else ""
    others = tuple((address, _) for address, _ in recipients if address.casefold() != sender)
    if others or not recipients:
        return others
    rest = recipients_of("", facts, policy)
    return tuple((address, _) for address, _ in rest if address.casefold() != sender)


def recipients_of(
    team: str, facts: Facts, policy: Policy, *, assignee: str = ""
) -> tuple[tuple[str, str], ...]:
    """(address, language) of those who hear of a ticket: its assignee, else its team, never the absent."""
    today = facts.now.date()

    own = policy.agent(assignee) if assignee else None
    if own is not None and own.is_present(today):
        return ((own.address, own.language),)
    table = next((t for t in policy.teams if t.name == team and t.address), None)
    if table is not None:
        return ((table.address, policy.desk.languages[0]),)
    members = tuple(a for a in policy.members(team) if a.is_present(today)) or tuple(
        a for a in policy.agents if a.is_present(today)
    )
    return tuple((a.address, a.language) for a in members)


def _answer(agent: Agent, lines: tuple[str, ...], state: TicketFacts, facts: Facts) -> AnswerAgent:
    return AnswerAgent(
        to=Address(agent.name, agent.address),
        language=agent.language,
        lines=lines,
        withheld=autoresponse.agent_over_budget(state, facts),
    )
