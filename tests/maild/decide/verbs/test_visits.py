"""Technicians on site: how they are ordered, moved and called off, in every form that people write."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from maild.decide import commands
from maild.decide.case import weighed
from maild.decide.classify import MailKind
from maild.decide.commands import Result
from maild.decide.decision import SendVisit, StopClocks, TakeInCharge
from maild.decide.facts import Handling
from maild.decide.order import Order, Outcome, Refusal
from maild.decide.policy import Agent
from maild.decide.verbs import visits
from parsers.addresses import Address
from parsers.commands import parse_commands
from storage.records import Status, Visit
from tests.maild.decide.cases import ANNE, DESK, JEAN, NOON, facts, mail, policy, state

AGENT = Agent(name="Anne", address=ANNE, language="fr")
PAUL = Agent(name="Paul Martin", address="paul.martin@etnic.test", away=((date(2024, 12, 24),) * 2,))
DESK_POLICY = policy(
    agents=(AGENT, PAUL, Agent(name="Luc Roy", address="l.roy@etnic.test"),
            Agent(name="Luc Petit", address="l.petit@etnic.test"))
)  # fmt: skip
# NOON is a Monday, 13:00 in Brussels.
TOMORROW_14 = datetime(2024, 11, 26, 13, tzinfo=UTC)
STANDING = Visit(
    id=7, ticket_id=1001, uid="v7@etnic.test", sequence=2, technician="paul.martin@etnic.test",
    technician_name="Paul Martin", place="Rue Neuve 1", description="Prendre un toner.",
    starts_at=TOMORROW_14, ends_at=TOMORROW_14 + timedelta(hours=2), ordered_by=ANNE, state="accepted",
    requester_state="accepted",
)  # fmt: skip


def run(
    text: str, *known: Visit, agent: Agent = AGENT, now: datetime = NOON, arrived: datetime | None = None,
    **ticket: Any,
) -> Result:  # fmt: skip
    """The commands of a text, run by Anne on Jean's ticket with these visits."""
    here = replace(state(**ticket), handling=Handling(visits=known))
    case = weighed(mail(), MailKind.AGENT, facts(now=now, arrived_at=arrived or now), DESK_POLICY)
    return commands.run(parse_commands(text), agent, here, case)


def sent(result: Result) -> SendVisit:
    """The invitation among the changes."""
    assert not result.refused, result.lines
    (one,) = [change for change in result.changes if isinstance(change, SendVisit)]
    return one


def brussels(text: str) -> datetime:
    """Winter time in November."""
    return datetime.fromisoformat(f"{text}+01:00")


WRITTEN: list[tuple[str, str, str, str, float]] = [
    # the line, who, when in Brussels, where, hours
    ("#intervention Paul demain 14h Rue de Bruxelles 5, Namur", "paul.martin", "2024-11-26T14:00",
     "Rue de Bruxelles 5, Namur", 1),
    ("#Intervention paul martin, demain à 14 h, Rue de Bruxelles 5", "paul.martin", "2024-11-26T14:00",
     "Rue de Bruxelles 5", 1),
    ("#INTERVENTION Paul.Martin 28/11 9:30 Athénée royal", "paul.martin", "2024-11-28T09:30",
     "Athénée royal", 1),
    ("#intervention paul.martin@etnic.test 2024-11-29 10:00 Bureau 214", "paul.martin", "2024-11-29T10:00",
     "Bureau 214", 1),
    ("#intervention Paul 2024-11-29T10:00 Bureau 214", "paul.martin", "2024-11-29T10:00", "Bureau 214", 1),
    ("#intervention Paul 2024-11-29T09:00Z Bureau 214", "paul.martin", "2024-11-29T10:00", "Bureau 214", 1),
    ("#dispatch Paul tomorrow at 2pm Main school", "paul.martin", "2024-11-26T14:00", "Main school", 1),
    ("#dispatch Paul next Monday 10:00 Room 214 duration=90min", "paul.martin", "2024-12-02T10:00",
     "Room 214", 1.5),
    ("#visit Paul on 28 November at 9:30", "paul.martin", "2024-11-28T09:30", "", 1),
    ("#technicien Paul le mardi 26 novembre 2024 à 9h30 durée=1h30 à l'Athénée", "paul.martin",
     "2024-11-26T09:30", "à l'Athénée", 1.5),
    ("#intervention Paul demain 14h durée = 2 h", "paul.martin", "2024-11-26T14:00", "", 2),
    ("#intervention Paul demain 14h Namur (duree: 1 h 30)", "paul.martin", "2024-11-26T14:00", "Namur", 1.5),
    ("#intervention Paul durée=2h demain 14h Namur", "paul.martin", "2024-11-26T14:00", "Namur", 2),
    ("#intervention Paul dans 2 heures bâtiment B", "paul.martin", "2024-11-25T15:00", "bâtiment B", 1),
    ("#intervention Paul aujourd'hui 15h", "paul.martin", "2024-11-25T15:00", "", 1),
    ("#interventie Paul morgen 14u Brusselstraat 5", "paul.martin", "2024-11-26T14:00",
     "Brusselstraat 5", 1),
    ("#einsatz Paul morgen 14 Uhr Eupen Dauer=2h", "paul.martin", "2024-11-26T14:00", "Eupen", 2),
    ("#intervention Anne demain 14h @ Namur (bât. A)", "anne", "2024-11-26T14:00", "Namur (bât. A)", 1),
]  # fmt: skip


@pytest.mark.parametrize(("line", "who", "at", "where", "hours"), WRITTEN, ids=[row[0] for row in WRITTEN])
def test_who_when_and_where(line: str, who: str, at: str, where: str, hours: float) -> None:
    """In French, English, Dutch and German; an hour unless the line says how long."""
    visit = sent(run(line)).visit
    assert visit.technician == f"{who}@etnic.test"
    assert (visit.starts_at, visit.place) == (brussels(at), where)
    assert visit.ends_at - visit.starts_at == timedelta(hours=hours)
    assert (visit.id, visit.uid, visit.sequence, visit.state) == (0, "", 0, "asked")


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        ("marc@extern.test", Address("", "marc@extern.test")),
        ("Marc Leroy <marc@extern.test>", Address("Marc Leroy", "marc@extern.test")),
        ('"Marc Leroy" marc@extern.test,', Address("Marc Leroy", "marc@extern.test")),
        ("marc@extern.test<mailto:marc@extern.test>", Address("", "marc@extern.test")),
        ("Paul <Paul.Martin@etnic.test>", Address("Paul Martin", "paul.martin@etnic.test")),
        ("l.roy", Address("Luc Roy", "l.roy@etnic.test")),
    ],
)
def test_a_technician_need_be_no_agent(who: str, expected: Address) -> None:
    """Anybody with an address; an agent has the name that the desk knows him by."""
    visit = sent(run(f"#intervention {who} demain 14h Namur")).visit
    assert Address(visit.technician_name, visit.technician) == expected


REFUSED: list[tuple[str, str]] = [
    ("#intervention", "je n’ai pas compris quand"),
    ("#intervention Paul", "je n’ai pas compris quand"),
    ("#intervention Paul bientôt", "je n’ai pas compris quand"),
    ("#intervention Paul 31/02 9h", "je n’ai pas compris quand"),
    ("#intervention Paul demain 25h", "je n’ai pas compris quand"),
    ("#intervention Paul demain 14h-16h Namur", "je n’ai pas compris quand"),
    ("#intervention Paul demain Namur", "à quelle heure"),
    ("#intervention Paul lundi prochain", "à quelle heure"),
    ("#intervention Paul aujourd'hui 9h", "ce moment est passé"),
    ("#intervention Paul 2024-11-24 10:00 Namur", "ce moment est passé"),
    ("#intervention Paul hier 10h", "ce moment est passé"),
    ("#intervention Paul 2062-11-24 10:00", "plus d’un an"),
    ("#intervention demain 14h Namur", "qui doit y aller"),
    ("#intervention Zoé demain 14h", "ni un agent ni une adresse"),
    ("#intervention Paul demain 14h durée=x", "la durée"),
    ("#intervention Paul demain 14h durée=3j", "la durée"),
    ("#intervention Paul demain 14h durée=", "la durée"),
]


@pytest.mark.parametrize(("line", "why"), REFUSED, ids=[row[0] for row in REFUSED])
def test_what_is_not_understood_is_asked_with_three_examples(line: str, why: str) -> None:
    """Nobody is invited, and each of the examples can be sent as it stands."""
    result = run(line)
    assert (result.refused, result.changes) == (True, ())
    said, *examples = result.lines[0].split("\n")
    assert why in said.replace("\u00a0", " ")
    assert len(examples) == 3
    for example in examples:
        assert sent(run(example)).visit.place


@pytest.mark.parametrize("language", ["fr", "nl", "de", "en"])
def test_the_examples_of_every_language_are_understood(language: str) -> None:
    """At whatever hour they are sent."""
    for hours in range(0, 168, 5):
        now = NOON + timedelta(hours=hours)
        refused = run("#intervention Paul", agent=replace(AGENT, language=language), now=now).lines[0]
        for example in refused.split("\n")[1:]:
            assert sent(run(example, now=now)).visit.starts_at > now


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("#intervention Luc demain 14h", "l.roy@etnic.test, l.petit@etnic.test"),
        (f"#intervention {DESK} demain 14h", "l’adresse du service desk"),
        ("#intervention support+x@etnic.test demain 14h", "l’adresse du service desk"),
        (f"#intervention {JEAN} demain 14h", "le demandeur de ETNIC-1001 lui-même"),
    ],
)
def test_who_cannot_go(line: str, why: str) -> None:
    """Two of one name, the desk itself, and whoever is to be visited."""
    result = run(line)
    assert (result.refused, result.changes) == (True, ())
    assert why in result.lines[0]


@pytest.mark.parametrize("status", [Status.RESOLVED, Status.CLOSED, Status.SPAM, Status.MERGED])
def test_nobody_goes_for_what_is_over(status: Status) -> None:
    """It must be opened again first."""
    result = run("#intervention Paul demain 14h", status=status)
    assert result.refused
    assert status.value in result.lines[0]


def test_it_is_an_act() -> None:
    """Clocks stop, the ticket is in the hands of who has it, else of who ordered."""
    result = run("#intervention Paul demain 14h Namur")
    assert result.changes[:2] == (
        TakeInCharge(agent=ANNE, at=NOON), StopClocks(at=NOON, by=ANNE, act="intervention"),
    )  # fmt: skip
    assert sent(result).requester == Address("Jean", JEAN)
    assert "Paul Martin est attendu le mardi 26 novembre 2024 à 14 h 00 – 15 h 00, Namur" in result.lines[
        0
    ].replace("\u00a0", " ")
    taken = run("#intervention Paul demain 14h", assignee="l.roy@etnic.test", status=Status.TAKEN)
    assert taken.changes[0] == TakeInCharge(agent="l.roy@etnic.test", at=NOON)


def test_the_words_below_are_the_technician_s() -> None:
    """Without the card of the agent's signature, and nothing of them where they are a note."""
    words = "Prendre un toner.\nLe concierge a la clé.\n\nBien à vous,\nAnne Dupont\nTél. 02 800 10 10\n"
    visit = sent(run(f"#intervention Paul demain 14h\n\n{words}")).visit
    assert visit.description.startswith("Prendre un toner.\nLe concierge a la clé.")
    assert "02 800" not in visit.description
    assert sent(run(f"#note\n#intervention Paul demain 14h\n\n{words}")).visit.description == ""


def test_tomorrow_is_the_day_after_it_was_written() -> None:
    """A mail that lay overnight means what it meant, and is refused where that is over."""
    written = NOON - timedelta(hours=20)
    assert sent(run("#intervention Paul demain 14h", arrived=written)).visit.starts_at == NOON.replace(
        hour=13
    )
    assert run("#intervention Paul demain 10h", arrived=written).refused


@pytest.mark.parametrize(
    ("line", "utc"),
    [
        ("#intervention Paul 29/03/2025 10h", "2025-03-29T09:00"),
        ("#intervention Paul 30/03/2025 10h", "2025-03-30T08:00"),
        ("#intervention Paul 30/03/2025 2h30", "2025-03-30T01:30"),
        ("#intervention Paul 26/10/2025 2h30", "2025-10-26T00:30"),
        ("#intervention Paul 26/10/2025 10h", "2025-10-26T09:00"),
    ],
)
def test_days_when_the_clocks_change(line: str, utc: str) -> None:
    """The hour is that of the desk's clocks, and lasts an hour of real time."""
    visit = sent(run(line)).visit
    assert visit.starts_at == datetime.fromisoformat(f"{utc}+00:00")
    assert visit.ends_at - visit.starts_at == timedelta(hours=1)


@pytest.mark.parametrize(
    ("address", "invited"),
    [
        (JEAN, True),
        ("", False),
        ("noreply@ecole.test", False),
        (DESK, False),
    ],
)
def test_who_has_no_address_is_told_by_the_agent(address: str, invited: bool) -> None:
    """No letter reaches him."""
    result = run("#intervention Paul demain 14h", requester_address=address)
    assert (sent(result).requester is not None) is invited
    assert ("prévenez-le" in result.lines[0]) is not invited


def test_a_technician_who_is_away_is_named() -> None:
    """It is the desk's to know better."""
    assert "absent ce jour-là" in run("#intervention Paul 24/12 10h").lines[0]


# --- moving and calling off


def test_a_second_order_moves_the_visit() -> None:
    """One invitation, the next number; what is not said stays, and nobody has accepted the new moment."""
    moved = sent(run("#intervention vendredi 9h30", STANDING))
    assert moved.before == STANDING
    starts = brussels("2024-11-29T09:30")
    assert moved.visit == replace(
        STANDING, sequence=3, starts_at=starts, ends_at=starts + timedelta(hours=2), state="asked",
        requester_state="",
    )  # fmt: skip
    assert "est déplacée" in run("#intervention vendredi 9h30", STANDING).lines[0]


def test_another_technician_takes_it_over() -> None:
    """In the same visit."""
    moved = sent(run("#intervention marc@extern.test vendredi 9h30 Mons durée=1h\n\nToner noir.", STANDING))
    assert moved.visit.technician == "marc@extern.test"
    assert (moved.visit.uid, moved.visit.sequence) == (STANDING.uid, 3)
    assert (moved.visit.place, moved.visit.description) == ("Mons", "Toner noir.")
    assert moved.visit.ends_at - moved.visit.starts_at == timedelta(hours=1)


@pytest.mark.parametrize(
    "known",
    [
        replace(STANDING, state="cancelled"),
        replace(STANDING, starts_at=NOON - timedelta(hours=3), ends_at=NOON - timedelta(hours=1)),
    ],
    ids=["called off", "over"],
)
def test_a_visit_that_is_over_is_not_moved(known: Visit) -> None:
    """The next one is new."""
    assert sent(run("#intervention Paul vendredi 9h30", known)).before is None
    assert run("#intervention vendredi 9h30", known).refused


def order(*known: Visit) -> Order:
    """``#annuler`` on Jean's ticket."""
    here = replace(state(), handling=Handling(visits=known))
    case = weighed(mail(), MailKind.AGENT, facts(), DESK_POLICY)
    (line,) = parse_commands("#annuler intervention").commands
    return Order(line=line, agent=AGENT, state=here, words="", case=case)


def test_the_standing_visit_is_called_off() -> None:
    """The last that was ordered, with the next number."""
    outcome = visits.cancel(order(replace(STANDING, id=3), STANDING))
    assert isinstance(outcome, Outcome)
    off = replace(STANDING, state="cancelled", sequence=3)
    assert outcome.changes == (SendVisit(visit=off, before=STANDING, requester=Address("Jean", JEAN)),)
    assert "est annulée" in outcome.line


def test_where_none_stands_nothing_is_called_off() -> None:
    """And the agent reads it."""
    refusal = visits.cancel(order(replace(STANDING, state="cancelled")))
    assert isinstance(refusal, Refusal)
    assert "aucune intervention" in refusal.line


@pytest.mark.parametrize(
    ("argument", "means"),
    [
        ("intervention", True), ("l'intervention", True), ("L’Intervention", True), ("visit", True),
        ("the visit", True), ("la visite", True), ("rendez-vous.", True), ("", False), ("résolu", False),
        ("1042", False),
    ],
)  # fmt: skip
def test_what_names_the_visit(argument: str, means: bool) -> None:
    """For ``#annuler``, in both languages."""
    assert visits.means_visit(argument) is means
