"""The composition: command line, cycle, schedule; the only package that imports the edges."""
