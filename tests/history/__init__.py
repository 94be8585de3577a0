"""What the history keeps, and what it survives."""
