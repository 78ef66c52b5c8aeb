"""What kind of mail it is, and from whom (pure).

The first question that ``message.decide`` asks. A table in reading order; the first row that fits wins,
and what fits none was written by a person: in doubt somebody is waiting for us.
"""

import re
from collections.abc import Callable
from enum import StrEnum

from maild.arrival import Source
from maild.decide import identity, tokens
from maild.decide.facts import Facts
from maild.decide.policy import Policy
from parsers.mail import ParsedMail


class MailKind(StrEnum):
    """Who or what wrote a mail."""

    OWN = "own"
    SENT = "sent"
    BOUNCE = "bounce"
    DISPOSITION_NOTICE = "disposition_notice"
    VISIT_ANSWER = "visit_answer"
    AUTO_REPLY = "auto_reply"
    LIST = "list"
    AGENT = "agent"
    TECHNICIAN = "technician"
    PERSON = "person"

    @property
    def is_automatic(self) -> bool:
        """No person wrote it: it stops nothing, starts nothing and reopens nothing."""
        return self in _AUTOMATIC


_AUTOMATIC = frozenset(
    {MailKind.OWN, MailKind.BOUNCE, MailKind.DISPOSITION_NOTICE, MailKind.AUTO_REPLY, MailKind.LIST}
)

Test = Callable[[ParsedMail, Facts, Policy], str]


def _own(mail: ParsedMail, facts: Facts, policy: Policy) -> str:
    return "our own signed mail came back" if identity.is_ours(mail, policy) else ""


def _sent(mail: ParsedMail, facts: Facts, policy: Policy) -> str:
    return "found in a folder of sent mail" if facts.source is Source.SENT else ""


def _of_desk(mail: ParsedMail, facts: Facts, policy: Policy) -> str:
    others = {a.key for a in (*mail.to, *mail.cc)} - policy.desk.addresses
    proven = identity.of_desk(mail, facts, policy) if others else ""
    return f"from the desk's own address to others, by {proven}" if proven else ""


def _bounce(mail: ParsedMail, facts: Facts, policy: Policy) -> str:
    return "a delivery report (RFC 3464)" if mail.is_bounce else ""


def _disposition(mail: ParsedMail, facts: Facts, policy: Policy) -> str:
    return "a disposition notification (RFC 8098)" if mail.is_mdn else ""


def _visit_answer(mail: ParsedMail, facts: Facts, policy: Policy) -> str:
    ours = _is_of_visit(mail.calendar_uid, policy) if mail.calendar_uid else ""
    return "an answer to an invitation of ours (RFC 6047)" if ours else ""


def _is_of_visit(text: str, policy: Policy, *, to: str = "") -> bool:
    found = (t for t in tokens.find(policy.desk.secrets, text) if t.purpose is tokens.Purpose.VISIT)
    return any(not to or token.is_for(to) for token in found)


def _list(mail: ParsedMail, facts: Facts, policy: Policy) -> str:
    # A list of people carries List-Id too; only a mailing that one can leave, sent in bulk, is a newsletter.
    bulk = mail.precedence in ("bulk", "list", "junk") or mail.list_unsubscribe
    return "a mailing list (RFC 2919)" if mail.list_id and bulk else ""


def _auto(mail: ParsedMail, facts: Facts, policy: Policy) -> str:
    return f"automatic mail: {mail.auto_reason}" if mail.auto_submitted else ""


def _agent(mail: ParsedMail, facts: Facts, policy: Policy) -> str:
    return "sender is an agent" if mail.sender and policy.agent(mail.sender.address) else ""


def _technician(mail: ParsedMail, facts: Facts, policy: Policy) -> str:
    # The token stands first in an id of ours, its purpose first in the token: few signatures are looked at.
    named = (*mail.in_reply_to, *mail.references)
    ids = " ".join(id_ for id_ in named if id_[:1].lower() == tokens.Purpose.VISIT)
    his = bool(ids) and mail.sender is not None and _is_of_visit(ids, policy, to=mail.sender.address)
    return "a technician answers his invitation" if his else ""


KINDS: tuple[tuple[MailKind, Test], ...] = (
    (MailKind.OWN, _own),
    (MailKind.SENT, _sent),
    # Reports come from daemons and say so: before anything else that is automatic.
    (MailKind.BOUNCE, _bounce),
    (MailKind.DISPOSITION_NOTICE, _disposition),
    # Programs write it for a person, and often say so.
    (MailKind.VISIT_ANSWER, _visit_answer),
    (MailKind.LIST, _list),
    (MailKind.AUTO_REPLY, _auto),
    (MailKind.AGENT, _agent),
    # Whoever writes in the shared mailbox has the desk in copy: nobody waits for an answer to it.
    (MailKind.SENT, _of_desk),
    (MailKind.TECHNICIAN, _technician),
)


def kind_of(mail: ParsedMail, facts: Facts, policy: Policy) -> tuple[MailKind, str]:
    """The kind of a mail and why."""
    for kind, test in KINDS:
        if why := test(mail, facts, policy):
            return kind, why
    return MailKind.PERSON, "written by a person"


_THANKS = re.compile(
    r"(?:(?:un|tr[eè]s|grand|beaucoup|bien|encore|mille|hartelijk|veel|heel|vielen|herzlichen|besten|many|so|very|much"
    r"|again|a|lot|pour|votre|aide|voor|uw|hulp|ihre|hilfe|f[uü]r|for|your|help|parfait|super|top|perfect|ok|d'accord"
    r"|c'est|tout|bon|marche|fonctionne|en|ordre|merci|mercis|remerciements|dank|bedankt|dankjewel|dankuwel|u|je|wel"
    r"|danke|thanks|thank|you|thx|cheers|bonne|journ[eé]e|cordialement|bien|[aà]|vous)\b[\s,.!:;)\u00a0-]*)+",
    re.IGNORECASE,
)
_THANK_WORD = re.compile(r"\b(?:merci|mercis|remerci\w*|dank\w*|bedankt|thanks?|thx)\b", re.IGNORECASE)


def is_bare_thanks(text: str) -> bool:
    """Nothing but thanks, in a few words: it is shown, and reopens nothing."""
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    if not lines or len(lines) > 6 or sum(map(len, lines)) > 160:
        return False
    # A signature of a line or two may follow the thanks; a question mark asks for an answer.
    first = lines[0]
    return (
        "?" not in text
        and bool(_THANK_WORD.search(first))
        and bool(_THANKS.fullmatch(first))
        and all(len(line) <= 40 for line in lines[1:])
    )
