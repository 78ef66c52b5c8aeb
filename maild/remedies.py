"""What an administrator does about a refused token, or a server that takes none: tables, in reading order.

Stands below ``oauth``, which knows what was said, and the doors to IMAP and SMTP, which append the remedy to
it. Pure; it cannot fail: where nothing fits, the last row says what to look at. Sources: Microsoft's list of
AADSTS codes and its page on OAuth for IMAP and SMTP, Google's pages on service accounts and XOAUTH2.
"""

import re
from collections.abc import Sequence
from typing import Final, Literal

Provider = Literal["microsoft", "google", "custom"]
# A pattern that is looked for in what was said, without case, and what helps.
Row = tuple[str, str]

_APP = "in Entra, App registrations, the program: "
_ENTERPRISE = "in Entra, Enterprise applications, the program: "
_SHELL = "in Exchange Online PowerShell: "
_ADMIN = "in the Google Admin console: "
_AGAIN = "let a person log in again: `maild oauth login`"
_NEW_KEY = (
    "in the Google Cloud console, IAM > Service accounts > Keys: create a JSON key, and put it into "
    "service_account_file"
)

_DELEGATE = (
    f"{_ADMIN}Security > API controls > Domain-wide delegation > Add: the service account's client ID, with "
    "the scope https://mail.google.com/"
)
_LET_IN = (
    f"{_SHELL}New-ServicePrincipal -AppId … -ObjectId …, both as Enterprise applications shows them; "
    "Add-MailboxPermission {user} -User … -AccessRights FullAccess; and in Entra, API permissions: {right}, "
    "with admin consent"
)
_WHO_LOGS_IN = (
    "let {user} itself log in, or somebody with FullAccess to it: `maild oauth login`; and "
    f"{_SHELL}Set-CASMailbox {{user}} -ImapEnabled $true"
)
_WHOSE = (
    "see whose account the token is of, which audience and scope the mail server wants, and whether {user} "
    "may use IMAP and SMTP; `maild oauth status` shows where the token comes from"
)

_MICROSOFT: Final[tuple[Row, ...]] = (
    (
        "AADSTS7000222",
        f"{_APP}Certificates & secrets > New client secret; its Value goes into client_secret_file",
    ),
    ("AADSTS7000215", f"{_APP}Certificates & secrets: client_secret_file wants the Value, not the Secret ID"),
    ("AADSTS7000218", f"{_APP}Authentication > Allow public client flows > Yes"),
    ("AADSTS7000112", f"{_ENTERPRISE}Properties > Enabled for users > Yes"),
    ("AADSTS700016", "mend client_id or tenant: Entra shows both under App registrations > Overview"),
    ("AADSTS9000(2|21|23)", "mend tenant: Entra shows the Directory (tenant) ID under Overview"),
    ("AADSTS(65001|65004|90094)", f"{_APP}API permissions > Grant admin consent"),
    ("AADSTS(53000|53003|530003)", "in Entra, Conditional Access: let this program sign in from here"),
    ("AADSTS50105", f"{_ENTERPRISE}Users and groups > Add: the mailbox's account"),
    ("AADSTS(70011|1002012)|invalid_scope", "delete the line scope, or mend it"),
    ("AADSTS(700082|70043|70008|50173|50076|50079|50078|50132|54005|135010)", _AGAIN),
    (
        "AADSTS50(034|053|055|057)",
        "in Entra, Users: the account is gone, locked, or its password has expired",
    ),
)
_GOOGLE: Final[tuple[Row, ...]] = (
    ("unauthorized_client|access_denied", _DELEGATE),
    ("Invalid email or User ID|invalid_subject", "mend subject: the address of a user of this Workspace"),
    ("short-lived token|reasonable timeframe", "set the clock of this machine; let NTP keep it"),
    ("Invalid JWT Signature|account not found|invalid_grant", _NEW_KEY),
)
_ANY: Final[tuple[Row, ...]] = (
    (
        "invalid_client|unauthorized_client",
        "mend client_id and client_secret_file; the secret may have expired",
    ),
    ("invalid_grant|expired_token", _AGAIN),
    ("access_denied", "let a person log in and agree: `maild oauth login`"),
    ("invalid_scope", "mend scope: the provider knows no such right for this program"),
    ("", "see what the provider says of this program; `maild oauth status` tries it again"),
)

_MICROSOFT_MAIL: Final[tuple[Row, ...]] = (
    (
        r"SmtpClientAuthentication is disabled|5\.7\.139",
        f"{_SHELL}Set-CASMailbox {{user}} -SmtpClientAuthenticationDisabled $false",
    ),
    ("", _LET_IN),
)
# The token is of the person who has logged in, and that may be the wrong one.
_PERSON_MAIL: Final[tuple[Row, ...]] = (
    _MICROSOFT_MAIL[0],
    ("", _WHO_LOGS_IN),
)
_GOOGLE_MAIL: Final[tuple[Row, ...]] = (
    ("IMAP.*(disabled|not enabled)", f"{_ADMIN}Apps > Gmail > End User Access: turn IMAP on"),
    ("", "subject and user must be this mailbox's own address, and IMAP on in Gmail's settings"),
)
_ANY_MAIL: Final[tuple[Row, ...]] = (("", _WHOSE),)


def for_token(provider: Provider, said: str) -> str:
    """What to do where the token server refused.

    Args:
        said: its error and description (RFC 6749 section 5.2).
    """
    own = {"microsoft": _MICROSOFT, "google": _GOOGLE, "custom": ()}[provider]
    return _first((*own, *_ANY), said)


def for_login(provider: Provider, said: str, *, user: str, smtp: bool, by_person: bool = False) -> str:
    """What to do where the mail server did not take a token that was given to us.

    Args:
        by_person: whoever has logged in got it, not the program itself.
    """
    by_provider = {"microsoft": _MICROSOFT_MAIL, "google": _GOOGLE_MAIL, "custom": ()}
    own = _PERSON_MAIL if by_person and provider == "microsoft" else by_provider[provider]
    right = "SMTP.SendAsApp" if smtp else "IMAP.AccessAsApp"
    return _first((*own, *_ANY_MAIL), said).replace("{user}", user).replace("{right}", right)


def _first(rows: Sequence[Row], said: str) -> str:
    return next(remedy for pattern, remedy in rows if re.search(pattern, said, re.IGNORECASE))
