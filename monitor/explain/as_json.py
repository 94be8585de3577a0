"""An explanation as the JSON document that scripts rely on."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime
from typing import Any

from headroom.bounds import Bounds
from headroom.evidence import Evidence
from headroom.explain import Change, Row
from monitor.check import record
from monitor.explain.explained import Explained, Measured


def as_json(explained: Iterable[Explained]) -> str:
    """Return the explanations, with every row of the window."""
    found = {"explanations": [_one(one) for one in explained]}
    return json.dumps(_finite(found), indent=2, allow_nan=False)


def _one(one: Explained) -> dict[str, Any]:
    told = one.told
    return {
        "budget": one.budget.id,
        "title": one.budget.title,
        "limit": one.limit.name,
        "subject": dict(one.subject),
        "at": _time(one.at),
        "promise": {
            "inequality": one.measured[0].explanation.promise.inequality,
            "words": one.measured[0].explanation.promise.words,
        },
        "verdict": None if one.said is None else record(one.said),
        "recomputed": None if one.verdict is None else record(one.verdict),
        "recorded": None
        if told is None
        else {
            "at": _time(told.at),
            "outcome": told.outcome.value,
            "reason": told.reason.value,
            "detail": told.detail,
            "same": one.same,
        },
        "now": None if one.now is None else record(one.now),
        "remarks": list(one.remarks),
        "measures": [_measured(each) for each in one.measured],
    }


def _measured(each: Measured) -> dict[str, Any]:
    found = each.explanation
    return {
        "measure": each.measure.key,
        "source": each.measure.source,
        "judges": each.judges,
        "foreign": each.foreign,
        "query": {
            "whom": each.query.whom,
            "sent": list(each.query.sent),
            "paste": each.query.paste,
            "rules": list(each.query.rules),
        },
        "verdict": record(found.verdict),
        "rows": [_row(row) for row in found.rows],
        "left_out": [_row(row) for row in found.left_out],
        "steps": [
            {name: getattr(step, name) for name in ("group", "symbol", "expression", "value", "words")}
            for step in found.steps
        ],
        "rule": found.rule,
        "changes": [_change(change) for change in found.changes],
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "poll": row.poll,
        "at": _time(row.at),
        "from": _time(row.start),
        "to": _time(row.end),
        "quality": row.quality.value,
        "kind": type(row.evidence).__name__.lower(),
        "figures": _figures(row.evidence),
        "slow": None if row.bounds is None else {"low": row.bounds.k_low, "high": row.bounds.k_high},
        "detail": row.detail,
    }


def _figures(evidence: Evidence | Bounds) -> dict[str, Any]:
    return {one.name: getattr(evidence, one.name) for one in fields(evidence)}


def _change(change: Change) -> dict[str, Any]:
    return {
        "words": change.words,
        "outcome": None if change.outcome is None else change.outcome.value,
        "reason": None if change.reason is None else change.reason.value,
        "amount": change.amount,
    }


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _finite(value: Any) -> Any:
    """Return a value in which what JSON cannot say is null."""
    match value:
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {key: _finite(each) for key, each in value.items()}
        case list() | tuple():
            return [_finite(each) for each in value]
        case _:
            return value
