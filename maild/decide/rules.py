"""The operator's rules: what a mail suggests for team, category, priority and scope (pure).

Asked by ``message.decide`` for new tickets. Rules suggest, people decide; for each field the first rule
that matches wins, and an address that stands for a category comes after them. A rule without any condition
matches everything. ``unheard`` finds the rules that earlier ones leave nothing to say, for ``config check``
and ``doctor``.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from maild.decide.policy import Match, Policy, Rule
from parsers.addresses import split_subaddress
from parsers.mail import ParsedMail

DEFAULT_TEAM = "desk"
# So begins, among the reasons of a message, the one that says which rule spoke.
RULE = "rule"
# What a rule may suggest.
FIELDS = ("team", "category", "priority", "scope")
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
    said = ", ".join(f"{name} {value}" for name in FIELDS if (value := getattr(rule, name)))
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
    return fnmatchcase(found, wanted) if _is_glob(wanted) else wanted in found


def _is_glob(pattern: str) -> bool:
    return "*" in pattern or "?" in pattern


# ---------------------------------------------------------------------- rules that are never heard


@dataclass(frozen=True, slots=True, kw_only=True)
class Unheard:
    """A rule that changes nothing: whatever it suggests, earlier ones have suggested for the same mails.

    ``number`` and ``behind``: places in the configuration, from 1.
    """

    number: int
    behind: tuple[int, ...]


def unheard(rules: Sequence[Rule]) -> tuple[Unheard, ...]:
    """The rules that can be left out without any mail's noticing.

    What is found is so; that some other rule is left nothing by several together may go unseen.
    """
    found = ((number, _before(rule, rules[: number - 1])) for number, rule in enumerate(rules, 1))
    return tuple(Unheard(number=number, behind=behind) for number, behind in found if behind)


def _before(rule: Rule, earlier: Sequence[Rule]) -> tuple[int, ...]:
    """The first that speaks before ``rule`` in each field that it has; () where one is left to it."""
    wider = [(number, each) for number, each in enumerate(earlier, 1) if _is_wider(each.match, rule.match)]
    fields = [name for name in FIELDS if getattr(rule, name)]
    first = [next((number for number, each in wider if getattr(each, name)), 0) for name in fields]
    return tuple(sorted(set(first))) if all(first) else ()


def _is_wider(wide: Match, narrow: Match) -> bool:
    """Every mail that ``narrow`` matches is matched by ``wide``."""
    pairs = (
        (wide.subject, narrow.subject),
        (wide.from_, narrow.from_),
        (wide.to, narrow.to),
        (wide.text, narrow.text),
        (wide.attachment, narrow.attachment),
    )
    (name, pattern), (named, other) = (_header(match) for match in (wide, narrow))
    same = not pattern or (name == named and bool(other) and _holds_all(pattern, other))
    return same and all(not one or (bool(other) and _holds_all(one, other)) for one, other in pairs)


def _header(match: Match) -> tuple[str, str]:
    name, _, pattern = match.header.partition(":")
    return name.casefold(), pattern.strip()


def _holds_all(wide: str, narrow: str) -> bool:
    """Every text that fits ``narrow`` fits ``wide``; False also where that is not plain to see."""
    wide, narrow = wide.casefold(), narrow.casefold()
    if wide == narrow:
        return True
    globs = [_is_glob(wide), _is_glob(narrow)]
    if not any(globs):
        return wide in narrow
    # A set of characters, and one unknown one, could be compared only by listing what they stand for.
    if any("[" in text for text, glob in zip((wide, narrow), globs, strict=True) if glob):
        return False
    if not globs[0]:
        return any(wide in part for part in re.split(r"[*?]", narrow))
    # What is not known of the narrow text stands at its own wildcards, where only one of the wide may stand.
    return "?" not in wide and fnmatchcase(narrow if globs[1] else f"*{narrow}*", wide)
