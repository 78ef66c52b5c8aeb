"""A letter of each template, written by the desk's own functions from made-up values.

Stands above ``compose``. Fails with ``jinja2.TemplateError`` where a template of the operator's does.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from maild import compose
from maild.assembly import Letter, Post
from maild.compose import NOTICES, Line, Stationery, Unread
from maild.decide import commands
from maild.instants import duration
from parsers.addresses import Address

_ANA = Address("Ana Lejeune", "ana.lejeune@example.org")
_JEAN = Address("Jean Dupont", "jean.dupont@example.org")
_ANNE = "Anne Martin"
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_NUMBER = 1042
_FOUR = ("fr", "nl", "de", "en")
_WORDS: Mapping[str, tuple[str, ...]] = {
    "subject": ("Imprimante en panne", "Printer defect", "Drucker defekt", "Printer out of order"),
    "request": (
        "Bonjour,\n\nDepuis ce matin, notre imprimante n’imprime plus rien. Pouvez-vous m’aider\u00a0?",
        "Goedendag,\n\nSinds vanmorgen drukt onze printer niets meer af. Kunt u mij helpen?",
        "Guten Tag,\n\nseit heute Morgen druckt unser Drucker nichts mehr. Können Sie mir helfen?",
        "Hello,\n\nSince this morning our printer prints nothing any more. Could you help me?",
    ),
    "answer": (
        "Le toner est remplacé\u00a0: l’imprimante fonctionne de nouveau.",
        "De toner is vervangen: de printer werkt weer.",
        "Der Toner ist ersetzt: Der Drucker funktioniert wieder.",
        "The toner has been replaced: the printer works again.",
    ),
    "question": (
        "Le port de cette imprimante est-il ouvert\u00a0?",
        "Is de poort van deze printer open?",
        "Ist der Port dieses Druckers offen?",
        "Is the port of this printer open?",
    ),
    "place": ("Rue Neuve 1, Namur", "Nieuwstraat 1, Brussel", "Neustraße 1, Eupen", "1 New Street, Brussels"),
    "headline": (
        "Jean Dupont a accepté l’intervention",
        "Jean Dupont heeft de interventie aanvaard",
        "Jean Dupont hat den Einsatz angenommen",
        "Jean Dupont has accepted the visit",
    ),
    "done": (
        "La demande est à vous.",
        "De aanvraag is van u.",
        "Die Anfrage gehört Ihnen.",
        "The request is yours.",
    ),
    "received": ("Mails reçus", "Ontvangen mails", "Empfangene Mails", "Mails received"),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sample:
    """What letters are written of: the desk's paper, an instant, a language."""

    paper: Stationery
    now: datetime
    language: str

    def word(self, name: str) -> str:
        """A made-up text in the language, or in French."""
        return _WORDS[name][_FOUR.index(self.language) if self.language in _FOUR else 0]

    @property
    def number(self) -> str:
        """The ticket's number."""
        return self.paper.desk.number(_NUMBER)

    def lines(self, count: int) -> list[Line]:
        """Tickets in a list."""
        return [
            Line(
                number=self.paper.desk.number(_NUMBER + more), subject=self.word("subject"), requester=_ANA,
                due_at=self.now + (1 + more) * _HOUR, status="taken", at=self.now - (2 + more) * _DAY,
            )
            for more in range(count)
        ]  # fmt: skip

    def write(self, write: Callable[..., Letter], /, **values: Any) -> Letter:
        """A letter about the ticket."""
        return self.write_to_desk(write, number=self.number, subject=self.word("subject"), **values)

    def write_to_desk(self, write: Callable[..., Letter], /, **values: Any) -> Letter:
        """A letter about no ticket, or about many."""
        post: Post = {
            "to": _ANA, "language": self.language, "now": self.now, "message_id": "x@example.org",
            "signature": "x",
        }  # fmt: skip
        return write(self.paper, **values, **post)

    def notification(self, **values: Any) -> Letter:
        """The letter that agents see most."""
        undo = duration(timedelta(minutes=2), self.language)
        return self.write(
            compose.notification, requester=_ANA, text=self.word("request"), due_at=self.now + _DAY,
            attachments=("photo.jpg",), standing="yes", entity="ETNIC", category="incident",
            earlier=self.lines(2)[1:], card=commands.card(self.language), undo=undo, marker="n3k7", **values,
        )  # fmt: skip

    def relay(self, text: str = "", notice: str = "", said: str = "") -> Letter:
        """A person's answer."""
        values = {"text": said, "entity": "ETNIC"}
        return self.write(compose.relay, text=text, notice=notice, values=values)

    def visit(self) -> Letter:
        """A technician comes."""
        starts = self.now + _DAY
        return self.write(
            compose.invitation, starts_at=starts, ends_at=starts + _HOUR, place=self.word("place"),
            technician=_JEAN, requester=_ANA, calendar=b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n",
            method="REQUEST",
        )  # fmt: skip

    def asked(self) -> Letter:
        """A specialist team is asked."""
        case = [(_ANA.name, self.now - _HOUR, self.word("request"))]
        return self.write(
            compose.consultation, question=self.word("question"), case=case, requester=_ANA,
            due_at=self.now + _DAY, asked_by=_ANNE, marker="c3k7",
        )  # fmt: skip

    def story(self) -> Letter:
        """All that was written."""
        told = [
            (self.now - _HOUR, _ANA.name, "request", self.word("request")),
            (self.now, _ANNE, "relay", self.word("answer")),
        ]
        return self.write(compose.full, story=told)

    def report(self) -> Letter:
        """The figures of a month."""
        return self.write_to_desk(
            compose.report, period="11/2026", as_of="01/12/2026", share="98,2 %", share_of="54 / 55",
            figures=[(self.word("received"), "55")], breaches=[(self.number, "02/11", "03/11", "25 h 30")],
            command="maild report --month 2026-11 --html report.html",
        )  # fmt: skip


_UNDELIVERED = {"address": _ANA.address, "reply": "550 5.1.1 No such user", "kind": "relay"}
_LETTERS: Mapping[str, Callable[[_Sample], Letter]] = {
    "receipt": lambda s: s.write(compose.receipt, due_at=s.now + _DAY),
    "call_receipt": lambda s: s.write(compose.call_receipt, called_at=s.now, due_at=s.now + 4 * _HOUR),
    "relay": lambda s: s.relay(s.word("answer")),
    "invitation": _Sample.visit,
    "notification": _Sample.notification,
    "unread": lambda s: s.notification(unread=Unread(whole_mb=61)),
    "suspect": lambda s: s.notification(suspect=True),
    "consultation": _Sample.asked,
    "team_answer": lambda s: s.write(
        compose.team_answer, team="Réseau", text=s.word("answer"), undo=duration(2 * _HOUR / 60, s.language)
    ),
    "told": lambda s: s.write(compose.told, headline=s.word("headline"), marker="n3k7"),
    "answer": lambda s: s.write(compose.answer, lines=[f"#prendre{chr(0xA0)}: {s.word('done')}"]),
    "listing": lambda s: s.write_to_desk(compose.listing, tickets=s.lines(3)),
    "full": _Sample.story,
    "alert": lambda s: s.write_to_desk(compose.alert, stage="near", tickets=s.lines(1), marker="n3k7"),
    "warning": lambda s: s.write_to_desk(compose.warning, tickets=s.lines(3)),
    "silent": lambda s: s.write_to_desk(compose.silent, tickets=s.lines(1), marker="n3k7"),
    "digest": lambda s: s.write_to_desk(compose.digest, tickets=s.lines(3)),
    "junk": lambda s: s.write_to_desk(compose.junk, count=3, folder="Junk", maildrop="support"),
    "undelivered": lambda s: s.write(compose.undelivered, **_UNDELIVERED),
    "report": _Sample.report,
    "trouble": lambda s: s.write_to_desk(compose.trouble, headline="maildrop support", details="refused"),
    "recovered": lambda s: s.write_to_desk(compose.recovered, headline="maildrop support"),
}


def letter(paper: Stationery, name: str, language: str) -> Letter | None:
    """A letter of this template, or the one that takes it in; None where it is no letter's own."""
    sample = _Sample(paper=paper, now=datetime(2026, 11, 24, 13, 32, tzinfo=UTC), language=language)
    folder, _, bare = name.rpartition("/")
    if folder == "notices" and bare in NOTICES:
        return sample.relay("" if bare == "canned" else sample.word("answer"), bare, sample.word("answer"))
    if folder == "answers":
        values = {"number": sample.number, "subject": sample.word("subject"), "name": _ANA.name}
        said = compose.canned(paper, bare, language, **values)
        return None if said is None else sample.relay(notice="canned", said=said)
    write = _LETTERS.get(name)
    return None if write is None else write(sample)
