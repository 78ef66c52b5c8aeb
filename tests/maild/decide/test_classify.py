"""Who or what wrote a mail: one row a kind."""

import pytest

from maild.arrival import Source
from maild.decide import classify
from maild.decide.classify import MailKind
from maild.decide.tokens import Purpose
from tests.maild.decide.cases import ANNE, DESK, facts, mail, policy, token

OURS = {"X_Maild": token(Purpose.SELF)}
KINDS: dict[str, tuple[dict[str, str], MailKind]] = {
    "a person": ({}, MailKind.PERSON),
    "an agent": ({"sender": ANNE.upper()}, MailKind.AGENT),
    "our own, signed": ({"sender": DESK, **OURS}, MailKind.OWN),
    "our address, unsigned": ({"sender": DESK}, MailKind.PERSON),
    "a stranger with our signature": (OURS, MailKind.PERSON),
    "a forged signature": ({"sender": DESK, "X_Maild": token(Purpose.SELF)[:-1] + "9"}, MailKind.PERSON),
    "a receipt's token as signature": ({"sender": DESK, "X_Maild": token()}, MailKind.PERSON),
    "an absence": ({"Auto_Submitted": "auto-replied"}, MailKind.AUTO_REPLY),
    "no automatic mail": ({"Auto_Submitted": "no"}, MailKind.PERSON),
    "suppressing answers is no sign": ({"X_Auto_Response_Suppress": "All"}, MailKind.PERSON),
    "a newsletter": ({"List_Id": "<n.x>", "List_Unsubscribe": "<mailto:u@x>"}, MailKind.LIST),
    "a list of people": ({"List_Id": "<team.x>"}, MailKind.PERSON),
    "an agent's absence": ({"sender": ANNE, "Auto_Submitted": "auto-replied"}, MailKind.AUTO_REPLY),
}


@pytest.mark.parametrize(("headers", "kind"), KINDS.values(), ids=KINDS)
def test_a_kind_is_told_by_its_signs(headers: dict[str, str], kind: MailKind) -> None:
    """With the reason that the ledger keeps."""
    found, why = classify.kind_of(mail(**headers), facts(), policy())
    assert found is kind
    assert why


def test_what_lies_in_sent_was_sent() -> None:
    """Whoever wrote it, a program of ours apart."""
    found, _ = classify.kind_of(mail(sender=ANNE), facts(source=Source.SENT), policy())
    assert found is MailKind.SENT
    ours, _ = classify.kind_of(
        mail(sender=DESK, X_Maild=token(Purpose.SELF)), facts(source=Source.SENT), policy()
    )
    assert ours is MailKind.OWN


def test_what_is_automatic() -> None:
    """People, agents and sent mail are not, nor is what somebody said to an invitation."""
    people = {MailKind.PERSON, MailKind.AGENT, MailKind.SENT, MailKind.TECHNICIAN, MailKind.VISIT_ANSWER}
    assert {kind for kind in MailKind if not kind.is_automatic} == people


@pytest.mark.parametrize(
    "text",
    [
        "Merci !",
        "Merci beaucoup, bonne journée",
        "Un grand merci pour votre aide.\n\nJean Dupont",
        "Parfait, merci",
        "Bedankt!",
        "Hartelijk dank voor uw hulp",
        "Vielen Dank",
        "Many thanks",
        "C'est bon, merci",
    ],
)
def test_bare_thanks(text: str) -> None:
    """Nothing else is said, a signature apart."""
    assert classify.is_bare_thanks(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Bonjour",
        "Merci, mais cela ne marche pas",
        "Merci ?",
        "Merci de m'appeler",
        "Merci.\n\nPar contre, l'imprimante du deuxième étage est en panne elle aussi.",
        "ok",
        "Merci\n" * 7,
    ],
)
def test_more_than_thanks(text: str) -> None:
    """Somebody still waits."""
    assert not classify.is_bare_thanks(text)
