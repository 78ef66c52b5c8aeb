"""A real Dovecot for the bench: many mailboxes, filled at one stroke through the maildir.

Stands at the near end of the bench. Mail is written into ``tmp/`` and renamed into ``new/`` as a delivery
agent does, so that a backlog is there at once, with the instant of arrival as INTERNALDATE. The server is
the tests' own peer; entering raises RuntimeError with its log where it does not come up.
"""

import os
import pwd
import shutil
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from imapclient import IMAPClient

from tests.bench.mails import Mail
from tests.peers.dovecot import PASSWORD, Dovecot


class Mailroom:
    """One private Dovecot below ``root`` (a short path: its sockets live there); any user, one password."""

    def __init__(self, root: Path) -> None:
        root.mkdir()
        self.server = Dovecot(root)
        self.mail = root / "mail"
        self.port = self.server.imap
        self.owner = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        self.delivered = 0

    def __enter__(self) -> Self:
        self.server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.stop()

    def deliver(self, user: str, mails: Iterable[Mail]) -> float:
        """Puts the mails into the user's inbox all at once; the instant in seconds of the epoch."""
        box = self.mail / user
        folders = [box / name for name in ("cur", "new", "tmp")]
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
            os.chown(folder, self.owner.pw_uid, self.owner.pw_gid)
        os.chown(box, self.owner.pw_uid, self.owner.pw_gid)
        names = [self._write_mail(box / "tmp", mail) for mail in mails]
        instant = time.time()
        for name in names:
            (box / "tmp" / name).rename(box / "new" / name)
        return instant

    def wipe(self, user: str) -> None:
        """Removes the user's mail from the disk."""
        shutil.rmtree(self.mail / user, ignore_errors=True)

    def client(self, user: str) -> IMAPClient:
        """A connection of the user's own."""
        client = IMAPClient("127.0.0.1", self.port, ssl=False, timeout=30)
        client.login(user, PASSWORD)
        return client

    def _write_mail(self, folder: Path, mail: Mail) -> str:
        # Dovecot numbers new mail by the seconds and the microseconds in these names.
        self.delivered += 1
        seconds = mail.arrived.timestamp()
        name = f"{int(seconds)}.M{mail.arrived.microsecond:06}P{self.delivered}.bench,S={len(mail.content)}"
        path = folder / name
        path.write_bytes(mail.content)
        os.utime(path, (seconds, seconds))
        os.chown(path, self.owner.pw_uid, self.owner.pw_gid)
        return name
