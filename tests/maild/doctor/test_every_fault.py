"""Each fault that doctor can name is produced by a test here, which `conftest` holds to its word."""

import ast
from collections.abc import Iterator
from pathlib import Path

from maild.cli.doctor.faults import Fault


def promised(file: Path) -> Iterator[str]:
    """The faults in each `finds(…)` and `row(…)` of a module, by name."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"finds", "row"}:
            yield from (each.attr for each in node.args if isinstance(each, ast.Attribute))


def test_each_fault_is_produced() -> None:
    produced = {name for file in Path(__file__).parent.glob("test_*.py") for name in promised(file)}
    assert {fault.name for fault in Fault} - produced == set()
