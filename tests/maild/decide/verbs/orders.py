"""Commands of Anne's on Jean's ticket, run as ``agents`` runs them."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from maild.decide import commands
from maild.decide.case import weighed
from maild.decide.classify import MailKind
from maild.decide.commands import Result
from maild.decide.decision import Change
from maild.decide.facts import Handling
from maild.decide.policy import Agent, Policy
from parsers.commands import parse_commands
from storage.records import Clock, Participant, Spoken
from tests.maild.decide.cases import ANNE, HOUR, JEAN, NOON, facts, mail, of, policy, state

AGENT = Agent(name="Anne", address=ANNE, language="fr")
BOB = Agent(name="Bob", address="bob@etnic.test", teams=("réseau",), language="nl")
DESK = policy(agents=(AGENT, BOB))
ASKED = Handling(
    people=(Participant(address=JEAN, name="Jean", role="requester"),),
    spoken=(
        Spoken(
            message_row=1, message_id="m1@ecole.test", sender=JEAN, arrived_at=NOON - HOUR, text="Bonjour"
        ),
    ),
)


def run(
    text: str,
    *,
    desk: Policy = DESK,
    agent: Agent = AGENT,
    running: tuple[Clock, ...] = (),
    handling: Handling = ASKED,
    known: Mapping[str, Any] = MappingProxyType({}),
    **ticket: Any,
) -> Result:
    """The commands of a text; ``known``: what was looked up for them."""
    here = replace(state(**ticket), handling=handling, running=running)
    case = weighed(mail(text, sender=agent.address), MailKind.AGENT, facts(here, **known), desk)
    return commands.run(parse_commands(text), agent, here, case)


def amended(result: Result) -> dict[str, Any]:
    """The columns that a person changes."""
    from maild.decide.decision import Amend

    return {name: value for change in of(result, Amend) for name, value in change.values}


def kinds(changes: tuple[Change, ...]) -> list[str]:
    """What is done, in its order."""
    return [type(change).__name__ for change in changes]
