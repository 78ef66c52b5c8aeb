"""``quarantine``: the mails that could not be read, and what an operator may do with them.

Stands on ``refile``; runs beside the daemon, which leaves these mails alone. JSON: one object a line. A
reference that names none exits 66, one that cannot be read yet 1, what does not fit 77, and 75 where the
ledger is busy or no process can be started to read in.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from maild.cli import Code, ConfigOption, JsonOption, Stop, look, read_config, say_json
from maild.config import Config
from maild.ingest import Office
from storage.records import Quarantined
from storage.store import Transaction

Reference = Annotated[
    str, typer.Argument(metavar="REF", help="A mail id, or its ticket (ETNIC-1042 or 1042).")
]
RawOption = Annotated[bool, typer.Option("--raw", help="The mail itself, as it was received.")]


def quarantine_list(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """The mails that could not be read: why, and the plain ticket that stands for each."""
    settings = read_config(config)
    with look.ledger(settings) as store, store.read() as tx:
        found = tx.quarantine()
    if as_json:
        for item in found:
            say_json(_json(item, settings))
    else:
        _print(found, settings)


def _json(item: Quarantined, settings: Config) -> dict[str, Any]:
    return {
        "id": item.mail_id,
        "ticket": item.ticket_id,
        "number": settings.desk.number(item.ticket_id),
        "state": item.state.value,
        "reason": item.reason,
        "tries": item.tries,
        "size": item.size,
        "whole_size": item.whole_size,
        "maildrop": item.maildrop,
        "arrived_at": item.arrived_at,
        "sha256": item.sha256,
    }


def _print(found: tuple[Quarantined, ...], settings: Config) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("mail", "ticket", "arrived", "bytes", "tries", "reason", box=None, pad_edge=False)
    for item in found:
        row = (
            item.mail_id, settings.desk.number(item.ticket_id), look.local(item.arrived_at, settings),
            f"{item.size:,}", str(item.tries), item.reason,
        )  # fmt: skip
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table if found else "Nothing in quarantine.")


def quarantine_show(
    reference: Reference, config: ConfigOption = None, as_json: JsonOption = False, raw: RawOption = False
) -> None:
    """One of these mails: what is known of it, without its words; --raw: nothing but the mail."""
    settings = read_config(config)
    with look.ledger(settings) as store, store.read() as tx:
        item = _named(tx, reference, settings)
        content = tx.raw(item.sha256) if raw else None
    if content is not None:
        typer.echo(content, nl=False)
    elif as_json:
        say_json(_json(item, settings))
    else:
        typer.echo("\n".join(_lines(item, settings)))


def _lines(item: Quarantined, settings: Config) -> Iterator[str]:
    yield f"{item.mail_id}  {item.state.value}  {item.reason}"
    yield f"ticket     {settings.desk.number(item.ticket_id)}"
    yield f"arrived    {look.local(item.arrived_at, settings)}, in {item.maildrop}"
    rest = f", of {item.whole_size:,} on the server" if item.whole_size else ""
    yield f"size       {item.size:,} bytes{rest}, SHA-256 {item.sha256}"
    yield f"read alone {item.tries} times"


def quarantine_retry(reference: Reference, config: ConfigOption = None) -> int:
    """Read it again, in a process of its own; what is read goes on its ticket, and nobody is written to."""
    from maild import refile
    from maild.isolate import Failure

    settings = read_config(config)
    with _office(settings) as office:
        with office.store.read() as tx:
            item = _named(tx, reference, settings)
        done = refile.retry(item, office)
    if isinstance(done, refile.Refused):
        raise Stop(Code.REFUSED, f"{item.mail_id}: {done.why}")
    if isinstance(done, Failure):
        raise Stop(Code.NO, f"{item.mail_id} still cannot be read: it {done.detail}")
    typer.echo(f"{item.mail_id}: read, and on {settings.desk.number(item.ticket_id)} as {done.kind.value}")
    return Code.OK


def quarantine_discard(reference: Reference, config: ConfigOption = None) -> int:
    """Leave it unread for good. Nothing is deleted: its ticket stays for people to close, its bytes too."""
    from maild import refile

    settings = read_config(config)
    with _office(settings) as office:
        with office.store.read() as tx:
            item = _named(tx, reference, settings)
        refused = refile.discard(item, office)
    if refused is not None:
        raise Stop(Code.REFUSED, f"{item.mail_id}: {refused.why}")
    typer.echo(f"{item.mail_id}: discarded; {settings.desk.number(item.ticket_id)} and the raw mail stay")
    return Code.OK


@contextmanager
def _office(settings: Config) -> Iterator[Office]:
    """The desk's ledger and what filing needs, beside a running daemon."""
    from maild import daemon, office

    with look.ledger(settings) as store, office.opened(settings, store, daemon.system_now) as opened:
        yield opened


def _named(tx: Transaction, reference: str, settings: Config) -> Quarantined:
    """The one mail that a reference names.

    Raises:
        Stop: none (66), or several on one ticket (64).
    """
    found = tx.quarantine(mail_id=reference.strip())
    number = reference.strip(" []").upper().removeprefix(f"{settings.desk.prefix.upper()}-")
    if not found and number.isdecimal():
        found = tx.quarantine(ticket_id=look.ticket_of(tx, reference, settings).id)
    if not found:
        raise Stop(
            Code.NO_INPUT, f"nothing in quarantine is known as {reference}", "see `maild quarantine list`"
        )
    if len(found) > 1:
        named = ", ".join(item.mail_id for item in found)
        raise Stop(Code.USAGE, f"{reference} has several of them", f"name one: {named}")
    return found[0]
