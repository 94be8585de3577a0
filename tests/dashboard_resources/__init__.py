"""The Resources page, from trends in words to a real browser."""
