"""The new part of a reply, client by client and language by language."""

import re
from collections.abc import Callable

import pytest

from parsers.mail import parse_mail
from parsers.quotes import reply_text
from tests.parsers.clients import ATTRIBUTIONS, LANGUAGES, MARKUP, NEW, OLD, OTHER_TONGUES, PLAIN, quoted


def answer(kind: str, body: str, subject: str = "Re: x") -> str:
    """The new text of a mail with this body."""
    head = f"Subject: {subject}\nContent-Type: text/{kind}; charset=utf-8\n\n"
    return parse_mail((head + body).encode()).reply_text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("client", PLAIN)
def test_plain_reply(client: str, language: str) -> None:
    assert answer("plain", PLAIN[client](language, NEW[language])) == NEW[language]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("client", MARKUP)
def test_reply_in_markup(client: str, language: str) -> None:
    assert answer("html", MARKUP[client](language, NEW[language])).split() == NEW[language].split()


@pytest.mark.parametrize(
    "line", [line for lines in (*ATTRIBUTIONS.values(), OTHER_TONGUES) for line in lines]
)
def test_attribution(line: str) -> None:
    """Above quoted lines, with and without blank lines, and above answers to the quoted questions."""
    assert reply_text(f"Oui.\n\n{line}\n\n{quoted(OLD)}") == "Oui."
    assert reply_text(f"Oui,\nJean\n{line}\n{quoted(OLD)}") == "Oui,\nJean"
    assert reply_text(f"{line}\n> Quand ?\nHier.\n> Où ?\nIci.") == "Hier.\nIci."


# What a person may write and a client could have: each stays, whatever stands around it.
LIKENESSES = [
    "Bonjour,\n\nHier à 10:15 l'économe m'a écrit :\n« Le compte est bloqué. »\nPouvez-vous le débloquer ?",
    "Le 22/11/2026, votre collègue Luc a écrit :\n« Redémarrez. »\nJe l'ai fait.",
    "Op 23 november 2026 om 09:12 schreef ik u al dat de printer stuk is:\nnog steeds geen antwoord.",
    "Am Montag um 9:12 schrieb ich Ihnen wegen des Druckers:\nbisher keine Antwort.",
    "On 23 November 2026 our supplier wrote:\n\nthe part is out of stock.\n\nWhat now?",
    "Déménagement :\nDe : local 204\nÀ : local 310\nDate : lundi prochain\n\nMerci, et l'imprimante aussi.",
    "Nouvelle demande\nDate : 23/11/2026 09:12\nObjet : clavier\nDescription : la touche E",
    "Réservation\nDe : 9h00\nÀ : 11h00\nDate : 24/11/2026\nObjet : réunion\n\nIl me faut un micro.",
    "Ma liste :\n> souris\n> clavier\n\nMerci de commander.",
    "Le message est :\n> Erreur 0x80070005\n> accès refusé",
    "Voici le log :\n\n2026-11-23 09:12:33 ERROR <db@srv1> connexion refusée:\n> retry 1\n\nGrave ?",
    "Premier point : le wifi.\n\n---\n\nSecond point : l'écran.\n\nMerci",
    "Étape 1\n________________________________\nÉtape 2\n\nEst-ce correct ?",
    "Bonjour,\n\nOutlook pour iOS ne démarre plus.",
    "Je n'ai plus accès.\n\nEnvoyé de mon iPhone car mon PC est en panne",
    "Guten Tag,\n\nVon meinem iPhone aus geht es nicht.",
    "Répondez au-dessus de cette ligne : c'est ce que dit votre mail.",
    "How to read it?\n\nReceived: from a.example\nFrom: ceo@example.com\nReply-To: x@example.net\n\nSpam?",
]


@pytest.mark.parametrize("client", [*PLAIN, *(f"{name} in HTML" for name in MARKUP)])
def test_what_only_looks_like_a_quotation_stays(client: str) -> None:
    name = client.removesuffix(" in HTML")
    kind, build = ("html", MARKUP[name]) if name != client else ("plain", PLAIN[name])
    for number, said in enumerate(LIKENESSES):
        reply = answer(kind, build(LANGUAGES[number % 4], said))
        assert reply.split() == said.split(), said


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("body", [*PLAIN.values(), *MARKUP.values()], ids=[*PLAIN, *MARKUP])
def test_a_first_mail_and_a_forward_keep_what_they_quote(
    body: Callable[[str, str], str], language: str
) -> None:
    kind = "plain" if body in PLAIN.values() else "html"
    for subject in ("Une question", "TR: x"):
        kept = answer(kind, body(language, NEW[language]), subject)
        assert set(f"{NEW[language]} {OLD}".split()) <= set(re.split(r"[\s>\ufeff]+", kept))
