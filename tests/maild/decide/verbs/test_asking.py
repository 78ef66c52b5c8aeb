"""What an agent asks of the desk: the story of a ticket, why a mail is where it is, his list, help."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from maild.decide import commands
from maild.decide.case import weighed
from maild.decide.classify import MailKind
from maild.decide.decision import SendList, SendStory
from maild.decide.facts import Spent, Story
from maild.decide.order import said
from maild.decide.tokens import Purpose
from maild.decide.verbs import asking
from parsers.commands import parse_commands
from storage.records import Event, Given, MessageKind, OutboxState, Written
from tests.maild.decide.cases import ANNE, HOUR, JEAN, NOON, facts, mail, of, state, ticket, token
from tests.maild.decide.verbs.orders import AGENT, ASKED, DESK, run


def written(
    mail_id: str = "jdhrb640jhwh8m", kind: MessageKind = MessageKind.REQUEST, **values: Any
) -> Written:
    """A mail of Jean's."""
    made: dict[str, Any] = {
        "mail_id": mail_id, "kind": kind, "sender_name": "Jean", "sender_address": JEAN,
        "subject": "Imprimante", "arrived_at": NOON, "text": "Bonjour", "thread_reason": "new",
    }  # fmt: skip
    return Written(**(made | values))


def event(kind: str, cause: str = "jdhrb640jhwh8m", **detail: Any) -> Event:
    """Something that happened."""
    return Event(ticket_id=1001, at=NOON, kind=kind, actor="maild", cause=cause, detail=json.dumps(detail))


def known(*mails: Written, events: tuple[Event, ...] = (), number: int = 1001) -> dict[str, Any]:
    """What was looked up of a ticket."""
    return {"stories": {number: Story(written=mails, events=events)}}


# ---------------------------------------------------------------------- the story


def test_the_whole_story_is_a_letter_of_its_own() -> None:
    """No line besides; of a reply only its new words, of copies nothing."""
    mails = (
        written(),
        written(
            "b", MessageKind.REPLY, text="Et alors ?\n\nLe 25/11/2024 à 12:00, Jean a écrit :\n> Bonjour"
        ),
        written("c", MessageKind.COPY),
        written("d", MessageKind.NOTE, sender_name="", sender_address=ANNE, text="Client difficile."),
    )
    result = run("#complet", known=known(*mails))
    (sent,) = of(result, SendStory)
    assert result.lines == ()
    assert (sent.ticket, sent.to.address, sent.language) == (1001, ANNE, "fr")
    assert [(who, kind, text) for _, who, kind, text in sent.story] == [
        (f"Jean <{JEAN}>", "request", "Bonjour"),
        (f"Jean <{JEAN}>", "reply", "Et alors ?"),
        (ANNE, "note", "Client difficile."),
    ]


@pytest.mark.parametrize(
    ("left", "kind"),
    [
        ((OutboxState.SENT,), "relay"),
        ((OutboxState.HELD,), "relay_stopped"),
        ((OutboxState.DROPPED, OutboxState.FAILED), "relay_stopped"),
        ((OutboxState.HELD, OutboxState.READY), "relay"),
        ((), "relay"),
    ],
)
def test_an_answer_that_was_stopped_is_told_as_such(left: tuple[OutboxState, ...], kind: str) -> None:
    """By what became of its letters."""
    given = tuple(
        Given(outbox_id=n, cause="d", agent=ANNE, recipient=JEAN, state=one, created_at=NOON)
        for n, one in enumerate(left)
    )
    result = run("#full", handling=replace(ASKED, given=given), known=known(written("d", MessageKind.RELAY)))
    assert of(result, SendStory)[0].story[0][2] == kind


def fresh(text: str, *others: Any, **values: Any) -> commands.Result:
    """A command in a mail that belongs to no ticket."""
    case = weighed(mail(text, sender=ANNE), MailKind.AGENT, facts(*others, **values), DESK)
    return commands.run(parse_commands(text), AGENT, None, case)


@pytest.mark.parametrize("verb", ["complet", "full", "pourquoi", "why"])
def test_another_ticket_can_be_named(verb: str) -> None:
    """Also in a mail on none; the survivor of a merge speaks for it."""
    merged = state(1001, merged_into=1002)
    survivor = state(1002)
    result = fresh(f"#{verb} ETNIC-1001", merged, survivor, **known(written(), number=1002))
    assert not result.refused
    assert "1002" in (str(of(result, SendStory)[0].ticket) if of(result, SendStory) else result.lines[0])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("#complet", "de quel ticket\u00a0? Par exemple\u00a0: #complet 1042"),
        ("#pourquoi", "de quel ticket\u00a0? Par exemple\u00a0: #pourquoi 1042"),
        ("#complet 4711", "il n’y a pas de ticket 4711"),
        ("#full ça", "de quel ticket"),
        ("#why 1001", "ETNIC-1001 n’a aucun message"),
    ],
)
def test_what_is_not_understood_is_answered_with_an_example(text: str, said: str) -> None:
    """And nothing is sent."""
    result = fresh(text, state())
    assert (result.refused, result.changes) == (True, ())
    assert said in result.lines[0]
    assert "1042" in result.lines[0]


# ---------------------------------------------------------------------- why


def test_why_a_mail_is_where_it_is() -> None:
    """What decided, the team and its rule, what its author heard; in the agent's language."""
    verdicts = [{"signal": "subject", "holds": True, "ticket": 1001, "why": "[ETNIC-1001] in the subject"}]
    told = written(
        thread_reason="subject", verdicts=json.dumps(verdicts), subject="Re: Imprimante",
        reasons=json.dumps(["written by a person", "rule 2: team réseau"]),
    )  # fmt: skip
    (lines,) = run("#pourquoi", known=known(told, events=(event("receipt", to=JEAN),)), team="réseau").lines
    assert lines.replace("\u00a0", " ").split("\n") == [
        f"ETNIC-1001 : message de Jean <{JEAN}>, lundi 25 novembre 2024 à 13 h 00, « Re: Imprimante »",
        "Rattachement : le numéro du ticket est dans son objet ([ETNIC-1001] in the subject)",
        "Équipe : réseau (rule 2: team réseau)",
        f"Accusé de réception : envoyé à {JEAN}",
    ]


def test_why_there_was_no_receipt() -> None:
    """Every objection; not what became of other mails."""
    events = (
        event("receipt_withheld", reasons=["mailing list", "dmarc=fail"]),
        event("receipt", cause="other", to="x@x"),
    )
    (lines,) = run("#why", agent=replace(AGENT, language="en"), known=known(written(), events=events)).lines
    assert lines.endswith("\nReceipt: none (mailing list; dmarc=fail)")


def test_it_is_about_the_mail_that_the_answered_letter_was_about() -> None:
    """By the token of that letter; else about the last of a person's."""
    mails = known(
        written("jdhrb640jhwh8m"), written("kdhrb640jhwh8m", MessageKind.REPLY, subject="Re: Suite")
    )
    own = token(Purpose.NOTIFICATION, to=ANNE, serial="jdhrb640jhwh8m2")
    answer = mail("#pourquoi", sender=ANNE, In_Reply_To=f"<{own}@etnic.test>")
    here = replace(state(), handling=ASKED)
    case = weighed(answer, MailKind.AGENT, facts(here, **mails), DESK)
    (about,) = commands.run(parse_commands("#pourquoi"), AGENT, here, case).lines
    assert "« Imprimante »" in about
    assert "« Re: Suite »" in run("#pourquoi", known=mails).lines[0]


@pytest.mark.parametrize("language", ["fr", "nl", "de", "en", "xx"])
def test_every_reason_is_said_in_every_language(language: str) -> None:
    """And there is one for what nobody has thought of."""
    for how, spoken in asking._HOW.items():
        assert set(spoken) == {"fr", "nl", "de", "en"}
        assert said(asking._HOW, how, language)
    told = known(written(thread_reason="unheard of"))
    assert "Rattachement\u00a0: voir l’administrateur" in run("#pourquoi", known=told).lines[0]


# ---------------------------------------------------------------------- the list


def test_the_list_is_a_letter_of_its_own() -> None:
    """As it was looked up, and no line besides."""
    mine = (ticket(), ticket(1002, due_at=NOON + HOUR))
    result = fresh("#liste", in_hand=mine)
    (sent,) = of(result, SendList)
    assert (sent.tickets, sent.to.address, sent.withheld, result.lines) == (mine, ANNE, "", ())


@pytest.mark.parametrize("verb", ["liste", "complet 1001"])
def test_his_own_program_may_answer_ours(verb: str) -> None:
    """What is over the budget is written down, and does not leave."""
    over = Spent(scope="total", allowed=1, used=1, span=str(timedelta(hours=1)))
    (sent,) = fresh(f"#{verb}", state(), spent=(over,), **known(written())).changes
    assert isinstance(sent, SendList | SendStory)
    assert "budget" in sent.withheld
