"""``#transfert``: whose request a forward is, in every client's and language's way of writing one."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from maild.decide import commands, message
from maild.decide.case import weighed
from maild.decide.classify import MailKind
from maild.decide.commands import Result
from maild.decide.decision import (
    OPENED,
    AddParticipants,
    Change,
    Decision,
    HandOver,
    Notify,
    OpenTicket,
    RememberIds,
    SendReceipt,
    StartClock,
    WithholdReceipt,
)
from maild.decide.facts import Facts, Handling, Reach, Spent
from maild.decide.policy import Agent, Match, Rule
from parsers.addresses import Address
from parsers.commands import parse_commands
from storage.records import Given, MessageKind, OutboxState, Spoken, Status
from tests.maild.decide.cases import ANNE, DAY, DESK, JEAN, NOON, STRANGER, clock, facts, mail, policy, state
from tests.parsers.clients import LANGUAGES, header

AUTH = "mx.etnic.test; dmarc=pass header.from=etnic.test"
WORDS = {
    "fr": "Bonjour,\n\nMon imprimante ne fonctionne plus depuis ce matin, pouvez-vous m'aider ?\n\nJean",
    "nl": "Goedendag,\n\nMijn printer werkt sinds vanmorgen niet meer, kunt u mij helpen?\n\nJan",
    "de": "Guten Tag,\n\nmein Drucker geht seit heute Morgen nicht mehr, können Sie mir helfen?\n\nHans",
    "en": "Hello,\n\nmy printer has not been working since this morning, can you help me?\n\nJohn",
}
ABOVE = "#transfert\n\nIl a déjà appelé deux fois, client difficile.\n\n"


def forward(above: str = ABOVE, *, language: str = "fr", **headers: str) -> Any:
    """Anne forwards what Jean wrote to her."""
    written = header(language, sender=f"Jean Dupont <{JEAN}>")
    made: dict[str, str] = {"sender": ANNE, "subject": "TR: Imprimante", "message_id": "f1@etnic.test"}
    made |= {"Authentication_Results": AUTH}
    return mail(f"{above}{written}\n\n{WORDS[language]}\n", **(made | headers))


def decided(one: Any, known: Facts | None = None, **changes: Any) -> Decision:
    """What becomes of a mail of Anne's."""
    return message.decide(one, known or facts(), policy(**changes))


def only(decision: Decision, kind: type[Change]) -> Any:
    """The one change of a kind."""
    (found,) = [change for change in decision.changes if isinstance(change, kind)]
    return found


def said(decision: Decision) -> str:
    """What Anne is told."""
    return " ".join(line for c in decision.changes for line in getattr(c, "lines", ()))


@pytest.mark.parametrize("verb", ["#transfert", "#Forward", "#transférer", "#FWD"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_author_is_the_requester(language: str, verb: str) -> None:
    """With a ticket in his language, his subject, a first clock from the forward's arrival, and a receipt."""
    decision = decided(forward(f"{verb}\n\nNote.\n\n", language=language))
    opened = only(decision, OpenTicket)
    assert (decision.kind, decision.agent) == (MessageKind.REQUEST, ANNE)
    assert opened.requester == Address("Jean Dupont", JEAN)
    assert (opened.language, opened.subject) == (language, "x")
    assert only(decision, AddParticipants).people == ((Address("Jean Dupont", JEAN), "requester"),)
    started = only(decision, StartClock)
    assert (started.first, started.started_at, started.due_at) == (True, NOON, NOON + DAY)
    receipt = only(decision, SendReceipt)
    assert (receipt.to.address, receipt.language, receipt.parents) == (JEAN, language, ())
    assert only(decision, Notify).recipients == ((ANNE, "fr"),)
    assert f"Jean Dupont <{JEAN}>" in said(decision)
    assert OPENED in said(decision)
    assert decision.text.startswith("Note.")


def test_an_address_on_the_line_is_the_requester_s() -> None:
    """Where the header cannot be read, or names somebody else; the name is the header's where it fits."""
    unread = mail(
        "#transfert marie@ecole.test\n\nElle a appelé.\n",
        sender=ANNE,
        subject="TR: x",
        Authentication_Results=AUTH,
    )
    assert only(decided(unread), OpenTicket).requester == Address("", "marie@ecole.test")
    other = decided(forward("#transfert Marie Durand <marie@ecole.test>\n\n"))
    assert only(other, OpenTicket).requester == Address("Marie Durand", "marie@ecole.test")
    same = decided(forward(f"#transfert {JEAN.upper()}\n\n"))
    assert only(same, OpenTicket).requester == Address("Jean Dupont", JEAN)


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (
            mail("#transfert\n\nVoir plus bas.\n", sender=ANNE, subject="TR: x", Authentication_Results=AUTH),
            "ne se lit pas",
        ),
        (forward("#transfert Jean\n\n"), "n’est pas une adresse"),
        (forward("#transfert jean@local\n\n"), "n’est pas une adresse"),
        (forward("#transfert a@x.be b@y.be\n\n"), "n’est pas une adresse"),
        (forward(f"#transfert {DESK}\n\n"), "adresse du service desk"),
        (forward("#transfert\n#prendre\n\n"), "ne vont pas ensemble"),
        (forward("#transfertt\n\n"), "vouliez-vous dire #transfert"),
    ],
)
def test_what_is_not_understood_opens_nothing(one: Any, why: str) -> None:
    """One line says why, with an example."""
    decision = decided(one)
    assert not any(isinstance(change, OpenTicket | SendReceipt) for change in decision.changes)
    assert decision.kind is MessageKind.COMMAND
    assert why in said(decision)


def test_without_proof_it_is_a_request_of_whoever_wrote_it() -> None:
    """Nobody else is written to, and the agent hears why."""
    decision = decided(forward(Authentication_Results=""))
    assert only(decision, OpenTicket).requester.address == ANNE
    assert only(decision, SendReceipt).to.address == ANNE
    assert "pas pu vérifier" in said(decision)


def test_a_stranger_s_forward_is_his_own_request() -> None:
    """The word is no command in his hands."""
    decision = decided(forward(sender=STRANGER))
    assert only(decision, OpenTicket).requester.address == STRANGER


@pytest.mark.parametrize(
    ("reach", "why"),
    [
        (Reach(muted="bounced"), "muted: bounced"),
        (Reach(spent=(Spent(scope="recipient", allowed=10, used=10, span="1h"),)), "budget"),
    ],
)
def test_the_gate_looks_at_the_author(reach: Reach, why: str) -> None:
    """Not at the agent, whose own budget is not his."""
    spent = (Spent(scope="recipient", allowed=10, used=10, span="1h"),)
    withheld = only(decided(forward(), facts(reach={JEAN: reach}, muted="", spent=())), WithholdReceipt)
    assert why in withheld.reasons[0]
    assert only(decided(forward(), facts(spent=spent)), SendReceipt).to.address == JEAN
    nobody = decided(forward("#transfert noreply@ecole.test\n\n"))
    assert only(nobody, WithholdReceipt).reasons == ("an address that nobody reads",)


def test_rules_look_at_what_is_handed_on() -> None:
    """The author, his subject and his words, not the agent's."""
    rules = (Rule(match=Match(from_="*@ecole.test", text="imprimante"), category="incident"),)
    assert only(decided(forward(), rules=rules), OpenTicket).category == "incident"


def test_the_original_s_id_is_remembered_and_answered() -> None:
    """Where the mail was attached whole."""
    inner = f"From: Jean <{JEAN}>\r\nSubject: Badge\r\nMessage-ID: <orig@ecole.test>\r\n\r\nMon badge.\r\n"
    body = f"--b\r\n\r\n#transfert\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n{inner}\r\n--b--\r\n"
    one = mail(
        body,
        sender=ANNE,
        subject="Fwd: Badge",
        Authentication_Results=AUTH,
        Content_Type="multipart/mixed; boundary=b",
    )
    decision = decided(one)
    known = {id_ for c in decision.changes if isinstance(c, RememberIds) for id_ in c.message_ids}
    assert "orig@ecole.test" in known
    assert only(decision, SendReceipt).parents == ("orig@ecole.test",)


# --- a forward that became a ticket of the agent's ----------------------------------------------------------

FIRST = Spoken(
    message_row=1,
    message_id="f1@etnic.test",
    sender=ANNE,
    arrived_at=NOON,
    mail_id="m0000000000001",
    opened=True,
)


def reply(
    text: str = "#transfert", *, given: OutboxState | None = None, first: Spoken | None = FIRST, **values: Any
) -> Result:
    """Anne answers what the desk wrote about the forward that is ETNIC-1001."""
    made: dict[str, Any] = {"requester_address": ANNE, "requester_name": "Anne"}
    answers = (
        Given(outbox_id=1, cause="m", agent=ANNE, recipient=JEAN, state=given, created_at=NOON),
    ) if given else ()  # fmt: skip
    handling = Handling(spoken=(first,) if first else (), given=answers)
    known = replace(state(1001, ANNE, **(made | values)), handling=handling, running=(clock(),))
    mails = {FIRST.mail_id: forward("")}
    case = weighed(mail(text, sender=ANNE), MailKind.AGENT, facts(known, mails=mails), policy())
    return commands.run(parse_commands(text), Agent(name="Anne", address=ANNE, language="fr"), known, case)


def test_a_ticket_is_handed_over_to_its_author() -> None:
    """With his language and subject, and a receipt with the limit that runs."""
    handed, receipt = reply().changes
    assert isinstance(handed, HandOver)
    assert (handed.requester, handed.subject) == (Address("Jean Dupont", JEAN), "x")
    assert isinstance(receipt, SendReceipt)
    assert (receipt.to.address, receipt.due_at) == (JEAN, NOON + timedelta(days=1))


def test_a_wrong_choice_is_corrected() -> None:
    """By the address, whoever it was first; the name of another is not taken over."""
    handed = reply("#transfert marie@ecole.test", requester_address=JEAN).changes[0]
    assert isinstance(handed, HandOver)
    assert handed.requester == Address("", "marie@ecole.test")


@pytest.mark.parametrize(
    ("text", "values", "why"),
    [
        ("#transfert", {"first": replace(FIRST, sender=JEAN)}, "n’est pas un message transféré"),
        ("#transfert", {"first": None}, "n’est pas un message transféré"),
        ("#transfert", {"status": Status.CLOSED}, "rien n’a changé"),
        ("#transfert", {"given": OutboxState.SENT}, "a déjà reçu une réponse"),
        ("#transfert", {"given": OutboxState.HELD}, "a déjà reçu une réponse"),
        ("#transfert", {"requester_address": JEAN}, "est déjà le demandeur"),
        ("#transfert\n\nBonjour Jean, je regarde.", {}, "écrivez #transfert seul"),
    ],
)
def test_what_cannot_be_handed_over_changes_nothing(text: str, values: dict[str, Any], why: str) -> None:
    """A requester's own mail, an answered one, one that has ended."""
    result = reply(text, **values)
    assert (result.changes, result.refused) == ((), True)
    assert why in result.lines[0]


def test_a_dropped_answer_is_none() -> None:
    """Nobody has read it."""
    assert reply(given=OutboxState.DROPPED).changes
