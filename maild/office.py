"""The office as the configuration furnishes it: the desk's paper, and all that filing needs.

Stands above ``ingest``, whose ``Office`` it builds, for whoever files mail: the daemon, a replay, an operator
at the quarantine. Fails as ``config.policy`` does.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from maild import compose
from maild import config as configuration
from maild.compose import Stationery
from maild.config import Config
from maild.ingest import Office
from maild.scan import Scanner
from storage.store import Store


def paper(config: Config) -> Stationery:
    """The desk's paper, the operator's own templates before the shipped ones."""
    return compose.stationery(configuration.policy(config).desk, config.desk.templates)


def scanner(config: Config) -> Scanner | None:
    """The virus scanner of the desk; None where it has none."""
    files = config.attachments
    if not files.clamd:
        return None
    return Scanner(address=files.clamd, wait=files.wait.total_seconds(), largest=files.largest)


@contextmanager
def opened(config: Config, store: Store, now: Callable[[], datetime]) -> Iterator[Office]:
    """The office over a ledger; its worker process ends with it.

    Args:
        now: aware UTC.
    """
    office = Office(
        store=store, policy=configuration.policy(config), paper=paper(config), now=now,
        scanner=scanner(config),
    )  # fmt: skip
    try:
        yield office
    finally:
        office.worker.close()
