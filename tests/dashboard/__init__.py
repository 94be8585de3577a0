"""The dashboard, from its markup to a real browser."""
