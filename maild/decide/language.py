"""Which language to answer in: of the words, else of the thread, of the person, of the desk (pure).

Asked by ``message.decide`` for what is addressed to a requester; ``is_unsure`` is asked first by
``ingest.gather``, to know whether to look the person's earlier mail up. It cannot fail: the desk has a first
language.
"""

from collections.abc import Iterator

from maild.decide.facts import Facts
from maild.decide.policy import Policy
from maild.decide.threads import Belonging
from parsers.language import detect_language
from parsers.mail import ParsedMail

# So few words, "OK, thanks", say little of what their author likes to read.
FEW_WORDS = 4


def is_unsure(mail: ParsedMail, new: str) -> bool:
    """Whether the new words of a mail alone do not tell."""
    return _is_short(new) or not of_words(mail, new)


def of_words(mail: ParsedMail, new: str) -> str:
    """The language of the new words of a mail, "" where they do not tell."""
    if new == mail.reply_text:
        return mail.language
    return detect_language(new, mail.header("content-language"))


def of_answer(mail: ParsedMail, new: str, belongs: Belonging, facts: Facts, policy: Policy) -> str:
    """The language of what the desk writes to the sender: one of its own."""
    spoken = policy.desk.languages
    return next((one for one in _candidates(mail, new, belongs, facts) if one in spoken), spoken[0])


def _candidates(mail: ParsedMail, new: str, belongs: Belonging, facts: Facts) -> Iterator[str]:
    own = of_words(mail, new)
    if not _is_short(new):
        yield own
    yield from _threads(mail, belongs, facts)
    yield facts.spoken
    yield own or detect_language(mail.subject)


def _threads(mail: ParsedMail, belongs: Belonging, facts: Facts) -> Iterator[str]:
    """The languages of the tickets that a mail comes from, where its sender takes part in them."""
    sender = mail.sender.key if mail.sender else ""
    for number in belongs.links:
        state = facts.survivor(number)
        if state is not None and sender in state.participants:
            yield state.ticket.language


def _is_short(text: str) -> bool:
    return len(text.split(maxsplit=FEW_WORDS)) < FEW_WORDS
