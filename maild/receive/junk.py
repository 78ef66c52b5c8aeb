"""What a filter took for spam: mail that belongs to a ticket is filed all the same, the rest is counted.

Stands beside ``sent`` and works within the inbox's session. The folder is only read: nobody's flags change
there, and no mail is moved out of it; a mail that a person moves to the inbox is new there. Which mail is
filed says ``decide.junk``; whoever leads hears of the others by the sweep, one line a day.
"""

from maild.arrival import Source
from maild.receive import beside, sent
from maild.receive.intake import Session


def look(session: Session) -> None:
    """Take in what is new in the junk folder, if one is configured."""
    folder = session.station.drop.junk
    if not folder:
        return
    with beside.opened(session, folder, Source.JUNK) as there:
        if there is not None:
            beside.compare(there, Source.JUNK)
            session.busy_until = max(session.busy_until, there.busy_until)
            sent.look_for_answered(there)
            _forget_what_is_gone(there)


def _forget_what_is_gone(there: Session) -> None:
    """A person took it out, or the server threw it away: nobody needs to hear that it lies there."""
    store = there.station.office.store
    with store.read() as tx:
        untold = tx.untold_there(there.maildrop.id, there.selected.uidvalidity)
    gone = untold.keys() - set(there.mailbox.uids()) if untold else set()
    if gone:
        with store.write() as tx:
            tx.told(untold[uid] for uid in gone)
