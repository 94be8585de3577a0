"""The sentence behind a verdict: the figures that prove it, or what would settle it.

One wording for screen, command line, alert and report.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from datetime import timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

from headroom.binomial import lower_limit, upper_limit
from headroom.bounds import Bounds, Interval
from headroom.budgets import Limit, Reason, Verdict
from headroom.evidence import Histogram
from headroom.observation import Part, Quality
from headroom.rate import Rate
from headroom.units import format_duration, format_interval, format_value

_MOST_DIGITS = 6  # behind the point, of a percentage
FEW = 6  # polls: with fewer the spread between them is known so badly that it decides
FEW_EVENTS = 30  # and with fewer events nothing is near any limit
FULL = 0.9  # of a window, and nobody needs to be told
_OF_NATIVE = frozenset({2.0**-12, 2.0**8})  # bounds that native histograms have, and nobody declares
_OF_REDIS = frozenset({33e-6, 0.541065})  # those of every Redis server
_UNTOLD = 1_000_000_000  # events: an upper bound beyond it says nothing
_FARTHEST = 20  # so many times the events that the window holds are no advice


def span(length: timedelta) -> str:
    """Return a length of time in words, from seconds up."""
    return format_duration(length)


def share(value: float, rounding: str = ROUND_HALF_EVEN, against: float | None = None) -> str:
    """Return a share as a percentage with two significant digits, rounded to the safe side where asked.

    As many more digits are shown as keep it on its side of `against`, another share.
    """
    percent = Decimal(f"{value * 100:.9g}")  # the digits behind are the double's, not ours
    if not percent:
        return "0%"
    digits = min(0, percent.adjusted() - 1)  # whole percents from 10 on
    shown = percent.quantize(Decimal(1).scaleb(digits), rounding)
    other = percent if against is None else Decimal(f"{against * 100:.9g}")
    while shown == other != percent and digits > -_MOST_DIGITS:
        digits -= 1
        shown = percent.quantize(Decimal(1).scaleb(digits), rounding)
    return f"{shown.normalize():f}%"


def count(low: int, high: int) -> str:
    """Return a count that is known exactly or between two ends."""
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def rate(value: float) -> str:
    """Return a rate with three digits at most, never in powers of ten."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"  # noqa: PLR2004 three digits from here on


def shortened(sentence: str, longest: int) -> str:
    """Return a sentence that fits into another one: cut between words where it is too long."""
    if len(sentence) <= longest:
        return sentence
    return f"{sentence[:longest].rpartition(' ')[0] or sentence[:longest]} …"


def figure(verdict: Verdict) -> str:
    """Return in a few words where a verdict on latency lies: the rate of slow events, or the value."""
    if verdict.allowed and verdict.slow_share is not None:
        low, high = verdict.slow_share.low or 0.0, verdict.slow_share.high
        if high is None or high >= 1:
            return f"at least {share(low, ROUND_FLOOR)} slow"
        return f"{between(low, high) if low else f'at most {share(high, ROUND_CEILING)}'} slow"
    if verdict.value is None:
        return "no figure"
    return format_interval(verdict.value, verdict.unit, against=verdict.threshold)


def percentile(
    limit: Limit,
    bounds: Bounds,
    rate: Interval,
    reason: Reason,
    parts: Sequence[Part],
    *,
    known: Rate,
    alpha: float,
) -> str:
    """Return what the window says of a percentile's limit; `known` are the counts behind `rate`."""
    allowed = limit.statistic.allowed
    assert allowed is not None
    assert rate.low is not None
    assert rate.high is not None
    threshold = format_value(limit.threshold, limit.unit)
    seen = (
        f"{count(bounds.k_low, bounds.k_high)} of {bounds.n:,} took longer than {threshold}"
        f" ({between(bounds.k_low / bounds.n, bounds.k_high / bounds.n, float(allowed))}), "
        f"{share(float(allowed))} allowed"
    )
    match reason:
        case Reason.WITHIN_LIMIT:
            most = share(rate.high, ROUND_CEILING)
            rest = f"; the rate behind it is at most {most} at {share(1 - alpha)} confidence"
            if not known.spread:
                # Bursts that did not fall into the window cannot be seen in it.
                rest += ", if slow ones come singly"
        case Reason.OVER_LIMIT:
            least = share(rate.low, ROUND_FLOOR)
            rest = f"; the rate behind it is at least {least} at {share(1 - alpha)} confidence"
        case Reason.PARTIAL:
            rest = (
                f"; a further {_doubt(known)}, and what they took may turn it: "
                "it settles when those leave the window"
            )
        case Reason.BUCKET:
            rest = "; " + _missing_bucket(limit, parts)
        case Reason.MOMENTS:
            rest = (
                "; mean and deviation cannot prove it on either side: "
                "a histogram with a bound at the limit would settle it"
            )
        case _:
            rest = "; " + _missing_samples(limit, known, alpha)
    if known.running:
        rest += (
            f"; {known.running:,} of them were seen running for longer than {threshold} and still run, were "
            "cancelled or failed: the server counts only those that end well"
        )
    return seen + rest + _remarks(parts)


def _doubt(known: Rate) -> str:
    """Return what is in doubt, and why."""
    others = known.unknown - known.uncertain
    strays = 0 if known.strays is None else known.strays.n - known.lost
    told = []
    if others:
        told.append(f"{others:,} came in intervals in doubt (a gap or a suspected reset)")
    if known.uncertain:
        told.append(
            f"{known.uncertain:,} were seen running over the limit and may have been counted since, or not"
        )
    if strays:
        told.append(
            f"{strays:,} are of statements that are not yet known to belong here, or how long they take"
        )
    if known.lost:
        told.append(
            f"{thrown_away(known.lost)} were thrown away by a full pg_stat_statements and may belong here"
        )
    return " and ".join(told)


def only_in_doubt(unknown: int) -> str:
    """Return what is to be said of a window whose only events are in doubt."""
    return (
        f"no requests or calls in the undisturbed intervals, and {unknown:,} in intervals in doubt (a gap "
        "or a suspected reset): it settles when those leave the window"
    )


def only_strays(known: Rate) -> str:
    """Return what is to be said of a window without an event that is known to belong to it."""
    return (
        f"no calls that are known to belong here, but a further {_doubt(known)}: "
        "it settles when those leave the window"
    )


def thrown_away(most: int) -> str:
    """Return how many events were thrown away at most, where that is worth a figure."""
    return f"up to {most:,}" if most < _UNTOLD else "nobody knows how many"


def between(low: float, high: float, against: float | None = None) -> str:
    """Return between which shares one lies, rounded outwards, but never onto `against`."""
    if low == high:
        return share(low, against=against)
    return f"{share(low, ROUND_FLOOR, against)} to {share(high, ROUND_CEILING, against)}"


def _missing_bucket(limit: Limit, parts: Sequence[Part]) -> str:
    layouts = {part.evidence.bounds for part in parts if isinstance(part.evidence, Histogram)}
    without = [bounds for bounds in layouts if limit.threshold not in bounds]
    native = next((bounds for bounds in without if frozenset(bounds) >= _OF_NATIVE), None)
    if native is not None and native[0] < limit.threshold < native[-1]:
        place = bisect_left(native, limit.threshold)
        bucket = format_interval(
            Interval(native[place - 1], native[place]), limit.unit, against=limit.threshold
        )
        return (
            f"{format_value(limit.threshold, limit.unit)} lies inside a bucket of the native histogram, "
            f"{bucket}: a bucket factor nearer to 1 narrows it"
        )
    given = next((bounds for bounds in without if frozenset(bounds) >= _OF_REDIS), None)
    if given is not None:
        return _between_given(limit, given)
    bound = f'le="{limit.threshold:g}"'
    if without and not any(without):
        return f"it has no buckets: adding {bound} settles it"
    if without and all(not bounds or bounds[-1] < limit.threshold for bounds in without):
        highest = max((bounds[-1] for bounds in without if bounds), default=0.0)
        return (
            f"the last bucket ends at {format_value(highest, limit.unit)}, so nothing can be proven over: "
            f"adding {bound} settles it"
        )
    return f"no bucket bound at {format_value(limit.threshold, limit.unit)}: adding {bound} settles it"


def _between_given(limit: Limit, bounds: tuple[float, ...]) -> str:
    """Return which limits next to this one a server can decide whose buckets nobody can change."""
    threshold, place = format_value(limit.threshold, limit.unit), bisect_left(bounds, limit.threshold)
    told = [f"{bound * 1e6:.0f}us" for bound in bounds[max(0, place - 1) : place + 1]]
    if place == len(bounds):
        return (
            f"the server's own histogram does not tell apart what took longer than {told[0]}, so nothing can "
            f"be proven over {threshold}: a limit of {told[0]} can be decided"
        )
    return (
        f"{threshold} lies inside a bucket of the server's own histogram, whose bounds are fixed: a limit of "
        f"{' or '.join(told)} can be decided"
    )


def _missing_samples(limit: Limit, known: Rate, alpha: float) -> str:
    more = samples_missing(limit, known.bounds, effect=known.effect_high(alpha), alpha=alpha)
    if more is not None:
        bursts = " (slow ones come in bursts, which count for less)" if known.bursty else ""
        return f"too few to tell: about {more:,} more at this rate of slow ones settle it{bursts}"
    return unsettled(known)


def unsettled(known: Rate) -> str:
    """Return why no number of further events worth waiting for settles a percentile."""
    polls = len(known.intervals)
    if known.bursty:
        return "slow ones come in bursts, so that the rate behind them cannot be told yet"
    if polls < FEW:
        return f"{polls} intervals are too few to tell whether slow ones come in bursts"
    if known.bounds.n < FEW_EVENTS:
        return f"{known.bounds.n:,} are too few to tell"
    return "too near the limit to be settled soon"


def samples_missing(limit: Limit, bounds: Bounds, *, effect: float, alpha: float) -> int | None:
    """Return about how many more events at this rate settle a percentile; None where that is far too many."""
    allowed = limit.statistic.allowed
    assert allowed is not None
    q = float(allowed)
    n, low, high = bounds.n / effect, bounds.k_low / bounds.n, bounds.k_high / bounds.n

    def settled(size: float) -> bool:
        return upper_limit(high * size, size, alpha) <= q or lower_limit(low * size, size, alpha) > q

    size = n
    while not settled(size):
        size *= 2
        if size > _FARTHEST * n:
            return None
    least, most = size / 2, size
    while most - least > 1:
        middle = (least + most) / 2
        least, most = (least, middle) if settled(middle) else (middle, most)
    return max(1, math.ceil(most * effect) - bounds.n)


def _remarks(parts: Sequence[Part]) -> str:
    """Return what a reset lost, and what the newest interval's reader should know."""
    details = dict.fromkeys(part.detail for part in parts if part.quality is Quality.RESET and part.detail)
    told = [f"; {detail}" for detail in list(details)[:2]]
    newest = parts[0]
    if newest.detail and newest.quality is not Quality.RESET:
        told.append(f"; newest interval: {newest.detail}")
    return "".join(told)


def coverage(share_of_window: float) -> str:
    """Return what is to be said of a window that evidence covers only in part; nothing where it is full."""
    return "" if share_of_window >= FULL else f"; evidence covers {share(share_of_window)} of the window"


def average(limit: Limit, value: Interval, reason: Reason, n: int, details: Sequence[str]) -> str:
    """Return what the window says of an average's limit; the newest of the parts' details is named."""
    shown = format_interval(value, limit.unit, against=limit.threshold)
    threshold = format_value(limit.threshold, limit.unit)
    side = "at least" if limit.at_least else "at most"
    told = (
        f"{limit.statistic.value} {shown}, {side} {threshold} promised; {n:,} reading{'' if n == 1 else 's'}"
    )
    if reason is Reason.BUCKET:
        told += "; the buckets cannot place the mean on either side"
    return f"{told} ({details[0]})" if details else told
