"""The desk's letters, read back by the standard library's parser: what each says, and to whom."""

import email
import email.policy
import re
import time
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings

from maild import compose, instants
from maild.assembly import File, Letter
from maild.compose import Line, Unread
from maild.decide.policy import Desk
from parsers.addresses import Address
from parsers.mail import Bound
from parsers.quotes import SEPARATORS, marker_tokens
from parsers.subject import base_subject, ticket_numbers
from storage.records import MessageKind, Status
from tests.maild.correspondence import (
    ANA,
    BY_PEOPLE,
    CALENDAR,
    DATES,
    DESK,
    DUE,
    FIXED,
    JEAN,
    LANGUAGES,
    LETTERS,
    NOW,
    PAPER,
    PICTURE,
    PLAIN,
    REPLIED,
    TO_REQUESTERS,
    alert,
    call_receipt,
    consultation,
    full,
    hostile,
    invitation,
    lines,
    listing,
    notification,
    post,
    read,
    receipt,
    relay,
    seen,
    silent,
    team_answer,
    texts,
    told,
    undelivered,
    warning,
)

# --- every letter -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", LETTERS)
def test_every_letter_is_a_sound_mail_in_every_language(kind: str, language: str) -> None:
    """RFC 5322 headers, CRLF, short lines, and the signs of RFC 3834 that keep machines from answering."""
    letter = LETTERS[kind](language)
    mail = read(letter)
    signs = {"Auto-Submitted", "X-Auto-Response-Suppress"}
    fixed = [name for name in FIXED if kind not in BY_PEOPLE or name not in signs]
    assert mail.keys() == fixed or kind in PLAIN
    assert sorted(mail.keys()) == sorted({*fixed, *mail.keys()}), "no header twice"
    assert mail["From"] == "Service Desk ETNIC <support@etnic.be>"
    assert mail["To"] == "Ana Lejeune <ana.lejeune@example.org>"
    assert mail["Subject"] == letter.subject
    assert mail["Date"].datetime == NOW
    assert mail["Message-ID"] == f"<{letter.message_id}>" == "<t.k3y.sig@etnic.be>"
    assert mail["Content-Language"] == language
    assert mail["X-Maild"] == "v1.ticket.sig"
    if kind not in BY_PEOPLE:
        assert mail["X-Auto-Response-Suppress"] == "DR, RN, NRN, OOF, AutoReply"
        assert mail["Auto-Submitted"] == ("auto-replied" if kind in REPLIED else "auto-generated")
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
        page = part.get_content().replace('<img src="cid:a@b">', "")
        assert f'<html lang="{language}"' in page
        assert 'content="light dark"' in page
        assert not re.search(r"https?:|<img|<table|<script|<link|url\(|[^-]color:#|background", page)


@pytest.mark.parametrize("kind", LETTERS)
def test_french_typography(kind: str) -> None:
    """No-break spaces before high punctuation and inside guillemets, curly apostrophes; no code left over."""
    letter = LETTERS[kind]("fr")
    for text in (letter.subject, *map(seen, texts(letter))):
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


# --- letters to requesters ----------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", sorted(TO_REQUESTERS))
def test_a_requester_hears_of_no_agent_and_no_command(kind: str, language: str) -> None:
    """No address but the desk's and his own, no marker, no command; a technician is a name."""
    letter = LETTERS[kind](language)
    for text in (letter.subject, *map(seen, texts(letter))):
        assert set(re.findall(r"[\w.-]+@[\w.-]+", text)) <= {ANA.address, DESK.address}
        assert not re.search(r"#[a-zé]|##-|\(m:", text)
    assert "Un toner." not in texts(letter)[0]
    assert ("Jean Dupont" in texts(letter)[0]) == ("invitation" in kind)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_relay_is_the_words_of_a_person_and_the_desks_signature(language: str) -> None:
    """Nothing else is in it; the signature is one by RFC 3676 4.3, so that answers to it leave it out."""
    letter = relay(language, text="Bonjour,\r\n\r\n  le toner & <b>.\r\n")
    text, page = texts(letter)
    assert text.replace("\r", "") == (
        "Bonjour,\n\n  le toner & <b>.\n\n-- \nService Desk ETNIC\n02 800 10 10\n"
    )
    assert letter.subject == "Re: [ETNIC-1042] Imprimante"
    assert "Bonjour,\n\n  le toner & <b>.\n" in seen(page)
    assert "white-space" not in page
    assert "<p>Le toner est <b>remplacé</b>.</p>" in texts(LETTERS["relay in HTML"](language))[1]


def test_the_words_of_a_person_are_never_cut() -> None:
    """HTML that is too long for a mail program gives way to the same words as text."""
    long = "mot " * 100_000 + "fin"
    letter = relay(text=long, html=f"<p>{long}</p>")
    assert all("fin" in text for text in texts(letter))
    assert f"<p>{long}" not in texts(letter)[1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_notice_can_stand_alone_or_below_words(language: str) -> None:
    """Alone it is greeted and taken leave of; beside a person's words it is neither. No two are alike."""
    alone = {texts(relay(language, text="", notice=name))[0] for name in compose.NOTICES if name != "canned"}
    assert len(alone) == len(compose.NOTICES) - 1
    first = {text.splitlines()[0] for text in alone}
    assert len(first) == 1
    for name in compose.NOTICES:
        below = texts(relay(language, text="Voici.", notice=name, values={"text": "Fait.", "entity": "X"}))
        assert below[0].splitlines()[0] == ("Fait." if name == "canned" else "Voici.")
        assert "Voici." in below[0]
        assert not first & set(below[0].splitlines())
        assert "Voici." in below[1]
        assert "None" not in below[0]


def test_a_study_asks_what_the_desk_must_know() -> None:
    """The entity is filled in where it is known, in one line."""
    text, page = texts(relay(text="", notice="study", values={"entity": "Commune\nde <Wépion>"}))
    for part in (text.replace("\r", ""), seen(page)):
        assert "- Organisation\u00a0: Commune de <Wépion>\n" in part
        for asked in ("utilisateurs", "Besoins", "contact", "Date souhaitée"):
            assert asked in part
    assert "- Organisation\u00a0:\r\n" in texts(relay(text="", notice="study"))[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_call_is_confirmed(language: str) -> None:
    """When it was, and what comes of it: a limit, or nothing where it was enough."""
    text = texts(call_receipt(language, subject="VPN"))[0]
    assert DATES[language] in text
    assert instants.deadline(NOW, "Europe/Brussels", language) in text
    assert DATES[language] not in texts(call_receipt(language, solved=True, due_at=None))[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_invitation_is_shown_by_programs_that_know_them_and_kept_by_others(language: str) -> None:
    """RFC 6047 2.4: the object is the last alternative, with its method; once more as a file."""
    letter = LETTERS["invitation cancelled"](language)
    mail = read(letter)
    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/mixed", "multipart/alternative", "text/plain", "text/html", "text/calendar",
        "application/ics",
    ]  # fmt: skip
    *_, shown, file = mail.walk()
    assert shown["Content-Type"].params == {"charset": "utf-8", "method": "CANCEL"}
    assert shown.get_payload(decode=True) == file.get_payload(decode=True) == CALENDAR
    assert (file.get_filename(), file.get_content_disposition()) == ("invite.ics", "attachment")
    states: tuple[dict[str, bool], ...] = ({"cancelled": True}, {"moved": True}, {})
    assert len({invitation(language, **state).subject for state in states}) == 3


def test_a_technician_sees_whom_he_visits_and_what_for() -> None:
    """Addresses and the description; a requester sees when, where and who."""
    text = texts(invitation(for_technician=True))[0]
    assert all(said in text for said in (str(ANA.address), str(JEAN.address), "Un toner.", "Rue Neuve 1"))
    text = texts(invitation())[0]
    assert all(
        said in text for said in ("Jean Dupont", "Rue Neuve 1", "14\u00a0h\u00a032 – 15\u00a0h\u00a032")
    )


# --- canned answers -----------------------------------------------------------------------------------------


def test_an_operators_answer_is_sent_by_name_whatever_its_case_and_accents(tmp_path: Path) -> None:
    """In the language asked for, else in the first of the desk's that has it; its values are one line."""
    (tmp_path / "nl/answers").mkdir(parents=True)
    (tmp_path / "nl/answers/Été.txt.j2").write_text("Dag {{ name }}, {{ number }}.\n", encoding="utf-8")
    paper = compose.stationery(DESK, tmp_path)
    assert "ete" in compose.canned_names(paper)
    assert {"delai", "mot-de-passe"} <= set(compose.canned_names(paper))
    assert compose.canned(paper, " ÉTÉ ", "fr", name="A\r\nB", number="E-1") == "Dag A B, E-1."
    assert "Passwort" in (compose.canned(paper, "mot-de-passe", "de") or "")
    assert "E-1" in (compose.canned(paper, "Délai", "xx", number="E-1") or "")


@pytest.mark.parametrize(
    "name", ["", "../notices/study", "delai.txt.j2", "rien", "/etc/passwd", "..", "\x00"]
)
def test_a_name_that_is_no_canned_answer_is_none(tmp_path: Path, name: str) -> None:
    """Nor does it open any other file."""
    (tmp_path / "fr/answers/deeper").mkdir(parents=True)
    (tmp_path / "fr/answers/deeper/rien.txt.j2").write_text("non")
    (tmp_path / "rien.txt.j2").write_text("non")
    paper = compose.stationery(DESK, tmp_path)
    assert compose.canned(paper, name, "fr") is None


# --- letters to colleagues ----------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_notification_shows_all_that_is_known(language: str) -> None:
    """Each of its values stands in the text and, but for the plain words of the mail, in the page."""
    letter = LETTERS["notification of all that is known"](language)
    text, page, *_ = texts(letter)
    for part in (text, seen(page)):
        for said in (
            "Anne Martin", "a.pdf", "b.zip (61\u00a0Mo)", "Athénée de Namur", "incident", "haute",
            "[ETNIC-0] VPN", "[ETNIC-1] VPN", "vous la prenez", "2\u00a0minutes", "#stop", "#note",
        ):  # fmt: skip
            assert said in part
        assert "taken" not in part.replace("taken in charge", "")
    assert '<p>Rien ne <b>sort</b>.</p><img src="cid:a@b">' in page
    assert "\n  #prendre   vous la prenez\r\n  #note\r\n" in text
    assert [part.get_content_type() for part in read(letter).walk()] == [
        "multipart/mixed", "multipart/alternative", "text/plain", "multipart/related", "text/html",
        "image/png", "application/pdf",
    ]  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_notification_says_why_it_came(language: str) -> None:
    """Six reasons, three of them with the colleague who did it; none alike."""
    said = [texts(notification(language, reason=reason))[0].splitlines()[2] for reason in compose.REASONS]
    for reason in ("assigned", "reopened", "handed"):
        said.append(texts(notification(language, reason=reason, by="Anne"))[0].splitlines()[2])
        assert said[-1].startswith("Anne")
    assert len(set(said)) == 9
    assert all("ETNIC-1042" in line for line in said)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_not_known_leaves_no_trace(language: str) -> None:
    """No empty quotation, no label without a value."""
    text, page = texts(LETTERS["notification of nothing"](language))
    assert "-----" not in text
    assert "blockquote" not in page
    assert not re.search(r"[:(]\s*\n(?!\n)", text.replace("\r", "").split("#prendre")[0].rstrip())


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_standing_of_a_requester_is_told_in_words(language: str) -> None:
    """With his entity or without; an unknown one asks for the command that settles it."""
    with_it = {texts(notification(language, standing=s, entity="X"))[0] for s in ("yes", "study", "no", "")}
    without = {texts(notification(language, standing=s))[0] for s in ("yes", "study", "no", "unknown")}
    assert len(with_it | without) == 8
    assert all(" X" in text for text in with_it)
    assert "#b" in texts(notification(language, standing="unknown"))[0]


def test_a_picture_that_does_not_go_along_leaves_no_hole() -> None:
    """A page that names a file which is not there would show a broken picture."""
    page = texts(notification(html='<p>a<img src="cid:x@y" width="3">b</p>', files=(PICTURE,)))[1]
    assert "<p>ab</p>" in page


@pytest.mark.parametrize("kind", ["notification", "consultation", "team_answer", "told", "full"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_colleagues_reply_to_begins_with_the_separator(kind: str, language: str) -> None:
    """And with the token, where there is one."""
    first = texts(LETTERS[kind](language, marker="t0k.en"))[0].splitlines()[0]
    assert first == f"{SEPARATORS[language]} (m:t0k.en)"
    assert texts(LETTERS[kind](language, marker=""))[0].splitlines()[0] == SEPARATORS[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_team_gets_the_question_and_the_case(language: str) -> None:
    """Who wrote what and when, who asks, until when."""
    for part in map(seen, texts(consultation(language))):
        for said in (
            "Est-ce le réseau",
            "Rien ne sort.",
            "Le réseau, je crois.",
            "Anne Martin",
            "Ana Lejeune",
        ):
            assert said in part
        assert part.count(DATES[language]) == 2


def test_a_teams_answer_names_the_command_that_passes_it_on() -> None:
    """In the reader's language."""
    assert "#relayer" in texts(team_answer("fr"))[0]
    assert "#pass-on" in texts(team_answer("en"))[0]
    page = texts(team_answer(html="<ul><li>fermé</li></ul>"))[1]
    assert "<ul><li>fermé</li></ul>" in page
    assert "Demain" in texts(told())[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_long_list_is_cut_and_counted(language: str) -> None:
    """Two hundred, and how many more; the subject counts all."""
    letter = listing(language, tickets=lines(300))
    text = texts(letter)[0]
    assert text.count("[ETNIC-") == 200
    assert "100" in text.split("[ETNIC-199]")[1]
    assert "300" in letter.subject
    assert len({listing(language, tickets=lines(count)).subject for count in range(3)}) == 3


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_and_every_status_has_a_word(language: str) -> None:
    """In the reader's language: none shows as the program has it, but where the word is the same."""
    words = PAPER.environment.get_template(f"{language}/words.j2").module
    assert {each.value for each in MessageKind} <= set(words.kind)  # type: ignore[attr-defined]
    assert {each.value for each in Status} == set(words.status)  # type: ignore[attr-defined]
    assert not [word for word in words.kind.values() if "_" in word]  # type: ignore[attr-defined]


def test_a_long_story_keeps_its_end() -> None:
    """Bounded, and it says how much is left out."""
    story = [(NOW, "Ana", "reply", f"n{n} " + "a" * 1000) for n in range(1000)]
    text = texts(full(story=story))[0]
    assert len(text) < 300_000
    assert "n999 " in text
    assert "n0 " not in text
    omitted = int(re.search(r"^(\d+) éléments", text, re.MULTILINE)[1])  # type: ignore[index]
    assert omitted + text.count("(réponse du demandeur)") == 1000
    assert "un mot" in texts(full(story=[(NOW, "Ana", "un mot", "b" * 900_000)]))[0]


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
        ("near", 1, "[ETNIC-0] Échéance proche\u00a0: VPN"),
        ("breached", 1, "[ETNIC-0] Délai dépassé\u00a0: VPN"),
        ("near", 3, "Échéance proche\u00a0: 3 demandes à traiter"),
        ("breached", 3, "Délai dépassé\u00a0: 3 demandes à traiter"),
    ],
)
def test_alert_names_its_tickets(stage: str, count: int, subject: str) -> None:
    """One ticket is named in the subject, several are counted; each stands in the text."""
    letter = compose.alert(PAPER, stage=stage, tickets=lines(count), **post())
    assert letter.subject == subject
    for part in texts(letter):
        assert all(f"[ETNIC-{n}] VPN" in part for n in range(count))
        assert part.count(DATES["fr"]) == count


def test_a_warning_names_its_tickets_and_is_answered_by_number() -> None:
    """Since when, until when, and commands that name the ticket: a reply to it is about none by itself."""
    letter = warning(tickets=(lines(1)[0], replace(lines(2)[1], first=False)))
    assert letter.subject == "2 demandes à traiter avant l’échéance"
    for part in map(plain, texts(letter)):
        assert "[ETNIC-0] VPN" in part
        assert "Depuis le lundi 23 novembre 2026 à 14 h 32" in part
        assert "À prendre en charge au plus tard le mardi 24 novembre 2026 à 14 h 32" in part
        assert "Réponse attendue au plus tard le mardi 24 novembre 2026 à 14 h 32" in part
        assert "#prendre 0" in part
        assert "Répondez au-dessus" not in part


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_warning_of_five_hundred_tickets_is_read_in_a_mail(language: str) -> None:
    """Two hundred of them, and how many there are."""
    letter = warning(language, tickets=lines(500))
    assert "500" in letter.subject
    for part in texts(letter):
        assert part.count("[ETNIC-") == 200
        assert "300" in part
    assert len(letter.content) < 200_000


@pytest.mark.parametrize("kind", [alert, silent])
def test_what_is_about_one_ticket_says_where_its_quotation_begins(kind: Callable[..., Letter]) -> None:
    """A reply to it goes to the requester, who must not read what the desk was told."""
    for part in texts(kind(marker="v1.t0k.en")):
        assert "##- Répondez au-dessus de cette ligne -## (m:v1.t0k.en)" in unescape(part)
    for part in texts(kind(tickets=lines(2), marker="")):
        assert "##-" not in part


def test_a_forgotten_ticket_says_since_when() -> None:
    """One is named in the subject, several are counted; commands need the number where they are several."""
    one, several = silent(), silent(tickets=lines(2), marker="")
    assert (one.subject, several.subject) == (
        "[ETNIC-0] Sans activité\u00a0: VPN",
        "2 demandes prises en charge et sans activité",
    )
    assert "Sans activité depuis le lundi 23 novembre 2026 à 14 h 32" in plain(texts(one)[0])
    assert "#attente 5j" in texts(one)[0]
    assert "#attente 0 5j" in texts(several)[0]


def plain(part: str) -> str:
    """A part of a letter as it is read, with plain spaces."""
    return seen(part).replace("\u00a0", " ")


# --- hostile values -----------------------------------------------------------------------------------------


MAKERS = {
    "receipt": receipt, "call_receipt": call_receipt, "relay": relay, "invitation": invitation,
    "notification": notification, "consultation": consultation, "team_answer": team_answer, "told": told,
    "listing": listing, "full": full, "alert": alert, "warning": warning, "silent": silent,
}  # fmt: skip
LISTS = {"listing", "alert", "warning", "silent"}


def hostile_values(kind: str, evil: str) -> dict[str, Any]:
    """Everything that a mail or a person can put into a letter of this kind."""
    person = Address(name=evil, address=evil)
    ticket = Line(number="E-1", subject=evil, requester=person, status=evil, at=NOW)
    own: dict[str, dict[str, Any]] = {
        "relay": {"text": evil, "notice": "study", "values": {"entity": evil}},
        "invitation": {"place": evil, "technician": person, "requester": person, "description": evil}
        | {"for_technician": True, "method": evil, "calendar": b"\n" + evil.encode("utf-8", "replace")},
        "notification": {"text": evil, "requester": person, "by": evil, "attachments": (evil,)}
        | {
            "absent": evil,
            "left_out": (evil,),
            "marker": evil,
            "standing": evil,
            "entity": evil,
            "category": evil,
        }
        | {
            "priority": evil,
            "hints": (evil,),
            "earlier": (ticket,),
            "card": (evil,),
            "undo": evil,
            "reason": evil,
        },
        "consultation": {"question": evil, "case": ((evil, NOW, evil),), "requester": person}
        | {"asked_by": evil, "marker": evil},
        "team_answer": {"team": evil, "text": evil, "marker": evil, "undo": evil},
        "told": {"headline": evil, "lines": (evil,), "marker": evil},
        "listing": {"tickets": (ticket,)},
        "alert": {"tickets": (ticket,), "stage": evil, "marker": evil},
        "warning": {"tickets": (ticket,)},
        "silent": {"tickets": (ticket,), "marker": evil},
        "full": {"story": ((NOW, evil, evil, evil),), "marker": evil},
    }
    title = {} if kind in LISTS else {"subject": evil}
    file = File(filename=evil, content_type=evil, content=b"x", content_id=evil, inline=True)
    return {**title, **own.get(kind, {}), "to": person, "cc": (person,), "files": (file,)}


@pytest.mark.parametrize("kind", MAKERS)
@settings(deadline=None, max_examples=25)
@given(hostile)
@example("<script>alert(1)</script><img src=x><a href=//x>")
def test_no_letter_can_be_made_to_say_more_than_it_does(kind: str, evil: str) -> None:
    """Whatever its values: its own headers and parts, whole lines, no tag that we did not write."""
    letter = MAKERS[kind](**hostile_values(kind, evil))
    mail = email.message_from_bytes(letter.content, policy=email.policy.compat32)
    assert set(mail.keys()) <= {*FIXED, "Cc"}
    assert len(mail.keys()) == len(set(mail.keys()))
    assert not {"\r", "\n"} & set(letter.subject)
    kinds = [part.get_content_type() for part in mail.walk() if not part.is_multipart()]
    assert kinds[0] == "text/plain"
    assert len(kinds) == 1 + (kind != "told") + 2 * (kind == "invitation") + 1
    assert b"\n" not in letter.content.replace(b"\r\n", b"")
    assert b"\r" not in letter.content.replace(b"\r\n", b"")
    assert max(map(len, letter.content.split(b"\r\n"))) <= 998
    for page in (part for part in mail.walk() if part.get_content_type() == "text/html"):
        tags = re.findall(r"<([a-z]+)", (page.get_payload(decode=True) or b"").decode())  # type: ignore[union-attr]
        assert set(tags) <= OURS


OURS = {
    "html", "head", "meta", "title", "body", "div", "p", "br", "strong", "blockquote", "ul", "li", "code",
    "em",
}  # fmt: skip


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


def test_a_receipt_is_cheap() -> None:
    """The bench's bar allows 0.25 ms of CPU for a receipt; a busy machine gets four times that."""
    receipt()
    started = time.process_time()
    for number in range(200):
        receipt(subject=f"L’imprimante {number} ne répond plus", parent_id=f"{number}@x")
    assert (time.process_time() - started) / 200 < 0.001


# --- a letter that was lost ---------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_eight_things_are_said_of_a_lost_letter_in_eight_ways(language: str) -> None:
    """Receipt, answer, question to a team or invitation, lost or perhaps; with address and server’s words."""
    said = {
        texts(undelivered(kind, language, uncertain=uncertain))[0]
        for kind in ("receipt", "relay", "consultation", "invitation")
        for uncertain in (True, False)
    }
    assert len({text.splitlines()[0] for text in said}) == 8
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
