"""Carry a decision out: ticket, message, events, clock and outbox rows, in the caller's transaction.

Stands behind ``decide`` and in front of ``storage``. It decides nothing. Whatever it raises undoes the
whole mail's savepoint, and the mail is still kept. The letters that a decision asks for are finished
here, so that sending needs neither templates nor tickets.
"""

import hashlib
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, assert_never

from maild import compose
from maild.arrival import Source
from maild.compose import Letter, Stationery, Unread
from maild.decide import tokens
from maild.decide.copies import effective_id
from maild.decide.decision import (
    UNREAD,
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
    Verdict,
    WithholdReceipt,
)
from maild.decide.facts import Facts
from maild.decide.policy import Policy
from maild.decide.tokens import Purpose
from parsers.addresses import Address
from parsers.attachments import Attachment
from parsers.mail import ParsedMail
from storage import outbox
from storage.records import Event, KeptMail, MessageKind, SightingState, Stage, Status, StoredFile
from storage.store import Transaction

# What a letter about no ticket names in its signed header.
NO_TICKET = "a" * 13
# The story of a ticket wants the words, not the whole of a pasted log file; the raw mail is kept.
MOST_TEXT = 200_000
# RFC 5321 4.5.3.1: 64 octets, an @ and 255; no server delivers to a longer one.
LONGEST_ADDRESS = 320
# Whoever sends a thousand files has not named them for people.
MOST_NAMED = 50
_ON_A_TICKET = {
    Disposition.FILED: SightingState.FILED,
    Disposition.QUARANTINED: SightingState.QUARANTINED,
}
# A media type has at most 255 characters (RFC 6838 4.2), and a Content-ID needs no more.
LONGEST_NAME = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What was written for one mail. ``said``: the log events to emit once it is durable."""

    disposition: Disposition
    kind: MessageKind
    ticket: int | None
    said: tuple[tuple[str, dict[str, object]], ...] = ()


@dataclass(slots=True, kw_only=True)
class _Work:
    """One decision under way: the only thing here that changes, and it ends with the call."""

    tx: Transaction
    decision: Decision
    kept: KeptMail
    mail: ParsedMail
    facts: Facts
    policy: Policy
    paper: Stationery
    ticket: int | None = None
    key: str = NO_TICKET
    subject: str = ""
    message: int = 0
    changed: dict[str, Any] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    said: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    letters: int = 0

    @property
    def number(self) -> str:
        return f"{self.policy.desk.prefix}-{self.ticket}"

    def tell(self, fact: str, actor: str, /, **detail: object) -> None:
        """Add a fact to the ticket's story."""
        self.events.append(
            Event(
                ticket_id=self.ticket, at=self.facts.now, kind=fact, actor=actor,
                cause=self.kept.mail_id, detail=_json(detail),
            )
        )  # fmt: skip

    def say(self, event: str, /, **keys: object) -> None:
        """Let the log say it once it is durable."""
        self.said.append((event, keys))


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
    work = _Work(tx=tx, decision=decision, kept=kept, mail=mail, facts=facts, policy=policy, paper=paper)
    if decision.disposition in _ON_A_TICKET:
        _file(work)
    else:
        _set_aside(work)
    return Applied(
        disposition=decision.disposition, kind=decision.kind, ticket=work.ticket, said=tuple(work.said)
    )


def _set_aside(work: _Work) -> None:
    """A repeated mail is one more sighting; beside the inbox, what belongs to no ticket is none of ours."""
    decision, kept = work.decision, work.kept
    work.ticket, why = decision.ticket, "; ".join(decision.reasons)
    if decision.disposition is Disposition.DUPLICATE:
        work.tell("sighted_again", "mail", sha256=kept.sha256)
        work.tx.add_events(work.events)
        work.tx.settle(kept.sighting_id, SightingState.FILED, decision.twin)
        work.say("message.duplicate", ticket=work.ticket, reason=why)
    else:
        untold = work.facts.source is Source.JUNK
        work.tx.ignore(kept.sighting_id, kept.raw_id, why, untold=untold)
        work.say("message.ignored", ticket=work.ticket, reason=why)


def _file(work: _Work) -> None:
    decision = work.decision
    opening = next((c for c in decision.changes if isinstance(c, OpenTicket)), None)
    if opening is not None:
        _open(work, opening)
    else:
        _join(work)
    _add_message(work)
    for change in decision.changes:
        _carry_out(work, change)
    if work.changed and work.ticket is not None:
        work.tx.change_ticket(work.ticket, **work.changed)
    work.tx.add_events(work.events)
    unread = decision.disposition is Disposition.QUARANTINED
    why = "; ".join(decision.reasons) if unread else ""
    work.tx.settle(work.kept.sighting_id, _ON_A_TICKET[decision.disposition], work.message, why)
    work.say(
        "message.quarantined" if unread else "message.ingested",
        ticket=work.number, kind=decision.kind.value, reason=why or decision.thread_reason,
    )  # fmt: skip


def _open(work: _Work, opening: OpenTicket) -> None:
    clock = next((c for c in work.decision.changes if isinstance(c, StartClock)), None)
    receipt = any(isinstance(c, SendReceipt) for c in work.decision.changes)
    work.key = tokens.ticket_key(secrets.token_bytes(8))
    work.subject = opening.subject
    work.ticket = work.tx.open_ticket(
        {
            "key": work.key, "subject": opening.subject, "requester_name": opening.requester.name,
            "requester_address": opening.requester.address[:LONGEST_ADDRESS], "status": opening.status.value,
            "language": opening.language, "arrived_at": work.facts.arrived_at, "created_at": work.facts.now,
            "category": opening.category, "team": opening.team, "priority": opening.priority,
            "scope": opening.scope, "assignee": "", "due_at": clock.due_at if clock else None,
            "taken_at": None, "acked_at": work.facts.now if receipt else None, "near_limit": False,
            "breached": False, "backlog": opening.backlog, "merged_into": None,
        }
    )  # fmt: skip
    work.tell(
        "opened", opening.requester.address, links=list(opening.links), reason=work.decision.thread_reason
    )
    for other in opening.links:
        work.tx.link(work.ticket, other)
    work.say("ticket.opened", ticket=work.number, by=work.decision.thread_reason, team=opening.team)


def _join(work: _Work) -> None:
    ticket = work.decision.ticket
    state = work.facts.tickets[ticket] if ticket is not None else None
    if state is None:
        raise ValueError("a filed mail needs a ticket: it opens one or joins one")
    work.ticket, work.key, work.subject = state.ticket.id, state.ticket.key, state.ticket.subject
    reread = work.decision.rewrites is not None
    sender = work.mail.sender.address if work.mail.sender else ""
    work.tell(
        "reread" if reread else "message_added", "operator" if reread else sender,
        kind=work.decision.kind.value, by=work.decision.thread_reason,
    )  # fmt: skip
    work.say("ticket.threaded", ticket=work.number, by=work.decision.thread_reason)


def _add_message(work: _Work) -> None:
    mail, kept = work.mail, work.kept
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
        "verdicts": _json([_verdict(v) for v in work.decision.verdicts]),
        "reasons": _json([*work.decision.reasons, *_left_out(work), *_cut(mail.text), *_defects(mail)]),
    }  # fmt: skip
    if work.decision.rewrites is None:
        work.message = work.tx.add_message(values)
    else:
        work.message = work.decision.rewrites
        work.tx.rewrite_message(work.message, values)
    work.tx.add_files(work.message, tuple(_file_of(work, one) for one in mail.attachments))


def _left_out(work: _Work) -> Iterator[str]:
    """What of the mail nobody has read, as ``ticket show`` and ``why`` tell it."""
    if work.decision.kind is MessageKind.UNREADABLE:
        yield f"{UNREAD}: its original is kept, see `maild quarantine show {work.kept.mail_id}`"
    elif size := work.kept.whole_size:
        yield f"{UNREAD} whole: {megabytes(size)} MB, only its beginning; the rest is in the mailbox"
    elif work.mail.unread:
        yield f"{UNREAD} whole: {', '.join(work.mail.unread)}; its original is kept as a whole"


def megabytes(size: int) -> int:
    """Bytes as people speak of them."""
    return max(1, round(size / 1_000_000))


def _defects(mail: ParsedMail) -> Iterator[str]:
    return (f"defect: {defect}" for defect in mail.defects if defect not in mail.unread)


def _cut(text: str) -> tuple[str, ...]:
    if len(text) <= MOST_TEXT:
        return ()
    return (f"the ledger holds {MOST_TEXT:,} of {len(text):,} characters of its text, the raw mail all",)


def _file_of(work: _Work, file: Attachment) -> StoredFile:
    return StoredFile(
        filename=file.filename, content_type=file.content_type[:LONGEST_NAME], size=file.size,
        sha256=file.sha256, content_id=file.content_id[:LONGEST_NAME], inline=file.inline,
        decoration=file.sha256 in work.decision.decorations,
    )  # fmt: skip


def _verdict(verdict: Verdict) -> dict[str, object]:
    return {"signal": verdict.signal, "holds": verdict.holds, "ticket": verdict.ticket, "why": verdict.why}


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _carry_out(work: _Work, change: Change) -> None:
    """One change. Exhaustive: a new variant that is not handled here is a type error."""
    match change:
        case OpenTicket():
            return  # written first: everything else needs its number
        case Describe():
            _describe(work, change)
        case AddParticipants():
            people = {a.key[:LONGEST_ADDRESS]: (a.name, role) for a, role in change.people}
            work.tx.add_participants(_ticket(work), tuple((key, *person) for key, person in people.items()))
        case RememberIds():
            work.tx.add_references(_ticket(work), change.message_ids)
        case StartClock():
            _start_clock(work, change)
        case StopClocks():
            _stop_clocks(work, change)
        case TakeInCharge():
            _take(work, change)
        case SetStatus():
            work.changed["status"] = change.status.value
            work.tell("status", "mail", status=change.status.value, why=change.why)
        case SendReceipt():
            _owe_receipt(work, change, suppressed="")
        case WithholdReceipt():
            _withhold(work, change)
        case Notify():
            _notify(work, change)
        case AnswerAgent():
            _answer(work, change)
        case MuteAddress():
            work.tx.mute(compose.as_sent(change.address), until=change.until, reason=change.reason)
            work.tell("muted", "mail", address=change.address, until=change.until, reason=change.reason)
        case TellAdministrators():
            owe_trouble(
                work.tx, about=change.about, headline=change.headline, details=change.details,
                cause=work.kept.mail_id, now=work.facts.now, policy=work.policy, paper=work.paper,
            )  # fmt: skip
        case Note():
            work.tell(change.kind, change.actor, **dict(change.detail))
        case _:
            assert_never(change)


def _ticket(work: _Work) -> int:
    if work.ticket is None:
        raise ValueError("this change needs a ticket")
    return work.ticket


def _describe(work: _Work, described: Describe) -> None:
    before = work.facts.tickets[_ticket(work)].ticket
    if not before.subject:
        work.changed["subject"] = described.subject
    if not before.requester_address:
        work.changed |= {
            "requester_name": described.requester.name,
            "requester_address": described.requester.address[:LONGEST_ADDRESS],
            "language": described.language,
        }
    for other in described.links:
        work.tx.link(before.id, other)


# ---------------------------------------------------------------------- clocks and status


def _start_clock(work: _Work, clock: StartClock) -> None:
    work.tx.start_clock(
        {
            "ticket_id": work.ticket, "message_id": work.message, "first": clock.first,
            "started_at": clock.started_at, "near_at": clock.near_at, "due_at": clock.due_at,
            "next_at": clock.near_at, "stage": Stage.RUNNING.value, "stopped_at": None, "stopped_by": "",
            "presumed": False,
        }
    )  # fmt: skip
    work.tell("clock_started", "mail", first=clock.first, due_at=clock.due_at)
    if work.decision.ticket is not None:
        before = work.facts.tickets[_ticket(work)].ticket.due_at
        work.changed["due_at"] = min(before, clock.due_at) if before else clock.due_at


def _stop_clocks(work: _Work, stop: StopClocks) -> None:
    stopped, changed = stop_clocks(work.tx, _ticket(work), stop)
    work.changed |= changed
    if stopped:
        work.tell("clock_stopped", stop.by, act=stop.act, at=stop.at, presumed=stop.presumed)
        work.say("sla.met", ticket=work.number, act=stop.act, agent=stop.by)


def stop_clocks(tx: Transaction, ticket: int, stop: StopClocks) -> tuple[bool, dict[str, Any]]:
    """Stop the clocks that an act answers: whether any ran, and what the ticket shows of it."""
    stopped = tx.stop_clocks(ticket, at=stop.at, by=stop.by, presumed=stop.presumed)
    left = tx.running(ticket)
    shown = {
        "due_at": left[0].due_at if left else None,
        "near_limit": any(c.stage is not Stage.RUNNING for c in left),
        "breached": any(c.stage is Stage.BREACHED for c in left),
    }
    return bool(stopped), shown


def presume_answered(tx: Transaction, ticket: int, *, at: datetime, mail_id: str) -> bool:
    """\\Answered was seen on a mail: somebody answered outside maild, until the answer itself is found."""
    stop = StopClocks(at=at, by="", act="answered_flag", presumed=True)
    stopped, changed = stop_clocks(tx, ticket, stop)
    if not stopped:
        return False
    before = tx.states((ticket,))[ticket].ticket
    if before.status in (Status.NEW, Status.WAITING):
        changed["status"] = Status.TAKEN.value
    tx.change_ticket(ticket, **changed, taken_at=before.taken_at or at)
    detail = json.dumps({"act": stop.act, "at": at, "presumed": True}, default=str)
    tx.add_events(
        (Event(ticket_id=ticket, at=at, kind="clock_stopped", actor="mailbox", cause=mail_id, detail=detail),)
    )
    return True


def _take(work: _Work, taken: TakeInCharge) -> None:
    before = work.facts.tickets[_ticket(work)].ticket
    if before.taken_at is None:
        work.changed["taken_at"] = taken.at
    if before.status in (Status.NEW, Status.WAITING):
        work.changed["status"] = Status.TAKEN.value
    if taken.agent:
        work.changed["assignee"] = taken.agent
    work.tell("taken", taken.agent, at=taken.at)
    work.say("ticket.assigned", ticket=work.number, agent=taken.agent)


# ---------------------------------------------------------------------- letters


def _post(work: _Work, purpose: Purpose, to: Address, language: str) -> dict[str, Any]:
    """Addresses, signed id, signed header and threading of a letter that answers this mail."""
    work.letters += 1
    serial = f"{work.kept.mail_id}{work.letters}"
    secrets_, desk = work.policy.desk.secrets, work.policy.desk
    token = tokens.sign(secrets_, purpose, work.key, to.address, serial)
    local, _, domain = desk.address.rpartition("@")
    return {
        "to": to,
        "language": language,
        "now": work.facts.now,
        "message_id": f"{token}@{desk.domain}",
        "signature": tokens.sign(secrets_, Purpose.SELF, work.key, to.address, serial),
        "parent_id": work.mail.message_id,
        "parent_references": work.mail.references,
        "reply_to": f"{local}+{token}@{domain}" if desk.plus_addresses else "",
    }


def _owe(work: _Work, letter: Letter, kind: MessageKind, owed: str, suppressed: str = "") -> None:
    owe_letter(
        work.tx, letter, kind, owed=owed, cause=work.kept.mail_id, ticket=work.ticket, now=work.facts.now,
        suppressed=suppressed,
    )  # fmt: skip
    work.say("outbox.queued", ticket=work.number, kind=kind.value, to=letter.recipient)


def owe_letter(
    tx: Transaction,
    letter: Letter,
    kind: MessageKind,
    *,
    owed: str,
    cause: str,
    ticket: int | None,
    now: datetime,
    suppressed: str = "",
) -> None:
    """Put a finished letter into the outbox; see ``storage.outbox.owe``."""
    outbox.owe(
        tx, owed=owed, mail_id=cause, ticket_id=ticket, kind=kind, recipient=letter.recipient,
        message_id=letter.message_id, subject=letter.subject, content=letter.content,
        sha256=hashlib.sha256(letter.content).hexdigest(), now=now, suppressed=suppressed,
    )  # fmt: skip


def _owe_receipt(work: _Work, receipt: SendReceipt, *, suppressed: str) -> None:
    letter = compose.receipt(
        work.paper, number=work.number, subject=work.subject, due_at=receipt.due_at,
        **_post(work, Purpose.RECEIPT, receipt.to, receipt.language),
    )  # fmt: skip
    _owe(work, letter, MessageKind.RECEIPT, f"receipt:{work.ticket}", suppressed)
    if not suppressed:
        work.tell("receipt", "maild", to=receipt.to.address, language=receipt.language)


def _withhold(work: _Work, withheld: WithholdReceipt) -> None:
    work.tell("receipt_withheld", "maild", reasons=list(withheld.reasons))
    work.say("loop.suppressed", ticket=work.number, reason="; ".join(withheld.reasons))
    clock = next((c for c in work.decision.changes if isinstance(c, StartClock)), None)
    if not withheld.over_budget or clock is None:
        return
    to = Address("", withheld.to)
    receipt = SendReceipt(to=to, language=work.policy.desk.languages[0], due_at=clock.due_at)
    _owe_receipt(work, receipt, suppressed="; ".join(withheld.reasons))


def _notify(work: _Work, notify: Notify) -> None:
    mail = work.mail
    files = _named(work)
    for address, language in notify.recipients:
        post = _post(work, Purpose.NOTIFICATION, Address("", address), language)
        # It answers no mail that he has, so it has no In-Reply-To; the references keep the letters of a
        # ticket together in his mail program, and bring his answer to the ticket when a state is made anew.
        post |= {"parent_id": "", "parent_references": (*mail.references, mail.message_id)}
        letter = compose.notification(
            work.paper, number=work.number, subject=work.subject, requester=mail.sender or Address("", ""),
            text=work.decision.text or mail.text, due_at=notify.due_at,
            later=work.decision.ticket is not None, attachments=files,
            marker=post["message_id"].partition("@")[0], unread=_unread(work),
            suspect=work.facts.source is Source.JUNK,
            **post,
        )  # fmt: skip
        _owe(work, letter, MessageKind.NOTIFICATION, f"notification:{work.kept.mail_id}:{address}")
        work.tell("notified", "maild", to=address)
    if notify.in_digest:
        work.changed["backlog"] = True
        work.tell("left_to_digest", "maild", to=list(notify.in_digest))


def _unread(work: _Work) -> Unread:
    failed = work.decision.kind is MessageKind.UNREADABLE
    size = work.kept.whole_size
    return Unread(
        failed=failed, whole_mb=megabytes(size) if size else 0,
        beyond=tuple(dict.fromkeys(bound.value for bound in work.mail.unread.values())),
        in_mailbox=work.facts.source is not Source.DOOR,
    )  # fmt: skip


def _named(work: _Work) -> tuple[str, ...]:
    """The files as the agents hear of them: by name, else by type, and how many more there are."""
    hidden = work.decision.decorations
    names = [a.filename or a.content_type for a in work.mail.attachments if a.sha256 not in hidden]
    more = (f"… + {len(names) - MOST_NAMED}",) if len(names) > MOST_NAMED else ()
    return (*names[:MOST_NAMED], *more)


def _answer(work: _Work, answer: AnswerAgent) -> None:
    letter = compose.answer(
        work.paper, number=work.number, subject=work.subject, lines=_lines(answer.lines),
        **_post(work, Purpose.ANSWER, answer.to, answer.language),
    )  # fmt: skip
    owed = f"answer:{work.kept.mail_id}:{answer.to.key}"
    _owe(work, letter, MessageKind.ANSWER, owed, suppressed=answer.withheld)
    if answer.withheld:
        work.tell("answer_withheld", "maild", to=answer.to.address, reasons=[answer.withheld])
        work.say("loop.suppressed", ticket=work.number, reason=answer.withheld)


def _lines(lines: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_each_line(lines))


def _each_line(lines: tuple[str, ...]) -> Iterator[str]:
    for line in lines:
        yield from line.splitlines()


def owe_trouble(
    tx: Transaction,
    *,
    about: str,
    headline: str,
    details: str,
    cause: str,
    now: datetime,
    policy: Policy,
    paper: Stationery,
    over: bool = False,
) -> None:
    """Tell each administrator once of what ``about`` names; they are the last who may not be told.

    Args:
        over: it is told that this has ended.
    """
    write = compose.recovered if over else compose.trouble
    for address in policy.desk.administrators:
        owed = f"trouble:{about}:{address.casefold()}"
        if outbox.is_owed(tx, owed):
            continue
        post = post_of_no_ticket(Address("", address), policy.desk.languages[0], now=now, policy=policy)
        letter = write(paper, headline=headline, details=details, **post)
        owe_letter(tx, letter, MessageKind.TROUBLE, owed=owed, cause=cause, ticket=None, now=now)


def post_of_no_ticket(
    to: Address, language: str, *, now: datetime, policy: Policy, key: str = NO_TICKET
) -> dict[str, Any]:
    """Addresses, id and signed header of a letter that answers no mail; ``key``: of its one ticket."""
    serial = secrets.token_hex(8)
    secrets_ = policy.desk.secrets
    token = tokens.sign(secrets_, Purpose.ANSWER, key, to.address, serial)
    return {
        "to": to,
        "language": language,
        "now": now,
        "message_id": f"{token}@{policy.desk.domain}",
        "signature": tokens.sign(secrets_, Purpose.SELF, key, to.address, serial),
    }
