"""The gate in front of every automatic answer to a sender (pure; RFC 3834, DESIGN section 5).

Asked by ``message.decide``. Each objection returns its reason or "": all of them are stored with the
receipt that was not sent. Adding one is adding a function to the tuple.
"""

import re
from collections.abc import Callable

from maild.arrival import Source
from maild.decide import identity
from maild.decide.facts import Facts, TicketFacts
from maild.decide.policy import Policy
from parsers.mail import ParsedMail

Objection = Callable[[ParsedMail, Facts, Policy], str]

_NOBODY = re.compile(
    r"(?:.*[-._+])?(?:no|do-?not|donot|ne-?pas|niet|nicht)[-._]?(?:reply|respond|repondre|antwoorden|antworten)(?:[-._+].*)?"
    r"|mailer-?daemon|postmaster|abuse|root|bounces?(?:[-+=._].*)?|nobody|.*-bounces(?:[+=].*)?",
    re.IGNORECASE,
)


def no_sender(mail: ParsedMail, facts: Facts, policy: Policy) -> str:
    """There is nobody to answer, or an address that no server takes (RFC 5321 4.5.3.1)."""
    usable = mail.sender is not None and "@" in mail.sender.address and len(mail.sender.address) <= 320
    return "" if usable else "no address to answer"


def null_return_path(mail: ParsedMail, facts: Facts, policy: Policy) -> str:
    """RFC 3834 section 2, RFC 5321 section 4.5.5: reports come from <> and are never answered."""
    return "null return path" if mail.return_path == "" else ""


def report(mail: ParsedMail, facts: Facts, policy: Policy) -> str:
    """RFC 3464 delivery reports and RFC 8098 disposition notifications."""
    return "delivery report" if mail.is_bounce else "disposition notification" if mail.is_mdn else ""


def auto_submitted(mail: ParsedMail, facts: Facts, policy: Policy) -> str:
    """RFC 3834 section 5 and its older relatives: any sign that a program sent it."""
    return f"automatic mail: {mail.auto_reason}" if mail.auto_submitted else ""


def precedence(mail: ParsedMail, facts: Facts, policy: Policy) -> str:
    """Not in any RFC, seen everywhere (RFC 3834 section 2 names it)."""
    bulk = mail.precedence in ("bulk", "list", "junk", "auto_reply")
    return f"Precedence: {mail.precedence}" if bulk else ""


def suppressed(mail: ParsedMail, facts: Facts, policy: Policy) -> str:
    """MS-OXCMAIL 2.2.3.2.14: the sender's system asks for no automatic answer."""
    asked = {"all", "autoreply"} & set(mail.suppress)
    return "X-Auto-Response-Suppress" if asked else ""


def mailing_list(mail: ParsedMail, facts: Facts, policy: Policy) -> str:
    """RFC 2919, RFC 2369: an answer would go to the whole list."""
    return "mailing list" if mail.list_id or mail.list_unsubscribe else ""


def nobody_reads(mail: ParsedMail, facts: Facts, policy: Policy) -> str:
    """Addresses that say themselves that nobody reads them, and those of daemons (RFC 2142)."""
    unread = mail.sender is not None and nobody_reads_at(mail.sender.address)
    return "an address that nobody reads" if unread else ""


def nobody_reads_at(address: str) -> bool:
    """An address says itself that nobody reads it, or is that of a daemon."""
    local = address.rpartition("@")[0]
    return bool(local and _NOBODY.fullmatch(local))


def ourselves(mail: ParsedMail, facts: Facts, policy: Policy) -> str:
    """Two answers of ours to each other would never end."""
    ours = mail.sender is not None and mail.sender.key in policy.desk.addresses
    return "our own address" if ours or identity.is_ours(mail, policy) else ""


def spam(mail: ParsedMail, facts: Facts, policy: Policy) -> str:
    """What a filter before us has judged; an answer would confirm the address."""
    field = spam_field(mail, policy)
    found = "found in a junk folder" if facts.source is Source.JUNK else field
    return f"judged spam upstream: {found}" if found else ""


def spam_field(mail: ParsedMail, policy: Policy) -> str:
    """The field in which a filter calls the mail spam whose word counts, "" where none does.

    It withholds an automatic answer and is told to people, no more: whoever forges it hides nothing.
    """
    return next((name for name in mail.spam if name in policy.spam_headers), "")


def forged(mail: ParsedMail, facts: Facts, policy: Policy) -> str:
    """RFC 7489: the sender did not send it; an answer would be backscatter."""
    return "dmarc=fail" if identity.dmarc(mail, policy) == "fail" else ""


def muted(mail: ParsedMail, facts: Facts, policy: Policy) -> str:
    """Mail to this address came back as undeliverable."""
    return f"muted: {facts.muted}" if facts.muted else ""


def too_old(mail: ParsedMail, facts: Facts, policy: Policy) -> str:
    """A receipt for mail of last month tells nobody anything."""
    old = facts.now - facts.arrived_at > policy.budget.receipt_max_age
    return "older than receipt_max_age" if old else ""


def answered_before(mail: ParsedMail, facts: Facts, policy: Policy) -> str:
    """Its receipt left before the state was put back from a backup, or made anew."""
    return "filed before, by a state that is lost" if facts.filed_before else ""


def over_budget(mail: ParsedMail, facts: Facts, policy: Policy) -> str:
    """The last guard: whatever fools every other one cannot make us send without end."""
    return next((spent.over for spent in facts.spent if spent.over), "")


def agent_over_budget(ticket: TicketFacts | None, facts: Facts) -> str:
    """The same guard for what an agent's mail is answered: his own program may answer ours.

    Not by what he was sent in all, for whoever takes many tickets hears of each.
    """
    counted = (
        *(ticket.spent if ticket else ()),
        *(spent for spent in facts.spent if spent.scope != "recipient"),
    )
    return next((spent.over for spent in counted if spent.over), "")


OBJECTIONS: tuple[Objection, ...] = (
    no_sender,
    null_return_path,
    report,
    auto_submitted,
    precedence,
    suppressed,
    mailing_list,
    nobody_reads,
    ourselves,
    spam,
    forged,
    muted,
    too_old,
    answered_before,
    over_budget,
)


def objections(mail: ParsedMail, facts: Facts, policy: Policy) -> tuple[str, ...]:
    """Every reason not to answer this mail automatically; none: the answer may go."""
    return tuple(why for objection in OBJECTIONS if (why := objection(mail, facts, policy)))
