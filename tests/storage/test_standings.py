"""What people settled of an address, on either database."""

from storage import standings
from storage.records import Standing
from storage.store import Store
from tests.storage.entries import ticket


def test_an_address_stands_as_its_last_ticket_says(store: Store) -> None:
    """What is undone on the ticket is undone for the address."""
    with store.write() as tx:
        first, second = ticket(tx), ticket(tx)
        standings.settle(tx, "jean@ecole.test", first)
        assert standings.settled(tx, ["jean@ecole.test"]) == {}
        tx.change_ticket(first, standing="yes", entity="FWB")
        known = standings.settled(tx, ["jean@ecole.test", "marc@ailleurs.test"])
        assert known == {"jean@ecole.test": Standing(status="yes", entity="FWB")}
        tx.change_ticket(second, standing="no")
        standings.settle(tx, "jean@ecole.test", second)
        assert standings.settled(tx, ["jean@ecole.test"])["jean@ecole.test"].status == "no"
        tx.change_ticket(second, standing="unknown")
        assert standings.settled(tx, ["jean@ecole.test"]) == {}
