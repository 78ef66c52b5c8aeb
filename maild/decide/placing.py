"""Which ticket each order of a mail is for: the ones that its line names first, else that of the mail (pure).

Asked by ``commands`` before anything is run, and by ``ingest.gather`` for what is to be looked up. What a
number behind a verb means, each verb says itself (``Command.tickets``): "1042", "#1042" and "ETNIC-1042" are
tickets, also several with blanks or commas between; "2j", "24/11" and "14h" never are.
"""

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from maild.decide.order import Command, Tickets
from parsers.commands import CommandLine

# A mail is written by hand; whoever orders more at once has pasted something.
MOST_ORDERS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """An order for one ticket. ``line``: without the tickets that it names; ``named``: the ticket, as it was
    written; None for that of the mail."""

    line: CommandLine
    named: int | None


def placed(line: CommandLine, command: Command, prefix: str) -> tuple[Placed, ...]:
    """One order for each ticket that a line names, or the one for the ticket of its mail.

    Args:
        prefix: of ticket numbers, as the desk writes them.
    """
    numbers, rest = _named(line.argument, command, prefix)
    if not numbers:
        return (Placed(line=line, named=None),)
    alone = replace(line, argument=rest)
    return tuple(Placed(line=alone, named=number) for number in dict.fromkeys(numbers))


def _named(argument: str, command: Command, prefix: str) -> tuple[list[int], str]:
    """The tickets at the beginning of an argument, and what stands behind them."""
    numbers: list[int] = []
    rest, is_marked = argument, True
    while command.tickets is not Tickets.NONE and (found := _pattern(prefix).match(rest)):
        if (found["joint"] and not numbers) or (not found["mark"] and command.is_own(rest)):
            break
        is_marked = is_marked and bool(found["mark"])
        numbers.append(int(found["number"]))
        rest = rest[found.end() :]
    if rest and command.tickets is not Tickets.FIRST and not is_marked:
        return [], argument  # "#note 3 appels": words that begin with a number
    return numbers, rest


def is_unclear(one: Placed, command: Command) -> bool:
    """Whether a line names a ticket that was not understood, such as "1042/1043": where nothing but tickets
    may stand behind the verb, it must not be carried out on that of the mail."""
    is_own = one.named is None and command.tickets is Tickets.ALONE
    return is_own and any(map(str.isdigit, one.line.argument))


@lru_cache(maxsize=16)
def _pattern(prefix: str) -> re.Pattern[str]:
    ticket = r"(?:le\s|les\s|the\s|het\s|das\s)?tickets?\s+[#＃]?"
    return re.compile(
        r"(?P<joint>[&+]\s*|(?:et|en|und|and)\s+)?"
        rf"[\[(]?(?P<mark>[#＃]|{re.escape(prefix)}[\s–-]{{0,3}}|n[°ºo]?[.\s]\s?|n[°º]|nr[.\s]\s?|{ticket})?"
        r"(?P<number>\d{1,9})[\])]?(?=[\s,;]|[:.!]?(?:\s|$))[:.!]?[\s,;]*(?:[=–-]\s+)?",
        re.IGNORECASE,
    )


def example(line: CommandLine, prefix: str, seen: str) -> str:
    """The same line with a ticket in it: the first that its author has before him, else any.

    Args:
        seen: the text of his mail, with what it quotes.
    """
    tag = re.search(rf"\[{re.escape(prefix)}-(\d{{1,9}})\]", seen[:100_000], re.IGNORECASE)
    return " ".join(filter(None, (f"#{line.verb}", tag[1] if tag else "1042", line.argument)))
