"""Each page with made-up values, in one file that needs nothing beside it.

Stands above ``report`` and ``board``, which write it. Fails as they do.
"""

from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC, date, datetime, timedelta

from maild import config as configuration
from maild import office as offices
from maild import pages
from maild.board import page as board
from maild.board.desk import BoardDesk
from maild.board.view import Board, Drop, Row, Service
from maild.config import Config
from maild.decide.figures import month
from maild.health import Health
from maild.report import sheet
from storage import database
from storage.overview import TeamCount, Today
from storage.records import Stage
from storage.store import Store

_NOW = datetime(2026, 11, 24, 13, 32, tzinfo=UTC)
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_NUMBER = 1042


def page(config: Config, name: str, language: str) -> str | None:
    """A page of this name, such as "pages/report"; None where there is none."""
    write = _PAGES.get(name)
    return None if write is None else write(config, language)


def _report(config: Config, language: str) -> str:
    policy = configuration.policy(config)
    span = month(date(2026, 11, 1), policy.desk.timezone)
    return sheet.page(sheet.specimen(span, policy), offices.paper(config), policy, language)


def _board(config: Config, language: str) -> str:
    # Of a ledger that there is not, and that nobody opens: what the board shows is made up.
    with (
        closing(database.open_database("sqlite:///preview.db")) as base,
        offices.opened(config, Store(database=base), lambda: _NOW) as office,
    ):
        desk = BoardDesk(config=config, office=office, health=Health())
        text = board.whole(_made_up(office.policy.desk.number), language, desk)
        style = pages.file(office.paper, "board.css")
    # Looked at as a file, it has no server that would give it its style, and nothing to follow.
    text = text.replace('<link rel="stylesheet" href="board.css">', f"<style>{style}</style>")
    return text.replace('<script src="board.js" defer></script>', "")


def _made_up(number: Callable[[int], str]) -> Board:
    lefts = ((Stage.BREACHED, -_HOUR), (Stage.NEAR, 2 * _HOUR), (Stage.RUNNING, 20 * _HOUR))
    rows = tuple(
        Row(
            ticket=_NUMBER + more, number=number(_NUMBER + more), team="desk",
            subject="Imprimante en panne", requester="Ana Lejeune", who="" if more else "Anne Martin",
            untaken=bool(more), first=True,
            stage=stage, due_at=_NOW + left, left=left, share=max(0.0, left / _DAY),
        )
        for more, (stage, left) in enumerate(lefts)
    )  # fmt: skip
    team = TeamCount(team="desk", open=3, untaken=2, running=3, near=1, breached=1)
    drop = Drop(name="support", door=False, service=Service.WELL, lag=timedelta(seconds=12), unfiled=0)
    today = Today(arrived=12, taken=9, in_time=9, answered=4)
    return Board(
        at=_NOW, rows=rows, more=0, all=team, teams=(team,), today=today, drops=(drop,), troubles=()
    )  # fmt: skip


_PAGES: Mapping[str, Callable[[Config, str], str]] = {"pages/report": _report, "pages/board": _board}
