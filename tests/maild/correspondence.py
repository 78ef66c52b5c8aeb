"""One letter of each kind to look at, and the way another program reads it."""

import email
import email.policy
import inspect
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from functools import partial
from html import unescape
from typing import Any

from hypothesis import strategies as st

from maild import compose
from maild.assembly import File, Letter, Post
from maild.compose import NOTICES, Line, Unread
from maild.decide.policy import Desk
from parsers.addresses import Address
from parsers.mail import Bound

DESK = Desk(name="Service Desk ETNIC", address="support@etnic.be", phone="02 800 10 10")
PAPER = compose.stationery(DESK)
LANGUAGES = DESK.languages
NOW = datetime(2026, 11, 23, 13, 32, tzinfo=UTC)
DUE = NOW + timedelta(hours=24)
ANA = Address(name="Ana Lejeune", address="ana.lejeune@example.org")
JEAN = Address(name="Jean Dupont", address="jean.dupont@etnic.be")
CALENDAR = b"BEGIN:VCALENDAR\r\nSUMMARY:Passage \xc3\xa0 14 h\r\nEND:VCALENDAR\r\n"
PICTURE = File(
    filename="logo.png", content_type="image/png", content=b"\x89PNG", content_id="a@b", inline=True
)
REPORT = File(filename="Rapport d’été.pdf", content_type="application/pdf", content=b"%PDF-1.4")
DATES = {
    "fr": "mardi 24 novembre 2026 à 14\u00a0h\u00a032",
    "nl": "dinsdag 24 november 2026 om 14.32 uur",
    "de": "Dienstag, 24. November 2026, um 14:32 Uhr",
    "en": "Tuesday 24 November 2026 at 14:32",
}
FIXED = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "Content-Language",
    "X-Maild",
    "MIME-Version",
    "Content-Type",
]

# Lone surrogates too: they are what is left of bytes that no charset explains.
anything = st.text(st.characters(), max_size=200)
hostile = st.one_of(
    anything,
    st.text('\r\n\t <>@",;:\\()=?_é\x00\u2028\ud800A', max_size=200),
    st.builds("{}\r\nBcc: x@example.org\r\n\r\n{}".format, anything, anything),
)


def post(language: str = "fr", **changes: Any) -> Post:
    """What every letter needs, with any part of it changed."""
    values: Post = {
        "to": ANA,
        "language": language,
        "now": NOW,
        "message_id": "t.k3y.sig@etnic.be",
        "signature": "v1.ticket.sig",
    }
    return values | changes  # type: ignore[return-value]


def read(letter: Letter) -> EmailMessage:
    """The letter as another program reads it; a defect anywhere is a failure."""
    mail = email.message_from_bytes(letter.content, policy=email.policy.default)
    for part in mail.walk():
        assert not part.defects
        assert not [value.defects for value in part.values() if value.defects]
    return mail


def texts(letter: Letter) -> list[str]:
    """What a person reads: the plain text, then the page where there is one."""
    bodies = (read(letter).get_body((kind,)) for kind in ("plain", "html"))
    return [body.get_content() for body in bodies if body]


def seen(page: str) -> str:
    """The text of a page of ours."""
    return unescape(re.sub(r"<[^>]*>|\r", "", page).replace("&nbsp;", " "))


def write(kind: Callable[..., Letter], language: str, given: dict[str, Any], **changes: Any) -> Letter:
    """A letter with what it is given, and with any part of that, or of the post, changed."""
    asked = inspect.signature(kind).parameters
    own = given | {name: changes.pop(name) for name in [*changes] if name in asked}
    if "subject" in asked:
        own = {"number": "ETNIC-1042", "subject": "Imprimante"} | own
    return kind(PAPER, **own, **post(language, **changes))


def receipt(language: str = "fr", **changes: Any) -> Letter:
    return write(compose.receipt, language, {"due_at": DUE}, **changes)


def call_receipt(language: str = "fr", **changes: Any) -> Letter:
    return write(compose.call_receipt, language, {"called_at": NOW, "due_at": DUE}, **changes)


def relay(language: str = "fr", **changes: Any) -> Letter:
    return write(compose.relay, language, {"text": "Le toner est remplacé."}, **changes)


def invitation(language: str = "fr", **changes: Any) -> Letter:
    given = {"starts_at": DUE, "ends_at": DUE + timedelta(hours=1), "place": "Rue Neuve 1, Bruxelles"}
    people = {"technician": JEAN, "requester": ANA, "description": "Un toner.", "method": "REQUEST"}
    return write(compose.invitation, language, {**given, **people, "calendar": CALENDAR}, **changes)


def notification(language: str = "fr", **changes: Any) -> Letter:
    given = {"text": "Rien ne sort.", "requester": ANA, "due_at": DUE}
    return write(compose.notification, language, given, **changes)


def consultation(language: str = "fr", **changes: Any) -> Letter:
    case = [("Ana Lejeune", NOW, "Rien ne sort."), ("Anne", DUE, "Le réseau, je crois.")]
    given = {"question": "Est-ce le réseau\u00a0?", "case": case, "requester": ANA, "due_at": DUE}
    return write(compose.consultation, language, given | {"asked_by": "Anne Martin"}, **changes)


def team_answer(language: str = "fr", **changes: Any) -> Letter:
    return write(compose.team_answer, language, {"team": "Réseau", "text": "Le port est fermé."}, **changes)


def told(language: str = "fr", **changes: Any) -> Letter:
    return write(
        compose.told, language, {"headline": "Jean Dupont a accepté", "lines": ["Demain"]}, **changes
    )


def listing(language: str = "fr", **changes: Any) -> Letter:
    return write(compose.listing, language, {"tickets": lines(3)}, **changes)


def alert(language: str = "fr", **changes: Any) -> Letter:
    return write(compose.alert, language, {"tickets": lines(1), "stage": "near", "marker": "t0k"}, **changes)


def warning(language: str = "fr", **changes: Any) -> Letter:
    return write(compose.warning, language, {"tickets": lines(3)}, **changes)


def silent(language: str = "fr", **changes: Any) -> Letter:
    return write(compose.silent, language, {"tickets": lines(1), "marker": "t0k"}, **changes)


def full(language: str = "fr", **changes: Any) -> Letter:
    story = [(NOW, "Ana Lejeune", "request", "Rien ne sort."), (DUE, "Anne", "note", "Le toner\u00a0?")]
    return write(compose.full, language, {"story": story}, **changes)


def undelivered(kind: str, language: str = "fr", *, uncertain: bool = False, **changes: Any) -> Letter:
    given = {"address": "ana.lejeune@example.org", "kind": kind, "reply": "550 5.1.1 no such user"}
    return write(compose.undelivered, language, given | {"uncertain": uncertain}, **changes)


def lines(count: int) -> list[Line]:
    return [
        Line(number=f"ETNIC-{n}", subject="VPN", requester=ANA, due_at=DUE, status="taken", at=NOW)
        for n in range(count)
    ]


MONTH: dict[str, Any] = {
    "period": "novembre 2026",
    "as_of": "Situation au 1er décembre",
    "share": "66,6\u00a0%",
    "share_of": "6 sur 9",
    "figures": [("Reçues", "11")],
    "breaches": [("ETNIC-1042", "lundi", "mercredi", "25\u00a0h\u00a030")] * 31,
    "command": "maild report --month 2026-11 --html report-2026-11.html",
}
WORDS = {"text": "Bonjour,\n\nC’est fait.", "entity": "Athénée de Namur"}
LETTERS: dict[str, Callable[..., Letter]] = {
    "receipt": receipt,
    "notification": notification,
    "notification of a mail that could not be read": partial(notification, unread=Unread(failed=True)),
    "notification of a large mail": partial(notification, unread=Unread(whole_mb=61)),
    "notification of a mail beyond every bound": partial(
        notification, unread=Unread(beyond=tuple(Bound), in_mailbox=False)
    ),
    "notification of a mail out of junk": partial(notification, suspect=True),
    "notification of all that is known": partial(
        notification,
        html='<p>Rien ne <b>sort</b>.</p><img src="cid:a@b">',
        reason="assigned",
        by="Anne Martin",
        absent="Anne Martin",
        attachments=("a.pdf",),
        left_out=("b.zip (61\u00a0Mo)",),
        marker="t0k.en",
        standing="yes",
        entity="Athénée de Namur",
        category="incident",
        priority="haute",
        earlier=lines(2),
        card=("#prendre\u00a0: vous la prenez", "#note"),
        undo="2 minutes",
        files=(PICTURE, REPORT),
    ),
    "notification of nothing": partial(notification, text="", subject="", due_at=None, reason="handed"),
    "receipt of a call": call_receipt,
    "receipt of a call that was enough": partial(call_receipt, solved=True, due_at=None),
    "relay": relay,
    "relay of a file": partial(relay, text="", files=(REPORT,)),
    "relay in HTML": partial(relay, html="<p>Le toner est <b>remplacé</b>.</p>", notice="resolved"),
    **{f"notice {name}": partial(relay, text="", notice=name, values=WORDS) for name in NOTICES},
    "invitation": invitation,
    "invitation cancelled": partial(invitation, cancelled=True, method="CANCEL"),
    "invitation moved": partial(invitation, moved=True, subject=""),
    "invitation of the technician": partial(invitation, for_technician=True),
    "invitation of the technician moved": partial(invitation, for_technician=True, moved=True),
    "invitation of the technician cancelled": partial(invitation, for_technician=True, cancelled=True),
    "consultation": partial(consultation, marker="t0k.en"),
    "team_answer": partial(team_answer, marker="t0k.en", undo="2 minutes"),
    "told": partial(told, marker="t0k.en"),
    "listing": listing,
    "listing of nothing": partial(listing, tickets=()),
    "listing of too many": partial(listing, tickets=lines(300)),
    "full": full,
    "alert": alert,
    "alert of several": partial(alert, tickets=lines(2), stage="breached", marker=""),
    "warning": warning,
    "warning of one": partial(warning, tickets=lines(1)),
    "warning of too many": partial(warning, tickets=lines(500)),
    "silent": silent,
    "silent, several": partial(silent, tickets=lines(3), marker=""),
    "answer": lambda language, **more: compose.answer(
        PAPER, number="ETNIC-1042", subject="VPN", lines=["La demande est à vous."], **post(language, **more)
    ),
    "digest": lambda language, **more: compose.digest(PAPER, tickets=lines(3), **post(language, **more)),
    "junk": lambda language, **more: compose.junk(
        PAPER, count=3, folder="Junk", maildrop="support", **post(language, **more)
    ),
    "report": lambda language, **more: compose.report(PAPER, **MONTH, **post(language, **more)),
    "report of a quiet month": lambda language, **more: compose.report(
        PAPER, **{**MONTH, "breaches": ()}, **post(language, **({"files": (REPORT,)} | more))
    ),
    "trouble": lambda language, **more: compose.trouble(
        PAPER, headline="IMAP", details="refused\nagain", **post(language, **more)
    ),
    "recovered": lambda language, **more: compose.recovered(
        PAPER, headline="IMAP", details="since then", **post(language, **more)
    ),
    "undelivered receipt": lambda language, **more: undelivered("receipt", language, **more),
    "undelivered answer": lambda language, **more: undelivered("relay", language, **more),
    "uncertain receipt": lambda language, **more: undelivered("receipt", language, uncertain=True, **more),
    "uncertain answer": lambda language, **more: undelivered("relay", language, uncertain=True, **more),
    "digest of many": lambda language, **more: compose.digest(
        PAPER, tickets=lines(3), many=True, **post(language, **more)
    ),
}
# Read by the desk's own people, in any program: text alone.
PLAIN = {
    "told", "answer", "junk", "report", "report of a quiet month", "trouble", "recovered",
    "undelivered receipt", "undelivered answer", "uncertain receipt", "uncertain answer",
}  # fmt: skip


# A person wrote or ordered these: RFC 3834 has no say.
BY_PEOPLE = {kind for kind in LETTERS if kind.startswith(("relay", "notice", "invitation", "consultation"))}
# Direct answers to a mail (RFC 3834 section 5).
REPLIED = {kind for kind in LETTERS if kind in ("receipt", "answer", "full") or kind.startswith("listing")}
TO_REQUESTERS = {
    kind
    for kind in LETTERS
    if kind.startswith(("receipt", "relay", "notice", "invitation")) and "technician" not in kind
}
