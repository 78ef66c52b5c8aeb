"""Look at what the ledger holds: tickets, one ticket, why a mail is where it is, and the whole story.

Read only, and never in the way of the daemon: an existing database is opened as it is. JSON as the design,
section 10, promises it: one object a line, instants in UTC with ``Z``. An unknown reference exits 66.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from maild.cli import Code, ConfigOption, JsonOption, Stop, read_config, say_json
from maild.config import Config, Desk
from maild.decide.decision import SUSPECTED, UNREAD
from storage import database, handling, outbox
from storage.records import Consultation, Event, OutboxState, Status, StoredFile, StoredMessage, Ticket, Visit
from storage.store import Store, Transaction

# Made for mails that came without a Message-ID; nobody outside ever saw it.
_MADE_ID = "@maild.invalid"
_PART = 500
_REFERENCES = "name a ticket (ETNIC-1042 or 1042), a mail id, a Message-ID or an address (jean@ecole.be)"
# Whether a requester may use the service; "unknown" and "study" wait for the feasibility analysis.
_STANDINGS = ("yes", "study", "no", "unknown")
# What did not arrive, or may not have.
# Reasons of a mail that people must see who look at its ticket.
_SHOWN = (UNREAD, SUSPECTED)
_LOST = frozenset({OutboxState.FAILED.value, OutboxState.UNCERTAIN.value})

Reference = Annotated[
    str,
    typer.Argument(
        metavar="REF", help="A ticket (ETNIC-1042 or 1042), a mail id, a Message-ID or an address."
    ),
]
Number = Annotated[str, typer.Argument(metavar="N", help="The ticket: ETNIC-1042 or 1042.")]


@contextmanager
def ledger(config: Config) -> Iterator[Store]:
    """The desk's ledger, opened and never changed.

    Raises:
        Stop: where there is none yet, or its schema is another one (66, 78).
    """
    opened = database.open_database(config.state.database)
    try:
        found = database.current(opened)
        if found is None:
            raise Stop(
                Code.NO_INPUT, f"no tickets yet in {config.state.directory}", "start `maild run` first"
            )
        if found != database.head():
            remedy = "run `maild db upgrade`, or start `maild run`, which does it"
            raise Stop(Code.CONFIG, f"the database has schema {found}, not {database.head()}", remedy)
        yield Store(database=opened)
    finally:
        opened.close()


# --- tickets ------------------------------------------------------------------------------------------------


def tickets(
    config: ConfigOption = None,
    as_json: JsonOption = False,
    status: Annotated[
        str, typer.Option("--status", metavar="S", help=f"Only these: {', '.join(Status)}.")
    ] = "",
    team: Annotated[str, typer.Option("--team", metavar="T", help="Only this team's.")] = "",
    near_limit: Annotated[
        bool, typer.Option("--near-limit", help="Only those near their limit or past it.")
    ] = False,
    breached: Annotated[bool, typer.Option("--breached", help="Only those past their limit.")] = False,
    standing: Annotated[
        str, typer.Option("--standing", metavar="S", help=f"Only of these: {', '.join(_STANDINGS)}.")
    ] = "",
) -> None:
    """The tickets, by number."""
    if standing and standing not in _STANDINGS:
        raise Stop(Code.USAGE, f"no standing is called {standing}", f"one of: {', '.join(_STANDINGS)}")
    if status and status not in set(Status):
        raise Stop(Code.USAGE, f"no status is called {status}", f"one of: {', '.join(Status)}")
    settings = read_config(config)
    with ledger(settings) as store, store.read() as tx:
        _check_team(team, tx, settings)
        found = tx.tickets(
            status=status, team=team, near_limit=near_limit, breached=breached, standing=standing
        )
        if as_json:
            for one in _as_json(tx, found, settings.desk):
                say_json(one)
        else:
            shown = list(found)
            lost = outbox.undelivered(tx, [ticket.id for ticket in shown])
            _print_tickets(shown, frozenset(lost), settings)


def _check_team(team: str, tx: Transaction, settings: Config) -> None:
    """A name that no team has, and none had, is a slip of the finger."""
    from maild import config as configuration
    from maild.decide import teams

    known = teams.names(configuration.policy(settings))
    if team and team not in known and team not in tx.teams():
        raise Stop(Code.BAD_INPUT, f"no team is called {team}", f"one of: {', '.join(known)}")


def _as_json(tx: Transaction, found: Iterable[Ticket], desk: Desk) -> Iterator[dict[str, Any]]:
    for part in _parts(found):
        ids = [ticket.id for ticket in part]
        threads, links = tx.messages(ids), tx.links(ids)
        asked, visits = handling.consultations_of(tx, ids), handling.visits_of(tx, ids)
        for ticket in part:
            number = ticket.id
            yield ticket_json(ticket, threads[number], links[number], asked[number], visits[number], desk)


def _parts(found: Iterable[Ticket]) -> Iterator[list[Ticket]]:
    part: list[Ticket] = []
    for ticket in found:
        part.append(ticket)
        if len(part) == _PART:
            yield part
            part = []
    if part:
        yield part


def ticket_json(
    ticket: Ticket,
    thread: list[StoredMessage],
    links: list[int],
    asked: tuple[Consultation, ...],
    visits: Sequence[Visit],
    desk: Desk,
) -> dict[str, Any]:
    """A ticket as other programs read it (design, section 10)."""
    return {
        "id": ticket.id,
        "number": desk.number(ticket.id),
        "subject": ticket.subject,
        "requester": {"name": ticket.requester_name, "address": ticket.requester_address},
        "status": ticket.status.value,
        "category": ticket.category or None,
        "team": ticket.team or None,
        "scope": ticket.scope or None,
        "standing": ticket.standing or None,
        "entity": ticket.entity or None,
        "assignee": ticket.assignee or None,
        "arrived_at": ticket.arrived_at,
        "created_at": ticket.created_at,
        "due_at": ticket.due_at,
        "taken_at": ticket.taken_at,
        "near_limit": ticket.near_limit,
        "breached": ticket.breached,
        "acked_at": ticket.acked_at,
        "undelivered": sum(message.state in _LOST for message in thread),
        "merged_into": ticket.merged_into,
        "linked": sorted(links),
        "consultations": [_consultation_json(one) for one in asked],
        "visits": [_visit_json(one) for one in visits],
        "messages": [message_json(message, desk) for message in thread],
    }


def _consultation_json(asked: Consultation) -> dict[str, Any]:
    return {
        "team": asked.team, "asked_by": asked.asked_by, "asked_at": asked.asked_at, "due_at": asked.due_at,
        "answered_at": asked.answered_at, "answer": asked.answer or None,
    }  # fmt: skip


def _visit_json(visit: Visit) -> dict[str, Any]:
    return {
        "uid": visit.uid, "sequence": visit.sequence, "state": visit.state,
        "requester_state": visit.requester_state or None,
        "technician": {"name": visit.technician_name, "address": visit.technician},
        "starts_at": visit.starts_at, "ends_at": visit.ends_at, "place": visit.place,
        "ordered_by": visit.ordered_by,
    }  # fmt: skip


def message_json(message: StoredMessage, desk: Desk) -> dict[str, Any]:
    """A message as other programs read it; mail of ours has ``to`` and ``state`` besides."""
    made = message.message_id.endswith(_MADE_ID)
    return {
        "id": message.mail_id,
        "message_id": None if made else message.message_id,
        "direction": message.direction,
        "kind": message.kind,
        "from": message.sender or (desk.address if message.recipient else ""),
        "sha256": message.sha256,
        "arrived_at": message.arrived_at,
        "thread_reason": message.thread_reason,
        "attachments": [asdict(file) for file in message.files],
        **({"to": message.recipient, "state": message.state} if message.recipient else {}),
    }


def _print_tickets(found: list[Ticket], lost: frozenset[int], settings: Config) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("number", "status", "due", "requester", "team", "subject", box=None, pad_edge=False)
    for ticket in found:
        style = "red" if ticket.breached else "yellow" if ticket.near_limit else ""
        row = (
            settings.desk.number(ticket.id),
            ticket.status.value + (", undelivered" if ticket.id in lost else ""),
            local(ticket.due_at, settings),
            ticket.requester_address,
            ticket.assignee or ticket.team,
            ticket.subject,
        )
        table.add_row(*(Text(cell) for cell in row), style=style)
    Console().print(table if found else "No tickets.")


def local(at: datetime | None, settings: Config) -> str:
    """An instant as the desk's clocks show it; empty for none."""
    from zoneinfo import ZoneInfo

    return at.astimezone(ZoneInfo(settings.desk.timezone)).strftime("%Y-%m-%d %H:%M") if at else ""


# --- one ticket ---------------------------------------------------------------------------------------------


def ticket_show(number: Number, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """One ticket, its mails in both directions, the words and the files of each."""
    settings = read_config(config)
    with ledger(settings) as store, store.read() as tx:
        ticket = ticket_of(tx, number, settings)
        thread, links = tx.messages([ticket.id])[ticket.id], tx.links([ticket.id])[ticket.id]
        asked = handling.consultations(tx, ticket.id)
        if as_json:
            visits = handling.visits_of(tx, [ticket.id])[ticket.id]
            shown = ticket_json(ticket, thread, links, asked, visits, settings.desk)
            say_json(shown | {"notes": [_note_json(note) for note in _notes(tx, ticket)]})
            return
        _print_ticket(tx, ticket, thread, links, asked, settings)


def ticket_of(tx: Transaction, reference: str, settings: Config) -> Ticket:
    """The ticket that a person names.

    Raises:
        Stop: there is none (66), or it is no number (64).
    """
    digits = reference.strip().strip("[]").upper().removeprefix(f"{settings.desk.prefix.upper()}-")
    if not digits.isdecimal() or len(digits) > 12:
        raise Stop(
            Code.USAGE, f"{reference} is no ticket number", f"write {settings.desk.number(1042)} or 1042"
        )
    found = tx.states((int(digits),)).get(int(digits))
    if found is None:
        raise Stop(
            Code.NO_INPUT, f"there is no ticket {settings.desk.number(int(digits))}", "see `maild tickets`"
        )
    return found.ticket


def _print_ticket(
    tx: Transaction,
    ticket: Ticket,
    thread: list[StoredMessage],
    links: list[int],
    asked: tuple[Consultation, ...],
    settings: Config,
) -> None:
    lines = [
        f"{settings.desk.number(ticket.id)}  {ticket.status.value}  {ticket.subject}",
        f"requester  {ticket.requester_name} <{ticket.requester_address}>",
        f"team       {ticket.team}" + (f", assigned to {ticket.assignee}" if ticket.assignee else ""),
        *((f"entity     {ticket.entity or '-'} ({ticket.standing})",) if ticket.standing else ()),
        f"arrived    {local(ticket.arrived_at, settings)}",
        f"due        {local(ticket.due_at, settings) or '-'}"
        + ("  PAST ITS LIMIT" if ticket.breached else ""),
        f"taken      {local(ticket.taken_at, settings) or '-'}",
    ]
    lines += [f"asked      {_asked_line(one, settings)}" for one in asked]
    lines += [f"visit      {_visit_line(one, settings)}" for one in handling.visits(tx, ticket.id)]
    if links:
        lines.append("linked     " + ", ".join(settings.desk.number(other) for other in links))
    numbers = _file_numbers(tx, ticket)
    for message in thread:
        way = "->" if message.direction == "out" else "<-"
        state, other = f" ({message.state})" if message.state else "", message.sender or message.recipient
        lines += [
            "",
            f"{way} {local(message.arrived_at, settings)}  {message.kind}{state}  {other}  {message.mail_id}",
        ]
        if message.state in _LOST:
            lines += [f"   DID NOT ARRIVE: {reason}" for reason in json.loads(message.reasons)]
        lines += [f"   {line}" for line in tx.text_of(message.mail_id).splitlines()]
        lines += [
            f"   + {_file_line(file, numbers.get((message.sha256, file.sha256)))}" for file in message.files
        ]
        lines += [f"   ! {reason}" for reason in json.loads(message.reasons) if reason.startswith(_SHOWN)]
    for note in _notes(tx, ticket):
        lines += ["", f"-- {local(note.at, settings)}  note  {note.actor}"]
        lines += [f"   {line}" for line in _note_json(note)["text"].splitlines()]
    typer.echo("\n".join(lines))


def _notes(tx: Transaction, ticket: Ticket) -> list[Event]:
    """What operators have noted at the shell; the notes of agents are mails."""
    return [event for event in tx.events(ticket_id=ticket.id) if event.kind == "note"]


def _note_json(note: Event) -> dict[str, Any]:
    return {"at": note.at, "by": note.actor, "text": json.loads(note.detail).get("text", "")}


def _asked_line(asked: Consultation, settings: Config) -> str:
    when = f"{asked.team}, by {asked.asked_by} {local(asked.asked_at, settings)}"
    if asked.answered_at is not None:
        return f"{when}, answered {local(asked.answered_at, settings)}"
    return f"{when}, due {local(asked.due_at, settings)}" if asked.due_at else when


def _visit_line(visit: Visit, settings: Config) -> str:
    who = f"{visit.technician_name} <{visit.technician}>".strip()
    span = f"{local(visit.starts_at, settings)} to {local(visit.ends_at, settings)}"
    answered = f"; requester: {visit.requester_state}" if visit.requester_state else ""
    return "  ".join(filter(None, (span, who, visit.place, f"({visit.state}{answered})")))


def _file_numbers(tx: Transaction, ticket: Ticket) -> dict[tuple[str, str], int]:
    """SHA-256 of a mail and of a file that came with it -> the number by which an agent asks for the file."""
    held = handling.held_files(tx, handling.line_of(tx, ticket.merged_into or ticket.id))
    # Of two that are the same to the byte, the first.
    return {(file.mail, file.sha256): number for number, file in [*enumerate(held, 1)][::-1]}


def _file_line(file: StoredFile, number: int | None) -> str:
    note = "  (seen before, not named to the agents)" if file.decoration else ""
    state, _, why = file.scan.partition(" ")
    note += {"": "", "clean": "  clean"}.get(state, f"  NOT SCANNED ({why})" if state == "unscanned" else "")
    note += f"  HELD: {file.held}" if file.held else ""
    note += f" (#fichier {number})" if file.held and number else ""
    return f"{file.filename or '(no name)'}  {file.content_type}  {file.size:,} bytes{note}"


# --- why and trace ------------------------------------------------------------------------------------------


def why(reference: Reference, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Why a mail is on its ticket: every signal that was tried, in order, and the winner."""
    settings = read_config(config)
    with ledger(settings) as store, store.read() as tx:
        found = [m for m in messages_of(tx, reference, settings) if m.direction == "in" or m.verdicts != "[]"]
        if not found:
            raise Stop(Code.NO_INPUT, f"nothing that came in is known as {reference}", _REFERENCES)
        for message in found:
            if as_json:
                say_json(_why_json(message, settings))
            else:
                typer.echo(_why_text(message, settings))


def messages_of(tx: Transaction, reference: str, settings: Config) -> list[StoredMessage]:
    """The mails that a reference names: of a ticket, by mail id, by Message-ID, by address."""
    bare = reference.strip().strip("<>")
    found = tx.find_messages(bare) or tx.find_messages(bare.casefold())
    if found:
        return sorted(found, key=lambda m: m.arrived_at)
    if "@" in bare or not any(c.isdigit() for c in bare):
        return []
    ticket = ticket_of(tx, reference, settings)
    return tx.messages([ticket.id])[ticket.id]


def _why_json(message: StoredMessage, settings: Config) -> dict[str, Any]:
    return {
        **message_json(message, settings.desk),
        "ticket": settings.desk.number(message.ticket_id) if message.ticket_id else None,
        "subject": message.subject,
        "verdicts": json.loads(message.verdicts),
        "reasons": json.loads(message.reasons),
    }


def _why_text(message: StoredMessage, settings: Config) -> str:
    place = settings.desk.number(message.ticket_id) if message.ticket_id else "no ticket"
    lines = [f"{message.mail_id}  {message.kind} from {message.sender or '(nobody)'}: {message.subject}"]
    lines.append(f"  is on {place}, by: {message.thread_reason}")
    for verdict in json.loads(message.verdicts):
        mark = "yes" if verdict["holds"] else "no "
        named = f" ({settings.desk.number(verdict['ticket'])})" if verdict["ticket"] else ""
        lines.append(f"  {mark}  {verdict['signal']:<14} {verdict['why']}{named}")
    lines += [f"  -    {reason}" for reason in json.loads(message.reasons)]
    return "\n".join(lines)


def trace(reference: Reference, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Every event of a ticket, a mail id, a Message-ID or an address, in order."""
    settings = read_config(config)
    with ledger(settings) as store, store.read() as tx:
        events = _events_of(tx, reference, settings)
        if not events:
            raise Stop(Code.NO_INPUT, f"nothing is known of {reference}", _REFERENCES)
        for event in events:
            if as_json:
                say_json(_event_json(event, settings))
            else:
                typer.echo(_event_text(event, settings))


def _events_of(tx: Transaction, reference: str, settings: Config) -> list[Event]:
    mails = messages_of(tx, reference, settings)
    numbered = not tx.find_messages(reference.strip().strip("<>")) and "@" not in reference
    found: list[Event] = [_mail_event(m) for m in mails]
    tickets = {m.ticket_id for m in mails if m.ticket_id is not None} if numbered else set()
    for ticket in tickets:
        found += tx.events(ticket_id=ticket)
    if not numbered:
        for cause in {m.mail_id.partition("/")[0] for m in mails}:
            found += tx.events(cause=cause)
    return sorted(found, key=lambda e: e.at)


def _mail_event(message: StoredMessage) -> Event:
    way = "sent to" if message.direction == "out" and message.state else "mail"
    detail = {
        "message_id": message.message_id,
        "kind": message.kind,
        "state": message.state,
        "subject": message.subject,
    }
    return Event(
        ticket_id=message.ticket_id, at=message.arrived_at, kind=way,
        actor=message.sender or message.recipient, cause=message.mail_id,
        detail=json.dumps({k: v for k, v in detail.items() if v}, ensure_ascii=False),
    )  # fmt: skip


def _event_json(event: Event, settings: Config) -> dict[str, Any]:
    number = settings.desk.number(event.ticket_id) if event.ticket_id else None
    return {
        "at": event.at, "ticket": number, "event": event.kind, "actor": event.actor, "cause": event.cause,
        "detail": json.loads(event.detail),
    }  # fmt: skip


def _event_text(event: Event, settings: Config) -> str:
    at = event.at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    number = settings.desk.number(event.ticket_id) if event.ticket_id else "-"
    said = ", ".join(
        f"{key}={value}" for key, value in json.loads(event.detail).items() if value not in ("", [], None)
    )
    return f"{at}  {number:<12} {event.kind:<16} {event.actor or '-':<28} {event.cause}  {said}"
