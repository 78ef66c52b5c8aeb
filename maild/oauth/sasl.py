"""How a token is shown to a mail server (RFC 4422), and what its refusal means.

Used by both doors to mail servers, which do the talking; pure.
"""

import json
from collections.abc import Iterable

from maild import remedies
from maild.oauth.bearer import Bearer, Refused, one_line

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
        return one_line(str(json.loads(challenge)["status"]))
    except (ValueError, KeyError, TypeError):
        return one_line(challenge.decode("utf-8", "replace"))


def refusal(bearer: Bearer, where: str, said: str, error: str = "", *, smtp: bool = False) -> Refused:
    """A mail server does not take our token.

    Args:
        where: host and port.
        said: what it answered, ``error`` what it said before that.
    """
    remedy = remedies.for_login(
        bearer.provider, f"{said} {error}", user=bearer.user, smtp=smtp, by_person=bearer.by_person
    )
    words = one_line(said.replace(bearer.token, "********")) + (f" ({error})" if error else "")
    return Refused(f"{where} refused the token of {bearer.user}: {words}", remedy)


def no_way(where: str) -> Refused:
    """A mail server that knows no tokens."""
    remedy = 'use auth = "password" there, or the host that the provider names for tokens'
    return Refused(f"{where} offers neither OAUTHBEARER nor XOAUTH2", remedy)
