"""Who may use the service: what the configuration, or a person, says of an address (pure).

Asked by ``consequences`` for each new ticket, and by ``ingest.gather``, to know whose standing to look up.
A person is served whatever the answer: an unknown one is only marked, for the feasibility analysis. One look
a level of the domain, however many entities there are.
"""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from maild.decide.policy import Beneficiary, Policy
from parsers.commands import command_key
from storage.records import Standing

NOT_ASKED = Standing(status="")
UNKNOWN = Standing(status="unknown")


def register(beneficiaries: Iterable[Beneficiary]) -> Mapping[str, Standing]:
    """Address or domain -> who that is; made once. Of an address that is there twice the first counts."""
    found: dict[str, Standing] = {}
    for one in beneficiaries:
        known = Standing(status=one.status, entity=one.entity)
        for address in one.addresses:
            found.setdefault(_plain(address), known)
        for domain in one.domains:
            found.setdefault(_plain(domain.strip().lstrip("@*.")), known)
    return MappingProxyType(found)


def standing(address: str, policy: Policy, settled: Mapping[str, Standing]) -> Standing:
    """Who writes from an address: by its own entry, by the nearest of its domains, or as people settled it.

    Args:
        settled: case folded address -> what people settled of it.
    """
    if not policy.beneficiaries:
        return NOT_ASKED
    known = _configured(address, policy)
    return known or settled.get(address.casefold(), UNKNOWN)


def is_unknown(address: str, policy: Policy) -> bool:
    """The configuration says nothing of this address, though it says who may use the service."""
    return bool(policy.beneficiaries and address) and _configured(address, policy) is None


def of_entity(entity: str, policy: Policy) -> Standing:
    """An entity that a person names: as it is configured, else one that may use the service."""
    wanted = _key(entity)
    named = (known for known in policy.beneficiaries.values() if _key(known.entity) == wanted)
    return next(named, Standing(status="yes", entity=" ".join(entity.split())))


def _configured(address: str, policy: Policy) -> Standing | None:
    return next((known for name in _names(address) if (known := policy.beneficiaries.get(name))), None)


def _names(address: str) -> Iterator[str]:
    """An address, its domain, and the domains above that."""
    whole = _plain(address)
    yield whole
    domain = whole.rpartition("@")[2]
    while domain:
        yield domain
        domain = domain.partition(".")[2]


def _plain(name: str) -> str:
    """An address or domain as it is looked up: case folded, its domain as it stands in the DNS (RFC 5891)."""
    local, at, domain = name.casefold().rstrip(".").rpartition("@")
    if not domain.isascii():
        try:
            domain = domain.encode("idna").decode("ascii")
        except UnicodeError:
            return local + at + domain  # no such domain can be: it is compared as it is written
    return local + at + domain


def _key(entity: str) -> str:
    return command_key(" ".join(entity.split()))
