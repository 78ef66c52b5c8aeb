"""A real PostgreSQL: one cluster a test session, one database a test.

The server refuses to run as root, so it then runs as `postgres`, or as `nobody` where that account is
missing. Durability is switched off: the tests kill maild, not the database server, and are the quicker for
it.
"""

import os
import pwd
import shutil
import signal
import subprocess
from itertools import count
from pathlib import Path

import psycopg
from psycopg import sql

from tests.peers.child import LOOPBACK, Child, free_port

SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "listen_addresses": LOOPBACK,
    "max_connections": "100",
    "synchronous_commit": "off",
    "timezone": "America/New_York",  # nobody's: a column that forgets its offset shows at once
}


def missing() -> str:
    """Why no PostgreSQL can be started here; "" when one can."""
    return "" if _programs() else "PostgreSQL's server programs are not installed (Debian: postgresql)"


class Postgres:
    """One private cluster, on a loopback port and a socket in its directory, trusting whoever comes."""

    def __init__(self, root: Path) -> None:
        """Nothing runs yet."""
        self.root = root
        self.port = free_port()
        self._databases = count(1)
        self._child: Child | None = None

    def start(self) -> None:
        """Makes the cluster at the first call, starts it and waits until it answers."""
        programs = _programs()
        if programs is None:
            raise RuntimeError(missing())
        cluster = self.root / "cluster"
        if not cluster.exists():
            self._make(programs / "initdb", cluster)
        options = {**SETTINGS, "port": str(self.port), "unix_socket_directories": str(self.root)}
        settings = [f"--{name}={value}" for name, value in options.items()]
        command: list[str | Path] = [programs / "postgres", "-D", cluster, *settings]
        self._child = Child(command, output=self.root / "postgres.out", user=_user())
        self._child.wait_until(self._answers)

    def stop(self) -> None:
        """Ends it; sessions are rolled back."""
        if self._child:
            self._child.stop(signal.SIGINT)  # "fast shutdown"
            self._child = None

    def kill(self) -> None:
        """Ends every process of it at once."""
        if self._child:
            self._child.kill()
            self._child = None

    def create_database(self, *, template: str = "template1") -> str:
        """A fresh database's name; `template` is another database's name, to which nobody is connected."""
        name = f"test_{next(self._databases)}"
        self._run(sql.SQL("CREATE DATABASE {} TEMPLATE {}"), name, template)
        return name

    def drop_database(self, name: str) -> None:
        """Removes a database, whoever is still connected to it."""
        self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)"), name)

    def url(self, database: str) -> str:
        """The address of a database, as `[state] database` takes it."""
        return f"postgresql://maild@{LOOPBACK}:{self.port}/{database}"

    def _make(self, initdb: Path, cluster: Path) -> None:
        user = _user()
        if user:
            shutil.chown(self.root, user)
        options = ["--no-sync", "--auth=trust", "--username=maild", "--encoding=UTF8", "--locale=C.UTF-8"]
        made = subprocess.run(
            [initdb, *options, "-D", cluster],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.root,
            user=user or None,
            group=pwd.getpwnam(user).pw_gid if user else None,
            extra_groups=[] if user else None,
        )
        if made.returncode:
            raise RuntimeError(f"initdb failed:\n{made.stdout}{made.stderr}")

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _run(self, statement: sql.SQL, *names: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.format(*(sql.Identifier(name) for name in names)))


def _user() -> str:
    """Whom the server runs as; "": whoever runs the tests."""
    if os.geteuid() != 0:
        return ""
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _programs() -> Path | None:
    """The directory of the newest server's programs. Debian keeps them off PATH, one directory a version."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    installed = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(installed, key=lambda path: int(path.parts[-3]), default=None)
    return newest.parent if newest else None
