"""A phone call: how it is written, what is logged, and whose ticket it is."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from maild.decide import commands
from maild.decide.case import weighed
from maild.decide.classify import MailKind
from maild.decide.commands import Result
from maild.decide.decision import (
    AddParticipants,
    Amend,
    LogCall,
    OpenTicket,
    SendCallReceipt,
    StartClock,
    StopClocks,
    TakeInCharge,
)
from maild.decide.facts import TicketFacts
from maild.decide.order import Text
from maild.decide.policy import Agent, Beneficiary
from maild.decide.standing import register
from parsers.addresses import Address
from parsers.commands import parse_commands
from storage.records import Call, Standing, Status
from tests.maild.decide.cases import ANNE, DESK, JEAN, NOON, facts, mail, of, policy, state

AGENT = Agent(name="Anne", address=ANNE, language="fr")
MINUTE = timedelta(minutes=1)


def run(
    text: str,
    there: TicketFacts | None = None,
    *,
    subject: str = "Mot de passe",
    language: str = "fr",
    **known: Any,
) -> Result:
    """The commands of a mail of Anne's, fresh or on a ticket."""
    case = weighed(mail(subject=subject, sender=ANNE), MailKind.AGENT, facts(**known), policy())
    return commands.run(parse_commands(text), replace(AGENT, language=language), there, case)


def logged(text: str) -> Call:
    """The call of a fresh mail."""
    result = run(text)
    assert not result.refused, result.lines
    (change,) = (change for change in result.changes if isinstance(change, LogCall))
    return change.call


@pytest.mark.parametrize(
    ("line", "waited", "lasted", "first"),
    [
        ("#appel jean@ecole.test", None, None, None),
        ("#appel jean@ecole.test attente=3m durée=4m premier-appel=oui", 180, 240, True),
        ("#appel premier-appel=non durée=4m jean@ecole.test attente=3m", 180, 240, False),
        ("#APPEL jean@ecole.test ATTENTE=3M DUREE=4 min Premier appel=Oui", 180, 240, True),
        ("#call jean@ecole.test wait=3m duration=4m first-call=yes", 180, 240, True),
        ("#call john@ecole.test waited=90s lasted=1h30 first call=no", 90, 5400, False),
        ("#appel jean@ecole.test attente=3 durée=4", 180, 240, None),
        ("#appel jean@ecole.test attente=0 durée=0m", 0, 0, None),
        ('#appel jean@ecole.test durée="1 h"', None, 3600, None),
        ("#appel jean@ecole.test durée = 2 minutes", None, 120, None),
        ("#oproep jan@ecole.test wachttijd=3m duur=4m eerste-oproep=ja", 180, 240, True),
        ("#anruf hans@ecole.test Wartezeit=3m Dauer=4m erster-Anruf=nein", 180, 240, False),
        ("#appel jean@ecole.test durée=24h", None, 86400, None),
    ],
)
def test_what_is_written(line: str, waited: int | None, lasted: int | None, first: bool | None) -> None:
    """In any order and language, with accents or without; a bare number is in minutes."""
    assert logged(line) == Call(at=NOON, agent=ANNE, waited=waited, lasted=lasted, first_call=first)


@pytest.mark.parametrize(
    ("written", "before"),
    [("à=12:30", 30 * MINUTE), ("a=12h30", 30 * MINUTE), ("at=9:00", 240 * MINUTE), ("om=13:00", 0 * MINUTE)],
)
def test_a_call_may_be_logged_later(written: str, before: timedelta) -> None:
    """At an hour of the same day, in the desk's own time: it is 13:00 in Brussels."""
    assert logged(f"#appel jean@ecole.test {written}").at == NOON - before


@pytest.mark.parametrize(
    ("who", "caller"),
    [
        ("jean@ecole.test", Address("", "jean@ecole.test")),
        ("Jean Dupont <jean@ecole.test>", Address("Jean Dupont", "jean@ecole.test")),
        ("Jean Dupont jean@ecole.test", Address("Jean Dupont", "jean@ecole.test")),
        ("jean@ecole.test<mailto:jean@ecole.test>", Address("", "jean@ecole.test")),
        ("Jean Dupont", Address("Jean Dupont", "")),
        ("+32 2 800 10 10", Address("+32 2 800 10 10", "")),
        ("0470/12.34.56", Address("0470/12.34.56", "")),
    ],
)
def test_who_called(who: str, caller: Address) -> None:
    """An address, with a name or without; a name or a number where there is none."""
    result = run(f"#appel {who} durée=4m")
    (opened,) = of(result, OpenTicket)
    assert opened.requester == caller
    assert of(result, AddParticipants) == (
        [AddParticipants(people=((caller, "requester"),))] if caller.address else []
    )
    assert caller.name in result.lines[0] or caller.address in result.lines[0]


def test_a_fresh_call_is_a_ticket_in_the_hands_of_who_took_it() -> None:
    """From its own instant, without a clock of the mail promise; the words stay inside."""
    result = run("#appel jean@ecole.test durée=4m à=12:30\n\nIl a oublié son mot de passe.")
    (opened,) = of(result, OpenTicket)
    assert (opened.subject, opened.arrived_at, opened.language) == ("Mot de passe", NOON - 30 * MINUTE, "fr")
    assert of(result, TakeInCharge) == [TakeInCharge(agent=ANNE, at=NOON - 30 * MINUTE)]
    assert not of(result, StartClock)
    assert not of(result, SendCallReceipt)
    assert result.text is Text.NOTE


def test_solved_at_the_first_call_is_resolved() -> None:
    """There is nothing left to do."""
    result = run("#appel jean@ecole.test premier-appel=oui")
    assert of(result, Amend) == [Amend(values=(("status", "resolved"), ("wake_at", None)))]
    assert "résolu au premier appel" in result.lines[0]


def test_a_receipt_is_sent_where_it_is_asked_for() -> None:
    """And to an address only."""
    (receipt,) = of(run("#appel jean@ecole.test reçu=oui"), SendCallReceipt)
    assert receipt == SendCallReceipt(
        to=Address("", "jean@ecole.test"), language="fr", called_at=NOON, solved=False
    )
    assert not of(run("#appel jean@ecole.test reçu=non"), SendCallReceipt)
    for nobody in ("Jean Dupont", "noreply@ecole.test"):
        refused = run(f"#appel {nobody} reçu=oui")
        assert (refused.changes, refused.refused) == ((), True)
        assert "il n’y a pas d’adresse" in refused.lines[0]


def test_a_ticket_without_a_subject_says_nothing_of_the_note() -> None:
    """Its subject is what the requester may read one day."""
    (opened,) = of(run("#appel jean@ecole.test\n\nClient difficile.", subject=""), OpenTicket)
    assert opened.subject == "Appel téléphonique"


def test_who_calls_has_a_standing_like_who_writes() -> None:
    """Configured, or settled by people."""
    listed = register((Beneficiary(entity="Écoles", domains=("ecole.test",)),))
    desk = policy(beneficiaries=listed)
    settled = {"marc@ailleurs.test": Standing(status="no")}
    for address, status in (
        ("jean@ecole.test", "yes"),
        ("marc@ailleurs.test", "no"),
        ("x@y.test", "unknown"),
    ):
        case = weighed(mail(sender=ANNE), MailKind.AGENT, facts(settled=settled), desk)
        result = commands.run(parse_commands(f"#appel {address}"), AGENT, None, case)
        assert of(result, OpenTicket)[0].standing == status


def test_whose_standing_is_looked_up() -> None:
    """That of whom the line names."""
    block = parse_commands("#appel Jean <JEAN@ecole.test> durée=3m\n#prendre\n")
    assert commands.people(block) == ("jean@ecole.test",)
    assert commands.people(parse_commands("#prendre jean@ecole.test")) == ()


# --- on a ticket


def test_a_call_on_a_ticket_answers_it() -> None:
    """It is nobody's first contact; whoever has the ticket keeps it."""
    result = run("#appel attente=1m durée=2m à=12:30\n\nIl rappellera.", state(assignee="bob@etnic.test"))
    at = NOON - 30 * MINUTE
    assert result.changes == (
        LogCall(call=Call(at=at, agent=ANNE, waited=60, lasted=120, first_call=None)),
        TakeInCharge(agent="bob@etnic.test", at=at),
        StopClocks(at=at, by=ANNE, act="call"),
    )
    assert "l’appel est noté sur ETNIC-1001" in result.lines[0]


@pytest.mark.parametrize(
    ("status", "resolved"),
    [(Status.NEW, True), (Status.TAKEN, True), (Status.RESOLVED, False), (Status.CLOSED, False)],
)
def test_what_a_call_solves_is_resolved(status: Status, resolved: bool) -> None:
    """Where it was open."""
    result = run("#appel premier-appel=oui reçu=oui", state(status=status))
    assert bool(of(result, Amend)) is resolved
    (receipt,) = of(result, SendCallReceipt)
    assert (receipt.to.address, receipt.solved) == (JEAN, True)


def test_only_who_takes_part_is_logged_on_a_ticket() -> None:
    """Another caller has a ticket of his own."""
    assert not run(f"#appel {JEAN.upper()} durée=3m", state()).refused
    assert not run("#appel Jean Dupont durée=3m", state()).refused
    refused = run("#appel marc@ailleurs.test durée=3m", state())
    assert (refused.changes, refused.refused) == ((), True)
    assert "marc@ailleurs.test ne participe pas à ETNIC-1001" in refused.lines[0]


@pytest.mark.parametrize("status", [Status.MERGED, Status.SPAM])
def test_what_is_no_ticket_any_more_has_no_calls(status: Status) -> None:
    """Its survivor has."""
    assert run("#appel durée=3m", state(status=status)).refused


# --- what is refused


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("#appel", "qui a appelé"),
        ("#appel durée=4m", "qui a appelé"),
        ("#appel jean@ecole.test marc@ailleurs.test", "qui a appelé"),
        ("#appel jean@", "qui a appelé"),
        (f"#appel {DESK}", "qui a appelé"),
        ("#appel " + "x" * 201, "qui a appelé"),
        ("#appel jean@ecole.test tarif=4m", "« tarif= »"),
        ("#appel jean@ecole.test durée=4m duration=5m", "« duration= »"),
        ("#appel jean@ecole.test durée=longtemps", "« longtemps »"),
        ("#appel jean@ecole.test durée=", "«  »"),
        ("#appel jean@ecole.test attente=2j", "« 2j »"),
        ("#appel jean@ecole.test premier-appel=peut-être", "« peut-être »"),
        ("#appel jean@ecole.test reçu=x", "« x »"),
        ("#appel jean@ecole.test à=13:01", "« 13:01 »"),
        ("#appel jean@ecole.test à=25:00", "« 25:00 »"),
        ("#appel jean@ecole.test à=demain", "« demain »"),
    ],
)
def test_what_is_not_understood_is_refused_with_an_example(line: str, told: str) -> None:
    """Nothing is guessed, and nothing is logged."""
    result = run(line)
    assert (result.changes, result.refused) == ((), True)
    said = result.lines[0].replace("\u00a0", " ")
    assert told in said
    assert "#appel jean@exemple.be attente=3m durée=4m premier-appel=oui" in said


@pytest.mark.parametrize("language", ["fr", "nl", "de", "en"])
def test_every_example_is_understood(language: str) -> None:
    """As it stands in the answer, once its hour is past."""
    refused = run("#appel", language=language)
    example = refused.lines[0].rpartition("#")[2]
    later = NOON + timedelta(hours=3)
    assert not run(f"#{example}", arrived_at=later, now=later).refused
