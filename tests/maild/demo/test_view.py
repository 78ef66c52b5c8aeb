"""The screens: every line fits, what is near its limit is red, and no mail steers the terminal."""

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from maild.demo import view
from maild.demo.onlooker import Board, Note, Tone
from maild.demo.view import Frame
from storage.records import Status, Ticket

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
FRAME = Frame(prefix="ETNIC", timezone="Europe/Brussels", pace="une seconde vaut 10 minutes")
CALM = Ticket(
    id=1001, key="k", subject="L’imprimante du secrétariat ne répond plus", requester_name="Claire Dumont",
    requester_address="claire@athenee.example", status=Status.NEW, language="fr", arrived_at=NOW,
    created_at=NOW, due_at=NOW + timedelta(hours=24),
)  # fmt: skip
NEAR = replace(
    CALM, id=1002, arrived_at=NOW - timedelta(hours=20), due_at=NOW + timedelta(hours=4), near_limit=True
)
TAKEN = replace(CALM, id=1003, status=Status.TAKEN, due_at=None, near_limit=True)
ASIDE = replace(CALM, id=1004, due_at=None, subject="\x1b[2J\u202edétourné")
BOARD = Board(now=NOW, tickets=(CALM, NEAR, TAKEN, ASIDE))
DEADLINE = "mardi 24 novembre 2026 à 10\u00a0h\u00a000"
NOTES = [
    Note(at=NOW, sign="reçu", text="Claire\x1b[31m\u00a0: une longue ligne, " + "mot " * 40, title="Un mail"),
    Note(at=NOW, sign="", text="nouveau ticket ETNIC-1001", tone=Tone.GOOD),
    Note(
        at=NOW, sign="accusé", text="à claire@athenee.example\u00a0: [ETNIC-1001] L’imprimante",
        body=(f"Une personne de notre équipe l’aura prise en charge au plus tard le {DEADLINE}.",),
        strong=DEADLINE,
    ),
]  # fmt: skip


def terminal(width: int, height: int) -> Console:
    """A terminal of this size that remembers what it shows."""
    return Console(
        file=io.StringIO(), record=True, force_terminal=True, width=width, height=height, highlight=False,
        legacy_windows=False, color_system="standard", _environ={},
    )  # fmt: skip


def test_only_the_instant_is_dim() -> None:
    """What was told is as bright as its tone wants it, on its first line as on all others."""
    console = terminal(140, 40)
    told = next(line for line in view.note_lines(NOTES[1], FRAME, 100) if "ETNIC" in line.plain)
    assert not told.get_style_at_offset(console, told.plain.index("ETNIC")).dim
    console.print(view.screen(BOARD, NOTES, NOTES[-1], FRAME), end="")
    assert "\x1b[2m10:00 \x1b[0m\x1b[1mreçu \x1b[0mClaire" in console.export_text(styles=True)


@pytest.mark.parametrize(("width", "height"), [(70, 18), (80, 24), (140, 40), (250, 70)])
def test_the_live_screen_fills_the_terminal_and_no_more(width: int, height: int) -> None:
    """Both columns stand side by side, and each clock is a line."""
    console = terminal(width, height)
    console.print(view.screen(BOARD, NOTES, NOTES[-1], FRAME), end="")
    lines = console.export_text(clear=False).splitlines()
    assert len(lines) == height
    assert {len(line) for line in lines} == {width}
    shown = "\n".join(lines)
    assert "24\u00a0h\u00a000" in shown
    assert "ETNIC-1002" in shown
    assert "au plus tard le" in shown


def test_a_ticket_near_its_limit_is_red_and_one_that_was_taken_is_not() -> None:
    """Colours by the state, not by the history."""
    assert "red" in str(view.clock_line(NEAR, NOW, FRAME, 40).style)
    assert "pris" in view.clock_line(TAKEN, NOW, FRAME, 40).plain
    assert "red" not in str(view.clock_line(TAKEN, NOW, FRAME, 40).style)
    assert "red" not in str(view.clock_line(CALM, NOW, FRAME, 40).style)
    full, little = (view.clock_line(t, NOW, FRAME, 40).plain.count("█") for t in (CALM, NEAR))
    assert full > little > 0


def test_no_mail_steers_the_terminal() -> None:
    """Escapes and overrides of the direction are shown as nothing."""
    lines = [line.plain for note in NOTES for line in view.note_lines(note, FRAME, 80)]
    lines += [line.plain for line in view.ticket_lines(BOARD, "ETNIC", 80)]
    assert not {"\x1b", "\u202e"} & set("".join(lines))
    assert all(len(line) <= 80 for line in lines)


def test_the_deadline_of_a_letter_stands_out_also_where_a_line_breaks_it() -> None:
    """Bold are the words that count, in whichever line they are."""
    lines = [line for line in view.note_lines(NOTES[-1], FRAME, 80) if "│" in line.plain]
    bold = ["".join(line.plain[s.start : s.end] for s in line.spans if s.style == "bold") for line in lines]
    assert " ".join(part for part in bold if part) == DEADLINE
