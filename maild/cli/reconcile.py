"""``reconcile``: every mail of every maildrop against the ledger, and the ledger against itself.

Stands under the command line and reads only, over connections of its own, while the daemon runs or not.
Exit 1 where a mail is missing or there twice. Fails as ``receive.mailbox`` and ``storage.database`` do: 69
where a mailbox cannot be reached, 75 where the database is busy; nothing is then said to be well.

When a mail without a sighting is missing, and when it is only new, is not guessed from clocks. UIDs rise in
a mailbox (RFC 9051 2.3.1.1), and the daemon writes down the highest of each comparison that it carried
through: a mail up to it was there and was passed over; one above it waits for the next poll, and is unfiled.
The mailbox is asked first and the ledger after it, so that what is filed meanwhile is found.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

import typer

from maild.arrival import Source
from maild.cli import Code, ConfigOption, JsonOption, look, read_config, say_json
from maild.config import Config, ImapMaildrop
from maild.oauth import access
from maild.receive import mailbox as mail_server
from maild.receive.mailbox import Mailbox, NoFolder, Unreachable
from parsers.identifiers import message_identifier
from storage import audit
from storage.audit import Flaw, Receipts
from storage.records import DOOR_EPOCH, Maildrop, OutboxState, SightingState
from storage.store import Store

# So many of each kind are named; all are counted.
MOST_NAMED = 100
_PASSED_OVER = "it is in the mailbox, was compared, and has no sighting"
_WAITING = (OutboxState.READY, OutboxState.CLAIMED, OutboxState.HELD)
_OVER = (OutboxState.FAILED, OutboxState.UNCERTAIN, OutboxState.SUPPRESSED, OutboxState.DROPPED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """One maildrop: what is there, and what the ledger has of it. ``in_mailbox``: None at a door."""

    maildrop: str
    in_mailbox: int | None
    in_ledger: int = 0
    unfiled: int = 0
    quarantined: int = 0
    missing: tuple["Named", ...] = ()
    doubled: tuple["Named", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """One mail that is missing or doubled, by every name that is known of it."""

    why: str
    uid: int | None = None
    mail_id: str = ""
    message_id: str = ""
    ticket: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Folder:
    """What a folder holds. ``waiting``: mails that no comparison has seen yet; ``missing``: passed over."""

    uidvalidity: int
    count: int
    waiting: int
    missing: tuple[Named, ...]


def reconcile(config: ConfigOption = None, as_json: JsonOption = False) -> int:
    """Every mail of every maildrop against the ledger: exit 1 when one is missing or there twice."""
    settings = read_config(config)
    with look.ledger(settings) as store:
        folders = dict(_folders(settings, store))
        with store.read() as tx:
            drops, seen = tx.maildrops(), audit.sightings(tx)
            flaws, receipts = audit.flaws(tx), audit.receipts(tx)
    balances = list(_balances(drops, folders, seen, flaws))
    if as_json:
        for balance in balances:
            say_json(_as_json(balance, settings, None if balance.maildrop else receipts))
    else:
        _print(balances, receipts, settings)
    return Code.NO if any(b.missing or b.doubled for b in balances) else Code.OK


# --- the mailboxes ------------------------------------------------------------------------------------------


def _folders(settings: Config, store: Store) -> Iterator[tuple[str, _Folder]]:
    """Each folder that the ledger knows, and the inbox of each mailbox in any case, by maildrop."""
    with store.read() as tx:
        known = [drop.name for drop in tx.maildrops()]
    for name, drop in settings.maildrop.items():
        if not isinstance(drop, ImapMaildrop):
            continue
        others = [each for each in known if each.startswith(f"{name}/")]
        enter = _entrance(drop, settings)
        with closing(enter()) as mailbox:
            yield name, _folder(mailbox, enter, drop.folder, name, store)
            for other in others:
                try:
                    yield other, _folder(mailbox, enter, other.removeprefix(f"{name}/"), other, store)
                except NoFolder:
                    # As the daemon does: a folder beside the inbox that is not there is passed over.
                    continue


def _entrance(drop: ImapMaildrop, settings: Config) -> Callable[[], Mailbox]:
    key = access.key_to(drop, settings.state.directory)
    return lambda: mail_server.connect(drop, key())


def _folder(mailbox: Mailbox, enter: Callable[[], Mailbox], folder: str, name: str, store: Store) -> _Folder:
    selected = mailbox.select(folder, readonly=True)
    uids = mailbox.uids()
    with store.read() as tx:
        entry = next((each for each in tx.maildrops() if each.name == name), None)
        known = tx.known_uids(entry.id, selected.uidvalidity) if entry else set()
    passed_over, waiting = compare(uids, known, _seen_uid(entry, selected.uidvalidity))
    ids = _message_ids(enter, folder, passed_over[:MOST_NAMED])
    return _Folder(
        uidvalidity=selected.uidvalidity,
        count=len(uids),
        waiting=len(waiting),
        missing=tuple(
            Named(why=_PASSED_OVER, uid=uid, message_id=message_identifier(ids.get(uid, "")))
            for uid in passed_over
        ),
    )


def _message_ids(enter: Callable[[], Mailbox], folder: str, uids: Sequence[int]) -> dict[int, str]:
    """Over a connection of its own: a mail that was passed over may be one that ends it."""
    if not uids:
        return {}
    try:
        with closing(enter()) as mailbox:
            mailbox.select(folder, readonly=True)
            return mailbox.message_ids(uids)
    except Unreachable:
        return {}


def _seen_uid(drop: Maildrop | None, uidvalidity: int) -> int:
    """The last mail of the last whole comparison; 0 where these numbers were never compared."""
    return drop.seen_uid or 0 if drop is not None and drop.uidvalidity == uidvalidity else 0


def compare(uids: Sequence[int], known: set[int], seen_uid: int) -> tuple[list[int], list[int]]:
    """The mails without a sighting: those that a comparison passed over, and those that none has seen yet."""
    unknown = [uid for uid in uids if uid not in known]
    return [uid for uid in unknown if uid <= seen_uid], [uid for uid in unknown if uid > seen_uid]


# --- the balance --------------------------------------------------------------------------------------------


def _balances(
    drops: Sequence[Maildrop],
    folders: dict[str, _Folder],
    seen: dict[int, Counter[tuple[int, str]]],
    flaws: Sequence[Flaw],
) -> Iterator[Balance]:
    """One for each maildrop of the ledger and the configuration; last the desk's, for what came by none."""
    by_name = {drop.name: drop for drop in drops}
    for name in dict.fromkeys((*folders, *by_name)):
        drop, folder = by_name.get(name), folders.get(name)
        counted = seen.get(drop.id, Counter()) if drop else Counter()
        balance = _balance(name, drop, folder, counted)
        yield _with_flaws(balance, [f for f in flaws if drop is not None and f.maildrop_id == drop.id])
    yield _with_flaws(Balance(maildrop="", in_mailbox=0), [f for f in flaws if f.maildrop_id is None])


def _balance(
    name: str, drop: Maildrop | None, folder: _Folder | None, counted: Counter[tuple[int, str]]
) -> Balance:
    is_door = drop is not None and drop.source == Source.DOOR
    epoch = folder.uidvalidity if folder else DOOR_EPOCH if is_door else drop.uidvalidity if drop else None
    by_state: Counter[str] = Counter()
    for (_, state), number in counted.items():
        by_state[state] += number
    return Balance(
        maildrop=name,
        in_mailbox=folder.count if folder else None,
        in_ledger=sum(n for (uidvalidity, _), n in counted.items() if epoch in (None, uidvalidity)),
        unfiled=by_state[SightingState.RECEIVED.value] + (folder.waiting if folder else 0),
        quarantined=by_state[SightingState.QUARANTINED.value],
        missing=folder.missing if folder else (),
    )


def _with_flaws(balance: Balance, flaws: Sequence[Flaw]) -> Balance:
    named = [
        (f.doubled, Named(why=f.why, mail_id=f.mail_id, message_id=f.message_id, ticket=f.ticket_id))
        for f in flaws
    ]
    return replace(
        balance,
        missing=(*balance.missing, *(name for doubled, name in named if not doubled)),
        doubled=tuple(name for doubled, name in named if doubled),
    )


# --- what is shown ------------------------------------------------------------------------------------------


def _as_json(balance: Balance, settings: Config, receipts: Receipts | None) -> dict[str, object]:
    """One maildrop as other programs read it (design, section 10); the desk's line has null for its name."""
    shown: dict[str, object] = {
        "maildrop": balance.maildrop or None,
        "in_mailbox": balance.in_mailbox,
        "in_ledger": balance.in_ledger,
        "missing": len(balance.missing),
        "doubled": len(balance.doubled),
        "unfiled": balance.unfiled,
        "quarantined": balance.quarantined,
        "named": [
            {"what": what, **_names(one, settings), "why": one.why}
            for what, those in (("missing", balance.missing), ("doubled", balance.doubled))
            for one in those[:MOST_NAMED]
        ],
    }
    return shown if receipts is None else shown | {"receipts": _receipts(receipts)}


def _names(one: Named, settings: Config) -> dict[str, object]:
    return {
        "uid": one.uid,
        "mail_id": one.mail_id or None,
        "message_id": one.message_id or None,
        "ticket": settings.desk.number(one.ticket) if one.ticket is not None else None,
    }


def _receipts(receipts: Receipts) -> dict[str, int]:
    """Owed, and what became of them: a receipt that the budget suppressed was never owed."""
    states = receipts.states
    return {
        "owed": receipts.owed,
        "sent": states.get(OutboxState.SENT.value, 0),
        "waiting": sum(states.get(state.value, 0) for state in _WAITING),
        **{state.value: states.get(state.value, 0) for state in _OVER},
    }


def _print(balances: Sequence[Balance], receipts: Receipts, settings: Config) -> None:
    lines = [_line(balance) for balance in balances if balance.maildrop]
    lines.append("receipts: " + ", ".join(f"{n} {what}" for what, n in _receipts(receipts).items()))
    for balance in balances:
        for what, those in (("missing", balance.missing), ("doubled", balance.doubled)):
            lines += [_said(what, balance.maildrop, one, settings) for one in those[:MOST_NAMED]]
            if len(those) > MOST_NAMED:
                lines.append(f"{what}  ... and {len(those) - MOST_NAMED} more")
    typer.echo("\n".join(lines))


def _line(balance: Balance) -> str:
    there = "no mailbox" if balance.in_mailbox is None else f"{balance.in_mailbox} in the mailbox"
    return (
        f"{balance.maildrop}: {there}, {balance.in_ledger} in the ledger, {len(balance.missing)} missing, "
        f"{len(balance.doubled)} doubled, {balance.unfiled} unfiled, {balance.quarantined} quarantined"
    )


def _said(what: str, maildrop: str, one: Named, settings: Config) -> str:
    names = {key: value for key, value in _names(one, settings).items() if value is not None}
    known = " ".join(f"UID {value}" if key == "uid" else str(value) for key, value in names.items())
    return f"{what}  {maildrop or '-'}  {known}: {one.why}"
