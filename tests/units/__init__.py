"""Durations, shares, sizes and rates in and out."""
