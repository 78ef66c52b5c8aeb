"""What is wrong between here and a server: under the checks of mailboxes and sending; asks the resolver."""

import ipaddress
import socket
from collections.abc import Iterator

from maild.cli.doctor.findings import Finding, fail, warn
from maild.config import ImapMaildrop, Submission


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


def wire_remedy(said: str, server: ImapMaildrop | Submission) -> str:
    """What to mend, guessed from what the wire said."""
    text = said.lower()
    if "certificate" in text:
        return f"host must be the name in the certificate of {server.host}, and its authority known here"
    if "wrong_version_number" in text or "wrong version number" in text:
        return f'port {server.port} speaks no TLS at first: set tls = "starttls", or another port'
    if "refused" in text:
        return f"see that {server.host} listens at port {server.port}, and which port it is for this tls"
    if "timed out" in text or "timeout" in text:
        other = "; a server that waits for TLS says nothing either" if server.tls != "implicit" else ""
        return f"see whether a firewall stands between here and {server.host}:{server.port}{other}"
    return "mend host, port or tls"
