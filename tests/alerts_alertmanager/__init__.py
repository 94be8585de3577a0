"""Tests of telling Alertmanager, against Debian's own."""
