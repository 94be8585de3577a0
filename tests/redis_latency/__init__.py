"""Tests of command latency, the slow log, and what a server lets one ask."""
