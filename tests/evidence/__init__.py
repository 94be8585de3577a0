"""Tests of the figures and what they prove."""
