"""Alembic's door: runs on the connection that ``storage.database`` hands over, in its transaction."""

from alembic import context
from sqlmodel import SQLModel

from storage import tables

assert tables.TicketRow  # the import fills the metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
    transactional_ddl=True,
    compare_type=True,
)
context.run_migrations()
