"""Whether the server that takes our mail takes it from us; a check of ``doctor``. Nothing is sent."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from maild import config
from maild.cli.doctor.faults import Fault
from maild.cli.doctor.findings import Finding, any_failed, fail, mega, ok, warn
from maild.cli.doctor.wire import broken, certificate, resolved, unusable, wrong_login
from maild.config import Config, Submission
from maild.oauth import access
from maild.oauth.bearer import REACH, Refused, Unreachable
from maild.send import smtp

# Answers bear what agents attach: screenshots, a manual.
LEAST_SIZE = 10_000_000


def submission(settings: Config, _file: Path) -> Iterator[Finding]:
    """Whether the server that takes our mail takes it from us; nothing is sent."""
    server, check = settings.submission, "submission"
    wire = list(resolved(check, server.host, server.tls))
    yield from wire
    if not any_failed(wire):
        yield from _sending(check, settings)


def _sending(check: str, settings: Config) -> Iterator[Finding]:
    server = settings.submission
    # What smtplib raises are OSErrors too; its module has one door, and that is not here.
    try:
        connection: Any = smtp.connect(server, access.key_to(server, settings.state.directory)())
    except Refused as error:
        yield fail(check, Fault.TOKEN_REFUSED, error.what, error.remedy)
    except Unreachable as error:
        yield fail(check, Fault.TOKEN_UNREACHABLE, str(error), REACH)
    except config.ConfigError as error:
        yield unusable(check, error)
    except OSError as error:
        yield _unsent(check, error, server)
    else:
        with closing(connection):
            yield from _accepted(check, connection, settings)


def _unsent(check: str, error: OSError, server: Submission) -> Finding:
    reply = getattr(error, "smtp_error", b"")
    words = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else str(reply)
    code = getattr(error, "smtp_code", "")
    where = f"{server.host}:{server.port}"
    if type(error).__name__ == "SMTPAuthenticationError":
        found = f"{where} refused {server.user}: {code} {words}"
        return fail(check, Fault.LOGIN_REFUSED, found, wrong_login(server))
    if type(error).__name__ == "SMTPNotSupportedError" and "AUTH" in str(error):
        remedy = "mend tls and port, or leave user empty where none logs in"
        return fail(check, Fault.LOGIN_UNKNOWN, f"{where}: {error}", remedy)
    said = f"{code} {words}".strip() or str(error) or type(error).__name__
    return broken(check, f"{where}: {said}", server)


def _accepted(check: str, connection: Any, settings: Config) -> Iterator[Finding]:
    server, sender = settings.submission, settings.desk.address
    login = f", {server.user} is logged in" if server.user else ", nobody logs in"
    secured = {"implicit": "TLS", "starttls": "STARTTLS"}.get(server.tls, "no TLS")
    yield ok(check, f"{server.host}:{server.port} answers ({secured}){login}")
    yield from certificate(check, server.host, smtp.certificate(connection), datetime.now(UTC))
    try:
        code, words = connection.mail(sender)
        connection.rset()
    except OSError as error:
        yield _unsent(check, error, server)
        return
    if code == 250:
        yield _size_told(check, sender, _size_limit(connection))
    else:
        remedy = f"let {server.user or 'this machine'} send as {sender} on the server, or mend desk.address"
        found = f"refuses mail from {sender}: {code} {words.decode('utf-8', 'replace')}"
        yield fail(check, Fault.SENDER_REFUSED, found, remedy)


def _size_told(check: str, sender: str, limit: int) -> Finding:
    found = f"takes mail from {sender}{f', up to {mega(limit)} each' if limit else ''}"
    if 0 < limit < LEAST_SIZE:
        remedy = f"let the server take {mega(LEAST_SIZE)}: answers with larger files will not leave"
        return warn(check, Fault.SIZE_LIMIT, found, remedy)
    return ok(check, found)


def _size_limit(connection: Any) -> int:
    """RFC 1870 3: SIZE with the limit in octets, or without one (0)."""
    size = str(connection.esmtp_features.get("size", ""))
    return int(size) if size.isdecimal() else 0
