"""Tests of the Redis collector: on real servers where a server is the subject."""
