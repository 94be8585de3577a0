"""What the audit reads of a PostgreSQL server besides its catalogue: settings, sessions, heavy statements."""
