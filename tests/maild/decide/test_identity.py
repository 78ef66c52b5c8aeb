"""What a sender has proven, and what forgers try."""

import pytest

from maild.arrival import Source
from maild.decide import identity, threads
from maild.decide.policy import Agent
from maild.decide.tokens import Purpose
from parsers.mail import ParsedMail
from tests.maild.decide.cases import ANNE, DESK, facts, mail, policy, token

AGENT = Agent(name="Anne", address=ANNE)
PASS = "mx.etnic.test; spf=pass smtp.mailfrom=etnic.test; dmarc=pass header.from=etnic.test"


def proves(
    read: ParsedMail, *, source: Source = Source.INBOX, proof: tuple[str, ...] = ("token", "dmarc")
) -> bool:
    """Whether a mail from Anne's address may act as Anne."""
    desk = policy(proof=proof)
    found = threads.clues(read, desk).tokens
    return identity.proof(read, AGENT, found, facts(source=source), desk).holds


def of(purpose: Purpose, to: str = ANNE) -> ParsedMail:
    """An answer to one of our letters, from Anne's address."""
    return mail(sender=ANNE, In_Reply_To=f"<{token(purpose, to=to)}@etnic.test>")


@pytest.mark.parametrize("purpose", [Purpose.NOTIFICATION, Purpose.ANSWER, Purpose.CONSULTATION])
def test_the_token_of_a_letter_to_the_agent_is_proof(purpose: Purpose) -> None:
    """She has it, and nobody else does."""
    assert proves(of(purpose))
    assert proves(of(purpose, ANNE.upper()))


@pytest.mark.parametrize("purpose", [Purpose.RECEIPT, Purpose.RELAY, Purpose.SELF])
def test_the_token_of_a_letter_to_others_is_none(purpose: Purpose) -> None:
    """Requesters see those."""
    assert not proves(of(purpose))


def test_the_token_of_another_agent_is_none() -> None:
    """Forwarding a notification does not lend one's power."""
    assert not proves(of(Purpose.NOTIFICATION, "bob@etnic.test"))


@pytest.mark.parametrize(
    ("results", "said"),
    [
        (PASS, "pass"),
        (PASS.replace("mx.etnic.test;", "MX.etnic.test 1;"), "pass"),
        ("mx.etnic.test; dmarc=pass", "pass"),
        ("mx.etnic.test; dmarc=fail header.from=etnic.test", "fail"),
        ("mx.etnic.test; dmarc=none header.from=etnic.test", ""),
        ("mx.etnic.test; dmarc=pass header.from=forger.test", ""),
        ("mx.etnic.test; spf=pass smtp.mailfrom=etnic.test", ""),
        ("mx.etnic.test; none", ""),
        ("mx.forger.test; dmarc=pass header.from=etnic.test", ""),
        ("mx.etnic.test.forger.test; dmarc=pass header.from=etnic.test", ""),
        ("; dmarc=pass header.from=etnic.test", ""),
        ("dmarc=pass header.from=etnic.test", ""),
        ("mx.etnic.test; dmarc=(", ""),
        ("mx.etnic.test; ;;==;", ""),
        ("", ""),
    ],
)
def test_only_a_trusted_server_s_verdict_on_this_domain_counts(results: str, said: str) -> None:
    """RFC 8601 and RFC 7489; what is malformed proves nothing and raises nothing."""
    read = mail(sender=ANNE, Authentication_Results=results)
    assert identity.dmarc(read, policy()) == said
    assert proves(read) is (said == "pass")


def test_the_topmost_trusted_header_counts_alone() -> None:
    """What stands below it may be the sender's own."""
    below = mail(sender=ANNE, Authentication_Results=PASS)
    assert below.authentication_results == (PASS,)
    above = "mx.etnic.test; dmarc=fail header.from=etnic.test"
    forged = mail(sender=ANNE, Authentication_Results=f"{above}\r\nAuthentication-Results: {PASS}")
    assert len(forged.authentication_results) == 2
    assert identity.dmarc(forged, policy()) == "fail"
    assert not proves(forged)


def test_exchange_is_believed_only_where_it_is_asked_and_was_met() -> None:
    """By configuration, and never for mail that came by our own SMTP door."""
    inside = mail(sender=ANNE, X_MS_Exchange_Organization_AuthAs="Internal")
    assert not proves(inside)
    assert proves(inside, proof=("m365",))
    assert not proves(inside, proof=("m365",), source=Source.DOOR)
    assert not proves(mail(sender=ANNE, X_MS_Exchange_Organization_AuthAs="Anonymous"), proof=("m365",))


def test_a_proof_that_is_not_asked_for_does_not_count() -> None:
    """The operator chooses."""
    assert not proves(mail(sender=ANNE, Authentication_Results=PASS), proof=("token",))
    assert not proves(of(Purpose.NOTIFICATION), proof=("dmarc",))


def test_our_own_mail_is_known_by_its_signed_header_on_our_own_address() -> None:
    """Both are needed."""
    desk = policy()
    assert identity.is_ours(mail(sender=DESK, X_Maild=token(Purpose.SELF)), desk) is not None
    assert identity.is_ours(mail(sender="helpdesk@etnic.test", X_Maild=token(Purpose.SELF)), desk) is not None
    assert identity.is_ours(mail(X_Maild=token(Purpose.SELF)), desk) is None
    assert identity.is_ours(mail(sender=DESK), desk) is None
    assert identity.is_ours(mail(sender=DESK, X_Maild=token(Purpose.RECEIPT)), desk) is None
    assert identity.is_ours(mail(sender=""), desk) is None
