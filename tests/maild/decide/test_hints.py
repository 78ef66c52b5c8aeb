"""What a notification proposes, and that each proposal is a command."""

import pytest

from maild.decide import commands, hints
from maild.decide.exclusions import EXCLUSIONS, SPAM, SPECIALIST
from parsers.commands import parse_commands


@pytest.mark.parametrize(
    ("scope", "standing", "later", "proposed"),
    [
        ("", "", False, []),
        ("", "unknown", False, []),
        ("", "study", False, []),
        ("", "yes", True, []),
        *((scope, "", False, [f"#hors-périmètre {scope}"]) for scope in EXCLUSIONS),
        (SPECIALIST, "", False, ["#escalader ÉQUIPE"]),
        (SPAM, "", False, ["#spam"]),
        ("matériel", "", True, []),
        ("", "study", True, ["#bénéficiaire ENTITÉ"]),
        ("matériel", "study", True, ["#bénéficiaire ENTITÉ"]),
    ],
)
def test_what_is_proposed(scope: str, standing: str, later: bool, proposed: list[str]) -> None:
    """Of a first mail what a rule suggests, of a later one how to end a study."""
    found = hints.hints(scope=scope, standing=standing, later=later, language="fr")
    assert len(found) == len(proposed)
    assert all(one in hint for one, hint in zip(proposed, found, strict=True))


@pytest.mark.parametrize("language", ["fr", "nl", "de", "en"])
@pytest.mark.parametrize("scope", EXCLUSIONS)
def test_what_is_proposed_can_be_written(language: str, scope: str) -> None:
    """As it stands there, in each language."""
    (hint,) = hints.hints(scope=scope, standing="", later=False, language=language)
    (line,) = parse_commands(hint[hint.index("#") :]).commands
    command = commands.command_of(line)
    assert command is not None
    assert command.names[0] == "hors-périmètre"
    assert line.argument == scope
