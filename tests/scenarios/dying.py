"""`maild run`, dead at the moment that a mail is durable and its server does not know: the tests' own way in.

The DIE_AT-th mail is the one. A death is ``os._exit``: no ``finally`` runs, as under ``kill -9``.
"""

import os
import sys
from itertools import count

from maild import cli, steps
from maild.steps import Step

_kept = count(1)


def _reached(step: Step) -> None:
    if step is Step.KEPT and next(_kept) == int(os.environ["DIE_AT"]):
        os._exit(137)


if __name__ == "__main__":
    steps.reached = _reached
    sys.exit(cli.answer(sys.argv[1:]))
