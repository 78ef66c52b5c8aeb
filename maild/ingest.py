"""THE FLOW: keep -> parse -> gather -> decide -> apply. The function to read first is ``ingest``.

Stands between the receivers and the ledger. Before ``keep`` has returned nothing was promised; after it a
failure is ours to mend: a mail that is kept and not filed is found again by ``file_unfiled``, at the next
start or the next tick. Raises ``storage.database.Unavailable`` and ``storage.store.LeaseLost``; a mail
that our own code fails on becomes a plain ticket, and its neighbours are filed in the same pass.
"""

import secrets
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from maild import apply as application
from maild import log, steps
from maild.apply import Applied
from maild.arrival import Arrival, Source, mail_id
from maild.compose import Stationery
from maild.decide import decoration, identity, message, threads
from maild.decide.decision import Decision, SendReceipt
from maild.decide.facts import Facts, Spent, TicketFacts
from maild.decide.policy import Policy, Rate
from maild.steps import Step
from parsers.mail import ParsedMail, parse_mail
from storage.database import is_unavailable
from storage.records import KeptMail, Lease, Maildrop, NewMail
from storage.store import LeaseLost, Store, TicketState, Transaction

_log = log.get("maild.ingest")

# What is left to file after a crash is taken in parts, so that memory stays small.
_PART = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """What filing needs, built once in ``daemon``: the ledger, the policy, the paper and the time."""

    store: Store
    policy: Policy
    paper: Stationery
    now: Callable[[], datetime]


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
        NewMail(mail_id=a.mail_id, uid=a.uid, arrived_at=a.arrived_at, content=a.content, sha256=a.sha256)
        for a in arrivals
    )
    with office.store.write() as tx:
        tx.check_lease(lease)
        kept = tx.keep(maildrop, uidvalidity, mails)
        steps.reached(Step.KEEPING)
    steps.reached(Step.KEPT)
    return kept


def file(kept: Sequence[KeptMail], lease: Lease, office: Office) -> tuple[Applied, ...]:
    """Parse, gather, decide and apply: one commit for all, a savepoint for each."""
    parsed = [(mail, _read(mail)) for mail in kept]
    with office.store.write() as tx:
        tx.check_lease(lease)
        budgets = Budgets(tx=tx, policy=office.policy, now=office.now())
        filed = [(one, _file_one(tx, one, mail, budgets, office)) for one, mail in parsed]
    steps.reached(Step.FILED)
    for one, applied in filed:
        _say(one, applied)
    return tuple(applied for _, applied in filed if applied is not None)


def file_unfiled(office: Office, lease: Lease, *, is_closing: Callable[[], bool] = lambda: False) -> int:
    """File what was kept in this maildrop and never filed; returns how many were.

    Args:
        is_closing: asked between two parts; what is left then is filed at the next start.
    """
    count = 0
    while not is_closing():
        with office.store.read() as tx:
            left = tx.unfiled(limit=_PART, maildrop_id=lease.maildrop_id)
        done = len(file(left, lease, office)) if left else 0
        count += done
        if done == 0:
            break
    return count


def new_mail_id(now: datetime) -> str:
    """A fresh name for a mail."""
    return mail_id(now, secrets.randbits(30))


def _read(kept: KeptMail) -> ParsedMail | Exception:
    """The mail as it was parsed, or the fault of ours that it met: the parsers are total, this is the net."""
    try:
        return parse_mail(kept.content)
    except Exception as error:  # noqa: BLE001  (whatever it is, the mail is kept and becomes a plain ticket)
        return error


def _file_one(
    tx: Transaction, kept: KeptMail, mail: ParsedMail | Exception, budgets: "Budgets", office: Office
) -> Applied | None:
    if isinstance(mail, Exception):
        return _file_unreadable(tx, kept, mail, office)
    try:
        with tx.savepoint():
            facts = gather(tx, kept, mail, budgets, office)
            decision = message.decide(mail, facts, office.policy)
            applied = _apply(tx, decision, kept, mail, facts, office)
    except LeaseLost:
        raise
    except Exception as error:  # noqa: BLE001  (a fault of ours must not delay the mails around it)
        _raise_if_unavailable(error)
        return _file_unreadable(tx, kept, error, office)
    budgets.spend(decision)
    steps.reached(Step.FILING)
    return applied


def _fault(error: Exception) -> dict[str, str]:
    """What and where, without the error's own words: databases and codecs quote what they stumble over."""
    frames = traceback.extract_tb(error.__traceback__)[-12:]
    places = " < ".join(f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in reversed(frames))
    return {"reason": type(error).__name__, "where": places}


def _raise_if_unavailable(error: Exception) -> None:
    # The ledger's own trouble is no fault of this mail: the whole batch is undone and tried again.
    if is_unavailable(error):
        raise error


def _file_unreadable(tx: Transaction, kept: KeptMail, fault: Exception, office: Office) -> Applied | None:
    """A mail that our own code failed on is a plain ticket all the same; if even that fails it stays kept."""
    _log.error("message.failed", mail_id=kept.mail_id, maildrop=kept.maildrop, **_fault(fault))
    facts = _bare_facts(kept, office)
    # Nothing of what was read is used: its text may be what the fault was about.
    plain = message.unreadable(f"{type(fault).__name__} while filing", facts, office.policy)
    try:
        with tx.savepoint():
            return _apply(tx, plain, kept, parse_mail(b""), facts, office)
    except Exception as error:  # noqa: BLE001  (it stays kept, and is tried again behind the others)
        _raise_if_unavailable(error)
        _log.error("message.quarantined", mail_id=kept.mail_id, tries=kept.tries + 1, **_fault(error))
        tx.count_try(kept.sighting_id)
        return None


def _apply(
    tx: Transaction, decision: Decision, kept: KeptMail, mail: ParsedMail, facts: Facts, office: Office
) -> Applied:
    return application.apply(tx, decision, kept, mail, facts, policy=office.policy, paper=office.paper)


def _say(kept: KeptMail, applied: Applied | None) -> None:
    for event, keys in applied.said if applied is not None else ():
        _log.info(event, mail_id=kept.mail_id, maildrop=kept.maildrop, **keys)


# ---------------------------------------------------------------------- gather


def _bare_facts(kept: KeptMail, office: Office) -> Facts:
    return Facts(
        now=office.now(),
        arrived_at=kept.arrived_at,
        mail_id=kept.mail_id,
        maildrop=kept.maildrop,
        source=Source(kept.source),
    )


def gather(tx: Transaction, kept: KeptMail, mail: ParsedMail, budgets: "Budgets", office: Office) -> Facts:
    """Read what the decision may know: twins, candidate tickets, budgets, mutes, known pictures."""
    policy = office.policy
    twins = tx.twins(message.effective_id(mail, kept.arrived_at, Source(kept.source)))
    clues = threads.clues(mail, policy)
    by_key = _by_key(tx, mail, clues, policy)
    by_reference = _by_reference(tx, clues)
    pictures = decoration.asked(mail)
    named = {*by_key.values(), *clues.numbers, *(t for ids in by_reference.values() for t in ids)}
    return Facts(
        now=budgets.now,
        arrived_at=kept.arrived_at,
        mail_id=kept.mail_id,
        maildrop=kept.maildrop,
        source=Source(kept.source),
        twins=twins,
        by_reference=by_reference,
        by_key=by_key,
        tickets={id_: _ticket_facts(state) for id_, state in tx.states(named).items()} if named else {},
        spent=budgets.spent(mail),
        muted=budgets.mute(mail),
        seen_files=tx.seen_files(pictures) if pictures else {},
    )


def _by_key(tx: Transaction, mail: ParsedMail, clues: threads.Clues, policy: Policy) -> dict[str, int]:
    ours = identity.is_ours(mail, policy)
    keys = {token.key for token in (*clues.tokens, *((ours,) if ours else ()))}
    return tx.tickets_by_key(tuple(keys)) if keys else {}


def _by_reference(tx: Transaction, clues: threads.Clues) -> dict[str, tuple[int, ...]]:
    wanted = tuple(dict.fromkeys(id_ for id_ in (*clues.ids, clues.own_id) if id_))
    if not wanted:
        return {}
    found = tx.tickets_by_reference(wanted)
    if clues.ids and not clues.id_tokens:
        for id_, ticket in tx.tickets_by_sent(clues.ids).items():
            found[id_] = tuple(sorted({*found.get(id_, ()), ticket}))
    return found


def _ticket_facts(state: TicketState) -> TicketFacts:
    return TicketFacts(ticket=state.ticket, participants=state.participants, running=state.running)


@dataclass(slots=True, kw_only=True)
class Budgets:
    """What automatic answers have spent: read from the outbox, kept in step within a batch."""

    tx: Transaction
    policy: Policy
    now: datetime
    counted: dict[tuple[str, str], tuple[int, ...]] = field(default_factory=dict)
    muted: dict[str, str] = field(default_factory=dict)

    def spent(self, mail: ParsedMail) -> tuple[Spent, ...]:
        """Every budget that a receipt for this mail would be counted in."""
        return tuple(
            Spent(scope=scope, allowed=rate.count, used=used, span=str(rate.span))
            for scope, value in _scopes(mail.sender.key if mail.sender else "")
            for rate, used in zip(self._rates(scope), self._used(scope, value), strict=True)
        )

    def mute(self, mail: ParsedMail) -> str:
        """Why the sender is muted; "" when he is not."""
        self._used(*_scopes(mail.sender.key if mail.sender else "")[0])
        return self.muted.get(mail.sender.key, "") if mail.sender else ""

    def _rates(self, scope: str) -> tuple[Rate, ...]:
        budget = self.policy.budget
        return {"recipient": budget.recipient, "domain": budget.domain, "total": budget.total}[scope]

    def _used(self, scope: str, value: str) -> tuple[int, ...]:
        if (scope, value) not in self.counted:
            since = [self.now - rate.span for rate in self._rates(scope)]
            self.counted[scope, value] = self._count(scope, value, since)
        return self.counted[scope, value]

    def _count(self, scope: str, value: str, since: Sequence[datetime]) -> tuple[int, ...]:
        if scope == "recipient":
            self.muted[value], counts = self.tx.standing(value, now=self.now, since=since)
            return counts
        domain = value if scope == "domain" else ""
        return tuple(self.tx.answers_sent(since=at, domain=domain) for at in since)

    def spend(self, decision: Decision) -> None:
        """A receipt was decided: it counts for the mails behind it."""
        for change in decision.changes:
            if isinstance(change, SendReceipt):
                for where in _scopes(change.to.key):
                    if where in self.counted:
                        self.counted[where] = tuple(count + 1 for count in self.counted[where])


def _scopes(address: str) -> tuple[tuple[str, str], ...]:
    # A new ticket has had no automatic answer yet, and receipts are for new tickets only.
    return (("recipient", address), ("domain", address.rpartition("@")[2]), ("total", ""))
