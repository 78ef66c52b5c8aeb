"""What the person newly wrote."""

import pytest

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


def test_html_is_judged_by_its_structure_first() -> None:
    html = (
        '<p>Oui.</p><blockquote>mon extrait</blockquote><div id="appendonsend"></div><div id="divRplyFwdMsg">'
        "<b>De :</b> X<br></div><p>vieux</p>"
    )
    mail = parse_mail(b"Content-Type: text/html; charset=utf-8\nIn-Reply-To: <a@x>\n\n" + html.encode())
    assert mail.reply_text.split() == ["Oui.", "mon", "extrait"]
    assert "vieux" in mail.text


def test_a_trailing_quotation_of_an_answer_goes_without_attribution() -> None:
    assert read_reply("Oui.\n\n> vieux\n> texte", answers=True).text == "Oui."
    assert read_reply("Voici :\n\n> mon journal", answers=False).text == "Voici :\n\n> mon journal"
