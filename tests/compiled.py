"""Statements compiled once a process, and not once a database: each test has a database of its own.

SQLAlchemy keeps what it has compiled with the engine and finds it by the engine's dialect, an object; here it
is found by the dialect's class, which is as good for databases of one kind and version.
"""

from functools import partial
from typing import Any

import sqlalchemy

from storage import database


class _Shared(dict[Any, Any]):
    """A ``compiled_cache`` (SQLAlchemy, Connection.execution_options) for all engines."""

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get(_of_class(key), default)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(_of_class(key), value)


def _of_class(key: tuple[Any, ...]) -> tuple[Any, ...]:
    dialect, *statement = key
    return (type(dialect), *statement)


def share() -> None:
    """From now on, for every database that this process opens."""
    options = {"compiled_cache": _Shared()}
    vars(database)["create_engine"] = partial(sqlalchemy.create_engine, execution_options=options)
