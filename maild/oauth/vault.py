"""What a person's login gave: one file for each grant, of its owner only, and of one reader at a time.

Under ``access``. It fails as a token server does: ``bearer.Refused`` or ``bearer.Unreachable``.
"""

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from maild.config import OAuth
from maild.oauth import grants
from maild.oauth.bearer import Refused, Token, Unreachable


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """What is kept of a person's login: the token for more tokens, and the last of these."""

    refresh: str = field(repr=False)
    token: Token | None = None


class Vault:
    """The file of one grant, mode 0600; maildrop and submission of one mailbox share it."""

    def __init__(self, grant: OAuth, user: str, directory: Path) -> None:
        where = grants.endpoints(grant)
        which = f"{where.token}\n{grant.client_id}\n{where.scope}\n{user}"
        self.file = directory / "oauth" / f"{sha256(which.encode()).hexdigest()[:16]}.json"

    def read(self) -> Login | None:
        """None: nobody has logged in, or nobody knows what the file says.

        Raises:
            Refused: it may not be read.
        """
        try:
            kept = json.loads(self.file.read_text(encoding="utf-8"))
            token = None
            if kept["token"]:
                since, until = (datetime.fromisoformat(kept[key]) for key in ("since", "until"))
                token = Token(text=str(kept["token"]), since=since, until=until)
            return Login(refresh=str(kept["refresh"]), token=token)
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None
        except OSError as error:
            what = f"{self.file} cannot be read: {error.strerror}"
            raise Refused(what, "give it to the user who runs maild: it belongs to another one") from error

    def write(self, login: Login) -> None:
        """Keep it; whole or not at all.

        Raises:
            Unreachable: the disk does not take it.
        """
        token = login.token
        kept = {"refresh": login.refresh, "token": token.text if token else ""}
        kept |= {"since": token.since.isoformat(), "until": token.until.isoformat()} if token else {}
        try:
            self._folder()
            self._put(json.dumps(kept))
        except OSError as error:
            raise Unreachable(f"{self.file} cannot be written: {error.strerror}") from error

    def _put(self, text: str) -> None:
        # mkstemp makes files that only their owner may read.
        made, name = tempfile.mkstemp(dir=self.file.parent, prefix=".new-")
        try:
            with os.fdopen(made, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                _give_away(file.fileno(), self.file.parent)
                os.fsync(file.fileno())
            Path(name).replace(self.file)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def forget(self, token: Token) -> None:
        """A server has refused this token: the next one is asked for, by everybody."""
        with self.locked():
            kept = self.read()
            if kept is not None and kept.token == token:
                self.write(Login(refresh=kept.refresh))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else reads or writes it, in no process."""
        try:
            self._folder()
            lock = os.open(self.file.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
            _give_away(lock, self.file.parent)
        except OSError as error:
            raise Unreachable(f"{self.file.parent} cannot be used: {error.strerror}") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _folder(self) -> None:
        """With a state that is not there yet: whoever logs in may do so before the first run."""
        folder = self.file.parent
        missing = [each for each in (folder, *folder.parents) if not each.exists()]
        for each in reversed(missing):
            each.mkdir(mode=0o700, exist_ok=True)
            _give_away(each, each.parent)


def _give_away(what: int | Path, like: Path) -> None:
    """Root may log in for the daemon: what it makes belongs to whom that belongs in which it lies."""
    if os.geteuid() == 0:
        owner = like.stat()
        os.chown(what, owner.st_uid, owner.st_gid)
