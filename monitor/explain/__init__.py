"""`headroom explain`: recorded evidence, the reading behind it and the arithmetic, for a person to redo."""
