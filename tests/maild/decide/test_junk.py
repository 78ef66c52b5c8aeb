"""What speaks for a mail that a filter took for spam, and what does not."""

from collections.abc import Callable
from typing import Any

import pytest

from maild.arrival import Source
from maild.decide import message, unread
from maild.decide.decision import Decision, Disposition, Notify, SendReceipt, WithholdReceipt
from maild.decide.tokens import Purpose
from parsers.mail import ParsedMail
from storage.records import MessageKind
from tests.maild.decide.cases import (
    ANNE,
    DESK,
    JEAN,
    STRANGER,
    facts,
    mail,
    policy,
    references,
    state,
    token,
)

UNKNOWN = "aaaaaaaaaaaab"
PASSED, FAILED = (f"mx.etnic.test; dmarc={word} header.from=ecole.test" for word in ("pass", "fail"))


def quoted(*ids: str) -> str:
    return " ".join(f"<{id_}>" for id_ in ids)


def tagged(**values: Any) -> str:
    return DESK.replace("@", f"+{token(**values)}@")


def ours(**values: Any) -> str:
    return quoted(f"{token(**values)}@etnic.test")


def forged() -> str:
    """One letter of the signature is another one."""
    signed = token()
    return quoted(f"{signed[:-1]}{'b' if signed[-1] == 'a' else 'a'}@etnic.test")


def judged(one: ParsedMail, **values: Any) -> Decision:
    """In Junk, beside a ticket of Jean's whose first mail was m0."""
    known = {"by_reference": references(m0=1001), "source": Source.JUNK} | values
    return message.decide(one, facts(state(), **known), policy())


FILED: dict[str, Callable[[], ParsedMail]] = {
    "answers our letter": lambda: mail(In_Reply_To=ours(), sender=STRANGER),
    "answers our letter, forged": lambda: mail(In_Reply_To=ours(), Authentication_Results=FAILED),
    "answers a letter about a ticket that is lost": lambda: mail(In_Reply_To=ours(key=UNKNOWN)),
    "to an address of ours, in the thread": lambda: mail(
        to=tagged(), subject="Re: Imprimante", sender=STRANGER
    ),
    "in the thread": lambda: mail(In_Reply_To=quoted("m0@ecole.test")),
    "in the thread, with a pass": lambda: mail(
        In_Reply_To=quoted("m0@ecole.test"), Authentication_Results=PASSED
    ),
    "number in the subject": lambda: mail(subject="Re: [ETNIC-1001] Imprimante"),
    "in the thread, of another subject": lambda: mail(In_Reply_To=quoted("m0@ecole.test"), subject="Badge"),
    "an agent in the thread": lambda: mail(In_Reply_To=quoted("m0@ecole.test"), sender=ANNE),
    "an absence notice in the thread": lambda: mail(
        In_Reply_To=quoted("m0@ecole.test"), Auto_Submitted="auto-replied"
    ),
}  # fmt: skip
IGNORED: dict[str, Callable[[], ParsedMail]] = {
    "spam": lambda: mail(sender=STRANGER),
    "somebody known, about nothing known": mail,
    "an agent, about nothing": lambda: mail(sender=ANNE),
    "forged, in the thread": lambda: mail(
        In_Reply_To=quoted("m0@ecole.test"), Authentication_Results=FAILED
    ),
    "forged, number in the subject": lambda: mail(
        subject="[ETNIC-1001] Imprimante", Authentication_Results=FAILED
    ),
    "a stranger in the thread": lambda: mail(In_Reply_To=quoted("m0@ecole.test"), sender=STRANGER),
    "a stranger who writes to one who takes part": lambda: mail(
        In_Reply_To=quoted("m0@ecole.test"), sender=STRANGER, to=f"{DESK}, {JEAN}"
    ),
    "a program in the thread": lambda: mail(
        In_Reply_To=quoted("m0@ecole.test"), sender=STRANGER, Auto_Submitted="auto-generated"
    ),
    "a stranger with the number": lambda: mail(subject="[ETNIC-1001] Imprimante", sender=STRANGER),
    "to a harvested address of ours": lambda: mail(to=tagged(), subject="Gagnez !", sender=STRANGER),
    "a token with another signature": lambda: mail(In_Reply_To=forged(), sender=STRANGER),
    "our marker in the text": lambda: mail(
        f"##- Répondez au-dessus de cette ligne -## (m:{token(Purpose.NOTIFICATION)})\n", sender=STRANGER
    ),
    "nobody": lambda: mail(sender="", In_Reply_To=quoted("m0@ecole.test")),
    "ours, about no ticket": lambda: mail(
        sender=DESK, X_Maild=token(Purpose.SELF, key=UNKNOWN, to=ANNE)
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FILED)
def test_what_is_known_is_filed(case: str) -> None:
    """As it would be in the inbox, and the reason is kept; without a receipt, whatever becomes of it."""
    decided = judged(FILED[case]())
    assert decided.disposition is Disposition.FILED
    assert any(reason.startswith("found in a junk folder: ") for reason in decided.reasons)
    assert not any(isinstance(change, SendReceipt) for change in decided.changes)


@pytest.mark.parametrize("case", IGNORED)
def test_the_rest_changes_nothing(case: str) -> None:
    """Whatever it says, and whoever it says that it is from."""
    decided = judged(IGNORED[case]())
    assert (decided.disposition, decided.changes) == (Disposition.IGNORED, ())


@pytest.mark.parametrize("case", [*FILED, *IGNORED])
def test_nothing_gets_more_than_in_the_inbox(case: str) -> None:
    """Letters and powers: what leaves of a mail in junk would have left of it in the inbox, too."""
    one = (FILED | IGNORED)[case]()
    there, here = judged(one), judged(one, source=Source.INBOX)
    allowed = [change for change in here.changes if not isinstance(change, SendReceipt)]
    gained = [c for c in there.changes if c not in allowed and not isinstance(c, WithholdReceipt)]
    assert gained == []


def test_a_new_ticket_out_of_junk_says_why_it_has_no_receipt() -> None:
    """It is seen by the team all the same."""
    decided = judged(mail(In_Reply_To=ours(), subject="Une autre affaire", sender=STRANGER))
    (withheld,) = (c for c in decided.changes if isinstance(c, WithholdReceipt))
    assert withheld.reasons == ("judged spam upstream: found in a junk folder",)
    assert any(isinstance(change, Notify) for change in decided.changes)


def test_our_own_mail_is_known_by_its_signature() -> None:
    """A copy of what we sent, about a ticket that is known."""
    decided = judged(mail(sender=DESK, X_Maild=token(Purpose.SELF, to=ANNE)))
    assert (decided.disposition, decided.kind) == (Disposition.FILED, MessageKind.OWN_COPY)


@pytest.mark.parametrize(
    ("source", "becomes"),
    [(Source.JUNK, Disposition.IGNORED), (Source.INBOX, Disposition.QUARANTINED)],
)
def test_what_cannot_be_read_stays_there(source: Source, becomes: Disposition) -> None:
    """No plain ticket for a filter's spam."""
    assert unread.unreadable(mail(), "it dies", facts(source=source), policy()).disposition is becomes
