"""The instances behind a latency budget, judged beside the whole: which of them is worst, in a few words.

A page is for the promise as a whole, so what is said of an instance is a warning at most.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from headroom import wording
from headroom.budgets import Outcome, Severity, Subject, Verdict
from headroom.units import format_interval

WORTH = 0.1  # of what is allowed: below it even the worst is of no interest
_LONGEST = 60
_LONGEST_LABELS = 120


def softened(verdict: Verdict) -> Verdict:
    """Return a verdict on an instance: a warning, whatever the limit says.

    The promise is made for all requests. One instance of many may break it for a share of them that the
    promise allows, and with few requests each, the most unlucky of many is over by chance more often.
    """
    return replace(verdict, severity=Severity.WARNING) if verdict.subject else verdict


def with_worst(whole: Verdict, instances: Sequence[Verdict]) -> Verdict:
    """Return the verdict on the whole, naming its worst instance where one is over or clearly worst.

    Args:
        whole: the verdict on a limit for subject {}.
        instances: those on the same limit for its instances, in any order.
    """
    over = [one for one in instances if one.outcome is Outcome.OVER]
    worst = max(over, key=_slowness) if over else _clearly_worst(instances)
    if worst is None:
        return whole
    others = f" (and {len(over) - 1} more over)" if len(over) > 1 else ""
    told = f"; worst {name(worst.subject)}: {_figure(worst)}, {worst.outcome}{others}"
    return replace(whole, detail=whole.detail + told)


def name(subject: Subject) -> str:
    """Return a subject as sentences name it: "instance 10.0.0.7:3000"; bounded, and harmless to print."""
    return printable(", ".join(f"{label} {value}" for label, value in subject), _LONGEST)


def told_over(subjects: Iterable[Verdict]) -> str:
    """Return how many of the subjects of a limit are over: "1 of 12 instances over"; empty where none is."""
    known = list(subjects)
    over = sum(one.outcome is Outcome.OVER for one in known)
    labels = {label for one in known for label, _ in one.subject}
    what = next((one for one in ("command", "container", "node", "device") if one in labels), "instance")
    return f"{over:,} of {len(known):,} {what}{'' if len(known) == 1 else 's'} over" if over else ""


def printable(text: str, longest: int = _LONGEST_LABELS) -> str:
    """Return a stranger's text in one line of bounded length, in which nothing steers a terminal."""
    shown = "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text[: longest + 1]
    )
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"


def natural(subject: Subject) -> list[tuple[str, list[tuple[int, str]]]]:
    """Return what sorts subjects as people count: 10.0.0.2 before 10.0.0.10."""
    return [
        (
            label,
            [
                (len(piece.lstrip("0")), piece.lstrip("0")) if at % 2 else (0, piece)
                for at, piece in _pieces(value)
            ],
        )
        for label, value in subject
    ]


def _pieces(value: str) -> enumerate[str]:
    """Return a value cut at its numbers, which are every second piece."""
    return enumerate(re.split("([0-9]+)", value))


def _clearly_worst(instances: Sequence[Verdict]) -> Verdict | None:
    """Return the instance whose slow share surely lies above that of every other, and is worth a word."""
    busy = [one for one in instances if one.outcome is not Outcome.IDLE]
    known = [(one, one.slow_share.low or 0.0, one.slow_share.high) for one in busy if one.slow_share]
    if len(known) < 2 or len(known) < len(busy):  # noqa: PLR2004 the worst of one is no news
        return None
    worst, low, _ = max(known, key=lambda each: each[1])
    highs = [1.0 if high is None else high for one, _, high in known if one is not worst]
    return worst if low > max(*highs, WORTH * (worst.allowed or 0.0)) else None


def _slowness(verdict: Verdict) -> tuple[float, float]:
    """Return what sorts verdicts that are over: by the share that was slow for certain, or by the value."""
    if verdict.slow is not None and verdict.n:
        return (verdict.slow[0] / verdict.n, verdict.slow[1] / verdict.n)
    return ((verdict.value.low or 0.0) if verdict.value else 0.0, 0.0)


def _figure(verdict: Verdict) -> str:
    if verdict.slow is not None and verdict.n:
        low, high = (count / verdict.n for count in verdict.slow)
        return f"{wording.between(low, high)} slow"
    if verdict.value is None:
        return "no figure"
    return format_interval(verdict.value, verdict.unit, against=verdict.threshold)
