"""One account on an IMAP server, as a person with a mail program sees it.

Each call makes a connection of its own, so that no test's session hides or holds what the daemon under test
does.
"""

import imaplib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from imapclient import IMAPClient

from tests.peers.child import LOOPBACK

# The library refuses whole mailboxes of long answers otherwise.
imaplib._MAXLINE = 50_000_000  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """Where an account is and how to open it; `port` speaks plain IMAP with STARTTLS on offer."""

    port: int
    user: str
    password: str
    host: str = LOOPBACK

    @contextmanager
    def session(self) -> Iterator[Any]:
        """A logged-in imapclient connection; nothing is selected."""
        with IMAPClient(self.host, self.port, ssl=False, timeout=20) as client:
            client.normalise_times = False
            client.login(self.user, self.password)
            yield client

    def append(
        self, content: bytes, *, folder: str = "INBOX", at: datetime | None = None, flags: Iterable[str] = ()
    ) -> None:
        """Puts a mail in; `at` becomes its INTERNALDATE (RFC 3501 section 6.3.11)."""
        self.append_all([content], folder=folder, at=at, flags=flags)

    def append_all(
        self,
        contents: Iterable[bytes],
        *,
        folder: str = "INBOX",
        at: datetime | None = None,
        flags: Iterable[str] = (),
    ) -> None:
        """Puts many mails in over one connection."""
        marks = tuple(flags)
        with self.session() as client:
            for content in contents:
                client.append(folder, content, marks, at)

    def uids(self, folder: str = "INBOX") -> list[int]:
        """What is there, oldest first."""
        with self._opened(folder) as client:
            return sorted(client.search("ALL"))

    def flags(self, folder: str = "INBOX") -> dict[int, frozenset[str]]:
        r"""Flags and keywords by UID, without `\Recent`, which is the session's (RFC 3501 section 2.3.2)."""
        found = self._fetched(folder, "FLAGS")
        return {
            uid: frozenset(flag.decode() for flag in value if flag.lower() != b"\\recent")
            for uid, value in found.items()
        }

    def instants(self, folder: str = "INBOX") -> dict[int, datetime]:
        """INTERNALDATE by UID, in UTC."""
        found = self._fetched(folder, "INTERNALDATE")
        return {uid: value.astimezone(UTC) for uid, value in found.items()}

    def contents(self, folder: str = "INBOX") -> dict[int, bytes]:
        """Whole mails by UID."""
        return self._fetched(folder, "BODY.PEEK[]", "BODY[]")

    def mark(self, uid: int, *flags: str, folder: str = "INBOX") -> None:
        """Sets flags, as a person or another program would."""
        with self._opened(folder, readonly=False) as client:
            client.add_flags([uid], flags)

    def unmark(self, uid: int, *flags: str, folder: str = "INBOX") -> None:
        """Takes flags away."""
        with self._opened(folder, readonly=False) as client:
            client.remove_flags([uid], flags)

    def move(self, uid: int, to: str, *, folder: str = "INBOX") -> None:
        """Moves a mail, which gives it another UID (RFC 6851)."""
        with self._opened(folder, readonly=False) as client:
            client.move([uid], to)

    def delete(self, uid: int, *, folder: str = "INBOX") -> None:
        """Removes a mail for good."""
        with self._opened(folder, readonly=False) as client:
            client.delete_messages([uid])
            client.uid_expunge([uid])

    def folders(self) -> list[str]:
        """Every folder's name."""
        with self.session() as client:
            return sorted(str(name) for _, _, name in client.list_folders())

    def create(self, folder: str) -> None:
        """Makes a folder."""
        with self.session() as client:
            client.create_folder(folder)

    def uidvalidity(self, folder: str = "INBOX") -> int:
        """The epoch in which this folder's UIDs hold (RFC 3501 section 2.3.1.1)."""
        with self.session() as client:
            return int(client.select_folder(folder, readonly=True)[b"UIDVALIDITY"])

    @contextmanager
    def _opened(self, folder: str, *, readonly: bool = True) -> Iterator[Any]:
        with self.session() as client:
            client.select_folder(folder, readonly=readonly)
            yield client

    def _fetched(self, folder: str, item: str, key: str = "") -> dict[int, Any]:
        with self._opened(folder) as client:
            uids = sorted(client.search("ALL"))
            found = client.fetch(uids, [item]) if uids else {}
        return {uid: found[uid][(key or item).encode()] for uid in uids if uid in found}
