"""One file a step, numbered; a released one never changes."""
