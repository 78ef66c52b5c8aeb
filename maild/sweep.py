"""The passing of time: clocks that come near their limit or reach it, tickets that wake, and the digests.

Stands beside the receivers, started by ``timers``: due clocks -> ``decide.sla`` -> the ledger. It touches
only what is due, records each stage once, and so says nothing twice, whatever dies when. Raises
``storage.database.Unavailable``; the next sweep finds the same clocks again.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from maild import apply, assembly, compose, log, steps
from maild.arrival import Source
from maild.compose import Line
from maild.decide import sla, teams
from maild.decide.consequences import recipients_of
from maild.decide.facts import Facts, TicketFacts
from maild.decide.policy import Policy
from maild.decide.waking import woken
from maild.effects import consultations, letters
from maild.effects.work import NO_TICKET, owe_letter
from maild.ingest import Office, known
from maild.steps import Step
from parsers.addresses import Address
from storage import handling, outbox
from storage.records import Clock, Event, MessageKind, Stage, Ticket
from storage.store import TicketState, Transaction

_log = log.get("maild.sweep")

# A letter a person for each such part: a first start on a mailbox of years sends a few, not a flood.
AT_ONCE = 5000
# Each is looked at by itself.
WAKE_AT_ONCE = 100
CAUSE = "timer:sweep"
# At this hour, by the desk's clock, it is told what was left among junk until then.
MORNING = 7
# The digest of old mail waits until the mailbox has been read through.
BACKLOG_SETTLES = timedelta(seconds=30)
# Whoever has had a digest gets the next one after this at the soonest, however much there is to tell.
DIGEST_EVERY = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What one sweep found."""

    near: int
    breached: int
    woken: int = 0


def sweep(office: Office, *, final: bool = False) -> Swept:
    """Advance every clock that is due, tell those who must know, and mark the mails to be marked.

    Args:
        final: nothing more will come in this run, so that a digest need not wait.
    """
    near = breached = 0
    while True:
        with office.store.write() as tx:
            due = tx.clocks_due(now=office.now(), limit=AT_ONCE)
            reached = _advance(tx, due, office)
            steps.reached(Step.SWEEPING)
        steps.reached(Step.SWEPT)
        near += sum(stage is Stage.NEAR for _, stage in reached)
        breached += sum(stage is Stage.BREACHED for _, stage in reached)
        if len(due) < AT_ONCE:
            break
    back = _wake(office)
    _announce_backlog(office, final=final)
    _announce_junk(office)
    return Swept(near=near, breached=breached, woken=back)


def _advance(tx: Transaction, due: Sequence[Clock], office: Office) -> list[tuple[Ticket, Stage]]:
    if not due:
        return []
    now = office.now()
    stages = [(clock, sla.stage(clock, now)) for clock in due]
    tx.advance_clocks([_looked_at(clock, stage, now, office.policy) for clock, stage in stages])
    tx.unmark([clock.message_id for clock, _ in stages if not clock.team])
    states = tx.states({c.ticket_id for c, _ in stages})
    came = [(states[clock.ticket_id], clock, stage) for clock, stage in stages if stage is not clock.stage]
    for state, clock, stage in came:
        if clock.team:
            _remind(tx, state, clock, stage, office)
    reached = [(state.ticket, clock, stage) for state, clock, stage in came if not clock.team]
    for ticket, clock, stage in reached:
        tx.change_ticket(ticket.id, near_limit=True, breached=ticket.breached or stage is Stage.BREACHED)
        _log.info(
            "sla.breached" if stage is Stage.BREACHED else "sla.warned", ticket=ticket.id, due_at=clock.due_at
        )
    tx.add_events([_event(ticket, clock, stage, now) for ticket, clock, stage in reached])
    for stage in (Stage.NEAR, Stage.BREACHED):
        _alert(tx, stage, [(t, c) for t, c, s in reached if s is stage], office)
    return [(ticket, stage) for ticket, _, stage in reached]


def _looked_at(
    clock: Clock, stage: Stage, now: datetime, policy: Policy
) -> tuple[int, Stage, datetime | None, float]:
    told = replace(clock, stage=stage, warned=max(clock.warned, sla.reached(clock, now, policy)))
    return clock.id, stage, sla.next_look(told, now, policy), told.warned


def _remind(tx: Transaction, state: TicketState, clock: Clock, stage: Stage, office: Office) -> None:
    """A specialist team's own limit: whoever waits for the team hears of it, and who leads it.

    The promise to the requester is the desk's: neither the ticket nor the mail is marked for it.
    """
    state, now = _survivor(tx, state), office.now()
    if state.ticket.status not in teams.OPEN:
        return  # nobody waits for an answer any more
    known = TicketFacts(ticket=state.ticket, participants=state.participants)
    for owed, letter in consultations.reminders(tx, known, clock, stage, now, office.policy, office.paper):
        _owe(tx, letter, MessageKind.ALERT, owed, now, state.ticket.id)
    detail = json.dumps({"team": clock.team, "due_at": clock.due_at}, default=str)
    kind = "team_breached" if stage is Stage.BREACHED else "team_near_limit"
    event = Event(ticket_id=state.ticket.id, at=now, kind=kind, actor="clock", cause=CAUSE, detail=detail)
    tx.add_events([event])
    _log.info("sla.team", ticket=state.ticket.id, team=clock.team, stage=stage.value, due_at=clock.due_at)


def _survivor(tx: Transaction, state: TicketState) -> TicketState:
    """The ticket, or what it was merged into: a team's clock stays with the ticket of which it was asked."""
    seen = set[int]()
    while (into := state.ticket.merged_into) is not None and into not in seen:
        seen.add(into)
        state = tx.states((into,))[into]
    return state


def _event(ticket: Ticket, clock: Clock, stage: Stage, now: datetime) -> Event:
    detail = json.dumps({"due_at": clock.due_at, "first": clock.first}, default=str)
    kind = "breached" if stage is Stage.BREACHED else "near_limit"
    return Event(ticket_id=ticket.id, at=now, kind=kind, actor="clock", cause=CAUSE, detail=detail)


def _alert(tx: Transaction, stage: Stage, reached: Sequence[tuple[Ticket, Clock]], office: Office) -> None:
    """One letter a person for all that one sweep found, so that a daemon that was down sends no flood."""
    policy, now = office.policy, office.now()
    by_person: dict[tuple[str, str], list[tuple[Ticket, Clock]]] = {}
    for ticket, clock in reached:
        for person in _who_hears(ticket, stage, policy, now):
            by_person.setdefault(person, []).append((ticket, clock))
    for (address, language), theirs in by_person.items():
        # An alert about one ticket is that ticket's mail: a reply to it works like one to the notification.
        key = theirs[0][0].key if len(theirs) == 1 else NO_TICKET
        post = letters.post_of_no_ticket(Address("", address), language, now=now, policy=policy, key=key)
        lines = _lines(((t, c.due_at) for t, c in theirs), policy)
        letter = compose.alert(office.paper, stage=stage.value, tickets=lines, **post)
        only = theirs[0][0].id if len(theirs) == 1 else None
        _owe(tx, letter, MessageKind.ALERT, f"alert:{stage.value}:{theirs[0][1].id}:{address}", now, only)


def _who_hears(ticket: Ticket, stage: Stage, policy: Policy, now: datetime) -> tuple[tuple[str, str], ...]:
    """Near the limit: whose ticket it is. At the limit: the leads too. Nobody there: the administrators."""
    facts = Facts(now=now, arrived_at=now, mail_id="", maildrop="", source=Source.INBOX)
    own = recipients_of(ticket.team, facts, policy, assignee=ticket.assignee)
    leads = tuple((a.address, a.language) for a in policy.agents if a.lead and stage is Stage.BREACHED)
    everybody = tuple(dict.fromkeys((*own, *leads)))
    return everybody or tuple((a, policy.desk.languages[0]) for a in policy.desk.administrators)


def _lines(tickets: Iterable[tuple[Ticket, datetime | None]], policy: Policy) -> list[Line]:
    return [
        Line(
            number=policy.desk.number(ticket.id),
            subject=ticket.subject,
            requester=Address(ticket.requester_name, ticket.requester_address),
            due_at=due_at,
        )
        for ticket, due_at in tickets
    ]


def _owe(
    tx: Transaction, letter: assembly.Letter, kind: MessageKind, owed: str, now: datetime, ticket: int | None
) -> None:
    if outbox.is_owed(tx, owed):
        return
    owe_letter(tx, letter, kind, owed=owed, cause=CAUSE, ticket=ticket, now=now)


def _wake(office: Office) -> int:
    """Tickets that waited until now come back to whoever has them, each in a letter of its own."""
    now, count = office.now(), 0
    with office.store.read() as tx:
        if not handling.waking(tx, now=now, limit=1):
            return 0
    while True:
        with office.store.write() as tx:
            due = handling.waking(tx, now=now, limit=WAKE_AT_ONCE)
            for ticket in due:
                _wake_one(tx, ticket, office)
        count += len(due)
        if len(due) < WAKE_AT_ONCE:
            return count


def _wake_one(tx: Transaction, ticket: Ticket, office: Office) -> None:
    facts = known(tx, (ticket.id,), office)
    changes = woken(facts.tickets[ticket.id], facts, office.policy)
    apply.act(
        tx, changes, facts, ticket=ticket.id, actor="clock", policy=office.policy, paper=office.paper,
        by_person=False,
    )  # fmt: skip
    _log.info("ticket.woken", ticket=ticket.id, until=ticket.wake_at)


def _announce_backlog(office: Office, *, final: bool) -> None:
    """What nobody was told of mail by mail: the team hears of all of it in one digest."""
    with office.store.read() as tx:
        waiting = tx.backlog()
    now, age = office.now(), office.policy.budget.receipt_max_age
    old = [t for t in waiting if t.created_at - t.arrived_at > age]
    many = [t for t in waiting if t.created_at - t.arrived_at <= age]
    if old and (final or now - max(t.created_at for t in old) >= BACKLOG_SETTLES):
        _digest(old, office, many=False)
    if many:
        _digest(many, office, many=True)


def _digest(tickets: Sequence[Ticket], office: Office, *, many: bool) -> None:
    """One letter a person, and not more often than people can read; what nobody is there for waits."""
    now, policy = office.now(), office.policy
    facts = Facts(now=now, arrived_at=now, mail_id="", maildrop="", source=Source.INBOX)
    by_person: dict[tuple[str, str], list[Ticket]] = {}
    for ticket in tickets:
        for person in recipients_of(ticket.team, facts, policy):
            by_person.setdefault(person, []).append(ticket)
    if not by_person:
        return
    with office.store.write() as tx:
        lately = outbox.written(tx, [a for a, _ in by_person], MessageKind.DIGEST, since=now - DIGEST_EVERY)
        if lately:
            return
        for (address, language), theirs in by_person.items():
            post = letters.post_of_no_ticket(Address("", address), language, now=now, policy=policy)
            lines = _lines(((t, t.due_at) for t in theirs), policy)
            letter = compose.digest(office.paper, tickets=lines, many=many, **post)
            owed = f"backlog:{theirs[0].id}:{now.isoformat()}:{address}"
            _owe(tx, letter, MessageKind.DIGEST, owed, now, None)
        told = {ticket.id for theirs in by_person.values() for ticket in theirs}
        tx.announced(sorted(told))
    _log.info("backlog.announced", tickets=len(told), letters=len(by_person))


def _announce_junk(office: Office) -> None:
    """Mail that was left among junk: whoever leads hears how many, in one letter a day and folder."""
    morning = last_morning(office.now(), office.policy.desk.timezone)
    with office.store.read() as tx:
        if not tx.untold(before=morning):
            return
    with office.store.write() as tx:
        names = {drop.id: drop.name for drop in tx.maildrops()}
        for drop, left in tx.untold(before=morning).items():
            if _tell_of_junk(tx, names[drop], len(left), f"junk:{drop}:{morning:%Y%m%d}", office):
                tx.told(left)


def _tell_of_junk(tx: Transaction, name: str, count: int, about: str, office: Office) -> bool:
    """False where the day's letter is written: what was found since then is counted in the next one."""
    now, policy = office.now(), office.policy
    people = _who_leads(policy, now)
    if any(outbox.is_owed(tx, f"{about}:{address}") for address, _ in people):
        return False
    maildrop, _, folder = name.partition("/")
    for address, language in people:
        post = letters.post_of_no_ticket(Address("", address), language, now=now, policy=policy)
        letter = compose.junk(office.paper, count=count, folder=folder, maildrop=maildrop, **post)
        _owe(tx, letter, MessageKind.DIGEST, f"{about}:{address}", now, None)
    _log.info("junk.announced", maildrop=name, mails=count, letters=len(people))
    return True


def last_morning(now: datetime, zone: str) -> datetime:
    """The last time that it was seven in the morning at the desk, in UTC."""
    local = now.astimezone(ZoneInfo(zone))
    today = local.replace(hour=MORNING, minute=0, second=0, microsecond=0)
    return (today if today <= local else today - timedelta(days=1)).astimezone(UTC)


def _who_leads(policy: Policy, now: datetime) -> tuple[tuple[str, str], ...]:
    """(address, language) of the leads who are there, and of the administrators, each once."""
    leads = [(a.address, a.language) for a in policy.agents if a.lead and a.is_present(now.date())]
    known = {address.casefold() for address, _ in leads}
    others = [a for a in policy.desk.administrators if a.casefold() not in known]
    return (*leads, *((address, policy.desk.languages[0]) for address in others))
