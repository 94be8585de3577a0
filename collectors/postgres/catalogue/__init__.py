"""What the audit reads of a PostgreSQL server's catalogue: seldom, bounded, and never waiting behind DDL."""
