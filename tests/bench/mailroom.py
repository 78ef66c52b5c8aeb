"""A real Dovecot for the bench: many mailboxes, filled at one stroke through the maildir.

Stands at the near end of the bench. Mail is written into ``tmp/`` and renamed into ``new/`` as a delivery agent
does, so that a backlog is there at once, with the instant of arrival as INTERNALDATE. Nothing of the system's own
Dovecot is read. ``start`` raises RuntimeError with the server's log where it does not come up.
"""

import grp
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

from imapclient import IMAPClient

from tests.bench.mails import Mail

PASSWORD = "secret"

SETTINGS = """\
base_dir = {root}/run
state_dir = {root}/state
log_path = {root}/dovecot.log
protocols = imap
listen = 127.0.0.1
default_internal_user = {internal}
default_internal_group = {internal_group}
default_login_user = {login}
shutdown_clients = yes
ssl = no
disable_plaintext_auth = no
auth_username_chars =
auth_failure_delay = 0
mail_uid = {uid}
mail_gid = {gid}
first_valid_uid = 0
first_valid_gid = 0
mail_home = {root}/home/%u
mail_location = maildir:{root}/mail/%u
mail_fsync = optimized
mail_max_userip_connections = 0
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={root}/home/%u allow_all_users=yes
}}
namespace inbox {{
  inbox = yes
  separator = /
  prefix =
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
  process_min_avail = 1
  service_count = 0
}}
"""


def free_port() -> int:
    """A loopback port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


class Mailroom:
    """One private Dovecot below ``root`` (a short path: its sockets live there); any user, one password."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.port = free_port()
        self.owner = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        self.delivered = 0

    def __enter__(self) -> "Mailroom":
        self._write_settings()
        self.process = subprocess.Popen(
            ["dovecot", "-F", "-c", str(self.root / "dovecot.conf")],
            stdin=subprocess.DEVNULL,
            stdout=(self.root / "output").open("wb"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._wait()
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def deliver(self, user: str, mails: Iterable[Mail]) -> float:
        """Puts the mails into the user's inbox all at once; the instant in seconds of the epoch."""
        box = self.root / "mail" / user
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
        shutil.rmtree(self.root / "mail" / user, ignore_errors=True)

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

    def _write_settings(self) -> None:
        for name in ("run", "state", "home", "mail"):
            (self.root / name).mkdir(parents=True, exist_ok=True)
        for name in ("home", "mail"):
            os.chown(self.root / name, self.owner.pw_uid, self.owner.pw_gid)
        me = self.owner.pw_name
        group = grp.getgrgid(self.owner.pw_gid).gr_name
        internal, internal_group, login = (
            ("dovecot", "dovecot", "dovenull") if os.geteuid() == 0 else (me, group, me)
        )
        self.root.chmod(0o755)
        (self.root / "dovecot.conf").write_text(
            SETTINGS.format(
                root=self.root,
                internal=internal,
                internal_group=internal_group,
                login=login,
                uid=self.owner.pw_uid,
                gid=self.owner.pw_gid,
                password=PASSWORD,
                port=self.port,
            )
        )

    def _wait(self) -> None:
        end = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                if time.monotonic() > end or self.process.poll() is not None:
                    log = self.root / "dovecot.log"
                    said = log.read_text(errors="replace") if log.exists() else ""
                    raise RuntimeError(f"dovecot did not start: {said[-2000:]}") from None
            time.sleep(0.02)
