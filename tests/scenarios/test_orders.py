"""Orders that name their ticket: an agent answers a digest, and several tickets do as he says (DESIGN 6)."""

from email.message import EmailMessage
from itertools import takewhile

import pytest

from storage.records import MessageKind, Status
from tests.scenarios.desk import ANNE, MONDAY, Desk, mail, reply

BOB = "bob@etnic.test"


@pytest.fixture
def old(desk: Desk) -> Desk:
    """Three mails of last week lie in the mailbox of a new desk: Anne reads of them in one digest."""
    desk.configure(
        agent=[{"name": "Anne", "address": ANNE}, {"name": "Bob", "address": BOB, "teams": ["réseau"]}]
    )
    for number, who in enumerate(("jean@ecole.test", "marie@ecole.test", "jean@ecole.test"), start=1):
        desk.receive(
            mail(f"m{number}@ecole.test", sender=who, subject=f"Panne {number}"),
            at=MONDAY.replace(day=18 + number),
        )
    desk.once()
    return desk


def words(letter: EmailMessage) -> str:
    """The plain text of a letter."""
    part = letter.get_body(("plain",))
    return part.get_content().replace("\u00a0", " ") if part else ""


def orders(desk: Desk, text: str, name: str, *, to: EmailMessage | None = None, who: str = ANNE) -> list[str]:
    """An agent answers a letter, else his last one; the lines that he reads of it."""
    letter = to or desk.letters(who)[-1]
    quoted = "\n".join(f"> {line}" for line in words(letter).splitlines())
    desk.receive(reply(f"{name}@etnic.test", letter, f"{text}\n\n{quoted}\n", sender=who))
    desk.once()
    said = words(desk.letters(who)[-1]).splitlines()
    return [line for line in takewhile(lambda line: line != "-- ", said) if line]


def stands(desk: Desk) -> dict[int, tuple[Status, str]]:
    """Ticket -> where it stands, and who has it."""
    return {one.id: (one.status, one.assignee) for one in desk.tickets()}


def test_a_digest_is_worked_off_by_one_reply(old: Desk) -> None:
    """Three lines, three tickets, three lines of answer; each has its story and is undone for itself."""
    (digest,) = old.letters(ANNE, about="plus anciennes")
    assert "#prendre 1001, #assigner 1001 X" in words(digest)
    (refused,) = orders(old, "#prendre", "r0", to=digest)
    assert "par exemple : #prendre 1001" in refused
    before = stands(old)
    assert any("ETNIC-1009 n’existe pas" in line for line in orders(old, "#prendre 1001 1009", "r1"))
    assert stands(old) == before
    told = orders(old, "#prendre 1001\n#assigner 1002 bob\n#résolu ETNIC-1003", "r2", to=digest)
    assert [line.partition(" est ")[0] for line in told] == [
        "#prendre : fait, ETNIC-1001",
        "#assigner : fait, ETNIC-1002",
        "#résolu : fait, ETNIC-1003",
    ]
    after = {1001: (Status.TAKEN, ANNE), 1002: (Status.TAKEN, BOB), 1003: (Status.RESOLVED, ANNE)}
    assert stands(old) == after
    assert all(ticket.due_at is None for ticket in old.tickets())
    assert "ETNIC-1002" in str(old.letters(BOB)[-1]["Subject"])
    stories = {number: [event.kind for event in old.story(number)] for number in after}
    assert all(kinds.count("command") == 1 for kinds in stories.values())
    assert stories[1001].count("changed") == stories[1003].count("relayed") == 1

    # The answer is about none of them: who takes one back says which.
    assert "de quel ticket" in orders(old, "#annuler", "u0")[0]
    assert "#annuler : fait, #assigner" in orders(old, "#annuler 1002", "u1")[0]
    assert stands(old) == {**after, 1002: before[1002]}
    assert old.tickets()[1].due_at is not None
    assert "fait" in orders(old, "#stop 1003", "s1")[0]
    assert stands(old) == {**after, 1002: before[1002], 1003: before[1003]}
    old.later(minutes=5)
    old.once()
    assert not old.letters("jean@ecole.test")


def test_two_tickets_of_one_person_are_told_of_both(old: Desk) -> None:
    """A letter each, to the same requester and to the same colleague, of one mail; what was merged beside
    another order is taken back alone."""
    orders(old, "#résolu 1001 1003", "r1", to=old.letters(ANNE, about="plus anciennes")[0])
    orders(old, "#rouvrir 1001 1003\n#assigner 1001 1003 bob", "r2")
    old.later(minutes=5)
    old.once()
    assert {str(letter["Subject"])[:16] for letter in old.letters("jean@ecole.test")} == {
        "Re: [ETNIC-1001]", "Re: [ETNIC-1003]",
    }  # fmt: skip
    assert len(old.letters(BOB)) == 2
    with old.ledger() as tx:
        filed = tx.find_messages("r2@etnic.test")
    assert [(one.kind, one.ticket_id) for one in filed] == [(MessageKind.COMMAND, None)]
    (brief,) = old.letters(BOB, about="1001")
    merged = orders(old, "#fusionner 1003\n#prendre 1002", "b1", to=brief, who=BOB)
    assert ["1003, qui continue" in merged[0], "ETNIC-1002 est pris" in merged[1]] == [True, True]
    orders(old, "#annuler 1003", "b2", who=BOB)
    assert stands(old) == dict.fromkeys((1001, 1002, 1003), (Status.TAKEN, BOB))
