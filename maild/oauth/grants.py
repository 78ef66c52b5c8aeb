"""Where a grant asks for tokens, and for what right: the configuration, completed by what is known.

Under ``server``; pure. Sources: Microsoft's page on OAuth for IMAP and SMTP, Google's on XOAUTH2.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from maild.config import OAuth


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


def host(grant: OAuth) -> str:
    """Who gives the tokens."""
    return urlsplit(endpoints(grant).token).netloc


def signs(grant: OAuth) -> bool:
    """A service account asks, by its signature."""
    return grant.service_account is not None or grant.service_account_file is not None
