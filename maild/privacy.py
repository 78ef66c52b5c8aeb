"""What the desk keeps of a person: given out, or forgotten.

Stands beside ``replay``, above the ledger; ``maild person`` calls it, the daemon may run meanwhile. What is
a person's the tables tell; where else he is named, the letters of the desk and the mails of others do,
which are read one by one. Letters that quote him are erased with his mails; a mail that somebody else wrote
is his who wrote it, and is only named to the operator. Raises ``storage.database.Unavailable``: what was
not erased then still is when it is called again.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from email import message_from_bytes, policy
from email.message import Message
from pathlib import Path
from typing import Any

from maild import assembly, byhand
from maild.decide.policy import Policy
from maild.ingest import Office
from maild.retention import house
from parsers.mail import parse_mail
from storage import backup, database, privacy
from storage.privacy import Holdings, Original, Place
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
class Found:
    """All that is there of a person. ``unfiled``: mails of his that the daemon has yet to file; ``seen``: the
    last letter and the last original that were read."""

    holdings: Holdings
    quotes: tuple[Quote, ...] = ()
    places: tuple[Place, ...] = ()
    unfinished: tuple[int, ...] = ()
    unfiled: int = 0
    seen: tuple[int, int] = (0, 0)

    @property
    def is_nothing(self) -> bool:
        """There is nothing that could be erased."""
        return not (self.holdings.tickets or self.holdings.messages or self.holdings.letters)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Traits:
    """How somebody is known in a text: by address, by name, by so many of his words in a row."""

    spellings: tuple[str, ...]
    names: frozenset[str]
    rows: frozenset[str]
    numbers: re.Pattern[str] | None

    def named(self, text: str) -> bool:
        """By the address, which is nobody else's."""
        return any(spelling in text for spelling in self.spellings)

    def quoted(self, text: str) -> bool:
        """By anything: asked only of what was written where he took part."""
        return (
            self.named(text) or any(name in text for name in self.names) or any(r in text for r in self.rows)
        )

    def listed(self, text: str) -> bool:
        """By the number of a ticket of his, as digests have it."""
        return self.named(text) or (self.numbers is not None and self.numbers.search(text) is not None)


def look(
    store: Store, who: Person, desk: Policy, told: Told = _nobody, *, since: tuple[int, int] = (0, 0)
) -> Found:
    """Find all that is kept of a person; changes nothing.

    Args:
        since: the last letter and the last original that an earlier look has read.
    """
    with store.read() as tx:
        found = privacy.holdings(tx, who.spellings, house(desk))
        traits = _traits(tx, who, found, desk)
    originals, quotes, last_original = _read_originals(store, traits, found, told, after=since[1])
    found = replace(found, messages=tuple(sorted({*found.messages, *originals})))
    letters, last_letter = _read_letters(store, traits, found, told, after=since[0])
    found = replace(found, letters=tuple(sorted({*found.letters, *letters})))
    with store.read() as tx:
        return Found(
            holdings=found, quotes=tuple(quotes), seen=(last_letter, last_original),
            places=privacy.places(tx, found.messages),
            unfinished=privacy.unfinished(tx, found.tickets),
            unfiled=sum(_is_from(content, who) for _, content in privacy.unfiled(tx)),
        )  # fmt: skip


def _traits(tx: Transaction, who: Person, found: Holdings, desk: Policy) -> _Traits:
    rows = {row for mail in privacy.originals_of(tx, found.messages) for row in _own_words(mail, who)}
    names = {_flat(name) for name in privacy.names(tx, who.spellings)}
    numbers = "|".join(re.escape(desk.desk.number(ticket)) for ticket in found.tickets)
    return _Traits(
        spellings=who.spellings, rows=frozenset(rows),
        # A first name alone is many people's.
        names=frozenset(name for name in names if " " in name),
        numbers=re.compile(rf"(?:{numbers})(?!\d)", re.IGNORECASE) if numbers else None,
    )  # fmt: skip


def _own_words(mail: Original, who: Person) -> Iterator[str]:
    if not _is_from(mail.content, who):
        return
    words = _flat(parse_mail(mail.content).reply_text).split()
    for at in range(max(0, len(words) - _IN_A_ROW + 1)):
        yield " ".join(words[at : at + _IN_A_ROW])


def _is_from(content: bytes, who: Person) -> bool:
    sender = parse_mail(content[:_HEADER]).sender
    return sender is not None and sender.key in who.spellings


def _read_originals(
    store: Store, traits: _Traits, found: Holdings, told: Told, *, after: int
) -> tuple[set[int], list[Quote], int]:
    """Mails that are his although no row says so, and those of others that name or quote him."""
    his, quotes, who = set[int](), list[Quote](), Person(address="", spellings=traits.spellings)
    known, near = frozenset(found.messages), frozenset(found.kept)
    while mails := _next_originals(store, after):
        for mail in mails:
            if mail.message is None or mail.message in known or not _concerns(mail, traits, near):
                continue
            if _is_from(mail.content, who):
                his.add(mail.message)
            else:
                quotes.append(Quote(mail_id=mail.mail_id, ticket=mail.ticket))
        told("mails", len(mails))
        after = mails[-1].raw
    return his, quotes, after


def _next_originals(store: Store, after: int) -> tuple[Original, ...]:
    with store.read() as tx:
        return privacy.originals(tx, after=after)


def _concerns(mail: Original, traits: _Traits, near: frozenset[int]) -> bool:
    if any(spelling.encode() in mail.content.lower() for spelling in traits.spellings):
        return True
    text = _flat(mail.text)
    return traits.quoted(text) if mail.message in near else traits.named(text)


def _read_letters(
    store: Store, traits: _Traits, found: Holdings, told: Told, *, after: int
) -> tuple[set[int], int]:
    """Letters of ours that name or quote him, whomever they were for."""
    his, known, shared = set[int](), frozenset(found.letters), frozenset(found.shared)
    while True:
        with store.read() as tx:
            letters = privacy.letters(tx, after=after)
        if not letters:
            return his, after
        for letter in letters:
            if letter.id in known or not letter.content:
                continue
            said = _flat(_said(letter.content))
            if letter.ticket is None:
                concerns = traits.listed(said)
            else:
                concerns = traits.quoted(said) if letter.ticket in shared else traits.named(said)
            if concerns:
                his.add(letter.id)
        told("letters", len(letters))
        after = letters[-1].id


def _said(content: bytes) -> str:
    """All that a letter of ours says, to whoever reads it or looks into its source."""
    letter: Message = message_from_bytes(content, policy=policy.default)
    heads = [f"{name}: {value}" for name, value in letter.items()]
    return "\n".join((*heads, *(_part(one) for one in letter.walk() if not one.is_multipart())))


def _part(one: Message) -> str:
    content = one.get_payload(decode=True)
    words = content.decode("utf-8", "replace") if isinstance(content, bytes) else ""
    return re.sub(r"<[^>]*>", " ", words) if one.get_content_subtype() == "html" else words


def _flat(text: str) -> str:
    """A text as it is compared: without quote marks and line ends, case folded."""
    return " ".join(re.sub(r"(?m)^[\s>|]+", "", text).casefold().split())


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
        found = look(office.store, who, office.policy, told, since=found.seen)
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
    now, own = office.now(), found.holdings
    with office.store.write() as tx:
        privacy.hold_filing(tx)
        open_still = privacy.unfinished(tx, own.tickets)
        for ticket in open_still:
            byhand.order(tx, ticket, "close", "", office, by=by)
        privacy.erase_messages(tx, own.messages, at=now)
        privacy.erase_letters(tx, own.letters)
        privacy.erase_tickets(tx, own.tickets)
        for spelling in who.spellings:
            privacy.erase_address(tx, spelling)
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
    """Copies of the ledger in the state directory: what was erased is still in those."""
    found = (file for file in sorted(directory.rglob("*")) if file.is_file() and _is_ledger(file))
    return tuple(file for file in found if live is None or file.resolve() != live.resolve())


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
