"""Mail filed on trial: by the flow of every day, in a ledger of its own that ends with the trial.

Stands above ``replay``, which files each mail of the past at its own instant. The ledger lies in the folder
for temporary files, for this account's eyes alone; nothing of it is sent, no server is touched, the desk's
own state is at most read. Raises what ``replay`` and ``storage.database`` raise.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from maild import office as offices
from maild.config import Config
from maild.decide.decision import Decision, Disposition, HearTeam, Notify, OpenTicket, WithholdReceipt, all_of
from maild.foresight.outcome import Outcome, Outgoing
from maild.ingest import Office
from maild.replay import Filed, Filing, Now, Past
from parsers.mail import ParsedMail, parse_mail
from storage import database, moving, outbox
from storage.records import OutboxState, OwedLetter, Ticket
from storage.store import Store, Transaction

# Who wrote, and about what, stands in the header; most of a mail is not header.
_HEADER = 64 << 10
# A maildrop of the desk has this mail already, and a lease that the daemon holds.
_PLACE = "replay"


@dataclass(slots=True, kw_only=True)
class Trial:
    """A configuration that is being tried. ``first``: ticket -> the mail that opened it.

    ``today``: every mail is taken as if it came now, for the ledger goes until today.
    """

    filing: Filing
    today: bool = False
    first: dict[int, str] = field(default_factory=dict)

    @property
    def office(self) -> Office:
        """The office that the configuration furnishes."""
        return self.filing.office

    def outcome(self, past: Past) -> Outcome:
        """What would become of a mail, after those that were taken before."""
        one = replace(past, maildrop=f"{_PLACE}:{past.maildrop}")
        if self.today:
            one = replace(one, arrived_at=datetime.now(UTC))
        filed = self.filing.file(one)
        seen = Outcome(**_seen(one), disposition="kept")
        return seen if filed.applied is None else self._of_filed(seen, filed, filed.applied.decision)

    def _of_filed(self, seen: Outcome, filed: Filed, decision: Decision) -> Outcome:
        assert filed.applied is not None
        number = filed.applied.ticket
        opening = next((c for c in decision.changes if isinstance(c, OpenTicket)), None)
        if opening is not None and number is not None:
            self.first[number] = seen.where
        with self.office.store.read() as tx:
            letters = outbox.letters_of(tx, filed.mail_id)
            ticket = _ticket(tx, number)
        return replace(
            seen,
            disposition=decision.disposition.value,
            kind=decision.kind.value if decision.disposition is not Disposition.IGNORED else "",
            opens=opening is not None,
            thread=self._thread(number),
            links=tuple(map(self._thread, opening.links)) if opening else (),
            signal=decision.thread_reason,
            verdicts=decision.verdicts,
            rules=opening.why if opening else (),
            objections=tuple(_objections(decision)),
            letters=tuple(sorted(map(_outgoing, letters), key=lambda each: (each.kind, each.to))),
            digest=tuple(sorted(_in_digest(decision))),
            held=tuple(sorted(decision.held.values())),
            reasons=decision.reasons,
            **self._of_ticket(ticket),
        )

    def _thread(self, number: int | None) -> str:
        """A ticket by the mail that opened it here, else by its number."""
        return "" if number is None else self.first.get(number) or self.office.policy.desk.number(number)

    def _of_ticket(self, ticket: Ticket | None) -> dict[str, Any]:
        if ticket is None:
            return {}
        return {
            "ticket": self.office.policy.desk.number(ticket.id), "status": ticket.status.value,
            "team": ticket.team, "category": ticket.category, "priority": ticket.priority,
            "scope": ticket.scope, "assignee": ticket.assignee, "due_at": ticket.due_at,
        }  # fmt: skip


@contextmanager
def opened(config: Config, *, on_state: bool = False) -> Iterator[Trial]:
    """A configuration on trial, over an empty ledger or over a copy of the present one.

    Raises:
        storage.database.Unavailable: the present state cannot be copied, or there is none.
    """
    with TemporaryDirectory(prefix="maild-replay-") as folder:
        file = Path(folder) / "maild.db"
        if on_state:
            _copy(config, file)
        with closing(database.open_database(f"sqlite:///{file}", durable=False)) as base:
            database.upgrade(base)
            now = Now()
            with offices.opened(config, Store(database=base), now) as office:
                # Of a present ledger the keys are known; what they are not in is not of this desk.
                filing = Filing(office=office, now=now, adopting=not on_state)
                yield Trial(filing=filing, today=on_state)


def _copy(config: Config, target: Path) -> None:
    with closing(database.open_database(config.state.database)) as present:
        if present.file is not None:
            database.back_up(present, target)
            return
        with closing(database.open_database(f"sqlite:///{target}", durable=False)) as copy:
            moving.move(present, copy)


def _seen(one: Past) -> dict[str, Any]:
    mail: ParsedMail = parse_mail(one.content[:_HEADER])
    return {
        "where": one.where, "message_id": mail.message_id, "subject": mail.subject,
        "sender": mail.sender.address if mail.sender else "", "arrived_at": one.arrived_at,
    }  # fmt: skip


def _ticket(tx: Transaction, number: int | None) -> Ticket | None:
    return None if number is None else tx.states([number])[number].ticket


def _objections(decision: Decision) -> Iterator[str]:
    for change in all_of(decision.changes):
        if isinstance(change, WithholdReceipt):
            yield from change.reasons


def _in_digest(decision: Decision) -> set[str]:
    told = (c for c in all_of(decision.changes) if isinstance(c, Notify | HearTeam))
    return {address for change in told for address in change.in_digest}


def _outgoing(letter: OwedLetter) -> Outgoing:
    waits = letter.state is not OutboxState.READY
    return Outgoing(
        kind=letter.kind.value, to=letter.recipient, state=letter.state.value,
        why_not=letter.reply if waits else "",
    )  # fmt: skip
