"""The Cache page, from what it adds up to a real browser."""
