"""Benchmarks: ratios measured side by side in one run, never tests. `make bench` runs them all."""
