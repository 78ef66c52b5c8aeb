"""The card of all commands in the README, made of the one table that runs them.

``python -m tests.card`` (``make card``) writes it anew; a test says when that is to be done.
"""

from pathlib import Path

from maild.decide.commands import COMMANDS
from maild.decide.order import Command
from maild.decide.verbs.asking import grouped

README = Path(__file__).resolve().parent.parent / "README.md"
BEGIN, END = "<!-- commands -->\n", "<!-- /commands -->\n"


def card() -> str:
    """The table as Markdown, the verbs in the order in which ``#aide`` lists them."""
    rows = [_row(command) for _, verbs in grouped(COMMANDS) for command in verbs]
    return "\n".join(["| French | English | does |", "|---|---|---|", *rows, ""])


def _row(command: Command) -> str:
    # A bar would end the cell, also within code.
    cells = (f"`{command.usage['fr']}`", f"`{command.usage['en']}`", command.does("en"))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def with_card(text: str) -> str:
    """A README with the card in its place."""
    head, rest = text.split(BEGIN)
    return f"{head}{BEGIN}{card()}{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    README.write_text(with_card(README.read_text(encoding="utf-8")), encoding="utf-8")
