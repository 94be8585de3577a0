"""A step of no release: it rebuilds two tables with rows in them, one of which others refer to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what SQLite can only add by copying the table."""
    with op.batch_alter_table("series", recreate="always") as series:
        series.add_column(sa.Column("unit", sa.Text(), nullable=False, server_default="s"))
        series.create_index("ix_series_unit", ["unit"])
    with op.batch_alter_table("evidence") as evidence:
        evidence.alter_column("detail", existing_type=sa.Text(), nullable=True)
        evidence.create_check_constraint("in_order", "started <= ended")
