"""The part of a verdict that nobody searches by, as JSON: every figure comes back as it was."""

from __future__ import annotations

import json
from typing import Any

from headroom.bounds import Interval
from headroom.budgets import (
    Outcome,
    Reason,
    Severity,
    Statistic,
    Subject,
    Unit,
    Verdict,
    Window,
)
from headroom.history.columns import from_microseconds, to_microseconds


def encode_verdict(verdict: Verdict) -> str:
    """Return all but budget, limit, subject, outcome and reason, which have columns of their own."""
    window = verdict.window
    return json.dumps(
        {
            "statistic": verdict.statistic,
            "severity": verdict.severity,
            "source": verdict.source,
            "detail": verdict.detail,
            "unit": verdict.unit,
            "threshold": verdict.threshold,
            "window": (to_microseconds(window.start), to_microseconds(window.end), window.coverage),
            "at": to_microseconds(verdict.at),
            "value": _ends(verdict.value),
            "slow": verdict.slow,
            "slow_share": _ends(verdict.slow_share),
            "allowed": verdict.allowed,
            "n": verdict.n,
            "headroom": verdict.headroom,
            "firm": verdict.firm,
            "at_least": verdict.at_least,
        },
        separators=(",", ":"),
    )


def decode_verdict(
    budget: str, limit: str, subject: Subject, outcome: str, reason: str, body: str
) -> Verdict:
    """Return the verdict of a row of `verdict_latest`."""
    fields: dict[str, Any] = json.loads(body)
    start, end, coverage = fields["window"]
    return Verdict(
        budget=budget,
        limit=limit,
        statistic=Statistic(fields["statistic"]),
        severity=Severity(fields["severity"]),
        subject=subject,
        source=fields["source"],
        outcome=Outcome(outcome),
        reason=Reason(reason),
        detail=fields["detail"],
        unit=Unit(fields["unit"]),
        threshold=fields["threshold"],
        window=Window(from_microseconds(start), from_microseconds(end), coverage),
        at=from_microseconds(fields["at"]),
        value=_interval(fields["value"]),
        slow=None if fields["slow"] is None else tuple(fields["slow"]),
        slow_share=_interval(fields["slow_share"]),
        allowed=fields["allowed"],
        n=fields["n"],
        headroom=fields["headroom"],
        firm=fields["firm"],
        at_least=fields.get("at_least", False),  # not written by versions before
    )


def _ends(interval: Interval | None) -> tuple[float | None, float | None] | None:
    return None if interval is None else (interval.low, interval.high)


def _interval(ends: list[float | None] | None) -> Interval | None:
    return None if ends is None else Interval(ends[0], ends[1])
