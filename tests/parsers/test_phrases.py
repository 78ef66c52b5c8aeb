"""Taglines of programs, and where a person says that the answers are."""

import pytest

from parsers.phrases import announces_answers, is_tagline


@pytest.mark.parametrize(
    "line",
    [
        "Envoyé de mon iPhone",
        "Envoyé de mon iPhone, veuillez excuser les fautes de frappe.",
        "[Envoyé de mon iPad]",
        "Envoyé à partir d’Outlook pour Android",
        "Envoyé à partir de Courrier pour Windows",
        "Envoyé depuis mon smartphone Samsung Galaxy.",
        "Envoyé depuis l'application Mail Orange",
        "Envoyé de mon appareil Android avec K-9 Mail. Veuillez excuser ma brièveté.",
        "Envoyé avec la messagerie sécurisée [Proton Mail.](https://proton.me/)",
        "Télécharger Outlook pour iOS<https://aka.ms/o0ukef>",
        "Obtenez Outlook pour Android",
        "Provenance : Courrier pour Windows 10",
        "Garanti sans virus. www.avast.com",
        "Verstuurd vanaf mijn iPhone",
        "Verzonden vanuit Mail voor Windows",
        "Outlook voor iOS downloaden",
        "Von meinem iPhone gesendet",
        "Diese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.",
        "Gesendet mit der WEB.DE Mail App",
        "Holen Sie sich Outlook für iOS",
        "Sent from my Verizon, Samsung Galaxy smartphone",
        "Sent with Spark",
        "Get Outlook for iOS<https://aka.ms/o0ukef>",
    ],
)
def test_a_program_signed(line: str) -> None:
    assert is_tagline(line)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "Envoyé de mon iPhone car mon PC est en panne",
        "Envoyé depuis Outlook pour iOS, le mail arrive vide.",
        "Envoyé depuis hier trois fois.",
        "Envoyé par mail",
        "Outlook pour iOS ne démarre plus",
        "Outlook pour Windows",
        "Télécharger Outlook pour Android me donne l'erreur 492.",
        "Yahoo mail pour les parents est bloqué.",
        "Sans virus. Le scan n'a rien donné.",
        "Verzonden vanaf mijn gsm komt de mail niet aan",
        "Haal Outlook van mijn laptop aub",
        "Von meinem iPhone aus geht es nicht.",
        "Von Ihrem Outlook bekomme ich keine Mails mehr.",
        "Gesendet von Outlook für Android kommt nichts an.",
        "Sent from my phone because the laptop is dead.",
        "Sent from my desk, it is not my phone.",
        "Get Outlook for Android is what the page says.",
        "Outlook for Android crashes at start.",
    ],
)
def test_a_person_wrote(line: str) -> None:
    assert not is_tagline(line)


@pytest.mark.parametrize(
    "line",
    [
        "Mes réponses en rouge ci-dessous.",
        "Voir mes réponses dans le texte.",
        "Je vous réponds directement dans votre mail",
        "cfr. réponses infra",
        "Voir ci-dessous.",
        "Mijn antwoorden staan hieronder in het rood.",
        "zie hieronder",
        "Antworten unten in blau:",
        "Siehe meine Antworten im Text.",
        "Please see my answers below in red.",
        "Comments in-line.",
    ],
)
def test_answers_are_announced(line: str) -> None:
    assert announces_answers(line)


@pytest.mark.parametrize(
    "line",
    [
        "Merci pour votre réponse ci-dessous, ça marche.",
        "Vous trouverez ci-dessous mon numéro : 0470 12 12 12",
        "Bedankt voor uw antwoord hieronder.",
        "Danke für Ihre Antwort unten.",
        "Thanks for your reply below.",
        "Le voyant est en rouge.",
    ],
)
def test_a_mention_announces_nothing(line: str) -> None:
    assert not announces_answers(line)
