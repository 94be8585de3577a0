"""The design effect, line by line, as `headroom.binomial.design_effect` computes it in one go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from headroom.binomial import student_t
from headroom.explain.ledger import Figure, Ledger

_MOST_EVENTS = 1000  # with more events than these Student's t is that of a normal distribution


@dataclass(frozen=True, slots=True)
class Side:
    """One end of the slow share: what was slow for certain, or all that may have been.

    Attributes:
        name: "k_low" or "k_high"; "k" where the two are one.
        k, n: slow events and all events of the window.
        intervals: slow events and all events of each interval.
    """

    name: str
    k: int
    n: int
    intervals: Sequence[tuple[int, int]]

    def symbol(self, name: str) -> str:
        """Return the symbol of a figure that each end has."""
        return name + self.name.removeprefix("k")


class Bursts:
    """How much the slow events of one side come in bursts, and what that leaves of their number."""

    def __init__(self, side: Side, ledger: Ledger) -> None:
        """Add the lines that hold at any confidence."""
        self._side = side
        self._ledger = ledger
        kept = [(k, n) for k, n in side.intervals if n]
        self._m, slow, n = len(kept), sum(k for k, _ in kept), side.n
        self._bursts: Figure | None = None
        self._ends = {"k_low": " of those certainly slow", "k_high": " of those possibly slow"}.get(
            side.name, ""
        )
        ledger.begin(f"How far slow ones come in bursts: design effect{self._ends}")
        if self._m < 2:  # noqa: PLR2004 a spread needs two
            ledger.read(side.symbol("effect"), 1, "one interval shows no bursts")
        elif not 0 < slow < n:
            ledger.read(side.symbol("effect"), 1, "none or all slow: no bursts")
        else:
            self._bursts = self._spread(kept, slow)

    def counted(self, alpha: float, suffix: str = "") -> tuple[Figure, Figure]:
        """Add the lines to k and n as they count at a confidence, and return these.

        The suffix goes to the symbols where another confidence comes first.
        """
        side, ledger = self._side, self._ledger
        if self._bursts is None:
            return side.k, side.n
        if suffix:
            ledger.begin(f"The same at {float(100 * (1 - Fraction(repr(alpha)))):g}% confidence")
        effect = self._widened(self._bursts, alpha, suffix)
        if effect == 1:
            return side.k, side.n
        n = ledger.compute(
            side.symbol("n_eff") + suffix,
            "{n}/{effect}",
            lambda n, effect: n / effect,
            "so many independent ones they are worth",
            n=side.n,
            effect=effect,
        )
        if side.k in (0, side.n):
            return (n if side.k else 0), n
        k = ledger.compute(
            side.symbol("k_eff") + suffix,
            "{k}/{effect}",
            lambda k, effect: k / effect,
            "and so many of these slow",
            k=side.k,
            effect=effect,
        )
        return k, n

    def _spread(self, kept: Sequence[tuple[int, int]], slow: int) -> Figure:
        side, ledger, m = self._side, self._ledger, self._m
        if slow != side.k:
            ledger.read(side.symbol("sum"), slow, f"sum of the column {side.name}")
        sums = {
            "kk": (sum(k * k for k, _ in kept), f"{side.name} x {side.name} of each poll, summed"),
            "kn": (sum(k * n for k, n in kept), f"{side.name} x n of each poll, summed"),
            "nn": (sum(n * n for _, n in kept), "n x n of each poll, summed"),
        }
        ledger.read(side.symbol("m"), m, "polls with events in them")
        given = {name: ledger.read(side.symbol(name), *figure) for name, figure in sums.items()}
        spread = ledger.compute(
            side.symbol("spread"),
            "({kk} - 2*{k}/{n}*{kn} + ({k}/{n})^2*{nn})*{m}/{free}",
            lambda kk, kn, nn, k, n, m, free: (
                (kk - Fraction(2 * k * kn, n) + Fraction(k * k * nn, n * n)) * m / free
            ),
            "how far the polls differ (Cochran 1977, 6.9)",
            **given,
            k=slow,
            n=side.n,
            m=m,
            free=m - 1,
        )
        return ledger.compute(
            side.symbol("bursts"),
            "{spread}*{n}/({k}*({n} - {k}))",
            lambda spread, n, k: spread * n / (k * (n - k)),
            "times what chance alone does",
            spread=spread,
            n=side.n,
            k=slow,
        )

    def _widened(self, bursts: Figure, alpha: float, suffix: str) -> Figure:
        side, ledger, m = self._side, self._ledger, self._m
        many = max(m - 1, min(side.n - 1, _MOST_EVENTS))
        t_m, t_n = (
            ledger.compute(
                side.symbol(name) + suffix,
                "T.INV({sure}; {free})",
                lambda sure, free: student_t(alpha, free),  # noqa: ARG005 alpha is 1 - sure, unrounded
                words,
                sure=1 - Fraction(repr(alpha)),
                free=free,
            )
            for name, free, words in (
                ("t_m", m - 1, "Student's t for the polls"),
                ("t_n", many, "and for the events (Korn, Graubard 1998)"),
            )
        )
        return ledger.compute(
            side.symbol("effect") + suffix,
            "MAX(1; {bursts})*({t_m}/{t_n})^2",
            lambda bursts, t_m, t_n: max(1.0, bursts) * (t_m / t_n) ** 2,
            "so many count as one",
            bursts=bursts,
            t_m=t_m,
            t_n=t_n,
        )
