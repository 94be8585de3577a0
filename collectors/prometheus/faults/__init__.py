"""Broken instrumentation, found from the data: one file for each way in which figures go wrong."""
