"""The alert rules: each names metrics that there are, and the four things that must be heard of."""

import re
from pathlib import Path

from maild import deploy
from tests.maild.board import boards
from tests.maild.office import raw

RULES = (Path(deploy.__file__).parent / "alerts.yml").read_text(encoding="utf-8")


def test_every_metric_that_a_rule_names_is_shown(tmp_path: Path) -> None:
    """By a desk where something waits; a rule about a name that does not exist would never ring."""
    with boards.board(tmp_path) as board:
        board.room.ingest(raw())
        shown = set(re.findall(r"^(maild_\w+)", board.ask("/metrics").text, flags=re.MULTILINE))
    named = set(re.findall(r"maild_\w+", " ".join(re.findall(r"expr: (.*)", RULES))))
    assert len(named) == 5
    assert named <= shown


def test_every_rule_says_what_to_do() -> None:
    rules = RULES.split("- alert: ")[1:]
    assert len(rules) == 5
    for rule in rules:
        assert re.search(r"expr: \S", rule)
        assert re.search(r'summary: "\S', rule)
        for command in re.findall(r"maild ([a-z-]+)", re.findall(r'remedy: "(.*)"', rule)[0]):
            assert command in {"status", "doctor", "outbox", "tickets", "quarantine"}
