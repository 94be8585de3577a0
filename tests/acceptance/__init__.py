"""The whole of Headroom as a new user meets it: one demo with a fault, from the command line to the browser."""
