"""Agents work by replying, and only those who have proven themselves have power (DESIGN section 6)."""

from email.message import EmailMessage
from typing import Any

import pytest

from storage.records import Status
from tests.scenarios.desk import ADMIN, ANNE, Desk, mail, quoted, reply

AUTH = "mx.etnic.test; spf=pass; dkim=pass header.d=etnic.test; dmarc=pass header.from=etnic.test"


@pytest.fixture
def told(desk: Desk) -> Desk:
    """Jean has asked for help and Anne has her notification."""
    desk.configure(security={"trusted_authserv_ids": ["mx.etnic.test"]})
    desk.receive(mail("m1@ecole.test"))
    desk.once()
    return desk


def notification(desk: Desk) -> EmailMessage:
    """What Anne got."""
    return desk.letters(ANNE)[0]


def words(letter: EmailMessage) -> str:
    """The plain text of a letter."""
    part = letter.get_body(("plain",))
    return part.get_content().replace("\u00a0", " ") if part else ""


def order(body: str, *, subject: str = "Re: [ETNIC-1001] Imprimante en panne", **headers: Any) -> bytes:
    """A mail from Anne's address in answer to Jean's: no token of ours is in it."""
    parent: dict[str, Any] = {"In_Reply_To": "<m1@ecole.test>"}
    return mail("order@etnic.test", sender=f"Anne <{ANNE}>", subject=subject, body=body, **parent, **headers)


def is_taken(desk: Desk) -> bool:
    """Whether ETNIC-1001 was taken in charge."""
    (ticket,) = desk.tickets()
    return ticket.status is Status.TAKEN and ticket.assignee == ANNE and ticket.due_at is None


@pytest.mark.parametrize("command", ["#prendre", "#Prendre", "#TAKE", "#prends", "\n\n#prise-en-charge\n"])
def test_a_command_in_reply_to_the_notification_is_run_and_answered(told: Desk, command: str) -> None:
    """French, English, whatever the case."""
    told.receive(reply("r@etnic.test", notification(told), f"{command}\n", sender=f"Anne <{ANNE}>"))
    told.once()
    assert is_taken(told)
    assert "ETNIC-1001 est pris en charge par Anne" in words(told.letters(ANNE)[-1])
    assert len(told.letters("jean@ecole.test")) == 1


def test_text_below_a_command_goes_to_the_requester(told: Desk) -> None:
    """Without the command, from the desk's address, once it can no longer be stopped."""
    told.receive(reply("r@etnic.test", notification(told), "#prendre\n\nJe passe demain.\n", sender=ANNE))
    told.once()
    assert is_taken(told)
    assert len(told.letters("jean@ecole.test")) == 1
    told.later(minutes=2)
    told.once()
    (_, relayed) = told.letters("jean@ecole.test")
    assert "Je passe demain." in words(relayed)
    assert "#prendre" not in str(relayed)
    assert str(relayed["From"]) == "ETNIC Service Desk <support@etnic.test>"


def test_a_note_stays_with_the_desk(told: Desk) -> None:
    """It stops nothing and goes nowhere, and its author reads that."""
    told.receive(reply("r@etnic.test", notification(told), "#note\n\nClient difficile.\n", sender=ANNE))
    told.once()
    told.later(minutes=5)
    told.once()
    assert told.tickets()[0].due_at is not None
    assert "gardé comme note interne sur ETNIC-1001" in words(told.letters(ANNE)[-1])
    assert len(told.letters("jean@ecole.test")) == 1


def test_a_reply_is_the_desk_s_answer(told: Desk) -> None:
    """It takes the ticket in charge, and reaches the requester in his own thread."""
    told.receive(reply("r@etnic.test", notification(told), "Je regarde cela demain.\n", sender=ANNE))
    told.once()
    assert told.kinds(1001)[:2] == ["request", "relay"]
    assert is_taken(told)
    told.later(minutes=2)
    told.once()
    (_, relayed) = told.letters("jean@ecole.test")
    assert str(relayed["In-Reply-To"]) == "<m1@ecole.test>"
    assert "Je regarde cela demain." in words(relayed)
    assert ANNE not in str(relayed)
    assert relayed["Auto-Submitted"] is None


def test_an_unknown_command_runs_nothing_and_is_answered_once(told: Desk) -> None:
    """All or nothing, with the word that was probably meant."""
    told.receive(reply("r@etnic.test", notification(told), "#prendre\n#prandre\n", sender=ANNE))
    told.once()
    assert not is_taken(told)
    (answer,) = told.letters(ANNE)[1:]
    assert "#prandre : commande inconnue, rien n’a été exécuté ; vouliez-vous dire #prendre ?" in words(
        answer
    )
    told.once()
    assert len(told.letters(ANNE)) == 2


def test_help_lists_the_commands(told: Desk) -> None:
    """In the agent's language."""
    told.receive(reply("r@etnic.test", notification(told), "#aide\n", sender=ANNE))
    told.once()
    assert "#prendre / #take" in words(told.letters(ANNE)[-1])
    assert not is_taken(told)


def test_from_alone_proves_nothing(told: Desk) -> None:
    """Anybody can write an agent's address: nothing is run, the mail is kept, both sides are told."""
    told.receive(order("#prendre\n"))
    told.once()
    assert not is_taken(told)
    assert told.kinds(1001)[:2] == ["request", "note"]
    assert "nous n’avons pas pu vérifier" in words(told.letters(ANNE)[-1])
    assert len(told.letters(ADMIN)) == 1
    assert not told.letters("jean@ecole.test", "prendre")


def test_dmarc_pass_of_a_trusted_server_is_proof(told: Desk) -> None:
    """RFC 8601: the topmost header of a server that we know."""
    told.receive(order("#prendre\n", Authentication_Results=AUTH))
    told.once()
    assert is_taken(told)


@pytest.mark.parametrize(
    "results",
    [
        AUTH.replace("mx.etnic.test", "mx.forger.test"),
        "mx.etnic.test; spf=pass smtp.mailfrom=etnic.test; dkim=pass header.d=forger.test",
        "mx.etnic.test; dmarc=pass header.from=forger.test",
        "mx.etnic.test; dmarc=none header.from=etnic.test",
        "mx.etnic.test.forger.test; dmarc=pass header.from=etnic.test",
        "dmarc=pass",
        "mx.etnic.test; dmarc=(pass",
    ],
    ids=["untrusted server", "no dmarc", "another domain", "none", "look-alike", "no server", "malformed"],
)
def test_other_results_prove_nothing(told: Desk, results: str) -> None:
    """Of an untrusted server, of another domain, or without a verdict."""
    told.receive(order("#prendre\n", Authentication_Results=results))
    told.once()
    assert not is_taken(told)


def test_a_forged_header_below_the_real_one_is_not_read(told: Desk) -> None:
    """The forger's own header stands below the one that our server put on top."""
    mine, forged = "mx.etnic.test; dmarc=fail header.from=etnic.test", AUTH
    content = order("#prendre\n", Authentication_Results=forged)
    told.receive(f"Authentication-Results: {mine}\r\n".encode() + content)
    told.once()
    assert not is_taken(told)
    # dmarc=fail: the address is not Anne's doing, and she is not written to.
    assert len(told.letters(ANNE)) == 1
    assert len(told.letters(ADMIN)) == 1


def test_a_forged_header_above_the_real_one_is_not_read(told: Desk) -> None:
    """Of a server that we do not know, whatever it says and wherever it stands; ours says what it found."""
    ours, forged = "mx.etnic.test; dmarc=fail header.from=etnic.test", AUTH.replace("mx.", "mx.forger.")
    content = order("#prendre\n", Authentication_Results=ours)
    told.receive(f"Authentication-Results: {forged}\r\n".encode() + content)
    told.once()
    assert not is_taken(told)


@pytest.mark.parametrize(("internal", "obeyed"), [("Internal", True), ("Anonymous", False)])
def test_exchange_s_word_is_proof_where_the_operator_takes_it(
    told: Desk, internal: str, obeyed: bool
) -> None:
    """Exchange strips this header from mail of outside; a mail by the SMTP door never met it (test_lmtp)."""
    told.configure(security={"proof": ["token", "m365"]})
    told.receive(order("#prendre\n", X_MS_Exchange_Organization_AuthAs=internal))
    told.once()
    assert is_taken(told) is obeyed


def test_the_number_in_the_subject_is_enough_for_a_proven_agent(told: Desk) -> None:
    """He takes part in every ticket: his words go where a reply to the notification would take them."""
    told.receive(
        mail("s@etnic.test", sender=f"Anne <{ANNE}>", subject="[ETNIC-1001] Imprimante en panne",
             body="#prendre\n\nJ'arrive.\n", Authentication_Results=AUTH)
    )  # fmt: skip
    told.once()
    assert is_taken(told)
    told.later(minutes=3)
    told.once()
    assert "J'arrive." in words(told.letters("jean@ecole.test")[-1])


def test_two_agents_answer_the_same_mail(told: Desk) -> None:
    """The second is told before his answer leaves, and has time to stop it."""
    told.configure(agent=[{"name": "Anne", "address": ANNE}, {"name": "Bob", "address": "bob@etnic.test"}])
    told.receive(mail("m2@ecole.test", subject="VPN coupé"))
    told.once()
    first, second = told.letters(ANNE, "1002")[0], told.letters("bob@etnic.test", "1002")[0]
    told.receive(reply("a@etnic.test", first, "Redémarrez le poste.\n", sender=f"Anne <{ANNE}>"))
    told.once()
    told.later(minutes=1)
    told.receive(reply("b@etnic.test", second, "Changez le câble.\n", sender="Bob <bob@etnic.test>"))
    told.once()
    assert "Anne a déjà répondu" in words(told.letters("bob@etnic.test")[-1])
    told.later(minutes=3)
    told.once()
    sent = [words(letter) for letter in told.letters("jean@ecole.test", "1002")]
    assert any("Redémarrez le poste." in text for text in sent)
    assert not any("Changez le câble." in text for text in sent)
    told.later(minutes=3)
    told.once()
    assert "Changez le câble." in words(told.letters("jean@ecole.test", "1002")[-1])
    assert told.tickets()[-1].assignee == ANNE


def test_a_colleague_has_answered_outside(told: Desk) -> None:
    """From his own mailbox, with the desk in copy: whoever answers then is told, too."""
    told.configure(agent=[{"name": "Anne", "address": ANNE}, {"name": "Bob", "address": "bob@etnic.test"}])
    told.receive(
        mail("o@etnic.test", sender="Bob <bob@etnic.test>", to="jean@ecole.test", Cc="support@etnic.test",
             subject="Re: Imprimante en panne", body="C'est réparé.\n", References=quoted("m1@ecole.test"),
             Authentication_Results=AUTH)
    )  # fmt: skip
    told.once()
    told.later(minutes=1)
    told.receive(reply("a@etnic.test", notification(told), "Je regarde.\n", sender=f"Anne <{ANNE}>"))
    told.once()
    assert "Bob a déjà répondu" in words(told.letters(ANNE)[-1])


def test_the_watchers_hear_the_answer_and_see_each_other(told: Desk) -> None:
    """One letter each, in one conversation: a reply to all reaches them without the desk's help."""
    told.receive(mail("m3@ecole.test", subject="Salle 12", Cc="Marie <marie@ecole.test>"))
    told.once()
    told.receive(reply("a@etnic.test", told.letters(ANNE, "1002")[0], "C'est réparé.\n", sender=ANNE))
    told.once()
    told.later(minutes=3)
    told.once()
    for address in ("jean@ecole.test", "marie@ecole.test"):
        letter = told.letters(address, "1002")[-1]
        assert "C'est réparé." in words(letter)
        assert "jean@ecole.test" in str(letter["To"])
        assert "marie@ecole.test" in str(letter["Cc"])


def test_the_token_of_another_agent_is_no_proof(told: Desk) -> None:
    """A forwarded notification lets its reader add to the thread, and no more."""
    told.configure(agent=[{"name": "Anne", "address": ANNE}, {"name": "Bob", "address": "bob@etnic.test"}])
    told.receive(reply("b@etnic.test", notification(told), "#prendre\n", sender="Bob <bob@etnic.test>"))
    told.once()
    assert told.tickets()[0].status is Status.NEW


def test_the_requester_s_receipt_gives_no_power(told: Desk) -> None:
    """Jean cannot take his own ticket in charge, nor can somebody who writes as Anne with Jean's receipt."""
    (receipt,) = told.letters("jean@ecole.test")
    told.receive(reply("j@ecole.test", receipt, "#prendre\n"))
    told.receive(reply("f@ecole.test", receipt, "#prendre\n", sender=f"Anne <{ANNE}>"))
    told.once()
    assert told.tickets()[0].assignee == ""
    assert told.why("j@ecole.test").ticket == 1001


def test_an_agent_who_answers_the_requester_in_copy_has_acted(told: Desk) -> None:
    """Proven, with Jean among the recipients: an answer given outside maild."""
    told.receive(
        mail("direct@etnic.test", sender=f"Anne <{ANNE}>", to="jean@ecole.test", Cc="support@etnic.test",
             subject="Re: Imprimante en panne", body="Bonjour, j'arrive.\n",
             References=quoted("m1@ecole.test"), Authentication_Results=AUTH)
    )  # fmt: skip
    told.once()
    (ticket,) = told.tickets()
    assert (ticket.due_at, ticket.status, ticket.assignee) == (None, Status.TAKEN, ANNE)
    assert "outside_answer" in told.kinds(1001)


def test_an_unproven_answer_to_the_requester_stops_no_clock(told: Desk) -> None:
    """It may be a forgery that wants the ticket forgotten."""
    told.receive(
        mail("direct@etnic.test", sender=f"Anne <{ANNE}>", to="jean@ecole.test", Cc="support@etnic.test",
             subject="Re: Imprimante en panne", References=quoted("m1@ecole.test"))
    )  # fmt: skip
    told.once()
    assert told.tickets()[0].due_at is not None


def test_an_agent_who_needs_help_is_a_requester_like_any_other(told: Desk) -> None:
    """A new mail of hers opens a ticket, and she gets her receipt."""
    told.receive(mail("own@etnic.test", sender=f"Anne <{ANNE}>", subject="Mon écran clignote"))
    told.once()
    assert len(told.tickets()) == 2
    assert told.letters(ANNE, "Re: [ETNIC-1002]")


def test_a_command_for_a_ticket_that_is_over_changes_nothing(told: Desk) -> None:
    """And says so."""
    from storage import database
    from storage.store import Store

    opened = database.open_database(told.config().state.database)
    with Store(database=opened).write() as tx:
        tx.change_ticket(1001, status=Status.RESOLVED.value)
    opened.close()
    told.receive(reply("r@etnic.test", notification(told), "#prendre\n", sender=ANNE))
    told.once()
    assert told.tickets()[0].status is Status.RESOLVED
    assert "rien n’a changé" in words(told.letters(ANNE)[-1])


def test_a_team_with_an_address_gets_one_mail(desk: Desk) -> None:
    """Instead of one an agent."""
    desk.configure(team=[{"name": "desk", "address": "equipe@etnic.test"}])
    desk.receive(mail("m1@ecole.test"))
    desk.once()
    assert len(desk.letters("equipe@etnic.test")) == 1
    assert not desk.letters(ANNE)


def test_an_absent_agent_is_not_written_to(desk: Desk) -> None:
    """While somebody else of the team is there."""
    away = {"name": "Anne", "address": ANNE, "away": ["2024-11-20/2024-11-30"]}
    desk.configure(agent=[away, {"name": "Bob", "address": "bob@etnic.test"}])
    desk.receive(mail("m1@ecole.test"))
    desk.once()
    assert not desk.letters(ANNE)
    assert len(desk.letters("bob@etnic.test")) == 1


def test_rules_send_a_request_to_its_team(desk: Desk) -> None:
    """With a category, whose own limit counts."""
    desk.configure(
        agent=[
            {"name": "Anne", "address": ANNE},
            {"name": "Rita", "address": "rita@etnic.test", "teams": ["réseau"]},
        ],
        category=[{"name": "incident", "limit": "4h"}],
        rule=[{"match": {"subject": "VPN"}, "team": "réseau", "category": "incident"}],
    )
    desk.receive(mail("m1@ecole.test", subject="Le vpn ne marche plus"))
    desk.once()
    (ticket,) = desk.tickets()
    assert (ticket.team, ticket.category) == ("réseau", "incident")
    assert ticket.due_at is not None
    assert (ticket.due_at - ticket.arrived_at).total_seconds() == 4 * 3600
    assert len(desk.letters("rita@etnic.test")) == 1
    assert not desk.letters(ANNE)
