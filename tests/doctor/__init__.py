"""Tests of `headroom doctor`: every check with its bad counterpart, and the command on real servers."""
