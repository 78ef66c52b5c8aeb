"""The pictures of the README, taken of the real pages by chromium: ``python -m tests.pictures [NAME...]``.

Stands beside the tests, whose browser and boards it uses; makes ``docs/NAME.png``, with few colours, so that
each is small. Fails where chromium or pngquant (Debian's) is missing, and where a picture became too large.
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
from tests.maild.board import boards
from tests.maild.board.tickets import ticket
from tests.maild.decide.cases import ANNE, policy
from tests.maild.report import sample
from tests.peers import browser
from tests.peers.browser import Chromium

DOCS = Path(__file__).resolve().parent.parent / "docs"
LARGEST = 80_000
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


PICTURES: dict[str, Callable[[Chromium, Path], None]] = {"board": board, "report": report}


def main() -> int:
    """Take the pictures that are named, or all of them."""
    DOCS.mkdir(exist_ok=True)
    with browser.running() as chromium:
        for name in sys.argv[1:] or PICTURES:
            target = DOCS / f"{name}.png"
            PICTURES[name](chromium, target)
            few: list[str | Path] = [
                "pngquant",
                "--strip",
                "--speed",
                "1",
                "--force",
                "--output",
                target,
                "64",
                target,
            ]
            subprocess.run(few, check=True)
            size = target.stat().st_size
            sys.stdout.write(f"{target}: {size:,} bytes\n")
            if size > LARGEST:
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
