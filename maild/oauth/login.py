"""A person opens a mailbox for maild, by a code that is typed at the provider's (RFC 8628).

Above ``access``, whose vault keeps what it gives; under ``oauth login``.
"""

from collections.abc import Callable
from datetime import timedelta

from maild.oauth import bearer, server
from maild.oauth.access import Access, Now
from maild.oauth.bearer import Refused, Token
from maild.oauth.server import Invitation
from maild.oauth.vault import Login


def await_login(access: Access, invitation: Invitation, now: Now, pause: Callable[[float], None]) -> Token:
    """Ask until the person has typed the code, and keep what comes of it.

    Args:
        pause: sleeps for so many seconds.

    Raises:
        Refused: the person refused, or took too long.
        Unreachable: the token server is gone.
    """
    every = invitation.every
    end = now() + timedelta(seconds=invitation.seconds)
    while now() < end:
        pause(every)
        said = server.polled(access.grant, invitation)
        if said.get("error") == "slow_down":
            every += 5  # RFC 8628 3.5
        elif "error" not in said:
            if not said.get("refresh_token"):
                remedy = "give the program the right to stay signed in (scope offline_access)"
                raise Refused("the provider gave a token that cannot be renewed", remedy)
            token = bearer.token(said, now())
            with access.vault.locked():
                access.vault.write(Login(refresh=str(said["refresh_token"]), token=token))
            return token
    raise Refused("the code was not typed in time", "begin again: `maild oauth login`")
