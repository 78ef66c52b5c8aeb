"""What the service includes, for whom, and what a request is: scope, beneficiaries, categories."""

import json
from email.message import EmailMessage

import pytest

from maild import cli
from storage.records import Status
from tests.scenarios.desk import ANNE, Desk, mail, reply

JEAN = "jean@ecole.test"


def words(letter: EmailMessage) -> str:
    """The plain text of a letter."""
    part = letter.get_body(("plain",))
    return part.get_content().replace("\u00a0", " ") if part else ""


def orders(desk: Desk, body: str, message_id: str = "r@etnic.test") -> str:
    """Anne answers her notification; what she is told."""
    desk.receive(reply(message_id, desk.letters(ANNE)[0], body, sender=f"Anne <{ANNE}>"))
    desk.once()
    return words(desk.letters(ANNE)[-1])


def asked(desk: Desk) -> Desk:
    """Jean has asked for help, and Anne has her notification."""
    desk.receive(mail("m1@ecole.test"))
    desk.once()
    return desk


# --- scope


@pytest.mark.parametrize(
    ("reason", "scope", "told"),
    [
        ("matériel", "matériel", "un logiciel que notre organisation n’a pas fourni"),
        ("training", "formation", "n’assure pas de formation"),
        ("métier", "métier", "application métier"),
        ("citoyen", "citoyen", "dossiers des citoyens"),
    ],
)
def test_each_exclusion_is_told_in_its_own_words(desk: Desk, reason: str, scope: str, told: str) -> None:
    """It is an act, and the ticket says so; Jean's answer brings it back."""
    asked(desk)
    line = orders(desk, f"#hors-périmètre {reason}\n\nBonjour Jean,\n\nCe n'est pas chez nous.\n")
    assert f"hors périmètre ({scope})" in line
    (ticket,) = desk.tickets()
    assert (ticket.status, ticket.scope, ticket.due_at) == (Status.OUT_OF_SCOPE, scope, None)
    stopped = next(event for event in desk.story(1001) if event.kind == "clock_stopped")
    assert '"act": "out_of_scope"' in stopped.detail
    desk.later(minutes=2)
    desk.once()
    letter = desk.letters(JEAN)[-1]
    assert told in words(letter)
    assert "Ce n'est pas chez nous." in words(letter)
    assert "#" not in words(letter)
    desk.receive(reply("m2@ecole.test", letter, "L'imprimante vient bien de chez vous.\n"))
    desk.once()
    (ticket,) = desk.tickets()
    assert ticket.status is Status.TAKEN
    assert ticket.due_at is not None


def test_thanks_for_a_refusal_bring_nothing_back(desk: Desk) -> None:
    """As they reopen nothing that is resolved."""
    asked(desk)
    orders(desk, "#hors-périmètre formation\n")
    desk.later(minutes=2)
    desk.once()
    desk.receive(reply("m2@ecole.test", desk.letters(JEAN)[-1], "Merci !\n"))
    desk.once()
    assert desk.tickets()[0].status is Status.OUT_OF_SCOPE


def test_specialists_and_unknown_reasons_change_nothing(desk: Desk) -> None:
    """One proposes the escalation, the other names the reasons; Jean hears of neither."""
    desk.configure(team=[{"name": "réseau", "address": "reseau@etnic.test"}])
    asked(desk)
    assert "#escalader réseau" in orders(desk, "#hors-périmètre spécialiste\n\nPas pour nous.\n")
    told = orders(desk, "#hors-périmètre café\n", "r2@etnic.test")
    assert "matériel, formation, métier, citoyen, spécialiste" in told
    desk.later(minutes=5)
    desk.once()
    (ticket,) = desk.tickets()
    assert (ticket.status, ticket.scope) == (Status.NEW, "")
    assert ticket.due_at is not None
    assert len(desk.letters(JEAN)) == 1


# --- beneficiaries

LISTED = [
    {"entity": "Écoles", "domains": ["ecole.test"]},
    {"entity": "Ville", "domains": ["ville.test"], "status": "study"},
    {"entity": "Journal", "addresses": ["marc@journal.test"], "status": "no"},
]
MARC = "marc@ailleurs.test"


def standings(desk: Desk) -> list[tuple[str, str]]:
    """Of each ticket, in their order."""
    return [(ticket.standing, ticket.entity) for ticket in desk.tickets()]


def marc(desk: Desk, message_id: str) -> None:
    """Somebody whom nobody knows writes."""
    desk.receive(mail(message_id, sender=f"Marc <{MARC}>", subject=f"Demande {message_id}"))
    desk.once()


def test_everybody_is_served_and_marked_by_who_he_is(desk: Desk) -> None:
    """Known by the domain, under study, excluded, or unknown: all get their receipt and their clock."""
    desk.configure(beneficiary=LISTED)
    senders = ("jean@info.ecole.test", "luc@ville.test", "marc@journal.test", MARC)
    desk.receive(*(mail(f"m{n}@x.test", sender=one, subject=f"Panne {n}") for n, one in enumerate(senders)))
    desk.once()
    assert standings(desk) == [("yes", "Écoles"), ("study", "Ville"), ("no", "Journal"), ("unknown", "")]
    assert all(ticket.due_at is not None and ticket.acked_at is not None for ticket in desk.tickets())
    assert all(len(desk.letters(sender)) == 1 for sender in senders)
    notified = [words(letter) for letter in desk.letters(ANNE)]
    told = ("Écoles (bénéficiaire)", "Ville (à l’étude)", "Journal (non bénéficiaire)", "Entité inconnue")
    assert all(what in letter for what, letter in zip(told, notified, strict=True))


def test_nobody_is_bothered_where_no_beneficiaries_are_named(desk: Desk) -> None:
    """No standing, no word of it."""
    asked(desk)
    assert standings(desk) == [("", "")]
    assert "Entité" not in words(desk.letters(ANNE)[0])


def test_a_study_sends_the_form_and_its_answer_is_offered_to_be_settled(desk: Desk) -> None:
    """What is settled counts for his next ticket, too, and what is undone on the ticket does not."""
    desk.configure(beneficiary=LISTED)
    marc(desk, "m1@ailleurs.test")
    assert "formulaire de faisabilité" in orders(desk, "#bénéficiaire à l'étude\n\nBonjour Marc,\n")
    desk.later(minutes=2)
    desk.once()
    form = desk.letters(MARC)[-1]
    assert "Nombre d’utilisateurs" in words(form)
    assert "Bonjour Marc," in words(form)
    assert desk.tickets()[0].status is Status.TAKEN
    desk.receive(reply("m2@ailleurs.test", form, "Organisation : Ville de Mons\n", sender=MARC))
    desk.once()
    came = words(desk.letters(ANNE)[-1])
    assert "Organisation : Ville de Mons" in came
    assert "si ce message répond au formulaire de faisabilité, #bénéficiaire ENTITÉ" in came
    orders(desk, "#bénéficiaire Ville de Mons\n", "r2@etnic.test")
    marc(desk, "m3@ailleurs.test")
    assert standings(desk) == [("yes", "Ville de Mons"), ("yes", "Ville de Mons")]
    assert len(desk.letters(MARC)) == 3  # two receipts and the form: that he is known is said to nobody


def test_who_may_not_use_the_service_is_told(desk: Desk) -> None:
    """In a letter; he may answer it, and his next mail is known for his."""
    desk.configure(beneficiary=LISTED)
    marc(desk, "m1@ailleurs.test")
    assert "n’est pas bénéficiaire" in orders(desk, "#bénéficiaire non\n")
    desk.later(minutes=2)
    desk.once()
    assert "ne fait pas partie des bénéficiaires" in words(desk.letters(MARC)[-1])
    marc(desk, "m2@ailleurs.test")
    assert standings(desk) == [("no", ""), ("no", "")]


def test_who_waits_for_the_feasibility_analysis_is_listed(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    """By what is known of each; what is undone on the ticket is not remembered for the address."""
    desk.configure(beneficiary=LISTED)
    asked(desk)
    marc(desk, "m2@ailleurs.test")
    desk.receive(
        reply("r@etnic.test", desk.letters(ANNE)[1], "#bénéficiaire Ville de Mons\n", sender=ANNE),
        reply("u@etnic.test", desk.letters(ANNE)[1], "#annuler\n", sender=ANNE),
    )
    desk.once()
    marc(desk, "m3@ailleurs.test")
    assert standings(desk) == [("yes", "Écoles"), ("unknown", ""), ("unknown", "")]
    capsys.readouterr()
    tickets = ["tickets", "--config", str(desk.file), "--json", "--standing"]
    assert cli.answer([*tickets, "unknown"]) == 0
    listed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["id"], one["standing"], one["entity"]) for one in listed] == [
        (1002, "unknown", None),
        (1003, "unknown", None),
    ]
    assert cli.answer([*tickets, "study"]) == 0
    assert capsys.readouterr().out == ""
    assert cli.answer([*tickets, "maybe"]) == 64


# --- incident or service request


def test_the_address_that_a_mail_was_sent_to_says_what_it_is(desk: Desk) -> None:
    """A request of the catalogue has its own team, priority and limit; an answer goes to Jean alone."""
    rita = "rita@etnic.test"
    desk.configure(
        agent=[{"name": "Anne", "address": ANNE}, {"name": "Rita", "address": rita, "teams": ["atelier"]}],
        category=[
            {"name": "demande", "team": "atelier", "priority": "basse", "limit": "48h",
             "aliases": ["demandes@etnic.test"]},
        ],
    )  # fmt: skip
    desk.receive(mail("m1@ecole.test", to="Demandes <demandes@etnic.test>", subject="Un écran"))
    desk.receive(mail("m2@ecole.test", to="support@etnic.test", subject="Une panne"))
    desk.once()
    first, second = desk.tickets()
    assert (first.category, first.team, first.priority) == ("demande", "atelier", "basse")
    assert first.due_at is not None
    assert (first.due_at - first.arrived_at).total_seconds() == 48 * 3600
    assert (second.category, second.team) == ("", "desk")
    assert (len(desk.letters(rita)), len(desk.letters(ANNE))) == (1, 1)
    desk.receive(reply("r@etnic.test", desk.letters(rita)[0], "Il arrive demain.\n", sender=rita))
    desk.once()
    desk.later(minutes=2)
    desk.once()
    assert not desk.letters("demandes@etnic.test")
    assert "Il arrive demain." in words(desk.letters(JEAN)[-1])


def test_a_rule_suggests_and_people_decide(desk: Desk) -> None:
    """Scope and category stand on the ticket; it is served all the same."""
    desk.configure(rule=[{"match": {"subject": "imprimante"}, "scope": "hardware", "category": "incident"}])
    asked(desk)
    (ticket,) = desk.tickets()
    assert (ticket.scope, ticket.category, ticket.status) == ("matériel", "incident", Status.NEW)
    assert ticket.due_at is not None
    (notified,) = desk.letters(ANNE)
    assert "Une règle suggère un motif hors périmètre (matériel)" in words(notified)
    assert "Catégorie : incident" in words(notified)
