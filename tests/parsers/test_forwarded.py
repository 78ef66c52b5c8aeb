"""Whose mail an agent forwards, in every client's and language's way of saying so."""

from datetime import UTC, datetime
from email.message import EmailMessage
from html import escape
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.addresses import Address
from parsers.forwarded import Forwarded, forwarded
from parsers.mail import parse_mail
from tests.parsers.clients import ATTRIBUTIONS, DESK, LANGUAGES, header, quoted

ANNE = Address("Anne Du Pont", "anne.dupont@ecole.be")
SENDER = "Anne Du Pont <anne.dupont@ecole.be>"
WORDS = "Bonjour,\n\nL'écran est noir.\n\n> vieux\n\nAnne"
BRUSSELS = ZoneInfo("Europe/Brussels")
ANNOUNCED = {
    "fr": (
        "---------- Forwarded message ---------", "-------- Message transféré --------",
        "Début du message transféré\u00a0:", "----- Mail transféré -----",
    ),
    "nl": (
        "---------- Forwarded message ---------", "-------- Doorgestuurd bericht --------",
        "Begin doorgestuurd bericht:",
    ),
    "de": (
        "---------- Forwarded message ---------", "-------- Weitergeleitete Nachricht --------",
        "Anfang der weitergeleiteten Nachricht:",
    ),
    "en": (
        "---------- Forwarded message ---------", "-------- Forwarded Message --------",
        "Begin forwarded message:",
    ),
}  # fmt: skip


def found(body: str, kind: str = "plain", ours: frozenset[str] = frozenset()) -> Forwarded | None:
    """The mail in a forward with this body."""
    head = f"From: jo@etnic.be\nSubject: TR: [EXT] Panne\nContent-Type: text/{kind}; charset=utf-8\n\n"
    return forwarded(parse_mail((head + body).encode()), ours=ours, zone=BRUSSELS)


def author(body: str, kind: str = "plain", ours: frozenset[str] = frozenset()) -> str:
    mail = found(body, kind, ours)
    return mail.author.address if mail else ""


@pytest.mark.parametrize("space", [" ", "\u00a0"])
@pytest.mark.parametrize(
    "above", ["", "#transfert\n\n", "#transfert\n\nLe mail de Luc <luc@x.be> : voir plus bas.\n\n"]
)
@pytest.mark.parametrize("order", ["fsto", "ftso", "sfto", "osft"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_headers_of_every_language(language: str, order: str, above: str, space: str) -> None:
    for bold, dated in (("", False), ("*", False), ("", True), ("**", True)):
        written = header(language, bold=bold, order=order, dated=dated, sender=SENDER).replace(
            " :", f"{space}:"
        )
        mail = found(f"{above}{written}\n\n{WORDS}")
        assert mail == Forwarded(
            author=ANNE,
            subject="Re: x",
            date=datetime(2026, 11, 23, 8, 12, tzinfo=UTC),
            to=(Address("Fatima", "fatima@ecole.be"),),
            text=WORDS,
        )


@pytest.mark.parametrize(
    ("language", "line"), [(at, line) for at, lines in ANNOUNCED.items() for line in lines]
)
def test_announced_forwards(language: str, line: str) -> None:
    written = header(language, sender=SENDER)
    for blanks in ("\n", "\n\n", "\n\n\n"):
        mail = found(f"#transfert\n\n{line}{blanks}{written}\n\n\n{WORDS}")
        assert mail is not None
        assert (mail.author, mail.text) == (ANNE, WORDS)
    mail = found(f"#transfert\n\n{line}\n\n{quoted(written)}\n>\n{quoted(WORDS)}")
    assert mail is not None
    assert (mail.author, mail.text) == (ANNE, WORDS)


@pytest.mark.parametrize("sender", [
    SENDER, "Anne Du Pont [mailto:anne.dupont@ecole.be]", '"Anne Du Pont" <anne.dupont@ecole.be>',
    "anne.dupont@ecole.be", "<anne.dupont@ecole.be>", "anne.dupont@ecole.be<mailto:anne.dupont@ecole.be>",
    "Anne Du Pont<mailto:anne.dupont@ecole.be>", "anne.dupont@ecole.be <anne.dupont@ecole.be>",
    "Anne Du Pont <anne.dupont@ecole.be<mailto:anne.dupont@ecole.be>>", "Dupont, Anne <anne.dupont@ecole.be>",
    "bot@ecole.be [mailto:bot@ecole.be] De la part de Anne Du Pont <anne.dupont@ecole.be>",
    "bot@ecole.be <bot@ecole.be> Namens Anne <anne.dupont@ecole.be>",
    "\tAnne Du Pont\n<anne.dupont@ecole.be>",
])  # fmt: skip
def test_addresses_as_clients_write_them(sender: str) -> None:
    assert author(f"{header('fr', sender=sender)}\n\n{WORDS}") == ANNE.address


@pytest.mark.parametrize("sender", [
    "Anne Du Pont", "bot@ecole.be [mailto:bot@ecole.be] De la part de Anne Du Pont", "a@b.be; c@d.be",
    "bot@ecole.be <bot@ecole.be> On Behalf Of Anne", "", "Anne @ école",
])  # fmt: skip
def test_no_address_no_author(sender: str) -> None:
    """And the mail that stands quoted below is not taken for it."""
    assert (
        author(f"{header('fr', sender=sender)}\n\n{WORDS}\n\n{header('fr', sender='Zoé <zoe@x.be>')}") == ""
    )


def test_the_first_header_from_the_top_is_meant() -> None:
    inner = header("nl", sender="Zoé <zoe@x.be>")
    assert author(f"{header('fr', sender=SENDER)}\n\n{WORDS}\n\n{inner}\n\noud") == ANNE.address
    assert author(f"{ATTRIBUTIONS['fr'][0].replace(DESK, SENDER)}\n{quoted(inner)}") == ANNE.address
    assert author(f"{header('fr', sender=SENDER)}\n\n{ATTRIBUTIONS['fr'][0]}\n> oud") == ANNE.address


def test_the_desk_is_no_author() -> None:
    below = f"{header('nl', sender=SENDER)}\n\n{WORDS}"
    body = f"#transfert\n\n{header('fr', sender=DESK)}\n\nNouvelle demande\n\n{below}"
    assert author(body, ours=frozenset({"support@etnic.be"})) == ANNE.address
    assert (
        author(f"#transfert\n\n{header('fr', sender=DESK)}\n\nx", ours=frozenset({"support@etnic.be"})) == ""
    )


@pytest.mark.parametrize("line", [line for lines in ATTRIBUTIONS.values() for line in lines if DESK in line])
def test_attributions_say_it_too(line: str) -> None:
    mail = found(f"#transfert\n\n{line.replace(DESK, SENDER)}\n{quoted(WORDS)}")
    if mail is None:  # two of them part the name and the address into lines
        assert "Service Desk" in line
        return
    assert (mail.author, mail.text) == (ANNE, WORDS)


def test_markup() -> None:
    rows = [line.split(":", 1) for line in header("fr", sender=SENDER).split("\n")]
    bold = "<br>".join(f"<b>{label.strip()}&nbsp;:</b>{escape(value)}" for label, value in rows)
    table = "".join(f"<tr><td><p>{a}:</p></td><td><p>{escape(b)}</p></td></tr>" for a, b in rows)
    for head in (bold, f"<table>{table}</table>", f"<div>Début du message transféré&nbsp;:</div><br>{bold}"):
        mail = found(f"<p>#transfert</p><div>{head}</div><p>Bonjour,</p><p>Anne</p>", "html")
        assert mail is not None
        assert (mail.author, mail.subject, mail.text.split()) == (ANNE, "Re: x", ["Bonjour,", "Anne"])


def test_html_knows_the_address_that_the_text_left_out() -> None:
    mail = EmailMessage()
    mail.set_content(f"{header('fr', sender='Anne Du Pont')}\n\nBonjour")
    mail.add_alternative(
        "<p>" + escape(header("fr", sender=SENDER)).replace("\n", "<br>") + "</p>Bonjour", "html"
    )
    seen = forwarded(parse_mail(mail.as_bytes()))
    assert seen is not None
    assert seen.author == ANNE


def _attached(*senders: str) -> bytes:
    mail = EmailMessage()
    mail["From"] = "jo@etnic.be"
    mail["Subject"] = "TR: Panne"
    mail.set_content("#transfert\n")
    for number, sender in enumerate(senders):
        inside = EmailMessage()
        inside["From"] = sender
        inside["To"] = "support@etnic.be"
        inside["Subject"] = "Écran noir"
        inside["Date"] = "Mon, 23 Nov 2026 09:12:00 +0100"
        inside["Message-ID"] = f"<{number}@ecole.be>"
        inside.set_content("Bonjour")
        mail.add_attachment(inside)
    return mail.as_bytes()


def test_a_mail_that_is_attached() -> None:
    assert forwarded(parse_mail(_attached(SENDER))) == Forwarded(
        author=ANNE,
        subject="Écran noir",
        date=datetime(2026, 11, 23, 8, 12, tzinfo=UTC),
        to=(Address("", "support@etnic.be"),),
        text="Bonjour\n",
        message_id="0@ecole.be",
    )
    assert forwarded(parse_mail(_attached(SENDER, SENDER))) is not None
    assert forwarded(parse_mail(_attached(SENDER, "zoe@x.be"))) is None
    assert forwarded(parse_mail(_attached("Anne"))) is None


@pytest.mark.parametrize(
    "text",
    [
        "#transfert",
        "Le directeur <d@x.be> m'a écrit : appelez-nous.",
        "De : local 204\nÀ : local 310\n\nMerci de déplacer le poste de luc@x.be.",
        "Formulaire\nNom : Dupont\nDate : 23/11/2026 09:12\nObjet : accès\nMessage : luc@x.be",
        "Le 23/11/2026 à 09:12, Luc Martin a écrit :\n> Bonjour luc@x.be",
    ],
)
def test_what_hands_on_no_mail(text: str) -> None:
    assert found(text) is None


LINES = st.sampled_from(
    [
        "", "> ", "De : Anne <a@b.be>", "De :", "> Von: X [mailto:x@y.be]", "oui",
        "Envoyé : lundi 3 novembre 2025 10:12",
        "À : Jean", "Objet :", "Date : 99/99/9999 99:99", "---------- Forwarded message ---------", "a@b.be",
        ATTRIBUTIONS["fr"][0], ATTRIBUTIONS["de"][6], "*De :* <@>", "From: a@b.be On Behalf Of",
        "Cc: a@b.be;",
    ]
)  # fmt: skip


@given(
    st.lists(st.one_of(LINES, st.text(max_size=20)), max_size=25).map("\n".join),
    st.sampled_from(["plain", "html"]),
)
def test_any_text_is_read(text: str, kind: str) -> None:
    mail = found(text.replace("\n", "<br>") if kind == "html" else text, kind)
    assert mail is None or ("@" in mail.author.address and mail.author.address in text)


@given(st.binary(max_size=200))
def test_any_attached_mail_is_read(content: bytes) -> None:
    head = b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b\nContent-Type: message/rfc822\n\n"
    forwarded(parse_mail(head + content + b"\n--b--\n"))
