"""Which ticket a mail belongs to: each signal, and what beats it."""

from typing import Any

import pytest

from maild.decide import classify, threads
from maild.decide.threads import Belonging
from maild.decide.tokens import Purpose
from parsers.mail import ParsedMail
from storage.records import Status
from tests.maild.decide.cases import (
    ANNE,
    DESK,
    JEAN,
    NOON,
    OTHER_KEY,
    STRANGER,
    facts,
    mail,
    policy,
    references,
    state,
    token,
)

FORWARDED = "-------- Message transféré --------\nDe : Luc <luc@ecole.test>\nObjet : Imprimante\n\nBonjour,\n"


def placed(read: ParsedMail, *states: Any, desk: Any = None, **known: Any) -> Belonging:
    """Where a mail belongs, on a desk that has these tickets (by default Jean's)."""
    desk = desk or policy()
    world = facts(*(states or (state(),)), **known)
    kind, _ = classify.kind_of(read, world, desk)
    return threads.belonging(read, kind, threads.clues(read, desk), world, desk)


def why(belonging: Belonging, signal: str) -> str:
    """What one signal said."""
    return next(v.why for v in belonging.verdicts if v.signal == signal)


@pytest.mark.parametrize(
    "headers",
    [
        {"In_Reply_To": f"<{token()}@etnic.test>"},
        {"References": f"<x@ecole.test> <{token()}@etnic.test> <y@ecole.test>"},
        {"In_Reply_To": f"<{token().upper()}@ETNIC.TEST>"},
        {"to": f"support+{token()}@etnic.test"},
        {"Cc": f"Support <helpdesk+{token()}@etnic.test>"},
        {"Delivered_To": f"support+{token()}@etnic.test"},
    ],
    ids=["in-reply-to", "references", "upper case", "to", "cc of the alias", "delivered-to"],
)
@pytest.mark.parametrize("sender", [JEAN, STRANGER])
def test_a_token_of_ours_brings_anybody_home(headers: dict[str, str], sender: str) -> None:
    """Possession lets him add to the thread, and discloses nothing."""
    found = placed(mail(sender=sender, **headers))
    assert (found.ticket, found.winner) == (1001, "token")


def test_a_token_in_another_s_plus_address_is_nobody_s() -> None:
    """The desk's own addresses carry ours."""
    assert placed(mail(to=f"else+{token()}@etnic.test")).ticket is None


def test_the_answer_to_an_invitation_comes_home_by_its_uid() -> None:
    """RFC 5545: a reply carries the UID of what it answers."""
    lines = "BEGIN:VCALENDAR METHOD:REPLY BEGIN:VEVENT UID:{}@etnic.test END:VEVENT END:VCALENDAR".split()
    body = "\r\n".join(lines).format(token())
    found = placed(mail(body, Content_Type="text/calendar; method=REPLY; charset=utf-8"))
    assert (found.ticket, found.winner) == (1001, "token")


@pytest.mark.parametrize("method", ["REPLY", "COUNTER", "REFRESH"])
@pytest.mark.parametrize("sender", [JEAN, STRANGER])
@pytest.mark.parametrize(
    "subject",
    [
        "Accepté : Passage d’un technicien",
        "Accepted: Passage d’un technicien @ mar. 24 nov. 2026 14:00 - 15:00 (CET)",
        "Refusé : Passage d’un technicien",
        "Zugesagt: Passage d’un technicien",
        "",
    ],
)
def test_the_answer_to_an_invitation_has_the_invitation_s_subject(
    subject: str, sender: str, method: str
) -> None:
    """Outlook and Gmail name no mail that they answer, and the ticket is called otherwise."""
    lines = f"BEGIN:VCALENDAR METHOD:{method} BEGIN:VEVENT UID:{token()}@etnic.test END:VEVENT END:VCALENDAR"
    body, kind = "\r\n".join(lines.split()), f"text/calendar; method={method}; charset=utf-8"
    found = placed(mail(body, sender=sender, subject=subject, Content_Type=kind))
    assert (found.ticket, found.winner) == (1001, "token")


def test_the_answer_to_another_s_invitation_is_a_new_matter() -> None:
    """Whoever made that UID."""
    lines = "BEGIN:VCALENDAR METHOD:REPLY BEGIN:VEVENT UID:1@ecole.test END:VEVENT END:VCALENDAR".split()
    found = placed(mail("\r\n".join(lines), Content_Type="text/calendar; method=REPLY"))
    assert found.ticket is None


def test_a_token_of_a_ticket_that_is_gone_says_so() -> None:
    """After a restore of an older backup."""
    found = placed(mail(In_Reply_To=f"<{token(key=OTHER_KEY)}@etnic.test>"))
    assert found.ticket is None
    assert why(found, "token") == "a signed token of a ticket not known here"


@pytest.mark.parametrize(
    ("headers", "ticket"),
    [
        ({"In_Reply_To": "<a@ecole.test>"}, 1001),
        ({"References": "<a@ecole.test>"}, 1001),
        ({"References": "<a@ecole.test> <b@ecole.test>"}, 1002),
        ({"In_Reply_To": "<a@ecole.test>", "References": "<a@ecole.test> <b@ecole.test>"}, 1001),
        ({"In_Reply_To": "<z@ecole.test>", "References": "<a@ecole.test>"}, 1001),
        ({"message_id": "a@ecole.test"}, 1001),
        ({"References": "<z@ecole.test>"}, None),
        ({}, None),
    ],
    ids=[
        "parent",
        "root",
        "newest first",
        "parent first",
        "parent unknown",
        "quoted before",
        "unknown",
        "none",
    ],
)
def test_references_are_tried_nearest_first(headers: dict[str, str], ticket: int | None) -> None:
    """In-Reply-To, then References from the newest; then whether somebody quoted this very mail."""
    known = references(a=1001, b=1002)
    assert placed(mail(**headers), state(), state(1002), by_reference=known).ticket == ticket


def test_a_mail_whose_id_was_used_before_is_not_threaded_by_it() -> None:
    """Scanners and forgers reuse ids."""
    from storage.records import Twin

    twin = Twin(id=1, ticket_id=1001, message_id="a@ecole.test", digest="x", sender_address="x", sent_at=NOON,
                kind="request")  # fmt: skip
    found = placed(mail(message_id="a@ecole.test"), by_reference=references(a=1001), twins=(twin,))
    assert found.ticket is None


@pytest.mark.parametrize(
    ("headers", "signal"),
    [
        ({"In_Reply_To": "<a@ecole.test>"}, "references"),
        ({"subject": "Re: [ETNIC-1001] Imprimante"}, "subject"),
        ({"body": f"Et moi ?\n\n> ##- Répondez au-dessus de cette ligne -## (m:{token()})\n> x\n"}, "marker"),
    ],
    ids=["references", "subject", "marker"],
)
def test_a_stranger_is_shown_nothing(headers: dict[str, str], signal: str) -> None:
    """What brings a participant home gives him a ticket of his own, linked."""
    known = {"by_reference": references(a=1001)}
    inside = placed(mail(**headers), **known)
    assert (inside.ticket, inside.winner) == (1001, signal)
    outside = placed(mail(sender=STRANGER, **headers), **known)
    assert (outside.ticket, outside.links, outside.winner) == (None, (1001,), "stranger")
    assert why(outside, signal).endswith("but the sender takes no part in it")


def test_a_reply_all_among_participants_brings_a_newcomer_in() -> None:
    """By references; the number in a subject is no such proof."""
    known = {"by_reference": references(a=1001)}
    to = f"{JEAN}, {DESK}"
    assert placed(mail(sender=STRANGER, to=to, In_Reply_To="<a@ecole.test>"), **known).ticket == 1001
    assert placed(mail(sender=STRANGER, to=to, subject="[ETNIC-1001] Imprimante"), **known).ticket is None


def test_an_agent_is_no_stranger_to_a_thread() -> None:
    """She answers mails that she was never in."""
    found = placed(mail(sender=ANNE, In_Reply_To="<a@ecole.test>"), by_reference=references(a=1001))
    assert found.ticket == 1001


def test_the_words_of_a_subject_say_nothing() -> None:
    """Not even all of them."""
    assert placed(mail(subject="Imprimante")).ticket is None


def test_the_number_of_a_ticket_that_does_not_exist() -> None:
    """Is a new matter, without link."""
    found = placed(mail(subject="[ETNIC-4711] Imprimante"))
    assert (found.ticket, found.links, found.winner) == (None, (), "new")


@pytest.mark.parametrize(
    ("headers", "winner"),
    [
        ({"subject": "TR: Imprimante", "body": FORWARDED, "In_Reply_To": "<a@ecole.test>"}, "forward"),
        ({"subject": "Commande de toner", "In_Reply_To": "<a@ecole.test>"}, "other_subject"),
        ({"subject": "Commande de toner", "In_Reply_To": f"<{token()}@etnic.test>"}, "other_subject"),
        ({"subject": "Badge perdu", "to": f"support+{token()}@etnic.test"}, "autocompleted"),
    ],
    ids=["forward", "other subject", "other subject with token", "autocompleted address"],
)
def test_what_beats_every_signal(headers: dict[str, str], winner: str) -> None:
    """A new ticket, linked with the old one."""
    found = placed(mail(**headers), by_reference=references(a=1001))
    assert (found.ticket, found.links, found.winner) == (None, (1001,), winner)
    assert found.verdicts[0].signal == winner


@pytest.mark.parametrize(
    "subject",
    [
        "",
        "RE: Imprimante",
        "AW: [EXTERNAL] Imprimante",
        "Re: [ETNIC-1001] Tout autre chose",
        "Sv: imprimante ",
    ],
)
def test_the_same_subject_in_other_clothes(subject: str) -> None:
    """Prefixes, tags, case and our own number make no other matter."""
    assert (
        placed(mail(subject=subject, In_Reply_To="<a@ecole.test>"), by_reference=references(a=1001)).ticket
        == 1001
    )


def test_a_cut_subject_is_the_same_one() -> None:
    """Some clients cut a long one, some gateways lengthen a short one; a few letters are no sign."""
    long = state(subject="Imprimante du secrétariat en panne depuis lundi")
    known = {"by_reference": references(a=1001)}
    assert (
        placed(mail(subject="Re: Imprimante du secr", In_Reply_To="<a@ecole.test>"), long, **known).ticket
        == 1001
    )
    assert placed(mail(subject="Re: Imp", In_Reply_To="<a@ecole.test>"), long, **known).ticket is None


@pytest.mark.parametrize("status", list(Status))
def test_only_what_is_closed_or_spam_gets_a_successor(status: Status) -> None:
    """Everything else is joined, a merged ticket without survivor too."""
    found = placed(mail(In_Reply_To="<a@ecole.test>"), state(status=status), by_reference=references(a=1001))
    ended = status in (Status.CLOSED, Status.SPAM)
    assert found.ticket == (None if ended else 1001)
    assert found.links == ((1001,) if ended else ())


def test_an_agent_s_reply_to_her_notification_stays_whatever_its_subject() -> None:
    """Clients do strange things to it, and her token is sure."""
    notification = token(Purpose.NOTIFICATION, to=ANNE)
    read = mail(sender=ANNE, subject="Fait", In_Reply_To=f"<{notification}@etnic.test>")
    found = placed(read, state(status=Status.CLOSED))
    assert (found.ticket, found.by_agent_token) == (1001, True)


def test_merged_tickets_pass_on_to_the_survivor() -> None:
    """By every signal, with the subject of the old one or of the new one."""
    old = state(status=Status.MERGED, merged_into=1002)
    new = state(1002, JEAN, subject="Tout le matériel du secrétariat")
    known = {"by_reference": references(a=1001)}
    for headers in (
        {"In_Reply_To": f"<{token()}@etnic.test>"},
        {"In_Reply_To": "<a@ecole.test>"},
        {"subject": "Re: [ETNIC-1001] Imprimante"},
        {"subject": "Re: Tout le matériel du secrétariat", "In_Reply_To": "<a@ecole.test>"},
    ):
        assert placed(mail(**headers), old, new, **known).ticket == 1002


def test_a_circle_of_merges_ends() -> None:
    """Somebody repaired the table by hand."""
    one = state(merged_into=1002, status=Status.MERGED)
    two = state(1002, merged_into=1001, status=Status.MERGED)
    placed(mail(In_Reply_To="<a@ecole.test>"), one, two, by_reference=references(a=1001))


def test_programs_join_where_their_references_point() -> None:
    """A daemon takes part in no ticket; by a number in its subject alone it is not believed."""
    auto = {"sender": "mailer@relay.test", "Auto_Submitted": "auto-replied"}
    known = {"by_reference": references(a=1001)}
    assert placed(mail(In_Reply_To="<a@ecole.test>", **auto), **known).ticket == 1001
    assert placed(mail(subject="Absent: [ETNIC-1001] Imprimante", **auto), **known).ticket in (None, 1001)


def test_every_verdict_is_kept() -> None:
    """In the order in which the signals were asked, whoever won."""
    found = placed(mail(In_Reply_To="<a@ecole.test>"), by_reference=references(a=1001))
    assert [v.signal for v in found.verdicts] == ["token", "references", "subject", "marker"]


def test_a_header_of_thousands_is_read_from_its_near_end() -> None:
    """The nearest ancestors say where a mail belongs."""
    many = " ".join(f"<{n}@x.test>" for n in range(3000))
    found = threads.clues(mail(References=f"{many} <a@ecole.test>"), policy())
    assert len(found.ids) == threads.MOST_REFERENCES
    assert found.ids[0] == "a@ecole.test"
