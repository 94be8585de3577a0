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


_ROW = re.compile(r"^ +[0-9]+ {2,}[0-9]{2}:")
_SPREAD = re.compile(r"^(m|k[kn]|nn|sum)(_low|_high)?$")


def redo_sums(text: str) -> int:
    """Compute the sums behind each design effect anew from the tables; return how many there were.

    Raises:
        AssertionError: the rows that are printed, and the sums of those that are not, come to something else.
    """
    heads, polls, found = [], {}, 0
    printed = text.splitlines()
    for i, line in enumerate(printed):
        if line.startswith("   ") and line.split()[:1] == ["poll"]:
            heads = re.split(" {2,}", line.strip())
            polls = {} if "3. The counts" in "".join(printed[max(0, i - 4) : i]) else polls
        elif _ROW.match(line) and "k_low" in heads:
            cells = re.split(" {2,}", line.strip())
            row = dict(zip(heads, cells, strict=True))
            one = polls.setdefault(int(row["poll"]), [0, 0, 0])
            for at, name in enumerate(("n", "k_low", "k_high")):
                one[at] += int(row[name])
    values = {symbol: int(value) for symbol, _, value in lines(text) if value.isdigit()}
    told = re.search(r"The polls ([0-9, to]+) together", " ".join(text.split()))
    for run in told[1].split(", ") if told else ():
        first, _, last = run.partition(" to ")
        for number in range(int(first), int(last or first) + 1):
            polls.pop(number, None)
    kept = [one for one in polls.values() if one[0]]
    for symbol, value in values.items():
        match = _SPREAD.match(symbol)
        if match is None:
            continue
        name, suffix = match[1], match[2] or ""
        k = 1 if suffix == "_low" else 2
        folded = {"m": "m_folded", "nn": "nn_folded", "sum": f"k_folded{suffix}"}
        of = folded.get(name, f"{name}_folded{suffix}")
        again = {
            "m": len(kept),
            "kk": sum(one[k] ** 2 for one in kept),
            "kn": sum(one[k] * one[0] for one in kept),
            "nn": sum(one[0] ** 2 for one in kept),
            "sum": sum(one[k] for one in kept),
        }[name] + (values[of] if told else 0)
        assert again == value, f"{symbol}: {again} is not {value}"
        found += 1
    return found
