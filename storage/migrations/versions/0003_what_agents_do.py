"""What agents do: waiting tickets, who may use the service, consultations, visits, phone calls."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what a ticket is waiting for, whose limit a clock is, and what agents brought about."""
    op.add_column("ticket", sa.Column("wake_at", UTCDateTime(), nullable=True))
    for name in ("standing", "entity"):
        op.add_column("ticket", sa.Column(name, AutoString(), server_default="", nullable=False))
    for name in ("held", "scan"):
        op.add_column("attachment", sa.Column(name, AutoString(), server_default="", nullable=False))
    _clocks()
    _attendance()
    _partial("ticket_wake", "ticket", ["wake_at"], "wake_at IS NOT NULL")
    is_open = "status = 'new' OR status = 'taken' OR status = 'waiting'"
    _partial("ticket_merged", "ticket", ["merged_into"], "merged_into IS NOT NULL")
    _partial("ticket_open", "ticket", ["assignee", "team"], is_open)
    op.create_table(
        "consultation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("team", AutoString(), nullable=False),
        sa.Column("asked_by", AutoString(), nullable=False),
        sa.Column("asked_at", UTCDateTime(), nullable=False),
        sa.Column("answered_at", UTCDateTime(), nullable=True),
        sa.Column("answer_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"]),
        sa.ForeignKeyConstraint(["answer_id"], ["message.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_consultation_ticket_id", "consultation", ["ticket_id"])
    op.create_table(
        "visit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("uid", AutoString(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("technician", AutoString(), nullable=False),
        sa.Column("technician_name", AutoString(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("starts_at", UTCDateTime(), nullable=False),
        sa.Column("ends_at", UTCDateTime(), nullable=False),
        sa.Column("ordered_by", AutoString(), nullable=False),
        sa.Column("state", AutoString(), nullable=False),
        sa.Column("requester_state", AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("uid"),
    )
    op.create_index("ix_visit_ticket_id", "visit", ["ticket_id"])
    op.create_table(
        "call",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("agent", AutoString(), nullable=False),
        sa.Column("waited", sa.Integer(), nullable=True),
        sa.Column("lasted", sa.Integer(), nullable=True),
        sa.Column("first_call", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_call_ticket_id", "call", ["ticket_id"])
    op.create_index("ix_call_at", "call", ["at"])
    op.create_table(
        "erased",
        sa.Column("name", AutoString(), nullable=False),
        sa.Column("digest", AutoString(), nullable=False),
        sa.Column("sent_at", UTCDateTime(), nullable=True),
        sa.Column("message", sa.Integer(), nullable=True),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["message"], ["message.id"]),
        sa.PrimaryKeyConstraint("name", "digest"),
    )
    op.create_table(
        "settled",
        sa.Column("address", AutoString(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"]),
        sa.PrimaryKeyConstraint("address"),
    )
    op.create_index("ix_settled_ticket_id", "settled", ["ticket_id"])


def _attendance() -> None:
    """When a person last minded a ticket; the sweep finds out by itself when to look at it next."""
    for name in ("touched_at", "look_at"):
        op.add_column("ticket", sa.Column(name, UTCDateTime(), nullable=True))
    op.execute("UPDATE ticket SET touched_at = COALESCE(taken_at, created_at)")
    op.execute("UPDATE ticket SET look_at = touched_at WHERE status IN ('taken', 'resolved')")
    _partial("ticket_look", "ticket", ["look_at"], "look_at IS NOT NULL")


def _clocks() -> None:
    """Clocks have a time of their own, may stand still, and know what people have been told of them."""
    for column in (
        sa.Column("team", AutoString(), server_default="", nullable=False),
        sa.Column("span", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("desk", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("paused", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("paused_at", UTCDateTime(), nullable=True),
        sa.Column("warned", sa.Float(), server_default="0", nullable=False),
    ):
        op.add_column("clock", column)
    op.create_index("clock_started", "clock", ["started_at"])
    _partial("clock_stopped", "clock", ["stopped_at"], "stopped_at IS NOT NULL")
    # What ran until now ran in wall time; whoever heard of a stage hears of no share below it.
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    span = (
        "strftime('%s', due_at) - strftime('%s', started_at)"
        if is_sqlite
        else "EXTRACT(EPOCH FROM due_at - started_at)"
    )
    op.execute(f"UPDATE clock SET span = {span}")  # noqa: S608  (no part of it comes from outside)
    told = "CASE stage WHEN 'breached' THEN 1.0 WHEN 'near' THEN 0.8 ELSE 0.0 END"
    op.execute(f"UPDATE clock SET warned = {told}")  # noqa: S608
    # The sweep looks at once for shares that it did not know before.
    op.execute("UPDATE clock SET next_at = started_at WHERE next_at IS NOT NULL AND stage = 'running'")


def _partial(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
