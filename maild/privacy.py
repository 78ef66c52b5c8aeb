"""What the desk keeps of a person: given out, or forgotten.

Stands beside ``replay``, above the ledger; ``maild person`` calls it, the daemon may run meanwhile. What is
a person's the tables tell; where else he is named, the letters of the desk and the mails of others do,
which are read one by one. Letters that quote him are erased with his mails; a mail that somebody else wrote
is his who wrote it, and is only named to the operator. Raises ``storage.database.Unavailable``: what was
not erased then still is when it is called again.
"""

import binascii
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from email import message_from_bytes, policy
from email.message import Message
from email.parser import BytesHeaderParser
from html import unescape
from pathlib import Path
from typing import Any

from maild import assembly, byhand
from maild.decide.policy import Policy
from maild.ingest import Office
from maild.retention import house
from parsers.quotes import reply_text
from storage import backup, database, privacy
from storage.privacy import Holdings, Kept, Naming, Original, Place, SentLetter
from storage.records import MessageKind
from storage.store import Store, Transaction

# So many words in a row are somebody's own; fewer stand in everybody's mail.
_IN_A_ROW = 6
_HEADER = 64 << 10
# A mail that comes while we look is found in the next round; a desk that gets them faster has other troubles.
_ROUNDS = 10

Told = Callable[[str, int], None]  # what is looked at, how many since the last word


def _nobody(_what: str, _number: int) -> None:
    """Nobody watches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Whose mail it is about. ``spellings``: of his address, case folded."""

    address: str
    spellings: tuple[str, ...]


def person(address: str) -> Person:
    """A person by his address."""
    plain = address.strip().strip("<>").casefold()
    return Person(address=plain, spellings=tuple(dict.fromkeys((plain, assembly.as_sent(plain)))))


# ---------------------------------------------------------------------- looking


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A mail of somebody else that names or quotes the person."""

    mail_id: str
    ticket: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """How somebody is known in a text: by name, by so many of his words in a row, by his tickets.

    ``ids``: the Message-IDs of his mails; ``shared``: tickets of others on which he took part.
    """

    names: frozenset[str] = frozenset()
    rows: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()
    tickets: frozenset[int] = frozenset()
    shared: frozenset[int] = frozenset()

    def with_those_of(self, other: "Traits") -> "Traits":
        """What is known of him by both."""
        both = {each.name: getattr(self, each.name) | getattr(other, each.name) for each in fields(self)}
        return Traits(**both)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """All that is there of a person.

    ``stripped``: what stays of mails of the desk's own people that quote him; ``unfiled``: mails of his that
    the daemon has yet to file; ``seen``: the last letter and the last mail that were read.
    """

    holdings: Holdings
    quotes: tuple[Quote, ...] = ()
    stripped: tuple[Kept, ...] = ()
    places: tuple[Place, ...] = ()
    unfinished: tuple[int, ...] = ()
    visits: tuple[tuple[int, datetime], ...] = ()
    named: Naming = field(default_factory=dict)
    traits: Traits = field(default_factory=Traits)
    unfiled: int = 0
    seen: tuple[int, int] = (0, 0)

    @property
    def is_nothing(self) -> bool:
        """There is nothing that could be erased."""
        own = self.holdings
        return not (own.tickets or own.messages or own.letters or self.named or self.stripped)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """Whoever reads a text for somebody. ``house``: the addresses of the desk's own people, case folded."""

    spellings: tuple[str, ...]
    mention: re.Pattern[str]
    numbers: re.Pattern[str] | None
    names: tuple[str, ...]
    traits: Traits
    house: frozenset[str]

    def named(self, text: str) -> bool:
        """By the address, which is nobody else's."""
        return self.mention.search(text) is not None

    def quoted(self, text: str) -> bool:
        """By anything: asked only of what was written where he took part."""
        words = _words(text)
        line = f" {' '.join(words)} "
        return self.named(text) or any(name in line for name in self.names) or any(
            row in self.traits.rows for row in _rows(words)
        )  # fmt: skip

    def listed(self, text: str) -> bool:
        """By the number of a ticket of his, as digests have it."""
        return self.named(text) or (self.numbers is not None and self.numbers.search(text) is not None)


def look(
    store: Store, who: Person, office: Office, told: Told = _nobody, *, since: Found | None = None
) -> Found:
    """Find all that is kept of a person; changes nothing.

    Args:
        since: what an earlier look has found, and how far it has read.
    """
    with store.read() as tx:
        found = privacy.holdings(tx, who.spellings, house(office.policy))
        traits = _traits(tx, who, found)
    traits = traits.with_those_of(since.traits) if since else traits
    letter, mail = since.seen if since else (0, 0)
    reader = _reader(who, traits, office.policy)
    read = _Mails(reader=reader, holdings=found)
    mail = read.all_of(store, told, after=mail)
    with store.read() as tx:
        found = privacy.with_mails(tx, found, who.spellings, read.his)
        traits = traits.with_those_of(Traits(tickets=frozenset(found.tickets)))
    letters, letter = _read_letters(store, _reader(who, traits, office.policy), found, told, after=letter)
    found = replace(found, letters=tuple(sorted({*found.letters, *letters})))
    called = privacy.called(who.spellings, traits.names, traits.ids)
    with store.read() as tx:
        return Found(
            holdings=found, quotes=tuple(read.quotes), stripped=tuple(read.stripped), seen=(letter, mail),
            places=privacy.places(tx, found.messages), traits=traits,
            unfinished=privacy.unfinished(tx, found.tickets),
            visits=privacy.visits_ahead(tx, found.tickets, office.now()),
            named=privacy.naming(tx, who.spellings, called, sorted(traits.tickets | traits.shared)),
            unfiled=sum(_is_from(content, reader) for _, content in privacy.unfiled(tx)),
        )  # fmt: skip


def _traits(tx: Transaction, who: Person, found: Holdings) -> Traits:
    wrote = [one for one in privacy.originals_of(tx, found.messages) if one.sender in who.spellings]
    said = (row for one in wrote for row in _rows(_words(reply_text(one.text, one.subject))))
    return Traits(
        names=privacy.names(tx, who.spellings), rows=frozenset(said), tickets=frozenset(found.tickets),
        ids=privacy.ids_of(tx, [one.message for one in wrote]), shared=frozenset(found.shared),
    )  # fmt: skip


def _reader(who: Person, traits: Traits, desk: Policy) -> _Reader:
    numbers = "|".join(re.escape(desk.desk.number(ticket)) for ticket in sorted(traits.tickets))
    # A first name alone is many people's; "Dupont, Jean" is Jean Dupont.
    whole = [words for words in map(_words, traits.names) if len(words) > 1]
    orders = [*whole, *(words[::-1] for words in whole if len(words) == 2)]
    return _Reader(
        spellings=who.spellings, mention=privacy.mention(who.spellings), traits=traits, house=house(desk),
        numbers=re.compile(rf"(?:{numbers})(?!\d)", re.IGNORECASE) if numbers else None,
        names=tuple(f" {' '.join(words)} " for words in orders),
    )  # fmt: skip


def _words(text: str) -> list[str]:
    """The words of a text as they are compared, whatever stands between them or quotes them."""
    return re.findall(r"\w+", text.casefold())


def _rows(words: list[str]) -> Iterator[str]:
    for at in range(len(words) - _IN_A_ROW + 1):
        yield " ".join(words[at : at + _IN_A_ROW])


def _is_from(content: bytes, reader: _Reader) -> bool:
    """By its From alone: a mail that nobody could read is not read here."""
    return reader.named(str(BytesHeaderParser().parsebytes(content[:_HEADER])["From"] or ""))


# ---------------------------------------------------------------------- mails


@dataclass(slots=True, kw_only=True)
class _Mails:
    """What is found in the mails, of whomever they are.

    ``his``: mails that are his although no row says so, and what programs reported of mail to him.
    ``stripped``: of which the desk keeps nothing but its own people's new words; ``quotes``: of others.
    """

    reader: _Reader
    holdings: Holdings
    his: set[int] = field(default_factory=set)
    stripped: list[Kept] = field(default_factory=list)
    quotes: list[Quote] = field(default_factory=list)

    def all_of(self, store: Store, told: Told, *, after: int) -> int:
        """Read all mails behind this number; the last number."""
        known, near = frozenset(self.holdings.messages), frozenset(self.holdings.kept)
        while mails := _next_originals(store, after):
            for mail in mails:
                if mail.message not in known and self._concerns(mail, is_near=mail.message in near):
                    self._sort(mail)
            told("mails", len(mails))
            after = mails[-1].message
        return after

    def _concerns(self, mail: Original, *, is_near: bool) -> bool:
        content, text = mail.content, f"{mail.subject}\n{mail.text}"
        found = self.reader.quoted(text) if is_near else self.reader.named(text)
        return found or any(self.reader.named(way) for way in _ways(content, self.reader.spellings))

    def _sort(self, mail: Original) -> None:
        if mail.kind in _REPORTS or (not mail.sender and _is_from(mail.content, self.reader)):
            self.his.add(mail.message)
        elif mail.sender in self.reader.house:
            self.stripped += self._without_quotes(mail)
        else:
            self.quotes.append(Quote(mail_id=mail.mail_id, ticket=mail.ticket))

    def _without_quotes(self, mail: Original) -> Iterator[Kept]:
        new = reply_text(mail.text, mail.subject)
        kept = Kept(
            message=mail.message, subject=privacy.WORDS if self.reader.quoted(mail.subject) else mail.subject,
            text=privacy.WORDS if self.reader.quoted(new) else new,
        )  # fmt: skip
        if mail.content or (kept.subject, kept.text) != (mail.subject, mail.text):
            yield kept


# What programs tell of mail to somebody: nobody else's words.
_REPORTS = (MessageKind.BOUNCE.value, MessageKind.DISPOSITION_NOTICE.value)


def _next_originals(store: Store, after: int) -> tuple[Original, ...]:
    with store.read() as tx:
        return privacy.originals(tx, after=after)


def _ways(content: bytes, spellings: Collection[str]) -> Iterator[str]:
    """A mail as it stands, and without what quoted-printable makes of it, where somebody may be in it."""
    for way in (content, binascii.a2b_qp(content)):
        text = way.decode("utf-8", "replace")
        if any(spelling in text.casefold() for spelling in spellings):
            yield text


# ---------------------------------------------------------------------- letters


def _read_letters(
    store: Store, reader: _Reader, found: Holdings, told: Told, *, after: int
) -> tuple[set[int], int]:
    """Letters of ours that name or quote him, whomever they were for."""
    his, known = set[int](), frozenset(found.letters)
    while letters := _next_letters(store, after):
        his |= {one.id for one in letters if one.id not in known and one.content and _tells(one, reader)}
        told("letters", len(letters))
        after = letters[-1].id
    return his, after


def _next_letters(store: Store, after: int) -> tuple[SentLetter, ...]:
    with store.read() as tx:
        return privacy.letters(tx, after=after)


def _tells(letter: SentLetter, reader: _Reader) -> bool:
    """Where he took part it may quote him; what the desk's own people read may list his tickets."""
    if letter.ticket in reader.traits.tickets:
        return True
    is_near = letter.ticket in reader.traits.shared
    is_list = letter.ticket is None or letter.recipient in reader.house
    if not is_near and not _may_tell(letter.content, reader, is_list=is_list):
        return False
    said = _said(letter.content)
    return (reader.quoted(said) if is_near else reader.named(said)) or (is_list and reader.listed(said))


def _may_tell(content: bytes, reader: _Reader, *, is_list: bool) -> bool:
    """To read a letter as people do takes longer than to see that it cannot hold what we look for."""
    if re.search(rb"base64|\?b\?", content, re.IGNORECASE):
        return True
    for way in (content, binascii.a2b_qp(content)):
        text = way.decode("utf-8", "replace").casefold()
        if any(one in text for one in reader.spellings) or (is_list and reader.listed(text)):
            return True
    return False


def _said(content: bytes) -> str:
    """All that a letter of ours says, to whoever reads it or looks into its source."""
    letter: Message = message_from_bytes(content, policy=policy.default)
    parts = list(letter.walk())
    heads = (f"{name}: {value}" for part in parts for name, value in part.items())
    return "\n".join((*heads, *(_part(one) for one in parts if not one.is_multipart())))


def _part(one: Message) -> str:
    content = one.get_payload(decode=True)
    words = content.decode("utf-8", "replace") if isinstance(content, bytes) else ""
    match one.get_content_subtype():
        case "html":
            return unescape(f"{words}\n{re.sub(r'<[^>]*>', ' ', words)}")
        case "calendar" | "ics":
            # Its lines are folded wherever they are too long (RFC 5545 3.1).
            return re.sub(r"\r?\n[ \t]", "", words)
        case _:
            return words


# ---------------------------------------------------------------------- forgetting


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What was erased, and what the operator still has to do.

    ``left``: what a last look found: mails of others that quote the person, and mails of his that wait.
    """

    tickets: tuple[int, ...]
    closed: tuple[int, ...]
    messages: int
    letters: int
    places: tuple[Place, ...]
    left: Found


def forget(
    who: Person, office: Office, found: Found, *, by: str, pause: Callable[[], None], told: Told = _nobody
) -> Forgotten:
    """Erase all that is kept of a person, and what comes in while that is done.

    Args:
        found: by a look of just now.
        by: who the story of a ticket that had not ended says has closed it.
        pause: called while the daemon has a mail of his in hand.
    """
    tickets, closed, places = set[int](), set[int](), list[Place]()
    messages, letters, quotes = set[int](), set[int](), list[Quote](found.quotes)
    for _ in range(_ROUNDS):
        places += found.places
        closed |= {*_erase(who, office, found, by)}
        tickets |= {*found.holdings.tickets}
        messages |= {*found.holdings.messages}
        letters |= {*found.holdings.letters}
        found = look(office.store, who, office, told, since=found)
        quotes += found.quotes
        if found.unfiled:
            pause()
        elif found.is_nothing:
            break
    return Forgotten(
        tickets=tuple(sorted(tickets)), closed=tuple(sorted(closed)), messages=len(messages),
        letters=len(letters), places=_together(places), left=replace(found, quotes=tuple(quotes)),
    )  # fmt: skip


def _erase(who: Person, office: Office, found: Found, by: str) -> tuple[int, ...]:
    """One commit: what was found goes, all or nothing; the tickets that were closed for it."""
    now, own, traits = office.now(), found.holdings, found.traits
    with office.store.write() as tx:
        privacy.hold_filing(tx)
        open_still = privacy.unfinished(tx, own.tickets)
        for ticket in open_still:
            byhand.order(tx, ticket, "close", "", office, by=by)
        # Whoever had one in hand, or was asked about it, would hear that it is closed.
        letters = {*own.letters, *privacy.letters_of(tx, who.spellings, own.tickets, own.messages)}
        privacy.erase_messages(tx, own.messages, at=now)
        privacy.strip(tx, found.stripped)
        privacy.erase_letters(tx, sorted(letters))
        privacy.erase_tickets(tx, own.tickets)
        called = privacy.called(who.spellings, traits.names, traits.ids)
        privacy.erase_names(tx, who.spellings, called, found.named, traits.tickets | traits.shared)
    return open_still


def _together(places: Iterable[Place]) -> tuple[Place, ...]:
    found: dict[tuple[str, int], int] = {}
    for place in places:
        found[place.maildrop, place.uidvalidity] = (
            found.get((place.maildrop, place.uidvalidity), 0) + place.copies
        )
    return tuple(Place(maildrop=n, uidvalidity=v, copies=c) for (n, v), c in found.items())


def sweep_up(store: Store) -> None:
    """What was erased goes from the file and its log, too.

    Raises:
        storage.database.Unavailable: while the file is in use; what was erased may still be found in it.
    """
    database.compact(store.database)


def copies(directory: Path, live: Path | None) -> tuple[Path, ...]:
    """Copies of the ledger, in the state directory or beside it: what was erased is still in those."""
    beside = live.parent.glob(f"{live.name}.*") if live is not None else ()
    there = {file.resolve() for file in (*directory.rglob("*"), *beside) if file.is_file()}
    found = there - ({live.resolve()} if live is not None else set())
    return tuple(file for file in sorted(found) if _is_ledger(file))


def _is_ledger(file: Path) -> bool:
    with file.open("rb") as stream:
        return stream.read(16).startswith((b"SQLite format 3\0", b"PGDMP")) or backup.is_fresh_copy(file)


# ---------------------------------------------------------------------- giving out


def records(store: Store, who: Person, desk: Policy) -> Iterator[dict[str, Any]]:
    """All that is kept of a person, record by record; of others' tickets what he wrote or received."""
    with store.read() as tx:
        found = privacy.holdings(tx, who.spellings, house(desk))
        for what, row in privacy.rows_of(tx, who.spellings, found):
            yield {"record": what, **{name: _told(name, value) for name, value in row.items()}}


def _told(name: str, value: Any) -> Any:
    return (
        json.loads(value) if name in ("detail", "verdicts", "reasons") and isinstance(value, str) else value
    )


def originals(store: Store, messages: Sequence[int], letters: Sequence[int]) -> Iterator[tuple[str, bytes]]:
    """(name of a file, its bytes) of these mails and letters; what has no bytes any more is left out."""
    with store.read() as tx:
        for mail in privacy.originals_of(tx, messages):
            if mail.content:
                yield f"mails/{mail.mail_id}.eml", mail.content
        for number, content in privacy.letter_contents(tx, letters):
            if content:
                yield f"letters/{number}.eml", content
