"""Answers given outside maild: from the shared mailbox, or with the desk in copy (DESIGN section 6)."""

import json
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest

from storage.records import Status
from tests.scenarios.desk import ADMIN, ANNE, DESK, JEAN, Desk, mail, quoted, reply

AUTH = "mx.etnic.test; spf=pass; dkim=pass header.d=etnic.test; dmarc=pass header.from=etnic.test"
WORDS = "Bonjour,\n\nÉteignez-la puis rallumez-la, cela suffit d'habitude.\n\nLe Service Desk\n"


@pytest.fixture
def asked(desk: Desk) -> Desk:
    """Jean has asked for help, an hour ago; two agents know of it."""
    desk.configure(
        security={"trusted_authserv_ids": ["mx.etnic.test"]},
        agent=[{"name": "Anne", "address": ANNE}, {"name": "Bruno", "address": "bruno@etnic.test"}],
    )
    desk.receive(mail("m1@ecole.test"))
    desk.once()
    desk.later(hours=1)
    return desk


def answer(
    message_id: str = "out@etnic.test", *, to: str = JEAN, sender: str = DESK, **headers: Any
) -> bytes:
    """What somebody wrote to Jean in Outlook."""
    parent: dict[str, Any] = {"In_Reply_To": "<m1@ecole.test>", "References": quoted("m1@ecole.test")}
    values: dict[str, Any] = {"subject": "RE: Imprimante en panne", "body": WORDS}
    return mail(message_id, sender=sender, to=to, **(values | parent | headers))


def sent(desk: Desk, *contents: bytes, at: datetime | None = None) -> None:
    """They lie in the folder of sent mail, and maild makes a pass."""
    desk.receive(*contents, folder="Sent", at=at, flags=["\\Seen"])
    desk.once()


def stops(desk: Desk) -> list[tuple[datetime | None, str, bool]]:
    """When each clock was stopped, by whom, and whether that is only presumed."""
    rows = desk.rows("SELECT stopped_at, stopped_by, presumed FROM clock ORDER BY started_at, id")
    return [(_instant(row.stopped_at), row.stopped_by, bool(row.presumed)) for row in rows]


def _instant(value: Any) -> datetime | None:
    # SQLite tells a text, PostgreSQL an instant.
    return datetime.fromisoformat(f"{value}+00:00") if isinstance(value, str) else value


def is_untouched(desk: Desk) -> bool:
    """Nobody has acted on ETNIC-1001: its clock runs."""
    ticket = desk.tickets()[0]
    return ticket.status is Status.NEW and ticket.taken_at is None and [s[0] for s in stops(desk)] == [None]


def letters(desk: Desk) -> int:
    """How many letters ever left."""
    return len(desk.sink.letters)


# --- copies in Sent


def test_an_answer_that_names_only_an_ancestor_is_found(asked: Desk) -> None:
    """In-Reply-To is lost, or names what nobody here has seen; the ancestor may be anywhere."""
    sent(asked, answer(In_Reply_To="<unknown@etnic.test>", References=quoted("m1@ecole.test", "x@y.test")))
    assert "outside_answer" in asked.kinds(1001)
    assert [stop[:2] for stop in stops(asked)] == [(asked.now, DESK)]


def test_the_provider_s_own_id_of_our_receipt_leads_to_the_ticket(asked: Desk) -> None:
    """Exchange gives what it sends an id of its own: the copy in Sent, which our header signs, tells it."""
    (receipt,) = asked.letters("jean@ecole.test")
    copy = bytes(receipt).replace(str(receipt["Message-ID"]).encode(), b"<AM0PR07@eurprd07.test>")
    sent(asked, copy)
    assert "own_copy" in asked.kinds(1001)
    assert is_untouched(asked)
    about = f"RE: {receipt['Subject']}"
    sent(asked, answer(subject=about, In_Reply_To="<AM0PR07@eurprd07.test>", References=""))
    assert [stop[:2] for stop in stops(asked)] == [(asked.now, DESK)]
    asked.receive(mail("m2@ecole.test", subject=about, In_Reply_To="<AM0PR07@eurprd07.test>"))
    asked.once()
    assert asked.number_of("m2@ecole.test") == 1001


def test_a_copy_of_our_own_letters_is_no_act(asked: Desk) -> None:
    """All that left lies in Sent, as most providers put it there."""
    sent(asked, *(letter.content for letter in asked.sent()))
    assert is_untouched(asked)
    assert len(asked.tickets()) == 1
    assert not asked.faults()


@pytest.mark.parametrize("to", ["collegue@ailleurs.test", "bruno@etnic.test", DESK])
def test_a_mail_about_the_ticket_to_somebody_else_is_no_act(asked: Desk, to: str) -> None:
    """A colleague was asked, or told: Jean still waits. The ticket shows it."""
    sent(asked, answer(to=to))
    assert is_untouched(asked)
    assert "outside_answer" in asked.kinds(1001)


def test_a_forward_to_a_colleague_is_no_act(asked: Desk) -> None:
    """Nor is it one where Jean had put this colleague in copy himself."""
    asked.receive(mail("m2@ecole.test", subject="Re: Imprimante en panne", References=quoted("m1@ecole.test"),
                       Cc="bruno@etnic.test"))  # fmt: skip
    asked.once()
    forward = f"Tu peux regarder ?\n\n-----Message d'origine-----\nDe : {JEAN}\nObjet : x\n\nBonjour\n"
    sent(asked, answer(to="bruno@etnic.test", subject="TR: Imprimante en panne", body=forward))
    assert [stop[0] for stop in stops(asked)] == [None, None]
    assert asked.tickets()[0].status is Status.NEW


def test_an_agent_who_asked_for_help_himself_is_answered_like_anybody(desk: Desk) -> None:
    """He is an agent, and the requester of this ticket."""
    desk.receive(mail("m1@ecole.test", sender=f"Anne <{ANNE}>"))
    desk.once()
    desk.later(hours=1)
    sent(desk, answer(to=ANNE))
    assert [stop[:2] for stop in stops(desk)] == [(desk.now, DESK)]


def test_a_private_mail_in_sent_is_not_kept(asked: Desk) -> None:
    """It answers no ticket: its number is remembered, its words are not."""
    sent(
        asked, mail("private@etnic.test", sender=f"Anne <{ANNE}>", to="ami@ailleurs.test", subject="Samedi ?")
    )
    assert is_untouched(asked)
    assert len(asked.tickets()) == 1
    assert asked.rows("SELECT count(*) AS n FROM message WHERE message_id = 'private@etnic.test'")[0].n == 0
    assert asked.rows("SELECT count(*) AS n FROM sighting WHERE state = 'ignored'")[0].n == 1
    assert asked.rows("SELECT count(*) AS n FROM raw")[0].n == 1
    assert not [line for line in asked.log() if "Samedi" in json.dumps(line)]


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"X_Autoreply": "yes"},
        {"subject": "Réponse automatique : Imprimante en panne"},
        {"Content_Type": 'multipart/report; report-type=disposition-notification; boundary="b"',
         "body": "--b\nContent-Type: text/plain\n\nLu.\n--b\nContent-Type: message/disposition-notification"
                 "\n\nDisposition: manual-action/MDN-sent-manually; displayed\n--b--\n"},
    ],
)  # fmt: skip
def test_what_a_program_sent_in_the_desk_s_name_is_no_act(asked: Desk, headers: dict[str, Any]) -> None:
    """An absence notice or a confirmation of reading goes to Jean, and nobody has read what he wrote."""
    sent(asked, answer(**headers))
    assert is_untouched(asked)
    (notice,) = [m for m in asked.thread(1001) if m.message_id == "out@etnic.test"]
    assert notice.kind in ("auto_reply", "disposition_notice")
    assert notice.direction == "out"


def test_the_sent_folder_opens_no_ticket(asked: Desk) -> None:
    """Not even for what nobody can read: it was not sent to us."""
    sent(asked, b"\x00\x01", b"Return-Path: <>\r\nFrom: mailer-daemon@x.test\r\nSubject: Undelivered\r\n\r\n")
    assert len(asked.tickets()) == 1


# --- who has it, since when


def test_who_answered_has_the_ticket(asked: Desk) -> None:
    """Sent in her own name, or on behalf of the desk (RFC 5322 3.6.2)."""
    sent(asked, answer(Sender=f"Anne <{ANNE}>"))
    (ticket,) = asked.tickets()
    assert (ticket.status, ticket.assignee, ticket.taken_at) == (Status.TAKEN, ANNE, asked.now)
    assert stops(asked) == [(asked.now, ANNE, False)]


def test_who_has_the_ticket_keeps_it(asked: Desk) -> None:
    """A colleague who answers once does not take it away."""
    asked.receive(reply("t@etnic.test", notification(asked), "#prendre\n", sender=f"Anne <{ANNE}>"))
    asked.once()
    asked.later(hours=1)
    sent(asked, answer(sender="Bruno <bruno@etnic.test>"))
    assert asked.tickets()[0].assignee == ANNE


def notification(desk: Desk) -> EmailMessage:
    """What Anne got of the ticket."""
    return desk.letters(ANNE)[0]


def test_an_answer_older_than_the_last_mail_stops_only_what_it_answered(asked: Desk) -> None:
    """Both are found in one pass: Jean wrote again after the answer, and waits."""
    answered = asked.now - timedelta(minutes=30)
    asked.receive(
        mail("m2@ecole.test", subject="Re: Imprimante en panne", References=quoted("m1@ecole.test"))
    )
    sent(asked, answer(), at=answered)
    assert stops(asked) == [(answered, DESK, False), (None, "", False)]
    (ticket,) = asked.tickets()
    assert ticket.due_at == asked.now + timedelta(hours=24)
    assert ticket.taken_at == answered


def test_an_answer_found_after_a_command_is_the_first_act_all_the_same(asked: Desk) -> None:
    """The daemon was down: the inbox is read first, and the answer lay in Sent before."""
    answered = asked.now
    asked.later(hours=2)
    asked.receive(reply("t@etnic.test", notification(asked), "#prendre\n", sender=f"Anne <{ANNE}>"))
    sent(asked, answer(sender="Bruno <bruno@etnic.test>"), at=answered)
    assert stops(asked) == [(answered, "bruno@etnic.test", False)]
    (ticket,) = asked.tickets()
    assert (ticket.taken_at, ticket.assignee) == (answered, ANNE)


def test_a_presumed_answer_is_proven_when_it_is_found(asked: Desk) -> None:
    r"""\Answered was all there was; the copy gives clock and ticket the instant, and the name."""
    answered = asked.now - timedelta(minutes=20)
    asked.mailbox.mark(asked.mailbox.uids()[0], "\\Answered")
    asked.once()
    assert stops(asked) == [(asked.now, "", True)]
    asked.later(hours=2)
    sent(asked, answer(sender=f"Anne <{ANNE}>"), at=answered)
    assert stops(asked) == [(answered, ANNE, False)]
    (ticket,) = asked.tickets()
    assert (ticket.taken_at, ticket.assignee, ticket.status) == (answered, ANNE, Status.TAKEN)


def test_answered_on_one_mail_says_nothing_of_a_later_one(asked: Desk) -> None:
    r"""\Answered has no instant: Jean wrote again, perhaps after that answer, and waits. On the later mail
    it speaks for both."""
    asked.mailbox.mark(asked.mailbox.uids()[0], "\\Answered")
    asked.receive(
        mail("m2@ecole.test", subject="Re: Imprimante en panne", References=quoted("m1@ecole.test"))
    )
    asked.once()
    assert [stop[0] for stop in stops(asked)] == [asked.now, None]
    assert asked.tickets()[0].due_at == asked.now + timedelta(hours=24)
    asked.later(hours=1)
    asked.receive(
        mail("m3@ecole.test", subject="Re: Imprimante en panne", References=quoted("m1@ecole.test"))
    )
    asked.once()
    asked.later(hours=1)
    asked.mailbox.mark(asked.mailbox.uids()[-1], "\\Answered")
    asked.once()
    assert [stop[0] for stop in stops(asked)][1:] == [asked.now, asked.now]


# --- the desk in copy


def test_a_proven_copy_to_the_desk_counts(asked: Desk) -> None:
    """Anne answers from her own mailbox and has the desk in copy: on the ticket, and sent to nobody again."""
    before = letters(asked)
    asked.receive(answer(sender=f"Anne <{ANNE}>", Cc=DESK, Authentication_Results=AUTH))
    asked.once()
    assert stops(asked) == [(asked.now, ANNE, False)]
    assert asked.tickets()[0].assignee == ANNE
    assert "outside_answer" in asked.kinds(1001)
    assert letters(asked) == before


def test_a_proven_copy_in_the_desk_s_own_name_counts(asked: Desk) -> None:
    """Written in the shared mailbox with the desk in copy, which many mail programs do by themselves."""
    before = letters(asked)
    asked.receive(answer(Cc=DESK, Authentication_Results=AUTH))
    asked.once()
    assert stops(asked) == [(asked.now, DESK, False)]
    assert letters(asked) == before


def test_an_unproven_copy_in_the_desk_s_name_stops_nothing(asked: Desk) -> None:
    """Anybody can write the desk's address."""
    asked.receive(answer(Cc=DESK))
    asked.once()
    assert stops(asked)[0] == (None, "", False)


@pytest.mark.parametrize("sender", [DESK, f"Anne <{ANNE}>"])
@pytest.mark.parametrize("proof", [{}, {"Authentication_Results": AUTH}])
@pytest.mark.parametrize("apart", [0, 30])
def test_the_same_answer_twice_is_one_message_and_one_act(
    asked: Desk, sender: str, proof: dict[str, str], apart: int
) -> None:
    """A copy in Sent and one to the desk: what Sent shows needs no further proof."""
    first = asked.now
    asked.receive(answer(sender=sender, Cc=DESK, **proof))
    asked.once()
    asked.later(seconds=apart)
    sent(asked, answer(sender=sender, Cc=DESK), at=first)
    assert [m.kind for m in asked.thread(1001)].count("outside_answer") == 1
    assert [m.message_id for m in asked.thread(1001)].count("out@etnic.test") == 1
    assert {stop[0] for stop in stops(asked)} == {first}
    assert asked.tickets()[0].due_at is None
    assert len(asked.tickets()) == 1


def test_a_copy_changed_on_its_way_is_no_second_act(asked: Desk) -> None:
    """The provider adds a disclaimer to what leaves; the copy in Sent has none."""
    first = asked.now
    sent(asked, answer(sender=f"Anne <{ANNE}>", Cc=DESK))
    asked.later(minutes=1)
    asked.receive(answer(sender=f"Anne <{ANNE}>", Cc=DESK, body=f"{WORDS}\nCe mail est confidentiel.\n",
                         Authentication_Results=AUTH))  # fmt: skip
    asked.once()
    assert asked.kinds(1001).count("outside_answer") == asked.kinds(1001).count("copy") == 1
    assert stops(asked) == [(first, ANNE, False)]
    assert [e.kind for e in asked.story(1001)].count("clock_stopped") == 1


# --- and then


def test_the_conversation_goes_on_after_an_outside_answer(asked: Desk) -> None:
    """Jean answers what he got from Outlook: his mail is the next turn, and runs a clock of its own."""
    sent(asked, answer(Cc="eva@ecole.test", Sender=f"Anne <{ANNE}>"))
    asked.later(hours=1)
    asked.receive(mail("m2@ecole.test", subject="RE: Imprimante en panne", In_Reply_To="<out@etnic.test>"))
    asked.once()
    assert asked.number_of("m2@ecole.test") == 1001
    assert asked.tickets()[0].due_at == asked.now + timedelta(hours=24)
    assert len(asked.letters(ANNE)) == 2
    assert len(asked.letters("bruno@etnic.test")) == 1
    asked.receive(mail("e1@ecole.test", sender="Eva <eva@ecole.test>", subject="RE: Imprimante en panne",
                       In_Reply_To="<out@etnic.test>"))  # fmt: skip
    asked.once()
    assert asked.number_of("e1@ecole.test") == 1001
    assert not asked.letters(ADMIN)
