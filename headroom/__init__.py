"""What a performance promise is, and whether it is kept.

The inside of Headroom: no package here polls, sends or draws.
"""

__version__ = "0.1.0"
