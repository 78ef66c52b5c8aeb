"""What the person newly wrote."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from parsers.mail import parse_mail
from parsers.quotes import SEPARATORS, marker_tokens, read_reply, reply_text

ATTRIBUTION = "Le lun. 3 nov. 2025 à 10:12, Support <support@etnic.be> a écrit :"
OUTLOOK = (
    "De : Support <support@etnic.be>\nEnvoyé : lundi 3 novembre 2025 10:12\nÀ : Jean\nObjet : x\n\nvieux"
)


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("Oui.", "Oui."),
        (f"Oui.\n\n{ATTRIBUTION}\n> vieux", "Oui."),
        (f"Oui.\n\n{ATTRIBUTION}\n\nvieux sans chevron", "Oui."),
        (f"{ATTRIBUTION}\n> vieux\n\nOui.", "Oui."),
        (f"Oui.\n\n{OUTLOOK}", "Oui."),
        (f"Oui.\n________________________________\n{OUTLOOK}", "Oui."),
        (f"Oui.\n-----Message d'origine-----\n{OUTLOOK}", "Oui."),
        ("Oui.\n\nEnvoyé de mon iPhone", "Oui."),
        ("Ja.\n\nVerstuurd vanaf mijn iPhone", "Ja."),
        ("Ja.\n\nVon meinem iPhone gesendet", "Ja."),
        ("Yes.\n\nGet Outlook for Android", "Yes."),
        ("Oui.\nJean\n-- \nJean Dupont\nDirecteur", "Oui.\nJean"),
        ("Oui.\n\n2025-11-03 10:12 GMT+01:00 Support <support@etnic.be>:\n> vieux", "Oui."),
        ("Ja.\n\nOp ma 3 nov 2025 om 10:12 schreef Support <s@etnic.be>:\n> oud", "Ja."),
        ("Ja.\n\nAm 03.11.2025 um 10:12 schrieb Support <s@etnic.be>:\n> alt", "Ja."),
        ("Merci,\nJean\nLe 3 nov. 2025 à 10:12, Support a écrit :\n> vieux", "Merci,\nJean"),
        ("Le souci persiste\nJean\nSupport <s@etnic.be> a écrit :\n> vieux", "Le souci persiste\nJean"),
        ("Oui.\n\n---- Le lun., 03 nov. 2025 10:12:33 +0100 S <s@e.be> a écrit ----\n\nvieux", "Oui."),
        (
            "Oui.\n\n-----S <s@etnic.be> a écrit : -----\nÀ : j@e.be\nDe : S\nDate : 03/11/2025\n\nvieux",
            "Oui.",
        ),
        (
            "Oui.\n\n------------------------------\n*De :* S <s@e.be>\n*Envoyé :* 2025\n*À :* J\n\nvieux",
            "Oui.",
        ),
        (f"Oui.\n\n{ATTRIBUTION}\n> vieux\n\n-- \nJean\nDirecteur", "Oui."),
        ("Hi.\n\nSent from my desk, it is not my phone.", "Hi.\n\nSent from my desk, it is not my phone."),
        ("Oui.\n\nEnvoyé depuis hier trois fois.", "Oui.\n\nEnvoyé depuis hier trois fois."),
        ("Yes.\n\nOn Mon, 3 Nov 2025 at 10:12,\nSupport <s@etnic.be>\nwrote:\n> old", "Yes."),
    ],
)
def test_the_answered_mail_goes(text: str, new: str) -> None:
    assert reply_text(text) == new


@pytest.mark.parametrize(
    "text",
    [
        "Bonjour,\n\nLe directeur m'a écrit :\nappelez-nous.",
        "De : local 204\nÀ : local 310\n\nMerci de déplacer le poste.",
        "Date : demain\nObjet : réunion\n\nMerci.",
        "From: my point of view this is urgent.\nTo: be done.",
        "Erreur :\n> ping\n> timeout\n\nQue faire ?",
        "-----\nPoste 1\n-----",
        "Op maandag heeft de directeur het volgende geschreven:\nhallo",
        f"{OUTLOOK}",
        "> tout est cité",
        "Premier point : rien.\n--\nSecond point : et le disque ?",
        "#",
    ],
)
def test_what_looks_like_a_quotation_stays(text: str) -> None:
    assert reply_text(text) == text


def test_answers_between_quoted_questions_stay_with_their_questions() -> None:
    inline = "> Quel poste ?\n\nPC-1\n\n> Quand ?\n\nHier."
    text = f"Voir ci-dessous.\n\n{ATTRIBUTION}\n\n{inline}\n\n> Le Service Desk"
    assert reply_text(text) == f"Voir ci-dessous.\n\n{inline}"


def test_answers_to_two_mails_stay() -> None:
    second = ATTRIBUTION.replace("3 nov.", "4 nov.")
    text = f"Voir ici.\n\n{ATTRIBUTION}\n\n> Quel poste ?\n\nPC-1\n\n{second}\n> Quand ?\n\nHier."
    assert reply_text(text) == "Voir ici.\n\n> Quel poste ?\n\nPC-1\n\n> Quand ?\n\nHier."
    assert reply_text(f"{ATTRIBUTION}\n> Quel poste ?\nPC-1\n\n{second}\n\nancien texte") == "PC-1"


def test_a_forward_keeps_everything() -> None:
    text = f"Pouvez-vous traiter ?\n\n{OUTLOOK}"
    assert read_reply(text, subject="TR: écran").is_forward
    assert reply_text(text, "TR: écran") == text
    assert reply_text(text, "RE: TR: écran") == "Pouvez-vous traiter ?"
    assert not read_reply("Pouvez-vous traiter ?", subject="TR: écran").is_forward
    gmail = (
        "Voici.\n\n---------- Forwarded message ---------\nDe : Marie <m@x.be>\nDate : 3 nov. 2025\n\nécran"
    )
    assert read_reply(gmail).is_forward


@pytest.mark.parametrize("language", sorted(SEPARATORS))
def test_nothing_below_our_separator_counts(language: str) -> None:
    text = f"Oui.\n\nUn client inconnu dit :\n{SEPARATORS[language]} (m:abc.DEF-1)\nBonjour Jean"
    assert reply_text(text) == "Oui.\n\nUn client inconnu dit :"
    assert marker_tokens(text) == ("abc.DEF-1",)


def test_tokens_are_found_in_quoted_and_bold_separators() -> None:
    assert marker_tokens("> *##- Antwoord boven deze regel -##* (m:t1)\n##- x longer line -## (m:t2)") == (
        "t1",
        "t2",
    )
    assert marker_tokens("(m:t1)") == ()


def _answer_in_html(html: str, subject: str = "Re: x") -> str:
    head = f"Content-Type: text/html; charset=utf-8\nSubject: {subject}\n\n"
    return parse_mail((head + html).encode()).reply_text


def test_html_is_judged_by_its_structure_first() -> None:
    html = (
        '<p>Oui.</p><blockquote>mon extrait</blockquote><div id="appendonsend"></div><div id="divRplyFwdMsg">'
        "<b>De :</b> X<br></div><p>vieux</p>"
    )
    assert _answer_in_html(html).split() == ["Oui.", "mon", "extrait"]
    assert "vieux" in _answer_in_html(html, "Une question")


@pytest.mark.parametrize(
    "quote", ["<blockquote type=cite>", '<blockquote class="gmail_quote">', "<blockquote>"]
)
@pytest.mark.parametrize("around", ["<div>", "<div class=gmail_quote>", "<div class=protonmail_quote>"])
def test_answers_between_html_quotations_stay(around: str, quote: str) -> None:
    html = (
        f"<p>Voici.</p>{around}{ATTRIBUTION.replace('<', '&lt;')}<br>{quote}Quel poste ?</blockquote>"
        f"<p>PC-1</p>{quote}Quand ?</blockquote><p>Hier.</p></div>"
    )
    reply = _answer_in_html(html)
    assert [word for word in reply.split() if word in ("Voici.", "PC-1", "Hier.")] == [
        "Voici.",
        "PC-1",
        "Hier.",
    ]
    assert "a écrit" not in reply


def test_an_empty_element_at_the_end_of_a_message_cuts_nothing() -> None:
    html = '<p>Bonjour</p><div id="appendonsend"></div><p>mon poste est en panne</p>'
    assert _answer_in_html(html).split() == "Bonjour mon poste est en panne".split()


@pytest.mark.parametrize("said", ["Mes réponses en rouge ci-dessous.", "Mijn antwoorden staan hieronder."])
def test_answers_that_a_person_announces_inside_the_quoted_mail_stay(said: str) -> None:
    asked = "Quel poste ?\n\nPC-1\n\nQuand ?\n\nHier."
    assert reply_text(f"{said}\n\n{OUTLOOK}\n{asked}").endswith(asked)
    assert reply_text(f"{said}\n\n-- \nJean\n\n{OUTLOOK}\n{asked}").endswith(asked)
    assert reply_text(f"{said}\n\n{ATTRIBUTION}\n\n{asked}").endswith(asked)
    quoted = "\n".join(f"> {line}".rstrip() for line in asked.split("\n"))
    assert reply_text(f"{said}\n\n{ATTRIBUTION}\n{quoted}").endswith(quoted)
    assert reply_text(f"{said}\n\n-- \nJean\n\n{ATTRIBUTION}\n{quoted}").endswith(quoted)
    html = f"<p>{said}</p><div id=divRplyFwdMsg><b>De :</b> X</div><p>Quel poste ?</p><p>PC-1</p>"
    assert "PC-1" in _answer_in_html(html)


def test_our_separator_inside_a_quotation_hides_no_answer_below() -> None:
    quoted = f"{ATTRIBUTION}\n> {SEPARATORS['fr']}\n> Quel poste ?"
    assert reply_text(f"Bonjour,\n\n{quoted}\n\nPC-1").endswith("PC-1")
    assert reply_text(f"Bonjour,\n\n> {SEPARATORS['fr']}\n> Quel poste ?\n\nPC-1") == "Bonjour,\n\nPC-1"


def test_a_quoted_header_hides_no_answer_below() -> None:
    quoted = "\n".join(f"> {line}" for line in OUTLOOK.split("\n"))
    assert reply_text(f"Bonjour,\n\n{quoted}\n\nPC-1") == "Bonjour,\n\nPC-1"
    assert reply_text(f"{ATTRIBUTION}\n> mon avis\n>\n{quoted}\n\nPC-1") == "PC-1"


@pytest.mark.parametrize("quote", [f"{ATTRIBUTION}\n> panne", OUTLOOK, f"--\nJean\n\n{OUTLOOK}"])
def test_a_mail_that_answers_nothing_keeps_what_it_quotes(quote: str) -> None:
    text = f"Voici ce que j'ai reçu\n\n{quote}"
    assert read_reply(text, subject="Panne", answers=False).text == text
    assert read_reply(f"{text}\n\nEnvoyé de mon iPhone", answers=False).text == text


def test_nothing_is_cut_below_a_mere_tagline() -> None:
    text = f"Envoyé de mon iPhone\n________________________________\n{OUTLOOK}"
    assert reply_text(text) == text
    assert reply_text(f"👍\n\n{OUTLOOK}") == "👍"


_LINES = st.sampled_from(
    [
        "", "", "Bonjour,", "le poste 12 est en panne :", "Jean", "> vieux", ">", ">> plus vieux",
        ATTRIBUTION, "Le lun. 3 nov. 2025 à 10:12, Service Desk de la Fédération",
        "Wallonie <s@etnic.be> a écrit :", "Support <s@etnic.be> schrieb:", "De : S <s@etnic.be>",
        "Envoyé : lundi 3 novembre 2025 10:12", "À : Jean", "Objet : x", "Date : 24/11", "_" * 32,
        "-----Message d'origine-----", "-- ", "--", "Envoyé de mon iPhone", SEPARATORS["fr"],
        "Mes réponses en rouge ci-dessous.", "---------- Forwarded message ---------",
        f"> {SEPARATORS['nl']}", "-- Please reply above this line --", "\ue000 x", ">\ue000",
    ]
)  # fmt: skip


@given(st.lists(_LINES, max_size=40).map("\n".join), st.booleans(), st.sampled_from(["Re: x", "TR: x", "x"]))
def test_the_new_text_is_some_words_of_the_text_in_order(text: str, answers: bool, subject: str) -> None:
    reply = read_reply(text, subject=subject, answers=answers)
    words = iter(re.findall(r"\w+", text))
    assert all(word in words for word in re.findall(r"\w+", reply.text))
    assert bool(re.search(r"\w", reply.text)) == bool(re.search(r"\w", text))
    assert read_reply(text, subject=subject, answers=answers) == reply


_ELEMENTS = st.sampled_from(
    [
        "<p>oui</p>", "<br>", "<div>", "</div>", "<blockquote type=cite>", "<blockquote>", "</blockquote>",
        "vieux ", f"<p>{ATTRIBUTION.replace('<', '&lt;')}</p>", "<div class=gmail_attr>", "<b>De :</b>",
        " s@etnic.be<br>Envoyé : lundi 3 novembre 2025 10:12<br>Objet : x<br>", "<div id=divRplyFwdMsg>",
        "<div class=gmail_signature>", "Jean", "<div class=yahoo_quoted>", "<p>Mes réponses en rouge.</p>",
        "<hr id=zwchr>", "<p>Envoyé de mon iPhone</p>",
    ]
)  # fmt: skip


@given(st.lists(_ELEMENTS, max_size=25).map("".join), st.sampled_from(["Re: x", "TR: x", "x"]))
@example("Jean<div class=gmail_attr></div>vieux ", "Re: x")
def test_the_new_text_of_html_is_some_words_of_its_text_in_order(html: str, subject: str) -> None:
    head = f"Content-Type: text/html; charset=utf-8\nSubject: {subject}\n\n"
    mail = parse_mail((head + html).encode())
    words = iter(re.findall(r"\w+", mail.text))
    assert all(word in words for word in re.findall(r"\w+", mail.reply_text))
    assert bool(re.search(r"\w", mail.reply_text)) == bool(re.search(r"\w", mail.text))


def test_a_trailing_quotation_of_an_answer_goes_without_attribution() -> None:
    assert reply_text("Oui.\n\n> vieux\n> texte") == "Oui."
    assert reply_text("Oui.\n\nSupport, 23.11:\n> vieux") == "Oui.\n\nSupport, 23.11:"
    assert reply_text("Voici :\n\n> mon journal") == "Voici :\n\n> mon journal"
