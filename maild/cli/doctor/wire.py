"""What is wrong between here and a server: under the checks of mailboxes and sending; asks the resolver."""

import ipaddress
import socket
import ssl
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from maild.cli.doctor.findings import Finding, fail, ok, warn
from maild.config import ImapMaildrop, Submission

# A certificate that is renewed by itself is renewed a month before it ends: one with less left was forgotten.
RENEWED_BEFORE = timedelta(days=21)
# What OpenSSL says of a certificate (x509_vfy.h), and what helps; the first row that fits.
_CERTIFICATES = (
    ("has expired", "renew the certificate of {host}; if it is good, set the clock of this machine"),
    ("not yet valid", "set the clock of this machine; let NTP keep it"),
    ("mismatch", "set host to the name in the certificate, or give {host} one that bears its name"),
    (
        "self-signed",
        "make its authority known here (/usr/local/share/ca-certificates, then update-ca-certificates)",
    ),
    (
        "issuer",
        "let {host} send its whole chain, or make its authority known here, as update-ca-certificates does",
    ),
    ("certificate", "host must be the name in the certificate of {host}, and its authority known here"),
)


def resolved(check: str, host: str, tls: str) -> Iterator[Finding]:
    """What is wrong before a word is said: the name, and a password that anybody on the way could read."""
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except OSError as error:
        remedy = "mend host, or the name server of this machine"
        yield fail(check, f"no address is known for {host} ({error.strerror or error})", remedy)
        return
    if tls == "none" and not all(ipaddress.ip_address(each.split("%")[0]).is_loopback for each in found):
        found_text = f"nothing between here and {host} is encrypted, the password included"
        yield warn(check, found_text, 'set tls = "implicit" or "starttls"')


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
        yield warn(check, f"{found}: {(ends - now).days} days", "renew it, or see why it is not by itself")
    else:
        yield ok(check, found)


def wire_remedy(said: str, server: ImapMaildrop | Submission) -> str:
    """What to mend, guessed from what the wire said."""
    text = said.lower()
    if "certificate" in text:
        return next(remedy for sign, remedy in _CERTIFICATES if sign in text).format(host=server.host)
    if "wrong_version_number" in text or "wrong version number" in text:
        return f'port {server.port} speaks no TLS at first: set tls = "starttls", or another port'
    if "refused" in text:
        return f"see that {server.host} listens at port {server.port}, and which port it is for this tls"
    if "timed out" in text or "timeout" in text:
        other = "; a server that waits for TLS says nothing either" if server.tls != "implicit" else ""
        return f"see whether a firewall stands between here and {server.host}:{server.port}{other}"
    return "mend host, port or tls"
