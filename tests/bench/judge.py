"""What a daemon did with the mails, against their truth (pure).

Stands at the end of every round: the mails with their truth, the rows of ``maild tickets --json`` and the
mails that the sink took come in; verdicts come out, one a promise, each with what was wrong. It cannot fail
on rows of the shape that DESIGN section 10 gives.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.bench.clients import DESK
from tests.bench.mails import Kind, Mail
from tests.bench.sink import Caught


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One promise: how many mails it speaks of, and what was wrong (``form: why`` a mail)."""

    promise: str
    total: int
    wrong: tuple[str, ...]

    @property
    def right(self) -> int:
        """How many mails were treated as they should."""
        return self.total - len(self.wrong)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a mail was found."""

    ticket: int
    kind: str


class Findings:
    """What was found of each mail."""

    def __init__(self, tickets: Iterable[dict[str, Any]], caught: Sequence[Caught]) -> None:
        self.by_identifier: dict[str, list[Place]] = defaultdict(list)
        self.by_digest: dict[str, list[Place]] = defaultdict(list)
        self.opener: dict[int, str] = {}
        self.answers: dict[str, list[Caught]] = defaultdict(list)
        for mail in caught:
            self.answers[mail.in_reply_to].append(mail)
        for ticket in tickets:
            incoming = [m for m in ticket["messages"] if m["direction"] == "in"]
            for message in incoming:
                place = Place(ticket=ticket["id"], kind=message["kind"])
                identifier = (message["message_id"] or "").strip("<>")
                self.by_identifier[identifier].append(place)
                self.by_digest[message["sha256"]].append(place)
                self.opener.setdefault(ticket["id"], identifier)

    def places(self, mail: Mail) -> list[Place]:
        """Every row of this mail."""
        if mail.message_id and mail.message_id in self.by_identifier:
            return self.by_identifier[mail.message_id]
        return [place for digest in mail.digests for place in self.by_digest.get(digest, [])]

    def ticket_of(self, message_id: str) -> int | None:
        """The ticket on which a request stands."""
        places = self.by_identifier.get(message_id, [])
        return places[0].ticket if places else None


Objection = Callable[[Findings, Mail], str]
"""Says what is wrong with the treatment of a mail; "" when nothing is."""


def judge(
    mails: Sequence[Mail], tickets: Iterable[dict[str, Any]], caught: Sequence[Caught]
) -> list[Verdict]:
    """Every promise of the bench, in the order of the issue."""
    found = Findings(tickets, caught)
    requests = [m for m in mails if m.truth.kind is Kind.REQUEST]
    replies = [m for m in mails if m.truth.kind is Kind.REPLY]
    automatic = [m for m in mails if m.truth.kind in {Kind.AUTOMATIC, Kind.BOUNCE}]
    redelivered = [m for m in mails if m.truth.kind is Kind.REDELIVERY]
    sharing = Counter(p.ticket for m in requests for p in found.places(m))

    def shares_ticket(findings: Findings, mail: Mail) -> str:
        others = sum(sharing[p.ticket] - 1 for p in findings.places(mail))
        return "shares its ticket with another request" if others else not_one_row(findings, mail)

    answering = [m for m in automatic if m.truth.linkable and m.truth.form != "echo"]
    stored = [m for m in mails if m.truth.form != "echo"]
    return [
        verdict(found, "every request on a ticket of its own", requests, shares_ticket),
        verdict(found, "every request with exactly one receipt", requests, not_one_receipt),
        verdict(
            found, "linkable replies on their ticket", [m for m in replies if m.truth.linkable], elsewhere
        ),
        verdict(found, "no reply on a stranger's ticket", replies, with_a_stranger),
        verdict(found, "automatic mail left unanswered", automatic, answered),
        verdict(found, "automatic mail on the ticket that it answers", answering, elsewhere),
        verdict(found, "bounces on the ticket whose receipt bounced", bounces(mails), elsewhere),
        verdict(found, "redeliveries without effect", redelivered, not_one_row),
        verdict(found, "malformed mail kept", [m for m in mails if m.truth.kind is Kind.MALFORMED], lost),
        verdict(found, "no mail lost or doubled", stored, not_one_row),
        unasked(mails, caught),
    ]


def bounces(mails: Iterable[Mail]) -> list[Mail]:
    """The bounces among the mails."""
    return [m for m in mails if m.truth.kind is Kind.BOUNCE]


def verdict(found: Findings, promise: str, mails: Sequence[Mail], objection: Objection) -> Verdict:
    """The promise, with every mail of which the objection holds."""
    said = ((mail, objection(found, mail)) for mail in mails)
    wrong = tuple(f"{mail.truth.form} {mail.message_id}: {why}" for mail, why in said if why)
    return Verdict(promise=promise, total=len(mails), wrong=wrong)


def not_one_row(found: Findings, mail: Mail) -> str:
    """A mail that is stored more than once, or not at all."""
    rows = len(found.places(mail))
    return "" if rows == 1 else f"{rows} rows"


def lost(found: Findings, mail: Mail) -> str:
    """A mail of which nothing is stored."""
    return "" if found.places(mail) else "lost"


def not_one_receipt(found: Findings, mail: Mail) -> str:
    """A request with no receipt, with several, or with one that went to somebody else."""
    answers = found.answers.get(mail.message_id, [])
    if len(answers) != 1:
        return f"{len(answers)} receipts"
    return "" if answers[0].recipients == (mail.sender,) else f"receipt to {answers[0].recipients}"


def elsewhere(found: Findings, mail: Mail) -> str:
    """A mail that is not on the ticket of its request."""
    wanted = found.ticket_of(mail.truth.about)
    places = found.places(mail)
    if not places:
        return "lost"
    return (
        "" if wanted is not None and places[0].ticket == wanted else f"on {places[0].ticket}, not on {wanted}"
    )


def with_a_stranger(found: Findings, mail: Mail) -> str:
    """A reply that is neither on the ticket of its request nor on one that it opened itself."""
    allowed = {found.ticket_of(mail.truth.about)} if mail.truth.about else set()
    strange = [
        p for p in found.places(mail) if p.ticket not in allowed and opener(found, p) != mail.message_id
    ]
    return f"on {strange[0].ticket}" if strange else ""


def opener(found: Findings, place: Place) -> str:
    """The Message-ID of the mail with which the ticket began."""
    return found.opener.get(place.ticket, "")


def answered(found: Findings, mail: Mail) -> str:
    """An automatic mail that got an answer."""
    return "answered" if found.answers.get(mail.message_id) else ""


def unasked(mails: Iterable[Mail], caught: Sequence[Caught]) -> Verdict:
    """Mails that left although nobody's mail called for them, or that went to the desk itself."""
    called = {m.message_id for m in mails if m.truth.kind in {Kind.REQUEST, Kind.REPLY, Kind.MALFORMED}}
    wrong = tuple(
        f"{c.subject!r} to {c.recipients}"
        for c in caught
        if DESK in c.recipients or (c.in_reply_to and c.in_reply_to not in called)
    )
    return Verdict(promise="nothing sent that nobody called for", total=len(caught), wrong=wrong)
