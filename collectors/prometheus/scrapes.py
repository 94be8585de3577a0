"""How the scrapes of each target went, read from `up` and `process_start_time_seconds`."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from statistics import median

from collectors.prometheus.asked import Target
from collectors.prometheus.samples import StrangeAnswerError, living, series_of, target_of
from collectors.prometheus.snapshot import Scrape


def scrapes_of(result: object, now: float, window: float) -> dict[Target, Scrape]:
    """Return the scrapes of every target that has `up` within the window.

    Where a target has several (a federated `up` under labels of its own), the newest stands for it.
    """
    found: dict[Target, Scrape] = {}
    starts: dict[tuple[Target, float], float] = {}
    told: dict[Target, set[str]] = {}
    for labels, samples in series_of(result, now, window):
        target, values = target_of(labels), living(samples)
        if labels.get("__name__") == "up":
            scrape = _scrape(target, values)
            if target not in found or found[target].at < scrape.at:
                found[target] = scrape
        else:
            at, text = values[-1]
            starts[target, at] = max(starts.get((target, at), 0.0), _number(text))
            told.setdefault(target, set()).update(_texts(values))
    # Only of the newest good scrape: an older start may be that of another process.
    return {
        target: scrape
        if scrape.ok_at is None
        else replace(
            scrape, started=starts.get((target, scrape.ok_at)), steady=len(told.get(target, ())) == 1
        )
        for target, scrape in found.items()
    }


def _scrape(target: Target, values: list[tuple[float, str]]) -> Scrape:
    try:
        times = [float(at) for at, _ in values]
        ok_at = next((float(at) for at, text in reversed(values) if text == "1"), None)
    except (TypeError, ValueError):
        raise StrangeAnswerError("samples of up of another form") from None
    if times != sorted(times) or not math.isfinite(times[0]):
        raise StrangeAnswerError("samples of up in no order of time")
    gaps = [later - earlier for earlier, later in pairwise(times)]
    every = median(gaps) if gaps else None
    return Scrape(target, times[-1], values[-1][1] == "1", ok_at, every, None)


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
