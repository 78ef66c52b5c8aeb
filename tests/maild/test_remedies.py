"""What to click: each line that a provider is known to say, and the remedy that belongs to it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild import remedies
from maild.remedies import Provider

TOKENS: list[tuple[Provider, str, str]] = [
    (
        "microsoft",
        "invalid_client: AADSTS7000222: The provided client secret keys are expired.",
        "New client sec",
    ),
    ("microsoft", "invalid_client: AADSTS7000215: Invalid client secret provided.", "not the Secret ID"),
    (
        "microsoft",
        "unauthorized_client: AADSTS700016: Application with identifier '1' was not found",
        "client_id",
    ),
    ("microsoft", "invalid_request: AADSTS90002: Tenant 'x' not found.", "tenant"),
    (
        "microsoft",
        "invalid_grant: AADSTS65001: The user or administrator has not consented",
        "Grant admin consent",
    ),
    (
        "microsoft",
        "invalid_client: AADSTS7000218: The request body must contain",
        "Allow public client flows",
    ),
    (
        "microsoft",
        "invalid_grant: AADSTS700082: The refresh token has expired due to inactivity.",
        "oauth login",
    ),
    (
        "microsoft",
        "invalid_grant: AADSTS50173: The provided grant has expired due to it being revoked",
        "oauth login",
    ),
    (
        "microsoft",
        "invalid_grant: AADSTS53003: Access has been blocked by Conditional Access",
        "Conditional Access",
    ),
    ("microsoft", "invalid_scope: AADSTS70011: The provided value for 'scope' is not valid.", "scope"),
    ("microsoft", "invalid_grant: AADSTS50057: The user account is disabled.", "account"),
    ("microsoft", "unauthorized_client: AADSTS7000112: Application is disabled.", "Enabled for users"),
    (
        "google",
        "unauthorized_client: Client is unauthorized to retrieve access tokens",
        "Domain-wide delegation",
    ),
    ("google", "invalid_grant: Invalid email or User ID", "subject"),
    ("google", "invalid_grant: Invalid JWT: Token must be a short-lived token", "clock"),
    ("google", "invalid_grant: Invalid JWT Signature.", "create a JSON key"),
    ("custom", "invalid_client: bad", "client_secret_file"),
    ("custom", "invalid_grant: Token is not active", "oauth login"),
    ("custom", "access_denied", "agree"),
    ("custom", "invalid_scope: mail", "mend scope"),
    ("custom", "something else", "oauth status"),
]
LOGINS: list[tuple[Provider, bool, str, str]] = [
    (
        "microsoft", True,
        "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.",
        "Set-CASMailbox u@x -SmtpClientAuthenticationDisabled $false",
    ),
    ("microsoft", True, "535 5.7.3 Authentication unsuccessful", "SMTP.SendAsApp"),
    ("microsoft", False, "AUTHENTICATE failed.", "Add-MailboxPermission u@x "),
    ("microsoft", False, "User is authenticated but not connected.", "IMAP.AccessAsApp"),
    ("google", False, "[ALERT] IMAP access is disabled for your domain.", "turn IMAP on"),
    ("google", False, "[AUTHENTICATIONFAILED] Invalid credentials (Failure)", "subject and user"),
    ("custom", False, "[AUTHENTICATIONFAILED] Authentication failed. invalid_token", "audience and scope"),
]  # fmt: skip


@pytest.mark.parametrize(("provider", "said", "remedy"), TOKENS, ids=[row[1][:45] for row in TOKENS])
def test_no_token(provider: Provider, said: str, remedy: str) -> None:
    assert remedy in remedies.for_token(provider, said)


@pytest.mark.parametrize(
    ("provider", "smtp", "said", "remedy"), LOGINS, ids=[f"{row[0]}-{row[2][:30]}" for row in LOGINS]
)
def test_no_login(provider: Provider, smtp: bool, said: str, remedy: str) -> None:
    found = remedies.for_login(provider, said, user="u@x", smtp=smtp)
    assert remedy in found
    assert not re.search(r"[{}]", found)


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        (
            "AUTHENTICATE failed.",
            "let u@x itself log in, or somebody with FullAccess to it: `maild oauth login`",
        ),
        ("User is authenticated but not connected.", "Set-CASMailbox u@x -ImapEnabled $true"),
        ("535 5.7.139 SmtpClientAuthentication is disabled", "-SmtpClientAuthenticationDisabled $false"),
    ],
)
def test_the_login_of_a_person(said: str, remedy: str) -> None:
    """It is somebody else's token, more likely than a program without rights."""
    assert remedy in remedies.for_login("microsoft", said, user="u@x", smtp=False, by_person=True)


@given(st.sampled_from(["microsoft", "google", "custom"]), st.text(), st.booleans())
def test_there_is_always_one(provider: Provider, said: str, smtp: bool) -> None:
    assert remedies.for_token(provider, said)
    assert remedies.for_login(provider, said, user="u@x", smtp=smtp)
