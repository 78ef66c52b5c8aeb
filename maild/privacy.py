"""What the desk keeps of a person: given out, or forgotten.

Stands beside ``replay``, above the ledger; ``maild person`` calls it, the daemon may run meanwhile. What is
a person's the tables tell; where else he is named, the letters of the desk and the mails of others do,
which are read one by one. Letters that quote him are erased with his mails; a mail that somebody else wrote
is his who wrote it, and is only named to the operator. Raises ``storage.database.Unavailable``: what was
not erased then still is when it is called again.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from maild import assembly, byhand, recognition
from maild.decide.policy import Policy
from maild.ingest import Office
from maild.recognition import Reader, Traits
from maild.retention import house
from parsers.quotes import reply_text
from storage import backup, database, privacy
from storage.privacy import Holdings, Kept, Naming, Original, Place, SentLetter
from storage.records import MessageKind
from storage.store import Store, Transaction

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
    return Person(
        address=plain, spellings=tuple(dict.fromkeys((plain, assembly.as_sent(plain), _readable(plain))))
    )  # fmt: skip


def _readable(address: str) -> str:
    """The address with its domain as people write it (RFC 5890); as it is where it has no other form."""
    name, at, domain = address.rpartition("@")
    try:
        return f"{name}{at}{domain.encode('ascii').decode('idna').casefold()}"
    except UnicodeError:
        return address


# ---------------------------------------------------------------------- looking


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A mail of somebody else that names or quotes the person."""

    mail_id: str
    ticket: int | None


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
    read = _Mails(reader=reader, holdings=found, house=house(office.policy))
    mail = read.all_of(store, told, after=mail)
    with store.read() as tx:
        found = privacy.with_mails(tx, found, who.spellings, read.his)
        traits = traits.with_those_of(Traits(tickets=frozenset(found.tickets)))
    reading = _Letters(reader=_reader(who, traits, office.policy), known=found.letters, house=read.house)
    letters, letter = reading.all_of(store, told, after=letter)
    found = replace(found, letters=tuple(sorted({*found.letters, *letters})))
    called = privacy.called(who.spellings, traits.names, traits.ids)
    with store.read() as tx:
        return Found(
            holdings=found, quotes=tuple(read.quotes), stripped=tuple(read.stripped), seen=(letter, mail),
            places=privacy.places(tx, found.messages), traits=traits,
            unfinished=privacy.unfinished(tx, found.tickets),
            visits=privacy.visits_ahead(tx, found.tickets, office.now()),
            named=privacy.naming(tx, who.spellings, called, sorted(traits.tickets | traits.shared)),
            unfiled=sum(reader.wrote(content) for _, content in privacy.unfiled(tx)),
        )  # fmt: skip


def _traits(tx: Transaction, who: Person, found: Holdings) -> Traits:
    wrote = [one for one in privacy.originals_of(tx, found.messages) if one.sender in who.spellings]
    own_words = (recognition.words(reply_text(one.text, one.subject)) for one in wrote)
    said = (row for words in own_words for row in recognition.rows(words))
    return Traits(
        names=privacy.names(tx, who.spellings), rows=frozenset(said), tickets=frozenset(found.tickets),
        ids=privacy.ids_of(tx, [one.message for one in wrote]), shared=frozenset(found.shared),
    )  # fmt: skip


def _reader(who: Person, traits: Traits, desk: Policy) -> Reader:
    return recognition.reader(who.spellings, traits, map(desk.desk.number, sorted(traits.tickets)))


# ---------------------------------------------------------------------- mails


@dataclass(slots=True, kw_only=True)
class _Mails:
    """What is found in the mails, of whomever they are.

    ``his``: mails that are his although no row says so, and what programs reported of mail to him.
    ``stripped``: of which the desk keeps nothing but its own people's new words; ``quotes``: of others.
    """

    reader: Reader
    holdings: Holdings
    house: frozenset[str]
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
        text = f"{mail.subject}\n{mail.text}"
        found = self.reader.quoted(text) if is_near else self.reader.named(text)
        return found or self.reader.named_in(mail.content)

    def _sort(self, mail: Original) -> None:
        if mail.kind in _REPORTS or (not mail.sender and self.reader.wrote(mail.content)):
            self.his.add(mail.message)
        elif mail.sender in self.house:
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


# ---------------------------------------------------------------------- letters


@dataclass(frozen=True, slots=True, kw_only=True)
class _Letters:
    """Whoever reads letters of ours, whomever they were for; ``known``: those that are his already."""

    reader: Reader
    known: Sequence[int]
    house: frozenset[str]

    def all_of(self, store: Store, told: Told, *, after: int) -> tuple[set[int], int]:
        """Those behind this number that name or quote him; the last number."""
        his, known = set[int](), frozenset(self.known)
        while letters := _next_letters(store, after):
            new = (one for one in letters if one.id not in known and one.content)
            his |= {one.id for one in new if self._tells(one)}
            told("letters", len(letters))
            after = letters[-1].id
        return his, after

    def _tells(self, letter: SentLetter) -> bool:
        """Where he took part it may quote him; what the desk's own people read may list his tickets."""
        reader, traits = self.reader, self.reader.traits
        if letter.ticket in traits.tickets:
            return True
        is_near = letter.ticket in traits.shared
        is_list = letter.ticket is None or letter.recipient in self.house
        if not is_near and not reader.may_be_in(letter.content, is_list=is_list):
            return False
        said = recognition.said(letter.content)
        named = reader.quoted(said) if is_near else reader.named(said)
        return named or (is_list and reader.listed(said))


def _next_letters(store: Store, after: int) -> tuple[SentLetter, ...]:
    with store.read() as tx:
        return privacy.letters(tx, after=after)


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
        privacy.erase_subjects(tx, own.messages)
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
