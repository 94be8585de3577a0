"""The page of alerts, from its words to a real browser."""
