"""The man page: made of the commands as they are, and without a fault that groff knows."""

import shutil
import subprocess

import pytest

from maild import cli
from tests import manual


def test_the_page_is_current() -> None:
    """Whoever changes a command, an option or its help runs `make man`."""
    assert manual.PAGE.read_text(encoding="ascii") == manual.page(), "run `make man`"


def test_it_has_every_command_and_every_code() -> None:
    page = manual.page()
    headings = [line.removeprefix('.SS "maild ') for line in page.splitlines() if line.startswith(".SS")]
    for words, _, _ in cli._COMMANDS:
        assert [each for each in headings if each.startswith((f'{words}"', f"{words} "))], words
    for code in cli.Code:
        assert f".TP\n\\fB{code.value}\\fR\n" in page


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a\n  b", "a b"),
        (".TH at the beginning", "\\&.TH at the beginning"),
        ("run `maild db upgrade --to X`, then", "run \\fBmaild db upgrade \\-\\-to X\\fR, then"),
        ("a \\ b", "a \\e b"),
        ("équipe", "\\[u00E9]quipe"),
    ],
)
def test_text_is_shown_as_it_is(text: str, told: str) -> None:
    """Whatever it begins with or holds, groff takes none of it for an order."""
    assert manual._prose(text) == told


@pytest.mark.real
def test_groff_has_nothing_to_remark() -> None:
    """With all its warnings; what it prints holds the words of the page."""
    if shutil.which("groff") is None:
        pytest.skip("groff is not installed (Debian: groff-base)")
    # As plain text: nothing is printed twice to look bold.
    command = ["groff", "-man", "-ww", "-Tutf8", "-P-cbou", str(manual.PAGE)]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (said.returncode, said.stderr) == (0, "")
    assert "EXIT STATUS" in said.stdout
    assert "/etc/maild/config.toml" in said.stdout
