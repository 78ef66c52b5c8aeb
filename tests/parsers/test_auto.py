"""Mail that no person wrote, by its fields and by its subject; lists, suppression, spam."""

import pytest

from parsers.mail import parse_mail

BY_FIELD = [
    ("Auto-Submitted: auto-replied; x=y", "auto-submitted: auto-replied"),
    ("Auto-Submitted: no", ""),
    ("Auto-Submitted: No (a person)", ""),
    ("X-Autoreply: yes", "x-autoreply"),
    ("X-Autoreply: no", ""),
    ("X-Autorespond: x", "x-autorespond"),
    ("X-Cron-Env: <SHELL=/bin/sh>", "x-cron-env"),
    ("Precedence: bulk", "precedence: bulk"),
    ("Precedence: auto_reply", "precedence: auto_reply"),
    ("Precedence: list\nList-Id: <a.b>", ""),
    ("Precedence: bulk\nList-Id: <a.b>", ""),
    ("Precedence: bulk\nList-Id: <a.b>\nX-List-Administrivia: yes", "x-list-administrivia"),
    ("X-Precedence: auto_reply", "x-precedence"),
    ("Return-Path: <>", "null return path"),
    ("Return-Path: <a@b.be>", ""),
    ("X-Auto-Response-Suppress: All", ""),
]
ANSWERS = "In-Reply-To: <recu@etnic.be>\n"
# Fields, subject, text, and whether the subject makes it automatic.
BY_SUBJECT = [
    ("", "Réponse automatique : congé", "x", True),
    ("", "Absence du bureau", "x", True),
    ("", "Automatic reply: x", "x", True),
    ("", "Out of Office", "x", True),
    ("", "[EXTERNAL] Automatic reply: x", "x", True),
    ("", "[Auto-Reply] x", "x", True),
    ("", "Automatische Antwort: x", "x", True),
    ("", "Abwesenheitsnotiz", "x", True),
    ("", "Automatisch antwoord: x", "x", True),
    # Words that people use too need more.
    ("", "Afwezig tot maandag", "Ik ben afwezig tot maandag.", True),
    ("", "Afwezig tot maandag", "Kan Jan mijn mailbox zien?", False),
    ("", "Absence : mes mails", "Merci de les transférer à Marie.", False),
    (ANSWERS, "Absence : [ETNIC-1042] Imprimante", "De retour lundi.", True),
    ("", "Jane Roe is out of the office.", "I will be out of the office until Monday.", True),
    ("", "Our server is away", "It is gone since 8:00.", False),
    # Whoever asks is a person; an answer to ours may ask back.
    ("", "Réponse automatique : comment l'arrêter ?", "x", False),
    ("", "Réponse automatique", "Elle ne fonctionne plus.", False),
    (ANSWERS, "Réponse automatique : [ETNIC-1042] x", "Besoin d'aide ? Appelez le 12.", True),
    (ANSWERS, "RE: Réponse automatique : x", "Je suis rentré.", False),
    ("", "Problème de réponse automatique", "x", False),
    ("", "L'absence du bureau 12 est-elle normale", "x", False),
]


@pytest.mark.parametrize(("fields", "reason"), BY_FIELD)
def test_automatic_by_a_field(fields: str, reason: str) -> None:
    mail = parse_mail(f"From: a@b.be\n{fields}\n\nx".encode())
    assert (mail.auto_submitted, mail.auto_reason) == (bool(reason), reason)


@pytest.mark.parametrize(("fields", "subject", "text", "automatic"), BY_SUBJECT)
def test_automatic_by_its_subject(fields: str, subject: str, text: str, *, automatic: bool) -> None:
    mail = parse_mail(f"From: a@b.be\n{fields}Subject: {subject}\n\n{text}".encode())
    assert mail.auto_reason == ("subject" if automatic else "")


def test_lists_and_suppression_are_told() -> None:
    mail = parse_mail(b"List-Id: News <news.x.be>\nX-Auto-Response-Suppress: DR, OOF; AutoReply\n\nx")
    assert mail.list_id == "news.x.be"
    assert mail.suppress == ("dr", "oof", "autoreply")
