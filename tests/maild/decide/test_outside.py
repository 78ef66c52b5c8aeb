"""Answers given outside maild: what is one, whose act it is, and what is only a mail that lies in Sent."""

from dataclasses import replace
from typing import Any

import pytest

from maild.arrival import Source
from maild.decide import message, unread
from maild.decide.decision import (
    AddParticipants,
    Disposition,
    OpenTicket,
    Recognise,
    StartClock,
    StopClocks,
    TakeInCharge,
)
from maild.decide.facts import Facts
from maild.decide.policy import Agent, Team
from parsers.mail import ParsedMail
from storage.records import MessageKind, Status, Twin
from tests.maild.decide.cases import (
    ANNE,
    DESK,
    HOUR,
    JEAN,
    NOON,
    STRANGER,
    facts,
    mail,
    of,
    policy,
    references,
    state,
)

DESKS = policy(
    agents=(Agent(name="Anne", address=ANNE), Agent(name="Bruno", address="bruno@etnic.test")),
    teams=(Team(name="réseau", address="reseau@etnic.test"),),
)
PASS = "mx.etnic.test; dmarc=pass header.from=etnic.test"


def answer(*, sender: str = DESK, to: str = JEAN, **headers: str) -> ParsedMail:
    """A mail that names Jean's."""
    return mail(sender=sender, to=to, message_id="s@etnic.test", In_Reply_To="<a@ecole.test>", **headers)


def known(*people: str, source: Source = Source.SENT, twins: tuple[Twin, ...] = (), **ticket: Any) -> Facts:
    """Jean's ticket, known by his mail."""
    found = state(1001, *(people or (JEAN,)), **ticket)
    return facts(found, by_reference=references(a=1001), source=source, twins=twins)


def filed(read: ParsedMail, kind: MessageKind, **values: Any) -> Twin:
    """As what the same mail was filed before."""
    made: dict[str, Any] = {
        "id": 7, "ticket_id": 1001, "message_id": read.message_id, "digest": read.digest, "kind": kind,
        "sender_address": read.sender.key if read.sender else "", "sent_at": read.date,
    }  # fmt: skip
    return Twin(**(made | values))


def test_a_sent_mail_of_no_ticket_is_none_of_ours() -> None:
    """A private mail in a shared folder is not kept in anybody's story."""
    decision = message.decide(mail(sender=DESK, to=STRANGER), facts(state(), source=Source.SENT), DESKS)
    assert decision.disposition is Disposition.IGNORED


def test_a_sent_answer_stops_the_clock_at_its_own_instant() -> None:
    """Not when it was found."""
    found = replace(known(), arrived_at=NOON - 2 * HOUR)
    decision = message.decide(answer(), found, DESKS)
    assert [stop.at for stop in of(decision, StopClocks)] == [NOON - 2 * HOUR]
    assert decision.kind is MessageKind.OUTSIDE_ANSWER


@pytest.mark.parametrize(
    ("to", "is_act"),
    [
        (JEAN, True),
        (JEAN.upper(), True),
        (f"{STRANGER}, {JEAN}", True),
        ("eva@ecole.test", True),
        (STRANGER, False),
        ("bruno@etnic.test", False),
        ("Reseau@etnic.test", False),
        (DESK, False),
    ],
)
def test_only_an_answer_to_somebody_of_the_ticket_is_an_act(to: str, is_act: bool) -> None:
    """The desk's own people may take part, because Jean wrote to them too: they are told, not answered."""
    people = (JEAN, "eva@ecole.test", "bruno@etnic.test", "reseau@etnic.test")
    decision = message.decide(answer(to=to), known(*people), DESKS)
    assert bool(of(decision, StopClocks)) is bool(of(decision, TakeInCharge)) is is_act
    assert decision.kind is MessageKind.OUTSIDE_ANSWER


@pytest.mark.parametrize(
    ("read", "assignee", "assigned", "by"),
    [
        (answer(), "", "", DESK),
        (answer(sender=ANNE), "", ANNE, ANNE),
        (answer(Sender=f"Anne <{ANNE}>"), "", ANNE, ANNE),
        (answer(Sender=STRANGER), "", "", DESK),
        (answer(sender=ANNE), "bruno@etnic.test", "", ANNE),
    ],
)
def test_whose_act_it_is(read: ParsedMail, assignee: str, assigned: str, by: str) -> None:
    """From, or Sender where it was sent on behalf of the desk; whoever has the ticket keeps it."""
    decision = message.decide(read, known(assignee=assignee), DESKS)
    assert [taken.agent for taken in of(decision, TakeInCharge)] == [assigned]
    assert [stop.by for stop in of(decision, StopClocks)] == [by]


def test_a_further_answer_takes_nothing_in_charge() -> None:
    """Waiting for Jean, it goes on waiting; an act that came to light late is the first all the same."""
    waiting: dict[str, Any] = {"status": Status.WAITING, "assignee": ANNE}
    later = message.decide(answer(sender=ANNE), known(taken_at=NOON - HOUR, **waiting), DESKS)
    assert not of(later, TakeInCharge)
    assert of(later, StopClocks)
    earlier = message.decide(answer(sender=ANNE), known(taken_at=NOON + HOUR, **waiting), DESKS)
    assert [(t.agent, t.at) for t in of(earlier, TakeInCharge)] == [("", NOON)]


def test_whom_the_desk_has_in_copy_takes_part() -> None:
    """Not its own people, and nobody by a mail that answers nobody."""
    read = answer(to=f"{JEAN}, {STRANGER}", Cc=f"bruno@etnic.test, reseau@etnic.test, {DESK}", Sender=ANNE)
    (added,) = of(message.decide(read, known(), DESKS), AddParticipants)
    assert [address.key for address, _ in added.people] == [STRANGER]
    assert not of(message.decide(answer(to=STRANGER), known(), DESKS), AddParticipants)


@pytest.mark.parametrize("headers", [{"Auto_Submitted": "auto-replied"}, {"Return_Path": "<>"}])
def test_what_a_program_sent_is_no_act(headers: dict[str, str]) -> None:
    """It is shown, as what it is."""
    decision = message.decide(answer(**headers), known(), DESKS)
    assert (decision.kind, decision.direction) == (MessageKind.AUTO_REPLY, "out")
    assert not of(decision, StopClocks)


def test_a_requester_s_mail_in_sent_was_put_there_by_mistake() -> None:
    """He waits all the same; a copy of what is filed changes nothing."""
    read = answer(sender=JEAN, to=DESK)
    decision = message.decide(read, known(), DESKS)
    assert decision.kind is MessageKind.REPLY
    assert of(decision, StartClock)
    again = message.decide(read, known(twins=(filed(read, MessageKind.REPLY),)), DESKS)
    assert again.disposition is Disposition.DUPLICATE
    assert not again.changes


def test_what_nobody_can_read_in_sent_opens_no_ticket() -> None:
    """It was not sent to us, and lies there still."""
    decision = unread.unreadable(mail(), "died", facts(source=Source.SENT), DESKS)
    assert decision.disposition is Disposition.IGNORED
    assert not decision.changes


# --- the desk in copy


@pytest.mark.parametrize(
    ("read", "kind"),
    [
        (answer(Cc=DESK, Authentication_Results=PASS), MessageKind.OUTSIDE_ANSWER),
        (answer(to=f"{DESK}, {JEAN}", Authentication_Results=PASS), MessageKind.OUTSIDE_ANSWER),
        (answer(Cc=DESK), MessageKind.REPLY),
        (answer(Cc=DESK, Authentication_Results=PASS.replace("pass", "fail")), MessageKind.REPLY),
        (answer(Cc=DESK, Authentication_Results=PASS.replace("mx", "mx.forger")), MessageKind.REPLY),
        (answer(to=DESK, Authentication_Results=PASS), MessageKind.REQUEST),
        (answer(Cc=DESK, Authentication_Results=PASS, Auto_Submitted="auto-replied"), MessageKind.AUTO_REPLY),
    ],
)
def test_a_mail_in_the_desk_s_name_counts_when_it_is_proven(read: ParsedMail, kind: MessageKind) -> None:
    """And goes to others than the desk: otherwise somebody may be waiting."""
    decision = message.decide(read, known(source=Source.INBOX), DESKS)
    assert decision.kind is kind
    assert bool(of(decision, StopClocks)) is (kind is MessageKind.OUTSIDE_ANSWER)


def test_a_proven_mail_in_the_desk_s_name_about_no_ticket_is_one_of_its_own() -> None:
    """Nothing that reached the desk is passed over."""
    read = mail(sender=DESK, to=STRANGER, Cc=DESK, Authentication_Results=PASS)
    decision = message.decide(read, facts(state()), DESKS)
    assert of(decision, OpenTicket)


@pytest.mark.parametrize("sender", [DESK, ANNE])
@pytest.mark.parametrize("kind", [MessageKind.NOTE, MessageKind.REPLY])
def test_a_copy_in_sent_proves_what_had_proven_nothing(sender: str, kind: MessageKind) -> None:
    """One message and one act: the message that there is turns out to be ours."""
    read = answer(sender=sender, Cc=DESK)
    decision = message.decide(read, known(twins=(filed(read, kind),)), DESKS)
    assert (decision.disposition, decision.twin) == (Disposition.DUPLICATE, 7)
    assert of(decision, Recognise) == [Recognise(message=7, kind=MessageKind.OUTSIDE_ANSWER)]
    assert of(decision, StopClocks)


@pytest.mark.parametrize(
    ("read", "kind"),
    [
        (answer(Cc=DESK), MessageKind.OUTSIDE_ANSWER),
        (answer(Cc=DESK), MessageKind.REQUEST),
        (answer(sender=ANNE, to=DESK), MessageKind.NOTE),
        (answer(sender=ANNE, Cc=DESK), MessageKind.COMMAND),
        (mail(sender=DESK, to=JEAN), MessageKind.REPLY),
    ],
)
def test_a_copy_in_sent_of_what_is_known_changes_nothing(read: ParsedMail, kind: MessageKind) -> None:
    """An answer that counted, a note to the desk, a command; or a mail that names no ticket."""
    decision = message.decide(read, known(twins=(filed(read, kind),)), DESKS)
    assert decision.disposition is Disposition.DUPLICATE
    assert not decision.changes


def test_a_mail_to_a_colleague_that_started_a_clock_starts_none() -> None:
    """It was ours, and Jean still waits for an answer."""
    read = answer(to=STRANGER, Cc=DESK)
    decision = message.decide(read, known(twins=(filed(read, MessageKind.REPLY),)), DESKS)
    assert of(decision, Recognise)
    assert not of(decision, StopClocks)


def test_a_changed_copy_of_an_answer_is_no_second_act() -> None:
    """A disclaimer was added on its way: kept beside the first, whether it proves anything or not."""
    for results in (PASS, ""):
        read = answer(sender=ANNE, Cc=DESK, Authentication_Results=results)
        first = filed(read, MessageKind.OUTSIDE_ANSWER, digest="another")
        for source in (Source.SENT, Source.INBOX):
            decision = message.decide(read, known(source=source, twins=(first,)), DESKS)
            assert decision.kind is MessageKind.COPY
            assert not of(decision, StopClocks)


def test_a_proven_mail_to_the_desk_and_a_colleague_is_a_note() -> None:
    """Jean had this colleague in copy; he himself is not written to."""
    read = answer(sender=ANNE, to=f"{DESK}, bruno@etnic.test", Authentication_Results=PASS)
    decision = message.decide(read, known(JEAN, "bruno@etnic.test", source=Source.INBOX), DESKS)
    assert decision.kind is MessageKind.NOTE
    assert not of(decision, StopClocks)
