"""Tests of the composition: command line, cycle, schedule."""
