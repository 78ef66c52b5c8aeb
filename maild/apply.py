"""Carry a decision out: ticket, message, events, clock and outbox rows, in the caller's transaction.

Stands behind ``decide`` and in front of ``storage``. It decides nothing. Whatever it raises undoes the
whole mail's savepoint, and the mail is still kept. The letters that a decision asks for are finished
here, so that sending needs neither templates nor tickets.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from maild import assembly
from maild.arrival import Source
from maild.compose import Stationery
from maild.decide.copies import effective_id, is_erased
from maild.decide.decision import (
    UNREAD,
    AddParticipants,
    Amend,
    AnswerAgent,
    AnswerVisit,
    Brief,
    Change,
    Consult,
    Decision,
    Describe,
    Disposition,
    Elsewhere,
    HandOver,
    HearTeam,
    Link,
    LogCall,
    Merge,
    MuteAddress,
    Note,
    Notify,
    OpenTicket,
    Recognise,
    ReleaseLetters,
    RememberIds,
    SendCallReceipt,
    SendFile,
    SendList,
    SendReceipt,
    SendRelay,
    SendStory,
    SendVisit,
    SetStatus,
    Settle,
    SplitOff,
    StartClock,
    StopClocks,
    StopLetters,
    TakeInCharge,
    Tell,
    TellAdministrators,
    Undo,
    Verdict,
    WithholdReceipt,
)
from maild.decide.facts import Facts
from maild.decide.policy import Policy
from maild.effects import (
    asked,
    attendance,
    briefs,
    clocks,
    consultations,
    files,
    letters,
    notifications,
    phone,
    relays,
    repair,
    visits,
)
from maild.effects.opening import LONGEST_ADDRESS, add_people, write_ticket
from maild.effects.work import Work, as_json, megabytes
from parsers.attachments import Attachment
from parsers.mail import ParsedMail, parse_mail
from storage import standings
from storage.records import KeptMail, MessageKind, SightingState, StoredFile
from storage.store import Transaction

# The story of a ticket wants the words, not the whole of a pasted log file; the raw mail is kept.
MOST_TEXT = 200_000
_ON_A_TICKET = {
    Disposition.FILED: SightingState.FILED,
    Disposition.QUARANTINED: SightingState.QUARANTINED,
}
# What agents order is said in the log, too.
_LOGGED = frozenset({"command", "command_rejected"})
# A media type has at most 255 characters (RFC 6838 4.2), and a Content-ID needs no more.
LONGEST_NAME = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What was written for one mail. ``said``: the log events to emit once it is durable; ``opened``: the
    ticket that began; ``decision``: what was carried out."""

    decision: Decision
    disposition: Disposition
    kind: MessageKind
    ticket: int | None
    opened: int | None = None
    said: tuple[tuple[str, dict[str, object]], ...] = ()


def apply(
    tx: Transaction,
    decision: Decision,
    kept: KeptMail,
    mail: ParsedMail,
    facts: Facts,
    *,
    policy: Policy,
    paper: Stationery,
) -> Applied:
    """Write all that a decision changes; the caller's savepoint makes it all or nothing."""
    work = Work(
        tx=tx, decision=decision, kept=kept, mail=mail, facts=facts, policy=policy, paper=paper,
        cause=kept.mail_id, actor=decision.agent or "mail",
    )  # fmt: skip
    if decision.disposition in _ON_A_TICKET:
        _file(work, kept)
    else:
        _set_aside(work, kept)
    return Applied(
        decision=decision, disposition=decision.disposition, kind=decision.kind, ticket=work.ticket,
        said=tuple(work.said),
    )  # fmt: skip


def act(
    tx: Transaction,
    changes: Sequence[Change],
    facts: Facts,
    *,
    ticket: int,
    actor: str,
    policy: Policy,
    paper: Stationery,
    by_person: bool = True,
) -> Applied:
    """Write what somebody, or the passing of time, changes on a ticket without a mail.

    Args:
        facts: with the ticket in it; its ``mail_id`` is what the story gives for the cause.
        actor: who the story says did it.
        by_person: it can be undone; what time brings cannot.
    """
    kind = MessageKind.COMMAND
    decision = Decision(
        disposition=Disposition.FILED, kind=kind, ticket=ticket, changes=tuple(changes),
        agent=actor if by_person else "",
    )  # fmt: skip
    work = Work(
        tx=tx, decision=decision, mail=_NO_MAIL, facts=facts, policy=policy, paper=paper,
        cause=facts.mail_id, actor=actor,
    )  # fmt: skip
    _on(work, ticket)
    _change(work)
    return Applied(
        decision=decision, disposition=decision.disposition, kind=kind, ticket=ticket, opened=work.opened,
        said=tuple(work.said),
    )  # fmt: skip


_NO_MAIL = parse_mail(b"")


def _set_aside(work: Work, kept: KeptMail) -> None:
    """A repeated mail is one more sighting; beside the inbox, what belongs to no ticket is none of ours."""
    decision = work.decision
    work.ticket, why = decision.ticket, "; ".join(decision.reasons)
    if decision.disposition is Disposition.DUPLICATE:
        work.tell("sighted_again", "mail", sha256=kept.sha256)
        _change(work)
        work.tx.settle(kept.sighting_id, SightingState.FILED, decision.twin)
        if is_erased(decision.twin, work.facts):
            work.tx.empty_raw(kept.raw_id)
        work.say("message.duplicate", ticket=work.ticket, reason=why)
    else:
        if decision.ticket is not None:
            _answer_only(work, decision.ticket)
        untold = work.facts.source is Source.JUNK
        work.tx.ignore(kept.sighting_id, kept.raw_id, why, untold=untold)
        work.say("message.ignored", ticket=work.ticket, reason=why)


def _answer_only(work: Work, ticket: int) -> None:
    """What is said of a mail to a ticket that was erased: what it quotes and names goes no further."""
    _on(work, ticket)
    work.mail = replace(work.mail, references=(), subject="")
    for change in work.decision.changes:
        _carry_out(work, change)
    work.tx.add_events(work.events)


def _file(work: Work, kept: KeptMail) -> None:
    decision = work.decision
    opening = next((c for c in decision.changes if isinstance(c, OpenTicket)), None)
    if opening is not None:
        _open(work, opening)
    else:
        _join(work)
    _add_message(work, kept)
    _change(work)
    unread = decision.disposition is Disposition.QUARANTINED
    why = "; ".join(decision.reasons) if unread else ""
    work.tx.settle(kept.sighting_id, _ON_A_TICKET[decision.disposition], work.message, why)
    work.say(
        "message.quarantined" if unread else "message.ingested",
        ticket=work.number, kind=decision.kind.value, reason=why or decision.thread_reason,
    )  # fmt: skip


def _change(work: Work) -> None:
    """Carry out every change, then write the ticket and its story."""
    for change in work.decision.changes:
        _carry_out(work, change)
    if work.ticket is not None:
        clocks.keep_pace(work)
        attendance.mind(work)
    if work.decision.agent and (work.changed or work.visit):
        _tell_of_change(work)
    if values := work.derived | work.changed:
        work.tx.change_ticket(work.here, **values)
    work.tx.add_events(work.events)


def _tell_of_change(work: Work) -> None:
    """What a person changed, and what it was before: the story has both, so that it can be undone."""
    if work.ticket not in work.facts.tickets:
        return  # he opened it: there was nothing before
    before = {name: getattr(work.before.ticket, name) for name in work.changed}
    changed = {name: value for name, value in work.changed.items() if value != before[name]}
    visit = {"visit": work.visit} if work.visit else {}
    if changed or visit:
        was = {name: before[name] for name in changed}
        work.tell("changed", work.actor, before=was, after=changed, **visit)


def _open(work: Work, opening: OpenTicket) -> None:
    clock = next((c for c in work.decision.changes if isinstance(c, StartClock)), None)
    receipt = any(isinstance(c, SendReceipt) for c in work.decision.changes)
    work.subject = opening.subject
    work.ticket, work.key = write_ticket(
        work, opening, due_at=clock.due_at if clock else None, acknowledged=receipt
    )
    work.opened = work.ticket
    work.tell(
        "opened", opening.requester.address, links=list(opening.links), reason=work.decision.thread_reason
    )
    work.say("ticket.opened", ticket=work.number, by=work.decision.thread_reason, team=opening.team)


def _join(work: Work) -> None:
    ticket = work.decision.ticket
    if ticket is None and work.decision.kind is MessageKind.COMMAND:
        return  # an order about no ticket, such as for the list of one's own
    state = work.facts.tickets[ticket] if ticket is not None else None
    if state is None:
        raise ValueError("a filed mail needs a ticket: it opens one or joins one")
    _on(work, state.ticket.id)
    reread = work.decision.rewrites is not None
    sender = work.mail.sender.address if work.mail.sender else ""
    work.tell(
        "reread" if reread else "message_added", "operator" if reread else sender,
        kind=work.decision.kind.value, by=work.decision.thread_reason,
    )  # fmt: skip
    work.say("ticket.threaded", ticket=work.number, by=work.decision.thread_reason)


def _on(work: Work, ticket: int) -> None:
    there = work.facts.tickets[ticket].ticket
    work.ticket, work.key, work.subject = there.id, there.key, there.subject


def _add_message(work: Work, kept: KeptMail) -> None:
    mail = work.mail
    values: dict[str, object] = {
        "mail_id": kept.mail_id, "ticket_id": work.ticket, "raw_id": kept.raw_id,
        "message_id": effective_id(mail, work.facts.arrived_at, work.facts.source),
        "digest": mail.digest,
        "direction": work.decision.direction, "kind": work.decision.kind.value,
        "sender_name": mail.sender.name if mail.sender else "",
        "sender_address": mail.sender.key[:LONGEST_ADDRESS] if mail.sender else "",
        "subject": mail.subject,
        "sent_at": mail.date, "arrived_at": work.facts.arrived_at, "created_at": work.facts.now,
        "text": mail.text[:MOST_TEXT], "language": work.decision.language,
        "thread_reason": work.decision.thread_reason,
        "verdicts": as_json([_verdict(v) for v in work.decision.verdicts]),
        "reasons": as_json(_reasons(work, kept)),
    }  # fmt: skip
    if work.decision.rewrites is None:
        work.message = work.tx.add_message(values)
    else:
        work.message = work.decision.rewrites
        work.tx.rewrite_message(work.message, values)
    work.tx.add_files(work.message, tuple(_file_of(work, one) for one in mail.attachments))


def _reasons(work: Work, kept: KeptMail) -> list[str]:
    mail = work.mail
    return [*work.decision.reasons, *_left_out(work, kept), *_cut(mail.text), *_defects(mail)]


def _left_out(work: Work, kept: KeptMail) -> Iterator[str]:
    """What of the mail nobody has read, as ``ticket show`` and ``why`` tell it."""
    if work.decision.kind is MessageKind.UNREADABLE:
        yield f"{UNREAD}: its original is kept, see `maild quarantine show {kept.mail_id}`"
    elif size := kept.whole_size:
        yield f"{UNREAD} whole: {megabytes(size)} MB, only its beginning; the rest is in the mailbox"
    elif work.mail.unread:
        yield f"{UNREAD} whole: {', '.join(work.mail.unread)}; its original is kept as a whole"


def _defects(mail: ParsedMail) -> Iterator[str]:
    return (f"defect: {defect}" for defect in mail.defects if defect not in mail.unread)


def _cut(text: str) -> tuple[str, ...]:
    if len(text) <= MOST_TEXT:
        return ()
    return (f"the ledger holds {MOST_TEXT:,} of {len(text):,} characters of its text, the raw mail all",)


def _file_of(work: Work, file: Attachment) -> StoredFile:
    return StoredFile(
        filename=file.filename, content_type=file.content_type[:LONGEST_NAME], size=file.size,
        sha256=file.sha256, content_id=file.content_id[:LONGEST_NAME], inline=file.inline,
        decoration=file.sha256 in work.decision.decorations, held=work.decision.held.get(file.sha256, ""),
        scan=str(work.facts.scans.get(file.sha256, "")),
    )  # fmt: skip


def _verdict(verdict: Verdict) -> dict[str, object]:
    return {"signal": verdict.signal, "holds": verdict.holds, "ticket": verdict.ticket, "why": verdict.why}


def _carry_out(work: Work, change: Change) -> None:  # noqa: C901, PLR0912, PLR0915  (a line for each variant)
    """One change. Exhaustive: a new variant that is not handled here is a type error."""
    match change:
        case OpenTicket():
            return  # written first: everything else needs its number
        case Describe():
            _describe(work, change)
        case AddParticipants():
            add_people(work, work.here, change)
        case RememberIds():
            work.tx.add_references(work.here, change.message_ids)
        case StartClock():
            clocks.start_clock(work, change)
        case StopClocks():
            clocks.answer_clocks(work, change)
        case TakeInCharge():
            clocks.take(work, change)
        case Recognise():
            clocks.recognise(work, change)
        case SetStatus():
            work.changed |= {"status": change.status.value, "wake_at": None}
            work.tell("status", "mail", status=change.status.value, why=change.why)
        case SendReceipt():
            letters.owe_receipt(work, change, suppressed="")
        case LogCall():
            phone.log(work, change)
        case SendCallReceipt():
            phone.receipt(work, change)
        case WithholdReceipt():
            letters.withhold(work, change)
        case Notify():
            notifications.notify(work, change)
        case AnswerAgent():
            letters.answer_agent(work, change)
        case SendStory():
            asked.send_story(work, change)
        case SendFile():
            files.send_file(work, change)
        case SendList():
            asked.send_list(work, change)
        case Amend():
            work.changed |= dict(change.values)
        case Settle():
            standings.settle(work.tx, change.address[:LONGEST_ADDRESS], work.here)
        case SendRelay():
            relays.send(work, change)
        case Tell():
            relays.tell(work, change)
        case SendVisit():
            visits.send(work, change)
        case AnswerVisit():
            visits.answered(work, change)
        case Brief():
            briefs.brief(work, change)
        case Consult():
            consultations.ask(work, change)
        case HearTeam():
            consultations.hear(work, change)
        case StopLetters():
            relays.stop(work, change)
        case ReleaseLetters():
            relays.release(work, change)
        case Merge():
            repair.merge(work, change)
        case Link():
            repair.link(work, change)
        case HandOver():
            repair.hand_over(work, change)
        case SplitOff():
            repair.split(work, change)
        case Undo():
            repair.undo(work, change)
        case Elsewhere():
            _elsewhere(work, change)
        case MuteAddress():
            work.tx.mute(assembly.as_sent(change.address), until=change.until, reason=change.reason)
            work.tell("muted", "mail", address=change.address, until=change.until, reason=change.reason)
        case TellAdministrators():
            letters.owe_trouble(
                work.tx, about=change.about, headline=change.headline, details=change.details,
                cause=work.cause, now=work.facts.now, policy=work.policy, paper=work.paper,
            )  # fmt: skip
        case Note():
            work.tell(change.kind, change.actor, **dict(change.detail))
            if change.kind in _LOGGED:
                verbs = dict(change.detail).get("verbs", "")
                work.say(f"agent.{change.kind}", ticket=work.number, agent=change.actor, verbs=verbs)
        case _:
            assert_never(change)


def _elsewhere(work: Work, ordered: Elsewhere) -> None:
    """The orders of a mail on another ticket, with a story of their own there; the cause is the mail."""
    there = Work(
        tx=work.tx, mail=_NO_MAIL, facts=work.facts, policy=work.policy, paper=work.paper, cause=work.cause,
        actor=work.actor, message=work.message, letters=work.letters, elsewhere=True,
        decision=replace(work.decision, ticket=ordered.ticket, changes=ordered.changes),
    )  # fmt: skip
    _on(there, ordered.ticket)
    _change(there)
    work.letters = there.letters
    work.said += there.said


def _describe(work: Work, described: Describe) -> None:
    before = work.before.ticket
    if not before.subject:
        work.changed["subject"] = described.subject
    if not before.requester_address:
        work.changed |= {
            "requester_name": described.requester.name,
            "requester_address": described.requester.address[:LONGEST_ADDRESS],
            "language": described.language,
            "standing": described.standing,
            "entity": described.entity,
        }
    for other in described.links:
        work.tx.link(before.id, other)
