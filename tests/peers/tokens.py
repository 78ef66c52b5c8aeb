"""A token server on loopback with TLS: it gives tokens, or refuses with the words of the test.

    server.refuse("invalid_client", "AADSTS7000222: The provided client secret keys are expired.")

It speaks of RFC 6749 what maild needs of it, RFC 8628 (device codes), RFC 7523 (signed assertions) and RFC
7662 (introspection), keeps what it was asked, and signs its tokens as JSON Web Tokens (RFC 7519).
"""

import base64
import json
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from joserfc import jwt
from joserfc.jwk import ECKey

from tests.peers.certificate import Certificate
from tests.peers.child import LOOPBACK
from tests.peers.smtp import Handler, Sink

CLIENT, SECRET = "maild-app", "s3cret~of.the_app"
AUDIENCE, ISSUER = "mail.etnic.test", "tokens.etnic.test"


@dataclass(slots=True)
class Grants:
    """What the server does at present; a test changes it, a new test begins anew."""

    secret: str = SECRET
    complaint: str = "unknown client or wrong secret"  # what is said of another one
    down: bool = False  # whatever is asked, the answer is 503
    user: str = "support@etnic.test"
    audience: str = AUDIENCE
    lifetime: int = 3600
    said_lifetime: int | None = None  # what the client is told, where it is not the truth
    answers: deque[tuple[int, bytes]] = field(default_factory=deque)  # each instead of one answer
    asked: list[dict[str, str]] = field(default_factory=list)  # forms, with the path as "path"
    given: list[str] = field(default_factory=list)
    revoked: set[str] = field(default_factory=set)
    refresh: str = ""  # the one refresh token that is good; each use makes another
    consent: bool = False  # the person has typed the device code
    interval: int = 5  # seconds between two questions whether that is so


class TokenServer:
    """One server for many tests; `begin` forgets what the last one did."""

    def __init__(self, certificate: Certificate) -> None:
        """Listens, and serves in threads of its own until `stop`."""
        self.grants = Grants()
        self.key = ECKey.generate_key("P-256")
        self.certificate = certificate
        self._http = _Http((LOOPBACK, 0), _Handler)
        self._http.tokens = self
        self._http.socket = certificate.server_context().wrap_socket(
            self._http.socket, server_side=True, do_handshake_on_connect=False
        )
        self.port = int(self._http.server_address[1])
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def begin(self) -> None:
        """As if it had just been started."""
        self.grants = Grants()

    def stop(self) -> None:
        """It is gone."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(10)

    def url(self, path: str) -> str:
        """Where `path` is, such as "token"."""
        return f"https://{LOOPBACK}:{self.port}/{path}"

    def settings(self, **more: object) -> dict[str, object]:
        """A table [oauth] that leads here."""
        return {
            "provider": "custom",
            "client_id": CLIENT,
            "client_secret": SECRET,
            "token_url": self.url("token"),
            "scope": "mail",
            "ca_file": str(self.certificate.path),
            **more,
        }

    def refuse(self, error: str, description: str = "", *, code: int = 400) -> None:
        """One answer is a refusal (RFC 6749 section 5.2)."""
        said = {"error": error, "error_description": description}
        self.answer(json.dumps(said).encode(), code=code)

    def answer(self, body: bytes, *, code: int = 200) -> None:
        """One answer is this, whatever it is."""
        self.grants.answers.append((code, body))

    def make(self, **claims: Any) -> str:
        """A token with these claims instead of the right ones."""
        grants, now = self.grants, int(time.time())
        right = {
            "iss": ISSUER, "sub": grants.user, "aud": grants.audience, "scope": "mail", "iat": now,
            "nbf": now - 5, "exp": now + grants.lifetime, "jti": f"{len(grants.given)}-{time.monotonic_ns()}",
        }  # fmt: skip
        made = jwt.encode({"alg": "ES256", "typ": "JWT"}, right | claims, self.key)
        grants.given.append(made)
        return made

    def reply(self, path: str, form: dict[str, str], authorization: str) -> tuple[int, Mapping[str, Any]]:
        """For the server's own use: what is answered."""
        match path:
            case "/token":
                return self._token(form, authorization)
            case "/device":
                said = {"device_code": "dc-1", "user_code": "BCDF-GHJK", "expires_in": 900}
                said |= {"interval": self.grants.interval, "verification_uri": "https://tokens.etnic.test/go"}
                return 200, said
            case "/introspect":
                return 200, self._introspected(form.get("token", ""))
        return 404, {"error": "not_found"}

    def _token(self, form: dict[str, str], authorization: str) -> tuple[int, Mapping[str, Any]]:
        grants, kind = self.grants, form.get("grant_type", "")
        if kind == "client_credentials" and _client(form, authorization) != (CLIENT, grants.secret):
            return 401, {"error": "invalid_client", "error_description": grants.complaint}
        if kind.endswith(":device_code") and not grants.consent:
            return 400, {"error": "authorization_pending"}
        if kind == "refresh_token" and form.get("refresh_token") != grants.refresh:
            return 400, {"error": "invalid_grant", "error_description": "the grant was revoked"}
        seconds = grants.lifetime if grants.said_lifetime is None else grants.said_lifetime
        said = {"access_token": self.make(), "token_type": "Bearer", "expires_in": seconds}
        if kind == "refresh_token" or kind.endswith(":device_code"):
            grants.refresh = f"refresh-{len(grants.given)}"
            said["refresh_token"] = grants.refresh
        return 200, said

    def _introspected(self, token: str) -> Mapping[str, Any]:
        known = token in self.grants.given and token not in self.grants.revoked
        if not known:
            return {"active": False}
        claims = jwt.decode(token, self.key).claims
        return {"active": claims["exp"] > time.time(), **claims}


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    tokens: TokenServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that does not trust us hangs up: that is what its test is about."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Http
    protocol_version: ClassVar[str] = "HTTP/1.1"  # type: ignore[misc]
    timeout = 20

    def do_POST(self) -> None:
        """A form comes, JSON goes."""
        tokens = self.server.tokens
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        form = dict(parse_qsl(body))
        if self.path != "/introspect":
            tokens.grants.asked.append(form | {"path": self.path})
        if tokens.grants.down:
            code, said = 503, b"busy"
        elif tokens.grants.answers and self.path != "/introspect":
            code, said = tokens.grants.answers.popleft()
        else:
            code, found = tokens.reply(self.path, form, self.headers.get("Authorization", ""))
            said = json.dumps(found).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(said)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: what it was asked is in `asked`."""


def _client(form: dict[str, str], authorization: str) -> tuple[str, str]:
    """Who asks, by either way of RFC 6749 section 2.3.1."""
    if authorization.startswith("Basic "):
        name, _, secret = base64.b64decode(authorization[6:]).decode().partition(":")
        return name, secret
    return form.get("client_id", ""), form.get("client_secret", "")


class TokenSink(Sink):
    """An SMTP server that takes the tokens of a token server, by XOAUTH2 or OAUTHBEARER."""

    def __init__(
        self, server: TokenServer, *, way: str = "XOAUTH2", refusal: str = "", **options: Any
    ) -> None:
        """`refusal` is its answer to a token that is not good, "" for the usual one."""
        super().__init__(login=("", ""), **options)
        self.server, self.way, self.refusal = server, way, refusal
        self.shown: list[bytes] = []  # what clients said, in order
        self._options["auth_exclude_mechanism"] = ["LOGIN", "PLAIN"]

    def _handler(self) -> Handler:
        return {"XOAUTH2": _Xoauth2, "OAUTHBEARER": _Oauthbearer}[self.way](self)

    async def judge(self, server: SMTP, args: list[str], *, by: bytes) -> AuthResult:
        """For the server's own use: a token is good, or its fault is told before the refusal."""
        first = base64.b64decode(args[1]) if len(args) > 1 else await _answered(server, "")
        self.shown.append(first)
        token = first.partition(b"auth=Bearer ")[2].partition(b"\x01")[0].decode()
        known = token in self.server.grants.given and token not in self.server.grants.revoked
        if known and by + self.server.grants.user.encode() in first:
            return AuthResult(success=True)
        self.shown.append(await _answered(server, '{"status":"invalid_token","schemes":"bearer"}'))
        return AuthResult(success=False, handled=False, message=self.refusal or None)


async def _answered(server: SMTP, challenge: str) -> bytes:
    said = await server.challenge_auth(challenge)
    return said if isinstance(said, bytes) else b"(nothing)"


class _TokenHandler(Handler):
    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        server.command_size_limits["AUTH"] = 12288  # RFC 4954 section 4
        return await super().handle_EHLO(server, session, envelope, hostname, responses)


class _Xoauth2(_TokenHandler):
    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:  # noqa: N802
        assert isinstance(self.sink, TokenSink)
        return await self.sink.judge(server, args, by=b"user=")


class _Oauthbearer(_TokenHandler):
    async def auth_OAUTHBEARER(self, server: SMTP, args: list[str]) -> AuthResult:  # noqa: N802
        assert isinstance(self.sink, TokenSink)
        return await self.sink.judge(server, args, by=b"n,a=")


def dovecot_settings(
    server: TokenServer, folder: Path, *, ask: bool = False, mechanisms: str = "xoauth2 oauthbearer"
) -> str:
    """What makes a Dovecot believe the tokens of this server: by their signature, or by asking for each.

    The files that Dovecot needs for it are written into `folder`.
    """
    folder.mkdir()
    # Not where it is: Dovecot's own user must be able to read it.
    (folder / "ca.pem").write_bytes(server.certificate.path.read_bytes())
    keys = folder / "keys" / "default" / "ES256"
    keys.mkdir(parents=True)
    (keys / "default").write_bytes(server.key.as_pem(private=False))
    by = (
        f"introspection_mode = post\nintrospection_url = {server.url('introspect')}\n"
        f"force_introspection = yes\ntls_ca_cert_file = {folder}/ca.pem\n"
        "active_attribute = active\nactive_value = true\n"
        if ask
        else f"introspection_mode = local\nlocal_validation_key_dict = fs:posix:prefix={folder}/keys/\n"
    )
    written = f"{by}username_attribute = sub\nclient_id = {AUDIENCE}\nissuers = {ISSUER}\nscope = mail\n"
    (folder / "oauth2.conf.ext").write_text(written)
    return (
        f"auth_mechanisms = plain login {mechanisms}\npassdb {{\n  driver = oauth2\n"
        f"  mechanisms = {mechanisms}\n  args = {folder}/oauth2.conf.ext\n}}\n"
    )
