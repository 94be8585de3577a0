"""Headroom as a whole process, and what it survives."""
