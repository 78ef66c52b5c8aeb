"""The README: what it tells people to type is understood, and what it names is there, in the expected order.

Nothing of it is run: the commands are only read by the command line, as it reads those of a person.
"""

import re
import tomllib
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import typer

from maild import cli, config
from tests.card import README, ROOT

TEXT = README.read_text(encoding="utf-8")
SECTIONS = (
    "Two commands", "What you just saw", "Connect a mailbox", "Agents work by replying", "Run it",
    "Grow past one machine", "Safety", "Limits", "Develop",
)  # fmt: skip
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")


def blocks(language: str) -> list[str]:
    return [text for kind, text in _BLOCK.findall(TEXT) if kind == language]


def written() -> list[str]:
    """Every command of maild, with the choices of ``hold|release`` one by one."""
    lines = [line.partition(" #")[0].strip() for block in blocks("sh") for line in block.splitlines()]
    lines += _CODE.findall(_BLOCK.sub("", TEXT))
    calls = [line for line in lines if re.match(r"(\S*/)?maild [a-z]", line) and "…" not in line]
    return sorted({one for call in calls for one in _choices(call)})


def _choices(call: str) -> list[str]:
    words = [word.replace("\\|", "|").split("|") for word in call.split()]
    return [" ".join(each) for each in product(*words)]


def test_it_has_its_sections_in_order() -> None:
    """What it is; then nine, each where whoever reads from the top needs it."""
    assert tuple(re.findall(r"^## (.+)$", _BLOCK.sub("", TEXT), re.MULTILINE)) == SECTIONS


def parsed(words: list[str], command: Any, above: Any = None) -> None:
    """Read the words as the command line does; the name of a command alone is one that the text speaks of.

    Raises:
        typer.TyperException: it would refuse them.
    """
    if above is not None and not words:
        return
    if not hasattr(command, "commands"):
        command.make_context(command.name, words, parent=above).close()
        return
    with command.make_context(command.name, words[:1], parent=above) as context:
        _, found, rest = command.resolve_command(context, words)
        parsed(rest, found, context)


@pytest.mark.parametrize("call", written())
def test_each_command_is_understood(call: str) -> None:
    """Its words, options and arguments; what the files hold that it names is another matter."""
    parsed(call.replace("...", "").split()[1:], typer.main.get_command(cli.app))


def test_no_command_is_left_out() -> None:
    """By its whole name, or by its own beside another one of its group."""
    for words, _, _ in cli._COMMANDS:
        beside = " " in words and f"`{words.split()[-1]}`" in TEXT
        assert beside or any(f"maild {words}" in call for call in written()), words


def test_each_option_is_one() -> None:
    """Those that the text names without their command."""
    commands: list[Any] = [cli._Later(*each).found() for each in cli._COMMANDS]
    known = {name for each in commands for option in each.params for name in option.opts}
    named = [code for code in _CODE.findall(_BLOCK.sub("", TEXT)) if code.startswith("--")]
    assert named
    for code in named:
        assert set(re.findall(r"--[a-z-]+", code)) <= known, code


def test_what_it_links_to_is_there() -> None:
    headings = {re.sub(r"[^\w -]", "", name).lower().replace(" ", "-") for name in SECTIONS}
    for target in re.findall(r"\]\(([^)\s]+)\)", TEXT):
        place, _, part = target.partition("#")
        assert not place or (ROOT / place).exists(), target
        assert not part or part in headings, target


def test_each_target_of_make_is_one() -> None:
    there = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = re.findall(r"(?:^|`)make ([a-z]+)(?=[ `\n])", TEXT, re.MULTILINE)
    assert set(named) <= there


def test_each_key_of_the_configuration_is_one() -> None:
    """Where a table is named with it; ``[maildrop.support.oauth]`` is the table of any maildrop."""
    tables = config._TABLE_OF
    for table, keys in re.findall(r"`\[([a-z.]+)\]((?: [a-z_]+)?)(?: = [^`]*)?`", TEXT):
        first = table.split(".")[0]
        assert first in config.Config.model_fields, table
        assert not keys or keys.strip() in config._keys(tables[first]), (table, keys)


def test_the_configuration_that_it_shows_can_be_used(tmp_path: Path) -> None:
    """With the three secrets that it names, and with the keys that the text shows besides."""
    (shown,) = blocks("toml")
    tables = tomllib.loads(shown)
    secrets = [value for table in (tables["desk"], tables["maildrop"]["support"], tables["submission"])
               for key, value in table.items() if key.endswith("_file")]  # fmt: skip
    for name in secrets:
        (tmp_path / name).write_text("s" * 64, encoding="utf-8")
    (tmp_path / "config.toml").write_text(shown, encoding="utf-8")
    assert config.load(tmp_path / "config.toml", {}).desk.name == "ETNIC Service Desk"
