"""How the servers met us: noted by the threads that talk to them, read by the alarm.

Stands under the receivers and the courier. It lives as long as the process: what nobody has noted yet is
unknown, which is not the same as well. It cannot fail.
"""

import threading
from dataclasses import dataclass, field
from datetime import datetime

from maild.decide.troubles import Contact, Reach


@dataclass(slots=True)
class Health:
    """The last word about each server; of many threads."""

    _contacts: dict[str, Contact] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def well(self, who: str, at: datetime) -> None:
        """Its server let us in and worked with us."""
        self._note(Contact(who=who, reach=Reach.WELL, since=at))

    def lost(self, who: str, reason: str, at: datetime) -> None:
        """Its server did not answer. A refusal stands until somebody is let in again."""
        self._note(Contact(who=who, reach=Reach.LOST, since=at, reason=reason))

    def refused(self, who: str, reason: str, at: datetime) -> None:
        """Its server answered, and refused us: login, certificate or sender."""
        self._note(Contact(who=who, reach=Reach.REFUSED, since=at, reason=reason))

    def contacts(self) -> dict[str, Contact]:
        """By name, as they stand now."""
        with self._lock:
            return dict(self._contacts)

    def _note(self, heard: Contact) -> None:
        with self._lock:
            before = self._contacts.get(heard.who)
            stays = before is not None and before.reach is Reach.REFUSED and heard.reach is Reach.LOST
            if before is None or (before.reach is not heard.reach and not stays):
                self._contacts[heard.who] = heard
