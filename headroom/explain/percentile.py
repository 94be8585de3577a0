"""The arithmetic of a percentile: from the counts to the limits of the rate, and to the outcome."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from headroom.binomial import lower_limit, upper_limit
from headroom.budgets import Reason
from headroom.explain.bounds import slow
from headroom.explain.bursts import Bursts, Side
from headroom.explain.ledger import Figure, Ledger
from headroom.explain.records import Row, Step
from headroom.explain.rule import firmness, rule
from headroom.judge import Case
from headroom.rate import FIRM, Rate

_FINEST = 1e-7
_DIGITS = (6, 9, 12, 15, 17)


def steps(case: Case, rows: Sequence[Row], rate: Rate) -> tuple[tuple[Step, ...], str]:
    """Return the lines and the rule that gave the outcome.

    With as few digits as keep the outcome: what is computed from rounded figures must not cross the limit.
    """
    allowed = case.limit.statistic.allowed
    assert allowed is not None
    wanted = rate.reason(allowed, rate.low(case.alpha), rate.high(case.alpha))
    for digits in _DIGITS:
        ledger = Ledger(digits)
        slow(case, rows, rate.bounds, ledger)
        low, high, firm = _limits(rate, case.alpha, ledger, over=wanted is Reason.OVER_LIMIT)
        same = rate.reason(allowed, float(low), float(high)) is wanted
        if same and (firm is None or (firm > allowed) is (rate.low(min(FIRM, case.alpha)) > allowed)):
            break
    why = rule(rate, wanted, allowed, ledger.shown(low), ledger.shown(high))
    if firm is not None:
        why += "; " + firmness(rate, allowed, ledger.shown(firm))
    return tuple(ledger.steps), why


def _limits(rate: Rate, alpha: float, ledger: Ledger, *, over: bool) -> tuple[Figure, Figure, Figure | None]:
    """Add the lines of both limits and return them as printed; where it is over, the firm lower limit too."""
    bounds = rate.bounds
    least = Side("k_low", bounds.k_low, bounds.n, [(one.k_low, one.n) for one in rate.intervals])
    most = Side("k_high", bounds.k_high, bounds.n, [(one.k_high, one.n) for one in rate.intervals])
    if (least.k, least.intervals) == (most.k, most.intervals):
        below = Bursts(Side("k", bounds.k_low, bounds.n, least.intervals), ledger)
        k, n = below.counted(alpha)
        low, high = _lower("L", k, n, alpha, ledger), _upper(k, n, alpha, ledger)
    else:
        below = Bursts(least, ledger)
        low = _lower("L", *below.counted(alpha), alpha, ledger)
        high = _upper(*Bursts(most, ledger).counted(alpha), alpha, ledger)
    if not over:
        return low, high, None
    risk = min(FIRM, alpha)
    return low, high, _lower("L_firm", *below.counted(risk, "_firm"), risk, ledger)


def _lower(symbol: str, k: Figure, n: Figure, alpha: float, ledger: Ledger) -> Figure:
    sure = f"{float(100 * (1 - _exact(alpha))):g}% confidence"
    ledger.begin(f"The limit of the rate behind them from below, at {sure} (Clopper-Pearson)")
    words = "the rate is at least this"
    if not k:
        return ledger.read(symbol, 0, "none slow for certain: it may be 0")
    if k == n:
        expression = "{risk}^(1/{n})"
        return ledger.compute(
            symbol, expression, lambda risk, n: float(risk) ** (1 / n), words, risk=_exact(alpha), n=n
        )
    return ledger.compute(
        symbol,
        "BETA.INV({risk}; {k}; {n} - {k} + 1)",
        lambda risk, k, n: _known(lower_limit(k, n, float(risk))),
        words,
        risk=_exact(alpha),
        k=k,
        n=n,
    )


def _upper(k: Figure, n: Figure, alpha: float, ledger: Ledger) -> Figure:
    sure = f"{float(100 * (1 - _exact(alpha))):g}% confidence"
    ledger.begin(f"The limit of the rate behind them from above, at {sure} (Clopper-Pearson)")
    words = "the rate is at most this"
    if k == n:
        return ledger.read("U", 1, "all possibly slow: it may be 1")
    if not k:
        expression = "1 - {risk}^(1/{n})"
        return ledger.compute(
            "U", expression, lambda risk, n: 1 - float(risk) ** (1 / n), words, risk=_exact(alpha), n=n
        )
    return ledger.compute(
        "U",
        "BETA.INV({sure}; {k} + 1; {n} - {k})",
        lambda sure, k, n: _known(upper_limit(k, n, alpha)),  # noqa: ARG005 alpha is 1 - sure, unrounded
        words,
        sure=1 - _exact(alpha),
        k=k,
        n=n,
    )


def _known(rate: float) -> float:
    """Return a rate, or 0 where its digits would be those of a solver that stops at 1e-12."""
    return rate if rate >= _FINEST else 0.0


def _exact(alpha: float) -> Fraction:
    return Fraction(repr(alpha))
