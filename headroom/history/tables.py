"""The tables, as SQLAlchemy writes and reads them; `migrations` is how a database comes by them.

Portable types only: PostgreSQL is to hold the same tables.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

from headroom.history.columns import ROW_ID, Labels, Moment, Span, Words

# Constraints without a name cannot be dropped by a later migration.
metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

sources = Table(
    "sources",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("name", Words, nullable=False, unique=True),
    Column("last_seq", BigInteger),  # of its newest row in poll_log
    Column("ok_at", Moment),  # when the newest good poll began
    Column("notes", Text),  # JSON list of the newest poll's sentences
)

epochs = Table(
    "epochs",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("source_id", ForeignKey("sources.id"), nullable=False),
    Column("epoch", Words, nullable=False),
    Column("first_at", Moment, nullable=False),
    UniqueConstraint("source_id", "epoch"),
)

series = Table(
    "series",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("source_id", ForeignKey("sources.id"), nullable=False),
    Column("measure", Words, nullable=False),
    Column("subject", Labels, nullable=False),
    UniqueConstraint("source_id", "measure", "subject"),
)

configurations = Table(
    "configurations",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("digest", Words, nullable=False, unique=True),
    Column("text", Words),  # null until it is recorded
    Column("at", Moment, nullable=False),
)

# One row a cycle, its seq being the order of all else; without a source where the clock brought it about.
poll_log = Table(
    "poll_log",
    metadata,
    Column("seq", ROW_ID, primary_key=True),
    Column("source_id", ForeignKey("sources.id")),
    Column("epoch_id", ForeignKey("epochs.id")),
    Column("configuration_id", ForeignKey("configurations.id")),
    Column("at", Moment, nullable=False),
    Column("duration", Span),
    Column("result", Text),
    Column("detail", Words),
    Index(None, "source_id", "at"),
    sqlite_autoincrement=True,  # a number freed by retention must not come back and confuse the order
)

evidence = Table(
    "evidence",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("series_id", ForeignKey("series.id"), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("at", Moment, nullable=False),
    Column("started", Moment, nullable=False),
    Column("ended", Moment, nullable=False),
    Column("kind", Text, nullable=False),
    Column("quality", Text, nullable=False),
    Column("figures", LargeBinary, nullable=False),
    Column("bounds", LargeBinary, nullable=False),
    Column("detail", Words, nullable=False),
    Index(None, "series_id", "at"),
)

snapshots = Table(
    "snapshots",
    metadata,
    Column("source_id", ForeignKey("sources.id"), primary_key=True, autoincrement=False),
    Column("epoch", Words, nullable=False),
    Column("data", LargeBinary, nullable=False),  # zlib
    Column("seq", BigInteger, nullable=False),
    Column("at", Moment, nullable=False),
)

verdict_latest = Table(
    "verdict_latest",
    metadata,
    Column("budget", Words, primary_key=True),
    Column("limit", Words, primary_key=True),
    Column("subject", Labels, primary_key=True),
    Column("outcome", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("since", Moment, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("body", Text, nullable=False),  # JSON of all else
)

verdict_changes = Table(
    "verdict_changes",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("at", Moment, nullable=False),
    Column("budget", Words, nullable=False),
    Column("limit", Words, nullable=False),
    Column("subject", Labels, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("detail", Words, nullable=False),
    Index(None, "budget", "at"),
)

# What is known of each shape of statement; the newest word stands.
statements = Table(
    "statements",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("source_id", ForeignKey("sources.id"), nullable=False),
    Column("fingerprint", Words, nullable=False),
    Column("at", Moment, nullable=False),  # when it was learnt
    Column("class", Words, nullable=False),
    Column("why", Words, nullable=False),
    Column("text", Words, nullable=False),
    Column("traits", Labels, nullable=False),
    UniqueConstraint("source_id", "fingerprint"),
)

# What the audit read of a source, so that a later one can tell what happened since.
facts = Table(
    "facts",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("source_id", ForeignKey("sources.id"), nullable=False),
    Column("at", Moment, nullable=False),
    Column("data", LargeBinary, nullable=False),  # zlib
    Index(None, "source_id", "at"),
)

# Those of the newest audit of each source.
findings = Table(
    "findings",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("source_id", ForeignKey("sources.id"), nullable=False),
    Column("at", Moment, nullable=False),
    Column("rule", Words, nullable=False),
    Column("subject", Labels, nullable=False),
    Column("state", Text, nullable=False),
    Column("guide", Words, nullable=False),
    Column("found", Words, nullable=False),
    Column("fix", Words, nullable=False),
    Column("migration", Words, nullable=False),  # JSON list of statements
    Index(None, "source_id"),
)

incidents = Table(
    "incidents",
    metadata,
    Column("id", Words, primary_key=True),
    Column("budget", Words, nullable=False),
    Column("statistic", Text, nullable=False),
    Column("subject", Labels, nullable=False),
    Column("state", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("limit", Words, nullable=False),
    Column("opened", Moment, nullable=False),
    Column("fired", Moment),
    Column("ended", Moment),
    Column("over_for", Span, nullable=False),
    Column("met_for", Span, nullable=False),
    Column("unclear_for", Span, nullable=False),
    Column("blind", Boolean, nullable=False),
    Column("budget_digest", Words, nullable=False),
    Column("worst", Words, nullable=False),
    Column("about", Text, nullable=False, server_default="breach"),
    Column("source", Words, nullable=False, server_default=""),
    Column("acknowledged", Moment),
    Column("acknowledged_by", Words, nullable=False, server_default=""),
    Column("silenced", Words, nullable=False, server_default=""),
    Column("flapping", Boolean, nullable=False, server_default="0"),
    Column("rises", Integer, nullable=False, server_default="0"),
    Column("steady_for", Span, nullable=False, server_default="0"),
    Column("told_ago", Span, nullable=False, server_default="0"),
    Column("unanswered_for", Span, nullable=False, server_default="0"),
    Column("step", Integer, nullable=False, server_default="0"),
    Column("lost_told", Boolean, nullable=False, server_default="0"),
    Column("untold", Boolean, nullable=False, server_default="0"),
    Column("seq", BigInteger, nullable=False),
    Index(None, "ended"),
)

transitions = Table(
    "transitions",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("incident_id", ForeignKey("incidents.id"), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("at", Moment, nullable=False),
    Column("before", Text),
    Column("after", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("detail", Words, nullable=False),
    Column("severity", Text, nullable=False, server_default="critical"),
    Index(None, "incident_id"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("incident_id", ForeignKey("incidents.id")),  # null for a message of Headroom itself
    Column("seq", BigInteger, nullable=False),
    Column("channel", Words, nullable=False),
    Column("status", Text, nullable=False),
    Column("key", Words, nullable=False),
    Column("payload", Words, nullable=False),
    Column("created", Moment, nullable=False),
    Column("next_at", Moment, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("claimed", Moment),  # when the last attempt began
    Column("lease_until", Moment),  # an attempt that says nothing until then has failed
    Column("state", Text, nullable=False),
    Column("ended", Moment),
    Column("error", Words, nullable=False),
    Column("response", Words, nullable=False),
    Column("bundle", Words, nullable=False, server_default=""),
    Column("source", Words, nullable=False, server_default=""),
    Column("budget", Words, nullable=False, server_default=""),
    Index(None, "incident_id", "channel"),
    Index(None, "state", "ended"),
    sqlite_autoincrement=True,  # ids are the order of delivery
)

actions = Table(
    "actions",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("person", Words, nullable=False),
    Column("kind", Text, nullable=False),
    Column("body", Text, nullable=False),  # JSON
    Column("applied_seq", BigInteger),  # the cycle that applied it; null while it waits
    Index(None, "applied_seq"),
)

# What is known of each channel that ever sent something.
channels = Table(
    "channels",
    metadata,
    Column("name", Words, primary_key=True),
    Column("digest", Words, nullable=False),  # of its configuration when it was written
    Column("disabled", Moment),  # since when it takes nothing; null while it works
    Column("error", Words, nullable=False),
    Column("ok_at", Moment),  # its last success, also of a test
    Column("failed_at", Moment),
    Column("tested_at", Moment),
    Column("tested", Words, nullable=False),  # what came of the last test, as a sentence
)

# What a receiver that can be asked said of an incident, such as a member of an Alertmanager cluster.
receipts = Table(
    "receipts",
    metadata,
    Column("incident_id", ForeignKey("incidents.id"), primary_key=True),
    Column("channel", Words, primary_key=True),
    Column("member", Words, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("state", Text, nullable=False),
    Column("detail", Words, nullable=False),
)
