"""How long the keys of a Redis live, policy by policy: one bounded pass over all of them, no key kept."""
