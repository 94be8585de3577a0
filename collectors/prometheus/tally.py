"""A counter of failed requests that is kept elsewhere, such as by the proxy, as raw samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from collectors.prometheus.asked import Target
from collectors.prometheus.samples import StrangeAnswerError, living, series_of, target_of
from headroom.budgets import Reason


@dataclass(frozen=True, slots=True)
class Tally:
    """The counter of failures that is kept elsewhere, as one poll read it.

    Attributes:
        sets: per target and labels, when it was sampled and how many it had counted.
        targets: those that give the counter, be it only of what did not fail.
        refused: why it could not be read.
    """

    sets: Mapping[tuple[Target, str], tuple[float, float]] = field(default_factory=dict)
    targets: tuple[Target, ...] = ()
    refused: tuple[Reason, str] | None = None


def tally_of(result: object, targets: tuple[Target, ...], now: float, window: float) -> Tally:
    """Return the counter out of the answer to `query.failures`, or raise StrangeAnswerError."""
    sets: dict[tuple[Target, str], tuple[float, float]] = {}
    for labels, values in series_of(result, now, window):
        at, text = living(values)[-1]
        try:
            spelled = "\0".join(f"{name}\1{labels[name]}" for name in sorted(labels))
            key = blake2b(spelled.encode(errors="surrogatepass"), digest_size=10).hexdigest()
            sets[target_of(labels), key] = float(at), float(text)
        except (TypeError, ValueError):
            raise StrangeAnswerError("a counter of failures of another form") from None
    return Tally(sets, tuple(dict.fromkeys((*targets, *(target for target, _ in sets)))))


def targets_of(result: object) -> tuple[Target, ...]:
    """Return the targets out of the answer to `query.giving`, or raise StrangeAnswerError."""
    if not isinstance(result, list):
        raise StrangeAnswerError(f"a {type(result).__name__} instead of a list of series")
    try:
        return tuple(target_of(one["metric"]) for one in result)
    except (TypeError, KeyError, AttributeError):
        raise StrangeAnswerError("a series of another form") from None


def rows_of(tally: Tally) -> dict[str, Any]:
    """Return the counter as JSON holds it."""
    sets = [[*target, key, at, repr(value)] for (target, key), (at, value) in tally.sets.items()]
    return {"sets": sets, "targets": tally.targets, "no": tally.refused}


def tally_from(rows: Mapping[str, Any]) -> Tally:
    """Return a dumped counter."""
    sets = {((job, instance), key): (at, float(value)) for job, instance, key, at, value in rows["sets"]}
    targets = tuple((job, instance) for job, instance in rows["targets"])
    refused = rows["no"]
    return Tally(sets, targets, None if refused is None else (Reason(refused[0]), refused[1]))
