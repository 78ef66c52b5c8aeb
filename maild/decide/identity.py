"""What a sender has proven: token, aligned authentication, or Exchange's own word (pure).

Asked by ``classify`` and ``commands`` before any power is used (DESIGN section 6). ``From`` alone proves
nothing. Malformed headers prove nothing and raise nothing.
"""

from dataclasses import dataclass

import authres

from maild.arrival import Source
from maild.decide import tokens
from maild.decide.facts import Facts
from maild.decide.policy import Agent, Policy
from parsers.mail import ParsedMail

# Reading more would be reading what the sender wrote below our own server's header.
_MOST_RESULTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Whether somebody is who he says, and by what; ``why`` is the line that log and agent read."""

    holds: bool
    why: str


def is_ours(mail: ParsedMail, policy: Policy) -> tokens.Token | None:
    """The token of our own signed header on a mail from one of our addresses; None for anybody else's."""
    if mail.sender is None or mail.sender.key not in policy.desk.addresses:
        return None
    found = tokens.find(policy.desk.secrets, mail.header("X-Maild"))
    return next((t for t in found if t.purpose is tokens.Purpose.SELF), None)


def dmarc(mail: ParsedMail, policy: Policy) -> str:
    """ "pass", "fail" or "": what the topmost trusted Authentication-Results says (RFC 8601, 7489)."""
    results = _trusted(mail, policy)
    if results is None:
        return ""
    domain = mail.sender.address.rpartition("@")[2].casefold() if mail.sender else ""
    verdicts = {
        str(r.result).casefold() for r in results.results if r.method == "dmarc" and _is_of(r, domain)
    }
    return "pass" if "pass" in verdicts else "fail" if "fail" in verdicts else ""


def _is_of(result: "authres.AuthenticationResult", domain: str) -> bool:
    said = {
        str(p.value).casefold().rpartition("@")[2]
        for p in result.properties
        if (p.type, p.name) == ("header", "from")
    }
    return not said or domain in said


def _trusted(mail: ParsedMail, policy: Policy) -> "authres.AuthenticationResultsHeader | None":
    wanted = {name.casefold() for name in policy.trusted_authserv_ids}
    for value in mail.authentication_results[:_MOST_RESULTS]:
        if value.split(";")[0].split()[:1] and value.split(";")[0].split()[0].casefold() in wanted:
            try:
                return authres.AuthenticationResultsHeader.parse(f"Authentication-Results: {value}")
            except (authres.AuthResError, ValueError, IndexError, TypeError):
                return None
    return None


def proof(
    mail: ParsedMail, agent: Agent, found: tuple[tokens.Token, ...], facts: Facts, policy: Policy
) -> Proof:
    """Whether this mail from an agent's address may act as the agent.

    Args:
        found: the signed tokens that the mail carries.
    """
    for name, test in _PROOFS:
        if name in policy.proof and (why := test(mail, agent, found, facts, policy)):
            return Proof(holds=True, why=why)
    return Proof(holds=False, why=f"no proof of {' or '.join(policy.proof)}")


def of_desk(mail: ParsedMail, facts: Facts, policy: Policy) -> str:
    """What proves that a mail from one of our own addresses was written there, "" when nothing does.

    A token proves it to nobody: requesters hold tokens.
    """
    if mail.sender is None or mail.sender.key not in policy.desk.addresses:
        return ""
    found = proof(mail, Agent(name="", address=mail.sender.address), (), facts, policy)
    return found.why if found.holds else ""


def _by_token(
    mail: ParsedMail, agent: Agent, found: tuple[tokens.Token, ...], facts: Facts, policy: Policy
) -> str:
    # The UID of an invitation is made for the desk itself: only the letter around it is for one person.
    internal = (
        tokens.Purpose.NOTIFICATION,
        tokens.Purpose.ANSWER,
        tokens.Purpose.CONSULTATION,
        tokens.Purpose.VISIT,
    )
    mine = any(t.purpose in internal and t.is_for(agent.address) for t in found)
    return "the token of a mail sent to this agent" if mine else ""


def _by_dmarc(
    mail: ParsedMail, agent: Agent, found: tuple[tokens.Token, ...], facts: Facts, policy: Policy
) -> str:
    return "dmarc=pass from a trusted server" if dmarc(mail, policy) == "pass" else ""


def _by_exchange(
    mail: ParsedMail, agent: Agent, found: tuple[tokens.Token, ...], facts: Facts, policy: Policy
) -> str:
    # Exchange strips this header from outside mail; a mail by our own SMTP door never met Exchange.
    internal = mail.header("X-MS-Exchange-Organization-AuthAs").strip().casefold() == "internal"
    return "sent inside the Exchange organisation" if internal and facts.source is not Source.DOOR else ""


_PROOFS = (("token", _by_token), ("dmarc", _by_dmarc), ("m365", _by_exchange))
