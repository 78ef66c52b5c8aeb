"""Digests of mail that nobody was told of one by one: the old, what came all at once, what lay among junk.

The last part of a sweep: one letter a person, and not more often than people can read.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from maild import assembly, compose, log
from maild.arrival import Source
from maild.compose import Line
from maild.decide.consequences import recipients_of
from maild.decide.facts import Facts
from maild.decide.policy import Policy
from maild.effects import letters
from maild.effects.warnings import CAUSE
from maild.effects.work import owe_letter
from maild.ingest import Office
from parsers.addresses import Address
from storage import outbox
from storage.records import MessageKind, Ticket
from storage.store import Transaction

_log = log.get("maild.sweep")

# At this hour, by the desk's clock, it is told what was left among junk until then.
MORNING = 7
# The digest of old mail waits until the mailbox has been read through.
BACKLOG_SETTLES = timedelta(seconds=30)
# Whoever has had a digest gets the next one after this at the soonest, however much there is to tell.
DIGEST_EVERY = timedelta(minutes=15)


def announce_backlog(office: Office, *, final: bool) -> None:
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
            lines = _lines(theirs, policy)
            letter = compose.digest(office.paper, tickets=lines, many=many, **post)
            owed = f"backlog:{theirs[0].id}:{now.isoformat()}:{address}"
            _owe(tx, letter, owed, now)
        told = {ticket.id for theirs in by_person.values() for ticket in theirs}
        tx.announced(sorted(told))
    _log.info("backlog.announced", tickets=len(told), letters=len(by_person))


def _lines(tickets: Sequence[Ticket], policy: Policy) -> list[Line]:
    return [
        Line(
            number=policy.desk.number(ticket.id),
            subject=ticket.subject,
            requester=Address(ticket.requester_name, ticket.requester_address),
            due_at=ticket.due_at,
        )
        for ticket in tickets
    ]


def _owe(tx: Transaction, letter: assembly.Letter, owed: str, now: datetime) -> None:
    if not outbox.is_owed(tx, owed):
        owe_letter(tx, letter, MessageKind.DIGEST, owed=owed, cause=CAUSE, ticket=None, now=now)


def announce_junk(office: Office) -> None:
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
        _owe(tx, letter, f"{about}:{address}", now)
    _log.info("junk.announced", maildrop=name, mails=count, letters=len(people))
    return True


def last_morning(now: datetime, zone: str) -> datetime:
    """The last time that it was seven in the morning at the desk, in UTC."""
    local = now.astimezone(ZoneInfo(zone))
    today = local.replace(hour=MORNING, minute=0, second=0, microsecond=0)
    return (today if today <= local else today - timedelta(days=1)).astimezone(UTC)


def _who_leads(policy: Policy, now: datetime) -> tuple[tuple[str, str], ...]:
    """(address, language) of the leads who are there, and of the administrators, each once."""
    leads = [(a.address, a.language) for a in policy.agents if a.lead and a.is_present(policy.desk.day(now))]
    known = {address.casefold() for address, _ in leads}
    others = [a for a in policy.desk.administrators if a.casefold() not in known]
    return (*leads, *((address, policy.desk.languages[0]) for address in others))
