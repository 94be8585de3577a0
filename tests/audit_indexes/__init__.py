"""The audit of indexes and tables, and the command that prints all of it."""
