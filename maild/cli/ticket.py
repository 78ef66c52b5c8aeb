"""``ticket assign|note|close|reopen|merge|link|split``: what agents do by mail, done at the shell.

Stands on ``byhand``; runs beside the daemon, which sends within half a minute what there is to send. A ticket
that there is not exits 66, what is no number 64, a name that nobody has 65, and what makes no sense as the
ticket stands 77. Every act is written into its story with the name of the operator.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from maild.cli import Code, ConfigOption, JsonOption, Stop, look, operator, read_config
from maild.cli.look import Number
from maild.decide.verbs.status import OPEN

if TYPE_CHECKING:
    from maild.ingest import Office
    from storage.records import Ticket
    from storage.store import Transaction

# A note is read by people; whoever has more to keep sends it as a mail.
_MOST_NOTED = 20_000

Whom = Annotated[
    list[str], typer.Argument(metavar="X", help="An agent by name or address, or a team.", show_default=False)
]
Other = Annotated[str, typer.Argument(metavar="M", help="The other ticket: ETNIC-1042 or 1042.")]
MailId = Annotated[
    str, typer.Argument(metavar="MAIL_ID", help="The mail, as ticket show names it.", show_default=False)
]
Words = Annotated[
    list[str], typer.Argument(metavar="TEXT", help="What to keep; - reads it from standard input.")
]


def ticket_assign(number: Number, to: Whom, config: ConfigOption = None, as_json: JsonOption = False) -> Code:
    """Hand a ticket to an agent or a team, who is told by mail."""
    return _ordered(number, "assign", " ".join(to), config, as_json=as_json)


def ticket_close(number: Number, config: ConfigOption = None, as_json: JsonOption = False) -> Code:
    """Close a ticket; nothing is sent to the requester."""
    return _ordered(number, "close", "", config, as_json=as_json)


def ticket_reopen(number: Number, config: ConfigOption = None, as_json: JsonOption = False) -> Code:
    """Open a ticket again that has ended; whoever had it is told by mail."""
    return _ordered(number, "reopen", "", config, as_json=as_json)


def ticket_merge(
    number: Number, into: Other, config: ConfigOption = None, as_json: JsonOption = False
) -> Code:
    """Merge a ticket into another one of the same requester, which goes on for both."""
    return _with(number, "merge", into, config, as_json=as_json)


def ticket_link(number: Number, to: Other, config: ConfigOption = None, as_json: JsonOption = False) -> Code:
    """Let two tickets know of each other, whoever asked for them."""
    return _with(number, "link", to, config, as_json=as_json)


def ticket_split(
    number: Number, mail: MailId, config: ConfigOption = None, as_json: JsonOption = False
) -> Code:
    """Give a mail of a ticket a ticket of its own; nobody is told."""
    settings = read_config(config)
    with look.ledger(settings) as store, store.read() as tx:
        ticket = look.ticket_of(tx, number, settings)
        thread = tx.messages([ticket.id])[ticket.id]
    if not any(one.mail_id == mail and not one.state for one in thread):
        known = settings.desk.number(ticket.id)
        raise Stop(
            Code.NO_INPUT, f"no mail of {known} is called {mail}", f"see maild ticket show {ticket.id}"
        )
    return _ordered(number, "split", mail, config, as_json=as_json)


def _with(number: str, verb: str, other: str, config: ConfigOption, *, as_json: bool) -> Code:
    """A verb that names another ticket, which there must be."""
    settings = read_config(config)
    with look.ledger(settings) as store, store.read() as tx:
        named = look.ticket_of(tx, other, settings).id
    return _ordered(number, verb, str(named), config, as_json=as_json)


def ticket_note(
    number: Number, text: Words, config: ConfigOption = None, as_json: JsonOption = False
) -> Code:
    """Keep words on a ticket that only the desk reads."""
    from maild import byhand

    words = (sys.stdin.read() if text == ["-"] else " ".join(text)).strip()
    if not words or len(words) > _MOST_NOTED:
        raise Stop(Code.BAD_INPUT, f"a note has 1 to {_MOST_NOTED:,} characters", "send more as a mail")
    with _at(number, config) as (tx, ticket, desk):
        if ticket.is_erased:
            raise Stop(
                Code.REFUSED, f"{desk.policy.desk.number(ticket.id)} was erased", "nothing is kept on it"
            )
        byhand.note(tx, ticket.id, words, desk, by=operator())
        told = f"kept on {desk.policy.desk.number(ticket.id)}; nothing is sent"
    _say(told, number, config, as_json=as_json)
    return Code.OK


def _ordered(number: str, verb: str, argument: str, config: ConfigOption, *, as_json: bool) -> Code:
    """Run one of the agents' verbs on a ticket, and tell what came of it in a line."""
    from maild import byhand

    with _at(number, config) as (tx, ticket, desk):
        result = byhand.order(tx, ticket.id, verb, argument, desk, by=operator())
    told = "\n".join(line.removeprefix(f"#{verb}: ") for line in result.lines)
    # Nobody is "me" at a shell.
    told = told.replace("write for example #assign me, or one of these", "write one of these")
    if result.refused:
        unknown = verb == "assign" and ticket.status in OPEN
        raise Stop(Code.BAD_INPUT if unknown else Code.REFUSED, told)
    _say(told, number, config, as_json=as_json)
    return Code.OK


@contextmanager
def _at(number: str, config: ConfigOption) -> Iterator[tuple["Transaction", "Ticket", "Office"]]:
    """A ticket in a transaction of its own, and what an act on it needs."""
    from maild import daemon, office

    settings = read_config(config)
    with (
        look.ledger(settings) as store,
        office.opened(settings, store, daemon.system_now) as desk,
        store.write() as tx,
    ):
        yield tx, look.ticket_of(tx, number, settings), desk


def _say(told: str, number: str, config: ConfigOption, *, as_json: bool) -> None:
    """The line, or for programs the ticket as it stands now."""
    if as_json:
        look.ticket_show(number, config, as_json=True)
    else:
        typer.echo(told)
