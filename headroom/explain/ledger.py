"""Lines of arithmetic of which each is computed from figures as they are printed above it."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

from headroom.explain.records import Step

Figure = int | float | Fraction


def shown(value: Figure, digits: int) -> str:
    """Return a figure with this many significant digits, never in exponents; whole numbers in full."""
    if isinstance(value, int):
        return str(value)
    if not math.isfinite(value):
        return str(float(value))
    context = Context(prec=digits, rounding=ROUND_HALF_EVEN)
    exact = (
        context.divide(Decimal(value.numerator), Decimal(value.denominator))
        if isinstance(value, Fraction)
        else context.create_decimal(repr(value))
    )
    text = format(exact, "f")
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


class Ledger:
    """The lines so far.

    A line computed from unrounded figures could not be redone from the paper: its last digit would differ.
    """

    def __init__(self, digits: int) -> None:
        self.steps: list[Step] = []
        self.digits = digits
        self._group = ""

    def begin(self, group: str) -> None:
        """Name what the lines that follow are steps of."""
        self._group = group

    def read(self, symbol: str, value: Figure, words: str) -> Figure:
        """Add a figure that is read off the counts or given; return it as it is printed."""
        return self._add(symbol, "", value, words)

    def compute(
        self, symbol: str, expression: str, value: Callable[..., Figure], words: str, **given: Figure
    ) -> Figure:
        """Add a computed line; return its result as it is printed.

        Args:
            symbol: the result's name.
            expression: a template with the names of `given`.
            value: computes the result from `given`.
            words: what it means.
            given: results of earlier lines, as those returned them.
        """
        figures = {name: self.shown(figure) for name, figure in given.items()}
        return self._add(symbol, expression.format(**figures), value(**given), words)

    def shown(self, value: Figure) -> str:
        """Return a figure as this ledger prints it."""
        return shown(value, self.digits)

    def _add(self, symbol: str, expression: str, value: Figure, words: str) -> Figure:
        printed = self.shown(value)
        self.steps.append(Step(symbol, expression, printed, words, self._group))
        return value if isinstance(value, int) else float(printed)
