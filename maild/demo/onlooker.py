"""What somebody who looks on sees: the ledger, the letters and the mailbox, told in French as they change.

Stands beside the daemon and reads what it wrote; it is told nothing by the daemon itself, so what it shows is
what was done. ``stage`` asks it several times a second and hands the notes to ``view``. Raises what
``storage`` and ``receive.mailbox`` raise.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from maild import instants
from maild.config import Config
from maild.demo.mailroom import Mailroom
from maild.demo.mails import Scene
from maild.demo.post_office import Delivered, PostOffice
from parsers.mail import ParsedMail, parse_mail
from storage import outbox
from storage.records import MessageKind, OutboxState, Status, StoredMessage, Ticket
from storage.store import Store

# The first words of a letter; the rest is in the ledger.
PARAGRAPHS = 2
_SPACES = re.compile(r"[ \t\r]+")

# A letter in one of these states has still to leave.
OWED = (OutboxState.READY.value, OutboxState.CLAIMED.value)

# A mail of one of these was written by a program: it is never answered.
MACHINES = {
    MessageKind.AUTO_REPLY: "un programme l’a écrit, lui répondre ferait une boucle",
    MessageKind.LIST: "une liste de diffusion (RFC 2919)",
    MessageKind.BOUNCE: "un avis de non-remise (RFC 3464)",
    MessageKind.DISPOSITION_NOTICE: "un avis de lecture (RFC 8098)",
}
_SIGNALS = {
    "token": "à notre signature",
    "references": "à ses références",
    "subject": "au numéro dans son objet",
    "marker": "à notre ligne de séparation",
}
_LETTERS = {
    MessageKind.RECEIPT: "accusé",
    MessageKind.ALERT: "alerte",
    MessageKind.WARNING: "rappel",
    MessageKind.ANSWER: "retour",
    MessageKind.RELAY: "réponse",
    MessageKind.DIGEST: "relevé",
    MessageKind.TROUBLE: "ennui",
}


class Tone(Enum):
    """How a note is meant; ``view`` gives it a colour where there are colours."""

    PLAIN = "plain"
    QUIET = "quiet"
    GOOD = "good"
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One thing that has happened, in a word (``sign``) and a line.

    ``title``: of the scene that begins with it. ``body``: the first lines of a letter; ``strong``: the words
    in them that count.
    """

    at: datetime
    sign: str
    text: str
    tone: Tone = Tone.PLAIN
    title: str = ""
    body: tuple[str, ...] = ()
    strong: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """The desk at one instant, by the clock of the rehearsal."""

    now: datetime
    tickets: tuple[Ticket, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A mail that was put into the mailbox, as it was put there."""

    name: str
    message_id: str
    sha256: str
    uid: int
    sender: str
    subject: str


def posted(name: str, content: bytes, uid: int) -> Posted:
    """What must be known of a mail to find it again."""
    mail = parse_mail(content)
    sender = (mail.sender.name or mail.sender.address) if mail.sender else "?"
    digest = hashlib.sha256(content).hexdigest()
    return Posted(
        name=name, message_id=mail.message_id, sha256=digest, uid=uid, sender=sender, subject=mail.subject
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A letter that came to the post office, and what the ledger calls it. ``stored``: None of what is on no
    ticket, such as a digest."""

    delivered: Delivered
    mail: ParsedMail
    kind: MessageKind
    stored: StoredMessage | None


@dataclass(slots=True, kw_only=True)
class Onlooker:
    """What has been seen so far; of one thread only."""

    config: Config
    store: Store
    post_office: PostOffice
    mailroom: Mailroom
    posted: list[Posted] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    marked: set[int] = field(default_factory=set)
    ever_marked: set[int] = field(default_factory=set)
    tickets: dict[int, Ticket] = field(default_factory=dict)
    messages: dict[str, StoredMessage] = field(default_factory=dict)

    def number(self, ticket: int) -> str:
        """A ticket's number as people write it."""
        return self.config.desk.number(ticket)

    def agent(self, ticket: Ticket) -> str:
        """The name of who has taken a ticket."""
        names = {agent.address: agent.name for agent in self.config.agent}
        return names.get(ticket.assignee, ticket.assignee)

    def deliver(self, scene_name: str, title: str, content: bytes, *, at: datetime, now: datetime) -> Note:
        """Put a mail into the mailbox, and remember it; ``at``: when it got there."""
        mail = posted(scene_name, content, self.mailroom.deliver(content, at=at))
        self.posted.append(mail)
        text = f"{mail.sender}\u00a0: {mail.subject}"
        return Note(at=now, sign="reçu", text=text, title=title)

    def look(self, now: datetime) -> list[Note]:
        """What has changed since the last look, in the order in which it is understood."""
        arrived = self.post_office.letters(len(self.letters))
        with self.store.read() as tx:
            tickets = {ticket.id: ticket for ticket in tx.tickets()}
            threads = tx.messages(list(tickets))
            owed = {each.message_id: each.kind for each in outbox.letters(tx, OutboxState)} if arrived else {}
        stored = {m.message_id: m for thread in threads.values() for m in thread if m.direction == "out"}
        incoming = {m.mail_id: m for thread in threads.values() for m in thread if m.direction == "in"}
        notes = [
            *self._of_mails(incoming, tickets, now),
            *self._of_limits(tickets, now),
            *self._of_letters(arrived, owed, stored, tickets, now),
            *self._of_marks(tickets, now),
        ]
        self.tickets = tickets
        return notes

    def is_settled(self) -> bool:
        """Every mail that was put in is filed, and every letter that is owed has come."""
        with self.store.read() as tx:
            states = outbox.counts(tx)
        filed = {message.message_id for message in self.messages.values()}
        return all(mail.message_id in filed for mail in self.posted) and not any(states.get(s) for s in OWED)

    def receipt_for(self, scene: Scene) -> str:
        """The Message-ID of the receipt that a scene's mail got; "" while there is none."""
        found = (x.mail for x in self._of_kind(MessageKind.RECEIPT) if scene.message_id in x.mail.in_reply_to)
        return next((mail.message_id for mail in found), "")

    def alerts(self) -> list[tuple[int, Letter]]:
        """The tickets of which somebody was told by itself that their limit is near, and that letter."""
        found = [(x.stored.ticket_id, x) for x in self._of_kind(MessageKind.ALERT) if x.stored]
        return [(ticket, letter) for ticket, letter in found if ticket is not None]

    def _of_kind(self, kind: MessageKind) -> Iterator[Letter]:
        return (letter for letter in self.letters if letter.kind == kind)

    # --- mail that came in ----------------------------------------------------------------------------------

    def _of_mails(
        self, incoming: dict[str, StoredMessage], tickets: dict[int, Ticket], now: datetime
    ) -> Iterator[Note]:
        for mail_id, message in incoming.items():
            if mail_id not in self.messages and message.ticket_id is not None:
                self.messages[mail_id] = message
                yield self._fate(message, tickets[message.ticket_id], now)

    def _fate(self, message: StoredMessage, ticket: Ticket, now: datetime) -> Note:
        number = self.number(ticket.id)
        match message.kind:
            case MessageKind.REQUEST:
                text, tone = f"nouveau ticket {number}{_damage(message)}", Tone.PLAIN
            case MessageKind.REPLY:
                signal = _SIGNALS.get(message.thread_reason, f"par {message.thread_reason}")
                text, tone = f"rejoint {number}, reconnu {signal}", Tone.GOOD
            case MessageKind.COMMAND:
                text, tone = f"commande pour {number}, prouvée par la signature de l’alerte", Tone.GOOD
            case MessageKind.RELAY:
                proof = "prouvées par la signature de l’alerte"
                text = f"commande et réponse pour {number}, {proof}\u00a0; {self._window()}"
                tone = Tone.GOOD
            case kind if kind in MACHINES:
                where = "nouveau ticket sans délai" if message.thread_reason == "new" else "rejoint"
                text = f"{where} {number}\u00a0; pas de réponse\u00a0: {why_silent(message)}"
                tone = Tone.QUIET
            case _:
                text, tone = f"{message.kind} sur {number}", Tone.PLAIN
        return Note(at=now, sign="", text=text, tone=tone)

    def _window(self) -> str:
        minutes = round(self.config.relay.delay.total_seconds() / 60)
        return f"#stop peut encore la retenir pendant {minutes}\u00a0minutes"

    # --- letters that went out ------------------------------------------------------------------------------

    def _of_letters(
        self,
        arrived: tuple[Delivered, ...],
        owed: dict[str, MessageKind],
        stored: dict[str, StoredMessage],
        tickets: dict[int, Ticket],
        now: datetime,
    ) -> Iterator[Note]:
        for one in arrived:
            mail = parse_mail(one.content)
            kind = owed.get(mail.message_id, MessageKind.TROUBLE)
            letter = Letter(delivered=one, mail=mail, kind=kind, stored=stored.get(mail.message_id))
            self.letters.append(letter)
            sign = _LETTERS.get(kind)
            if sign:
                yield self._letter(sign, letter, tickets, now)

    def _letter(self, sign: str, letter: Letter, tickets: dict[int, Ticket], now: datetime) -> Note:
        ticket = tickets.get(letter.stored.ticket_id or 0) if letter.stored else None
        return Note(
            at=now, sign=sign, text=f"à {letter.delivered.recipient}\u00a0: {letter.mail.subject}",
            tone=Tone.BAD if letter.kind == MessageKind.ALERT else Tone.GOOD,
            body=_first_words(letter.mail.text), strong=self._deadline(ticket, letter.mail),
        )  # fmt: skip

    def _deadline(self, ticket: Ticket | None, mail: ParsedMail) -> str:
        """The limit as the letter says it; "" where it does not."""
        if ticket is None:
            return ""
        due = ticket.arrived_at + self.config.sla.limit
        for language in self.config.desk.languages:
            words = instants.deadline(due, self.config.desk.timezone, language)
            if words in mail.text:
                return words
        return ""

    # --- limits and marks -----------------------------------------------------------------------------------

    def _of_limits(self, tickets: dict[int, Ticket], now: datetime) -> Iterator[Note]:
        for id_, ticket in tickets.items():
            before = self.tickets.get(id_)
            if ticket.near_limit and not (before and before.near_limit) and ticket.due_at:
                left = spelled(ticket.due_at - now)
                text = f"{self.number(id_)} approche de sa limite\u00a0: il reste {left}"
                yield Note(at=now, sign="limite", text=text, tone=Tone.BAD)
            if ticket.assignee and not (before and before.assignee):
                text = f"{self.number(id_)} par {self.agent(ticket)}\u00a0: l’horloge s’arrête"
                yield Note(at=now, sign="pris", text=text, tone=Tone.GOOD)

    def _of_marks(self, tickets: dict[int, Ticket], now: datetime) -> Iterator[Note]:
        r"""Whether ``\Flagged`` is where it may be: on the mails of tickets that were near their limit."""
        for mail in self._mails_near(tickets):
            is_marked = self.mailroom.flagged(mail.uid)
            if is_marked and mail.uid not in self.marked:
                self.ever_marked.add(mail.uid)
                yield Note(
                    at=now, sign="marque", text="\\Flagged est posé sur le mail, dans la boîte", tone=Tone.BAD
                )
            elif mail.uid in self.marked and not is_marked:
                yield Note(at=now, sign="marque", text="\\Flagged est retiré du mail", tone=Tone.GOOD)
            (self.marked.add if is_marked else self.marked.discard)(mail.uid)

    def _mails_near(self, tickets: dict[int, Ticket]) -> list[Posted]:
        near = {id_ for id_, ticket in tickets.items() if ticket.near_limit}
        ids = {m.message_id for m in self.messages.values() if m.ticket_id in near}
        return [mail for mail in self.posted if mail.message_id in ids or mail.uid in self.marked]


# --- words --------------------------------------------------------------------------------------------------


def why_silent(message: StoredMessage) -> str:
    """Why a mail gets no automatic answer: by its kind, and by the header that told it where there is one."""
    header = _reasons(message)[0].partition("automatic mail: ")[2]
    return MACHINES[MessageKind(message.kind)] + (f" ({header})" if header else "")


def state_of(ticket: Ticket, now: datetime) -> str:
    """How a ticket stands, in two or three words."""
    if ticket.status is Status.TAKEN:
        return "pris en charge"
    if ticket.due_at is None:
        return "sans délai"
    left = ticket.due_at - now
    return f"reste {spelled(left)}" if left > timedelta() else f"dépassé de {spelled(-left)}"


def spelled(span: timedelta) -> str:
    """A span as people say it: "4 h 40"."""
    minutes = int(span.total_seconds()) // 60
    return f"{minutes // 60}\u00a0h\u00a0{minutes % 60:02}"


def _damage(message: StoredMessage) -> str:
    found = [reason.removeprefix("defect: ") for reason in _reasons(message) if reason.startswith("defect: ")]
    return f"\u00a0; le mail est abîmé ({', '.join(found)}), il est lu quand même" if found else ""


def _reasons(message: StoredMessage) -> list[str]:
    return [str(reason) for reason in json.loads(message.reasons)] or [message.kind]


def _first_words(text: str) -> tuple[str, ...]:
    """The lines of a letter's first paragraphs, without greeting and signature."""
    letter = text.partition("\n-- \n")[0]
    paragraphs = [part.strip("\n") for part in letter.split("\n\n")]
    told = [p for p in paragraphs if p.strip() and not p.endswith(",") and not p.startswith("##-")][
        :PARAGRAPHS
    ]
    # No-break spaces are kept: French punctuation stands on them.
    return tuple(_SPACES.sub(" ", line).strip(" ") for part in told for line in part.splitlines())
