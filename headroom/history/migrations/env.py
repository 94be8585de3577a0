"""What Alembic runs first: it works on the connection that `headroom.history.migrate` opened.

That connection is in an immediate transaction already, and Alembic adds none of its own: all steps are
committed together.
"""

from __future__ import annotations

from alembic import context

from headroom.history.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
