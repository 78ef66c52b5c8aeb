"""The bench's mails: a seeded corpus in two waves, each mail with the truth that a daemon must find (pure).

The first wave is everything that can come before the desk has spoken: requests, attachments, newsletters,
malformed mail, mail delivered twice, absence notices that answer nothing. The second wave answers the desk,
so it is made from the receipts that the first brought: replies, absence notices, bounces. The shares are
those of the issue: new 55 %, replies 25 %, attachments 8 %, automatic 10 %, malformed 2 %. ``judge.py``
compares what a daemon did with what is written here. Given the same seed, count, start and receipts, the
same mails come out; it cannot fail.
"""

import hashlib
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from enum import StrEnum

from tests.bench import automatic, oddities
from tests.bench.automatic import Notice, Receipt
from tests.bench.clients import DESK, DESK_NAME, Client, File, Letter, Quoted, any_client, token
from tests.bench.words import PLACES, Person, addition, paragraphs, person, plain_letters, subject

LOST_SHARE = 67 / 500
"""Replies without References and without tag: what clients that forget everything write."""
REDELIVERED_SHARE = 8 / 40
"""Of the malformed mails, those that are another request delivered again."""
FIRST_SPAN = timedelta(hours=2)
SECOND_SPAN = timedelta(minutes=50)


class Kind(StrEnum):
    """What a mail is, in truth."""

    REQUEST = "request"
    REPLY = "reply"
    AUTOMATIC = "automatic"
    BOUNCE = "bounce"
    REDELIVERY = "redelivery"
    MALFORMED = "malformed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What must become of a mail. ``about``: Message-ID of the request that it belongs to, "" for none.

    ``linkable``: some signal of DESIGN section 4 leads to that request's ticket. ``form`` says how the mail
    is written, for the table of what went wrong.
    """

    kind: Kind
    form: str
    about: str = ""
    linkable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail: bytes as delivered, the instant of arrival (aware UTC), and its truth."""

    content: bytes
    message_id: str
    sender: str
    arrived: datetime
    truth: Truth

    @property
    def digests(self) -> frozenset[str]:
        """SHA-256 of the bytes as an IMAP server may return them: it mends line ends (RFC 3501 2.2)."""
        mended = self.content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        return frozenset(hashlib.sha256(form).hexdigest() for form in (self.content, mended))


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request of the first wave, kept for those who answer it."""

    letter: Letter
    client: Client
    mail: Mail


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """How many mails of each sort a corpus of ``count`` holds."""

    count: int

    def of(self, share: float) -> int:
        """The share, as a whole number of mails."""
        return round(self.count * share)

    @property
    def requests(self) -> int:
        return self.count - self.attachments - self.replies - self.automatic - self.malformed

    @property
    def attachments(self) -> int:
        return self.of(0.08)

    @property
    def replies(self) -> int:
        return self.of(0.25)

    @property
    def lost(self) -> int:
        return round(self.replies * LOST_SHARE)

    @property
    def automatic(self) -> int:
        return self.of(0.10)

    @property
    def bounces(self) -> int:
        return self.of(0.03)

    @property
    def newsletters(self) -> int:
        return self.of(0.02)

    @property
    def lone(self) -> int:
        return max(1, self.of(0.002))

    @property
    def absences(self) -> int:
        return self.automatic - self.bounces - self.newsletters - self.lone

    @property
    def malformed(self) -> int:
        return self.of(0.02)

    @property
    def redelivered(self) -> int:
        return max(1, round(self.malformed * REDELIVERED_SHARE))


class Corpus:
    """``count`` mails in two waves, arrived in the three hours before ``start`` (aware UTC)."""

    def __init__(self, *, seed: int, count: int, start: datetime) -> None:
        self.rng = random.Random(seed)
        self.shares = Shares(count=count)
        self.start = start
        people = max(20, round(count * 0.4))
        self.people = [person(self.rng, number) for number in range(people)]
        self.strangers = [person(self.rng, people + number) for number in range(max(20, people // 4))]
        self.requests: dict[str, Request] = {}

    # --- the first wave -------------------------------------------------------------------------------------

    def first_wave(self) -> list[Mail]:
        """Everything that can come before the desk has spoken, oldest first."""
        shares = self.shares
        begin = self.start - FIRST_SPAN - SECOND_SPAN
        writers = (
            [self._request] * shares.requests
            + [self._request_with_files] * shares.attachments
            + [self._newsletter] * (shares.newsletters // 2)
            + [self._lone_absence] * shares.lone
        )
        self.rng.shuffle(writers)
        step = FIRST_SPAN / (len(writers) + 1)
        mails = [write(begin + step * number) for number, write in enumerate(writers)]
        mails += [self._malformed(number, begin) for number in range(shares.malformed - shares.redelivered)]
        again = self.rng.sample(sorted(self.requests), shares.redelivered)
        mails += [self._redelivered(self.requests[message_id]) for message_id in again]
        return sorted(mails, key=lambda mail: mail.arrived)

    def single_requests(self, count: int) -> list[Mail]:
        """Requests alone, one after the other, for the measurement of latency.

        ``arrived`` does not matter.
        """
        return [self._request(self.start) for _ in range(count)]

    def _request(self, arrived: datetime, files: tuple[File, ...] = ()) -> Mail:
        rng = self.rng
        client, sender = any_client(rng), rng.choice(self.people)
        language = rng.choices(("fr", "nl", "en", "de"), (88, 6, 4, 2))[0]
        letter = Letter(
            sender=sender,
            subject=subject(rng),
            paragraphs=paragraphs(rng, language=language),
            date=arrived - timedelta(seconds=rng.randrange(2, 40)),
            message_id=client.identify(rng, sender.domain),
            cc=tuple(p for p in rng.sample(self.people, 2) if p != sender and rng.random() < 0.1),
            files=files or self._images(),
        )
        form = "attachment" if files else "new"
        mail = self._mail(client, letter, arrived, Truth(kind=Kind.REQUEST, form=form))
        self.requests[letter.message_id] = Request(letter=replace(letter, files=()), client=client, mail=mail)
        return mail

    def _request_with_files(self, arrived: datetime) -> Mail:
        return self._request(arrived, files=self._files())

    def _mail(self, client: Client, letter: Letter, arrived: datetime, truth: Truth) -> Mail:
        return Mail(
            content=client.write(self.rng, letter),
            message_id=letter.message_id,
            sender=letter.sender.address,
            arrived=arrived,
            truth=truth,
        )

    def _images(self) -> tuple[File, ...]:
        """The logo of a signature, or a pasted screenshot, in one mail of ten."""
        rng = self.rng
        drawn = rng.random()
        if drawn > 0.10:
            return ()
        size = rng.randrange(30_000, 90_000) if drawn < 0.01 else rng.randrange(5_000, 16_000)
        name = f"image{rng.randrange(1, 10):03}.png"
        picture = b"\x89PNG\r\n\x1a\n" + rng.randbytes(size)
        content_id = f"{name}@{token(rng, 8)}.{token(rng, 8)}"
        return (File(name=name, content_type="image/png", content=picture, content_id=content_id),)

    def _files(self) -> tuple[File, ...]:
        """One file, sometimes two: documents that no transport compresses, now and then a log."""
        rng = self.rng
        sizes = [min(800_000, max(6_000, round(rng.lognormvariate(11.95, 0.78))))]
        if rng.random() < 0.15:
            sizes.append(rng.randrange(4_000, 60_000))
        return tuple(self._file(size) for size in sizes)

    def _file(self, size: int) -> File:
        rng = self.rng
        kinds = (
            ("pdf", "application/pdf"),
            ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
            ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
            ("jpg", "image/jpeg"),
            ("log", "text/plain"),
        )
        ending, content_type = rng.choice(kinds)
        name = f"{plain_letters(rng.choice(PLACES))} é {rng.randrange(10_000)}.{ending}"
        if ending == "log":
            when = f"2026-11-22 10:15:{rng.randrange(60):02}"
            line = f"{when} WARN connexion refusée par le serveur {token(rng, 8)}\r\n"
            content = (line * (size // len(line) + 1)).encode()[:size]
        else:
            content = rng.randbytes(size)
        return File(name=name, content_type=content_type, content=content)

    def _newsletter(self, arrived: datetime) -> Mail:
        rng = self.rng
        publisher = person(rng, 90_000 + rng.randrange(10_000))
        publisher = replace(
            publisher, name="Lettre d'information", address=f"news@{token(rng, 8).lower()}.example.org"
        )
        notice = Notice(sender=publisher, message_id=f"{token(rng, 20)}@{publisher.domain}", date=arrived)
        content = automatic.newsletter(rng, notice, rng.randrange(1, 400))
        return self._automatic(content, notice, Truth(kind=Kind.AUTOMATIC, form="newsletter"))

    def _lone_absence(self, arrived: datetime) -> Mail:
        notice = self._notice(self.rng.choice(self.strangers), arrived)
        content = automatic.lone_absence(self.rng, notice)
        return self._automatic(content, notice, Truth(kind=Kind.AUTOMATIC, form="lone_absence"))

    def _notice(self, sender: Person, arrived: datetime) -> Notice:
        return Notice(sender=sender, message_id=f"{token(self.rng, 26)}@{sender.domain}", date=arrived)

    @staticmethod
    def _automatic(content: bytes, notice: Notice, truth: Truth) -> Mail:
        return Mail(
            content=content,
            message_id=notice.message_id,
            sender=notice.sender.address,
            arrived=notice.date,
            truth=truth,
        )

    def _malformed(self, number: int, begin: datetime) -> Mail:
        rng = self.rng
        form = oddities.FORMS[number % len(oddities.FORMS)]
        sender = person(rng, 50_000 + number)
        arrived = begin + FIRST_SPAN * rng.random()
        facts = oddities.Facts(
            sender=sender.address,
            message_id=f"{token(rng, 24)}@{sender.domain}",
            subject=subject(rng),
            text="\r\n\r\n".join(paragraphs(rng)),
            date=arrived,
        )
        return Mail(
            content=form(rng, facts),
            message_id="" if form in oddities.NAMELESS else facts.message_id,
            sender=sender.address,
            arrived=arrived,
            truth=Truth(kind=Kind.MALFORMED, form=form.__name__),
        )

    def _redelivered(self, request: Request) -> Mail:
        """The same mail by another way: another trace on top, the rest to the letter."""
        arrived = request.mail.arrived + timedelta(seconds=self.rng.randrange(30, 600))
        trace = (
            f"Delivered-To: helpdesk@etnic.example.be\r\nReceived: from relay.example.net by "
            "mx2.etnic.example.be "
            f"with ESMTP id {token(self.rng, 12)}; {format_datetime(arrived)}\r\n"
        )
        truth = Truth(kind=Kind.REDELIVERY, form="redelivery", about=request.mail.message_id, linkable=True)
        return replace(
            request.mail, content=trace.encode() + request.mail.content, arrived=arrived, truth=truth
        )

    # --- the second wave ------------------------------------------------------------------------------------

    def second_wave(self, receipts: Iterable[Receipt]) -> list[Mail]:
        """What comes once the desk has answered.

        Made from its receipts, so only those of known requests count.
        """
        rng, shares = self.rng, self.shares
        answered = {r.in_reply_to: r for r in receipts if r.in_reply_to in self.requests}
        chosen = [answered[message_id] for message_id in sorted(answered)]
        rng.shuffle(chosen)
        if len(chosen) < shares.bounces + shares.absences:
            raise ValueError(f"only {len(chosen)} requests have a receipt: no second wave can answer them")
        bounced, alive = chosen[: shares.bounces], chosen[shares.bounces :]
        clock = self._instants(shares.replies + shares.absences + shares.bounces + shares.newsletters)
        mails = [self._bounce(n, receipt, next(clock)) for n, receipt in enumerate(bounced)]
        mails += [
            self._absence(n, receipt, next(clock)) for n, receipt in enumerate(alive[: shares.absences])
        ]
        replied = [rng.choice(alive) for _ in range(shares.replies)]
        lost, linkable = replied[: shares.lost], replied[shares.lost :]
        mails += [self._reply(receipt, next(clock)) for receipt in linkable]
        mails += [self._lost_reply(n, receipt, next(clock), alive) for n, receipt in enumerate(lost)]
        mails += [self._newsletter(next(clock)) for _ in range(shares.newsletters - shares.newsletters // 2)]
        return sorted(mails, key=lambda mail: mail.arrived)

    def _instants(self, count: int) -> Iterator[datetime]:
        begin = self.start - SECOND_SPAN
        instants = [begin + SECOND_SPAN * number / (count + 1) for number in range(count)]
        self.rng.shuffle(instants)
        return iter(instants)

    def _bounce(self, number: int, receipt: Receipt, arrived: datetime) -> Mail:
        domain = receipt.recipient.partition("@")[2]
        daemon = Person(
            name="Mail Delivery System", address=f"MAILER-DAEMON@mx.{domain}", service="", phone=""
        )
        notice = self._notice(daemon, arrived)
        form = automatic.BOUNCE_FORMS[number % len(automatic.BOUNCE_FORMS)]
        truth = Truth(kind=Kind.BOUNCE, form=form.__name__, about=receipt.in_reply_to, linkable=True)
        return self._automatic(form(self.rng, notice, receipt), notice, truth)

    def _absence(self, number: int, receipt: Receipt, arrived: datetime) -> Mail:
        sender = self.requests[receipt.in_reply_to].letter.sender
        notice = self._notice(sender, arrived)
        form = automatic.ABSENCE_FORMS[number % len(automatic.ABSENCE_FORMS)]
        if number % 24 == 5:
            form, notice = automatic.echo, replace(notice, message_id=receipt.message_id)
        truth = Truth(kind=Kind.AUTOMATIC, form=form.__name__, about=receipt.in_reply_to, linkable=True)
        return self._automatic(form(self.rng, notice, receipt), notice, truth)

    def _reply(self, receipt: Receipt, arrived: datetime) -> Mail:
        request = self.requests[receipt.in_reply_to]
        forms = {
            "to_receipt": 50,
            "references_only": 7,
            "own_mail": 15,
            "own_mail_references": 10,
            "tag_only": 13,
        }
        if request.letter.cc:
            forms["colleague"] = 40
        form = self.rng.choices(list(forms), list(forms.values()))[0]
        truth = Truth(kind=Kind.REPLY, form=form, about=receipt.in_reply_to, linkable=True)
        return self._answer(form, request, receipt, arrived, truth)

    def _lost_reply(
        self, number: int, receipt: Receipt, arrived: datetime, others: Sequence[Receipt]
    ) -> Mail:
        """A reply that names nothing.

        One of sixteen shows the tag of a ticket in which its sender has no part.
        """
        request = self.requests[receipt.in_reply_to]
        if number % 16 == 0:
            stranger = self.rng.choice(self.strangers)
            truth = Truth(kind=Kind.REPLY, form="strange_tag", linkable=False)
            request = replace(request, letter=replace(request.letter, sender=stranger, cc=()))
            return self._answer("tag_only", request, self.rng.choice(others), arrived, truth)
        truth = Truth(kind=Kind.REPLY, form="lost", about=receipt.in_reply_to, linkable=False)
        return self._answer("lost", request, receipt, arrived, truth)

    def _answer(self, form: str, request: Request, receipt: Receipt, arrived: datetime, truth: Truth) -> Mail:
        rng, first = self.rng, request.letter
        sender = rng.choice(first.cc) if form == "colleague" else first.sender
        client = any_client(rng) if form == "colleague" else request.client
        to_receipt = form in {"to_receipt", "references_only", "tag_only"}
        chain = {
            "to_receipt": (receipt.message_id, (first.message_id, receipt.message_id)),
            "references_only": ("", (first.message_id, receipt.message_id)),
            "own_mail": (first.message_id, (first.message_id,)),
            "colleague": (first.message_id, (first.message_id,)),
            "own_mail_references": ("", (first.message_id,)),
        }
        in_reply_to, references = chain.get(form, ("", ()))
        prefix = rng.choice(("Re: ", "RE: ", "RE: ", "Re: ", "RE : ", "RE: [EXTERNAL] "))
        letter = Letter(
            sender=sender,
            subject=prefix + (receipt.subject if to_receipt else first.subject),
            paragraphs=addition(rng),
            date=arrived - timedelta(seconds=rng.randrange(2, 40)),
            message_id=client.identify(rng, sender.domain),
            cc=(first.sender,) if form == "colleague" else (),
            in_reply_to=in_reply_to,
            references=references,
            quoted=self._quoted(form, request, receipt),
            files=self._images(),
        )
        return self._mail(client, letter, arrived, truth)

    def _quoted(self, form: str, request: Request, receipt: Receipt) -> Quoted | None:
        if form == "lost":
            return None
        if form in {"to_receipt", "references_only", "tag_only"}:
            return Quoted(
                name=DESK_NAME, address=DESK, date=receipt.date, subject=receipt.subject, text=receipt.text
            )
        first = request.letter
        text = "\n\n".join(first.paragraphs)
        return Quoted(
            name=first.sender.name,
            address=first.sender.address,
            date=first.date,
            subject=first.subject,
            text=text,
        )
