"""Two readers of mail in a process of their own: everything that maild reads, and mail-parser alone.

Stands below ``reading.py``, which starts it: ``python -m tests.bench.readers compare ROUNDS PATH...`` reads
all the mails with both, turn by turn; ``python -m tests.bench.readers READER PATH`` reads one mail. Prints
one JSON line. A mail that mail-parser raises on costs it what it took until then; where maild raises, this
ends with the traceback, for that is what must never be.
"""

import json
import logging
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import mailparser

from parsers.mail import parse_mail

Reader = Callable[[bytes], Sequence[str]]
"""Reads a mail whole; what was wrong with it."""


def read_with_maild(content: bytes) -> Sequence[str]:
    """Headers, body, attachments, reply text, kind and language; the HTML is cleaned when it is asked for."""
    mail = parse_mail(content)
    _ = mail.html
    return mail.defects


def read_with_mailparser(content: bytes) -> Sequence[str]:
    """The same properties, as far as it has them."""
    with suppress(Exception):  # it raises on some; the floor is then cheaper, which is not to our advantage
        mail = mailparser.parse_from_bytes(content)
        _ = mail.message_id, mail.in_reply_to, mail.references, mail.subject, mail.date
        _ = mail.from_, mail.reply_to, mail.to, mail.cc
        _ = mail.text_plain, mail.text_html, mail.attachments
    return ()


READERS: dict[str, Reader] = {"maild": read_with_maild, "mail-parser": read_with_mailparser}


def compare(rounds: int, paths: Sequence[Path]) -> dict[str, list[float]]:
    """CPU seconds of each reader over all the mails, a round each; one round before them warms both up."""
    contents = [path.read_bytes() for path in paths]
    spent: dict[str, list[float]] = {name: [] for name in READERS}
    for _ in range(rounds + 1):
        for name, read in READERS.items():
            begin = time.process_time()
            for content in contents:
                read(content)
            spent[name].append(time.process_time() - begin)
    return {name: seconds[1:] for name, seconds in spent.items()}


def read_alone(name: str, path: Path) -> dict[str, object]:
    """What one mail costs: seconds of CPU and of wall time without start-up; ``peak``: MB of the process."""
    content = path.read_bytes()
    begin, begin_cpu = time.perf_counter(), time.process_time()
    defects = READERS[name](content)
    cpu, wall = time.process_time() - begin_cpu, time.perf_counter() - begin
    return {"cpu": cpu, "wall": wall, "peak": peak(), "defects": list(defects)}


def peak() -> float:
    """The most memory that this process has held, in MB (VmHWM)."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def main(arguments: Sequence[str]) -> None:
    """The command."""
    logging.getLogger("mailparser").setLevel(logging.CRITICAL)
    match arguments:
        case ["compare", rounds, *paths]:
            print(json.dumps(compare(int(rounds), [Path(path) for path in paths])))
        case [name, path]:
            print(json.dumps(read_alone(name, Path(path))))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
