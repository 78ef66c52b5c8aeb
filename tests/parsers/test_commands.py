"""Command lines at the top of an agent's answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.commands import NamedValues, command_key, named_values, parse_commands


@pytest.mark.parametrize(
    ("text", "verbs", "rest"),
    [
        ("#prendre", ["prendre"], ""),
        ("#prendre\n\nBonjour,\nOui.", ["prendre"], "Bonjour,\nOui."),
        ("\n#prendre\n\n#note\nsecret", ["prendre", "note"], "secret"),
        ("Bonjour\n#prendre", [], "Bonjour\n#prendre"),
        ("#1 est cassé", [], "#1 est cassé"),
        ("# titre", [], "# titre"),
        ("", [], ""),
        ("\u00a0#Résolu", ["Résolu"], ""),
    ],
)
def test_the_block_ends_at_the_first_other_line(text: str, verbs: list[str], rest: str) -> None:
    block = parse_commands(text)
    assert [line.verb for line in block.commands] == verbs
    assert block.rest == rest


def test_an_argument_is_the_rest_of_the_line() -> None:
    (line,) = parse_commands("  #Assigner   Marie Leroy  ").commands
    assert (line.verb, line.key, line.argument, line.line) == (
        "Assigner", "assigner", "Marie Leroy", "#Assigner   Marie Leroy",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("verb", "key"),
    [("Résolu", "resolu"), ("HORS-PÉRIMÈTRE", "hors-perimetre"), ("bénéficiaire", "beneficiaire")],
)
def test_case_and_accents_do_not_matter(verb: str, key: str) -> None:
    assert command_key(verb) == key


@pytest.mark.parametrize(
    ("argument", "named", "rest"),
    [
        ("", (), ""),
        ("jean@x.be", (), "jean@x.be"),
        ("jean@x.be attente=3m durée=4m", (("attente", "3m"), ("duree", "4m")), "jean@x.be"),
        ("durée=4 min Jean Dupont", (("duree", "4 min"),), "Jean Dupont"),
        ("durée=4 Jean Dupont", (("duree", "4"),), "Jean Dupont"),
        ("Durée = 1 h <jean@x.be>", (("duree", "1 h"),), "<jean@x.be>"),
        ('quoi="un mot, deux" fin', (("quoi", "un mot, deux"),), "fin"),
        ("premier-appel=oui", (("premier-appel", "oui"),), ""),
        ("durée=", (("duree", ""),), ""),
        ("a=b=c", (("a", "b=c"),), ""),
        ("1=2 =3", (), "1=2 =3"),
        ("a=1 a=2", (("a", "1"), ("a", "2")), ""),
        ("durée＝3m", (("duree", "3m"),), ""),
    ],
)
def test_values_that_an_argument_names(argument: str, named: tuple[tuple[str, str], ...], rest: str) -> None:
    """In their order, and what stands between them."""
    assert named_values(argument) == NamedValues(named=named, rest=rest)


@given(st.text(max_size=200))
def test_any_argument_is_read(argument: str) -> None:
    """Nothing is lost that is no named value."""
    found = named_values(argument)
    assert all(name for name, _ in found.named)
    assert found.named or found.rest == " ".join(argument.split())
