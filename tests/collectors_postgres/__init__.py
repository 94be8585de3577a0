"""Tests of the PostgreSQL collector: on real servers where a server is the subject."""
