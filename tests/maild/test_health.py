"""The last word about each server."""

from maild.decide.troubles import Reach
from maild.health import Health
from tests.maild.decide.cases import HOUR, NOON


def test_each_server_has_its_own_word() -> None:
    """What nobody has noted is not known, which is not the same as well."""
    health = Health()
    assert health.contacts() == {}
    health.well("submission", NOON)
    health.refused("maildrop a", "no", NOON)
    found = health.contacts()
    assert {who: contact.reach for who, contact in found.items()} == {
        "submission": Reach.WELL, "maildrop a": Reach.REFUSED,
    }  # fmt: skip


def test_a_word_that_stays_keeps_its_beginning() -> None:
    """Refused since noon, however often it is refused again."""
    health = Health()
    for hours in range(3):
        health.refused("submission", f"no {hours}", NOON + hours * HOUR)
    found = health.contacts()["submission"]
    assert (found.since, found.reason) == (NOON, "no 0")


def test_a_network_that_fails_does_not_mend_a_login() -> None:
    """Only being let in does."""
    health = Health()
    health.refused("submission", "no", NOON)
    health.lost("submission", "timed out", NOON + HOUR)
    assert health.contacts()["submission"].reach is Reach.REFUSED
    health.well("submission", NOON + HOUR)
    health.lost("submission", "timed out", NOON + HOUR)
    assert health.contacts()["submission"].reach is Reach.LOST
