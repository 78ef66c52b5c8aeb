"""What an agent orders: ``#verb argument`` lines at the top of the new text; syntax only.

Reads the reply text that ``quotes`` found. Which verbs exist and who may use them is the trunk's judgement.
Total: text without commands gives an empty block and comes back whole.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

MAX_COMMANDS: Final = 50

# A verb begins with a letter, so that "#1 the printer" and "# title" are text.
_COMMAND: Final = re.compile(
    r"[ \t\u00a0\u200b\ufeff]*[#＃]([^\W\d_][\w’'-]{0,39})"
    r"(?:[ \t\u00a0]*[:：](?=\s|$))?(?:[ \t\u00a0]+(.*))?$"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandLine:
    """One order: ``verb`` as written without ``#``, ``argument`` trimmed, ``line`` as in the mail."""

    verb: str
    argument: str
    line: str

    @property
    def key(self) -> str:
        """The verb folded for look-up: no case, no accents, one kind of hyphen and apostrophe."""
        return command_key(self.verb)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandBlock:
    """The orders at the top and the text below them, without the blank lines between."""

    commands: tuple[CommandLine, ...]
    rest: str


def command_key(verb: str) -> str:
    """Fold a verb: case and accents go, typographic apostrophes become plain ones.

    >>> command_key("Hors-Périmètre")
    'hors-perimetre'
    """
    plain = unicodedata.normalize("NFKD", verb.replace("’", "'").casefold())
    return "".join(c for c in plain if not unicodedata.combining(c))


def parse_commands(text: str) -> CommandBlock:
    """The command lines at the top; blank lines between them are allowed, any other line ends the block."""
    commands: list[CommandLine] = []
    lines = text.splitlines(keepends=True)
    rest = 0
    for number, line in enumerate(lines):
        if not line.strip():
            continue
        found = _COMMAND.match(line.rstrip()) if len(line) <= 1000 else None
        if found is None or len(commands) >= MAX_COMMANDS:
            break
        argument = (found[2] or "").strip()
        commands.append(CommandLine(verb=found[1], argument=argument, line=line.strip()))
        rest = number + 1
    body = "".join(lines[rest:])
    return CommandBlock(commands=tuple(commands), rest=body.strip("\r\n") if commands else text)


# ---------------------------------------------------------------------- arguments

_LENGTH: Final = (
    r"\d[\d.,]*\s+(?:s|secs?|secondes?|seconds?|seconden|sek|sekunden?|mn|m|mins?|minutes?|minuut|minuten"
    r"|h|u|heures?|hours?|uur|uhr|std|stunden?)"
)
_NAMED: Final = re.compile(
    rf"(?<!\S)([^\W\d_][\w’'-]{{0,39}})\s?[=＝]\s?(?:\"([^\"]{{0,200}})\"|({_LENGTH}(?!\S)|\S*))",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedValues:
    """An argument such as "jean@x.be durée=4 min reçu=oui". ``named``: folded name and value, in their order;
    ``rest``: what stands between them."""

    named: tuple[tuple[str, str], ...]
    rest: str


def named_values(argument: str) -> NamedValues:
    """The values that an argument names, and what else it says."""
    found = tuple(
        (command_key(one[1]), (one[2] if one[2] is not None else one[3]).strip())
        for one in _NAMED.finditer(argument)
    )
    return NamedValues(named=found, rest=" ".join(_NAMED.sub(" ", argument).split()))
