"""What must hold of `alerts.maintenance`: it names what it keeps quiet, when it comes, and it ends."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo, available_timezones

from headroom.config.document import Document
from headroom.config.problems import Key, Problem, closest
from headroom.config.recurrence import REPEAT_FORM, wrong_with_times
from headroom.config.rules_alerts import pattern_problems
from headroom.config.rules_classes import repeated
from headroom.config.scalars_alerts import moment_of
from headroom.config.validation import Parts
from headroom.units import parse_duration

_PLACE: Key = ("alerts", "maintenance")
_MATCHES = "budgets, sources, owners, severities or labels"


def maintenance_problems(parts: Parts, document: Document) -> Iterator[Problem]:
    """Yield what is wrong with planned work, and with the time zones of routes."""
    names = [((*_PLACE, index, "name"), each.name) for index, each in parts.maintenance.items()]
    yield from repeated(names, document, "maintenance")
    for index, each in parts.maintenance.items():
        key = (*_PLACE, index)
        if not (each.budgets or each.sources or each.owners or each.severities or each.labels):
            allowed = f'at least one of {_MATCHES}; budgets: "*" means all'
            yield document.problem(key, "nothing that it is for", allowed)
        yield from pattern_problems(each, key, parts, document)
        yield from _zone(each.timezone, (*key, "timezone"), document)
        if each.repeat:
            wrong = wrong_with_times(each.repeat, moment_of(each.begins), parse_duration(each.lasts))
            if wrong:
                yield document.problem((*key, "repeat"), wrong, REPEAT_FORM)
    for index, route in parts.routes.items():
        if route.hours is not None:
            yield from _zone(route.hours.timezone, ("alerts", "routes", index, "hours", "timezone"), document)


def _zone(name: str, key: Key, document: Document) -> Iterator[Problem]:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # a folder of the database, a path out of it, nothing
        allowed = "a time zone of the IANA database, e.g. Europe/Berlin"
        hint = closest(document.at(key), available_timezones())
        yield document.problem(key, "which is no time zone that is known here", allowed, hint)
