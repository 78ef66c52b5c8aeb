"""What a filter on the way says of a mail: told to those who answer, and never a way to hide anything."""

import pytest

from tests.scenarios.desk import ANNE, Desk, mail
from tests.scenarios.test_asking import command
from tests.scenarios.test_files import words

FIELDS = {
    "X-Spam-Flag": "YES",
    "X-Spam-Status": "Yes, score=7.3 required=5.0 tests=BAYES_99",
    "X-Spam": "Yes",
    "X-Rspamd-Action": "add header",
    "X-Spamd-Result": "default: True [15.00 / 15.00]",
    "X-MS-Exchange-Organization-SCL": "9",
    "X-Forefront-Antispam-Report": "CIP:192.0.2.1;CTRY:BE;SCL:5;SFV:SPM;CAT:SPM;",
}
INNOCENT = {
    "X-Spam-Flag": "NO",
    "X-Spam-Status": "No, score=-1.9",
    "X-Spam": "",
    "X-Rspamd-Action": "no action",
    "X-Spamd-Result": "default: False [-1.00 / 15.00]",
    "X-MS-Exchange-Organization-SCL": "1",
    "X-Forefront-Antispam-Report": "SCL:1;SFV:NSPM;CAT:NONE;",
}


def bearing(field: str, value: str) -> bytes:
    """A mail with one more field."""
    return f"{field}: {value}\r\n".encode() + mail("m1@ecole.test")


@pytest.mark.parametrize("field", FIELDS)
def test_a_forged_verdict_hides_nothing(desk: Desk, field: str) -> None:
    """Not even where a rule says spam as well: there is a ticket, its clock runs, its agents read of it."""
    desk.configure(rule=[{"match": {"subject": "panne"}, "scope": "spam"}])
    desk.receive(bearing(field, FIELDS[field]))
    desk.once()
    (ticket,) = desk.tickets()
    assert (ticket.status, ticket.due_at is not None) == ("new", True)
    assert not desk.letters("jean@ecole.test")
    (letter,) = desk.letters(ANNE)
    name = field.lower()
    assert f"Un filtre l’a pris pour un courrier indésirable ({name})" in words(letter)
    assert "Une règle suggère un courrier indésirable" in words(letter)
    assert f"! a filter took it for spam: {name}" in command(desk, "ticket", "show", "1001").output
    assert f"judged spam upstream: {name}" in command(desk, "trace", "1001").output


def test_a_later_mail_is_told_of_likewise(desk: Desk) -> None:
    """It is on its ticket, and its clock runs."""
    desk.receive(mail("m1@ecole.test"))
    desk.once()
    desk.receive(mail("m2@ecole.test", subject="Re: [ETNIC-1001] Imprimante", X_Spam_Flag="YES"))
    desk.once()
    assert desk.kinds(1001)[:2] == ["request", "reply"]
    assert "Un filtre a pris ce message pour un courrier indésirable" in words(desk.letters(ANNE)[-1])


@pytest.mark.parametrize("field", INNOCENT)
def test_what_is_no_spam_is_answered(desk: Desk, field: str) -> None:
    """The same fields say so, too."""
    desk.receive(bearing(field, INNOCENT[field]))
    desk.once()
    assert len(desk.letters("jean@ecole.test")) == 1
    assert "filtre" not in words(desk.letters(ANNE)[0])


def test_only_the_own_filter_is_heard(desk: Desk) -> None:
    """A field that our server neither writes nor removes may be the sender's own."""
    desk.configure(security={"spam_headers": ["x-ms-exchange-organization-scl"]})
    desk.receive(mail("m1@ecole.test", X_Spam_Flag="YES"))
    desk.once()
    assert len(desk.letters("jean@ecole.test")) == 1
    assert "filtre" not in words(desk.letters(ANNE)[0])
