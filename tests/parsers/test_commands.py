"""Command lines at the top of an agent's answer."""

import pytest

from parsers.commands import command_key, parse_commands


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
