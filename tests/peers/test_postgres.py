"""The PostgreSQL of the tests: fresh databases, and a server that can go away."""

import psycopg
import pytest

from tests.peers.postgres import Postgres


@pytest.mark.parametrize("_again", [1, 2])
def test_every_test_has_an_empty_database(postgres_url: str, _again: int) -> None:
    """What one writes, the next does not see."""
    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE TABLE only_once (id int)")


def test_a_database_can_be_copied(postgres: Postgres) -> None:
    """A migrated database serves as template: quicker than migrating again."""
    first = postgres.create_database()
    with psycopg.connect(postgres.url(first)) as connection:
        connection.execute("CREATE TABLE migrated (id int)")
    second = postgres.create_database(template=first)
    with psycopg.connect(postgres.url(second)) as connection:
        assert connection.execute("SELECT count(*) FROM migrated").fetchone() == (0,)
    for name in (first, second):
        postgres.drop_database(name)


def test_it_goes_on_after_a_restart(postgres: Postgres, postgres_url: str) -> None:
    """The same port and the same databases."""
    postgres.stop()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(postgres_url, connect_timeout=2)
    postgres.start()
    psycopg.connect(postgres_url).close()
