"""Tokens instead of passwords: who gives them, how long they last, how they are shown to a mail server.

Stands below the receivers and the courier, which ask for a token at each login; the only door to Authlib and
requests. A token is renewed before it ends, and once where a server refuses it before its time. It fails in
two ways, and neither repeats a secret or a token:

``Refused`` somebody has to do something: its ``remedy`` says what to click.
``Unreachable`` the token server did not answer, or answered nonsense; try again later.
"""

import fcntl
import json
import os
import re
import ssl
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar
from urllib.parse import urlsplit

from maild import config, remedies
from maild.config import Config, ImapMaildrop, OAuth, Submission

Now = Callable[[], datetime]
Heard = TypeVar("Heard")

# A token that ends within this time is renewed first; one that lasts no longer than twice that, at half time.
MARGIN = timedelta(minutes=5)
# RFC 6749 5.1 lets a server keep to itself how long a token lasts.
UNSAID = timedelta(minutes=10)
LONGEST = timedelta(days=1)
# Seconds to connect, and between two bytes of the answer.
_PATIENCE = (15.0, 30.0)
# Seconds for the whole of it, which is a few kilobytes.
_LONGEST_ANSWER = 45.0
_LARGEST = 64 << 10
_DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
# A bearer token (RFC 6750 2.1), a bit wider: nothing in it may end a line or a field of SASL.
_BEARER = re.compile(r"[!-~]{1,16384}")
# RFC 6749 4.1.2.1: the token server says that it is its own trouble, and that it passes.
_PASSING = frozenset({"server_error", "temporarily_unavailable"})


REACH = "see that this machine reaches the token server over HTTPS, and knows its authority (ca_file)"


class Refused(Exception):
    """We get no token, or a server does not take it, until somebody does what ``remedy`` says."""

    def __init__(self, what: str, remedy: str) -> None:
        self.what, self.remedy = what, remedy
        super().__init__(f"{what}; {remedy}")


class Unreachable(Exception):
    """The token server did not answer, or answered nonsense."""


# --- providers ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """Where a grant asks for tokens, and for what right."""

    token: str
    device: str
    scope: str


_MICROSOFT = "https://login.microsoftonline.com"
_GOOGLE = "https://oauth2.googleapis.com/token"
_EXCHANGE = "https://outlook.office365.com/"
# The application rights that were granted, and the rights that a person has, kept until it is revoked.
_MICROSOFT_SCOPES = {
    "client_credentials": f"{_EXCHANGE}.default",
    "device": f"{_EXCHANGE}IMAP.AccessAsUser.All {_EXCHANGE}SMTP.Send offline_access",
}


def endpoints(grant: OAuth) -> Endpoints:
    """What the configuration says, completed by what is known of its provider."""
    known = Endpoints(token="", device="", scope="")
    if grant.provider == "microsoft":
        root = f"{_MICROSOFT}/{grant.tenant}/oauth2/v2.0"
        scope = _MICROSOFT_SCOPES[grant.flow]
        known = Endpoints(token=f"{root}/token", device=f"{root}/devicecode", scope=scope)
    elif grant.provider == "google":
        known = Endpoints(token=_GOOGLE, device="", scope="https://mail.google.com/")
    return Endpoints(
        token=grant.token_url or known.token,
        device=grant.device_url or known.device,
        scope=grant.scope or known.scope,
    )


# --- tokens -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What a mail server is shown. ``since`` and ``until`` are aware UTC."""

    text: str = field(repr=False)
    since: datetime
    until: datetime

    @property
    def renew_at(self) -> datetime:
        """From then on another one is asked for."""
        return self.until - min(MARGIN, (self.until - self.since) / 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """A token for one login. ``is_new``: it was given for this one, and another would be no better.

    ``by_person``: it is of whoever has logged in for us, not of the program.
    """

    user: str
    provider: remedies.Provider
    token: str = field(repr=False)
    is_new: bool
    by_person: bool = False


class Access:
    """The tokens that open one mailbox; of one thread only.

    Args:
        grant: who gives them; its secrets are read anew for each.
        user: whose mailbox.
        directory: where the state is; what a person's login gave is kept there, readable by its owner only.
        now: aware UTC.
    """

    def __init__(self, grant: OAuth, user: str, directory: Path, now: Now) -> None:
        self.grant, self.user = grant, user
        self.vault = Vault(grant, user, directory)
        self._now = now
        self._token: Token | None = None

    def bearer(self) -> Bearer:
        """A token that lasts a while yet.

        Raises:
            Refused: somebody has to do something first.
            Unreachable: the token server does not answer.
            config.ConfigError: a secret cannot be read any more.
        """
        kept, now = self._token, self._now()
        if kept is not None and now < kept.renew_at:
            return self._shown(kept, is_new=False)
        if self.grant.flow == "device":
            token, is_new = self._from_login(now)
        elif _signs(self.grant):
            token, is_new = _token(_asserted(self.grant, self.user), now), True
        else:
            token, is_new = _token(_credited(self.grant), now), True
        self._token = token
        return self._shown(token, is_new=is_new)

    @property
    def until(self) -> datetime | None:
        """The end of the last token, if there was one."""
        return self._token.until if self._token else None

    def discard(self) -> None:
        """A server has refused the token before its time: the next login gets another one."""
        if self._token is not None and self.grant.flow == "device":
            self.vault.forget(self._token)
        self._token = None

    def _shown(self, token: Token, *, is_new: bool) -> Bearer:
        return Bearer(
            user=self.user, provider=self.grant.provider, token=token.text, is_new=is_new,
            by_person=self.grant.flow == "device",
        )  # fmt: skip

    def _from_login(self, now: datetime) -> tuple[Token, bool]:
        """What a person's login gave, renewed by one at a time: some servers take a refresh token once."""
        with self.vault.locked():
            kept = self.vault.read()
            if kept is None:
                raise Refused(f"nobody has logged in for {self.user} yet", "do it once: `maild oauth login`")
            if kept.token is not None and now < kept.token.renew_at:
                return kept.token, False
            said = _refreshed(self.grant, kept.refresh)
            token = _token(said, now)
            self.vault.write(Login(refresh=str(said.get("refresh_token") or kept.refresh), token=token))
            return token, True


def _signs(grant: OAuth) -> bool:
    return grant.service_account is not None or grant.service_account_file is not None


def _system_now() -> datetime:
    return datetime.now(UTC)


def access_to(server: ImapMaildrop | Submission, directory: Path, now: Now = _system_now) -> Access | None:
    """The tokens that open this server; None where a password does, or nobody logs in.

    Args:
        directory: where the state is.
    """
    if server.auth != "oauth" or server.oauth is None or not server.user:
        return None
    return Access(server.oauth, server.user, directory, now)


def key_to(
    server: ImapMaildrop | Submission, directory: Path, now: Now = _system_now
) -> Callable[[], str | Access]:
    """What opens this server, asked for at each login: the password as it is then, or the access to tokens.

    Raises:
        config.ConfigError: (when it is called) the password cannot be read any more.
    """
    access = access_to(server, directory, now)
    return lambda: access or config.password(server)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What is opened by tokens, under the name that a person knows: "maildrop support", "submission"."""

    name: str
    access: Access

    @property
    def host(self) -> str:
        """Who gives the tokens."""
        return urlsplit(endpoints(self.access.grant).token).netloc


def places(settings: Config) -> tuple[Place, ...]:
    """Everything in the configuration that is opened by tokens."""
    found = (
        (" ".join(map(str, place)), access_to(server, settings.state.directory))
        for place, server in config.servers(settings)
    )
    return tuple(Place(name=name, access=access) for name, access in found if access is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Whether a token can be had now: ``until`` when it lasts, or the ``problem`` and its ``remedy``."""

    until: datetime | None = None
    problem: str = ""
    remedy: str = ""


def standing(access: Access) -> Standing:
    """Ask for a token, as a login would; never raises."""
    try:
        access.bearer()
        return Standing(until=access.until)
    except Refused as error:
        return Standing(problem=error.what, remedy=error.remedy)
    except Unreachable as error:
        return Standing(problem=str(error), remedy=REACH)
    except config.ConfigError as error:
        first = error.problems[0]
        return Standing(problem=f"{first.file}: {first.what}", remedy=first.remedy)


# --- what a login gave --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """What is kept of a person's login: the token for more tokens, and the last of these."""

    refresh: str = field(repr=False)
    token: Token | None = None


class Vault:
    """The file of one grant, mode 0600; maildrop and submission of one mailbox share it."""

    def __init__(self, grant: OAuth, user: str, directory: Path) -> None:
        where = endpoints(grant)
        which = f"{where.token}\n{grant.client_id}\n{where.scope}\n{user}"
        self.file = directory / "oauth" / f"{sha256(which.encode()).hexdigest()[:16]}.json"

    def read(self) -> Login | None:
        """None: nobody has logged in, or nobody knows what the file says.

        Raises:
            Refused: it may not be read.
        """
        try:
            kept = json.loads(self.file.read_text(encoding="utf-8"))
            token = None
            if kept["token"]:
                since, until = (datetime.fromisoformat(kept[key]) for key in ("since", "until"))
                token = Token(text=str(kept["token"]), since=since, until=until)
            return Login(refresh=str(kept["refresh"]), token=token)
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None
        except OSError as error:
            what = f"{self.file} cannot be read: {error.strerror}"
            raise Refused(what, "give it to the user who runs maild: it belongs to another one") from error

    def write(self, login: Login) -> None:
        """Keep it; whole or not at all.

        Raises:
            Unreachable: the disk does not take it.
        """
        token = login.token
        kept = {"refresh": login.refresh, "token": token.text if token else ""}
        kept |= {"since": token.since.isoformat(), "until": token.until.isoformat()} if token else {}
        try:
            self._folder()
            self._put(json.dumps(kept))
        except OSError as error:
            raise Unreachable(f"{self.file} cannot be written: {error.strerror}") from error

    def _put(self, text: str) -> None:
        # mkstemp makes files that only their owner may read.
        made, name = tempfile.mkstemp(dir=self.file.parent, prefix=".new-")
        try:
            with os.fdopen(made, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                self._give_away(file.fileno())
                os.fsync(file.fileno())
            Path(name).replace(self.file)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def forget(self, token: Token) -> None:
        """A server has refused this token: the next one is asked for, by everybody."""
        with self.locked():
            kept = self.read()
            if kept is not None and kept.token == token:
                self.write(Login(refresh=kept.refresh))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else reads or writes it, in no process."""
        try:
            self._folder()
            lock = os.open(self.file.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
            self._give_away(lock)
        except OSError as error:
            raise Unreachable(f"{self.file.parent} cannot be used: {error.strerror}") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _folder(self) -> None:
        """With a state that is not there yet: whoever logs in does so before the first run."""
        self.file.parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.file.parent.mkdir(mode=0o700, exist_ok=True)
        self._give_away(self.file.parent)

    def _give_away(self, what: int | Path) -> None:
        """Root may log in for the daemon: what it makes belongs to whom the state belongs."""
        if os.geteuid() == 0:
            owner = self.file.parent.parent.stat()
            os.chown(what, owner.st_uid, owner.st_gid)


# --- a person logs in ---------------------------------------------------------------------------------------


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
    where = endpoints(grant)
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
        page=_line(page), code=_line(str(said["user_code"])), device=str(said["device_code"]),
        seconds=float(said.get("expires_in", 900)), every=max(1.0, float(said.get("interval", 5))),
    )  # fmt: skip


def await_login(access: Access, invitation: Invitation, now: Now, pause: Callable[[float], None]) -> Token:
    """Ask until the person has typed the code, and keep what comes of it.

    Args:
        pause: sleeps for so many seconds.

    Raises:
        Refused: the person refused, or took too long.
        Unreachable: the token server is gone.
    """
    where, every = endpoints(access.grant), invitation.every
    end = now() + timedelta(seconds=invitation.seconds)
    while now() < end:
        pause(every)
        said = _polled(access.grant, where, invitation)
        if said.get("error") == "slow_down":
            every += 5  # RFC 8628 3.5
        elif "error" not in said:
            if not said.get("refresh_token"):
                remedy = "give the program the right to stay signed in (scope offline_access)"
                raise Refused("the provider gave a token that cannot be renewed", remedy)
            token = _token(said, now())
            with access.vault.locked():
                access.vault.write(Login(refresh=str(said["refresh_token"]), token=token))
            return token
    raise Refused("the code was not typed in time", "begin again: `maild oauth login`")


def _polled(grant: OAuth, where: Endpoints, invitation: Invitation) -> Mapping[str, Any]:
    from authlib.common.errors import AuthlibBaseError

    def ask(session: Any) -> Mapping[str, Any]:
        try:
            return dict(
                session.fetch_token(where.token, grant_type=_DEVICE_CODE, device_code=invitation.device)
            )
        except AuthlibBaseError as error:
            if error.error in {"authorization_pending", "slow_down"}:
                return {"error": error.error}
            raise

    return _asked(grant, where.token, _session(grant), ask)


# --- the token server ---------------------------------------------------------------------------------------


def _credited(grant: OAuth) -> Mapping[str, Any]:
    """RFC 6749 4.4: the program asks in its own name."""
    url = endpoints(grant).token
    return _asked(
        grant, url, _session(grant), lambda session: session.fetch_token(url, grant_type="client_credentials")
    )


def _refreshed(grant: OAuth, refresh: str) -> Mapping[str, Any]:
    """RFC 6749 6: the program asks in the name of a person who has let it."""
    url = endpoints(grant).token
    return _asked(
        grant, url, _session(grant), lambda session: session.refresh_token(url, refresh_token=refresh)
    )


def _asserted(grant: OAuth, user: str) -> Mapping[str, Any]:
    """RFC 7523 2.1: a signed statement of the service account, for the user whose mailbox it is."""
    from authlib.integrations.requests_client import AssertionSession

    where, account = endpoints(grant), config.service_account(grant)
    made = AssertionSession(
        where.token, issuer=account["client_email"], subject=grant.subject or user,
        claims={"scope": where.scope}, key=_signing_key(account["private_key"]),
        header={"alg": "RS256", "kid": account["private_key_id"]}, default_timeout=_PATIENCE,
    )  # fmt: skip
    return _asked(grant, where.token, _hardened(made, grant), lambda session: session.refresh_token())


def _signing_key(text: str) -> Any:
    from joserfc.errors import JoseError
    from joserfc.jwk import RSAKey

    try:
        return RSAKey.import_key(text)
    except (ValueError, TypeError, JoseError):
        # Not the error: it may hold a part of the key.
        raise Refused("the service account's key signs nothing", _BAD_KEY) from None


_BAD_KEY = "put a new JSON key of the service account into service_account_file"


def _session(grant: OAuth) -> Any:
    from authlib.integrations.requests_client import OAuth2Session

    secret = config.client_secret(grant) or None
    how = "client_secret_post" if grant.provider == "microsoft" else "client_secret_basic"
    made = OAuth2Session(
        grant.client_id, secret, scope=endpoints(grant).scope or None, default_timeout=_PATIENCE,
        token_endpoint_auth_method=how if secret else "none",
    )  # fmt: skip
    return _hardened(made, grant)


def _hardened(session: Any, grant: OAuth) -> Any:
    """Nothing of the environment but its proxies: REQUESTS_CA_BUNDLE would win over our authority, and a
    ~/.netrc over our secret."""
    from requests.utils import get_environ_proxies

    session.trust_env = False
    session.proxies = get_environ_proxies(endpoints(grant).token)
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
    said = _line(f"{error}: {description}" if description else error)
    with suppress(config.ConfigError):
        secret = config.client_secret(grant)
        said = said.replace(secret, "********") if secret else said
    if error in _PASSING:
        return Unreachable(said)
    host = urlsplit(endpoints(grant).token).netloc
    return Refused(f"{host} gives no token: {said}", remedies.for_token(grant.provider, said))


def _wire(error: Exception) -> str:
    """What the wire said, without the layers around it."""
    inner: Any = error
    while (below := getattr(inner, "reason", None) or next(iter(inner.args), None)) is not None:
        if not isinstance(below, BaseException):
            break
        inner = below
    return _line(re.sub(r"^.*?\): ", "", str(inner)) or type(error).__name__)


def _line(text: str) -> str:
    """One line of bounded length: it is a stranger's."""
    return " ".join(re.sub(r"[^\x20-\x7e\xa0-\u2027\u2030-\ud7ff]", " ", text).split())[:300]


def _token(said: Mapping[str, Any], now: datetime) -> Token:
    text = said.get("access_token")
    if not isinstance(text, str) or not _BEARER.fullmatch(text):
        raise Unreachable("the token server's answer holds no token")
    try:
        lasts = timedelta(seconds=min(max(0, int(said["expires_in"])), LONGEST.total_seconds()))
    except (KeyError, ValueError, TypeError):
        lasts = UNSAID
    return Token(text=text, since=now, until=now + lasts)


# --- the mail server ----------------------------------------------------------------------------------------

# The standard one first (RFC 7628); XOAUTH2 is what came before it.
_MECHANISMS = ("OAUTHBEARER", "XOAUTH2")


def mechanism(offered: Iterable[str]) -> str:
    """How this server wants to be shown a token; "" where it knows no way.

    Args:
        offered: the names of its SASL mechanisms.
    """
    known = {name.upper() for name in offered}
    return next((name for name in _MECHANISMS if name in known), "")


class Showing:
    """Our half of the exchange in which a token is shown: called with each challenge, the first one empty.

    ``error`` is what a server says of a token that it refuses, which it does in a challenge that has to be
    answered before it says no (RFC 7628 3.2.2).
    """

    def __init__(self, how: str, bearer: Bearer, *, host: str, port: int) -> None:
        self.error = ""
        self._how = how
        shown = f"auth=Bearer {bearer.token}\x01\x01"
        if how == "XOAUTH2":
            self._first = f"user={bearer.user}\x01{shown}"
        else:
            user = bearer.user.replace("=", "=3D").replace(",", "=2C")
            self._first = f"n,a={user},\x01host={host}\x01port={port}\x01{shown}"

    def __call__(self, challenge: bytes | None = None) -> str:
        """What to say next, not yet in base64."""
        if not challenge:
            return self._first
        self.error = _status(challenge)
        return "" if self._how == "XOAUTH2" else "\x01"


def _status(challenge: bytes) -> str:
    """RFC 7628 3.2.2: JSON with a status, such as "invalid_token"."""
    try:
        return _line(str(json.loads(challenge)["status"]))
    except (ValueError, KeyError, TypeError):
        return _line(challenge.decode("utf-8", "replace"))


def refusal(bearer: Bearer, where: str, said: str, error: str = "", *, smtp: bool = False) -> Refused:
    """A mail server does not take our token.

    Args:
        where: host and port.
        said: what it answered, ``error`` what it said before that.
    """
    remedy = remedies.for_login(
        bearer.provider, f"{said} {error}", user=bearer.user, smtp=smtp, by_person=bearer.by_person
    )
    words = _line(said.replace(bearer.token, "********")) + (f" ({error})" if error else "")
    return Refused(f"{where} refused the token of {bearer.user}: {words}", remedy)


def no_way(where: str) -> Refused:
    """A mail server that knows no tokens."""
    remedy = 'use auth = "password" there, or the host that the provider names for tokens'
    return Refused(f"{where} offers neither OAUTHBEARER nor XOAUTH2", remedy)
