"""Mail that no person wrote: absence notices, bounces, newsletters, the desk's own mail coming back (pure).

Stands beside ``clients.py`` below the corpus of ``mails.py``. What is answered is a ``Receipt`` as the
bench's sink caught it. The forms are those that servers really use, the awkward ones included: no standard
header at all, a bounce that is plain text with a null return path. It cannot fail.
"""

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from tests.bench.clients import (
    DESK,
    DESK_NAME,
    Headers,
    encoded_words,
    mailbox,
    multipart,
    part,
    quoted_printable,
    received,
    text_part,
    token,
    whole,
)
from tests.bench.words import Person, paragraphs


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A receipt that the desk sent: ids without ``<>``, the subject decoded, the text of its plain part."""

    message_id: str
    in_reply_to: str
    recipient: str
    subject: str
    text: str
    content: bytes
    date: datetime

    @property
    def headers(self) -> str:
        """The header block as it was sent, as a bounce returns it."""
        block, _, _ = self.content.partition(b"\r\n\r\n")
        return block.decode("utf-8", "replace") + "\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What every automatic mail is made of."""

    sender: Person
    message_id: str
    date: datetime


ABSENCES = (
    """\
Bonjour,

Je suis absent(e) du bureau jusqu'au lundi 30 novembre inclus, sans accès à ma messagerie.
En cas d'urgence, veuillez contacter le secrétariat au 081 24 24 24.

Bien à vous,
{name}""",
    """\
Merci pour votre message. En congé jusqu'au 1er décembre, je vous répondrai dès mon retour.

{name}""",
    """\
Ik ben afwezig tot en met maandag. Voor dringende zaken kunt u terecht bij het secretariaat.

{name}""",
)


def base(rng: random.Random, notice: Notice, *, subject: str, return_path: str) -> Headers:
    """Trace, addresses, subject, date and identifier."""
    return [
        ("Return-Path", f"<{return_path}>"),
        ("Delivered-To", DESK),
        *received(rng, notice.date, hops=2),
        ("From", mailbox(notice.sender.name, notice.sender.address)),
        ("To", mailbox(DESK_NAME, DESK)),
        ("Subject", encoded_words(subject)),
        ("Date", format_datetime(notice.date)),
        ("Message-ID", f"<{notice.message_id}>"),
        ("MIME-Version", "1.0"),
    ]


def answering(receipt: Receipt) -> Headers:
    """The headers by which an automatic answer names what it answers."""
    return [("In-Reply-To", f"<{receipt.message_id}>"), ("References", f"<{receipt.message_id}>")]


def plain(headers: Headers, text: str) -> bytes:
    """A plain text mail, quoted-printable."""
    typed: Headers = [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Transfer-Encoding", "quoted-printable"),
    ]
    return whole([*headers, *typed], quoted_printable(text, "utf-8") + "\r\n")


def absence_text(rng: random.Random, notice: Notice) -> str:
    """An absence notice in somebody's words."""
    return rng.choice(ABSENCES).format(name=notice.sender.name)


# --- absence notices ----------------------------------------------------------------------------------------


def exchange_absence(rng: random.Random, notice: Notice, receipt: Receipt) -> bytes:
    """Exchange.

    Auto-Submitted auto-generated, X-Auto-Response-Suppress All, null return path, HTML beside text.
    """
    text = absence_text(rng, notice)
    markup = f"<html><body><p>{text.replace(chr(10), '<br>')}</p></body></html>"
    kind, body = multipart(
        "alternative", f"_000_{token(rng, 36)}_", [text_part("plain", text), text_part("html", markup)]
    )
    subject = f"Réponse automatique : {receipt.subject}"
    headers = base(rng, notice, subject=subject, return_path="")
    headers += [
        *answering(receipt),
        ("X-Auto-Response-Suppress", "All"),
        ("auto-submitted", "auto-generated"),
        ("X-MS-Exchange-Inbox-Rules-Loop", notice.sender.address),
        ("Content-Type", kind),
    ]
    return whole(headers, body)


def sieve_absence(rng: random.Random, notice: Notice, receipt: Receipt) -> bytes:
    """A Sieve server's vacation (RFC 5230): Auto-Submitted auto-replied."""
    headers = base(rng, notice, subject=f"Auto: {receipt.subject}", return_path="")
    headers += [*answering(receipt), ("Auto-Submitted", "auto-replied (vacation)"), ("Precedence", "bulk")]
    return plain(headers, absence_text(rng, notice))


def old_absence(rng: random.Random, notice: Notice, receipt: Receipt) -> bytes:
    """Older servers: Precedence auto_reply and X-Autoreply, nothing that a standard knows."""
    headers = base(rng, notice, subject=f"Re: {receipt.subject}", return_path=notice.sender.address)
    headers += [*answering(receipt), ("X-Autoreply", "yes"), ("Precedence", "auto_reply")]
    return plain(headers, absence_text(rng, notice))


def bare_absence(rng: random.Random, notice: Notice, receipt: Receipt) -> bytes:
    """No header says that a machine wrote it: the subject alone does."""
    wording = rng.choice(
        ("Absence du bureau : ", "Réponse automatique : ", "Automatic reply: ", "Out of office: ")
    )
    headers = base(rng, notice, subject=wording + receipt.subject, return_path=notice.sender.address)
    return plain([*headers, *answering(receipt)], absence_text(rng, notice))


def echo(rng: random.Random, notice: Notice, receipt: Receipt) -> bytes:
    """The receipt itself, sent back by a forwarding rule (RFC 5322 3.6.6)."""
    top: Headers = [
        ("Return-Path", f"<{notice.sender.address}>"),
        ("Delivered-To", DESK),
        *received(rng, notice.date, hops=3),
        ("Resent-From", notice.sender.address),
        ("Resent-To", DESK),
        ("Resent-Date", format_datetime(notice.date)),
    ]
    return "".join(f"{name}: {value}\r\n" for name, value in top).encode() + receipt.content


def lone_absence(rng: random.Random, notice: Notice) -> bytes:
    """An absence notice that answers nothing that the desk knows."""
    headers = base(rng, notice, subject="Réponse automatique : Votre demande", return_path="")
    return plain([*headers, ("Auto-Submitted", "auto-replied")], absence_text(rng, notice))


Answerer = Callable[[random.Random, Notice, Receipt], bytes]
ABSENCE_FORMS: tuple[Answerer, ...] = (
    exchange_absence,
    sieve_absence,
    exchange_absence,
    old_absence,
    bare_absence,
    exchange_absence,
    sieve_absence,
    bare_absence,
)


# --- bounces ------------------------------------------------------------------------------------------------


def status_part(receipt: Receipt, notice: Notice) -> str:
    """The machine-readable part of a report (RFC 3464 2)."""
    body = (
        f"Reporting-MTA: dns; mx.{notice.sender.domain}\r\nArrival-Date: "
        f"{format_datetime(receipt.date)}\r\n\r\n"
        f"Final-Recipient: rfc822; {receipt.recipient}\r\nOriginal-Recipient: rfc822;{receipt.recipient}\r\n"
        "Action: failed\r\nStatus: 5.1.1\r\n"
        f"Diagnostic-Code: smtp; 550 5.1.1 <{receipt.recipient}>: Recipient address rejected: User "
        "unknown\r\n"
    )
    return part(
        [("Content-Description", "Delivery report"), ("Content-Type", "message/delivery-status")], body
    )


def reported(rng: random.Random, notice: Notice, receipt: Receipt, *, whole_mail: bool) -> bytes:
    """A multipart/report (RFC 3462) with the mail or only its headers returned."""
    explanation = (
        f"This is the mail system at host mx.{notice.sender.domain}.\r\n\r\nI'm sorry to have to inform "
        "you that "
        f"your message could not\r\nbe delivered to one or more recipients.\r\n\r\n<{receipt.recipient}>: "
        "unknown user"
    )
    returned = (
        part([("Content-Type", "message/rfc822")], receipt.content.decode("utf-8", "replace"))
        if whole_mail
        else part([("Content-Type", "text/rfc822-headers")], receipt.headers)
    )
    kind, body = multipart(
        "report",
        f"{token(rng, 11)}.{rng.randrange(10**9)}/mx.{notice.sender.domain}",
        [text_part("plain", explanation), status_part(receipt, notice), returned],
        extra="; report-type=delivery-status",
    )
    headers = base(rng, notice, subject="Undelivered Mail Returned to Sender", return_path="")
    return whole([*headers, ("Auto-Submitted", "auto-replied"), ("Content-Type", kind)], body)


def postfix_bounce(rng: random.Random, notice: Notice, receipt: Receipt) -> bytes:
    """Postfix: the whole mail comes back."""
    return reported(rng, notice, receipt, whole_mail=True)


def headers_bounce(rng: random.Random, notice: Notice, receipt: Receipt) -> bytes:
    """The headers alone come back (RFC 3462 2)."""
    return reported(rng, notice, receipt, whole_mail=False)


def exchange_bounce(rng: random.Random, notice: Notice, receipt: Receipt) -> bytes:
    """Exchange Online: HTML explanation, In-Reply-To and References beside the report."""
    markup = (
        f"<html><body><h1>Votre message à {receipt.recipient} n’a pas pu être remis.</h1>"
        f"<p>{receipt.recipient} est introuvable à l’adresse indiquée.</p></body></html>"
    )
    kind, body = multipart(
        "report",
        str(uuid.UUID(int=rng.getrandbits(128))),
        [
            text_part("html", markup),
            status_part(receipt, notice),
            part([("Content-Type", "message/rfc822")], receipt.content.decode("utf-8", "replace")),
        ],
        extra="; report-type=delivery-status",
    )
    headers = base(rng, notice, subject=f"Non remis : {receipt.subject}", return_path="")
    headers += [*answering(receipt), ("auto-submitted", "auto-replied"), ("Content-Type", kind)]
    return whole(headers, body)


def daemon_bounce(rng: random.Random, notice: Notice, receipt: Receipt) -> bytes:
    """qmail and its like: plain text, null return path, a copy of the mail below a line."""
    text = (
        f"Hi. This is the qmail-send program at {notice.sender.domain}.\r\nI'm afraid I wasn't able to "
        "deliver your "
        "message to the following addresses.\r\nThis is a permanent error; I've given up. Sorry it didn't "
        "work out."
        f"\r\n\r\n<{receipt.recipient}>:\r\nSorry, no mailbox here by that name. (#5.1.1)\r\n\r\n"
        f"--- Below this line is a copy of the message.\r\n\r\nReturn-Path: <{DESK}>\r\n{receipt.headers}\r\n"
    )
    headers = base(rng, notice, subject="failure notice", return_path="")
    typed: Headers = [("Content-Type", "text/plain; charset=us-ascii"), ("Content-Transfer-Encoding", "8bit")]
    return whole([*headers, *typed], text)


BOUNCE_FORMS: tuple[Answerer, ...] = (
    postfix_bounce,
    headers_bounce,
    exchange_bounce,
    daemon_bounce,
    postfix_bounce,
)


# --- newsletters --------------------------------------------------------------------------------------------


def newsletter(rng: random.Random, notice: Notice, number: int) -> bytes:
    """A newsletter: two of three name their list (RFC 2919, 2369), the others only say Precedence bulk."""
    blocks = "".join(
        f'<table width="600" cellpadding="0" cellspacing="0" role="presentation"><tr><td '
        'style="font-family:Arial,'
        f'sans-serif;font-size:14px;color:#333333;padding:12px 24px"><h2>{token(rng, 9)}</h2><p>{text}</p>'
        f'<a href="https://news.example.org/c/{token(rng, 60)}">Lire la suite</a></td></tr></table>\r\n'
        for text in paragraphs(rng, count=rng.randrange(8, 24))
    )
    headers = base(
        rng,
        notice,
        subject=f"Lettre d'information n° {number}",
        return_path=f"bounce-{token(rng, 12)}@{notice.sender.domain}",
    )
    if number % 3:
        headers += [
            ("List-Id", f"Lettre d'information <news.{notice.sender.domain}>"),
            ("List-Unsubscribe", f"<https://news.example.org/u/{token(rng, 40)}>"),
            ("Precedence", "list"),
        ]
    else:
        headers.append(("Precedence", "bulk"))
    parts = [
        text_part("plain", "\r\n\r\n".join(paragraphs(rng))),
        text_part("html", f"<html><body>{blocks}</body></html>"),
    ]
    kind, body = multipart("alternative", f"b1_{token(rng, 32)}", parts)
    return whole([*headers, ("Content-Type", kind)], body)
