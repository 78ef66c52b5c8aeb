"""Quoted headers, told apart from forms; separators of forwards and of desks."""

import pytest

from parsers.quotes import reply_text
from parsers.separators import is_forward_separator

OLD = "Bonjour,\n\nvieux texte"


@pytest.mark.parametrize(
    "text",
    [
        "De : local 204\nÀ : local 310\n\nMerci de déplacer le poste.",
        "Déménagement\nDe : local 204\nÀ : local 310\nDate : 24/11/2026\nObjet : armoire\n\nMerci.",
        "Réservation\nDe : 9h00\nÀ : 11h00\nDate : 24/11/2026 9:00\nObjet : réunion\n\nUn micro svp.",
        "Outage\nFrom: 9:00\nTo: 11:30\nDate: 23/11/2026\nSubject: network\n\nPlease check.",
        "Storing\nVan: 9:00\nAan: 11:30\nDatum: 23/11/2026\nOnderwerp: netwerk\n\nGraag nakijken.",
        "Ausfall\nVon: 9:00 Uhr\nAn: 11:30 Uhr\nDatum: 23.11.2026\nBetreff: Netz\n\nBitte prüfen.",
        "Formulaire\nNom : Dupont\nDate : 23/11/2026 09:12\nObjet : accès\nMessage : rien ne va",
        "From: my point of view this is urgent.\nTo: be done.",
        "Received: from a.example\nFrom: evil@example.com\nI deleted the rest.",
        "Message d'origine : je ne l'ai plus.\n\nPouvez-vous le renvoyer ?",
        "Procédure :\n________________________________\nÉtape 1\n________________________________\nÉtape 2",
        "-----\nPoste 1\n-----\nPoste 2",
    ],
)
def test_a_form_is_no_quoted_header(text: str) -> None:
    assert reply_text(text) == text


@pytest.mark.parametrize(
    "header",
    [
        "De : Support ETNIC\n<support@etnic.be>\nEnvoyé : lundi 3 novembre 2025\n10:12\nÀ : Jean\nObjet : x",
        "De: Support\nDate d'envoi: lundi 3 novembre 2025 10:12\nÀ: Jean\nObjet: x",
        "**De :** Support\n**Envoyé :** lundi 3 novembre 2025 10:12\n**À :** Jean\n**Objet :** x",
        "De :\tSupport/ETNIC/BE\nA :\tJean/ECOLE/BE\nDate :\t03/11/2025 10:12\nObjet :\tx",
        "envoyé : 3 novembre 2025 à 10:12\nde : Support <s@etnic.be>\nà : jean\nobjet : x",
        "Message du 03/11/25 10:12\nDe : Support <s@etnic.be>\nA : jean\nCopie à : \nObjet : x",
        "De : S <s@e.be>\nEnvoyé : 3/11/2025 10:12\nÀ : J\nCc : a@b.be;\n e@f.be;\n g@h.be\nObjet : x",
        "----- Mail d'origine -----\nDe: S\nEnvoyé: lundi 3 novembre 2025\nObjet: x",
        "----- Message original -----",
        "‐‐‐‐‐‐‐ Original Message ‐‐‐‐‐‐‐",
        "-----Origineel bericht-----\nVan: Support\nVerzonden: ma 3/11/2025 10:12\nAan: Jan\nOnderwerp: x",
        "-------- Original-Nachricht --------\nBetreff: x\nDatum: Mon, 3 Nov 2025 10:12\nVon: S\nAn: J",
        "------ Message d'origine ------\nDe Support <s@etnic.be>\nÀ Jean\nObjet x",
        "---- Ursprungligt meddelande ----\nFrån: S\nSkickat: den 3 november 2025 10:12\nTill: J\nÄmne: x",
        "Od: S <s@e.be>\nWysłano: poniedziałek, 3 listopada 2025 10:12\nDo: J\nTemat: x",
    ],
)
def test_a_quoted_header_begins_the_answered_mail(header: str) -> None:
    assert reply_text(f"Oui,\nJean\n\n{header}\n\n{OLD}") == "Oui,\nJean"
    assert reply_text(f"Oui,\nJean\n{header}\n{OLD}") == "Oui,\nJean"


@pytest.mark.parametrize(
    "line",
    [
        "##- Veuillez saisir votre réponse au-dessus de cette ligne -##",
        "##- Vul uw antwoord boven deze regel in -##",
        "##- Bitte geben Sie Ihre Antwort oberhalb dieser Zeile ein. -##",
        "-- Please reply above this line --",
        "=-=-=-= Pour répondre par courriel, écrivez au-dessus de cette ligne =-=-=-=",
        "—-—-—-—\nReply above this line.",
    ],
)
def test_another_desks_separator_parts_as_ours_does(line: str) -> None:
    assert reply_text(f"Oui.\n\n{line}\n\n{OLD}") == "Oui."
    said = "Répondez au-dessus de cette ligne\n\nC'est ce que dit votre mail."
    assert reply_text(said) == said


@pytest.mark.parametrize(
    "line",
    [
        "---------- Forwarded message ---------",
        "-------- Message transféré --------",
        "----- Réacheminé par Marie/ECOLE le 23/11/2026 09:12 -----",
        "Début du message réexpédié :",
        "----- Doorgestuurd door Marie/SCHOOL op 23/11/2026 09:12 -----",
        "Begin doorgestuurd bericht:",
        "----- Weitergeleitete Mail -----",
        "Anfang der weitergeleiteten E-Mail:",
        "> Begin forwarded message:",
        "Forwarded message:",
    ],
)
def test_a_forward_is_announced(line: str) -> None:
    assert is_forward_separator(line)
    assert not is_forward_separator(f"Voici : {line}")
