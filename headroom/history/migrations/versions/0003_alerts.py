"""Who takes care of an incident, what keeps it quiet, what each channel and receiver said."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_WORDS = ("source", "acknowledged_by", "silenced")
_NUMBERS = ("rises", "step")
_SPANS = ("steady_for", "told_ago", "unanswered_for")
_FLAGS = ("flapping", "lost_told", "untold")


def upgrade() -> None:
    """Add columns and two tables; messages may be about Headroom itself, so they need no incident."""
    with op.batch_alter_table("incidents", recreate="always") as table:
        table.add_column(sa.Column("about", sa.Text(), nullable=False, server_default="breach"))
        table.add_column(sa.Column("acknowledged", sa.BigInteger()))
        for name in _WORDS:
            table.add_column(sa.Column(name, sa.Text(), nullable=False, server_default=""))
        for name in _NUMBERS:
            table.add_column(sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
        for name in _SPANS:
            table.add_column(sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))
        for name in _FLAGS:
            table.add_column(sa.Column(name, sa.Boolean(), nullable=False, server_default="0"))
    with op.batch_alter_table("transitions", recreate="always") as table:
        table.add_column(sa.Column("severity", sa.Text(), nullable=False, server_default="critical"))
    # Rebuilt, it would hand out the numbers of deleted messages again, and those are the order of delivery.
    with op.batch_alter_table("outbox", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.alter_column("incident_id", existing_type=sa.Text(), nullable=True)
        for name in ("bundle", "source", "budget"):
            table.add_column(sa.Column(name, sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "channels",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("disabled", sa.BigInteger()),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("ok_at", sa.BigInteger()),
        sa.Column("failed_at", sa.BigInteger()),
        sa.Column("tested_at", sa.BigInteger()),
        sa.Column("tested", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_channels")),
    )
    op.create_table(
        "receipts",
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("incident_id", "channel", "member", name=op.f("pk_receipts")),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.id"], name=op.f("fk_receipts_incident_id_incidents")
        ),
    )
