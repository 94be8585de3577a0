"""Of several uses of one kind, the worst as the whole, and each for itself. Knows nothing of what is used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from collectors.prometheus.words import clock, moment
from headroom.budgets import Reason, Subject
from headroom.evidence import Gauge, Ratio
from headroom.observation import Absence, Observation, Part, Quality, Series

MOST = 200
"""Of one kind, how many are told one by one: each is a stored row at every poll."""


@dataclass(frozen=True, slots=True)
class Use:
    """What one thing used of one kind between two scrapes.

    Attributes:
        name: as sentences name it.
        start, end: Unix seconds by the server's clock.
        share: by which the worst is found; the part of its limit, or anything else that grows with use.
        detail: what a person should know about its figure.
    """

    subject: Subject
    name: str
    start: float
    end: float
    evidence: Ratio | Gauge
    share: float
    quality: Quality = Quality.EXACT
    detail: str = ""


def worst_of(uses: Iterable[Use]) -> Use:
    """Return the one that used most; of equals always the same. There must be one."""
    return min(uses, key=lambda use: (-use.share, use.name, use.subject))


def tell_worst(series: Series, uses: Sequence[Use], things: str, remark: str = "") -> Iterator[Observation]:
    """Yield the worst of `uses` as the whole, and those that used most one by one, also where it is but one.

    Whose figure the whole is would be known from nothing but a sentence otherwise.

    `things` is what they are, such as "containers"; `remark` is said of the whole.
    """
    worst = worst_of(uses)
    who = f"the worst of {len(uses)} {things}: {worst.name}" if len(uses) > 1 else worst.name
    hidden = len(uses) - MOST
    rest = f"{hidden} of them are not told one by one" if hidden > 0 else ""
    yield Observation(series, (_part(worst, who, rest, remark),))
    for use in greatest(uses):
        yield each(series, use)


def tell_broken(series: Series, broken: Mapping[Subject, str]) -> Iterator[Absence]:
    """Yield why things have no figure, of MOST at most; a sentence each."""
    for subject, why in islice(broken.items(), MOST):
        yield Absence(Series(series.source, series.measure, subject), Reason.BROKEN_INSTRUMENTATION, why)


def not_judged(broken: Sequence[str], of: int) -> str:
    """Return what the whole lacks; "" where nothing is broken."""
    return f"{len(broken):,} of {of:,} not judged: {broken[0]}" if broken else ""


def greatest(uses: Sequence[Use]) -> Sequence[Use]:
    """Return those that used most, as many as are told one by one."""
    if len(uses) <= MOST:
        return uses
    return sorted(uses, key=lambda use: (-use.share, use.name, use.subject))[:MOST]


def each(series: Series, use: Use) -> Observation:
    """Return what one used for itself."""
    return Observation(Series(series.source, series.measure, use.subject), (_part(use),))


def _part(use: Use, who: str = "", *remarks: str) -> Part:
    detail = "; ".join(each for each in (who, use.detail, *remarks, _doubt(use)) if each)
    return Part(moment(use.start), moment(use.end), use.evidence, use.quality, (), detail)


def _doubt(use: Use) -> str:
    if use.quality is Quality.RESET:
        return f"the counters of {use.name} began anew after {clock(use.start)}; what came before is lost"
    if use.quality is Quality.GAP:
        return f"nothing was heard of {use.name} for {use.end - use.start:.0f} s"
    return ""
