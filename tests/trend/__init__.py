"""Tests of what grows steadily, and what only seems to."""
