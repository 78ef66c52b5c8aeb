"""No mail that leaves for a requester tells what is the desk's own: asserted on every letter of every story.

``assert_none`` is called by ``conftest`` when a story has ended, whatever it was about. A letter to an agent,
a team, a technician or an administrator may hold anything; every other one is read as a whole.
"""

import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage

from sqlalchemy import text

from maild.assembly import as_sent
from maild.decide import tokens
from maild.decide.commands import COMMANDS
from maild.decide.tokens import Purpose
from parsers.commands import command_key
from parsers.quotes import reply_text
from parsers.separators import is_our_marker
from storage.database import Unavailable
from storage.store import Transaction
from tests.peers.smtp import Letter
from tests.scenarios.desk import Desk, Tables

# Shorter ones say nothing: "Merci d'avance" stands in every mail.
SENTENCE = 20
# What such a token proves: whoever holds it works at the desk.
OF_AGENTS = frozenset({Purpose.NOTIFICATION, Purpose.ANSWER, Purpose.CONSULTATION})
# The UID of an invitation is one for all whom it invites (RFC 5545 3.8.4.7): it is made for the desk itself.
OF_ALL = frozenset({Purpose.VISIT})
_VERBS = frozenset(command_key(name) for command in COMMANDS for name in command.names)
_COMMAND = re.compile(r"[\s>|]*#\s?([\w'’-]+)")
_SENTENCES = re.compile(r"[.!?\n]+")
_NOT_SHOWN = re.compile(r"<(style|script)\b.*?</\1>|<!--.*?-->", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What is the desk's own. Addresses are case folded, sentences have single spaces.

    ``desk``: its address. The addresses in ``private`` are nobody else's business. ``requesters``: key of a
    ticket -> who asked, who may be an agent himself. ``notes``: what people of the desk told each other.
    """

    secrets: tuple[bytes, ...]
    desk: str
    private: frozenset[str]
    requesters: Mapping[str, str]
    notes: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A letter as its reader, and whoever looks into its source, sees it."""

    headers: str
    words: str
    calendar: str
    names: str

    @property
    def whole(self) -> str:
        """All of it."""
        return f"{self.headers}\n{self.words}\n{self.calendar}\n{self.names}"


def assert_none(desk: Desk) -> None:
    """Fail, and name each leak, if a letter to an outsider tells what it must not."""
    configured = desk.ever_configured()
    staff = frozenset(_addresses(configured, "agent", "team")) | _administrators(configured)
    letters = list(_not_for(staff, desk.sink.letters))
    if not letters:
        return
    known = _from_ledger(desk)
    house = _house(desk, configured, known)
    found = [
        f"to {', '.join(one.recipients)}: {leak}"
        for one in _not_for(known.technicians, letters)
        for leak in leaks(one, house)
    ]
    assert not found, "\n".join(found)


def _not_for(people: frozenset[str], letters: Iterable[Letter]) -> Iterator[Letter]:
    return (one for one in letters if any(a.casefold() not in people for a in one.recipients))


# ---------------------------------------------------------------------- one letter


def leaks(letter: Letter, house: House) -> list[str]:
    """What a letter to somebody outside tells and must not, each in a line."""
    message = letter.message
    opened = read(message)
    found = (
        *_private_addresses(opened, house),
        *_foreign_tokens(message, opened, letter.recipients, house),
        *_command_lines(opened),
        *_notes(opened, house),
        *_markers(opened),
    )
    return list(dict.fromkeys(found))


def _private_addresses(opened: Opened, house: House) -> Iterator[str]:
    whole = opened.whole.casefold()
    asked = {house.requesters.get(token.key, "") for token in tokens.find(house.secrets, whole)}
    for address in sorted(house.private - asked):
        if re.search(rf"(?<![\w.+-]){re.escape(address)}(?![\w-])", whole):
            yield f"the address {address}"


def _foreign_tokens(
    message: EmailMessage, opened: Opened, recipients: Iterable[str], house: House
) -> Iterator[str]:
    spelled = [_spellings(message, recipient) for recipient in recipients]
    shared = {one for one in tokens.find(house.secrets, opened.calendar) if one.purpose in OF_ALL}
    for token in tokens.find(house.secrets, opened.whole):
        if token in shared and token.is_for(house.desk):
            continue
        if token.purpose in OF_AGENTS:
            yield f"a token that has power, {token.purpose.name} {token.serial}"
        elif not all(any(map(token.is_for, names)) for names in spelled):
            yield f"a token of another mail, {token.purpose.name} {token.serial}"


def _spellings(message: EmailMessage, recipient: str) -> set[str]:
    """An address as the envelope has it, and as header and token do: a domain may be written in two ways."""
    header = message["To"]
    written = {one.addr_spec for one in header.addresses} if header else set()
    local, _, domain = recipient.rpartition("@")
    return {
        recipient,
        f"{local}@{_in_letters(domain)}",
        *(a for a in written if as_sent(a) == recipient.casefold()),
    }


def _in_letters(domain: str) -> str:
    # Where it is written with letters already, Python has nothing to decode (RFC 5890 2.3.2.1).
    return domain.encode().decode("idna") if domain.isascii() else domain


def _command_lines(opened: Opened) -> Iterator[str]:
    for line in opened.words.splitlines():
        if (found := _COMMAND.match(line)) and command_key(found[1]) in _VERBS:
            yield f"a command line, {line.strip()!r}"


def _notes(opened: Opened, house: House) -> Iterator[str]:
    whole = spaced(opened.whole)
    return (f"an internal note, {note!r}" for note in sorted(house.notes) if note in whole)


def _markers(opened: Opened) -> Iterator[str]:
    for line in opened.words.splitlines():
        if is_our_marker(line.lstrip("> ")):
            yield f"the separator of a notification, {line.strip()!r}"


# ---------------------------------------------------------------------- reading it


def read(message: EmailMessage) -> Opened:
    """Decode every header and every part; what is enclosed as a mail is read too."""
    headers, words, calendar, names = [], [], [], []
    for part in message.walk():
        headers += [f"{name}: {value}" for name, value in part.items()]
        names.append(part.get_filename() or "")
        if part.get_content_type() == "text/calendar":
            # A folded line goes on after one space (RFC 5545 3.1).
            calendar.append(re.sub(r"\r?\n[ \t]", "", str(part.get_content())))
        elif part.get_content_maintype() == "text" and not part.is_attachment():
            words.append(_shown(str(part.get_content()), part.get_content_subtype()))
    return Opened(
        headers="\n".join(headers),
        words="\n".join(words),
        calendar="\n".join(calendar),
        names="\n".join(names),
    )


def _shown(content: str, subtype: str) -> str:
    if subtype != "html":
        return content
    # Addresses stand in links too: what is shown, and then the source as it is.
    shown = html.unescape(_TAG.sub("\n", _NOT_SHOWN.sub("\n", content)))
    return f"{shown}\n{' '.join(html.unescape(content).split())}"


def spaced(words: str) -> str:
    """A text with single spaces, whatever broke its lines or quotes it."""
    return " ".join(re.sub(r"(?m)^[>\s]+", "", words).split())


def sentences(words: str) -> Iterator[str]:
    """Those that are long enough to be known again."""
    return (one for part in _SENTENCES.split(words) if len(one := spaced(part)) >= SENTENCE)


# ---------------------------------------------------------------------- what a story knows


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What only the ledger tells. ``technicians``: whom an order has sent on site, by any address."""

    requesters: Mapping[str, str] = field(default_factory=dict)
    notes: frozenset[str] = frozenset()
    technicians: frozenset[str] = frozenset()


def _house(desk: Desk, configured: Iterable[Tables], known: Known) -> House:
    config = desk.config()
    return House(
        secrets=config.desk.secrets,
        desk=config.desk.address,
        private=frozenset(_addresses(configured, "agent", "team")) - {config.desk.address.casefold()},
        requesters=known.requesters,
        notes=known.notes,
    )


def _from_ledger(desk: Desk) -> Known:
    try:
        with desk.ledger() as tx:
            asked = tx.connection.execute(text("SELECT key, requester_address FROM ticket")).all()
            sent = tx.connection.execute(text("SELECT technician FROM visit")).scalars()
            return Known(
                requesters={row.key: row.requester_address.casefold() for row in asked},
                notes=_internal(tx),
                technicians=frozenset(map(str.casefold, sent)),
            )
    except Unavailable:
        # A story of a ledger that cannot be read: addresses, tokens and commands are looked for all the same.
        return Known()


def _internal(tx: Transaction) -> frozenset[str]:
    """Sentences of notes and command mails, without what was relayed and what others wrote."""
    relayed = set(tx.connection.execute(text("SELECT mail_id FROM outbox WHERE kind = 'relay'")).scalars())
    said = tx.connection.execute(
        text("SELECT kind, mail_id, text FROM message WHERE kind <> 'own_copy'")
    ).all()
    # What a team answered is a note until somebody passes it on.
    events = tx.connection.execute(text("SELECT detail FROM event WHERE kind = 'passed_on'")).scalars()
    passed_on = {json.loads(detail)["answer"] for detail in events}
    # Words below an order may go out with its letter: no order that writes to the requester can hold a note.
    inside = [
        row
        for row in said
        if (row.kind == "note" and row.mail_id not in passed_on)
        or (row.kind in ("call", "command") and row.mail_id not in relayed | passed_on)
    ]
    if not inside:
        return frozenset()
    # Of an agent's answer only the new words left; what it quotes may be internal.
    outside = (
        (reply_text(row.text) if row.kind == "relay" else row.text) for row in said if row not in inside
    )
    public = "\n".join(map(spaced, outside))
    found = {one for row in inside for one in sentences(reply_text(row.text))}
    return frozenset(one for one in found if one not in public)


def _addresses(configured: Iterable[Tables], *names: str) -> Iterator[str]:
    for tables in configured:
        for name in names:
            yield from (one["address"].casefold() for one in tables.get(name, ()) if one.get("address"))


def _administrators(configured: Iterable[Tables]) -> frozenset[str]:
    return frozenset(one.casefold() for each in configured for one in each["desk"].get("administrators", ()))
