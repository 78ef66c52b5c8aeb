"""Mail that the server gives new numbers, after a migration or a repair: known again without being fetched.

Stands under ``intake``, which fetches whatever is not known here: the digest of the whole mail then says
whether it is another copy. A mail is known by Message-ID, size and INTERNALDATE together, and only where one
mail has them now and one filed mail had them before; whatever is in doubt is fetched. Raises what ``mailbox``
and the ledger raise; what was known by then stays known.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from maild import log
from maild.decide import marks
from maild.ingest import Office, new_mail_id
from maild.receive.mailbox import Mailbox, Sized
from parsers.identifiers import message_identifier
from storage.records import Former, Lease, Maildrop, Seen, SeenAgain
from storage.store import indexable

_log = log.get("maild.receive.renumbered")

AT_ONCE = 500


def know_again(
    mailbox: Mailbox,
    maildrop: Maildrop,
    uidvalidity: int,
    uids: Sequence[int],
    lease: Lease,
    office: Office,
    is_closing: Callable[[], bool],
) -> set[int]:
    """Give every mail of the open folder that was filed under another number a sighting under this one.

    Args:
        uids: every mail without a sighting; all of them, so that no two are taken for one.
        is_closing: asked between two parts; what is left then is looked at by the next pass.
    """
    met: list[tuple[Sized, Seen]] = []
    for at in range(0, len(uids), AT_ONCE):
        if is_closing():
            return set()
        met += _met(mailbox, uids[at : at + AT_ONCE])
    many = Counter(seen for _, seen in met)
    single = [(mail, seen) for mail, seen in met if many[seen] == 1]
    known: set[int] = set()
    for at in range(0, len(single), AT_ONCE):
        if is_closing():
            break
        known |= _known(single[at : at + AT_ONCE], maildrop, uidvalidity, lease, office)
    _log.info("maildrop.known_again", maildrop=maildrop.name, known=len(known), of=len(uids))
    return known


def _met(mailbox: Mailbox, uids: Sequence[int]) -> Iterator[tuple[Sized, Seen]]:
    written = mailbox.message_ids(uids)
    for mail in mailbox.sizes(uids):
        message_id = indexable(message_identifier(written.get(mail.uid, "")))
        if message_id and mail.received_at is not None:
            yield mail, Seen(message_id=message_id, size=mail.size, arrived_at=mail.received_at)


def _known(
    met: Sequence[tuple[Sized, Seen]], maildrop: Maildrop, uidvalidity: int, lease: Lease, office: Office
) -> set[int]:
    now = office.now()
    with office.store.write() as tx:
        tx.check_lease(lease)
        former = tx.former(maildrop.id, [seen.message_id for _, seen in met])
        again = [
            _seen_again(mail, one, now)
            for mail, seen in met
            if (one := _only(former.get(seen, ()), uidvalidity)) is not None
        ]
        tx.know_again(maildrop, uidvalidity, again)
    return {mail.uid for mail in again}


def _only(former: Sequence[Former], uidvalidity: int) -> Former | None:
    """The last sighting of the one mail that was met so; None where there were two, or it is here already."""
    one_mail = len({one.message for one in former}) == 1
    return former[-1] if one_mail and all(one.uidvalidity != uidvalidity for one in former) else None


def _seen_again(mail: Sized, former: Former, now: datetime) -> SeenAgain:
    return SeenAgain(
        uid=mail.uid,
        mail_id=new_mail_id(now),
        arrived_at=min(mail.received_at or now, now),
        former=former,
        placed=marks.left_before(mail.flags),
    )
