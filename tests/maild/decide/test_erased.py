"""Mail to a ticket that was erased: nothing of it is kept, whoever wrote it, and people are told."""

from typing import Any

import pytest

from maild.decide import message
from maild.decide.decision import AnswerAgent, Disposition, OpenTicket, TellAdministrators
from maild.decide.tokens import Purpose
from storage.records import ERASED_ADDRESS, Status
from tests.maild.decide.cases import ANNE, JEAN, facts, mail, of, policy, state, token

TEAM = "reseau@etnic.test"
GONE: dict[str, Any] = {"requester_address": ERASED_ADDRESS, "requester_name": "", "subject": "(erased)"}


def answered(purpose: Purpose, to: str) -> str:
    """A letter of the desk about the ticket."""
    return f"<{token(purpose, to=to)}@etnic.test>"


@pytest.mark.parametrize("status", [Status.CLOSED, Status.OUT_OF_SCOPE, Status.MERGED, Status.TAKEN])
@pytest.mark.parametrize(
    ("sender", "purpose", "to", "told"),
    [
        (ANNE, Purpose.NOTIFICATION, ANNE, AnswerAgent),
        (ANNE, Purpose.ANSWER, ANNE, AnswerAgent),
        ("luc@labo.test", Purpose.CONSULTATION, TEAM, TellAdministrators),
    ],
)
def test_whoever_works_on_it_is_told(
    sender: str, purpose: Purpose, to: str, told: type, status: Status
) -> None:
    """However it ended; what he wrote and what he quotes stays in the mailbox."""
    wrote = mail("#rouvrir\n\nEt alors ?\n", sender=sender, In_Reply_To=answered(purpose, to))
    made = message.decide(wrote, facts(state(**GONE, status=status)), policy())
    assert (made.disposition, made.ticket) == (Disposition.IGNORED, 1001)
    assert [type(change) for change in made.changes] == [told]


def test_what_programs_write_is_told_to_nobody() -> None:
    """A server returns an old letter with all that it said."""
    returned = mail(
        "<jean@ecole.test>: no such user\n", sender="MAILER-DAEMON@mx.test", Auto_Submitted="auto-replied",
        In_Reply_To=answered(Purpose.RECEIPT, JEAN),
    )  # fmt: skip
    made = message.decide(returned, facts(state(**GONE, status=Status.CLOSED)), policy())
    assert (made.disposition, made.ticket, made.changes) == (Disposition.IGNORED, 1001, ())


def test_a_forged_agent_is_told_nothing() -> None:
    """Whose mail fails DMARC did not write it."""
    forged = mail(
        "Et alors ?\n", sender=ANNE, In_Reply_To=answered(Purpose.NOTIFICATION, ANNE),
        Authentication_Results="mx.etnic.test; dmarc=fail header.from=etnic.test",
    )  # fmt: skip
    made = message.decide(forged, facts(state(**GONE, status=Status.CLOSED)), policy())
    assert (made.disposition, made.changes) == (Disposition.IGNORED, ())


@pytest.mark.parametrize("status", [Status.CLOSED, Status.OUT_OF_SCOPE])
@pytest.mark.parametrize(("purpose", "to"), [(Purpose.RECEIPT, JEAN), (Purpose.NOTIFICATION, ANNE)])
def test_who_asked_begins_anew(status: Status, purpose: Purpose, to: str) -> None:
    """With whatever letter of the desk, on a ticket linked with what is left; he is one whom nobody knows."""
    wrote = mail("Et encore.\n", subject="Re: (erased)", In_Reply_To=answered(purpose, to))
    made = message.decide(wrote, facts(state(**GONE, status=status)), policy())
    assert (made.disposition, made.ticket) == (Disposition.FILED, None)
    (opened,) = of(made, OpenTicket)
    assert (opened.requester.address, opened.links) == (JEAN, (1001,))
