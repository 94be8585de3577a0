"""Secrets that must be seen nowhere."""
