"""An empty ledger on SQLite, where a test wants one: to bring it up to date takes longer than most tests."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from storage import database


def put(path: Path) -> None:
    """As the daemon leaves it, readable by nobody else."""
    path.write_bytes(_empty())
    path.chmod(0o600)


@cache
def _empty() -> bytes:
    """The file, made once a process."""
    with TemporaryDirectory() as folder:
        base = database.open_database(f"sqlite:///{folder}/maild.db")
        database.upgrade(base)
        base.close()
        return Path(folder, "maild.db").read_bytes()
