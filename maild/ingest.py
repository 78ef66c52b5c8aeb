"""THE FLOW: keep -> parse -> gather -> decide -> apply. The function to read first is ``ingest``.

Stands between the receivers and the ledger. Before ``keep`` has returned nothing was promised; after it a
failure is ours to mend: a mail that is kept and not filed is found again by ``file_unfiled``, at the next
start or the next tick. Raises ``storage.database.Unavailable`` and ``storage.store.LeaseLost``.

No mail delays another. What is large, or lay here unfiled when this process took the maildrop over (the
one before may have died of it), is read alone, in a worker process; only the tries of such a mail count,
and the third that fails makes a plain ticket of it, as any fault of our own code does at once. Its
neighbours are filed in the same pass.
"""

import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from maild import apply as application
from maild import assembly, isolate, log, metrics, steps, wanted
from maild.apply import Applied
from maild.arrival import Arrival, Source, mail_id
from maild.compose import Stationery
from maild.decide import (
    commands,
    consequences,
    copies,
    decoration,
    identity,
    language,
    marks,
    message,
    novelty,
    standing,
    threads,
    unread,
)
from maild.decide.decision import (
    AnswerAgent,
    Decision,
    HearTeam,
    Notify,
    SendCallReceipt,
    SendFile,
    SendList,
    SendReceipt,
    SendStory,
    Tell,
    all_of,
)
from maild.decide.facts import NOT_HANDLED, Facts, Handling, Reach, Scan, Spent, TicketFacts
from maild.decide.order import Ask
from maild.decide.policy import Policy, Rate
from maild.decide.tokens import Purpose
from maild.effects import letters
from maild.isolate import Closed, Failure, Fate, NoWorker, Worker
from maild.scan import Scanner
from maild.steps import Step
from parsers.commands import CommandBlock
from parsers.mail import ParsedMail, parse_mail
from storage import handling, outbox, repair, standings
from storage.database import is_unavailable
from storage.records import KeptMail, Lease, Maildrop, MessageKind, NewMail, Standing
from storage.store import LeaseLost, Store, TicketState, Transaction

_log = log.get("maild.ingest")

# What is left to file after a crash is taken in parts, so that memory stays small.
_PART = 50
# More mails than this are never filed at once.
_MOST_AT_ONCE = 100
_PART_BYTES = 4 << 20
# So often a mail may fail there, or its process die, before people are shown it unread.
MOST_TRIES = 3
# Of the letters that a mail names, the last ones: those before them were seen when they were answered.
MOST_LETTERS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """What filing needs, built once in ``daemon``: the ledger, the policy, the paper and the time.

    ``worker``: reads what is read alone; ``scanner``: None where the desk has none. ``inherited``: (maildrop,
    epoch of its lease) -> the sightings that lay unfiled when this process took it over.
    """

    store: Store
    policy: Policy
    paper: Stationery
    now: Callable[[], datetime]
    worker: Worker = field(default_factory=Worker)
    scanner: Scanner | None = None
    inherited: dict[tuple[int, int], frozenset[int]] = field(default_factory=dict)


def ingest(
    arrivals: Sequence[Arrival], maildrop: Maildrop, uidvalidity: int, lease: Lease, office: Office
) -> tuple[Applied, ...]:
    """Keep a batch of mails, then file them: two commits, with a savepoint for each mail."""
    kept = keep(arrivals, maildrop, uidvalidity, lease, office)
    return file(kept, lease, office)


def keep(
    arrivals: Sequence[Arrival], maildrop: Maildrop, uidvalidity: int, lease: Lease, office: Office
) -> tuple[KeptMail, ...]:
    """Make raw bytes and sightings durable: from here on the mails cannot be lost."""
    mails = tuple(
        NewMail(
            mail_id=a.mail_id, uid=a.uid, arrived_at=a.arrived_at, content=a.content, sha256=a.sha256,
            whole_size=a.whole_size, placed=marks.left_before(a.flags),
        )
        for a in arrivals
    )  # fmt: skip
    with office.store.write() as tx:
        tx.check_lease(lease)
        kept = tx.keep(maildrop, uidvalidity, mails)
        steps.reached(Step.KEEPING)
    steps.reached(Step.KEPT)
    return kept


def file(
    kept: Sequence[KeptMail], lease: Lease, office: Office, *, inherited: bool = False
) -> tuple[Applied, ...]:
    """Parse, gather, decide and apply: one commit for all, a savepoint for each.

    Args:
        inherited: another process kept them, and may have died of one of them.
    """
    begun = time.perf_counter()
    parsed = [(mail, _read(mail, lease, office, inherited=inherited)) for mail in kept]
    readable = [(one, mail) for one, mail in parsed if mail is not None]
    scans = scanned([mail for _, mail in readable if isinstance(mail, ParsedMail)], office)
    with office.store.write() as tx:
        tx.check_lease(lease)
        budgets = Budgets(tx=tx, policy=office.policy, now=office.now())
        filed = [(one, _file_one(tx, one, mail, scans, budgets, office)) for one, mail in readable]
        _tell_of_no_scanner(tx, scans, office)
    steps.reached(Step.FILED)
    metrics.filed(len(filed), time.perf_counter() - begun)
    for one, applied in filed:
        _say(one, applied)
    return tuple(applied for _, applied in filed if applied is not None)


def file_unfiled(office: Office, lease: Lease, *, is_closing: Callable[[], bool] = lambda: False) -> int:
    """File what was kept in this maildrop and never filed, each mail once; returns how many were filed.

    What lies here at the first call under a lease is inherited; what later calls find was left by this
    process itself, when the ledger could not be written.

    Args:
        is_closing: asked between two parts; what is left then is filed at the next start.
    """
    with office.store.read() as tx:
        waiting = tx.unfiled(lease.maildrop_id)
    tenure = (lease.maildrop_id, lease.epoch)
    inherited = office.inherited.setdefault(tenure, frozenset(sighting for sighting, _ in waiting))
    count = 0
    for part in _parts(waiting, inherited):
        if is_closing():
            break
        with office.store.read() as tx:
            mails = tx.kept(part)
        count += len(file(mails, lease, office, inherited=part[0] in inherited))
    return count


def _parts(waiting: Sequence[tuple[int, int]], inherited: frozenset[int]) -> Iterator[list[int]]:
    """What is inherited one by one, the rest in parts of at most 50 mails and 4 MiB."""
    part: list[int] = []
    room = _PART_BYTES
    for sighting, size in waiting:
        if part and (len(part) >= _PART or size > room or sighting in inherited or part[0] in inherited):
            yield part
            part, room = [], _PART_BYTES
        part.append(sighting)
        room -= size
    if part:
        yield part


def new_mail_id(now: datetime) -> str:
    """A fresh name for a mail."""
    return mail_id(now, secrets.randbits(30))


# ---------------------------------------------------------------------- read


def _read(kept: KeptMail, lease: Lease, office: Office, *, inherited: bool) -> ParsedMail | Failure | None:
    """The mail as it was parsed, or why it cannot be; None where another pass shall try again."""
    if inherited or kept.tries or len(kept.content) > isolate.LARGE:
        return _read_alone(kept, lease, office, inherited=inherited)
    try:
        return parse_mail(kept.content)
    except Exception as error:  # noqa: BLE001  (the parsers are total: this is the net)
        return Failure(fate=Fate.RAISED, detail=isolate.fault(error))


def _read_alone(
    kept: KeptMail, lease: Lease, office: Office, *, inherited: bool
) -> ParsedMail | Failure | None:
    if inherited and kept.tries >= MOST_TRIES:
        return Failure(fate=Fate.DIED, detail=f"ended {kept.tries} times with the whole process")
    try:
        found = office.worker.read(kept.content, before=lambda: _count_try(kept, lease, office))
    except Closed:
        return None  # it is read at the next start
    except NoWorker as error:
        _tell_of_no_worker(kept, error, office)
        return None
    # An exception comes again, however often one tries; a want of memory or time may pass.
    if isinstance(found, ParsedMail) or found.fate is Fate.RAISED or kept.tries + 1 >= MOST_TRIES:
        return found
    _log.warning(
        "message.unread",
        mail_id=kept.mail_id,
        maildrop=kept.maildrop,
        tries=kept.tries + 1,
        reason=found.detail,
    )
    return None


def _count_try(kept: KeptMail, lease: Lease, office: Office) -> None:
    with office.store.write() as tx:
        tx.check_lease(lease)
        tx.count_try(kept.sighting_id)


def _tell_of_no_worker(kept: KeptMail, error: NoWorker, office: Office) -> None:
    """The machine's trouble and not the mail's: it waits, and the administrators hear of it once a day."""
    _log.error("worker.failed", mail_id=kept.mail_id, maildrop=kept.maildrop, reason=str(error))
    now = office.now()
    with office.store.write() as tx:
        letters.owe_trouble(
            tx, about=f"worker:{now:%Y%m%d}", headline="Mails wait: no process can be started to read them",
            details=f"{error}. They are kept, and are filed as soon as one can.", cause=kept.mail_id, now=now,
            policy=office.policy, paper=office.paper,
        )  # fmt: skip


# ---------------------------------------------------------------------- scan


def scanned(mails: Iterable[ParsedMail], office: Office) -> Mapping[str, Scan]:
    """What the scanner says of the files of these mails, within its time for all; {} where there is none.

    The mails are durable, and no transaction is open: a scanner that hangs holds up nobody else.
    """
    files = tuple(file for mail in mails for file in mail.attachments)
    return office.scanner.scan(files) if office.scanner is not None and files else {}


def _tell_of_no_scanner(tx: Transaction, scans: Mapping[str, Scan], office: Office) -> None:
    """The administrators hear of it once a day."""
    if office.scanner is None or not office.scanner.is_silent or not scans:
        return
    now = office.now()
    then = (
        "are held until agents ask for them" if office.policy.attachments.unscanned else "go along unscanned"
    )
    letters.owe_trouble(
        tx, about=f"scan:{now:%Y%m%d}", headline="ClamAV does not answer: files are not scanned",
        details=f"{office.scanner.address} does not answer; files that came with mails {then}. "
        "`maild doctor` says more.", cause=new_mail_id(now), now=now, policy=office.policy,
        paper=office.paper,
    )  # fmt: skip


# ---------------------------------------------------------------------- file one


def _file_one(
    tx: Transaction,
    kept: KeptMail,
    mail: ParsedMail | Failure,
    scans: Mapping[str, Scan],
    budgets: "Budgets",
    office: Office,
) -> Applied | None:
    if isinstance(mail, Failure):
        return _file_unreadable(tx, kept, mail, office)
    try:
        with tx.savepoint():
            _note_letters(tx, mail, budgets.now, office)
            facts = gather(tx, kept, mail, budgets, office, scans)
            decision = message.decide(mail, facts, office.policy)
            applied = _apply(tx, decision, kept, mail, facts, office)
    except LeaseLost:
        raise
    except Exception as error:  # noqa: BLE001  (a fault of ours must not delay the mails around it)
        _raise_if_unavailable(error)
        return _file_unreadable(tx, kept, Failure(fate=Fate.RAISED, detail=isolate.fault(error)), office)
    budgets.spend(decision)
    steps.reached(Step.FILING)
    return applied


def _note_letters(tx: Transaction, mail: ParsedMail, now: datetime, office: Office) -> None:
    """Letters of ours that this is, or that it answers, have left, whatever the ledger knows of it."""
    ours = f"@{office.policy.desk.domain}"
    named = (mail.message_id, *mail.in_reply_to, *mail.references[-MOST_LETTERS:])
    if seen := [id_ for id_ in named if id_.endswith(ours)]:
        outbox.note_seen(tx, seen, at=now)


def _raise_if_unavailable(error: Exception) -> None:
    # The ledger's own trouble is no fault of this mail: the whole batch is undone and tried again.
    if is_unavailable(error):
        raise error


def _file_unreadable(tx: Transaction, kept: KeptMail, failure: Failure, office: Office) -> Applied | None:
    """A mail that could not be read is a plain ticket all the same; if even that fails it stays kept."""
    _log.error("message.failed", mail_id=kept.mail_id, maildrop=kept.maildrop, reason=failure.detail)
    # Nothing of what was read is used: its text may be what the fault was about.
    nothing = replace(parse_mail(b""), digest=kept.sha256)
    try:
        with tx.savepoint():
            facts = _bare_facts(tx, kept, nothing, office.now())
            plain = unread.unreadable(nothing, failure.detail, facts, office.policy)
            return _apply(tx, plain, kept, nothing, facts, office)
    except Exception as error:  # noqa: BLE001  (it stays kept, and is tried again at the next pass)
        _raise_if_unavailable(error)
        _log.error("message.stuck", mail_id=kept.mail_id, reason=isolate.fault(error))
        return None


def _apply(
    tx: Transaction, decision: Decision, kept: KeptMail, mail: ParsedMail, facts: Facts, office: Office
) -> Applied:
    return application.apply(tx, decision, kept, mail, facts, policy=office.policy, paper=office.paper)


def _say(kept: KeptMail, applied: Applied | None) -> None:
    for event, keys in applied.said if applied is not None else ():
        _log.info(event, mail_id=kept.mail_id, maildrop=kept.maildrop, **keys)
        metrics.told(event, kept.maildrop, keys)


# ---------------------------------------------------------------------- gather


def _bare_facts(tx: Transaction, kept: KeptMail, mail: ParsedMail, now: datetime) -> Facts:
    return Facts(
        twins=tx.twins(copies.effective_id(mail, kept.arrived_at, Source(kept.source))),
        now=now,
        arrived_at=kept.arrived_at,
        mail_id=kept.mail_id,
        maildrop=kept.maildrop,
        source=Source(kept.source),
    )


def gather(
    tx: Transaction,
    kept: KeptMail,
    mail: ParsedMail,
    budgets: "Budgets",
    office: Office,
    scans: Mapping[str, Scan],
) -> Facts:
    """Read what the decision may know: twins, tickets, the mail that is answered, budgets, known pictures.

    Args:
        scans: what the scanner says of its files, by ``scanned``.
    """
    policy, clues = office.policy, threads.clues(mail, office.policy)
    by_key, by_reference = _by_key(tx, mail, clues, policy), _by_reference(tx, clues)
    answered = wanted.answered(tx, mail, clues, by_reference)
    news = novelty.news(mail, answered)
    of_house = _is_of_the_house(mail, clues, policy)
    block = commands.block_of(news) if of_house else None
    moved = wanted.moved(tx, clues) if of_house else {}
    named = {*by_key.values(), *clues.numbers, *(t for ids in by_reference.values() for t in ids)}
    named |= {*moved.values(), *(commands.numbers(block, policy) if block else ())}
    if of_house:  # what was asked of a team, or ordered, before a ticket was merged is still to be found
        named = {one for number in named for one in handling.line_of(tx, number)}
    pictures = decoration.asked(mail)
    facts = replace(
        _bare_facts(tx, kept, mail, budgets.now),
        filed_before=marks.FILED in kept.placed,
        by_reference=by_reference,
        by_key=by_key,
        moved=moved,
        tickets=_tickets(tx, named, block, of_house, budgets),
        spent=budgets.spent(mail),
        muted=budgets.mute(mail),
        flooded=budgets.flooded(),
        answered=answered,
        spoken=_spoken(tx, mail, news.text),
        settled=_settled(tx, mail, commands.people(block) if block else (), policy),
        seen_files=tx.seen_files(pictures) if pictures else {},
        scans=scans,
        cut=kept.whole_size is not None,
    )
    if block is None:
        return facts
    return wanted.with_answers(tx, facts, block, mail, clues, budgets.reach, policy, office.paper)


def _by_key(tx: Transaction, mail: ParsedMail, clues: threads.Clues, policy: Policy) -> dict[str, int]:
    ours = identity.is_ours(mail, policy)
    keys = {token.key for token in (*clues.tokens, *((ours,) if ours else ()))}
    return tx.tickets_by_key(tuple(keys)) if keys else {}


def _by_reference(tx: Transaction, clues: threads.Clues) -> dict[str, tuple[int, ...]]:
    ids = tuple(dict.fromkeys(id_ for id_ in (*clues.ids, clues.own_id) if id_))
    if not ids:
        return {}
    found = tx.tickets_by_reference(ids)
    if clues.ids and not clues.id_tokens:
        for id_, ticket in tx.tickets_by_sent(clues.ids).items():
            found[id_] = tuple(sorted({*found.get(id_, ()), ticket}))
    return found


def _spoken(tx: Transaction, mail: ParsedMail, new: str) -> str:
    """The language of the sender's earlier mail, where this one does not tell and may be answered."""
    if mail.sender is None or mail.auto_submitted or not language.is_unsure(mail, new):
        return ""
    return tx.last_language(mail.sender.key)


def _settled(
    tx: Transaction, mail: ParsedMail, named: tuple[str, ...], policy: Policy
) -> dict[str, Standing]:
    """Who the sender is, and whom he names, by the word of a person, where the configuration does not say."""
    addresses = (consequences.answerable(mail).key, *named)
    asked = tuple(address for address in addresses if standing.is_unknown(address, policy))
    return standings.settled(tx, asked) if asked else {}


def _tickets(
    tx: Transaction, named: set[int], block: CommandBlock | None, of_house: bool, budgets: "Budgets"
) -> dict[int, TicketFacts]:
    asks = commands.asked(block) if block else frozenset()
    states = tx.states(named) if named else {}
    return {number: _ticket_facts(tx, one, of_house, asks, budgets) for number, one in states.items()}


def _ticket_facts(
    tx: Transaction, state: TicketState, asked: bool, asks: frozenset[Ask], budgets: "Budgets"
) -> TicketFacts:
    number = state.ticket.id
    return TicketFacts(
        ticket=state.ticket, participants=state.participants, running=state.running,
        spent=budgets.of_ticket(number) if asked else (),
        handling=_handling(tx, number, asks) if asked else NOT_HANDLED,
    )  # fmt: skip


def known(
    tx: Transaction, tickets: Iterable[int], office: Office, asks: frozenset[Ask] = frozenset()
) -> Facts:
    """What is known of these tickets where no mail came: for an order at the shell, and as time passes.

    Its ``mail_id`` is a name like any mail's, by which the story ties together what comes of it.
    """
    now = office.now()
    states = tx.states(tickets)
    return Facts(
        now=now, arrived_at=now, mail_id=new_mail_id(now), maildrop="", source=Source.INBOX,
        tickets={
            number: TicketFacts(
                ticket=state.ticket, participants=state.participants, running=state.running,
                handling=_handling(tx, number, asks),
            )
            for number, state in states.items()
        },
    )  # fmt: skip


def _is_of_the_house(mail: ParsedMail, clues: threads.Clues, policy: Policy) -> bool:
    """Whether whoever wrote it works on tickets: an agent, a team that was asked, a technician."""
    if mail.sender is None:
        return False
    return policy.agent(mail.sender.address) is not None or any(
        token.purpose in (Purpose.CONSULTATION, Purpose.VISIT) for token in clues.tokens
    )


def _handling(tx: Transaction, ticket: int, asks: frozenset[Ask]) -> Handling:
    line = handling.line_of(tx, ticket)
    return Handling(
        people=handling.participants(tx, ticket),
        spoken=handling.spoken(tx, *line),
        given=handling.given(tx, *line),
        changed=repair.last_change(tx, ticket) if Ask.LAST_CHANGE in asks else None,
        answers=repair.answers(tx, ticket) if Ask.ANSWERS in asks else (),
        consultations=handling.consultations(tx, ticket),
        visits=handling.visits(tx, ticket),
    )


@dataclass(slots=True, kw_only=True)
class Budgets:
    """What automatic answers have spent: read from the outbox, kept in step within a batch."""

    tx: Transaction
    policy: Policy
    now: datetime
    counted: dict[tuple[str, str], tuple[int, ...]] = field(default_factory=dict)
    muted: dict[str, str] = field(default_factory=dict)
    told: dict[Rate, Counter[str]] = field(default_factory=dict)

    def flooded(self) -> frozenset[str]:
        """Those of the desk's own people who have been told of as much as one can read."""
        over = (
            address
            for rate in self.policy.budget.notification
            for address, count in self._told(rate).items()
            if count >= rate.count
        )
        return frozenset(over)

    def _told(self, rate: Rate) -> Counter[str]:
        if rate not in self.told:
            self.told[rate] = Counter(self._told_before(rate))
        return self.told[rate]

    def _told_before(self, rate: Rate) -> dict[str, int]:
        since, near = self.now - rate.span, rate.count - _MOST_AT_ONCE
        agents = (agent.address for agent in self.policy.agents)
        people = (*agents, *(team.address for team in self.policy.teams if team.address))
        # Mostly nobody comes near it, and one short look tells.
        if not people or not outbox.were_written(self.tx, MessageKind.NOTIFICATION, since=since, count=near):
            return {}
        return outbox.written(self.tx, people, MessageKind.NOTIFICATION, since=since)

    def reach(self, address: str) -> Reach:
        """All that speaks against an automatic answer to somebody who has not written himself."""
        sent = assembly.as_sent(address)
        spent = tuple(one for scope, value in _scopes(sent) for one in self._spent(scope, value))
        return Reach(spent=spent, muted=self.muted.get(sent, ""))

    def spent(self, mail: ParsedMail) -> tuple[Spent, ...]:
        """Every budget that a receipt for this mail would be counted in."""
        return tuple(one for scope, value in _scopes(_answered_at(mail)) for one in self._spent(scope, value))

    def of_ticket(self, ticket: int) -> tuple[Spent, ...]:
        """The budget of one ticket."""
        return self._spent("ticket", str(ticket))

    def _spent(self, scope: str, value: str) -> tuple[Spent, ...]:
        pairs = zip(self._rates(scope), self._used(scope, value), strict=True)
        return tuple(
            Spent(scope=scope, allowed=rate.count, used=used, span=str(rate.span)) for rate, used in pairs
        )

    def mute(self, mail: ParsedMail) -> str:
        """Why whoever would be answered is muted; "" when he is not."""
        address = _answered_at(mail)
        self._used("recipient", address)
        return self.muted.get(address, "")

    def _rates(self, scope: str) -> tuple[Rate, ...]:
        budget = self.policy.budget
        rates = {"recipient": budget.recipient, "ticket": budget.ticket, "domain": budget.domain}
        return rates.get(scope, budget.total)

    def _used(self, scope: str, value: str) -> tuple[int, ...]:
        if (scope, value) not in self.counted:
            since = [self.now - rate.span for rate in self._rates(scope)]
            self.counted[scope, value] = self._count(scope, value, since)
        return self.counted[scope, value]

    def _count(self, scope: str, value: str, since: Sequence[datetime]) -> tuple[int, ...]:
        if scope == "recipient":
            self.muted[value], counts = self.tx.standing(value, now=self.now, since=since)
            return counts
        domain, ticket = value if scope == "domain" else "", int(value) if scope == "ticket" else None
        return tuple(self.tx.answers_sent(since=at, domain=domain, ticket_id=ticket) for at in since)

    def spend(self, decision: Decision) -> None:
        """An answer was decided: it counts for the mails behind it."""
        for change in all_of(decision.changes):
            if isinstance(change, SendReceipt | SendCallReceipt):
                self._add(*_scopes(assembly.as_sent(change.to.address)))
            elif isinstance(change, AnswerAgent | SendStory | SendFile | SendList) and not change.withheld:
                domain = assembly.as_sent(change.to.address).rpartition("@")[2]
                self._add(("ticket", str(decision.ticket)), ("domain", domain), ("total", ""))
            elif isinstance(change, Notify | Tell | HearTeam):
                for counted in self.told.values():
                    counted.update(address.casefold() for address, _ in change.recipients)

    def _add(self, *scopes: tuple[str, str]) -> None:
        for where in scopes:
            if where in self.counted:
                self.counted[where] = tuple(count + 1 for count in self.counted[where])


def _answered_at(mail: ParsedMail) -> str:
    """Where a receipt for this mail would go, as the outbox writes it down."""
    return assembly.as_sent(consequences.answerable(mail).address)


def _scopes(address: str) -> tuple[tuple[str, str], ...]:
    # A new ticket has had no automatic answer yet, and receipts are for new tickets only.
    return (("recipient", address), ("domain", address.rpartition("@")[2]), ("total", ""))
