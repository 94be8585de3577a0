"""A pocket calculator for what an explanation prints: knows nothing of Headroom, and reads the text alone."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from fractions import Fraction

from scipy import stats  # type: ignore[import-untyped]

LINE = re.compile(r"^ {6,}([A-Za-z_]+) = (.+?)(?:  +\S.*)?$")
_NUMBER = re.compile(r"(?<![\w.])[0-9]+(?:\.[0-9]+)?")
DIGITS = 6
"""How many significant digits are printed at least; zeros at the end are left out."""
SOLVED = 1e-12
"""How closely the rate behind BETA.INV is solved for; what is under 1e-7 is printed as 0."""
_CONSTANTS = {"0", "1", "2", "1000"}
_FUNCTIONS = {
    "BETA_INV": lambda p, a, b: float(stats.beta.ppf(float(p), float(a), float(b))),
    "T_INV": lambda p, free: float(stats.t.ppf(float(p), float(free))),
    "MAX": max,
    "MIN": min,
    "FLOOR": math.floor,
    "CEILING": math.ceil,
}


def lines(text: str) -> list[tuple[str, str, str]]:
    """Return symbol, expression ("" where the value is only read) and value of each line of arithmetic."""
    found = []
    for line in text.splitlines():
        match = LINE.match(line)
        if match:
            expression, _, value = match[2].rpartition(" = ")
            found.append((match[1], expression, value))
    return found


def result(expression: str) -> float:
    """Return what an expression comes to; in fractions, for differences of large squares lose digits."""
    names = expression.replace("^", "**").replace(";", ",").replace(".INV", "_INV")
    python = _NUMBER.sub(lambda number: f"Fraction('{number[0]}')", names)
    return float(eval(python, {"__builtins__": {}, "Fraction": Fraction}, _FUNCTIONS))


def redo(text: str) -> int:
    """Compute every line anew from what is printed, to its last digit; return how many there were.

    Raises:
        AssertionError: a line comes to something else, or uses a figure that was never printed before.
    """
    seen, redone = set(_CONSTANTS), 0
    for symbol, expression, value in lines(text):
        if expression:
            used = set(_NUMBER.findall(expression))
            levels = {each for each in used if each.startswith("0.") and set(each) <= set("0.19")}
            counts = {str(int(each) - 1) for each in seen if each.isdigit()} | {"1000"}
            assert used <= seen | levels | counts, f"{symbol}: {used - seen - levels - counts} out of nowhere"
            again, last = result(expression), 10.0 ** (Decimal(value).adjusted() - DIGITS + 1)
            assert abs(again - float(value)) <= 0.5001 * last + 1e-9 * abs(again) + SOLVED, (
                f"{symbol}: {again} is not {value}"
            )
            redone += 1
        seen.add(value)
    return redone
