"""``person export|forget``: what the desk keeps of somebody, given to him or erased.

Stands on ``privacy``; runs beside the daemon. An address that is none exits 65, one of the desk's own 77,
one of which nothing is kept 66; a file that exists is not written over (77). ``forget`` asks first, exits 1
where the answer is no, and 75 where something has to be done again: nothing is half erased.
"""

import io
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maild.cli import Code, ConfigOption, Stop, json_line, look, operator, place_for, read_config, say_json
from maild.cli.counts import counted

if TYPE_CHECKING:
    from maild.config import Config
    from maild.privacy import Forgotten, Found, Person, Told
    from storage.store import Store

Address = Annotated[str, typer.Argument(metavar="ADDRESS", help="The mail address of the person.")]
# So many mails of others are named; more than that is a search of its own.
_MOST_NAMED = 50


def person_export(
    address: Address,
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="FILE.zip", help="A file to write, with the mails themselves."),
    ] = None,
    config: ConfigOption = None,
) -> int:
    """All that is kept of somebody: JSON lines on standard output; with --to a zip with the mails as .eml.

    Of the tickets of others only what this person wrote or received is in it.
    """
    from maild import config as configuration
    from maild import privacy

    settings = read_config(config)
    who, desk = _person(address, settings), configuration.policy(settings)
    with look.ledger(settings) as store:
        if to is not None:
            return _export_to(to, store, who, settings)
        count = 0
        for record in privacy.records(store, who, desk):
            say_json(record)
            count += 1
    return _known(count, who)


def _known(count: int, who: "Person") -> int:
    if not count:
        raise Stop(Code.NO_INPUT, f"nothing is kept of {who.address}", "is it written as in the mails?")
    return Code.OK


def _export_to(to: Path, store: "Store", who: "Person", settings: "Config") -> int:
    from maild import config as configuration
    from maild import privacy

    if to.suffix.lower() != ".zip":
        raise Stop(Code.USAGE, f"--to wants a name like person.zip, not {to}")
    place_for(to, "--to", "person.zip")
    if to.exists():
        raise FileExistsError(f"{to} exists, and nothing is written over: choose another name")
    records = list(privacy.records(store, who, configuration.policy(settings)))
    _known(len(records), who)
    messages = [record["id"] for record in records if record["record"] == "message"]
    letters = [record["id"] for record in records if record["record"] == "letter"]
    count = 0
    with _finished(to) as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("records.jsonl", "".join(f"{json_line(record)}\n" for record in records))
        with _watched() as told:
            for name, content in privacy.originals(store, messages, letters):
                archive.writestr(name, content)
                count += 1
                told("mails", 1)
    typer.echo(f"{to}: {counted(len(records), 'record')}, {count} of them with its mail or letter")
    return Code.OK


@contextmanager
def _finished(to: Path) -> Iterator[io.BufferedWriter]:
    """A file that nobody else can read; it has its name when it is whole."""
    import os

    unfinished = to.with_name(f".{to.name}.{os.getpid()}.unfinished")
    try:
        with os.fdopen(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as stream:
            yield stream
        to.hardlink_to(unfinished)
    finally:
        unfinished.unlink(missing_ok=True)


def person_forget(
    address: Address,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    config: ConfigOption = None,
) -> int:
    """Erase what is kept of somebody: mails, letters, names. Tickets keep number, instants and figures.

    His mails that still lie in a mailbox are not taken in again; deleting them there is yours.
    """
    from maild import daemon, office, privacy

    settings = read_config(config)
    who = _person(address, settings)
    with look.ledger(settings) as store, office.opened(settings, store, daemon.system_now) as desk:
        with _watched() as told:
            found = privacy.look(store, who, desk, told)
        if found.is_nothing and not found.unfiled:
            # What an earlier try has erased may still be in the file.
            privacy.sweep_up(store)
            _known(0, who)
        _say_found(who, found, settings)
        if not (yes or typer.confirm("Erase all that?", err=True)):
            return Code.NO
        with _watched() as told:
            done = privacy.forget(who, desk, found, by=operator(), pause=lambda: time.sleep(1), told=told)
        _say_done(done, store, settings)
        privacy.sweep_up(store)
        for copy in privacy.copies(settings.state.directory, store.database.file):
            typer.echo(f"still there: {copy}, a copy of the ledger as it was: delete it")
    return _ended(who, done)


def _person(address: str, settings: "Config") -> "Person":
    from maild import config as configuration
    from maild import privacy, retention

    who = privacy.person(address)
    name, at, domain = who.address.rpartition("@")
    is_one = name and at and domain and not any(letter.isspace() for letter in who.address)
    if not is_one or domain.endswith(".invalid"):
        raise Stop(Code.BAD_INPUT, f"{address} is no mail address", "write it like jean@ecole.be")
    if {*who.spellings} & retention.house(configuration.policy(settings)):
        remedy = "take it out of [[agent]], [[team]] or [desk] first"
        raise Stop(Code.REFUSED, f"{who.address} is an address of the desk itself", remedy)
    return who


def _say_found(who: "Person", found: "Found", settings: "Config") -> None:
    own = found.holdings
    mails, letters = counted(len(own.messages), "mail"), counted(len(own.letters), "letter")
    typer.echo(f"{who.address}: {mails} and {letters} of ours to erase")
    for ticket in own.tickets:
        fate = "closed, then erased" if ticket in found.unfinished else "erased but for its figures"
        typer.echo(f"  {settings.desk.number(ticket)}: {fate}")
    for ticket, at in found.visits:
        typer.echo(
            f"  {settings.desk.number(ticket)}: a visit is ordered for {at:%Y-%m-%d %H:%M} UTC, and nobody "
            "will hear that it is off: call it off first"
        )
    for ticket in own.shared:
        typer.echo(f"  {settings.desk.number(ticket)}: of somebody else; what others wrote stays")


def _say_done(done: "Forgotten", store: "Store", settings: "Config") -> None:
    closed = f", {len(done.closed)} of them closed for it" if done.closed else ""
    mails, letters = counted(done.messages, "mail"), counted(done.letters, "letter")
    typer.echo(f"erased: {mails}, {letters}, the words of {counted(len(done.tickets), 'ticket')}{closed}")
    for place in done.places:
        typer.echo(
            f"still there: {place.copies} in {place.maildrop} (UIDVALIDITY {place.uidvalidity}), where they "
            "arrived: delete them on the server; they are not taken in again"
        )
    for quote in done.left.quotes[:_MOST_NAMED]:
        ticket = settings.desk.number(quote.ticket) if quote.ticket else "no ticket"
        typer.echo(
            f"still there: {quote.mail_id} on {ticket}, a mail of somebody else that names or quotes them"
        )
    if (more := len(done.left.quotes) - _MOST_NAMED) > 0:
        typer.echo(f"still there: {more} more of these")
    if store.database.file is None:
        typer.echo("still there: dead rows of PostgreSQL, until you run VACUUM FULL; and its own backups")


def _ended(who: "Person", done: "Forgotten") -> int:
    if done.left.unfiled or not done.left.is_nothing:
        raise Stop(
            Code.TRY_LATER,
            f"not filed yet: {counted(done.left.unfiled, 'mail')} of {who.address}",
            "run this again",
        )
    return Code.OK


@contextmanager
def _watched() -> Iterator["Told"]:
    """A count on a terminal; nothing elsewhere."""
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _what, _number: None
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        tasks: dict[str, object] = {}

        def told(what: str, number: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=None)
            bar.advance(tasks[what], number)  # type: ignore[arg-type]

        yield told
