"""Whether the virus scanner answers, and with signatures of these days.

A check of ``doctor``, which calls it; clamd is asked for its version and given no file.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from maild import office
from maild.cli.doctor.faults import Fault
from maild.cli.doctor.findings import Finding, fail, ok, warn
from maild.config import UNIX, Config, host_of, is_loopback

# Debian's freshclam fetches new signatures several times a day.
_OLD = timedelta(days=7)


def attachments(settings: Config, _file: Path) -> Iterator[Finding]:
    """Which files are held, and who looks for viruses."""
    files, scanner = settings.attachments, office.scanner(settings)
    held = ", ".join(kind.value for kind in files.hold)
    yield ok("attachments", f"held: {held}" if held else "nothing is held for what it is")
    if scanner is None:
        yield ok("virus scanner", "none ([attachments] clamd)")
        return
    if not files.clamd.startswith(UNIX) and not is_loopback(host_of(files.clamd)):
        found = f"files go to {files.clamd} over the network, unencrypted"
        yield warn("virus scanner", Fault.SCANNER_NOT_ENCRYPTED, found, "run clamd on this machine")
    try:
        said = scanner.version()
    except OSError as error:
        then = "held until agents ask" if files.unscanned == "hold" else "sent unscanned"
        found = f"{files.clamd}: {error.strerror or str(error) or type(error).__name__}; files are {then}"
        remedy = "start clamav-daemon, and let maild's user read its socket; or mend [attachments] clamd"
        yield fail("virus scanner", Fault.SCANNER_SILENT, found, remedy)
    else:
        yield _of_version(said, datetime.now(UTC))


def _of_version(said: str, now: datetime) -> Finding:
    """clamd tells the day of its signatures: "ClamAV 1.4.3/27500/Mon Nov 23 09:24:10 2026"."""
    found = re.fullmatch(r"ClamAV [^/]+/\d+/(.{20,30})", said)
    if not found:
        remedy = "install the official signatures, by freshclam, unless you mean to have your own only"
        unofficial = f"{said}, without official signatures"
        return warn("virus scanner", Fault.SCANNER_UNOFFICIAL, unofficial, remedy)
    try:
        day = datetime.strptime(found[1], "%a %b %d %H:%M:%S %Y").replace(tzinfo=UTC)
    except ValueError:
        return ok("virus scanner", said)
    if now - day > _OLD:
        old = f"{said}: its signatures are old"
        return warn("virus scanner", Fault.SCANNER_OLD, old, "see that freshclam runs")
    return ok("virus scanner", said)
