"""Whether this machine is fit: secrets that are kept, a state that can be written, a process, the time.

A check of ``doctor``, which calls it; it changes nothing but a file that it makes and takes away at once to
see whether a folder can be written.
"""

import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from maild import config, isolate, setup
from maild.cli.doctor.faults import Fault
from maild.cli.doctor.findings import Finding, fail, mega, ok, warn
from maild.config import Config
from maild.decide.troubles import ROOM

# Here SQLite may not even finish a commit; the alarm rings long before.
ROOM_TO_FAIL = 100 << 20
# A clock that is earlier than this program was set by nobody.
WRITTEN_IN = 2026
# What LoadCredential= of the unit puts there is closed to others by its folder, whatever mode a file has.
CREDENTIALS = Path("/run/credentials")


def secrets(settings: Config, file: Path) -> Iterator[Finding]:
    """Whether others can read what only maild's user should."""
    places = config.secret_places(settings)
    named = {f"{config.key_path(place)} {key}": getattr(table, f"{key}_file") for place, table, key in places}
    for check, secret in named.items():
        if secret is not None:
            yield _permissions(check, secret)
    yield from _closed([file, *(secret for secret in named.values() if secret is not None)])
    yield ok("desk keys", f"{len(settings.desk.secrets)}; the first signs, all of them verify")
    if _holds_secrets(config.read_layers(file, {}).file) and file.stat().st_mode & 0o044:
        remedy = f"chmod 600 {file}, or move them to files of their own (password_file, secret_file)"
        found = f"{file} holds secrets and others can read it"
        yield warn("configuration", Fault.CONFIGURATION_READABLE, found, remedy)


def _permissions(check: str, file: Path) -> Finding:
    mode = file.stat().st_mode
    if mode & 0o077 and not file.is_relative_to(CREDENTIALS):
        found = f"others can read {file} (mode {mode & 0o777:o})"
        return warn(check, Fault.SECRET_READABLE, found, f"chmod 600 {file}")
    return ok(check, f"{file}, readable by its owner only")


def _closed(files: Sequence[Path]) -> Iterator[Finding]:
    """What root can read, and the account of the unit, as whom the daemon runs, cannot."""
    account = setup.unit_account()
    if account is None:
        return
    closed = [file for file in dict.fromkeys(files) if not _opens_to(account, file.stat())]
    if names := " ".join(str(file) for file in closed if not file.is_relative_to(CREDENTIALS)):
        found = f"the unit runs maild as {account.pw_name}, who cannot read {names}"
        yield warn("secrets", Fault.SECRET_CLOSED, found, f"chown {account.pw_name}: {names}")


def _opens_to(account: pwd.struct_passwd, file: os.stat_result) -> bool:
    if file.st_uid == account.pw_uid:
        return bool(file.st_mode & 0o400)
    return bool(file.st_mode & (0o040 if file.st_gid == account.pw_gid else 0o004))


def _holds_secrets(value: object) -> bool:
    if isinstance(value, dict):
        return any(key in config.SECRET_KEYS or _holds_secrets(each) for key, each in value.items())
    return isinstance(value, list) and any(_holds_secrets(each) for each in value)


def state(settings: Config, _file: Path) -> Iterator[Finding]:
    """Whether the state's directory can be written and has room."""
    directory = settings.state.directory
    there = next(each for each in (directory, *directory.resolve().parents) if each.exists())
    if not there.is_dir() or not can_write(there):
        remedy = f"mkdir -p {directory}, and chown it to the user who runs maild"
        yield fail("state", Fault.STATE_UNWRITABLE, f"{there} cannot be written", remedy)
        return
    free = shutil.disk_usage(there).free
    left = f"{mega(free)} left on the disk of {there}"
    if free < ROOM_TO_FAIL:
        yield fail("state", Fault.DISK_FULL, left, "make room: no mail can be kept")
    elif free < ROOM:
        yield warn("state", Fault.DISK_NEARLY_FULL, left, "make room soon")
    else:
        made = "can be written" if directory.exists() else "will be made at the first run"
        yield ok("state", f"{directory} {made}; {mega(free)} free")
    if directory.exists() and (mode := directory.stat().st_mode) & 0o077:
        found = f"others can look into {directory} (mode {mode & 0o777:o}), where all mail is kept"
        yield warn("state", Fault.STATE_READABLE, found, f"chmod 700 {directory}")


def can_write(directory: Path) -> bool:
    """Whether a file can be made in there; the one that is tried is gone afterwards."""
    # The answer of access(2) is not enough: root may everything, and a read-only mount refuses root too.
    try:
        with tempfile.NamedTemporaryFile(dir=directory, prefix=".maild-"):
            return True
    except OSError:
        return False


def reader(_settings: Config, _file: Path) -> Iterator[Finding]:
    """Whether a process can be started to read large mail in."""
    with closing(isolate.Worker()) as worker:
        try:
            found = worker.read(b"Subject: doctor\r\n\r\n")
        except isolate.NoWorker as error:
            found = isolate.Failure(fate=isolate.Fate.DIED, detail=str(error))
    if isinstance(found, isolate.Failure):
        remedy = "give maild room for one more process (memory, ulimit -u): large mail waits until then"
        told = f"no process to read large mail in: {found.detail}"
        yield fail("reader", Fault.NO_PROCESS, told, remedy)
    else:
        yield ok("reader", "large mail is read in a process of its own")


def clock(settings: Config, _file: Path) -> Iterator[Finding]:
    """Whether the time can be right."""
    now = datetime.now(UTC)
    if now.year < WRITTEN_IN:
        found = f"this machine believes it is {now:%Y-%m-%d}"
        yield fail("clock", Fault.CLOCK_UNSET, found, "set the clock; let NTP keep it")
        return
    local = now.astimezone(ZoneInfo(settings.desk.timezone))
    yield ok("clock", f"{local:%Y-%m-%d %H:%M} in {settings.desk.timezone}, {now:%H:%M} UTC")
