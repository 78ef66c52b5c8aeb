"""Who may use the service: by address, by the nearest domain, or as people settled it."""

import pytest

from maild.decide.policy import Beneficiary, Policy
from maild.decide.standing import is_unknown, of_entity, register, standing
from storage.records import Standing
from tests.maild.decide.cases import policy

LISTED = (
    Beneficiary(
        entity="FWB", domains=("cfwb.be", "@ministere.test", "*.ecole.test"), addresses=("Anne@x.be",)
    ),
    Beneficiary(entity="Commune", domains=("commune.cfwb.be",), status="study"),
    Beneficiary(entity="Journal", domains=("journal.test",), addresses=("marc@cfwb.be",), status="no"),
    Beneficiary(entity="Été", domains=("été.be",)),
)
DESK = policy(beneficiaries=register(LISTED))


@pytest.mark.parametrize(
    ("address", "status", "entity"),
    [
        ("jean@cfwb.be", "yes", "FWB"),
        ("JEAN@CFWB.BE", "yes", "FWB"),
        ("jean@cfwb.be.", "yes", "FWB"),
        ("jean@a.b.cfwb.be", "yes", "FWB"),
        ("jean@commune.cfwb.be", "study", "Commune"),
        ("jean@sub.commune.cfwb.be", "study", "Commune"),
        ("marc@cfwb.be", "no", "Journal"),
        ("anne@x.be", "yes", "FWB"),
        ("other@x.be", "unknown", ""),
        ("jean@notcfwb.be", "unknown", ""),
        ("jean@cfwb.be.forger.test", "unknown", ""),
        ("cfwb.be@forger.test", "unknown", ""),
        ("jean@be", "unknown", ""),
        ("jean@ministere.test", "yes", "FWB"),
        ("jean@ecole.test", "yes", "FWB"),
        ("jean@a.ecole.test", "yes", "FWB"),
        ("jean@été.be", "yes", "Été"),
        ("jean@xn--t-9fab.be", "yes", "Été"),
        ("jean@\u2024\u2024.be", "unknown", ""),
        ("jean", "unknown", ""),
        ("", "unknown", ""),
    ],
)
def test_who_writes(address: str, status: str, entity: str) -> None:
    """The address itself first, then the nearest of its domains."""
    assert standing(address, DESK, {}) == Standing(status=status, entity=entity)
    assert is_unknown(address, DESK) is (status == "unknown" and bool(address))


def test_what_people_settled_counts_where_the_configuration_is_silent() -> None:
    """And only there: what is configured later stands."""
    settled = {a: Standing(status="no") for a in ("marc@ailleurs.test", "jean@cfwb.be")}
    assert standing("Marc@ailleurs.test", DESK, settled).status == "no"
    assert standing("jean@cfwb.be", DESK, settled).status == "yes"


@pytest.mark.parametrize("desk", [policy(), Policy(desk=policy().desk)])
def test_nobody_is_asked_where_nothing_is_configured(desk: Policy) -> None:
    """No standing, and nobody to look up."""
    assert standing("marc@ailleurs.test", desk, {}) == Standing(status="")
    assert not is_unknown("marc@ailleurs.test", desk)


def test_of_an_address_that_is_there_twice_the_first_counts() -> None:
    """As the check of the configuration tells."""
    twice = (Beneficiary(entity="A", domains=("x.be",)), Beneficiary(entity="B", domains=("X.be",)))
    assert register(twice) == {"x.be": Standing(status="yes", entity="A")}


@pytest.mark.parametrize(
    ("entity", "known"),
    [
        ("fwb", Standing(status="yes", entity="FWB")),
        ("COMMUNE", Standing(status="study", entity="Commune")),
        ("ete", Standing(status="yes", entity="Été")),
        ("Ville  de Mons", Standing(status="yes", entity="Ville de Mons")),
    ],
)
def test_an_entity_by_name(entity: str, known: Standing) -> None:
    """As it is configured, whatever the case and the accents; another one may use the service."""
    assert of_entity(entity, DESK) == known
