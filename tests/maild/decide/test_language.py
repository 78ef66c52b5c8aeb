"""Which language the desk answers in: the mail's, the thread's, the person's, the desk's."""

import pytest

from maild.decide import language, message
from maild.decide.decision import OpenTicket, SendReceipt
from maild.decide.facts import Answered
from parsers.mail import ParsedMail
from tests.maild.decide.cases import JEAN, STRANGER, facts, mail, policy, references, state

DUTCH = "Goedemorgen,\n\nmijn printer werkt niet meer sinds vanmorgen. Kunt u mij helpen?\n"
FRENCH = "Bonjour,\n\nmon imprimante ne fonctionne plus depuis ce matin.\n"
SHORT, MUTE, MIXED = "OK, thanks", "12345", "VPN 10.0.0.1 ERR_TIMEOUT 443 tcp"


def answer(body: str, *, thread: str = "", spoken: str = "", sender: str = JEAN, subject: str = "VPN") -> str:
    """The language of the receipt for a mail that leaves a closed thread, or begins one."""
    world = facts(spoken=spoken)
    headers = {}
    if thread:
        closed = state(1001, JEAN, language=thread, subject="Autre chose")
        world = facts(closed, spoken=spoken, by_reference=references(old=1001))
        headers = {"In_Reply_To": "<old@ecole.test>"}
    decision = message.decide(mail(body, sender=sender, subject=subject, **headers), world, policy())
    (opened,) = (c for c in decision.changes if isinstance(c, OpenTicket))
    (receipt,) = (c for c in decision.changes if isinstance(c, SendReceipt))
    assert opened.language == receipt.language
    return opened.language


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"body": DUTCH}, "nl"),
        ({"body": DUTCH, "thread": "fr", "spoken": "de"}, "nl"),
        ({"body": SHORT}, "en"),
        ({"body": SHORT, "spoken": "de"}, "de"),
        ({"body": SHORT, "thread": "nl", "spoken": "de"}, "nl"),
        ({"body": MUTE}, "fr"),
        ({"body": MUTE, "subject": "Probleem met mijn wachtwoord"}, "nl"),
        ({"body": MUTE, "subject": "Probleem met mijn wachtwoord", "spoken": "de"}, "de"),
        ({"body": MIXED, "spoken": "nl"}, "nl"),
        ({"body": MIXED, "thread": "de"}, "de"),
        ({"body": MIXED, "thread": "it", "spoken": "es"}, "fr"),
        # a stranger learns nothing of a ticket that he only names
        ({"body": MIXED, "thread": "de", "sender": STRANGER}, "fr"),
    ],
)
def test_the_first_that_tells_decides(given: dict[str, str], expected: str) -> None:
    """Short and mixed texts tell little."""
    assert answer(**given) == expected


@pytest.mark.parametrize(
    ("body", "unsure"), [(DUTCH, False), (SHORT, True), (MUTE, True), (MIXED, True), ("", True)]
)
def test_who_is_unsure_asks(body: str, unsure: bool) -> None:
    """Only then the person's earlier mail is looked up."""
    read = mail(body)
    assert language.is_unsure(read, read.reply_text) is unsure


def test_the_words_of_the_desk_say_nothing_of_the_persons() -> None:
    """An unmarked French receipt below two lines of Dutch."""
    dutch, receipt = "Dank u. Het nummer van de printer is 4050, op mijn bureau.", FRENCH * 3
    read: ParsedMail = mail(f"{dutch}\n\n{receipt}", In_Reply_To="<r@etnic.test>")
    decision = message.decide(read, facts(answered=Answered(text=receipt)), policy())
    assert (decision.text, decision.language) == (dutch, "nl")
