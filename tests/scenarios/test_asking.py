"""Agents ask the desk, by mail: why, the whole story, their list, help; and send a canned answer."""

import json
from email.message import EmailMessage
from typing import Any

import pytest
from typer.testing import CliRunner

from maild.cli import app
from storage.records import Status
from tests.scenarios.desk import ANNE, Desk, mail, quoted, reply

BOB = "bob@etnic.test"
AUTH = "mx.etnic.test; spf=pass; dkim=pass header.d=etnic.test; dmarc=pass header.from=etnic.test"


@pytest.fixture
def told(desk: Desk) -> Desk:
    """Jean has asked for help, by a rule of the network team's, and Anne has her notification."""
    desk.configure(
        security={"trusted_authserv_ids": ["mx.etnic.test"]},
        agent=[{"name": "Anne", "address": ANNE, "teams": ["réseau"]}],
        rule=[{"match": {"subject": "imprimante"}, "team": "réseau"}],
    )
    desk.receive(mail("m1@ecole.test"))
    desk.once()
    return desk


def words(letter: EmailMessage) -> str:
    """The plain text of a letter."""
    part = letter.get_body(("plain",))
    return part.get_content().replace("\u00a0", " ").replace("\r\n", "\n") if part else ""


def order(desk: Desk, body: str, message_id: str = "r@etnic.test") -> EmailMessage:
    """Anne replies to her notification; what she is told at once."""
    before = len(desk.letters(ANNE))
    desk.receive(reply(message_id, desk.letters(ANNE)[0], body, sender=f"Anne <{ANNE}>"))
    desk.once()
    (answer,) = desk.letters(ANNE)[before:]
    return answer


def fresh(body: str, *, proven: bool = True, message_id: str = "f@etnic.test") -> bytes:
    """A mail of Anne's that answers none."""
    headers: dict[str, Any] = {"Authentication_Results": AUTH} if proven else {}
    return mail(message_id, sender=f"Anne <{ANNE}>", subject="Question", body=body, **headers)


def command(desk: Desk, *arguments: str) -> Any:
    """The command line, on the same ledger."""
    return CliRunner().invoke(app, [*arguments, "--config", str(desk.file)])


def test_why_a_mail_came_to_her(told: Desk) -> None:
    """The signal, the rule, the receipt: in one answer, in her language."""
    lines = words(order(told, "#pourquoi\n"))
    assert "ETNIC-1001 : message de Jean Dupont <jean@ecole.test>, lundi 25 novembre 2024" in lines
    assert "Rattachement : nouveau ticket" in lines
    assert "Équipe : réseau (rule 1: team réseau)" in lines
    assert "Accusé de réception : envoyé à jean@ecole.test" in lines
    assert told.tickets()[0].status is Status.NEW


def test_the_whole_story_comes_as_a_letter(told: Desk) -> None:
    """What was asked, what was noted, what was answered; and what she writes above it stays a note."""
    order(told, "#note\n\nClient difficile.\n", "n@etnic.test")
    told.receive(reply("a@etnic.test", told.letters(ANNE)[0], "Je passe demain.\n", sender=ANNE))
    told.once()
    told.later(minutes=2)
    story = order(told, "#complet\n")
    assert str(story["Subject"]) == "[ETNIC-1001] Historique complet\u00a0: Imprimante en panne"
    for part in ("Depuis ce matin, mon imprimante", "Client difficile.", "Je passe demain."):
        assert part in words(story)
    assert words(story).index("(note interne)") < words(story).index("(réponse au demandeur)")
    told.receive(reply("s@etnic.test", story, "Lu, merci.\n", sender=f"Anne <{ANNE}>"))
    told.once()
    assert told.kinds(1001).count("note") == 2
    assert len(told.letters("jean@ecole.test")) == 2


def test_her_list_is_what_she_has_in_hand_and_what_her_team_has_not_taken(told: Desk) -> None:
    """The nearest limit first; not what others have, nor what is over."""
    told.configure(
        agent=[{"name": "Anne", "address": ANNE, "teams": ["réseau"]}, {"name": "Bob", "address": BOB}],
        category=[{"name": "incident", "limit": "4h"}],
        rule=[
            {"match": {"subject": "imprimante"}, "team": "réseau"},
            {"match": {"subject": "VPN"}, "team": "réseau", "category": "incident"},
        ],
    )
    told.receive(mail("m2@ecole.test", subject="VPN"), mail("m3@ecole.test", subject="Souris"))
    told.once()
    told.receive(fresh("#liste\n"))
    told.once()
    (listed,) = told.letters(ANNE, "2 demandes")
    text = words(listed)
    assert text.index("[ETNIC-1002] VPN") < text.index("[ETNIC-1001] Imprimante en panne")
    assert "Souris" not in text
    assert len(told.tickets()) == 3


def test_an_order_on_no_ticket_is_no_flaw_of_the_ledger(told: Desk) -> None:
    """The mail is filed, once, and every command can tell of it."""
    told.receive(fresh("#aide\n"), fresh("#liste\n#pourquoi 1001\n", message_id="g@etnic.test"))
    told.once()
    told.once()
    assert "#prendre / #take" in words(told.letters(ANNE, "Re: Question")[0])
    assert told.letters(ANNE, "Une demande")
    reconciled = command(told, "reconcile", "--json")
    assert reconciled.exit_code == 0, reconciled.output
    assert [
        json.loads(line)["number"] for line in command(told, "tickets", "--json").stdout.splitlines()
    ] == ["ETNIC-1001"]
    why = json.loads(command(told, "why", "f@etnic.test", "--json").stdout)
    assert (why["ticket"], why["kind"]) == (None, "command")
    assert "no ticket" in command(told, "why", "f@etnic.test").stdout
    traced = command(told, "trace", "f@etnic.test")
    assert (traced.exit_code, "help" in traced.stdout) == (0, True)
    rebuilt = command(told, "replay", "--into", str(told.folder / "anew"))
    assert rebuilt.exit_code == 0, rebuilt.output
    assert sum(told.outbox().values()) == len(told.letters())


def test_without_proof_such_a_mail_is_a_request_like_any_other(told: Desk) -> None:
    """Whoever writes her address gets neither her list nor the commands, but a number and a receipt."""
    told.receive(fresh("#liste\n", proven=False), fresh("#aide\n", proven=False, message_id="g@etnic.test"))
    told.once()
    assert [ticket.requester_address for ticket in told.tickets()][1:] == [ANNE, ANNE]
    assert not [one for one in told.letters() if "Imprimante" in words(one) and "demandes" in words(one)]
    assert not told.letters("", "Historique")


def test_a_canned_answer_with_her_words_below(told: Desk) -> None:
    """In the requester's language, in his thread; it takes the ticket in charge."""
    answer = words(order(told, "#modèle délai\n\nJe passe demain.\n"))
    assert "#modèle : fait, « delai » est envoyé au demandeur de ETNIC-1001" in answer
    told.later(minutes=2)
    told.once()
    (_, relayed) = told.letters("jean@ecole.test")
    assert words(relayed).startswith("Bonjour,\n\nVotre demande ETNIC-1001 demande plus de temps que prévu.")
    assert "délai.\n\nJe passe demain.\n" in words(relayed)
    assert told.tickets()[0].assignee == ANNE


def test_a_canned_answer_that_there_is_not(told: Desk) -> None:
    """She reads which ones there are, and nobody else reads anything."""
    answer = words(order(told, "#template nope\n\nJe passe demain.\n"))
    assert "aucun modèle ne s’appelle « nope ». Il y a : delai, mot-de-passe, precisions" in answer
    told.later(minutes=2)
    told.once()
    assert len(told.letters("jean@ecole.test")) == 1


def test_a_mail_at_the_team_s_address_gives_no_power_to_whoever_reads_it(desk: Desk) -> None:
    """Its token was made for the team: each who answers must be proven himself."""
    desk.configure(security={"trusted_authserv_ids": ["mx.etnic.test"]})
    desk.configure(team=[{"name": "desk", "address": "equipe@etnic.test"}])
    desk.receive(mail("m1@ecole.test"))
    desk.once()
    (shared,) = desk.letters("equipe@etnic.test")
    assert not desk.letters(ANNE)
    body = "#prendre\n\nJe passe demain.\n"
    desk.receive(reply("a@etnic.test", shared, body, sender=f"Anne <{ANNE}>"))
    desk.once()
    assert desk.tickets()[0].status is Status.NEW
    assert "nous n’avons pas pu vérifier" in words(desk.letters(ANNE)[0])
    answer = reply("b@etnic.test", shared, body, sender=f"Anne <{ANNE}>", Authentication_Results=AUTH)
    desk.receive(answer)
    desk.once()
    desk.later(minutes=2)
    desk.once()
    assert desk.tickets()[0].assignee == ANNE
    (_, relayed) = desk.letters("jean@ecole.test")
    assert "Je passe demain." in words(relayed)
    assert quoted("m1@ecole.test") in str(relayed["References"])
