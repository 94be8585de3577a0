"""Alertmanager: told the whole state of all incidents again and again, and asked what it made of it."""
