"""What of a person is found and erased, beside the stories: spellings, subjects, whom others name."""

from pathlib import Path

import pytest

from maild import privacy
from tests.maild.decide.cases import ANNE
from tests.maild.office import Room, room

JEAN = "jean@ecole.test"


@pytest.mark.parametrize(
    ("given", "spellings"),
    [
        (" <Jean@Ecole.TEST> ", (JEAN,)),
        ("jean@École.test", ("jean@école.test", "jean@xn--cole-9oa.test")),
        ("jean@xn--cole-9oa.test", ("jean@xn--cole-9oa.test", "jean@école.test")),
        ("élie@ecole.test", ("élie@ecole.test",)),
        ("jean", ("jean",)),
        ("jean@xn--\u00e9", ("jean@xn--\u00e9",)),
        ("jean@" + "a" * 70 + ".test", ("jean@" + "a" * 70 + ".test",)),
    ],
)
def test_an_address_in_its_spellings(given: str, spellings: tuple[str, ...]) -> None:
    """Of a domain with accents both forms, whichever is given."""
    assert privacy.person(given).spellings == spellings


def mail(
    name: str, sender: str = JEAN, subject: str = "Imprimante", text: str = "Bonjour.", **heads: str
) -> bytes:
    """A mail as it came."""
    lines = {"From": sender, "To": "support@etnic.test", "Subject": subject, "Message-ID": f"<{name}@x.test>"}
    lines |= {name.replace("_", "-"): value for name, value in heads.items()}
    top = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"{top}Date: Mon, 25 Nov 2024 12:00:00 +0000\r\n\r\n{text}\r\n".encode()


def forgotten(here: Room, address: str = JEAN) -> privacy.Forgotten:
    """Jean is forgotten."""
    who = privacy.person(address)
    found = privacy.look(here.office.store, who, here.office)
    return privacy.forget(who, here.office, found, by="operator:root", pause=lambda: None)


def test_the_subject_is_his_who_wrote_it(tmp_path: Path) -> None:
    """Where another address is answered the ticket is that one's; of his first mail nothing stays."""
    with room(tmp_path) as here:
        here.ingest(mail("m1", Reply_To="secretariat@ecole.test"), mail("m2", "bo@ecole.test", "VPN"))
        done = forgotten(here)
        assert [(t.subject, t.requester_address) for t in here.tickets()] == [
            ("(erased)", "secretariat@ecole.test"),
            ("VPN", "bo@ecole.test"),
        ]
        assert (done.tickets, done.messages) == ((), 1)


def test_who_is_only_named_by_others(tmp_path: Path) -> None:
    """Their mails are theirs, and are told; letters of ours that repeat them are erased."""
    with room(tmp_path) as here:
        here.ingest(mail("m1", "bo@ecole.test", "VPN", "Demandez à jean@ecole.test.\n"))
        (letter,) = [kind for kind, to in here.letters() if to == ANNE]
        assert letter == "notification"
        done = forgotten(here)
        assert [quote.ticket for quote in done.left.quotes] == [1001]
        assert (done.messages, done.letters) == (0, 1)
        assert here.tickets()[0].subject == "VPN"
        assert forgotten(here).letters == 0


def test_it_comes_to_an_end_whatever_he_is_called(tmp_path: Path) -> None:
    """Somebody whose name is what stands in his place."""
    with room(tmp_path) as here:
        here.ingest(
            mail("m1", f"(erased) erased <{JEAN}>"), mail("m2", "bo@ecole.test", "VPN", Cc=f"erased <{JEAN}>")
        )
        assert forgotten(here).left.is_nothing
