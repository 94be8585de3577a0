"""PgBouncer as a source."""
