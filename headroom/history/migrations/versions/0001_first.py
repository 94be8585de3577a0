"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create all tables."""
    op.create_table(
        "sources",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("last_seq", sa.BigInteger()),
        sa.Column("ok_at", sa.BigInteger()),
        sa.Column("notes", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sources")),
        sa.UniqueConstraint("name", name=op.f("uq_sources_name")),
    )
    op.create_table(
        "epochs",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("source_id", ROW_ID, nullable=False),
        sa.Column("epoch", sa.Text(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_epochs")),
        sa.UniqueConstraint("source_id", "epoch", name=op.f("uq_epochs_source_id_epoch")),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_epochs_source_id_sources")),
    )
    op.create_table(
        "series",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("source_id", ROW_ID, nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_series")),
        sa.UniqueConstraint(
            "source_id", "measure", "subject", name=op.f("uq_series_source_id_measure_subject")
        ),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_series_source_id_sources")),
    )
    op.create_table(
        "configurations",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("text", sa.Text()),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_configurations")),
        sa.UniqueConstraint("digest", name=op.f("uq_configurations_digest")),
    )
    op.create_table(
        "poll_log",
        sa.Column("seq", ROW_ID, nullable=False),
        sa.Column("source_id", ROW_ID),
        sa.Column("epoch_id", ROW_ID),
        sa.Column("configuration_id", ROW_ID),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("duration", sa.BigInteger()),
        sa.Column("result", sa.Text()),
        sa.Column("detail", sa.Text()),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_poll_log")),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_poll_log_source_id_sources")),
        sa.ForeignKeyConstraint(["epoch_id"], ["epochs.id"], name=op.f("fk_poll_log_epoch_id_epochs")),
        sa.ForeignKeyConstraint(
            ["configuration_id"],
            ["configurations.id"],
            name=op.f("fk_poll_log_configuration_id_configurations"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_poll_log_source_id_at"), "poll_log", ["source_id", "at"])
    op.create_table(
        "evidence",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("series_id", ROW_ID, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("started", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("quality", sa.Text(), nullable=False),
        sa.Column("figures", sa.LargeBinary(), nullable=False),
        sa.Column("bounds", sa.LargeBinary(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence")),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name=op.f("fk_evidence_series_id_series")),
    )
    op.create_index(op.f("ix_evidence_series_id_at"), "evidence", ["series_id", "at"])
    op.create_table(
        "snapshots",
        sa.Column("source_id", ROW_ID, nullable=False, autoincrement=False),
        sa.Column("epoch", sa.Text(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source_id", name=op.f("pk_snapshots")),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_snapshots_source_id_sources")),
    )
    _judgement()
    _alerts()
    op.create_table(
        "findings",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("guide", sa.Text(), nullable=False),
        sa.Column("found", sa.Text(), nullable=False),
        sa.Column("fix", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_findings")),
    )
    op.create_index(op.f("ix_findings_rule_at"), "findings", ["rule", "at"])
    op.create_table(
        "actions",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("applied_seq", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_actions")),
    )
    op.create_index(op.f("ix_actions_applied_seq"), "actions", ["applied_seq"])


def _judgement() -> None:
    op.create_table(
        "verdict_latest",
        sa.Column("budget", sa.Text(), nullable=False),
        sa.Column("limit", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("budget", "limit", "subject", name=op.f("pk_verdict_latest")),
    )
    op.create_table(
        "verdict_changes",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("budget", sa.Text(), nullable=False),
        sa.Column("limit", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verdict_changes")),
    )
    op.create_index(op.f("ix_verdict_changes_budget_at"), "verdict_changes", ["budget", "at"])


def _alerts() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("budget", sa.Text(), nullable=False),
        sa.Column("statistic", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("limit", sa.Text(), nullable=False),
        sa.Column("opened", sa.BigInteger(), nullable=False),
        sa.Column("fired", sa.BigInteger()),
        sa.Column("ended", sa.BigInteger()),
        sa.Column("over_for", sa.BigInteger(), nullable=False),
        sa.Column("met_for", sa.BigInteger(), nullable=False),
        sa.Column("unclear_for", sa.BigInteger(), nullable=False),
        sa.Column("blind", sa.Boolean(), nullable=False),
        sa.Column("budget_digest", sa.Text(), nullable=False),
        sa.Column("worst", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
    )
    op.create_index(op.f("ix_incidents_ended"), "incidents", ["ended"])
    op.create_table(
        "transitions",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("before", sa.Text()),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transitions")),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.id"], name=op.f("fk_transitions_incident_id_incidents")
        ),
    )
    op.create_index(op.f("ix_transitions_incident_id"), "transitions", ["incident_id"])
    op.create_table(
        "outbox",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("claimed", sa.BigInteger()),
        sa.Column("lease_until", sa.BigInteger()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("ended", sa.BigInteger()),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("response", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.id"], name=op.f("fk_outbox_incident_id_incidents")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_outbox_incident_id_channel"), "outbox", ["incident_id", "channel"])
    op.create_index(op.f("ix_outbox_state_ended"), "outbox", ["state", "ended"])
