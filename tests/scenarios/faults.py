"""A daemon that dies, or meets an error, at a step of the flow: the tests' own way into the program.

Run as a program it has everything imported and no thread of its own; each line on its standard input is an
order for one pass, which it makes itself or forks a child for. A death is ``os._exit``: no ``finally`` runs,
no transaction ends, as under ``kill -9``.
"""

import contextlib
import gc
import json
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from maild import config as configuration
from maild import daemon, log, steps
from maild.steps import Step
from storage.database import Unavailable
from tests import compiled
from tests.conftest import ROOT

KILLED = 137


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One pass at an instant, and what happens when a step is reached for the n-th time.

    ``forked``: in a child. What is not is made in the program, and its children inherit what it has compiled.
    """

    config: str
    now: str
    step: str = ""
    occurrence: int = 0
    deed: str = ""  # "die" or "fail"
    forked: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """How a pass ended, and how often each step was reached; nothing is counted of one that was killed."""

    code: int
    counts: dict[str, int] = field(default_factory=dict)


class Faulty:
    """The program, running; one pass after the other."""

    def __init__(self) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-m", "tests.scenarios.faults"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip

    def once(self, order: Order) -> Pass:
        """Makes one pass."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(json.dumps(asdict(order)) + "\n")
        self._child.stdin.flush()
        return Pass(**json.loads(self._child.stdout.readline()))

    def close(self) -> None:
        """Ends it."""
        self._child.communicate("", timeout=30)


@contextlib.contextmanager
def faulty() -> Iterator[Faulty]:
    """The program, for as long as it is needed."""
    program = Faulty()
    try:
        yield program
    finally:
        program.close()


# ---------------------------------------------------------------------- in the program


def _serve() -> None:
    compiled.share()
    for line in sys.stdin:
        order = Order(**json.loads(line))
        counted = Path(order.config).with_suffix(".counts")
        counted.write_text("{}")
        code = _in_a_child(order, counted) if order.forked else _here(order, counted)
        done = {"code": code, "counts": json.loads(counted.read_text())}
        sys.stdout.write(json.dumps(done) + "\n")
        sys.stdout.flush()


def _here(order: Order, counted: Path) -> int:
    code = _pass(order, counted)
    if threading.active_count() > 1:
        raise RuntimeError(f"a pass leaves {threading.enumerate()}: a fork would lose them")
    # Else each child's first collection copies every page of what it inherits.
    gc.collect()
    gc.freeze()
    return code


def _in_a_child(order: Order, counted: Path) -> int:
    child = os.fork()
    if child == 0:
        os._exit(_pass(order, counted))
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def _pass(order: Order, counted: Path) -> int:
    counts: Counter[str] = Counter()

    def reached(step: Step) -> None:
        counts[step.name] += 1
        if step.name == order.step and counts[step.name] == order.occurrence:
            _strike(step, order.deed)

    steps.reached = reached
    with Path(order.config).with_suffix(".log").open("a") as stream:
        log.configure("json", "info", stream=stream)
        code = _once(order)
    counted.write_text(json.dumps(counts))
    return code


def _strike(step: Step, deed: str) -> None:
    if deed == "die":
        os._exit(KILLED)
    if step is Step.SPOKEN:
        raise ConnectionResetError("the wire broke")
    raise Unavailable("no space left on device")


def _once(order: Order) -> int:
    now = datetime.fromisoformat(order.now)
    settings: Any = configuration.load(Path(order.config), {})
    try:
        return 0 if daemon.once(settings, lambda: now) else 69
    except Unavailable:
        return 75


if __name__ == "__main__":
    _serve()
