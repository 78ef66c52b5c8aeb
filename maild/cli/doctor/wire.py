"""What is wrong between here and a server: under the checks of mailboxes and sending; asks the resolver."""

import ipaddress
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from maild.cli.counts import counted
from maild.cli.doctor.faults import Fault
from maild.cli.doctor.findings import Finding, fail, ok, warn
from maild.config import ConfigError, ImapMaildrop, Submission

# A certificate that is renewed by itself is renewed a month before it ends: one with less left was forgotten.
RENEWED_BEFORE = timedelta(days=21)
# A sign in what the wire said, what that is, and what helps; the first row that fits. Of certificates these
# are OpenSSL's own words (x509_txt.c).
_SIGNS: tuple[tuple[str, Fault, str], ...] = (
    (
        "certificate.*has expired",
        Fault.CERTIFICATE_EXPIRED,
        "renew the certificate of {host}; if it is good, set the clock of this machine",
    ),
    (
        "certificate.*not yet valid",
        Fault.CERTIFICATE_NOT_YET_VALID,
        "set the clock of this machine; let NTP keep it",
    ),
    (
        "certificate.*mismatch",
        Fault.CERTIFICATE_OF_ANOTHER,
        "set host to the name in the certificate, or give {host} one that bears its name",
    ),
    (
        "certificate.*self-signed",
        Fault.CERTIFICATE_SELF_SIGNED,
        "make its authority known here (/usr/local/share/ca-certificates, then update-ca-certificates)",
    ),
    (
        "certificate.*issuer",
        Fault.CERTIFICATE_CHAIN,
        "let {host} send its whole chain, or make its authority known here, as update-ca-certificates does",
    ),
    (
        "certificate",
        Fault.CERTIFICATE_WRONG,
        "give {host} a certificate for servers, of its name, by an authority that is known here",
    ),
    (
        "wrong.version.number",
        Fault.NO_TLS,
        'port {port} speaks no TLS at first: set tls = "starttls", or another port',
    ),
    ("starttls", Fault.NO_TLS, 'port {port} knows no STARTTLS: set tls = "implicit", or another port'),
    (
        "refused",
        Fault.NOBODY_LISTENS,
        "see that {host} listens at port {port}, and which port it is for this tls",
    ),
    (
        "timed out|timeout",
        Fault.NO_ANSWER,
        "see whether a firewall stands between here and {host}:{port}; one that waits for TLS is as silent",
    ),
    ("", Fault.CONNECTION, "mend host, port or tls"),
)


def resolved(check: str, host: str, tls: str) -> Iterator[Finding]:
    """What is wrong before a word is said: the name, and a password that anybody on the way could read."""
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except OSError as error:
        remedy = "mend host, or the name server of this machine"
        found_text = f"no address is known for {host} ({error.strerror or error})"
        yield fail(check, Fault.HOST_UNKNOWN, found_text, remedy)
        return
    if tls == "none" and not all(ipaddress.ip_address(each.split("%")[0]).is_loopback for each in found):
        found_text = f"nothing between here and {host} is encrypted, the password included"
        yield warn(check, Fault.NOT_ENCRYPTED, found_text, 'set tls = "implicit" or "starttls"')


def certificate(check: str, host: str, shown: Mapping[str, Any], now: datetime) -> Iterator[Finding]:
    """How long the certificate that was accepted will be.

    Args:
        shown: as ``ssl.SSLSocket.getpeercert`` has it; empty without TLS.
    """
    if "notAfter" not in shown:
        return
    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(shown["notAfter"])), UTC)
    found = f"the certificate of {host} is good until {ends:%Y-%m-%d}"
    if ends - now < RENEWED_BEFORE:
        left = f"{found}: {counted((ends - now).days, 'day')}"
        yield warn(check, Fault.CERTIFICATE_ENDS_SOON, left, "renew it, or see why it is not by itself")
    else:
        yield ok(check, found)


def broken(check: str, told: str, server: ImapMaildrop | Submission) -> Finding:
    """Nothing came of the connection: what to mend is guessed from what the wire said."""
    signs = (row for row in _SIGNS if re.search(row[0], told, re.IGNORECASE))
    _, fault, remedy = next(signs)
    return fail(check, fault, told, remedy.format(host=server.host, port=server.port))


def wrong_login(server: ImapMaildrop | Submission) -> str:
    """What to do where the server takes neither user nor password."""
    other = 'an app password, or tokens (auth = "oauth")'
    return f"mend user or password_file; a provider may want {other} for {server.user}"


def unusable(check: str, error: ConfigError) -> Finding:
    """A secret that was there when the configuration was read cannot be used now."""
    first = error.problems[0]
    return fail(check, Fault.SECRET_UNUSABLE, f"{first.file}: {first.what}", first.remedy)
