"""Threads that agents repair by replying, and what both tickets tell of it (DESIGN section 6)."""

import json
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest

from maild import cli
from storage.records import Status
from tests.scenarios.desk import ANNE, DESK, MONDAY, Desk, mail, reply

DAY = timedelta(days=1)
BRUNO = "bruno@etnic.test"
AUTH = "mx.etnic.test; dmarc=pass header.from=etnic.test"


def twice(desk: Desk) -> None:
    """Jean has asked twice for the same, an hour apart: ETNIC-1001 and ETNIC-1002."""
    desk.receive(mail("m1@ecole.test", Cc="Luc <luc@ecole.test>"))
    desk.once()
    desk.later(hours=1)
    desk.receive(mail("m2@ecole.test", subject="Toujours en panne", Cc="Zoe <zoe@ecole.test>", at=desk.now))
    desk.once()


def words(letter: EmailMessage) -> str:
    """The plain text of a letter."""
    part = letter.get_body(("plain",))
    return part.get_content().replace("\u00a0", " ") if part else ""


def orders(desk: Desk, name: str, number: int, body: str, **headers: Any) -> str:
    """Anne answers the notification of a ticket; what she is answered."""
    about = next(one for one in desk.letters(ANNE) if f"ETNIC-{number}]" in str(one["Subject"]))
    desk.receive(reply(f"{name}@etnic.test", about, body, sender=f"Anne <{ANNE}>", at=desk.now, **headers))
    desk.once()
    return words(desk.letters(ANNE)[-1])


def told(desk: Desk, number: int, kind: str) -> dict[str, Any]:
    """What the story of a ticket says of the one event of a kind."""
    (event,) = [one for one in desk.story(number) if one.kind == kind]
    detail: dict[str, Any] = json.loads(event.detail)
    return detail


def reconciles(desk: Desk) -> bool:
    """Mailbox and ledger agree."""
    return cli.answer(["reconcile", "--config", str(desk.file)]) == 0


# --- merging ------------------------------------------------------------------------------------------------


def test_two_tickets_become_one(any_desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """The clocks count for the survivor, all later mail lands there, and both stories tell it."""
    desk = any_desk
    twice(desk)
    said = orders(desk, "o1", 1002, "#fusionner 1001\n")
    assert "ETNIC-1002 est fusionné dans ETNIC-1001, qui continue pour les deux" in said
    survivor, merged = desk.tickets()
    assert (merged.status, merged.merged_into, merged.due_at) == (Status.MERGED, 1001, None)
    assert (survivor.status, survivor.due_at) == (Status.NEW, MONDAY + DAY)
    assert told(desk, 1002, "merged") == {"into": 1001}
    absorbed = told(desk, 1001, "absorbed")
    assert (absorbed["ticket"], absorbed["people"]) == (1002, ["zoe@ecole.test"])
    receipt = desk.letters("jean@ecole.test")[1]
    desk.receive(
        reply("later1@ecole.test", receipt, "Et maintenant ?\n", at=desk.now),
        mail("later2@ecole.test", subject="Re: Toujours en panne", In_Reply_To="<m2@ecole.test>"),
    )
    desk.once()
    assert desk.number_of("later1@ecole.test") == desk.number_of("later2@ecole.test") == 1001
    assert cli.answer(["tickets", "--json", "--config", str(desk.file)]) == 0
    shown = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["status"], one["merged_into"]) for one in shown] == [("new", None), ("merged", 1001)]
    assert reconciles(desk)


def test_an_act_on_the_survivor_stops_the_clocks_of_both(any_desk: Desk) -> None:
    """The later one too, whose mail lies on the ticket that was merged."""
    twice(any_desk)
    orders(any_desk, "o1", 1001, "#merge 1002\n")
    assert [one.due_at for one in any_desk.tickets()] == [None, MONDAY + DAY]
    orders(any_desk, "o2", 1002, "#prendre\n")
    assert [one.due_at for one in any_desk.tickets()] == [None, None]
    assert any_desk.rows("SELECT count(*) FROM clock WHERE stopped_at IS NULL")[0][0] == 0
    # What the ended ticket sent still leads to the one that goes on.
    assert any_desk.why("o2@etnic.test").ticket == 1002
    any_desk.later(minutes=1)
    orders(any_desk, "o3", 1001, "#note\n\nVu.\n")
    assert any_desk.why("o3@etnic.test").ticket == 1002


def test_words_below_a_merge_answer_the_ticket_that_ends(desk: Desk) -> None:
    """They reach the requester, and stop its clock; the other's runs on."""
    twice(desk)
    orders(desk, "o1", 1002, "#fusionner 1001\n\nJe regarde les deux ensemble.\n")
    survivor, merged = desk.tickets()
    assert (merged.status, survivor.due_at) == (Status.MERGED, MONDAY + DAY)
    assert desk.rows("SELECT count(*) FROM clock WHERE stopped_at IS NULL")[0][0] == 1
    desk.later(minutes=5)
    desk.once()
    assert "Je regarde les deux ensemble." in words(desk.letters("jean@ecole.test")[-1])


@pytest.mark.parametrize("order", ["#fusionner 1001", "#fusionner 1003", "#fusionner 999", "#lier 999"])
def test_what_cannot_be_repaired_changes_nothing(desk: Desk, order: str) -> None:
    """With itself, across requesters, with nothing: one line, and every ticket as it was."""
    twice(desk)
    desk.receive(mail("m3@ailleurs.test", sender="Marc <marc@ailleurs.test>", subject="Badge", at=desk.now))
    desk.once()
    before = desk.standing()
    said = orders(desk, "o1", 1001, f"{order}\n")
    assert "rien n’a changé" in said
    assert desk.standing() == before
    assert len(desk.letters(ANNE)) == 4
    assert reconciles(desk)


def test_an_answer_on_the_survivor_knows_the_mails_of_both(any_desk: Desk) -> None:
    """It goes with the last of them, and what lies on the ticket that ended can still be split off."""
    desk = any_desk
    twice(desk)
    desk.receive(
        mail(
            "m3@ecole.test", sender="zoe@ecole.test", subject="Re: Toujours en panne", at=desk.now,
            In_Reply_To="<m2@ecole.test>", body="Moi, c'est mon badge.\n",
        )
    )  # fmt: skip
    desk.once()
    orders(desk, "o1", 1002, "#fusionner 1001\n")
    desk.later(minutes=1)
    orders(desk, "o2", 1001, "Je regarde les deux.\n")
    desk.later(minutes=3)
    desk.once()
    answer = desk.letters("jean@ecole.test")[-1]
    assert str(answer["In-Reply-To"]) == "<m3@ecole.test>"
    assert "<m1@ecole.test>" in str(answer["References"])
    mail_id = desk.rows("SELECT mail_id FROM message WHERE message_id = 'm3@ecole.test'")[0][0]
    assert "est maintenant ETNIC-1003" in orders(desk, "o3", 1001, f"#détacher {mail_id}\n")
    later = mail(
        "m4@ecole.test", sender="zoe@ecole.test", subject="Re: Toujours en panne", at=desk.now,
        In_Reply_To="<m3@ecole.test>",
    )  # fmt: skip
    desk.receive(later)
    desk.once()
    assert desk.number_of("m4@ecole.test") == 1003
    assert reconciles(desk)


# --- linking ------------------------------------------------------------------------------------------------


def test_two_tickets_know_of_each_other(any_desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Both ways, told once however often it is ordered."""
    twice(any_desk)
    assert "ETNIC-1001 est lié à ETNIC-1002" in orders(any_desk, "o1", 1001, "#lier 1002\n")
    assert "ETNIC-1002 est lié à ETNIC-1001" in orders(any_desk, "o2", 1002, "#link 1001\n")
    assert (told(any_desk, 1001, "linked"), told(any_desk, 1002, "linked")) == (
        {"other": 1002},
        {"other": 1001},
    )
    assert cli.answer(["tickets", "--json", "--config", str(any_desk.file)]) == 0
    shown = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["linked"] for one in shown] == [[1002], [1001]]
    assert reconciles(any_desk)


# --- splitting ----------------------------------------------------------------------------------------------


def drifted(desk: Desk) -> str:
    """Luc, who was in copy of Jean's mail, has replied with a matter of his own; the mail id of his."""
    desk.receive(mail("m1@ecole.test", Cc="Luc <luc@ecole.test>"))
    desk.once()
    desk.later(hours=1)
    body = mail(
        "m2@ecole.test", sender="Luc <luc@ecole.test>", subject="Re: Imprimante en panne", at=desk.now,
        body="Au fait, mon badge ne marche plus.\n", In_Reply_To="<m1@ecole.test>",
    )  # fmt: skip
    desk.receive(body)
    desk.once()
    return str(desk.rows("SELECT mail_id FROM message WHERE message_id = 'm2@ecole.test'")[0][0])


def test_a_mail_gets_a_ticket_of_its_own(any_desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """With its author, its clock and what is answered to it; nobody is told but whoever split it off."""
    desk = any_desk
    mail_id = drifted(desk)
    later = desk.letters(ANNE)[-1]
    letters = len(desk.sent())
    desk.receive(reply("o1@etnic.test", later, "#détacher\n", sender=ANNE, at=desk.now))
    desk.once()
    said = words(desk.letters(ANNE)[-1])
    assert "le message de luc@ecole.test est maintenant ETNIC-1002, lié à ETNIC-1001" in said
    assert len(desk.sent()) == letters + 1
    old, new = desk.tickets()
    assert (old.due_at, old.requester_address) == (MONDAY + DAY, "jean@ecole.test")
    assert (new.requester_address, new.subject, new.status) == (
        "luc@ecole.test",
        "Imprimante en panne",
        Status.NEW,
    )
    assert (new.arrived_at, new.due_at) == (desk.now, desk.now + DAY)
    assert (desk.kinds(1001)[:2], desk.kinds(1002)) == (["request", "command"], ["request"])
    assert desk.links(1002) == {1001}
    assert (told(desk, 1001, "split"), told(desk, 1002, "opened")["mail"]) == (
        {"into": 1002, "mail": mail_id},
        mail_id,
    )
    assert desk.why("m2@ecole.test").reason == "split"
    assert reconciles(desk)
    capsys.readouterr()
    # His next mail, and the answer to the notification about the one that was split off, follow it.
    desk.receive(
        mail(
            "m3@ecole.test", sender="luc@ecole.test", subject="Re: Imprimante en panne", at=desk.now,
            In_Reply_To="<m2@ecole.test>", References="<m1@ecole.test> <m2@ecole.test>",
        ),
        reply("o2@etnic.test", later, "Votre badge est réactivé.\n", sender=ANNE, at=desk.now),
    )  # fmt: skip
    desk.once()
    desk.later(minutes=5)
    desk.once()
    assert desk.number_of("m3@ecole.test") == desk.number_of("o2@etnic.test") == 1002
    (answer,) = [one for one in desk.letters("luc@ecole.test") if "badge est réactivé" in words(one)]
    assert str(answer["Subject"]) == "Re: [ETNIC-1002] Imprimante en panne"
    assert not any("badge" in words(one) for one in desk.letters("jean@ecole.test"))
    assert "ne s’annule pas" in orders(desk, "u1", 1001, "#annuler\n")


def test_what_was_acted_on_stays_taken(desk: Desk) -> None:
    """The clock that stood still stands still; whoever had it has it."""
    mail_id = drifted(desk)
    orders(desk, "o1", 1001, "#prendre\n")
    desk.later(minutes=10)
    orders(desk, "o2", 1001, f"#détacher {mail_id}\n")
    old, new = desk.tickets()
    assert (new.status, new.assignee, new.taken_at, new.due_at) == (Status.TAKEN, ANNE, old.taken_at, None)
    assert desk.rows("SELECT count(*) FROM clock WHERE stopped_at IS NULL")[0][0] == 0


def test_the_mail_that_opened_a_ticket_stays(desk: Desk) -> None:
    """The refusal names one that could be split off."""
    mail_id = drifted(desk)
    before = desk.standing()
    said = orders(desk, "o1", 1001, "#détacher\n")
    assert "a commencé par ce message" in said
    assert f"#détacher {mail_id}" in said
    assert desk.standing() == before


# --- taking back --------------------------------------------------------------------------------------------


def test_the_last_change_is_taken_back_and_then_the_one_before(any_desk: Desk) -> None:
    """Columns, clocks and links are as they were; the colleague who was told hears of it."""
    desk = any_desk
    desk.configure(agent=[{"name": "Anne", "address": ANNE}, {"name": "Bruno", "address": BRUNO}])
    twice(desk)
    before = desk.standing()
    orders(desk, "o1", 1001, "#prendre\n")
    orders(desk, "o2", 1001, "#lier 1002\n#assigner bruno\n")
    assert desk.links(1001) == {1002}
    said = orders(desk, "u1", 1001, "#annuler\n")
    assert "#lier #assigner (lundi 25 novembre 2024 à 15 h 32) sur ETNIC-1001 est annulé." in said
    assert (desk.links(1001), desk.tickets()[0].assignee) == (set(), ANNE)
    assert "Anne est revenu sur ce dont nous vous avions averti" in words(desk.letters(BRUNO)[-1])
    assert "ETNIC-1001 est de nouveau « new »." in orders(desk, "u2", 1001, "#undo\n")
    assert desk.standing() == before
    assert "il n’y a rien à annuler" in orders(desk, "u3", 1001, "#annuler\n")
    assert reconciles(desk)


def test_an_answer_that_has_not_left_never_does(desk: Desk) -> None:
    """And the person who asked is waiting again."""
    twice(desk)
    orders(desk, "o1", 1001, "Je regarde cela demain.\n")
    assert desk.tickets()[0].due_at is None
    assert "la réponse" in orders(desk, "u1", 1001, "#annuler\n")
    assert (desk.tickets()[0].status, desk.tickets()[0].due_at) == (Status.NEW, MONDAY + DAY)
    desk.later(minutes=10)
    desk.once()
    assert not any("demain" in words(letter) for letter in desk.letters("jean@ecole.test"))


def test_what_has_left_the_house_stays(desk: Desk) -> None:
    """The refusal says what, to whom and when; so it is with an answer that was given outside."""
    desk.configure(security={"trusted_authserv_ids": ["mx.etnic.test"]})
    twice(desk)
    orders(desk, "o1", 1001, "Je regarde cela demain.\n")
    desk.later(minutes=3)
    desk.once()
    said = orders(desk, "u1", 1001, "#annuler\n")
    assert "ne s’annule plus, rien n’a changé" in said
    assert "jean@ecole.test (lundi 25 novembre 2024 à 15 h 35)" in said
    assert desk.tickets()[0].status is Status.TAKEN
    outside = mail(
        "out@etnic.test", sender=ANNE, to="jean@ecole.test", subject="Re: Toujours en panne", Cc=DESK,
        In_Reply_To="<m2@ecole.test>", Authentication_Results=AUTH, body="Je passe.\n", at=desk.now,
    )  # fmt: skip
    desk.receive(outside)
    desk.once()
    assert desk.tickets()[1].due_at is None
    assert "réponse donnée hors de maild" in orders(desk, "u2", 1002, "#annuler\n")
    assert desk.tickets()[1].due_at is None


def test_a_merge_is_taken_back_while_nothing_came_since(any_desk: Desk) -> None:
    """Each ticket has its own clock again; after a mail it is too late."""
    desk = any_desk
    twice(desk)
    before = desk.standing()
    orders(desk, "o1", 1002, "#fusionner 1001\n")
    assert "ETNIC-1002 est de nouveau un ticket à lui." in orders(desk, "u1", 1002, "#annuler\n")
    assert desk.standing() == before
    assert reconciles(desk)
    orders(desk, "o2", 1002, "#fusionner 1001\n")
    desk.later(minutes=1)
    desk.receive(mail("later@ecole.test", subject="Re: Toujours en panne", In_Reply_To="<m2@ecole.test>"))
    desk.once()
    assert "un message est arrivé depuis" in orders(desk, "u2", 1001, "#annuler\n")
    assert desk.tickets()[1].status is Status.MERGED


@pytest.mark.parametrize("body", ["#annuler tout", "#annuler\n\nMerci de patienter.", "#annuler\n#prendre"])
def test_taking_back_stands_alone(desk: Desk, body: str) -> None:
    """With a word of its own, with words for the requester, or beside another command, nothing happens."""
    twice(desk)
    orders(desk, "o1", 1001, "#prendre\n")
    before = desk.standing()
    assert "rien n’a" in orders(desk, "u1", 1001, f"{body}\n")
    assert desk.standing() == before
