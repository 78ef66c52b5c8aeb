"""The operator's rules: what a mail suggests for team, category, priority and scope (pure).

Asked by ``message.decide`` for new tickets. Rules suggest, people decide; for each field the first rule
that matches wins, and an address that stands for a category comes after them. A rule without any condition
matches everything.
"""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from maild.decide.policy import Match, Policy, Rule
from parsers.addresses import split_subaddress
from parsers.mail import ParsedMail

DEFAULT_TEAM = "desk"
# So begins, among the reasons of a message, the one that says which rule spoke.
RULE = "rule"
# A pattern looks at the beginning of a text: what a person wants stands there.
_MOST_TEXT = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """Where a new ticket goes first. ``why``: which rules spoke, by their numbers in the configuration."""

    team: str
    category: str
    priority: str
    scope: str
    why: tuple[str, ...] = ()


def suggestion(mail: ParsedMail, policy: Policy) -> Suggestion:
    """What the rules make of a mail, then the address that it was sent to; the category's own team and
    priority fill what they leave open."""
    numbered = [(n, rule) for n, rule in enumerate(policy.rules, 1) if matches(rule.match, mail)]
    fitting = [rule for _, rule in numbered]

    def first(name: str) -> str:
        return next((value for rule in fitting if (value := str(getattr(rule, name)))), "")

    named = first("category") or _addressed(mail, policy)
    category = next((c for c in policy.categories if c.name == named), None)
    return Suggestion(
        team=first("team") or (category.team if category else "") or DEFAULT_TEAM,
        category=named,
        priority=first("priority") or (category.priority if category else ""),
        scope=first("scope"),
        why=tuple(_told(number, rule) for number, rule in numbered),
    )


def _addressed(mail: ParsedMail, policy: Policy) -> str:
    """The category of the first address of the desk that a mail names, "" for none."""
    for to in (*mail.to, *mail.cc):
        bare = split_subaddress(to.key)[0]
        for category in policy.categories:
            if to.key in category.aliases or bare in category.aliases:
                return category.name
    return ""


def _told(number: int, rule: Rule) -> str:
    fields = ("team", "category", "priority", "scope")
    said = ", ".join(f"{name} {value}" for name in fields if (value := getattr(rule, name)))
    return f"{RULE} {number}: {said}"


def matches(match: Match, mail: ParsedMail) -> bool:
    """Every condition that is given holds."""
    sender = mail.sender.address if mail.sender else ""
    name, _, pattern = match.header.partition(":")
    fields = (
        (match.subject, (mail.subject,)),
        (match.from_, (sender,)),
        (match.to, tuple(a.address for a in (*mail.to, *mail.cc))),
        (match.text, (mail.text[:_MOST_TEXT],)),
        (match.attachment, tuple(a.filename for a in mail.attachments)),
        (pattern.strip(), (mail.header(name),) if name else ()),
    )
    return all(any(_fits(wanted, text) for text in texts) for wanted, texts in fields if wanted)


def _fits(pattern: str, text: str) -> bool:
    wanted, found = pattern.casefold(), text.casefold()
    return fnmatchcase(found, wanted) if "*" in wanted or "?" in wanted else wanted in found
