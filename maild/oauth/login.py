"""A person opens a mailbox for maild, by a code that is typed at the provider's (RFC 8628).

Above ``access``, whose vault keeps what it gives; under ``oauth login``.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from maild.oauth import bearer, server
from maild.oauth.access import Access, Now
from maild.oauth.bearer import Refused, Token, Unreachable
from maild.oauth.server import Invitation
from maild.oauth.vault import Login


def await_login(access: Access, invitation: Invitation, now: Now, pause: Callable[[float], None]) -> Token:
    """Ask until the person has typed the code, and keep what comes of it.

    Args:
        pause: sleeps for so many seconds.

    Raises:
        Refused: the person refused, or took too long.
        Unreachable: the token server is gone, and does not come back in time.
    """
    every, lost = invitation.every, None
    end = now() + timedelta(seconds=invitation.seconds)
    while now() < end:
        pause(every)
        try:
            said = server.polled(access.grant, invitation)
        except Unreachable as error:
            every, lost = every * 2, error  # RFC 8628 3.5: it passes, and the person may be typing
            continue
        if "error" not in said:
            return _kept(said, access, now())
        every, lost = every + (5 if said["error"] == "slow_down" else 0), None  # RFC 8628 3.5
    raise lost or Refused("the code was not typed in time", "begin again: `maild oauth login`")


def _kept(said: Mapping[str, Any], access: Access, now: datetime) -> Token:
    """What came of it, where it lasts: a token that ends within the hour would be no login."""
    if not said.get("refresh_token"):
        remedy = "give the program the right to stay signed in (scope offline_access)"
        raise Refused("the provider gave a token that cannot be renewed", remedy)
    token = bearer.token(said, now)
    with access.vault.locked():
        access.vault.write(Login(refresh=str(said["refresh_token"]), token=token))
    return token
