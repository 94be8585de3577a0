"""How many answers are 429: fast answers that a budget takes for good ones."""

from __future__ import annotations

from collections.abc import Iterator

from headroom.audit.amounts import clean
from headroom.audit.application.case import ApplicationCase
from headroom.audit.application.facts import Metrics
from headroom.audit.finding import Finding
from headroom.budgets import Kind, Unit
from headroom.checks import State
from headroom.units import format_value
from headroom.wording import share

_RULE = "application.rate_limits"
_GUIDE = "Rate Limiting Impact: short 10 in 1 s, medium 100 in 10 s, long 500 in 60 s"
MANY = 0.01
"""Share of the answers of a class. Ours: from there on refusals begin to make up the percentiles."""
_MOST = 3  # names in a sentence
_UNSEEN = (
    "record the request where it ends, whatever ended it: a middleware with "
    "res.on('finish', () => metricsService.recordRequest(…, res.statusCode, …)); NestJS runs guards before "
    "interceptors, so that the guide's interceptor never sees what ThrottlerGuard refuses"
)


def rate_limits(case: ApplicationCase) -> Iterator[Finding]:
    """Yield for each class whether its 429 are many; that there are none proves no limits."""
    if not case.metrics:
        found = "cannot be checked: no source of kind prometheus could be read"
        yield Finding(_RULE, (), State.CANNOT_CHECK, _GUIDE, found)
    for metrics in case.metrics:
        yield from _of(metrics, _histograms(case, metrics.source))


def _histograms(case: ApplicationCase, source: str) -> list[str]:
    """Return the histograms of a source that budgets of requests are held to."""
    measures = (one for budget in case.budgets for one in budget.measures)
    return sorted(
        {
            clean(one.of)
            for one in measures
            if one.kind is Kind.HISTOGRAM and one.source == source and one.group.startswith("endpoints.")
        }
    )


def _of(metrics: Metrics, histograms: list[str]) -> Iterator[Finding]:
    ours = (("source", metrics.source),)
    why = metrics.why.get("limited") or metrics.why.get("counters", "")
    if metrics.limited is None:
        if not why and not metrics.period:
            why = f"{metrics.source} knows nothing of what was before; ask again in some minutes"
        if not why and histograms:
            counters = ", ".join(f"{name}_count" for name in histograms[:_MOST])
            why = (
                f"{metrics.source} has no {counters}, so that nobody counts answers by status: a native "
                "histogram has none, unless it is scraped with its classic buckets, too"
            )
        found = why or "no budget of requests is held to a histogram of this source"
        state = State.CANNOT_CHECK if why else State.NOT_APPLICABLE
        yield Finding(_RULE, ours, state, _GUIDE, f"cannot be checked: {found}" if why else found)
        return
    refused, whole = (
        (sum(ends) for ends in zip(*metrics.limited.values(), strict=True)) if metrics.limited else (0, 0)
    )
    span = f"in the last {format_value(metrics.period, Unit.SECONDS)}"
    but = f"; {why}" if why else ""
    if not whole:
        found = f"cannot be checked: there were no answers {span}{but}"
        yield Finding(_RULE, ours, State.CANNOT_CHECK, _GUIDE, found)
        return
    many = {name: ends for name, ends in metrics.limited.items() if ends[0] > MANY * ends[1]}
    for name, (few, all_of_them) in sorted(many.items()):
        found = (
            f"{few:,} of {all_of_them:,} answers of the class {name} {span} were 429 "
            f"({share(few / all_of_them)}): the budget of this class counts them as fast answers, and users "
            "got nothing"
        )
        fix = (
            "raise the tier that refuses, or take 429 out of the class in budgets.yaml by its status: "
            "[2xx, 3xx, 5xx]"
        )
        yield Finding(_RULE, (("class", name), *ours), State.WARN, _GUIDE, found + but, fix)
    if many:
        return
    if refused:
        found = (
            f"{refused:,} of {whole:,} answers {span} were 429 ({share(refused / whole)}), in no class more "
            f"than {share(MANY)}: limits are at work, and which of the tiers refused cannot be seen"
        )
        yield Finding(_RULE, ours, State.PASS, _GUIDE, found + but)
        return
    found = (
        f"cannot be checked: none of {whole:,} answers {span} was 429; either nobody came near the limits, "
        "or there are none, or the histogram never sees what they refuse"
    )
    yield Finding(_RULE, ours, State.CANNOT_CHECK, _GUIDE, found + but, _UNSEEN)
