"""What a mail brought, what was left on the server, why it was set aside; letters that wait; troubles."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add attachments and troubles, what else is known of a sighting, and since when a letter is due."""
    op.create_table(
        "attachment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("content_type", AutoString(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", AutoString(), nullable=False),
        sa.Column("content_id", AutoString(), nullable=False),
        sa.Column("inline", sa.Boolean(), nullable=False),
        sa.Column("decoration", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_attachment_message_id", "attachment", ["message_id"])
    op.create_index("ix_attachment_sha256", "attachment", ["sha256"])
    op.add_column("sighting", sa.Column("whole_size", sa.BigInteger(), nullable=True))
    op.add_column("sighting", sa.Column("reason", sa.Text(), server_default="", nullable=False))
    op.create_index(
        "sighting_quarantined",
        "sighting",
        ["id"],
        sqlite_where=sa.text("state = 'quarantined'"),
        postgresql_where=sa.text("state = 'quarantined'"),
    )
    op.add_column("sighting", sa.Column("untold", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_index(
        "sighting_untold",
        "sighting",
        ["maildrop_id", "arrived_at"],
        sqlite_where=sa.text("untold = 1"),
        postgresql_where=sa.text("untold"),
    )
    op.create_index("ix_sighting_raw_id", "sighting", ["raw_id"])
    op.create_index("ix_message_raw_id", "message", ["raw_id"])
    op.add_column("maildrop", sa.Column("seen_uid", sa.BigInteger(), nullable=True))
    op.add_column("outbox", sa.Column("due_at", UTCDateTime(), nullable=True))
    op.execute("UPDATE outbox SET due_at = created_at")
    op.create_table(
        "trouble",
        sa.Column("name", AutoString(), nullable=False),
        sa.Column("since", UTCDateTime(), nullable=False),
        sa.Column("told_at", UTCDateTime(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
