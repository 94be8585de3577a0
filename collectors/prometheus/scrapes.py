"""How the scrapes of each target went, read from `up` and `process_start_time_seconds`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from statistics import median

from collectors.prometheus.asked import Target
from collectors.prometheus.samples import StrangeAnswerError, living, series_of, target_of
from collectors.prometheus.snapshot import Scrape

FEDERATED = frozenset({"exported_job", "exported_instance"})
"""Labels under which a federated series keeps what its own server called its target."""


def scrapes_of(result: object, now: float, window: float) -> dict[Target, Scrape]:
    """Return the scrapes of every target that has `up` within the window.

    Where several share job and instance and are told apart by other labels, they stand as one that is no
    better than any of them: whose series is whose is not known.
    """
    found: dict[Target, list[Scrape]] = {}
    starts: dict[tuple[Target, float], set[float]] = {}
    told: dict[Target, set[str]] = {}
    for labels, samples in series_of(result, now, window):
        target, values = target_of(labels), living(samples)
        if labels.get("__name__") == "up":
            if not FEDERATED & labels.keys():  # of a scrape that another server made
                found.setdefault(target, []).append(_scrape(target, values))
        else:
            at, text = values[-1]
            starts.setdefault((target, at), set()).add(_number(text))
            told.setdefault(target, set()).update(_texts(values))
    return {
        target: replace(
            _joined(scrapes),
            started=_started(target, scrapes, starts),
            steady=len(told.get(target, ())) == 1 and all(scrape.ok_at is not None for scrape in scrapes),
        )
        for target, scrapes in found.items()
    }


def completed(near: Mapping[Target, Scrape], far: Mapping[Target, Scrape]) -> dict[Target, Scrape]:
    """Return `near`, and from the wider window what it could not know."""
    whole = dict(far)
    for target, scrape in near.items():
        wide = far.get(target)
        if wide is not None:
            scrape = replace(scrape, every=scrape.every or wide.every, times=scrape.times | wide.times)  # noqa: PLW2901 the same one, knowing more
        whole[target] = scrape
    return whole


def _joined(scrapes: list[Scrape]) -> Scrape:
    if len(scrapes) == 1:
        return scrapes[0]
    good = [scrape.ok_at for scrape in scrapes if scrape.ok_at is not None]
    periods = [scrape.every for scrape in scrapes if scrape.every is not None]
    return replace(
        scrapes[0],
        at=max(scrape.at for scrape in scrapes),
        up=all(scrape.up for scrape in scrapes),
        ok_at=min(good) if len(good) == len(scrapes) else None,
        every=max(periods) if len(periods) == len(scrapes) else None,
        times=frozenset[float]().union(*(scrape.times for scrape in scrapes)),
    )


def _started(
    target: Target, scrapes: list[Scrape], starts: Mapping[tuple[Target, float], set[float]]
) -> float | None:
    """Return the start told at the newest good scrape: an older one may be that of another process."""
    told: set[float | None] = set()
    for scrape in scrapes:
        some = set() if scrape.ok_at is None else starts.get((target, scrape.ok_at), set())
        told |= some or {None}
    return told.pop() if len(told) == 1 else None


def _scrape(target: Target, values: list[tuple[float, str]]) -> Scrape:
    try:
        times = [float(at) for at, _ in values]
        ok_at = next((float(at) for at, text in reversed(values) if text == "1"), None)
    except (TypeError, ValueError, OverflowError):
        raise StrangeAnswerError("samples of up of another form") from None
    if times != sorted(times) or not math.isfinite(times[0]):
        raise StrangeAnswerError("samples of up in no order of time")
    gaps = [later - earlier for earlier, later in pairwise(times)]
    every = median(gaps) if gaps else None
    return Scrape(target, times[-1], values[-1][1] == "1", ok_at, every, None, times=frozenset(times))


def _texts(values: list[tuple[float, str]]) -> list[str]:
    try:
        return [str(text) for _, text in values]
    except (TypeError, ValueError):
        raise StrangeAnswerError("samples of process_start_time_seconds of another form") from None


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        return 0.0
    return number if math.isfinite(number) else 0.0
