"""Threads that people repair: what may be merged and linked, and what an agent reads where it may not."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.decide import commands, threads
from maild.decide.case import weighed
from maild.decide.classify import MailKind
from maild.decide.commands import Result
from maild.decide.decision import Link, Merge, SplitOff
from maild.decide.facts import Handling, TicketFacts
from maild.decide.policy import Agent
from maild.decide.tokens import Purpose
from parsers.commands import parse_commands
from storage.records import Spoken, Status
from tests.maild.decide.cases import (
    ANNE,
    DAY,
    HOUR,
    JEAN,
    NOON,
    STRANGER,
    clock,
    facts,
    mail,
    policy,
    references,
    state,
    token,
)

AGENT = Agent(name="Anne", address=ANNE, language="fr")
KEYS = {1001: "a" * 13, 1002: "b" * 13, 1003: "c" * 13, 1004: "d" * 13}


def ticket(number: int, *people: str, **values: Any) -> TicketFacts:
    """A ticket of Jean's, with a key of its own."""
    return state(number, *people, **({"key": KEYS[number]} | values))


def run(text: str, *states: TicketFacts) -> Result:
    """The commands of a text, run by Anne on the first of these tickets."""
    case = weighed(mail(), MailKind.AGENT, facts(*states), policy())
    return commands.run(parse_commands(text), AGENT, states[0], case)


@pytest.mark.parametrize(
    "text",
    ["#fusionner 1002", "#merge 1002", "#Fusionner ETNIC-1002", "#FUSION #1002", "#fusionne etnic-1002"],
)
def test_a_ticket_is_merged_into_another_one(text: str) -> None:
    """However its number is written; the answer names the one that goes on."""
    result = run(text, ticket(1001), ticket(1002, requester_address="Jean@Ecole.test"))
    assert result.changes == (Merge(into=1002),)
    assert result.lines[0].endswith("ETNIC-1001 est fusionné dans ETNIC-1002, qui continue pour les deux")


@pytest.mark.parametrize(
    ("text", "here", "other", "said"),
    [
        ("#fusionner", {}, {}, "dans quel ticket"),
        ("#fusionner lundi", {}, {}, "dans quel ticket"),
        ("#fusionner 1002 1003", {}, {}, "dans quel ticket"),
        ("#fusionner 999", {}, {}, "ETNIC-999 n’existe pas"),
        ("#fusionner 1001", {}, {}, "ETNIC-1001 est ce ticket-ci"),
        ("#fusionner 1002", {}, {"requester_address": STRANGER}, "écrivez #lier 1002"),
        ("#fusionner 1002", {"requester_address": ""}, {"requester_address": ""}, "écrivez #lier 1002"),
        ("#fusionner 1002", {}, {"status": Status.CLOSED}, "ETNIC-1002 est «\u00a0closed\u00a0»"),
        ("#fusionner 1002", {}, {"status": Status.RESOLVED}, "rouvrez-le"),
        ("#fusionner 1002", {"status": Status.CLOSED}, {}, "ETNIC-1001 est «\u00a0closed\u00a0»"),
        ("#fusionner 1002", {"status": Status.SPAM}, {}, "ETNIC-1001 est «\u00a0spam\u00a0»"),
    ],
)
def test_what_cannot_be_merged_changes_nothing(
    text: str, here: dict[str, Any], other: dict[str, Any], said: str
) -> None:
    """One line says why, and what to write instead."""
    result = run(text, ticket(1001, **here), ticket(1002, **other), ticket(1003))
    assert (result.changes, result.refused) == ((), True)
    assert said in result.lines[0]


def test_a_ticket_that_was_merged_is_no_goal() -> None:
    """Neither one that ended here, which would make a ring, nor one that ended elsewhere."""
    ended = {"status": Status.MERGED}
    tickets = (ticket(1001), ticket(1002, merged_into=1001, **ended), ticket(1003, merged_into=1004, **ended))
    here, elsewhere = (run(f"#fusionner {number}", *tickets, ticket(1004)) for number in (1002, 1003))
    assert "ETNIC-1002 est déjà fusionné dans ETNIC-1001" in here.lines[0]
    assert "ETNIC-1003 est fusionné dans ETNIC-1004" in elsewhere.lines[0]
    assert "écrivez #fusionner 1004" in elsewhere.lines[0]
    assert (here.changes, elsewhere.changes) == ((), ())


@pytest.mark.parametrize("text", ["#fusionner 1002\n#prendre", "#fusionner 1002\n#fusionner 1003"])
def test_what_ends_in_another_ticket_is_not_settled_otherwise_too(text: str) -> None:
    """Such orders clash."""
    result = run(text, ticket(1001), ticket(1002), ticket(1003))
    assert (result.changes, result.refused) == ((), True)


@given(
    number=st.sampled_from([1001, 1002]), way=st.sampled_from(["token", "references", "subject", "marker"])
)
def test_all_mail_of_either_thread_goes_to_the_survivor(number: int, way: str) -> None:
    """By whatever signal it is known."""
    ended = ticket(1001, merged_into=1002, status=Status.MERGED)
    found = facts(ended, ticket(1002), by_reference=references(m1=1001, m2=1002))
    ours = token(Purpose.RECEIPT, key=KEYS[number])
    known = {
        "token": mail(In_Reply_To=f"<{ours}@etnic.test>", message_id="later@ecole.test"),
        "references": mail(In_Reply_To=f"<m{number - 1000}@ecole.test>", message_id="later@ecole.test"),
        "subject": mail(subject=f"Re: [ETNIC-{number}] Imprimante", message_id="later@ecole.test"),
        "marker": mail(
            f"Et moi ?\n\n> ##- Répondez au-dessus de cette ligne -## (m:{ours})\n> x\n",
            message_id="later@ecole.test",
        ),
    }[way]
    case = weighed(known, MailKind.PERSON, found, policy())
    assert (case.belongs.ticket, case.belongs.winner) == (1002, way)


@pytest.mark.parametrize("text", ["#lier 1002", "#link 1002", "#lie ETNIC-1002", "#relier #1002"])
def test_tickets_are_linked_whoever_asked(text: str) -> None:
    """Of different requesters, and of any status."""
    result = run(text, ticket(1001), ticket(1002, requester_address=STRANGER, status=Status.CLOSED))
    assert result.changes == (Link(other=1002),)
    assert result.lines[0].endswith("ETNIC-1001 est lié à ETNIC-1002")


def test_several_are_linked_at_once_and_the_merged_by_their_survivor() -> None:
    """Each once."""
    merged = ticket(1002, merged_into=1003, status=Status.MERGED)
    result = run("#lier 1002, 1004", ticket(1001), merged, ticket(1003), ticket(1004))
    assert result.changes == (Link(other=1003), Link(other=1004))


@pytest.mark.parametrize("argument", ["", "lundi", "1001", "999", "1002 999"])
def test_what_cannot_be_linked_changes_nothing(argument: str) -> None:
    """Itself, or what there is not."""
    result = run(f"#lier {argument}", ticket(1001), ticket(1002))
    assert (result.changes, result.refused) == ((), True)


def test_the_sentences_are_in_the_language_of_the_agent() -> None:
    """With the verb as he wrote it."""
    case = weighed(mail(), MailKind.AGENT, facts(ticket(1001)), policy())
    english = replace(AGENT, language="en")
    result = commands.run(parse_commands("#merge 1001"), english, ticket(1001), case)
    assert result.lines[0].startswith("#merge: ETNIC-1001 is this very ticket")


# --- a mail that is another matter --------------------------------------------------------------------------

FIRST, LATER, LAST = "m0000000000001", "m0000000000002", "m0000000000003"


def spoken(mail_id: str, row: int, **values: Any) -> Spoken:
    """A mail on Jean's ticket."""
    made: dict[str, Any] = {
        "message_row": row,
        "message_id": f"{mail_id}@ecole.test",
        "sender": JEAN,
        "arrived_at": NOON - HOUR,
    }
    return Spoken(**(made | {"mail_id": mail_id} | values))


TALK = (spoken(FIRST, 1, opened=True), spoken(LATER, 2, sender=STRANGER), spoken(LAST, 3))


def split(text: str, *, about: str = "", talk: tuple[Spoken, ...] = TALK, **values: Any) -> Result:
    """Anne answers a notification, or writes without one, on a ticket with these mails."""
    serial = f"{about}1"
    token_ = token(Purpose.NOTIFICATION, to=ANNE, key=KEYS[1001], serial=serial) if about else ""
    order = mail(text, sender=ANNE, In_Reply_To=f"<{token_}@etnic.test>" if about else "")
    known = replace(ticket(1001, **values), handling=Handling(spoken=talk), running=(clock(message_id=2),))
    mails = {one.mail_id: mail(sender=one.sender, message_id=one.message_id) for one in talk}
    case = weighed(order, MailKind.AGENT, facts(known, mails=mails), policy())
    return commands.run(parse_commands(text), AGENT, known, case)


@pytest.mark.parametrize(
    ("text", "about", "row"),
    [
        ("#détacher", LATER, 2),
        ("#split", LAST, 3),
        ("#détacher", "", 3),
        (f"#détacher {LATER}", "", 2),
        (f"#séparer {LATER}", LAST, 2),
        ("#détacher", "m0000000000009", 3),
    ],
    ids=["the notification's", "another's", "the last", "named", "named before told", "told of no mail"],
)
def test_a_mail_is_split_off(text: str, about: str, row: int) -> None:
    """The one that is named, else the one that the notification was about, else the last."""
    (off,) = split(text, about=about).changes
    assert isinstance(off, SplitOff)
    assert off.message == row
    assert (off.opening.links, off.opening.backlog, off.opening.arrived_at) == ((1001,), False, NOON - HOUR)
    assert (off.clock.first, off.clock.due_at) == (True, NOON - HOUR + DAY)


def test_its_author_is_the_requester_and_nobody_has_it_while_its_clock_runs() -> None:
    """What was acted on before stays in the hands that it was in, else in those that split it off."""
    (running,), (done,) = split(f"#détacher {LATER}").changes, split("#détacher").changes
    (had,) = split("#détacher", assignee="bruno@etnic.test").changes
    assert isinstance(running, SplitOff)
    assert isinstance(done, SplitOff)
    assert isinstance(had, SplitOff)
    assert (running.opening.requester.address, running.taken, running.assignee) == (STRANGER, False, "")
    assert (done.opening.requester.address, done.taken) == (JEAN, True)
    assert (done.assignee, had.assignee) == (ANNE, "bruno@etnic.test")


@pytest.mark.parametrize(
    ("text", "about", "talk", "said"),
    [
        ("#détacher", FIRST, TALK, f"#détacher {LAST}"),
        (f"#détacher {FIRST}", "", TALK, "a commencé par ce message"),
        ("#détacher", "", TALK[:1], "pas d’autre message"),
        ("#détacher", "", (), "pas d’autre message"),
        ("#détacher m0000000000009", "", TALK, "n’est aucun message récent"),
        ("#détacher ce message", LATER, TALK, "n’est aucun message récent"),
        ("#détacher\n\nBonjour Marc, voici.", LATER, TALK, "écrivez #détacher seul"),
        ("#détacher\n#prendre", LATER, TALK, "ne vont pas ensemble"),
    ],
)
def test_what_cannot_be_split_off_changes_nothing(
    text: str, about: str, talk: tuple[Spoken, ...], said: str
) -> None:
    """The mail that opened the ticket, one that is not there; and nothing goes to the wrong person."""
    result = split(text, about=about, talk=talk)
    assert (result.changes, result.refused) == ((), True)
    assert said in result.lines[0]


def test_a_later_mail_follows_the_one_that_was_split_off() -> None:
    """Its author names it first, and a letter of ours on the old ticket behind it."""
    ours = token(Purpose.RELAY, key=KEYS[1001])
    later = mail(
        "Et alors ?",
        In_Reply_To="<m2@ecole.test>",
        References=f"<m1@ecole.test> <{ours}@etnic.test> <m2@ecole.test>",
    )
    there = ticket(1002, JEAN)
    known = {"m1@ecole.test": (1001, 1002), "m2@ecole.test": (1002,)}
    found = threads.belonging(
        later,
        MailKind.PERSON,
        threads.clues(later, policy()),
        facts(ticket(1001), there, by_reference=known),
        policy(),
    )
    assert (found.ticket, found.winner) == (1002, "references")
    # On the ticket of somebody else it has no business: there the token leads.
    others = facts(ticket(1001), ticket(1002, STRANGER), by_reference=known)
    assert (
        threads.belonging(later, MailKind.PERSON, threads.clues(later, policy()), others, policy()).ticket
        == 1001
    )


def test_the_notification_of_a_mail_leads_where_that_mail_lies() -> None:
    """An answer to it reaches the person who wrote it; other letters of the ticket stay with the ticket."""
    for purpose, number in ((Purpose.NOTIFICATION, 1002), (Purpose.RECEIPT, 1001)):
        told = token(purpose, to=ANNE, key=KEYS[1001], serial=f"{LATER}1")
        answer = mail(sender=ANNE, In_Reply_To=f"<{told}@etnic.test>")
        known = facts(ticket(1001), ticket(1002, STRANGER), moved={LATER: 1002})
        clues = threads.clues(answer, policy())
        assert threads.belonging(answer, MailKind.AGENT, clues, known, policy()).ticket == number
