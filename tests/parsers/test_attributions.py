"""What stands above a quotation, told apart from a person's own sentence (test_clients has the former)."""

import pytest

from parsers.quotes import reply_text

QUOTED = "> vieux\n> texte"


@pytest.mark.parametrize(
    "text",
    [
        "Le directeur m'a écrit :\nappelez-nous.",
        "Le 22/11/2026, votre collègue Luc a écrit :\n« Redémarrez. »\nC'est fait.",
        "Le 22 novembre 2026 à 10:15, le directeur a écrit :\n\nChangez tous.\n\nComment ?",
        "Le 22/11/2026 à 10h15 Luc de la compta a écrit :\nle dossier est vide",
        "Le 23/11 à 09:12:33 srv1 a écrit :\ndisk full",
        "Il a écrit hier\nvoir mail de 10:12 en annexe :\n\nle serveur est lent.",
        "Vous avez écrit le 23/11/2026 à 09:12 :\n\nredémarrez.",
        "Marie Leroy <marie@ecole.be> a écrit :\nje ne peux plus me connecter.",
        "Mes disponibilités :\n\nLe 24/11/2026 à 9:00 :\n- local 12",
        "Op maandag heeft de directeur het volgende geschreven:\nhallo",
        "Op 23 november 2026 om 09:12 schreef ik u:\nnog geen antwoord.",
        "Op 23 november 2026 om 9:12 schreef collega Jan:\n\nde printer is stuk.",
        "Op 23/11/2026 heeft de directie geschreven:\niedereen krijgt een laptop.",
        "Jan schreef op 23/11/2026 een mail over de printer:\nhij is stuk.",
        "U schreef op 23/11/2026:\n\nherstart de pc.",
        "Am 23.11.2026 schrieb der Direktor:\n\nAlle bekommen ein Notebook.",
        "Am Montag um 9:12 schrieb ich Ihnen wegen des Druckers:\nkeine Antwort.",
        "Am 23.11.2026 um 9:12 habe ich Ihnen geschrieben:\nder Drucker ist kaputt.",
        "Sie schrieben am 23.11.2026:\n\nPC neu starten.",
        "On 2 machines we get\nthe error since 10:12, see what Bob wrote:\n\nkernel panic",
        "On 23 November 2026 our supplier wrote:\n\nthe part is out of stock.",
        "On Monday I wrote: it is down. On Tuesday you wrote: it is up. Who is right?",
        "Log:\n2026-11-23 09:12:33 mailer <root@srv1.local>:\nconnection refused",
        "Log:\n2026-11-23 09:12:34 ERROR mail from <a@b.be> refused:\n> retry 1\n> retry 2\nSee?",
        "Quoting the manual: press F8.\n\nIt does nothing.",
        "Zitat von der Seite:\nBitte neu starten.",
    ],
)
def test_a_sentence_of_a_person_stays(text: str) -> None:
    assert reply_text(text) == text
    below = f"{text}\n\nLe 3 nov. 2025 à 10:12, Support <s@etnic.be> a écrit :\n\n{QUOTED}"
    assert reply_text(below) == text


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("Le poste 12 plante\nMarc\nSupport <s@etnic.be> a écrit :", "Le poste 12 plante\nMarc"),
        (
            "On 3 machines it fails\nBob\nOn 23 Nov 2026 09:12, Luc Martin wrote:",
            "On 3 machines it fails\nBob",
        ),
        (
            "Merci. Le 3 nov. 2025 à 10:12, X <s@e.be> a écrit :",
            "Merci. Le 3 nov. 2025 à 10:12, X <s@e.be> a écrit :",
        ),
        ("Dank!\n\nSupport <s@etnic.be> schrieb am Fr., 28.\nApr. 2017 um 11:53 Uhr:", "Dank!"),
        ("Yes.\n\n2016-10-24 15:36 GMT+02:00 Support <\ns@etnic.be>:", "Yes."),
        ("Oui.\n\n*Le 3 nov. 2025 à 10:12, Support <s@etnic.be> a écrit :*", "Oui."),
        ("Oui.\n\nLe 3 nov. 2025 à 10:12, Support <s@etnic.be> a écrit", "Oui."),
        ("Oui.\n\nLe 23/11/2026 à 09:12, service informatique a écrit :", "Oui."),
    ],
)
def test_an_attribution_takes_no_line_of_the_person_with_it(text: str, new: str) -> None:
    assert reply_text(f"{text}\n{QUOTED}") == new
