"""The audit of a Redis: what is read of it, and what the rules find."""
