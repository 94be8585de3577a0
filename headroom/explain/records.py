"""What an explanation consists of, as frozen records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from headroom.bounds import Bounds
from headroom.budgets import Outcome, Reason, Verdict
from headroom.evidence import Evidence
from headroom.judge import Case
from headroom.observation import Quality


@dataclass(frozen=True, slots=True)
class Promise:
    """What was promised.

    Attributes:
        inequality: "P95 <= 200 ms".
        words: "at most 5% of the requests take longer than 200 ms".
    """

    inequality: str
    words: str


@dataclass(frozen=True, slots=True)
class Row:
    """One part of the window.

    Attributes:
        poll: which poll gave it, counted from 1 at the oldest; bursts are looked for between polls.
        at: when it was recorded, by our clock.
        start, end: the interval, by the source's clock.
        bounds: how many events were slow, for percentiles; None otherwise.
        detail: what the source said of this interval.
    """

    poll: int
    at: datetime
    start: datetime
    end: datetime
    quality: Quality
    evidence: Evidence
    bounds: Bounds | None
    detail: str


@dataclass(frozen=True, slots=True)
class Step:
    """One line of arithmetic.

    Attributes:
        symbol: what later lines call the result.
        expression: figures only, as a spreadsheet takes them; empty where the value is read off the counts.
        value: the result, rounded; what follows is computed with it as it is printed.
        words: what it means.
        group: what it is a step of.
    """

    symbol: str
    expression: str
    value: str
    words: str
    group: str = ""

    @property
    def text(self) -> str:
        """The line without its words: "k_high = 312 - 271 = 41"."""
        return " = ".join(each for each in (self.symbol, self.expression, self.value) if each)


@dataclass(frozen=True, slots=True)
class Change:
    """Something that would change the verdict, or settle it, found by judging changed figures.

    Attributes:
        words: what would have to be different.
        outcome, reason: what would be said then; None where it depends on what comes.
        amount: how many events, or which factor; None where it is not about an amount.
    """

    words: str
    outcome: Outcome | None = None
    reason: Reason | None = None
    amount: float | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """A verdict and all that led to it.

    Attributes:
        verdict: what `judge` says of the case.
        rows: the parts that were judged, oldest first.
        left_out: the parts of the window that were not, oldest first.
        steps: the arithmetic; empty where there are no figures to judge.
        rule: which comparison gave the outcome.
    """

    case: Case
    verdict: Verdict
    promise: Promise
    rows: tuple[Row, ...]
    left_out: tuple[Row, ...]
    steps: tuple[Step, ...]
    rule: str
    changes: tuple[Change, ...]
