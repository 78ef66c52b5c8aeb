"""The pictures of the README: ``python -m tests.pictures [NAME...]`` (``make pictures``).

Stands beside the tests, whose browser and boards it uses; makes ``docs/NAME.png`` of real pages, with few
colours, so that each is small, and ``docs/demo.svg`` of a real rehearsal. Fails where chromium or pngquant
(Debian's) is missing, where the rehearsal fails, and where a picture became too large.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from maild import compose
from maild.report import sheet
from storage.store import Transaction
from tests import film
from tests.maild.board import boards
from tests.maild.board.tickets import ticket
from tests.maild.decide.cases import ANNE, policy
from tests.maild.report import sample
from tests.peers import browser
from tests.peers.browser import Chromium

DOCS = Path(__file__).resolve().parent.parent / "docs"
LARGEST, LARGEST_FILM = 80_000, 120_000
MONDAY = datetime(2026, 11, 23, 13, 32, tzinfo=UTC)
HOUR = timedelta(hours=1)

# Hours since it arrived, subject, who asks, team, whether Anne has it.
TICKETS = (
    (24.2, "VPN : plus d’accès depuis hier midi", "Sophie Lambert", "réseau", False),
    (23.1, "Mot de passe expiré avant les inscriptions", "Jean Dupont", "desk", False),
    (20.4, "Accès au dossier partagé de la direction", "Nadia El Idrissi", "desk", True),
    (14.6, "Écran noir au démarrage du portable", "Luc Peeters", "poste de travail", False),
    (9.3, "Nouvelle école : création de douze comptes", "Marie Claes", "comptes", False),
    (5.2, "Teams : le son est coupé en réunion", "Ahmed Benali", "desk", True),
    (2.1, "Imprimante du secrétariat en panne", "Julie Maes", "poste de travail", False),
    (0.4, "Demande de boîte partagée", "Thomas Wauters", "comptes", False),
)


def board(chromium: Chromium, target: Path) -> None:
    """The board of a desk in the afternoon: one ticket late, two nearly so."""
    with tempfile.TemporaryDirectory() as folder, boards.board(Path(folder)) as made:
        made.room.clock.now = MONDAY
        for hours, subject, requester, team, taken in TICKETS:
            given = {"status": "taken", "assignee": ANNE} if taken else {}
            given |= {"subject": subject, "requester_name": requester, "team": team}
            at = MONDAY - hours * HOUR
            ticket(made.room, at=at, **given, near_limit=hours > 19.2, breached=hours > 24)
        for number in range(23):
            stopped = {"stopped_at": MONDAY - number * HOUR / 2, "first": number % 4 > 0}
            ticket(made.room, at=MONDAY - HOUR * (1 + number / 3), status="resolved", clock=stopped)
        with made.room.office.store.write() as tx:
            _looked_at(tx)
        with chromium.tab(width=1280, height=760) as tab:
            tab.page.goto(made.server.address)
            tab.page.screenshot(path=target)


def _looked_at(tx: Transaction) -> None:
    """The mailbox was read a moment ago."""
    drop = tx.maildrop("support", "inbox")
    tx.note_poll(drop.id, uidvalidity=1, at=MONDAY - timedelta(seconds=8))


def report(chromium: Chromium, target: Path) -> None:
    """The head of the page of a month in which ten mails were late."""
    desk = policy(desk={"name": "ETNIC Service Desk", "address": "support@etnic.be"})
    paper = compose.stationery(desk.desk)
    with tempfile.TemporaryDirectory() as folder, chromium.tab(width=1060, height=1330) as tab:
        file = Path(folder) / "report-2026-11.html"
        file.write_text(sheet.page(sample.november(desk), paper, desk, "fr"), encoding="utf-8")
        tab.page.goto(file.as_uri())
        tab.page.screenshot(path=target)


def demo(target: Path) -> None:
    """The terminal of whoever types `make demo`; where nothing moves, the moment before the agent answers."""
    screens = film.filmed()
    red = [at for at, screen in enumerate(screens) if any(run.look == "rb" for run in screen)]
    words = "make demo: mails arrive, tickets are opened and their clocks run; nothing is lost or doubled"
    target.write_text(film.svg(screens, still=red[-1], words=words), encoding="utf-8")


PICTURES: dict[str, Callable[[Chromium, Path], None]] = {"board": board, "report": report}
FILMS: dict[str, Callable[[Path], None]] = {"demo": demo}


def main() -> int:
    """Make the pictures that are named, or all of them."""
    DOCS.mkdir(exist_ok=True)
    made = [_made(name) for name in sys.argv[1:] or (*PICTURES, *FILMS)]
    for target, _ in made:
        sys.stdout.write(f"{target}: {target.stat().st_size:,} bytes\n")
    return int(any(target.stat().st_size > largest for target, largest in made))


def _made(name: str) -> tuple[Path, int]:
    """The file, and how large it may be."""
    if name in FILMS:
        target = DOCS / f"{name}.svg"
        FILMS[name](target)
        return target, LARGEST_FILM
    target = DOCS / f"{name}.png"
    with browser.running() as chromium:
        PICTURES[name](chromium, target)
    few: list[str | Path] = [
        "pngquant", "--strip", "--speed", "1", "--force", "--output", target, "64", target,
    ]  # fmt: skip
    subprocess.run(few, check=True)
    return target, LARGEST


if __name__ == "__main__":
    sys.exit(main())
