"""What is known of Microsoft and Google, and that what is configured counts first."""

from maild.config import OAuth
from maild.oauth import grants


def test_microsoft_and_google_are_known() -> None:
    entra = grants.endpoints(OAuth(provider="microsoft", tenant="etnic.be", client_id="c"))
    assert entra.token == "https://login.microsoftonline.com/etnic.be/oauth2/v2.0/token"
    assert entra.scope == "https://outlook.office365.com/.default"
    person = grants.endpoints(OAuth(provider="microsoft", tenant="t", client_id="c", flow="device"))
    assert person.device.endswith("/t/oauth2/v2.0/devicecode")
    assert {word.rpartition("/")[2] for word in person.scope.split()} == {
        "IMAP.AccessAsUser.All", "SMTP.Send", "offline_access",
    }  # fmt: skip
    google = grants.endpoints(OAuth(provider="google"))
    assert (google.token, google.scope) == ("https://oauth2.googleapis.com/token", "https://mail.google.com/")
    own = grants.endpoints(OAuth(provider="google", token_url="https://x/t", scope="s"))
    assert (own.token, own.scope) == ("https://x/t", "s")
