"""Which ticket an order is for: what a number behind a verb means, verb by verb."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.decide import commands
from maild.decide.order import Command, Tickets
from maild.decide.placing import example, placed
from parsers.commands import parse_commands


def named(text: str) -> tuple[tuple[int, ...], str]:
    """The tickets of a line, and what stands behind them."""
    (line,) = parse_commands(text).commands
    command = commands.command_of(line)
    assert command is not None
    found = placed(line, command, "ETNIC")
    numbers = tuple(one.named for one in found if one.named is not None)
    (rest,) = {one.line.argument for one in found}
    assert len(found) == max(1, len(numbers))
    return numbers, rest


@pytest.mark.parametrize(
    ("text", "tickets", "rest"),
    [
        ("#prendre", (), ""),
        ("#prendre 1042", (1042,), ""),
        ("#prendre 1042 1043", (1042, 1043), ""),
        ("#prendre 1042, 1043 et ETNIC-1044", (1042, 1043, 1044), ""),
        ("#prendre 1042,1043", (1042, 1043), ""),
        ("#prendre #1042 #1043", (1042, 1043), ""),
        ("#prendre etnic-1042.", (1042,), ""),
        ("#prendre [ETNIC-1042] Imprimante en panne", (1042,), "Imprimante en panne"),
        ("#prendre le ticket 1042", (1042,), ""),
        ("#prendre 1042 1042", (1042,), ""),
        ("#prendre n° 1042", (1042,), ""),
        ("#prendre ETNIC 1042", (1042,), ""),
        ("#prendre (1042)", (1042,), ""),
        ("#prendre: 1042:", (1042,), ""),
        ("#prendre 1042/1043", (), "1042/1043"),
        ("#prendre 10:30", (), "10:30"),
        ("#assigner 1042: réseau", (1042,), "réseau"),
        ("#assigner 1042 - réseau", (1042,), "réseau"),
        ("#catégorie 1042 = incident", (1042,), "incident"),
        ("#attente 10:30", (), "10:30"),
        ("#attente 1,5 h", (), "1,5 h"),
        ("#assigner n 1042", (1042,), ""),
        ("#prendre ETNIC-1042 et le reste", (1042,), "et le reste"),
        ("#prendre 3 tickets", (), "3 tickets"),
        ("#prendre COVID-19", (), "COVID-19"),
        ("#prendre 10422222222", (), "10422222222"),
        ("#assigner 1042", (1042,), ""),
        ("#assigner 1042 réseau", (1042,), "réseau"),
        ("#assigner 1042 1043 Anne Dupont", (1042, 1043), "Anne Dupont"),
        ("#assigner 2e ligne", (), "2e ligne"),
        ("#assigner anne@etnic.test", (), "anne@etnic.test"),
        ("#attente 2j", (), "2j"),
        ("#attente 3", (), "3"),
        ("#attente 3 jours", (), "3 jours"),
        ("#attente 9 h 30", (), "9 h 30"),
        ("#attente 24/11", (), "24/11"),
        ("#attente 24 novembre", (), "24 novembre"),
        ("#attente 24 novembre (lundi)", (), "24 novembre (lundi)"),
        ("#attente 29 février", (), "29 février"),
        ("#attente 1042", (1042,), ""),
        ("#attente 1042 2j", (1042,), "2j"),
        ("#attente ETNIC-3 2j", (3,), "2j"),
        ("#attente ETNIC-3", (3,), ""),
        ("#attente 1042 3 jours", (1042,), "3 jours"),
        ("#attente 1042 1043 24 novembre", (1042, 1043), "24 novembre"),
        ("#attente 1042 lundi 9h", (1042,), "lundi 9h"),
        ("#résolu 1042", (1042,), ""),
        ("#clore 1042 1043", (1042, 1043), ""),
        ("#rouvrir 1042", (1042,), ""),
        ("#spam 1042 1043", (1042, 1043), ""),
        ("#priorité haute", (), "haute"),
        ("#priorité 1", (), "1"),
        ("#priorité 1042 1", (1042,), "1"),
        ("#priorité 1042 haute", (1042,), "haute"),
        ("#catégorie 1042 incident", (1042,), "incident"),
        ("#note 1042", (1042,), ""),
        ("#note 3 appels sans réponse", (), "3 appels sans réponse"),
        ("#note ETNIC-1042 il rappelle demain", (1042,), "il rappelle demain"),
        ("#escalader 1042 réseau", (1042,), "réseau"),
        ("#hors-périmètre 1042 formation", (1042,), "formation"),
        ("#bénéficiaire 1042 Commune de Namur", (1042,), "Commune de Namur"),
        ("#modèle 1042 délai", (1042,), "délai"),
        ("#modèle 2", (), "2"),
        ("#stop 1042", (1042,), ""),
        ("#envoyer 1042", (1042,), ""),
        ("#relayer 1042", (1042,), ""),
        ("#annuler 1042", (1042,), ""),
        ("#annuler 1042 intervention", (1042,), "intervention"),
        (
            "#intervention 1042 Paul demain 14h Rue Neuve 1",
            (1042,),
            "Paul demain 14h Rue Neuve 1",
        ),
        ("#intervention Paul demain 14h Rue Neuve 1042", (), "Paul demain 14h Rue Neuve 1042"),
        ("#intervention 24 novembre 14h", (), "24 novembre 14h"),
        ("#fusionner 1042", (), "1042"),
        ("#lier 1042 1043", (), "1042 1043"),
        ("#pourquoi 1042", (), "1042"),
        ("#complet 1042", (), "1042"),
        ("#détacher 1042", (), "1042"),
        ("#appel 1042 attente=3m", (), "1042 attente=3m"),
        ("#transfert 1042", (), "1042"),
        ("#liste 1042", (), "1042"),
    ],
)
def test_what_a_number_behind_a_verb_means(text: str, tickets: tuple[int, ...], rest: str) -> None:
    """A ticket where nothing else can be meant; a span, a date or another ticket stays what it is."""
    assert named(text) == (tickets, rest)


@given(
    command=st.sampled_from(commands.COMMANDS),
    numbers=st.lists(st.integers(400, 999_999_999), min_size=1, max_size=5, unique=True),
    rest=st.sampled_from(("", "réseau", "lundi 9h", "Paul demain 14h Rue Neuve 1")),
)
def test_every_verb_means_the_same_by_a_number(command: Command, numbers: list[int], rest: str) -> None:
    """Marked as tickets, they are tickets to each verb that takes any, in their order; to others never."""
    argument = " ".join([*(f"ETNIC-{number}" for number in numbers), rest]).strip()
    found, behind = named(f"#{command.names[0]} {argument}")
    is_taken = command.tickets is not Tickets.NONE
    assert found == (tuple(numbers) if is_taken else ())
    assert behind == (rest if is_taken else argument)


@pytest.mark.parametrize(
    ("text", "seen", "expected"),
    [
        ("#prendre", "", "#prendre 1042"),
        ("#assigner réseau", "> [ETNIC-1007] Panne\n> [ETNIC-1008] Wifi", "#assigner 1007 réseau"),
        ("#attente 2j", "> [AUTRE-7]", "#attente 1042 2j"),
    ],
)
def test_the_example_is_the_line_itself(text: str, seen: str, expected: str) -> None:
    """With the first ticket that its author has before him."""
    (line,) = parse_commands(text).commands
    assert example(line, "ETNIC", seen) == expected
