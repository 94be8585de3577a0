"""Answers with status 429, by endpoint class, from the counters of the histograms behind the budgets."""

from __future__ import annotations

from collections.abc import Collection

from collectors.prometheus.audited.asking import named
from collectors.prometheus.audited.counted import Counted
from headroom.sources import EndpointRules

UNCLASSIFIED = "unclassified"
"""Stands for requests that no class takes."""
_TOO_MANY = "429"


class NoStatusError(Exception):
    """The histogram does not tell with which status requests ended; the text says what it has instead."""


def limited_by(
    counted: Counted, histograms: Collection[str], endpoints: EndpointRules
) -> dict[str, tuple[int, int]] | None:
    """Return by class the answers with 429 and all answers; None where there is no such histogram.

    Raises NoStatusError where no status is told, and SourceError where the server does not answer.
    """
    found: dict[str, tuple[int, int]] = {}
    label = endpoints.labels["status"]
    seen, spelled = False, set[str]()
    for metric in histograms:
        for labels, moved in counted.moved(named(f"{metric}_count")):
            seen = True
            status = endpoints.request(labels)[2]
            spelled.add(status)
            group = endpoints.classify(labels)
            if group == "ignored" or not status:  # a histogram of queries may stand among them
                continue
            refused, whole = found.get(group or UNCLASSIFIED, (0, 0))
            found[group or UNCLASSIFIED] = refused + moved * (status == _TOO_MANY), whole + moved
    if not seen:
        return None
    if not any(status.isdecimal() for status in spelled):
        words = f"statuses such as {min(spelled - {''})[:20]}" if spelled - {""} else "none"
        raise NoStatusError(
            f"the label {label} of {', '.join(sorted(histograms)[:3])} tells {words}, not 429"
        )
    return found
