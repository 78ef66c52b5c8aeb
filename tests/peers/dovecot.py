"""A real Dovecot 2.3 in a short temporary directory: IMAP on loopback ports, no system configuration read.

Works as root and as an ordinary user. The directory's path must be short: Dovecot makes UNIX sockets
beneath it, and the kernel limits a socket's path to 107 bytes.
"""

import grp
import os
import pwd
import shutil
import subprocess
import time
from itertools import count
from pathlib import Path

from tests.peers.certificate import Certificate, make_certificate
from tests.peers.child import Child, free_ports, greets, listens
from tests.peers.mailbox import Mailbox

# Every name is an account with this password: a file of users would be read again once a second only.
PASSWORD = "correct-horse"

# One session of a hundred dies with the index of folders where another one makes a folder beside it (2.3.19).
# Three settings keep a refused login quick: without them the second takes 6 s and the third more than 10 s.
CONFIGURATION = """\
base_dir = {root}/run
state_dir = {root}/state
log_path = {root}/dovecot.log
protocols = imap
listen = 127.0.0.1
default_internal_user = {internal}
default_internal_group = {internal_group}
default_login_user = {login}
shutdown_clients = yes

ssl = yes
ssl_cert = <{root}/cert.pem
ssl_key = <{root}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_username_chars =
auth_failure_delay = 0

mail_uid = {owner}
mail_gid = {owner_group}
first_valid_uid = 0
first_valid_gid = 0
mail_home = {root}/home/%u
mail_location = maildir:{root}/mail/%u:LAYOUT=fs
mail_max_userip_connections = 0
mailbox_idle_check_interval = 1 secs
mailbox_list_index = no

passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={owner} gid={owner_group} home={root}/home/%u allow_all_users=yes
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Sent {{
    auto = create
    special_use = \\Sent
  }}
  mailbox Junk {{
    auto = create
    special_use = \\Junk
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
  process_min_avail = 1
  service_count = 0
}}
service stats {{
  chroot =
  unix_listener stats-reader {{
    mode = 0666
  }}
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
{extra}
"""


def missing() -> str:
    """Why no Dovecot can be started here; "" when one can."""
    program = _program("dovecot")
    if program is None:
        return "Dovecot is not installed (Debian: dovecot-imapd)"
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    return (
        "" if version.startswith("2.3.") else f"Dovecot {version.split(' ')[0]}: these settings are for 2.3"
    )


class Dovecot:
    """One private server: `imap` speaks plain and STARTTLS, `imaps` implicit TLS; any number of accounts."""

    def __init__(self, root: Path, *, extra: str = "") -> None:
        """Nothing runs yet; `extra` is added to the configuration as it is."""
        if len(str(root)) > 60:
            raise ValueError(f"{root} is too long for Dovecot's sockets")
        self.root = root
        self.imap, self.imaps = free_ports(2)
        self._extra = extra
        self._accounts = count(1)
        self._child: Child | None = None
        self.certificate = self._write()

    def start(self) -> None:
        """Starts it on the same ports and mailboxes as before, and waits until it answers."""
        program = _program("dovecot")
        if program is None:
            raise RuntimeError(missing())
        configuration = self.root / "dovecot.conf"
        self._child = Child([program, "-F", "-c", configuration], output=self.root / "dovecot.out")
        self._child.wait_until(lambda: greets(self.imap) and listens(self.imaps))

    def stop(self) -> None:
        """Ends it in order; sessions are closed."""
        if self._child:
            self._child.stop()
            self._child = None

    def kill(self) -> None:
        """Ends every process of it at once."""
        if self._child:
            self._child.kill()
            self._child = None
            while listens(self.imap) or listens(self.imaps):
                time.sleep(0.01)  # the greeters die a moment after their master

    def mailbox(self, user: str = "") -> Mailbox:
        """A new account with an empty INBOX, "support-N@etnic.test", or the account that is named."""
        name = user or f"support-{next(self._accounts)}@etnic.test"
        made = Mailbox(port=self.imap, user=name, password=PASSWORD)
        made.uids()  # the server makes an INBOX at its first opening, and badly when two open it at once
        return made

    def offers(self, *extensions: str) -> bool:
        """One of these is among its capabilities (RFC 9051 7.2.2)."""
        with self.mailbox().session() as client:
            return bool({name.decode() for name in client.capabilities()} & set(extensions))

    def admin(self, *arguments: str) -> str:
        """What `doveadm` printed; subprocess.CalledProcessError where it failed."""
        command = [_program("doveadm") or "doveadm", "-c", str(self.root / "dovecot.conf"), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def change_uidvalidity(self, mailbox: Mailbox, value: int, folder: str = "INBOX") -> None:
        """Begins a new epoch of UIDs, as a migration does; open sessions on the folder are dropped."""
        self.admin("mailbox", "update", "-u", mailbox.user, "--uid-validity", str(value), folder)

    def log(self) -> str:
        """What it has written so far."""
        path = self.root / "dovecot.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def _write(self) -> Certificate:
        for folder in ("run", "state", "home", "mail"):
            (self.root / folder).mkdir()
        internal, login, owner = _accounts()
        (self.root / "dovecot.conf").write_text(
            CONFIGURATION.format(
                root=self.root,
                password=PASSWORD,
                internal=internal,
                internal_group=_group(internal),
                login=login,
                owner=pwd.getpwnam(owner).pw_uid,
                owner_group=pwd.getpwnam(owner).pw_gid,
                imap=self.imap,
                imaps=self.imaps,
                extra=self._extra,
            )
        )
        if os.geteuid() == 0:
            self.root.chmod(0o755)
            for folder in ("home", "mail"):
                shutil.chown(self.root / folder, owner, _group(owner))
        return make_certificate(self.root)


def _accounts() -> tuple[str, str, str]:
    """Who runs the server, who greets strangers, who owns the mail: only root can be three people."""
    if os.geteuid() == 0:
        return "dovecot", "dovenull", "nobody"
    me = pwd.getpwuid(os.geteuid()).pw_name
    return me, me, me


def _group(user: str) -> str:
    return grp.getgrgid(pwd.getpwnam(user).pw_gid).gr_name


def _program(name: str) -> str | None:
    # Debian keeps it in /usr/sbin, which is on root's PATH only.
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin:/usr/bin")
