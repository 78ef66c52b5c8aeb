"""What is answered to an invitation: who counts, what is kept, who hears of it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from maild.decide import visits
from maild.decide.case import Case, weighed
from maild.decide.classify import MailKind, kind_of
from maild.decide.decision import AnswerVisit, Change, Notify, OpenTicket, SendReceipt, StartClock, Tell
from maild.decide.facts import Facts, Handling
from maild.decide.policy import Agent, Policy
from maild.decide.tokens import Purpose
from parsers.mail import parse_mail
from storage.records import MessageKind, Status, Visit
from tests.maild.decide.cases import ANNE, DESK, JEAN, NOON, facts, mail, policy, state, token
from tests.parsers import calendars

MARC = "marc@extern.test"
UID = f"{token(Purpose.VISIT, to=DESK, serial='m1')}@etnic.test"
BOB = "bob@etnic.test"
VISIT = Visit(
    id=7, ticket_id=1001, uid=UID, sequence=1, technician=MARC, technician_name="Marc Leroy", place="Namur",
    description="", starts_at=NOON + timedelta(days=1), ends_at=NOON + timedelta(days=1, hours=1),
    ordered_by=ANNE, state="asked",
)  # fmt: skip
TWO = policy(agents=(Agent(name="Anne", address=ANNE), Agent(name="Bob", address=BOB, language="en")))


def case(
    written: str, *, sender: str = MARC, sequence: int = 1, desk: Policy = TWO, visit: Visit | None = VISIT,
    known: Facts | None = None, ticket: dict[str, Any] | None = None, **headers: str,
) -> Case:  # fmt: skip
    """An answer to the invitation of Jean's ticket."""
    made = calendars.about(written, UID, sequence=sequence)
    content = calendars.answering_mail(made, sender=sender, words="", **headers)
    here = replace(state(**(ticket or {})), handling=Handling(visits=(visit,) if visit else ()))
    read, world = parse_mail(content), known or facts(here)
    kind, _ = kind_of(read, world, desk)
    assert kind is MailKind.VISIT_ANSWER
    return weighed(read, kind, world, desk)


def kept(one: Case) -> tuple[str, str]:
    """Where the answer is kept, and what it is."""
    (found,) = [c for c in visits.answered(one).changes if isinstance(c, AnswerVisit)]
    return found.column, found.answer


def told(one: Case) -> list[Tell]:
    """Who hears of it."""
    return [c for c in visits.answered(one).changes if isinstance(c, Tell)]


UNCLEAR = calendars.OUTLOOK.replace("PARTSTAT=ACCEPTED", "PARTSTAT=NEEDS-ACTION")
DELEGATED = calendars.OUTLOOK.replace("PARTSTAT=ACCEPTED", "PARTSTAT=DELEGATED")


@pytest.mark.parametrize(
    ("written", "column", "answer", "said"),
    [
        (calendars.OUTLOOK, "state", "accepted", "a accepté l’intervention du mardi 26 novembre 2024"),
        (calendars.GMAIL, "state", "declined", "a refusé"),
        (calendars.THUNDERBIRD, "state", "tentative", "peut-être"),
        (calendars.COUNTER_OUTLOOK, "state", "tentative", "propose un autre moment"),
        (calendars.COUNTER_GMAIL, "state", "declined", "propose un autre moment"),
        (calendars.REFRESH.replace("DTSTAMP", "SEQUENCE:1\r\nDTSTAMP"), "", "refresh", "à nouveau"),
        (UNCLEAR, "", "unclear", "sans l’accepter ni la refuser"),
        (DELEGATED, "", "unclear", "sans l’accepter ni la refuser"),
    ],
)
def test_what_is_answered(written: str, column: str, answer: str, said: str) -> None:
    """By the technician; what settles nothing is told all the same, and changes nothing."""
    one = case(written)
    assert kept(one) == (column, answer)
    (letter,) = told(one)
    assert letter.headline.startswith("Marc Leroy ")
    assert said in letter.headline.replace("\u00a0", " ")
    assert letter.recipients == ((ANNE, "fr"),)


@pytest.mark.parametrize(
    ("changes", "column", "why"),
    [
        ({}, "state", ""),
        ({"sender": "MARC@Extern.Test"}, "state", ""),
        ({"sender": f"Jean <{JEAN}>"}, "requester_state", ""),
        ({"sender": "eve@ailleurs.test"}, "", "ni le technicien ni le demandeur"),
        ({"Authentication_Results": "mx.etnic.test; dmarc=fail header.from=extern.test"}, "", "pas prouvé"),
        ({"sequence": 0}, "", "a changé depuis"),
        ({"sequence": 2}, "state", ""),
        ({"visit": replace(VISIT, state="cancelled")}, "", "est annulée"),
    ],
    ids=["technician", "his case", "requester", "stranger", "forged", "old", "newer", "called off"],
)
def test_what_counts(changes: dict[str, Any], column: str, why: str) -> None:
    """By the sender's own address, of the invitation that stands."""
    one = case(calendars.OUTLOOK, **changes)
    assert kept(one)[0] == column
    assert why in " ".join(told(one)[0].lines)
    assert bool(visits.answered(one).reasons) is bool(why)


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("written", [calendars.OUTLOOK, calendars.GMAIL, calendars.COUNTER_OUTLOOK])
def test_it_is_shown_and_nothing_else_happens(written: str, status: Status) -> None:
    """Whatever the ticket's status is: no clock, no ticket, no receipt, no other status."""
    decision = visits.answered(case(written, ticket={"status": status}))
    assert (decision.ticket, decision.kind) == (1001, MessageKind.VISIT_ANSWER)
    names = {type(change).__name__ for change in decision.changes}
    assert names == {"RememberIds", "AnswerVisit", "Tell"}


@pytest.mark.parametrize(
    ("assignee", "sender", "hears"),
    [
        (ANNE, MARC, [ANNE]),
        (BOB, MARC, [BOB]),
        ("", MARC, [ANNE]),
        ("gone@etnic.test", MARC, [ANNE]),
        (BOB, BOB, [ANNE]),
        (ANNE, ANNE, []),
        ("", ANNE, []),
    ],
)
def test_who_hears_of_it(assignee: str, sender: str, hears: list[str]) -> None:
    """Whose ticket it is, else who ordered the visit; nobody of his own answer."""
    one = case(calendars.OUTLOOK, sender=sender, ticket={"assignee": assignee})
    assert [to for letter in told(one) for to, _ in letter.recipients] == hears


def test_each_reads_it_in_his_language() -> None:
    """The team, where nobody has it in hand."""
    (french, english) = told(case(calendars.OUTLOOK, visit=replace(VISIT, ordered_by="")))
    assert french.headline.startswith("Marc Leroy a accepté")
    assert english.headline.startswith("Marc Leroy has accepted the visit of Tuesday 26 November 2024")
    assert "> Entendu, à demain." in english.lines


def test_who_is_flooded_finds_it_in_the_digest() -> None:
    """A program that answers without end."""
    here = replace(state(), handling=Handling(visits=(VISIT,)))
    one = case(calendars.OUTLOOK, known=facts(here, flooded=frozenset({ANNE})))
    changes: tuple[Change, ...] = visits.answered(one).changes
    assert not told(one)
    assert Notify(recipients=(), due_at=None, in_digest=(ANNE,)) in changes


def test_the_visit_of_a_ticket_that_was_merged() -> None:
    """Its answers come to the survivor."""
    merged = replace(state(1001, status=Status.MERGED, merged_into=1002), handling=Handling(visits=(VISIT,)))
    one = case(calendars.OUTLOOK, known=facts(merged, state(1002)))
    assert visits.answered(one).ticket == 1002
    assert kept(one) == ("state", "accepted")


def test_a_visit_that_nobody_knows_is_told_all_the_same() -> None:
    """As after a restore."""
    one = case(calendars.OUTLOOK, visit=None)
    assert [type(c).__name__ for c in visits.answered(one).changes] == ["RememberIds", "Tell", "Tell"]
    assert "n’est plus connue" in told(one)[0].headline


def test_an_answer_about_no_ticket_stands_aside() -> None:
    """Without receipt and without clock."""
    decision = visits.answered(case(calendars.OUTLOOK, known=facts()))
    assert any(isinstance(change, OpenTicket) for change in decision.changes)
    assert not any(isinstance(change, SendReceipt | StartClock) for change in decision.changes)


# --- words


def in_words(sender: str = MARC, *, to: str = MARC, **headers: str) -> tuple[MailKind, Case]:
    """A mail that answers the letter which went to Marc."""
    parent = f"<{token(Purpose.VISIT, to=to)}@etnic.test>"
    read = mail("C'est fait.\n", sender=sender, In_Reply_To=parent, message_id="w@extern.test", **headers)
    here = replace(state(assignee=ANNE), handling=Handling(visits=(VISIT,)))
    kind, _ = kind_of(read, facts(here), TWO)
    return kind, weighed(read, kind, facts(here), TWO)


def test_a_technician_s_words() -> None:
    """A note that his hearer reads, whatever its subject."""
    kind, one = in_words(subject="Autre chose")
    decision = visits.written(one)
    assert (kind, decision.kind, decision.ticket) == (MailKind.TECHNICIAN, MessageKind.NOTE, 1001)
    (letter,) = [change for change in decision.changes if isinstance(change, Tell)]
    assert (letter.recipients, letter.lines) == (((ANNE, "fr"),), ("C'est fait.",))


@pytest.mark.parametrize(
    ("sender", "to", "kind"),
    [
        (MARC, MARC, MailKind.TECHNICIAN),
        ("eve@extern.test", MARC, MailKind.PERSON),
        (MARC, DESK, MailKind.PERSON),
        (ANNE, MARC, MailKind.AGENT),
    ],
    ids=["his own", "another's", "by the UID", "an agent's"],
)
def test_whose_words_are_a_technician_s(sender: str, to: str, kind: MailKind) -> None:
    """The letter's, and of him to whom it went."""
    assert in_words(sender, to=to)[0] is kind


def test_an_absence_notice_of_a_technician_is_none_of_his_words() -> None:
    """A program wrote it."""
    assert in_words(Auto_Submitted="auto-replied")[0] is MailKind.AUTO_REPLY


def test_the_requester_s_words_are_never_a_note() -> None:
    """Whatever letter he answers: somebody must read them."""
    decision = visits.written(in_words(JEAN, to=JEAN)[1])
    assert decision.kind is MessageKind.REPLY
    assert any(isinstance(change, StartClock) for change in decision.changes)
