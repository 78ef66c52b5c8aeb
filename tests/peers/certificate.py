"""A self-signed certificate for localhost and 127.0.0.1, by openssl; and such as no client should take."""

import ssl
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """`path` is also the authority file that a client must trust."""

    path: Path
    key: Path

    def server_context(self) -> ssl.SSLContext:
        """For a server that shows this certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path, self.key)
        return context

    def client_context(self) -> ssl.SSLContext:
        """For a client that trusts this certificate and no other."""
        return ssl.create_default_context(cafile=str(self.path))


def make_certificate(directory: Path) -> Certificate:
    """Writes cert.pem and key.pem into `directory`; good for ten years."""
    made = Certificate(path=directory / "cert.pem", key=directory / "key.pem")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    files = ["-keyout", str(made.key), "-out", str(made.path)]
    subprocess.run([*command.split(), *names, *files], check=True, capture_output=True)
    return made


def special_certificate(
    directory: Path,
    *,
    name: str = "localhost",
    since: float = -1,
    days: float = 365,
    signed: bool = False,
    purpose: str = "",
) -> Certificate:
    """One for another name, or for other days than these (from `since` to `days`, counted from now).

    Args:
        signed: by an authority that nobody knows and the server does not send; else by itself.
        purpose: "client" is one by which nobody may be a server.
    """
    made = Certificate(path=directory / f"{name}.pem", key=directory / f"{name}.key")
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    authority = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "An authority")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(authority if signed else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=since))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    )
    if purpose == "client":
        builder = builder.add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=True
        )
    shown = builder.sign(ec.generate_private_key(ec.SECP256R1()) if signed else key, hashes.SHA256())
    made.path.write_bytes(shown.public_bytes(serialization.Encoding.PEM))
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    made.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, *plain))
    return made
