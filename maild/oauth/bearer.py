"""What a mail server is shown, and the two ways in which there is nothing to show.

Under the whole package; pure.

``Refused`` somebody has to do something: its ``remedy`` says what to click.
``Unreachable`` the token server did not answer, or answered nonsense; try again later.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from maild import remedies

# A token that ends within this time is renewed first; one that lasts no longer than twice that, at half time.
MARGIN = timedelta(minutes=5)
# RFC 6749 5.1 lets a server keep to itself how long a token lasts.
UNSAID = timedelta(minutes=10)
LONGEST = timedelta(days=1)
# A bearer token (RFC 6750 2.1), a bit wider: nothing in it may end a line or a field of SASL.
_BEARER = re.compile(r"[!-~]{1,16384}")

REACH = "see that this machine reaches the token server over HTTPS, and knows its authority (ca_file)"


class Refused(Exception):
    """We get no token, or a server does not take it, until somebody does what ``remedy`` says."""

    def __init__(self, what: str, remedy: str) -> None:
        self.what, self.remedy = what, remedy
        super().__init__(f"{what}; {remedy}")


class Unreachable(Exception):
    """The token server did not answer, or answered nonsense."""


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


def token(said: Mapping[str, Any], now: datetime) -> Token:
    """The token of an answer of the token server (RFC 6749 5.1).

    Raises:
        Unreachable: there is none in it.
    """
    text = said.get("access_token")
    if not isinstance(text, str) or not _BEARER.fullmatch(text):
        raise Unreachable("the token server's answer holds no token")
    try:
        lasts = timedelta(seconds=min(max(0, int(said["expires_in"])), LONGEST.total_seconds()))
    except (KeyError, ValueError, TypeError):
        lasts = UNSAID
    return Token(text=text, since=now, until=now + lasts)


def one_line(text: str) -> str:
    """One line of bounded length: it is a stranger's."""
    return " ".join(re.sub(r"[^\x20-\x7e\xa0-\u2027\u2030-\ud7ff]", " ", text).split())[:300]
