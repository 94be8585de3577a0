"""The whole of Headroom as a new user meets it: a demo with a fault, from command line to browser."""
