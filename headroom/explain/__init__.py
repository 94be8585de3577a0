"""Why a verdict is what it is, with every figure, so that a person can redo it. Pure: a `Case` comes in."""

from headroom.explain.explanation import explain
from headroom.explain.records import Change, Explanation, Row, Step

__all__ = ["Change", "Explanation", "Row", "Step", "explain"]
