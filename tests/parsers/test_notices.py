"""Reports in words only: who is believed, what is read from them, and who is a person all the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers import wording
from parsers.folding import folded
from parsers.mail import parse_mail

DAEMON = "MAILER-DAEMON@x.be"


@pytest.mark.parametrize(
    ("address", "name", "daemon"),
    [
        ("MAILER-DAEMON", "", True),
        ("postmaster@x.be", "", True),
        ("Mail.Delivery.System@x", "", True),
        ("MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@x.be", "", True),
        ("x@y.be", "Mail Delivery System", True),
        ("jean@x.be", "", False),
        ("norman.mailer@x.be", "Norman Mailer", False),
        ("delivery@parcels.be", "", False),
    ],
)
def test_daemons(address: str, name: str, *, daemon: bool) -> None:
    address, name = folded(address), folded(name)
    found = wording.DAEMONS.match(address) or wording.ROLES.match(address) or wording.DAEMON_NAMES.match(name)
    assert bool(found) == daemon


@pytest.mark.parametrize(
    ("sender", "subject", "text", "recipient", "status"),
    [
        (DAEMON, "failure notice", "<jean@ecole.be>:\n550 no such user", "jean@ecole.be", "5.0.0"),
        (DAEMON, "Warning: message delayed 4 hours", "jean@ecole.be", "jean@ecole.be", "4.0.0"),
        (DAEMON, "failure notice", "jean@ecole.be: gave up after #4.4.1", "jean@ecole.be", "5.4.1"),
        # The domain of names without one is the server's own.
        (DAEMON, "x", "could not be delivered to:\n\n\tjeandupont\n", "jeandupont@x.be", "5.0.0"),
        ("postmaster@x.be", "Échec de la remise : x", "jean@ecole.be 5.1.10", "jean@ecole.be", "5.1.10"),
        ("postmaster@x.be", "Unzustellbar: x", "Recipient: jean@ecole.be", "jean@ecole.be", "5.0.0"),
    ],
)
def test_notices_of_old_daemons(sender: str, subject: str, text: str, recipient: str, status: str) -> None:
    content = f"From: {sender}\nTo: support@etnic.be\nSubject: {subject}\n\n{text}\n\n"
    content += "Message-ID: <receipt-1@etnic.be>\n"
    mail = parse_mail(content.encode())
    assert mail.is_bounce
    assert mail.report is not None
    assert (mail.report.recipient, mail.report.status) == (recipient, status)
    assert mail.report.original_message_id == "receipt-1@etnic.be"


@pytest.mark.parametrize(
    ("sender", "subject"),
    [
        ("jean@ecole.be", "Mail delivery failed: que faire ?"),
        ("jean@ecole.be", "Undeliverable: x"),
        ("postmaster@ecole.be", "Nouvelle imprimante"),
        ("admin@ecole.be", "Delivery failure"),
        ("mail-admin@ecole.be", "Undelivered mail, could not be delivered"),
    ],
)
def test_people_may_write_about_bounces(sender: str, subject: str) -> None:
    mail = parse_mail(
        f"From: {sender}\nSubject: {subject}\n\nBonjour, je reçois : could not be delivered.".encode()
    )
    assert not mail.is_bounce
    assert mail.report is None


WORDS = st.sampled_from(
    [
        "Undeliverable", "Your message could not be delivered", "Votre message n'a pas pu être remis à",
        "marie@commune.example", "550 5.1.1 User unknown", "Final-Recipient: rfc822; x@y.be\n", "\n\n",
        "This is the mail system at host mx.", "Action: failed\n", "MAILER-DAEMON@x.be", "Non remis : ",
        "Unzustellbar", "Onbestelbaar: ", "delayed", "----- Original message -----\n", "Réponse automatique",
        "Reporting-MTA: dns; x\n",
    ]
)  # fmt: skip
SENDERS = st.sampled_from([DAEMON, "postmaster@x.be", "noreply@x.be", "a@x.be"])


@given(st.lists(WORDS, max_size=12), st.lists(WORDS, max_size=4))
def test_nothing_that_a_person_writes_is_a_report(body: list[str], subject: list[str]) -> None:
    title = " ".join(" ".join(subject).split())
    head = f"From: Jean Dupont <jean@ecole.example>\nSubject: {title}\n"
    mail = parse_mail((head + "Content-Type: text/plain; charset=utf-8\n\n" + " ".join(body)).encode())
    assert mail.report is None


@given(
    st.sampled_from(["MAILER-DAEMON@x.be", "postmaster@x.be", "noreply@x.be", "a@x.be"]),
    st.text(max_size=400),
)
def test_any_words_give_a_result(sender: str, text: str) -> None:
    mail = parse_mail(f"From: {sender}\nSubject: Undelivered\n\n{text}".encode("utf-8", "replace"))
    assert mail.report is None or mail.report.action in ("failed", "delayed", "delivered")
