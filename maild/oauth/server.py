"""What the token server is asked, and what it says, in our words: the only door to Authlib and requests.

Under ``access`` and ``login``. Whatever goes wrong is ``bearer.Refused`` or ``bearer.Unreachable``, without a
secret; a secret that cannot be read any more is ``config.ConfigError``.
"""

import re
import ssl
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Thread
from typing import Any, TypeVar
from urllib.parse import urlsplit

from maild import config, remedies
from maild.config import OAuth
from maild.oauth import grants
from maild.oauth.bearer import Refused, Unreachable, one_line

Heard = TypeVar("Heard")

# Seconds to connect, and between two bytes of the answer.
_PATIENCE = (15.0, 30.0)
# Seconds for the whole of it, which is a few kilobytes.
_LONGEST_ANSWER = 45.0
_LARGEST = 64 << 10
_DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
# RFC 6749 4.1.2.1: the token server says that it is its own trouble, and that it passes.
_PASSING = frozenset({"server_error", "temporarily_unavailable"})
_BAD_KEY = "put a new JSON key of the service account into service_account_file"


# --- what it is asked ---------------------------------------------------------------------------------------


def credited(grant: OAuth) -> Mapping[str, Any]:
    """RFC 6749 4.4: the program asks in its own name."""
    url = grants.endpoints(grant).token
    return _asked(
        grant, url, _session(grant), lambda session: session.fetch_token(url, grant_type="client_credentials")
    )


def refreshed(grant: OAuth, refresh: str) -> Mapping[str, Any]:
    """RFC 6749 6: the program asks in the name of a person who has let it."""
    url = grants.endpoints(grant).token
    return _asked(
        grant, url, _session(grant), lambda session: session.refresh_token(url, refresh_token=refresh)
    )


def asserted(grant: OAuth, user: str) -> Mapping[str, Any]:
    """RFC 7523 2.1: a signed statement of the service account, for the user whose mailbox it is."""
    from authlib.integrations.requests_client import AssertionSession

    where, account = grants.endpoints(grant), config.service_account(grant)
    made = AssertionSession(
        where.token, issuer=account["client_email"], subject=grant.subject or user,
        claims={"scope": where.scope}, key=_signing_key(account["private_key"]),
        header={"alg": "RS256", "kid": account["private_key_id"]}, default_timeout=_PATIENCE,
    )  # fmt: skip
    return _asked(grant, where.token, _hardened(made, grant), lambda session: session.refresh_token())


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """What a person must open and type (RFC 8628 3.2), within ``seconds``; we ask each ``every`` seconds."""

    page: str
    code: str
    seconds: float
    every: float
    device: str = field(repr=False)


def invite(grant: OAuth) -> Invitation:
    """Ask for a code that a person types at the provider's.

    Raises:
        Refused, Unreachable: as for a token.
    """
    where = grants.endpoints(grant)
    form = {"client_id": grant.client_id, "scope": where.scope}

    def ask(session: Any) -> Invitation:
        said = session.request("POST", where.device, withhold_token=True, data=form).json()
        if "error" in said:
            raise _refusal(grant, str(said["error"]), str(said.get("error_description") or ""))
        return _invitation(said)

    return _asked(grant, where.device, _session(grant), ask)


def _invitation(said: Mapping[str, Any]) -> Invitation:
    page = str(said.get("verification_uri") or said["verification_url"])
    return Invitation(
        page=one_line(page), code=one_line(str(said["user_code"])), device=str(said["device_code"]),
        seconds=float(said.get("expires_in", 900)), every=max(1.0, float(said.get("interval", 5))),
    )  # fmt: skip


def polled(grant: OAuth, invitation: Invitation) -> Mapping[str, Any]:
    """RFC 8628 3.5: the tokens, or an ``error`` while the person has not typed the code yet."""
    from authlib.common.errors import AuthlibBaseError

    url = grants.endpoints(grant).token

    def ask(session: Any) -> Mapping[str, Any]:
        try:
            return dict(session.fetch_token(url, grant_type=_DEVICE_CODE, device_code=invitation.device))
        except AuthlibBaseError as error:
            if error.error in {"authorization_pending", "slow_down"}:
                return {"error": error.error}
            raise

    return _asked(grant, url, _session(grant), ask)


# --- the conversation ---------------------------------------------------------------------------------------


def _signing_key(text: str) -> Any:
    from joserfc.errors import JoseError
    from joserfc.jwk import RSAKey

    try:
        return RSAKey.import_key(text)
    except (ValueError, TypeError, JoseError):
        # Not the error: it may hold a part of the key.
        raise Refused("the service account's key signs nothing", _BAD_KEY) from None


def _session(grant: OAuth) -> Any:
    from authlib.integrations.requests_client import OAuth2Session

    secret = config.client_secret(grant) or None
    how = "client_secret_post" if grant.provider == "microsoft" else "client_secret_basic"
    made = OAuth2Session(
        grant.client_id, secret, scope=grants.endpoints(grant).scope or None, default_timeout=_PATIENCE,
        token_endpoint_auth_method=how if secret else "none",
    )  # fmt: skip
    return _hardened(made, grant)


def _hardened(session: Any, grant: OAuth) -> Any:
    """Nothing of the environment but its proxies: REQUESTS_CA_BUNDLE would win over our authority, and a
    ~/.netrc over our secret."""
    from requests.utils import get_environ_proxies

    session.trust_env = False
    session.proxies = get_environ_proxies(grants.endpoints(grant).token)
    session.verify = str(grant.ca_file) if grant.ca_file else _authorities()
    session.stream = True
    session.hooks["response"].append(_bounded)
    return session


def _authorities() -> str | bool:
    """Those that IMAP and SMTP trust: the system's."""
    paths = ssl.get_default_verify_paths()
    return paths.cafile or paths.capath or True


def _asked(grant: OAuth, url: str, session: Any, ask: Callable[[Any], Heard]) -> Heard:
    """What the token server answers, in time.

    The time-outs are those of single reads, and a server that dribbles meets none of them: it is left alone
    in a thread of its own, which ends with it or with us.
    """
    heard = Future[Heard]()

    def run() -> None:
        try:
            heard.set_result(ask(session))
        except BaseException as error:  # noqa: BLE001  (it is raised where the answer is waited for)
            heard.set_exception(error)

    with _asking(grant, url), session:
        Thread(target=run, daemon=True).start()
        if not wait([heard], _LONGEST_ANSWER).done:
            raise Unreachable(f"its answer has no end after {_LONGEST_ANSWER:g} s")
        return heard.result()


def _bounded(response: Any, *_: Any, **__: Any) -> None:
    """Reads no more than a token is long, and follows nobody: what we send is a secret."""
    try:
        response._content = response.raw.read(_LARGEST + 1, decode_content=True)
    finally:
        response.close()
    if response.status_code // 100 == 3:
        raise Unreachable(f"it sends us elsewhere ({response.status_code}); mend its address")
    if len(response._content) > _LARGEST:
        raise Unreachable(f"its answer is longer than {_LARGEST} bytes")


@contextmanager
def _asking(grant: OAuth, url: str) -> Iterator[None]:
    """What comes of it in our words, with the server's name and without a secret."""
    from authlib.common.errors import AuthlibBaseError
    from requests import RequestException

    host = urlsplit(url).netloc
    try:
        try:
            yield
        except AuthlibBaseError as error:
            raise _refusal(grant, str(error.error or ""), str(error.description or "")) from None
    except Unreachable as error:
        raise Unreachable(f"{host}: {error}") from None
    except RequestException as error:
        raise Unreachable(f"{host}: {_wire(error)}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        # Not what was said: it may hold half a token.
        raise Unreachable(f"{host}: its answer makes no sense") from None


def _refusal(grant: OAuth, error: str, description: str) -> Refused | Unreachable:
    said = one_line(f"{error}: {description}" if description else error)
    with suppress(config.ConfigError):
        secret = config.client_secret(grant)
        said = said.replace(secret, "********") if secret else said
    if error in _PASSING:
        return Unreachable(said)
    return Refused(f"{grants.host(grant)} gives no token: {said}", remedies.for_token(grant.provider, said))


def _wire(error: Exception) -> str:
    """What the wire said, without the layers around it."""
    inner: Any = error
    while (below := getattr(inner, "reason", None) or next(iter(inner.args), None)) is not None:
        if not isinstance(below, BaseException):
            break
        inner = below
    return one_line(re.sub(r"^.*?\): ", "", str(inner)) or type(error).__name__)
