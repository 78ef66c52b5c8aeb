"""Which ticket a mail belongs to: ordered signals, each with its verdict (pure; DESIGN section 4).

Asked by ``message.decide``; ``clues`` is asked first by ``ingest.gather``, to know what to look up. Every
signal is tried and its verdict kept, so that ``maild why`` can tell; the first that holds wins. Never by
the words of a subject alone, never by Thread-Index.
"""

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from maild.decide import tokens
from maild.decide.classify import MailKind
from maild.decide.decision import Verdict
from maild.decide.facts import Facts, TicketFacts
from maild.decide.policy import Policy
from parsers.addresses import split_subaddress
from parsers.mail import ParsedMail
from parsers.quotes import marker_tokens
from parsers.subject import base_subject, ticket_numbers
from storage.records import Status

# The nearest ancestors say where a mail belongs; a header of thousands is an attack or a mistake.
MOST_REFERENCES = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Clues:
    """What a mail says of its thread, before anything is looked up.

    ``ids``: In-Reply-To, then References newest first (RFC 5322 3.6.4).
    """

    ids: tuple[str, ...]
    own_id: str
    id_tokens: tuple[tokens.Token, ...]
    address_tokens: tuple[tokens.Token, ...]
    marker_tokens: tuple[tokens.Token, ...]
    numbers: tuple[int, ...]

    @property
    def tokens(self) -> tuple[tokens.Token, ...]:
        """Every signed token of the mail, the surest first."""
        return (*self.id_tokens, *self.address_tokens, *self.marker_tokens)


@dataclass(frozen=True, slots=True, kw_only=True)
class Belonging:
    """The outcome: the ticket that the mail joins (None: a new one), its links, and every verdict.

    ``of_team``: the token of a specialist team that was asked; None where it answers none of ours to one.
    """

    ticket: int | None
    links: tuple[int, ...]
    winner: str
    verdicts: tuple[Verdict, ...]
    by_agent_token: bool = False
    of_team: tokens.Token | None = None


def clues(mail: ParsedMail, policy: Policy) -> Clues:
    """Read the clues of a mail."""
    secrets = policy.desk.secrets
    ids = tuple(dict.fromkeys((*mail.in_reply_to, *reversed(mail.references))))[:MOST_REFERENCES]
    returned = (mail.report.original_message_id,) if mail.report and mail.report.original_message_id else ()
    ids = tuple(dict.fromkeys((*returned, *ids)))
    return Clues(
        ids=ids,
        own_id=mail.message_id,
        id_tokens=_tokens(secrets, (*ids, mail.calendar_uid)),
        address_tokens=_tokens(secrets, _plus_tags(mail, policy)),
        marker_tokens=_tokens(secrets, marker_tokens(mail.text)),
        numbers=ticket_numbers(mail.subject, policy.desk.prefix),
    )


def _tokens(secrets: tuple[bytes, ...], texts: Iterable[str]) -> tuple[tokens.Token, ...]:
    return tuple(token for text in texts if text for token in tokens.find(secrets, text))


def _plus_tags(mail: ParsedMail, policy: Policy) -> tuple[str, ...]:
    addresses = (*(a.address for a in (*mail.to, *mail.cc)), *mail.delivered_to)
    split = map(split_subaddress, addresses)
    return tuple(tag for user, tag in split if tag and user.casefold() in policy.desk.addresses)


# ---------------------------------------------------------------------- the signals, in order

Signal = Callable[[ParsedMail, Clues, Facts, Policy], Verdict]


def by_token(mail: ParsedMail, clues: Clues, facts: Facts, policy: Policy) -> Verdict:
    """Signal 1: our own signature; it holds whoever the sender is, unless a mail that is answered more
    directly was split off the ticket that it names."""
    for token in (*clues.id_tokens, *clues.address_tokens):
        state = _signed(token, facts)
        if state is not None and (nearer := _nearer(mail, clues, token, state, facts, policy)):
            return Verdict(signal="token", holds=False, ticket=state.ticket.id, why=nearer)
        if state is not None:
            return Verdict(signal="token", holds=True, ticket=state.ticket.id, why="a token that we signed")
    if clues.id_tokens or clues.address_tokens:
        return Verdict(
            signal="token", holds=False, ticket=None, why="a signed token of a ticket not known here"
        )
    return Verdict(signal="token", holds=False, ticket=None, why="no token of ours")


def _signed(token: tokens.Token, facts: Facts) -> TicketFacts | None:
    """The ticket that a token names; of a notification the one where its mail lies by now."""
    found = facts.by_key.get(token.key)
    if found is not None and token.purpose is tokens.Purpose.NOTIFICATION:
        found = facts.moved.get(token.cause, found)
    return facts.survivor(found) if found is not None else None


def _nearer(
    mail: ParsedMail, clues: Clues, token: tokens.Token, state: TicketFacts, facts: Facts, policy: Policy
) -> str:
    """A mail that this one answers more directly lies on another ticket, where its sender takes part: it was
    split off the token's. "" where nothing does."""
    for id_ in itertools.takewhile(lambda one: token.serial not in one.lower(), clues.ids):
        others = [facts.survivor(number) for number in facts.by_reference.get(id_, ())]
        first = others[0] if others and state not in others else None
        if first is not None and _if_known(mail, first, policy, "references", "").holds:
            return f"<{id_}>, which it answers more directly, belongs to another ticket"
    return ""


def by_references(mail: ParsedMail, clues: Clues, facts: Facts, policy: Policy) -> Verdict:
    """Signal 2: In-Reply-To, then References newest first, against every Message-ID ever seen or quoted."""
    for id_ in clues.ids:
        for found in facts.by_reference.get(id_, ()):
            state = facts.survivor(found)
            if state is not None:
                return _if_known(mail, state, policy, "references", f"<{id_}> belongs to this ticket")
    if not facts.twins:
        for found in facts.by_reference.get(clues.own_id, ()) if clues.own_id else ():
            state = facts.survivor(found)
            if state is not None:
                return _if_known(
                    mail, state, policy, "references", f"<{clues.own_id}> was quoted in this ticket"
                )
    why = "names no Message-ID" if not clues.ids else f"none of {len(clues.ids)} Message-IDs was ever seen"
    return Verdict(signal="references", holds=False, ticket=None, why=why)


def by_subject(mail: ParsedMail, clues: Clues, facts: Facts, policy: Policy) -> Verdict:
    """Signal 3: the ticket's number in the subject, from somebody who takes part in it, or from an agent."""
    for number in clues.numbers:
        state = facts.survivor(number)
        if state is not None:
            tag = f"[{policy.desk.number(number)}] in the subject"
            return _if_of_the_desk(mail, state, policy, "subject", tag)
    why = "no ticket number" if not clues.numbers else "names a ticket that does not exist"
    return Verdict(signal="subject", holds=False, ticket=None, why=why)


def by_marker(mail: ParsedMail, clues: Clues, facts: Facts, policy: Policy) -> Verdict:
    """Signal 4: the marker under our own separator line, from somebody who takes part, or of a team."""
    for token in clues.marker_tokens:
        state = _signed(token, facts)
        if state is not None and token.purpose is tokens.Purpose.CONSULTATION:
            # Whoever answers for a team writes from an address of his own.
            why = "our separator line with the marker of a team that was asked"
            return Verdict(signal="marker", holds=True, ticket=state.ticket.id, why=why)
        if state is not None:
            return _if_member(mail, state, "marker", "our separator line with this ticket's marker")
    return Verdict(signal="marker", holds=False, ticket=None, why="no marker of ours in the text")


SIGNALS: tuple[Signal, ...] = (by_token, by_references, by_subject, by_marker)


def _if_member(mail: ParsedMail, state: TicketFacts, signal: str, hit: str) -> Verdict:
    if mail.sender is not None and mail.sender.key in state.participants:
        return Verdict(signal=signal, holds=True, ticket=state.ticket.id, why=hit)
    return Verdict(
        signal=signal, holds=False, ticket=state.ticket.id, why=f"{hit}, but the sender takes no part in it"
    )


def _if_of_the_desk(mail: ParsedMail, state: TicketFacts, policy: Policy, signal: str, hit: str) -> Verdict:
    """Who takes part, and an agent, who works on every ticket: what he may do there is asked elsewhere."""
    if mail.sender is not None and policy.agent(mail.sender.address) is not None:
        why = f"{hit}; the sender is an agent"
        return Verdict(signal=signal, holds=True, ticket=state.ticket.id, why=why)
    return _if_member(mail, state, signal, hit)


def _if_known(mail: ParsedMail, state: TicketFacts, policy: Policy, signal: str, hit: str) -> Verdict:
    verdict = _if_of_the_desk(mail, state, policy, signal, hit)
    if verdict.holds:
        return verdict
    others = {a.key for a in (*mail.to, *mail.cc)} - policy.desk.addresses
    if others & state.participants:
        return Verdict(
            signal=signal, holds=True, ticket=state.ticket.id, why=f"{hit}; a reply-all among participants"
        )
    return verdict


# ---------------------------------------------------------------------- what beats every signal


def is_same_topic(mail: ParsedMail, state: TicketFacts, facts: Facts, policy: Policy) -> bool:
    """The subject is still that of the ticket, or of one that was merged into it."""
    merged = (t for t in facts.tickets.values() if facts.survivor(t.ticket.id) == state)
    return any(_is_topic_of(mail, one, policy) for one in (state, *merged))


def _is_topic_of(mail: ParsedMail, state: TicketFacts, policy: Policy) -> bool:
    # Tags, prefixes and what a client cut off do not count.
    if state.ticket.id in ticket_numbers(mail.subject, policy.desk.prefix):
        return True
    here, there = (" ".join(base_subject(s).casefold().split()) for s in (mail.subject, state.ticket.subject))
    if not here or not there:
        return True
    shorter, longer = sorted((here, there), key=len)
    return shorter == longer or (len(shorter) >= 8 and shorter in longer)


def belonging(mail: ParsedMail, kind: MailKind, clues: Clues, facts: Facts, policy: Policy) -> Belonging:
    """Try every signal and weigh the verdicts."""
    verdicts = tuple(signal(mail, clues, facts, policy) for signal in SIGNALS)
    if kind.is_automatic or kind is MailKind.SENT:
        verdicts = tuple(_for_a_program(v) for v in verdicts)
    winner = next((v for v in verdicts if v.holds and v.ticket is not None), None)
    strangers = tuple(dict.fromkeys(v.ticket for v in verdicts if v.ticket is not None and not v.holds))
    if winner is None or winner.ticket is None:
        reason = "stranger" if strangers else "new"
        return Belonging(ticket=None, links=strangers, winner=reason, verdicts=verdicts)
    state = facts.tickets[winner.ticket]
    by_agent_token = any(
        t.purpose in (tokens.Purpose.NOTIFICATION, tokens.Purpose.ANSWER, tokens.Purpose.VISIT)
        for t in clues.tokens
    )
    by_person = kind in (MailKind.PERSON, MailKind.AGENT)
    of_team = _of_team(mail, clues, state, facts, policy) if by_person else None
    # Whoever is nobody here begins anew, also with a letter that somebody of the desk gave him.
    is_anybodys = not by_agent_token or (kind is MailKind.PERSON and state.ticket.is_erased)
    if by_person and is_anybodys and of_team is None:
        for name, overrules in OVERRULING:
            if why := overrules(mail, clues, state, facts, policy):
                over = Verdict(signal=name, holds=True, ticket=None, why=why)
                links = tuple(dict.fromkeys((state.ticket.id, *strangers)))
                return Belonging(ticket=None, links=links, winner=name, verdicts=(over, *verdicts))
    return Belonging(
        ticket=state.ticket.id,
        links=(),
        winner=winner.signal,
        verdicts=verdicts,
        by_agent_token=by_agent_token,
        of_team=of_team,
    )


def _of_team(
    mail: ParsedMail, clues: Clues, state: TicketFacts, facts: Facts, policy: Policy
) -> tokens.Token | None:
    """The token of what a team was asked, where that is what this mail answers.

    Who takes part in the ticket may have had it from the team: his own words are no team's.
    """
    nearest = next(iter(clues.tokens), None)
    if nearest is None or nearest.purpose is not tokens.Purpose.CONSULTATION:
        return None
    asked = facts.survivor(facts.by_key.get(nearest.key, 0))
    if asked != state or _autocompleted(mail, clues, state, facts, policy):
        return None
    sender = mail.sender.address if mail.sender else ""
    takes_part = sender.casefold() in state.participants and policy.agent(sender) is None
    return None if takes_part and not nearest.is_for(sender) else nearest


def _for_a_program(verdict: Verdict) -> Verdict:
    # A daemon takes no part in any ticket, and shows nothing to anybody: what it names is where it belongs.
    if verdict.ticket is None or verdict.holds or verdict.signal != "references":
        return verdict
    return Verdict(
        signal=verdict.signal, holds=True, ticket=verdict.ticket, why=f"{verdict.why}, as programs do not"
    )


def _forward(mail: ParsedMail, clues: Clues, state: TicketFacts, facts: Facts, policy: Policy) -> str:
    return "a forward is a new matter" if mail.is_forward else ""


def _autocompleted(mail: ParsedMail, clues: Clues, state: TicketFacts, facts: Facts, policy: Policy) -> str:
    fresh = bool(clues.address_tokens) and not clues.id_tokens and not any(clues.ids)
    return "an autocompleted address" if fresh and not is_same_topic(mail, state, facts, policy) else ""


def _other_subject(mail: ParsedMail, clues: Clues, state: TicketFacts, facts: Facts, policy: Policy) -> str:
    # The answer to an invitation of ours is called as that is, and names no other mail (RFC 5546).
    ours = bool(mail.calendar_uid) and bool(_tokens(policy.desk.secrets, (mail.calendar_uid,)))
    same = ours or is_same_topic(mail, state, facts, policy)
    return "" if same else "the subject is another one than the ticket's"


def _closed(mail: ParsedMail, clues: Clues, state: TicketFacts, facts: Facts, policy: Policy) -> str:
    if state.ticket.is_erased:
        return "the ticket was erased"
    ended = state.ticket.status in (Status.CLOSED, Status.SPAM)
    return f"the ticket is {state.ticket.status.value}" if ended else ""


AUTOCOMPLETED = "autocompleted"
# The first that speaks makes a new ticket, linked to the one that the signals named.
OVERRULING: tuple[tuple[str, Callable[[ParsedMail, Clues, TicketFacts, Facts, Policy], str]], ...] = (
    ("forward", _forward),
    (AUTOCOMPLETED, _autocompleted),
    ("other_subject", _other_subject),
    ("closed", _closed),
)
