"""Receivers of alerts on the loopback that hold senders to what the real services demand."""
