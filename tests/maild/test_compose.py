"""The desk's letters, read back by the standard library's parser: nothing lost, nothing smuggled in."""

import email
import email.policy
import inspect
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr
from functools import partial
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maild import assembly, compose, rehearsal
from maild.assembly import Letter, Post
from maild.compose import Line, Unread
from maild.decide.policy import Desk
from parsers.addresses import Address
from parsers.mail import Bound
from parsers.quotes import SEPARATORS, marker_tokens
from parsers.subject import base_subject, ticket_numbers

DESK = Desk(name="Service Desk ETNIC", address="support@etnic.be", phone="02 800 10 10")
PAPER = compose.stationery(DESK)
LANGUAGES = DESK.languages
NOW = datetime(2026, 11, 23, 13, 32, tzinfo=UTC)
DUE = NOW + timedelta(hours=24)
ANA = Address(name="Ana Lejeune", address="ana.lejeune@example.org")
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
    """The text parts, decoded, the plain one first."""
    return [part.get_content() for part in read(letter).walk() if not part.is_multipart()]


def seen(page: str) -> str:
    """The text of a page of ours."""
    return unescape(re.sub(r"<[^>]*>|\r", "", page).replace("&nbsp;", " "))


def receipt(language: str = "fr", subject: str = "Imprimante", **changes: Any) -> Letter:
    return compose.receipt(
        PAPER, number="ETNIC-1042", subject=subject, due_at=DUE, **post(language, **changes)
    )


def notification(language: str = "fr", **changes: Any) -> Letter:
    given: dict[str, Any] = {"text": "Rien ne sort.", "requester": ANA, "marker": ""}
    given |= {"attachments": (), "unread": compose.WHOLE, "suspect": False}
    asked = inspect.signature(compose.notification).parameters
    own = given | {name: changes.pop(name) for name in [*changes] if name in asked}
    return compose.notification(
        PAPER, number="ETNIC-1042", subject="Imprimante", due_at=DUE, **own, **post(language, **changes)
    )


def undelivered(kind: str, language: str = "fr", *, uncertain: bool = False, **changes: Any) -> Letter:
    return compose.undelivered(
        PAPER, number="ETNIC-1042", subject="Imprimante", address="ana.lejeune@example.org", kind=kind,
        reply="550 5.1.1 no such user", uncertain=uncertain, **post(language, **changes),
    )  # fmt: skip


def lines(count: int) -> list[Line]:
    return [Line(number=f"ETNIC-{n}", subject="VPN", requester=ANA, due_at=DUE) for n in range(count)]


LETTERS: dict[str, Callable[..., Letter]] = {
    "receipt": receipt,
    "notification": notification,
    "notification of a mail that could not be read": partial(notification, unread=Unread(failed=True)),
    "notification of a large mail": partial(notification, unread=Unread(whole_mb=61)),
    "notification of a mail beyond every bound": partial(
        notification, unread=Unread(beyond=tuple(Bound), in_mailbox=False)
    ),
    "notification of a mail out of junk": partial(notification, suspect=True),
    "alert": lambda language, **more: compose.alert(
        PAPER, stage="near", tickets=lines(2), **post(language, **more)
    ),
    "answer": lambda language, **more: compose.answer(
        PAPER, number="ETNIC-1042", subject="VPN", lines=["La demande est à vous."], **post(language, **more)
    ),
    "digest": lambda language, **more: compose.digest(PAPER, tickets=lines(3), **post(language, **more)),
    "junk": lambda language, **more: compose.junk(
        PAPER, count=3, folder="Junk", maildrop="support", **post(language, **more)
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
    "answer", "junk", "trouble", "recovered",
    "undelivered receipt", "undelivered answer", "uncertain receipt", "uncertain answer",
}  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", LETTERS)
def test_the_text_of_a_letter_is_read_back(kind: str, language: str) -> None:
    """What an answer to it may quote: the plain part, as any other program reads it."""
    letter = LETTERS[kind](language)
    plain = texts(letter)[0].replace("\r\n", "\n")
    assert assembly.text_of(letter.content).strip() == plain.strip()
    assert assembly.text_of(b"From: ana@example.org\r\n\r\nBonjour") == ""


# --- every letter -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", LETTERS)
def test_every_letter_is_a_sound_mail_in_every_language(kind: str, language: str) -> None:
    """RFC 5322 headers, CRLF, short lines, and the signs of RFC 3834 that keep machines from answering."""
    letter = LETTERS[kind](language)
    mail = read(letter)
    assert mail.keys() == FIXED or kind in PLAIN
    assert sorted(mail.keys()) == sorted({*FIXED, *mail.keys()}), "no header twice"
    assert mail["From"] == "Service Desk ETNIC <support@etnic.be>"
    assert mail["To"] == "Ana Lejeune <ana.lejeune@example.org>"
    assert mail["Subject"] == letter.subject
    assert mail["Date"].datetime == NOW
    assert mail["Message-ID"] == f"<{letter.message_id}>" == "<t.k3y.sig@etnic.be>"
    assert mail["Content-Language"] == language
    assert mail["X-Maild"] == "v1.ticket.sig"
    assert mail["X-Auto-Response-Suppress"] == "DR, RN, NRN, OOF, AutoReply"
    replied = kind in {"receipt", "answer"}
    assert mail["Auto-Submitted"] == ("auto-replied" if replied else "auto-generated")
    assert (letter.sender, letter.recipient) == ("support@etnic.be", "ana.lejeune@example.org")
    assert b"\n" not in letter.content.replace(b"\r\n", b"")
    assert letter.content.isascii()
    assert max(map(len, letter.content.split(b"\r\n"))) <= 76


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", LETTERS)
def test_html_says_its_language_and_fetches_nothing(kind: str, language: str) -> None:
    """A screen reader needs the language; nothing remote, no table, no colour that a dark screen swallows."""
    parts = [part for part in read(LETTERS[kind](language)).walk() if part.get_content_type() == "text/html"]
    assert bool(parts) == (kind not in PLAIN)
    for part in parts:
        page = part.get_content()
        assert f'<html lang="{language}"' in page
        assert 'content="light dark"' in page
        assert not re.search(r"https?:|<img|<table|<script|<link|url\(|[^-]color:#|background", page)


def test_templates_are_found_sound() -> None:
    """What ships renders in all languages, with all values and with few."""
    assert rehearsal.render_all(PAPER) == []


@pytest.mark.parametrize("kind", LETTERS)
def test_french_typography(kind: str) -> None:
    """No-break spaces before high punctuation and inside guillemets, curly apostrophes; no code left over."""
    letter = LETTERS[kind]("fr")
    parts = texts(letter)
    if len(parts) == 2:
        parts[1] = re.sub(r"<[^>]*>", "", parts[1])
    for text in (letter.subject, *parts):
        assert not re.search(
            r"[^\s\u00a0][:;!?»](?=\s|$)| [:;!?»]|« |'|\{|\}", re.sub(r"\bRe:|\S+@\S+", "", text)
        )


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_the_desk_does_not_write_becomes_its_first(language: str) -> None:
    """An unsure or foreign mail is answered in the desk's first language."""
    paper = compose.stationery(Desk(name="Desk", address="d@example.org", languages=(language,)))
    letter = compose.receipt(paper, number="E-1", subject="", due_at=DUE, **post("xx"))
    assert read(letter)["Content-Language"] == language


# --- the receipt --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_receipt_says_what_was_received_and_until_when(language: str) -> None:
    """Number, subject, exact deadline, telephone, in both parts."""
    letter = receipt(language, subject="L’écran <3 & « rien »")
    text, page = texts(letter)
    for part in (text, page.replace("&lt;", "<").replace("&amp;", "&")):
        assert "ETNIC-1042" in part
        assert "L’écran <3 & « rien »" in part
        assert DATES[language] in part
        assert "02 800 10 10" in part
    assert "&lt;3 &amp;" in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_receipt_without_subject_or_telephone(language: str) -> None:
    """What is not known leaves no empty quotes and no half sentence."""
    paper = compose.stationery(Desk(name="Desk", address="d@example.org"))
    letter = compose.receipt(paper, number="E-1", subject="", due_at=DUE, **post(language))
    text, _ = texts(letter)
    assert letter.subject == "Re: [E-1]"
    assert not re.search(r"«|‘|„|“|None|\n\n\n|  ", text)


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("Imprimante", "Re: [ETNIC-1042] Imprimante"),
        ("RE: TR : Imprimante", "Re: [ETNIC-1042] Imprimante"),
        ("Re: [ETNIC-7] Imprimante", "Re: [ETNIC-1042] Imprimante"),
        ("[EXTERNAL] Imprimante", "Re: [ETNIC-1042] Imprimante"),
        (" Imprimante\r\n\t du  3e ", "Re: [ETNIC-1042] Imprimante du 3e"),
    ],
)
def test_receipt_answers_under_the_same_subject(subject: str, expected: str) -> None:
    """One number, and the base subject that clients and we thread by (RFC 5256 2.1)."""
    letter = receipt(subject=subject)
    assert letter.subject == expected
    assert ticket_numbers(letter.subject, "ETNIC") == (1042,)
    assert base_subject(letter.subject) == base_subject(subject)


def test_receipt_threads_under_the_mail_it_answers() -> None:
    """RFC 5322 3.6.4: the parent's References, then the parent; the last twenty, none twice."""
    mail = read(receipt(parent_id="p@x", parent_references=("a@x", "b@x", "p@x")))
    assert mail["In-Reply-To"] == "<p@x>"
    assert mail["References"].split() == ["<a@x>", "<b@x>", "<p@x>"]
    many = read(receipt(parent_id="p@x", parent_references=tuple(f"{n}@x" for n in range(40))))
    assert many["References"].split() == [*(f"<{n}@x>" for n in range(21, 40)), "<p@x>"]
    alone = read(receipt())
    assert alone["In-Reply-To"] is None
    assert alone["References"] is None


def test_reply_to_carries_the_token_address() -> None:
    """Where the desk uses plus-addresses, replies come back to one."""
    assert read(receipt(reply_to="support+tok@etnic.be"))["Reply-To"] == (
        "Service Desk ETNIC <support+tok@etnic.be>"
    )


# --- notification, alert ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "separator"),
    [
        ("fr", "##- Répondez au-dessus de cette ligne -##"),
        ("nl", "##- Antwoord boven deze regel -##"),
        ("de", "##- Bitte antworten Sie oberhalb dieser Zeile -##"),
        ("en", "##- Please reply above this line -##"),
    ],
)
def test_notification_is_the_ticket(language: str, separator: str) -> None:
    """The separator with its marker on top; who, what, until when; the command card."""
    letter = notification(
        language, marker="t0k.en", text="Une ligne\r\n\r\n  indentée <b>", attachments=("a.pdf",)
    )
    text, page = texts(letter)
    assert text.splitlines()[0] == f"{separator} (m:t0k.en)"
    assert notification(language).content != letter.content
    assert texts(notification(language))[0].splitlines()[0] == separator
    for part in (text, seen(page)):
        for said in ("ETNIC-1042", "Ana Lejeune <ana.lejeune@example.org>", DATES[language], "a.pdf"):
            assert said in part
        assert "Une ligne\n\n  indentée <b>" in part.replace("\r\n", "\n")
        assert "#prendre" in part
        assert "#aide" in part
    assert letter.subject == "[ETNIC-1042] Imprimante"


UNREAD = {
    "fr": ("n’a pas pu être lu.", "61\u00a0Mo", "en entier (trop de parties, texte trop long)"),
    "nl": (
        "kon niet worden gelezen.",
        "61\u00a0MB",
        "volledig worden gelezen (te veel onderdelen, te lange tekst)",
    ),
    "de": (
        "konnte nicht gelesen werden.",
        "61\u00a0MB",
        "vollständig gelesen werden (zu viele Teile, zu langer Text)",
    ),
    "en": ("could not be read.", "61\u00a0MB", "be read whole (too many parts, text too long)"),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_was_not_read_is_said_in_one_line(language: str) -> None:
    """In both parts, with its reason, and where the original is; nothing is said of any other mail."""
    failed, size, beyond = UNREAD[language]
    bounds = Unread(beyond=(Bound.PARTS, Bound.TEXT))
    for unread, said in ((Unread(failed=True), failed), (Unread(whole_mb=61), size), (bounds, beyond)):
        for text in texts(notification(language, unread=unread)):
            (line,) = [line for line in text.splitlines() if said in line]
            assert line.removesuffix("</strong></p>").endswith("support@etnic.be.")
    for text in texts(notification(language, unread=Unread(failed=True, in_mailbox=False))):
        (line,) = [line for line in text.splitlines() if failed in line]
        assert "support@" not in line
        assert "maild" in line
    assert not [text for text in texts(notification(language)) for said in UNREAD[language] if said in text]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("fr", "courrier indésirable"),
        ("nl", "ongewenste e-mail"),
        ("de", "unerwünschten"),
        ("en", "junk mail"),
    ],
)
def test_an_agent_is_told_to_beware_of_what_was_found_in_junk(language: str, said: str) -> None:
    """In both parts, in one line; of no other mail."""
    for text in texts(notification(language, suspect=True)):
        assert len([line for line in text.splitlines() if said in line]) == 1
    assert not [text for text in texts(notification(language)) if said in text]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_was_left_in_junk_is_counted(language: str) -> None:
    """One is one; the folder and the mailbox are named."""
    for count, digit in ((1, False), (31, True)):
        letter = compose.junk(PAPER, count=count, folder="Junk", maildrop="support", **post(language))
        (text,) = texts(letter)
        assert ("31" in text, "31" in letter.subject) == (digit, digit)
        assert "Junk" in letter.subject
        assert "support@etnic.be (support)" in text


def test_the_parsers_know_our_separator_lines() -> None:
    """What stands above the line in an agent's reply is his; the marker below it is found again."""
    for language in LANGUAGES:
        text = texts(notification(language, marker="t0k.en"))[0]
        assert text.startswith(SEPARATORS[language])
        assert marker_tokens(text) == ("t0k.en",)
        assert marker_tokens("".join(f"> {line}\n" for line in text.splitlines())) == ("t0k.en",)


def test_an_answer_keeps_the_lines_of_a_list() -> None:
    """The list of commands comes as one outcome of several lines."""
    letter = compose.answer(PAPER, number="E-1", subject="VPN", lines=["un\ndeux", "trois"], **post())
    assert texts(letter)[0].splitlines()[:3] == ["un", "deux", "trois"]


def test_a_signature_of_ones_own() -> None:
    """Configured lines stand where name and telephone would."""
    own = compose.stationery(Desk(name="Desk", address="d@x.be", phone="02", signature="ETNIC\nSupport"))
    letter = compose.receipt(own, number="E-1", subject="", due_at=DUE, **post())
    assert "ETNIC\nSupport\n" in texts(letter)[0].replace("\r\n", "\n")
    assert "Service Desk ETNIC\n02 800 10 10\n" in texts(receipt())[0].replace("\r\n", "\n")


def test_a_later_mail_is_announced_as_such() -> None:
    """An agent sees at once whether the ticket is new."""
    assert "Nouvelle demande" in texts(notification())[0]
    assert "Nouveau message" in texts(notification(reason="later"))[0]


@pytest.mark.parametrize(
    ("stage", "count", "subject"),
    [
        ("near", 1, "[ETNIC-0] Délai proche\u00a0: VPN"),
        ("breached", 1, "[ETNIC-0] Délai dépassé\u00a0: VPN"),
        ("near", 3, "Délai proche\u00a0: 3 demandes à prendre en charge"),
        ("breached", 3, "Délai dépassé\u00a0: 3 demandes à prendre en charge"),
    ],
)
def test_alert_names_its_tickets(stage: str, count: int, subject: str) -> None:
    """One ticket is named in the subject, several are counted; each stands in the text."""
    letter = compose.alert(PAPER, stage=stage, tickets=lines(count), **post())
    assert letter.subject == subject
    for part in texts(letter):
        assert all(f"[ETNIC-{n}] VPN" in part for n in range(count))
        assert part.count(DATES["fr"]) == count


# --- hostile values -----------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=100)
@given(hostile, hostile, hostile, hostile, hostile)
def test_no_value_of_a_mail_adds_a_header(
    subject: str, name: str, address: str, ident: str, token: str
) -> None:
    """Whatever a stranger sends stays inside its own header, on lines that every server takes."""
    letter = receipt(
        subject=subject,
        to=Address(name=name, address=address),
        message_id=ident,
        parent_id=ident,
        parent_references=(ident, token),
        signature=token,
        reply_to=address,
    )
    mail = email.message_from_bytes(letter.content, policy=email.policy.compat32)
    optional = {"In-Reply-To", "References", "Reply-To"}
    assert [key for key in mail.keys() if key not in optional] == FIXED  # noqa: SIM118
    assert set(mail.keys()) <= {*FIXED, *optional}
    assert len(mail.keys()) == len(set(mail.keys()))
    assert [part.get_content_type() for part in mail.walk()][1:] == ["text/plain", "text/html"]
    assert b"\n" not in letter.content.replace(b"\r\n", b"")
    assert b"\r" not in letter.content.replace(b"\r\n", b"")
    assert max(map(len, letter.content.split(b"\r\n"))) <= 998
    for value in (letter.subject, letter.recipient, letter.message_id):
        assert value.isprintable() or not re.search(r"[\x00-\x1f\x7f\u2028\u2029]", value)


@settings(deadline=None, max_examples=100)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp", "Cf"]), max_size=150))
def test_a_subject_comes_back_whole(subject: str) -> None:
    """RFC 2047 both ways, up to the white space at its ends; no encoded line is over 76 characters."""
    letter = compose.trouble(PAPER, headline=subject, **post())
    mail = read(letter)
    assert mail["Subject"] == letter.subject
    assert re.sub(" +", " ", subject).strip(" ") in letter.subject
    assert max(map(len, letter.content.split(b"\r\n\r\n")[0].split(b"\r\n"))) <= 76


@settings(deadline=None, max_examples=100)
@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Z", "Cf"], include_characters=" "), max_size=99)
)
def test_a_name_comes_back_whole(name: str) -> None:
    """Commas, quotes, backslashes and accents in a display name stay a name (RFC 5322 3.4)."""
    letter = receipt(to=Address(name=name, address="ana@example.org"))
    raw = email.message_from_bytes(letter.content, policy=email.policy.compat32)["To"]
    # The modern parser of 3.11 leaves the white space between two encoded-words of a name standing.
    shown, address = parseaddr("".join(raw.splitlines()))
    assert address == "ana@example.org"
    assert str(make_header(decode_header(shown))) == re.sub(" +", " ", name).strip(" ")


@settings(deadline=None, max_examples=100)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=400))
def test_the_text_of_a_mail_comes_back_whole(text: str) -> None:
    """Quoted-printable both ways, whatever the characters; lines of at most 76 (RFC 2045 6.7)."""
    letter = notification(text=text)
    plain = texts(letter)[0].replace("\r\n", "\n")
    wanted = re.sub("\r\n?", "\n", text).strip()
    assert re.sub("\r\n?", "\n", text.strip()) in plain or wanted in plain
    assert max(map(len, letter.content.split(b"\r\n"))) <= 76


def test_a_huge_mail_makes_a_notification_of_bounded_size() -> None:
    """Ten megabytes of text stay in the ticket."""
    letter = notification(text="a" * 10_000_000, requester=Address(name="n" * 10**6, address="a@b.be"))
    assert len(letter.content) < 300_000


def test_markup_in_a_mail_is_text_in_ours() -> None:
    """Every value is escaped in an HTML part, names and subjects too."""
    evil = "<script>alert(1)</script>"
    letter = notification(text=evil, requester=Address(name=evil, address="a@b.be"), attachments=(evil,))
    assert "<script" not in texts(letter)[1]
    assert "<script" not in texts(receipt(subject=evil))[1]


def test_addresses_outside_ascii() -> None:
    """A domain goes out in IDNA; a local part that ASCII cannot write is left for SMTPUTF8 (RFC 6531)."""
    assert receipt(to=Address(name="", address="ana@bücher.example")).recipient == "ana@xn--bcher-kva.example"
    assert receipt(to=Address(name="", address="jürgen@example.org")).recipient == "jürgen@example.org"


# --- the operator's own templates ---------------------------------------------------------------------------


def test_the_operators_template_takes_the_place_of_the_shipped_one(tmp_path: Path) -> None:
    """One file in the folder changes one part; all others are the shipped ones."""
    (tmp_path / "fr").mkdir()
    (tmp_path / "fr/receipt.txt.j2").write_text("Reçu\u00a0: {{ number }}, {{ due }}", encoding="utf-8")
    paper = compose.stationery(DESK, tmp_path)
    letter = compose.receipt(paper, number="E-1", subject="", due_at=DUE, **post())
    text, page = texts(letter)
    assert text.strip() == f"Reçu\u00a0: E-1, {DATES['fr']}"
    assert "Bien cordialement" in page
    assert rehearsal.render_all(paper) == []


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{{ nombre }}", "'nombre' is undefined"),
        ("{% if %}", "line 1"),
        ("{{ number.__class__.__mro__ }}", "SecurityError"),
        ("{{ 1 // 0 }}", "ZeroDivisionError"),
        ("{% if not phone %}{{ number }}{% endif %}", "empty text"),
        ("\xff", "UnicodeDecodeError"),
    ],
)
def test_what_is_wrong_with_a_template_is_told(tmp_path: Path, source: str, said: str) -> None:
    """The file and the reason, before the daemon starts."""
    (tmp_path / "fr").mkdir()
    (tmp_path / "fr/receipt.txt.j2").write_bytes(source.encode("latin-1"))
    (problem,) = rehearsal.render_all(compose.stationery(DESK, tmp_path))
    assert "fr/receipt.txt.j2" in problem
    assert said in problem


def test_a_language_without_templates_is_told() -> None:
    """A language that is configured and has no folder would otherwise fail at its first mail."""
    problems = rehearsal.render_all(compose.stationery(Desk(name="D", address="d@x.be", languages=("xx",))))
    assert any("xx/receipt.txt.j2" in problem for problem in problems)


# --- instants -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_deadline_in_the_desks_local_time(language: str) -> None:
    """The form that people of each language read."""
    assert compose.deadline(DUE, "Europe/Brussels", language) == DATES[language]


@pytest.mark.parametrize(
    ("utc", "expected"),
    [
        ("2026-03-29T00:59", "dimanche 29 mars 2026 à 1 h 59"),
        ("2026-03-29T01:00", "dimanche 29 mars 2026 à 3 h 00"),
        ("2026-10-24T23:59", "dimanche 25 octobre 2026 à 1 h 59"),
        ("2026-10-25T00:30", "dimanche 25 octobre 2026 à 2 h 30 (heure d’été)"),
        ("2026-10-25T01:30", "dimanche 25 octobre 2026 à 2 h 30 (heure d’hiver)"),
        ("2026-10-25T02:00", "dimanche 25 octobre 2026 à 3 h 00"),
        ("2026-11-30T23:05", "mardi 1er décembre 2026 à 0 h 05"),
        ("2026-12-31T22:59", "jeudi 31 décembre 2026 à 23 h 59"),
    ],
)
def test_deadline_on_the_nights_when_clocks_change(utc: str, expected: str) -> None:
    """No hour that does not exist, and which of two where one comes twice."""
    at = datetime.fromisoformat(utc).replace(tzinfo=UTC)
    assert compose.deadline(at, "Europe/Brussels", "fr").replace("\u00a0", " ") == expected


def test_deadline_in_a_language_without_a_form_of_its_own() -> None:
    """An operator's own language gets Babel's day."""
    assert compose.deadline(DUE, "Europe/Brussels", "it") == "martedì 24 novembre 2026, 14:32"


def test_a_receipt_is_cheap() -> None:
    """The bench's bar allows 0.25 ms of CPU for a receipt; a busy machine gets four times that."""
    receipt()
    started = time.process_time()
    for number in range(200):
        receipt(subject=f"L’imprimante {number} ne répond plus", parent_id=f"{number}@x")
    assert (time.process_time() - started) / 200 < 0.001


# --- a letter that was lost ---------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_four_things_are_said_of_a_lost_letter_in_four_ways(language: str) -> None:
    """Receipt or answer, lost or perhaps lost; with the address and the server's words in each."""
    said = {
        texts(undelivered(kind, language, uncertain=uncertain))[0]
        for kind in ("receipt", "relay")
        for uncertain in (True, False)
    }
    assert len({text.splitlines()[0] for text in said}) == 4
    assert all("ana.lejeune@example.org" in text and "550 5.1.1 no such user" in text for text in said)


def test_a_hostile_reply_stays_one_line() -> None:
    """It comes from a server, and servers quote what strangers wrote."""
    letter = compose.undelivered(
        PAPER, number="ETNIC-1", subject="x", address="a@b.test\r\nBcc: c@d.test", kind="receipt",
        reply="550 no\r\n\r\n<script>\u202e", **post(),
    )  # fmt: skip
    assert read(letter)["Bcc"] is None
    (line,) = [line for line in texts(letter)[0].splitlines() if "550 no" in line]
    assert line.endswith("550 no <script>")
