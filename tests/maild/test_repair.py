"""What repairing leaves in the ledger: after an undo, all that there was before."""

from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from maild.decide.policy import Agent
from storage import outbox, repair
from storage.records import OutboxState
from tests.maild.decide.cases import ANNE
from tests.maild.office import Room, raw, room

# All that an act of an agent may change, but for the stories, the letters, and the mails themselves.
_COLUMNS = (
    "id, status, assignee, team, category, priority, scope, standing, entity, taken_at, due_at, wake_at,"
    " near_limit, breached, merged_into, subject, requester_address, language"
)
LEDGER = (
    f"SELECT {_COLUMNS} FROM ticket ORDER BY id",  # noqa: S608
    "SELECT ticket_id, message_id, due_at, stopped_at, stopped_by, presumed FROM clock ORDER BY id",
    "SELECT ticket_id, other_id FROM link ORDER BY ticket_id, other_id",
    "SELECT ticket_id, address, role FROM participant ORDER BY ticket_id, address",
)
ORDERS = (
    "#prendre",
    "#assigner bruno",
    "#attente 2j",
    "#fusionner 1002",
    "#lier 1002",
    "#lier 1002\n#prendre",
    "Bonjour, je regarde.",
    "#prendre\n\nJe passe demain.",
    "#fusionner 1002\n\nLes deux ensemble.",
    "#hors-périmètre formation",
    "#lier 1002, 1003\n#assigner anne",
)


@contextmanager
def office() -> Iterator[Room]:
    """Jean has asked twice, and Marc once."""
    agents = (Agent(name="Anne", address=ANNE), Agent(name="Bruno", address="bruno@etnic.test"))
    with TemporaryDirectory() as folder, room(Path(folder), agents=agents) as made:
        made.ingest(raw("m1@ecole.test"), raw("m2@ecole.test", Cc="luc@ecole.test"))
        made.ingest(raw("m3@ailleurs.test", From="marc@ailleurs.test"))
        yield made


def order(desk: Room, name: str, text: str) -> str:
    """Anne answers her notification of ETNIC-1001; what she is told, "" for nothing."""
    desk.clock.later(seconds=1)
    (told,) = desk.rows(
        "SELECT message_id FROM outbox WHERE ticket_id = 1001 AND kind = 'notification'"
        " AND recipient = 'anne@etnic.test' ORDER BY id LIMIT 1"
    )
    desk.ingest(raw(f"{name}@etnic.test", body=f"{text}\n", From=ANNE, In_Reply_To=f"<{told.message_id}>"))
    with desk.office.store.read() as tx:
        answers = [one.id for one in outbox.letters(tx, OutboxState) if one.kind == "answer"]
        content = outbox.content(tx, answers[-1]) if answers else b""
    part = message_from_bytes(content, policy=policy.default).get_body(("plain",))
    return part.get_content() if part else ""


def ledger(desk: Room) -> list[Any]:
    """All that may be undone."""
    return [[tuple(row) for row in desk.rows(query)] for query in LEDGER]


def acts_told(desk: Room) -> int:
    """How many acts the stories tell of."""
    kinds = ", ".join(f"'{kind}'" for kind in repair._ACTS if kind != "undone")
    return int(desk.rows(f"SELECT count(DISTINCT cause) FROM event WHERE kind IN ({kinds})")[0][0])  # noqa: S608


@settings(max_examples=10)
@given(acts=st.lists(st.sampled_from(ORDERS), min_size=1, max_size=4))
def test_undo_restores_exactly(acts: list[str]) -> None:
    """Act by act, back to the beginning, and nothing of it leaves."""
    with office() as desk:
        states = [ledger(desk)]
        for number, text in enumerate(acts):
            before = acts_told(desk)
            order(desk, f"o{number}", text)
            if acts_told(desk) > before:
                states.append(ledger(desk))
        for number in range(len(states) - 1, 0, -1):
            assert ledger(desk) == states[number]
            assert "est annulé" in order(desk, f"u{number}", "#annuler")
        assert ledger(desk) == states[0]
        assert "rien à annuler" in order(desk, "last", "#annuler")
        waiting = desk.rows("SELECT kind FROM outbox WHERE next_at IS NOT NULL AND kind = 'relay'")
        assert waiting == []
