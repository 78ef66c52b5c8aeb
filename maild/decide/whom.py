"""Whom a person means by a word or two: an agent, a team, or nobody for certain (pure).

Asked by the verbs that hand something to somebody, by mail and from the shell.
"""

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from maild.decide.policy import Agent, Policy, Team
from parsers.folding import folded

_ADDRESS = re.compile(r"[^\s<>()\[\]:;,\"]+@[^\s<>()\[\]:;,\"]+")
_BEFORE = re.compile(
    r"(?:(?:à|a|au|to|an|aan|für|voor)\s+)?(?:(?:l['’]|la |the |het |das )?(?:équipe|equipe|team)\s+)?@?",
    re.IGNORECASE,
)
_MYSELF = frozenset(("moi", "moi-meme", "me", "myself", "mij", "mezelf", "ich", "mich", "mir"))
# Fewer letters than this are the beginning of too much.
_LEAST = 2
_MOST_NAMED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfound:
    """Nobody for certain. ``near``: who was probably meant, "" for nobody. ``choices``: whom there is, or
    where there are ``several`` whom it may be."""

    near: str
    choices: tuple[str, ...]
    several: bool = False


def whom(policy: Policy, wanted: str, me: Agent) -> Agent | Team | Unfound:
    """The agent or the team that ``me`` names.

    An agent by address, what stands before its @, name or words of it; a team by name; either by a beginning
    that no other has.
    """
    address = _ADDRESS.search(wanted)
    text = address[0] if address else " ".join(wanted.split()).rstrip(".,;:!")
    for name in dict.fromkeys((text, _BEFORE.sub("", text, count=1))):
        if folded(name) in _MYSELF and policy.agent(me.address) is not None:
            return me
        for found in (_called(policy, name), _begun(policy, name)):
            if len(found) == 1:
                return found[0]
            if found:
                return Unfound(near="", choices=tuple(map(_shown, found)), several=True)
    return _nobody(policy, text)


def _shown(one: Agent | Team) -> str:
    """How somebody is named where it must be plain who it is."""
    return f"{one.name} <{one.address}>" if isinstance(one, Agent) else one.name


def teams(policy: Policy) -> tuple[Team, ...]:
    """Every team: those with a table of their own, and those that agents name."""
    tables = {team.name: team for team in policy.teams}
    named = {name: Team(name=name) for agent in policy.agents for name in agent.teams}
    return tuple((named | tables).values())


def _called(policy: Policy, name: str) -> tuple[Agent | Team, ...]:
    exact = tuple(team for team in teams(policy) if folded(team.name) == folded(name))
    return exact or policy.called(name)


def _begun(policy: Policy, name: str) -> tuple[Agent | Team, ...]:
    if len(name) < _LEAST:
        return ()
    everybody: tuple[Agent | Team, ...] = (*policy.agents, *teams(policy))
    return tuple(one for one in everybody if any(key.startswith(folded(name)) for key in _keys(one)))


def _keys(one: Agent | Team) -> Iterator[str]:
    name = folded(one.name)
    yield name
    yield from name.split()
    if isinstance(one, Agent):
        yield folded(one.address)


def _nobody(policy: Policy, wanted: str) -> Unfound:
    everybody: tuple[Agent | Team, ...] = (*policy.agents, *teams(policy))
    by_key = {key: one for one in reversed(everybody) for key in (*_keys(one), folded(one.name))}
    near = difflib.get_close_matches(folded(wanted), by_key, n=1, cutoff=0.6)
    return Unfound(
        near=by_key[near[0]].name if near else "",
        choices=tuple(one.name for one in everybody)[:_MOST_NAMED],
    )
