"""The tokens that open a mailbox or the submission, asked for at each login.

Above ``server`` and ``vault``; the receivers, the courier, ``doctor`` and ``oauth status`` stand on it. It
fails as ``bearer`` says.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from maild import config
from maild.config import Config, ImapMaildrop, OAuth, Submission
from maild.oauth import bearer, grants, server
from maild.oauth.bearer import REACH, Bearer, Refused, Token, Unreachable
from maild.oauth.vault import Login, Vault

Now = Callable[[], datetime]


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
        elif grants.signs(self.grant):
            token, is_new = bearer.token(server.asserted(self.grant, self.user), now), True
        else:
            token, is_new = bearer.token(server.credited(self.grant), now), True
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
            said = server.refreshed(self.grant, kept.refresh)
            token = bearer.token(said, now)
            self.vault.write(Login(refresh=str(said.get("refresh_token") or kept.refresh), token=token))
            return token, True


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
        return grants.host(self.access.grant)


def places(settings: Config) -> tuple[Place, ...]:
    """Everything in the configuration that is opened by tokens."""
    found = (
        (" ".join(map(str, place)), access_to(each, settings.state.directory))
        for place, each in config.servers(settings)
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
