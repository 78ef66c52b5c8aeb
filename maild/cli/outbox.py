"""``outbox``: what we owe, looked at, held back, let go, tried again or given up by a person.

Stands beside the daemon, which may run meanwhile: a letter that it is sending just now is left alone (75),
and what it must know it sees at its next look, within half a minute. Each letter is done for itself and told
in one line; one for which the act makes no sense is refused with the reason (77), a number that none has is
66, and the first such code is the command's. Every act is written into the story of the ticket.
"""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from maild.cli import Code, ConfigOption, JsonOption, Stop, operator, read_config, say_json
from maild.cli.look import ledger, local
from maild.config import Config
from parsers.mail import parse_mail
from storage import outbox
from storage.outbox import Act
from storage.records import OutboxState, OwedLetter

# What a person may still do something about: sent letters are many, and over.
OPEN = (
    OutboxState.READY, OutboxState.CLAIMED, OutboxState.HELD, OutboxState.FAILED, OutboxState.UNCERTAIN,
)  # fmt: skip
_WIDE = 240
_SEE = "see `maild outbox list`"
# PostgreSQL numbers rows up to here.
_LARGEST = 2**31 - 1

Numbers = Annotated[
    list[int],
    typer.Argument(metavar="ID", min=1, max=_LARGEST, help="Letters, as `maild outbox list` numbers them."),
]


def outbox_list(
    config: ConfigOption = None,
    as_json: JsonOption = False,
    state: Annotated[
        str, typer.Option("--state", metavar="S", help=f"Only these: {', '.join(OutboxState)}.")
    ] = "",
) -> None:
    """The letters that wait, are held, or did not arrive; with --state any others."""
    if state and state not in set(OutboxState):
        raise Stop(Code.USAGE, f"no state is called {state}", f"one of: {', '.join(OutboxState)}")
    settings = read_config(config)
    with ledger(settings) as store, store.read() as tx:
        found = outbox.letters(tx, [OutboxState(state)] if state else OPEN)
    if as_json:
        for one in found:
            say_json(letter_json(one, settings))
    else:
        _print_letters(found, settings)


def letter_json(found: OwedLetter, settings: Config) -> dict[str, Any]:
    """A letter as other programs read it."""
    number = settings.desk.number(found.ticket_id) if found.ticket_id is not None else None
    values = asdict(found)
    del values["ticket_id"]
    return values | {"kind": found.kind.value, "state": found.state.value, "ticket": number}


def _print_letters(found: tuple[OwedLetter, ...], settings: Config) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if not found:
        typer.echo("Nothing waits.")
        return
    table = Table("id", "state", "kind", "ticket", "to", "tries", "next", "said", box=None, pad_edge=False)
    for column in table.columns[:-1]:
        column.no_wrap = True
    for one in found:
        style = "red" if one.state in (OutboxState.FAILED, OutboxState.UNCERTAIN) else ""
        ticket = settings.desk.number(one.ticket_id) if one.ticket_id is not None else "-"
        row = (
            str(one.id), one.state.value, one.kind.value, ticket, one.recipient, str(one.attempts),
            local(one.next_at, settings) or "-", one.reply,
        )  # fmt: skip
        table.add_row(*(Text(cell) for cell in row), style=style)
    # In a pipe nothing is cut off: it is searched for addresses.
    console = Console()
    (console if console.is_terminal else Console(width=_WIDE)).print(table)


def outbox_show(
    number: Annotated[int, typer.Argument(metavar="ID", min=1, max=_LARGEST, help="The letter.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """One letter: where it stands, its headers and its text."""
    settings = read_config(config)
    with ledger(settings) as store, store.read() as tx:
        found = outbox.letter(tx, number)
        if found is None:
            raise Stop(Code.NO_INPUT, f"there is no letter {number} in the outbox", _SEE)
        content = outbox.content(tx, number)
    headers = content.partition(b"\r\n\r\n")[0].decode("utf-8", "replace")
    text = parse_mail(content).text if content else ""
    if as_json:
        say_json(letter_json(found, settings) | {"headers": headers, "text": text})
        return
    lines = [f"{key:<11} {value}" for key, value in _facts(found, settings).items() if value]
    typer.echo("\n".join([*lines, "", headers.replace("\r\n", "\n"), "", text.strip() or "(not kept)"]))


def _facts(found: OwedLetter, settings: Config) -> dict[str, str]:
    return {
        "letter": f"{found.id}  {found.state.value}",
        "kind": found.kind.value,
        "ticket": settings.desk.number(found.ticket_id) if found.ticket_id is not None else "",
        "to": found.recipient,
        "mail": found.mail_id,
        "due": local(found.due_at, settings),
        "tries": str(found.attempts),
        "next try": local(found.next_at, settings),
        "sent": local(found.sent_at, settings),
        "said": found.reply,
    }


# --- acts ---------------------------------------------------------------------------------------------------


def outbox_hold(numbers: Numbers, config: ConfigOption = None) -> int:
    """Keep letters from leaving until they are released."""
    return _each(numbers, Act.HOLD, config)


def outbox_release(numbers: Numbers, config: ConfigOption = None) -> int:
    """Let held letters leave."""
    return _each(numbers, Act.RELEASE, config)


def outbox_retry(numbers: Numbers, config: ConfigOption = None) -> int:
    """Try letters again: those that failed or may not have arrived, and at once those that wait."""
    return _each(numbers, Act.RETRY, config)


def outbox_drop(numbers: Numbers, config: ConfigOption = None) -> int:
    """Never send these letters; their content is kept."""
    return _each(numbers, Act.DROP, config)


def _each(numbers: list[int], act: Act, config: ConfigOption) -> Code:
    settings = read_config(config)
    worst = Code.OK
    with ledger(settings) as store:
        for number in dict.fromkeys(numbers):
            now = datetime.now(UTC)
            with store.write() as tx:
                found = outbox.intervene(tx, number, act, by=operator(), now=now)
            code, said = _outcome(found, number, act, now)
            typer.echo(f"{number}: {said}", err=code is not Code.OK)
            worst = worst or code
    return worst


_DONE = {
    Act.HOLD: "held", Act.RELEASE: "will leave now", Act.RETRY: "will be tried now", Act.DROP: "dropped",
}  # fmt: skip


def _outcome(found: OwedLetter | None, number: int, act: Act, now: datetime) -> tuple[Code, str]:
    """What became of one letter: the exit code and a line for the person who asked."""
    if found is None:
        return Code.NO_INPUT, f"there is no letter {number} in the outbox; {_SEE}"
    if outbox.is_being_sent(found, now):
        return Code.TRY_LATER, "is being sent; look again in a minute"
    if outbox.is_possible(found, act, now):
        return Code.OK, f"{_DONE[act]} ({found.kind.value} to {found.recipient})"
    return Code.REFUSED, f"{_WHY[found.state]}{_REMEDY.get((found.state, act), '')}"


# Why nothing, or not this, can be done with a letter in such a state.
_WHY = {
    OutboxState.READY: "is not held",
    OutboxState.CLAIMED: "is not held",
    OutboxState.SENT: "was sent: nothing brings it back, and it is never sent twice",
    OutboxState.FAILED: "did not arrive, and nobody tries again",
    OutboxState.HELD: "is held",
    OutboxState.SUPPRESSED: "was never to leave, and its content was not kept",
    OutboxState.UNCERTAIN: "may have arrived, and nobody tries again",
    OutboxState.DROPPED: "was dropped, and stays so",
}
_REMEDY = {
    (OutboxState.HELD, Act.RETRY): "; release it",
    (OutboxState.FAILED, Act.RELEASE): "; retry it",
    (OutboxState.UNCERTAIN, Act.RELEASE): "; retry it, if it may arrive twice",
}
