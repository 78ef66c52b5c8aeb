"""The ledgers of the storage tests, for the report that is read from them."""

from tests.storage.conftest import base, postgres_base, sqlite_base, store

__all__ = ["base", "postgres_base", "sqlite_base", "store"]
