"""``maild run`` with every thread under cProfile: ``python -m tests.bench.profiled FILE run --config FILE``.

Stands in front of the daemon when ``make bench`` is asked for a profile; the profile of all threads together
is written to FILE when the daemon leaves. Waiting is in it: for locks, for the network, for the interpreter.
What it costs makes the figures of such a run worthless; its proportions are what one looks at.
"""

import cProfile
import pstats
import sys
import threading
from pathlib import Path
from typing import Any

PROFILES: list[cProfile.Profile] = []


def watch(thread: type[threading.Thread]) -> None:
    """Every thread that starts from now on is profiled."""
    plain = thread.run

    def run(self: threading.Thread) -> None:
        profile = cProfile.Profile()
        PROFILES.append(profile)
        profile.runcall(plain, self)

    thread.run = run  # type: ignore[method-assign]


def write(path: Path) -> None:
    """The profiles together: the fifty functions with most time of their own, then with most time in all."""
    with path.open("w", encoding="utf-8") as file:
        stats: Any = pstats.Stats(PROFILES[0], stream=file)
        for profile in PROFILES[1:]:
            profile.create_stats()
            stats.add(profile)
        stats.sort_stats("tottime").print_stats(60)
        stats.sort_stats("cumulative").print_stats(140)


def main() -> None:
    """Runs the command line that follows the file's name."""
    path = Path(sys.argv[1])
    sys.argv = ["maild", *sys.argv[2:]]
    watch(threading.Thread)
    profile = cProfile.Profile()
    PROFILES.append(profile)
    from maild.cli import main as maild

    try:
        profile.runcall(maild)
    finally:
        write(path)


if __name__ == "__main__":
    main()
