"""The room of the simulation: an office over a ledger of its own, in which what happens is carried out.

Stands between ``running`` and the desk's own ``decide``, ``ingest``, ``apply`` and ``sweep``; nothing of
theirs is played here. Left out are only letters that say nothing of time (receipts, notifications, answers),
which would cost more than all the rest; what the sweep writes is written whole. Raises what the ledger
raises.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from maild import apply as application
from maild import compose, ingest, sweep
from maild.arrival import Arrival, Source
from maild.decide import commands, message, tokens
from maild.decide.case import weighed
from maild.decide.classify import MailKind
from maild.decide.decision import Brief, Change, Decision, Notify, SendReceipt, SendRelay
from maild.decide.facts import Facts, TicketFacts
from maild.decide.policy import Agent, Policy
from maild.decide.tokens import Purpose
from maild.effects import clocks
from maild.ingest import Office
from parsers.addresses import Address
from parsers.commands import CommandBlock, CommandLine
from parsers.mail import ParsedMail, parse_mail
from storage import database, due
from storage.due import Kept, Shown, Written
from storage.records import KeptMail, Lease, Maildrop, MessageKind, NewMail
from storage.store import Store, Transaction

_UNTIMED = (SendReceipt, Notify, SendRelay)
_LONG = timedelta(days=10_000)
_NO_MAIL = parse_mail(b"")
_SUBJECTS = {
    "fr": "Imprimante en panne",
    "nl": "Printer defect",
    "de": "Drucker kaputt",
    "en": "Broken printer",
}
_WORDS = {
    "fr": "Bonjour, l'imprimante du bureau ne marche plus. Pouvez-vous nous aider ?",
    "nl": "Goedendag, de printer van ons kantoor werkt niet meer. Kunt u ons helpen?",
    "de": "Guten Tag, der Drucker in unserem Büro ist kaputt. Können Sie uns helfen?",
    "en": "Hello, the printer of our office does not work any more. Could you help us?",
}
_THANKS = "Merci beaucoup !"


@dataclass(slots=True)
class Now:
    """The time, which stands where it was put."""

    at: datetime

    def __call__(self) -> datetime:
        """The instant of the simulation."""
        return self.at


@dataclass(slots=True, kw_only=True)
class Room:
    """An office, its time, and one maildrop whose lease it holds.

    ``letters``, ``events``: the last that were looked at; ``mails``: how many were filed; ``firsts``:
    ticket -> Message-ID of the mail that began it.
    """

    office: Office
    now: Now
    drop: Maildrop
    lease: Lease
    letters: int = 0
    events: int = 0
    mails: int = 0
    firsts: dict[int, str] = field(default_factory=dict)

    def write(
        self, who: str, language: str, at: datetime, ticket: int | None, *, thanks: bool = False
    ) -> int:
        """A person writes: a new matter, or the next mail of one; returns the ticket where it stands.

        Args:
            at: when it reached the mailbox; filed now.
        """
        self.mails += 1
        mail = replace(
            _mail(language, thanks), message_id=f"{self.mails}@ecole.test", sender=Address("", who),
            digest=str(self.mails), in_reply_to=(self.firsts[ticket],) if ticket else (), date=at,
        )  # fmt: skip
        with self.office.store.write() as tx:
            applied = self._file(tx, mail, at, ticket)
        if applied is None:
            raise RuntimeError(f"mail {self.mails} is on no ticket")
        self.firsts.setdefault(applied, mail.message_id)
        return applied

    def _file(self, tx: Transaction, mail: ParsedMail, at: datetime, ticket: int | None) -> int | None:
        kept, facts = self._keep(tx, mail, at), self._facts(tx, at, (ticket,) if ticket else ())
        if ticket is not None:
            facts = replace(facts, by_reference={self.firsts[ticket]: (ticket,)})
        facts = replace(facts, mail_id=kept.mail_id)
        decided = _timed(message.decide(mail, facts, self.office.policy))
        return application.apply(
            tx, decided, kept, mail, facts, policy=self.office.policy, paper=self.office.paper
        ).ticket

    def _keep(self, tx: Transaction, mail: ParsedMail, at: datetime) -> KeptMail:
        content = mail.message_id.encode()
        new = NewMail(
            mail_id=ingest.new_mail_id(at), uid=self.mails, arrived_at=at, content=content,
            sha256=hashlib.sha256(content).hexdigest(),
        )  # fmt: skip
        (kept,) = tx.keep(self.drop, 1, (new,))
        return kept

    def _facts(self, tx: Transaction, at: datetime, tickets: tuple[int, ...]) -> Facts:
        states = tx.states(tickets)
        return Facts(
            now=self.now.at, arrived_at=at, mail_id=ingest.new_mail_id(at), maildrop="support",
            source=Source.INBOX,
            tickets={
                number: TicketFacts(ticket=one.ticket, participants=one.participants, running=one.running)
                for number, one in states.items()
            },
        )  # fmt: skip

    def order(self, ticket: int, verb: str, argument: str, who: Agent, at: datetime) -> bool:
        """An agent commands, in a mail that arrived at ``at``; False where he is refused."""
        line = CommandLine(verb=verb, argument=argument, line=f"#{verb} {argument}")
        block = CommandBlock(commands=(line,), rest="")
        policy = self.office.policy
        with self.office.store.write() as tx:
            facts = self._facts(tx, at, (ticket,))
            case = weighed(_NO_MAIL, MailKind.AGENT, facts, policy)
            result = commands.run(block, who, facts.tickets[ticket], case)
            if not result.refused:
                application.act(
                    tx, _without_letters(result.changes), facts, ticket=ticket, actor=who.address,
                    policy=policy, paper=self.office.paper,
                )  # fmt: skip
        return not result.refused

    def flag(self, ticket: int, begun: datetime, at: datetime) -> bool:
        """\\Answered was seen on a mail; False where no clock stood still for it."""
        with self.office.store.write() as tx:
            return clocks.presume_answered(
                tx, ticket, begun=begun, at=at, mail_id=ingest.new_mail_id(at), policy=self.office.policy
            )

    def escalate(self, ticket: int, team: str, who: Agent, at: datetime) -> int:
        """An agent asks a team, by a mail with his proof; returns how many letters that makes."""
        before = len(self._questions(ticket))
        key = self._key(ticket)
        token = tokens.sign(self.office.policy.desk.secrets, Purpose.NOTIFICATION, key, who.address, "s1")
        self._receive(who.address, token, f"#escalader {team}\n\nQue faire ?\n", at)
        return len(self._questions(ticket)) - before

    def answer_of_team(self, ticket: int, who: str, at: datetime) -> None:
        """The team answers what it was asked last."""
        asked = self._questions(ticket)[-1]
        self._receive(who, asked.partition("@")[0], "Le disque est plein.\n", at)

    def _key(self, ticket: int) -> str:
        with self.office.store.read() as tx:
            return tx.states((ticket,))[ticket].ticket.key

    def _questions(self, ticket: int) -> list[str]:
        with self.office.store.read() as tx:
            thread = tx.messages((ticket,))[ticket]
        return [one.message_id for one in thread if one.kind == MessageKind.CONSULTATION]

    def _receive(self, sender: str, token: str, body: str, at: datetime) -> None:
        self.mails += 1
        desk = self.office.policy.desk
        content = (
            f"From: {sender}\r\nTo: {desk.address}\r\nSubject: Re: Imprimante\r\n"
            f"Message-ID: <{self.mails}@etnic.test>\r\nIn-Reply-To: <{token}@{desk.domain}>\r\n\r\n{body}"
        ).encode()
        arrival = Arrival(content=content, uid=self.mails, arrived_at=at, mail_id=ingest.new_mail_id(at))
        ingest.ingest((arrival,), self.drop, 1, self.lease, self.office)

    def sweep(self) -> tuple[list[Written], list[tuple[int, int, str]]]:
        """One sweep now: the letters that were written since the last one, and what time put on stories."""
        sweep.sweep(self.office)
        with self.office.store.read() as tx:
            letters = list(due.letters(tx, after=self.letters))
            events = list(due.events(tx, after=self.events))
        self.letters = letters[-1].id if letters else self.letters
        self.events = events[-1][0] if events else self.events
        return letters, events

    def next_due(self) -> datetime | None:
        """When the ledger says that the sweep must look."""
        with self.office.store.read() as tx:
            return due.next_due(tx)

    def ledger(self) -> tuple[dict[int, Shown], tuple[Kept, ...]]:
        """What every ticket shows, and every clock."""
        with self.office.store.read() as tx:
            return due.shown(tx), due.clocks(tx)


def _without_letters(changes: tuple[Change, ...]) -> tuple[Change, ...]:
    return tuple(one for one in changes if not isinstance(one, (*_UNTIMED, Brief)))


def _timed(decision: Decision) -> Decision:
    return replace(decision, changes=_without_letters(decision.changes))


@lru_cache
def _mail(language: str, thanks: bool) -> ParsedMail:
    """A mail of a person, parsed once: who wrote it and which it is are put in for each."""
    text = _THANKS if thanks else _WORDS[language]
    return parse_mail(
        f"From: a@ecole.test\r\nTo: support@etnic.test\r\nSubject: {_SUBJECTS[language]}\r\n"
        f"Message-ID: <a@ecole.test>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n".encode()
    )


@contextmanager
def opened(policy: Policy, begins: datetime) -> Iterator[Room]:
    """A room over a fresh ledger, which is gone when it is left."""
    with TemporaryDirectory(prefix="maild-simulate-") as folder:
        base = database.open_database(f"sqlite:///{Path(folder)}/maild.db", durable=False)
        store, now = Store(database=base), Now(begins)
        office = Office(store=store, policy=policy, paper=compose.stationery(policy.desk), now=now)
        try:
            database.upgrade(base)
            with store.write() as tx:
                drop = tx.maildrop("support", "inbox")
                lease = tx.take_lease(drop.id, holder="simulation", now=begins, ttl=_LONG)
            if lease is None:
                raise RuntimeError("a ledger that nobody else knows has a lease")
            yield Room(office=office, now=now, drop=drop, lease=lease)
        finally:
            office.worker.close()
            base.close()
