"""The desk that is rehearsed: a folder with its configuration, its secrets and, later, its state.

Stands under ``stage``. The file is an ordinary config.toml, so that every command can look at the desk when
the rehearsal is over. Fails with ``OSError`` where the folder cannot be written.
"""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path

NAME = "Service Desk ETNIC"
ADDRESS = "support@etnic.example"
AGENT_NAME = "Anne Dupont"
AGENT = "anne.dupont@etnic.example"

# The time between two polls is told by the fast clock, the sweep's by the scheduler's, which is the world's.
_CONFIG = """\
# The desk of `maild demo`. Its servers ended with the rehearsal; what they brought can still be looked at:
# maild tickets, ticket show, why and trace take --config with the path of this file.

[desk]
name = {name}
address = {address}
phone = "+32 2 000 00 00"
secret_file = "secret"

[state]
directory = {state}

[maildrop.support]
kind = "imap"
host = "127.0.0.1"
port = {imap_port}
tls = "none"
user = {address}
password_file = "imap-password"
poll = "10m"

[submission]
host = "127.0.0.1"
port = {smtp_port}
tls = "none"

[sla]
sweep = "1s"
# Whoever is alerted has as long as she needs, by a clock that runs so fast.
warn_at = ["50%", "80%", "90%"]

[http]
listen = "127.0.0.1:{http_port}"

[[agent]]
name = {agent_name}
address = {agent}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where the rehearsal keeps its things."""

    folder: Path

    @property
    def config(self) -> Path:
        """The desk's config.toml."""
        return self.folder / "config.toml"

    @property
    def log(self) -> Path:
        """The daemon's log: JSON, one event a line."""
        return self.folder / "maild.log"


def furnish(folder: Path, *, imap_port: int, smtp_port: int, http_port: int) -> tuple[Desk, str]:
    """Write configuration and secrets into an empty folder; returns the desk and its mailbox's password.

    Raises:
        OSError: the folder cannot be written.
    """
    desk, password = Desk(folder=folder), secrets.token_hex(16)
    _write(folder / "secret", secrets.token_hex(32))
    _write(folder / "imap-password", password)
    values = {
        "name": NAME, "address": ADDRESS, "agent_name": AGENT_NAME, "agent": AGENT,
        "state": str(folder.resolve() / "state"),
    }  # fmt: skip
    # A JSON string is a TOML string, as long as it is not all ASCII by escapes.
    quoted = {key: json.dumps(value, ensure_ascii=False) for key, value in values.items()}
    ports = {"imap_port": imap_port, "smtp_port": smtp_port, "http_port": http_port}
    _write(desk.config, _CONFIG.format(**quoted, **ports))
    return desk, password


def _write(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text if text.endswith("\n") else f"{text}\n", encoding="utf-8")
