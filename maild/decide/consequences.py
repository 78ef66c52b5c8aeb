"""The changes that mails of several kinds bring about, one by one (pure).

Asked by the judges of ``message``. None of these decides whether: each says what the change is.
"""

from collections.abc import Iterable
from dataclasses import replace

from maild.decide import autoresponse, language, rules, sla, standing, threads
from maild.decide.case import NOBODY, Case
from maild.decide.decision import (
    AddParticipants,
    AnswerAgent,
    Notify,
    OpenTicket,
    RememberIds,
    SendReceipt,
    StartClock,
    WithholdReceipt,
)
from maild.decide.facts import Facts, TicketFacts
from maild.decide.policy import Agent, Policy
from parsers.addresses import Address
from parsers.mail import ParsedMail
from storage.records import Standing

# A mail to hundreds is an announcement; more participants than this would make strangers members.
MOST_PARTICIPANTS = 50


def number_of(state: TicketFacts, policy: Policy) -> str:
    """A ticket's number as people write it."""
    return policy.desk.number(state.ticket.id)


def opened(case: Case) -> OpenTicket:
    """The new ticket of a mail."""
    mail, facts, policy = case.mail, case.facts, case.policy
    spoken = language.of_answer(mail, case.new.text, case.belongs, facts, policy)
    ticket = opened_for(answerable(mail), case, subject=mail.subject, language=spoken)
    return replace(
        ticket,
        links=case.belongs.links,
        backlog=is_backlog(facts, policy),
    )


def opened_for(requester: Address, case: Case, *, subject: str, language: str) -> OpenTicket:
    """A new ticket of somebody, where the rules put what the mail says."""
    place, known = rules.suggestion(case.mail, case.policy), standing_of(requester.address, case)
    return OpenTicket(
        subject=subject,
        requester=requester,
        language=language,
        team=place.team,
        category=place.category,
        priority=place.priority,
        scope=place.scope,
        standing=known.status,
        entity=known.entity,
        why=place.why,
    )


def standing_of(address: str, case: Case) -> Standing:
    """Who writes from an address, as far as that is known."""
    return standing.standing(address, case.policy, case.facts.settled)


def answerable(mail: ParsedMail) -> Address:
    """Who is answered: the sender, or where the sender asks for it another of the same domain."""
    # Reply-To may point to a third party (backscatter): it counts only within the sender's own domain.
    sender = mail.sender or NOBODY
    domain = sender.key.rpartition("@")[2]
    same = (a for a in mail.reply_to if domain and a.key.rpartition("@")[2] == domain)
    return next(same, sender)


def everybody(mail: ParsedMail, policy: Policy) -> AddParticipants:
    """Who takes part in the ticket that a mail opens."""
    requester = answerable(mail)
    people: dict[str, tuple[Address, str]] = {}
    for address, role in ((requester, "requester"), (mail.sender or NOBODY, "requester")):
        people.setdefault(address.key, (address, role))
    for address in (*mail.to, *mail.cc):
        people.setdefault(address.key, (address, "watcher"))
    return AddParticipants(people=_outside(people, policy))


def new_people(mail: ParsedMail, state: TicketFacts, policy: Policy) -> tuple[AddParticipants, ...]:
    """Who takes part from now on because a mail on the ticket names them."""
    # Who only holds a token may add to the thread; that lets nobody hear what is answered in it. A mail
    # from or to one who takes part brings its people in.
    known = {a.key for a in (mail.sender or NOBODY, *mail.to, *mail.cc)} & state.participants
    if not known:
        return ()
    people = {a.key: (a, "watcher") for a in (mail.sender or NOBODY, *mail.to, *mail.cc)}
    fresh = {key: person for key, person in people.items() if key not in state.participants}
    added = _outside(fresh, policy)[: max(0, MOST_PARTICIPANTS - len(state.participants))]
    return (AddParticipants(people=added),) if added else ()


def addressed(case: Case, state: TicketFacts) -> tuple[AddParticipants, ...]:
    """Whom the desk itself has written to about the ticket: they take part, its own people do not."""
    known = state.participants | staff(state, case.policy)
    people = {a.key: (a, "watcher") for a in (*case.mail.to, *case.mail.cc) if a.key not in known}
    added = _outside(people, case.policy)[: max(0, MOST_PARTICIPANTS - len(state.participants))]
    return (AddParticipants(people=added),) if added else ()


def staff(state: TicketFacts, policy: Policy) -> frozenset[str]:
    """The addresses of agents and teams, case folded; not that of one who asks for help himself."""
    theirs = (*(a.address for a in policy.agents), *(t.address for t in policy.teams if t.address))
    return frozenset(map(str.casefold, theirs)) - {state.ticket.requester_address.casefold()}


def _outside(people: dict[str, tuple[Address, str]], policy: Policy) -> tuple[tuple[Address, str], ...]:
    theirs = (p for key, p in people.items() if "@" in key and key not in policy.desk.addresses)
    return tuple(theirs)[:MOST_PARTICIPANTS]


def remembered(case: Case, ticket: int | None) -> RememberIds:
    """Every Message-ID that a mail has or names, for its ticket; None for a new one."""
    mail = case.mail
    own = () if case.facts.twins else (mail.message_id,)
    ids = (*own, *mail.in_reply_to, *reversed(mail.references))[: threads.MOST_REFERENCES]
    return RememberIds(message_ids=new_ids(ticket, ids, case.facts))


def new_ids(ticket: int | None, ids: tuple[str, ...], facts: Facts) -> tuple[str, ...]:
    """Of these Message-IDs the ones that the ticket has not got yet."""
    known = facts.by_reference
    return tuple(
        id_ for id_ in dict.fromkeys(ids) if id_ and (ticket is None or ticket not in known.get(id_, ()))
    )


def clock(team: str, category: str, facts: Facts, policy: Policy, *, first: bool) -> StartClock:
    """A person wrote: a person must act until then."""
    limits = sla.limits(facts.arrived_at, policy, category=category, team=team)
    return StartClock(
        first=first,
        started_at=facts.arrived_at,
        near_at=limits.near_at,
        due_at=limits.due_at,
        next_at=limits.next_at,
        span=limits.span,
        desk=limits.desk,
    )


def receipt(case: Case, language: str, clock: StartClock) -> SendReceipt | WithholdReceipt:
    """The acknowledgement of a new ticket, or why it must not leave."""
    to = answerable(case.mail)
    reasons = autoresponse.objections(case.mail, case.facts, case.policy)
    if reasons:
        # Only what a budget alone holds back is news to the administrator; the rest is as it should be.
        over = len(reasons) == 1 and reasons[0].startswith("budget")
        return WithholdReceipt(reasons=reasons, to=to.address, over_budget=over)
    return SendReceipt(to=to, language=language, due_at=clock.due_at)


def is_backlog(facts: Facts, policy: Policy) -> bool:
    """Mail so old, found on a first start or after an outage, that it is told of and answered otherwise."""
    return facts.now - facts.arrived_at > policy.budget.receipt_max_age


def told(
    sender: str, team: str, clock: StartClock | None, facts: Facts, policy: Policy, *, assignee: str = ""
) -> tuple[Notify, ...]:
    """Who hears of a mail: the assignee, else the team.

    Args:
        sender: whose mail it is, case folded; "" for nobody's.
    """
    if is_backlog(facts, policy):
        return ()  # old mail is told of in one digest
    recipients = recipients_of(team, facts, policy, assignee=assignee)
    if not recipients:
        return _when_back(team, policy)
    others = _without_sender(sender, recipients, facts, policy)
    now = tuple(one for one in others if one[0].casefold() not in facts.flooded)
    later = tuple(address for address, _ in others if address.casefold() in facts.flooded)
    due_at = clock.due_at if clock else None
    absent = _absent(assignee, facts, policy)
    return (Notify(recipients=now, due_at=due_at, in_digest=later, absent=absent),) if others else ()


def _when_back(team: str, policy: Policy) -> tuple[Notify, ...]:
    """Everybody is away: whoever comes back first finds it in a digest."""
    people = tuple(a.address for a in policy.members(team) or policy.agents)
    return (Notify(recipients=(), due_at=None, in_digest=people),) if people else ()


def _absent(assignee: str, facts: Facts, policy: Policy) -> str:
    """The name of an assignee who is away; "" where nobody is missed."""
    own = policy.agent(assignee) if assignee else None
    return own.name if own is not None and not own.is_present(policy.desk.day(facts.now)) else ""


def _without_sender(
    sender: str, recipients: tuple[tuple[str, str], ...], facts: Facts, policy: Policy
) -> tuple[tuple[str, str], ...]:
    """Nobody is told of his own mail: where a program sent it, telling and answering would never end.

    A mail from the one address that would hear of it is told to whoever else is there.
    """
    others = tuple((address, _) for address, _ in recipients if address.casefold() != sender)
    if others or not recipients:
        return others
    rest = recipients_of("", facts, policy)
    return tuple((address, _) for address, _ in rest if address.casefold() != sender)


def recipients_of(
    team: str, facts: Facts, policy: Policy, *, assignee: str = ""
) -> tuple[tuple[str, str], ...]:
    """(address, language) of those who hear of a ticket: its assignee, else its team, never the absent."""
    today = policy.desk.day(facts.now)
    own = policy.agent(assignee) if assignee else None
    if own is not None and own.is_present(today):
        return ((own.address, own.language),)
    table = next((t for t in policy.teams if t.name == team and t.address), None)
    if table is not None:
        return ((table.address, policy.desk.languages[0]),)
    members = tuple(a for a in policy.members(team) if a.is_present(today)) or tuple(
        a for a in policy.agents if a.is_present(today)
    )
    return tuple((a.address, a.language) for a in members)


def hearers(
    names: Iterable[str],
    team: str,
    facts: Facts,
    policy: Policy,
    *,
    without: str = "",
    one_knows: bool = False,
) -> tuple[tuple[str, str], ...]:
    """(address, language) of the first of these agents who is there, else of those of the team who are.

    Args:
        names: of agents; "" for nobody.
        without: whose own words they are, case folded.
        one_knows: what one of the agents wrote is told to no team.
    """
    agents = [agent for name in names if name and (agent := policy.agent(name))]
    for agent in agents:
        if agent.is_present(policy.desk.day(facts.now)) and agent.address.casefold() != without:
            return ((agent.address, agent.language),)
    if one_knows and any(agent.address.casefold() == without for agent in agents):
        return ()
    others = recipients_of(team, facts, policy)
    return tuple(one for one in others if one[0].casefold() != without)


def answer(agent: Agent, lines: tuple[str, ...], state: TicketFacts | None, facts: Facts) -> AnswerAgent:
    """What an agent is told of his mail."""
    return AnswerAgent(
        to=Address(agent.name, agent.address),
        language=agent.language,
        lines=lines,
        withheld=autoresponse.agent_over_budget(state, facts),
    )
