"""A real Postfix in a temporary directory: mail for one domain goes to a door, all other mail to a sink.

It has a configuration, queue and log of its own; nothing of this machine's mail is read or changed. It needs
root, as every Postfix does. What it cannot deliver it tries again each second.
"""

import json
import os
import shutil
import smtplib
import subprocess
from pathlib import Path
from typing import Any

from tests.peers.child import LOOPBACK, Child, free_port, greets

DOMAIN = "etnic.test"
MAIN = """\
compatibility_level = 3.6
queue_directory = {root}/queue
data_directory = {root}/data
maillog_file = {root}/postfix.log
maillog_file_prefixes = {root}
myhostname = mx.{domain}
mydestination =
alias_maps =
alias_database =
local_recipient_maps =
notify_classes =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_peername_lookup = no
smtp_dns_support_level = disabled
smtp_host_lookup = native

relay_domains = {domain}
transport_maps = inline:{{ {{ {domain} = {transport} }} }}
relayhost = [127.0.0.1]:{sink}
message_size_limit = 60000000
smtp_line_length_limit = 0
lmtp_line_length_limit = 0

queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 2s
transport_retry_time = 1s
in_flow_delay = 0s
"""
# name, type, private, unprivileged, chroot, wake-up, most, program (master(5)).
MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 1 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
lmtp unix - - n - - lmtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


def missing() -> str:
    """Why no Postfix can be started here; "" when one can."""
    if _program("postfix") is None:
        return "Postfix is not installed (Debian: postfix)"
    return "" if os.geteuid() == 0 else "Postfix starts as root only"


class Postfix:
    """One private server; it takes any mail at `port`."""

    def __init__(self, root: Path, *, transport: str, sink: int) -> None:
        """Nothing runs yet.

        Args:
            transport: where mail for the domain goes, such as ``lmtp:inet:127.0.0.1:8024``.
            sink: the loopback port of the SMTP server that gets everything else, its own reports included.
        """
        self.root, self.port = root, free_port()
        self._child: Child | None = None
        for folder in ("conf", "queue", "data"):
            (root / folder).mkdir()
        root.chmod(0o755)
        shutil.chown(root / "data", "postfix", "postfix")
        main = MAIN.format(root=root, domain=DOMAIN, transport=transport, sink=sink)
        (root / "conf" / "main.cf").write_text(main)
        (root / "conf" / "master.cf").write_text(MASTER.format(port=self.port))

    def start(self) -> None:
        """Starts it and waits until it greets."""
        conf = self.root / "conf"
        subprocess.run([_program("postfix") or "postfix", "-c", conf, "check"], check=True)
        # `postfix start` would let it out of our process group, and it would outlive tests that are killed.
        self._child = Child([*_master(), "-c", conf, "-d"], output=self.root / "postfix.out")
        self._child.wait_until(lambda: greets(self.port))

    def stop(self) -> None:
        """Ends it at once: what it has in its queue lies there as it would after a power cut."""
        if self._child:
            self._child.kill()
            self._child = None

    def submit(self, content: bytes, *recipients: str, sender: str) -> None:
        """Hands a mail in, as a program of the house does; it is queued when this returns."""
        with smtplib.SMTP(LOOPBACK, self.port, timeout=20) as client:
            client.sendmail(sender, recipients, content, ["BODY=8BITMIME"])

    def queue(self) -> list[dict[str, Any]]:
        """What waits, with the reason that each recipient's server gave."""
        command = [_program("postqueue") or "postqueue", "-c", str(self.root / "conf"), "-j"]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return [json.loads(line) for line in said.splitlines()]

    def log(self) -> str:
        """What it has written so far."""
        path = self.root / "postfix.log"
        return path.read_text(errors="replace") if path.exists() else ""


def _master() -> list[str]:
    said = ["postconf", "-h", "-d", "daemon_directory"]
    said[0] = _program("postconf") or said[0]
    folder = subprocess.run(said, capture_output=True, text=True, check=True).stdout.strip()
    return [f"{folder}/master"]


def _program(name: str) -> str | None:
    # Debian keeps it in /usr/sbin, which is on root's PATH only.
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
