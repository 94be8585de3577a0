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
        groups: per group of labels, all but the status alike, how much it counted and how much of it failed.
    """

    sets: Mapping[tuple[Target, str], tuple[float, float]] = field(default_factory=dict)
    targets: tuple[Target, ...] = ()
    refused: tuple[Reason, str] | None = None
    groups: Mapping[str, tuple[float, float]] = field(default_factory=dict)


def tally_of(result: object, targets: tuple[Target, ...], now: float, window: float) -> Tally:
    """Return the counter out of the answer to `query.failures`, or raise StrangeAnswerError."""
    sets: dict[tuple[Target, str], tuple[float, float]] = {}
    for labels, values in series_of(result, now, window):
        at, text = living(values)[-1]
        try:
            sets[target_of(labels), _key(labels)] = float(at), float(text)
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


def groups_of(result: object) -> dict[str, float]:
    """Return how much each group counted out of the answer to `query.groups`, or raise StrangeAnswerError."""
    if not isinstance(result, list):
        raise StrangeAnswerError(f"a {type(result).__name__} instead of a list of groups")
    try:
        return {_key(one["metric"]): float(one["value"][1]) for one in result}
    except (TypeError, KeyError, IndexError, AttributeError, ValueError):
        raise StrangeAnswerError("a group of another form") from None


def _key(labels: Mapping[str, str]) -> str:
    spelled = "\0".join(f"{name}\1{labels[name]}" for name in sorted(labels))
    return blake2b(spelled.encode(errors="surrogatepass"), digest_size=10).hexdigest()


def rows_of(tally: Tally) -> dict[str, Any]:
    """Return the counter as JSON holds it."""
    sets = [[*target, key, at, repr(value)] for (target, key), (at, value) in tally.sets.items()]
    return {"sets": sets, "targets": tally.targets, "no": tally.refused, "groups": tally.groups}


def tally_from(rows: Mapping[str, Any]) -> Tally:
    """Return a dumped counter."""
    sets = {((job, instance), key): (at, float(value)) for job, instance, key, at, value in rows["sets"]}
    targets = tuple((job, instance) for job, instance in rows["targets"])
    refused = rows["no"]
    why = None if refused is None else (Reason(refused[0]), refused[1])
    groups = {key: (total, failed) for key, (total, failed) in rows.get("groups", {}).items()}
    return Tally(sets, targets, why, groups)
