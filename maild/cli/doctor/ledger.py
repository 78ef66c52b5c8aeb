"""Whether the database answers, is sound, and has a schema that this version can use; a check of ``doctor``.

Nothing is written: not even the file, where there is none yet.
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from maild.cli.doctor.faults import Fault
from maild.cli.doctor.findings import Finding, fail, ok
from maild.config import Config
from storage import database

# Locks and write-ahead logs do not hold over a network (sqlite.org/wal.html).
NETWORK_FILE_SYSTEMS = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "fuse.sshfs"})


def state_database(settings: Config, _file: Path) -> Iterator[Finding]:
    """Whether the database answers, is sound, and has a schema that this version can use."""
    url = settings.state.database
    try:
        with closing(database.open_database(url)) as opened:
            if opened.file is not None and (kind := _file_system(opened.file)) in NETWORK_FILE_SYSTEMS:
                remedy = "put [state] directory on a disk of this machine, or use PostgreSQL"
                found = f"{opened.file} is on a network file system ({kind})"
                yield fail("database", Fault.DATABASE_ON_NETWORK, found, remedy)
            yield _schema(opened)
            yield from _pragmas(opened)
    except database.Unfinished as error:
        what, _, remedy = str(error).partition(": ")
        yield fail("database", Fault.DATABASE_UNFINISHED, what, remedy)
    except database.Damaged as error:
        what, _, remedy = str(error).rpartition(": ")
        yield fail("database", Fault.DATABASE_DAMAGED, what, remedy)
    except database.Unavailable as error:
        remedy = "start it, or mend [state] database; the password may stand in ~/.pgpass"
        if url.startswith("sqlite"):
            remedy = "see that no other program holds the file, and that the disk has room"
        yield fail("database", Fault.DATABASE_UNAVAILABLE, " ".join(str(error).split()), remedy)


def _schema(opened: database.Database) -> Finding:
    found, head = database.current(opened), database.head()
    if found is None:
        return ok("database", f"no schema yet; the first run makes {head}")
    if found == head:
        return ok("database", f"schema {head}")
    if found < head:
        return ok("database", f"schema {found}; the next run makes it {head}, after a copy")
    later = f"schema {found} is of a later version"
    return fail("database", Fault.DATABASE_LATER, later, "install that version again")


def _pragmas(opened: database.Database) -> Iterator[Finding]:
    if opened.file is None or not opened.file.exists():
        return
    if not database.is_sound(opened):
        remedy = "stop maild and put the last backup in place"
        damaged = f"{opened.file} is damaged (integrity_check)"
        yield fail("database", Fault.DATABASE_DAMAGED, damaged, remedy)
        return
    said = database.pragmas(opened)
    # 2 is FULL: a commit is on the disk when it returns (sqlite.org/pragma.html).
    safe = str(said.get("journal_mode")).lower() == "wal" and said.get("synchronous") == 2
    if safe or database.current(opened) is None:
        yield ok("database", f"{opened.file} is sound; journal {said.get('journal_mode')}")
    else:
        remedy = "`maild db upgrade`, on a disk of this machine"
        yield fail("database", Fault.DATABASE_NOT_DURABLE, f"not durable: {said}", remedy)


def _file_system(file: Path) -> str:
    """The kind of file system that holds ``file``; "" where /proc/mounts does not tell."""
    try:
        lines = Path("/proc/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    mounts = {Path(line.split()[1]): line.split()[2] for line in lines}
    return next((mounts[each] for each in file.resolve().parents if each in mounts), "")
