"""What must hold between channels, routes and budgets: no alert may get lost by a slip of the pen."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from headroom.config.document import Document
from headroom.config.problems import Key, Problem, closest, one_of
from headroom.config.urls import WEBHOOK_SCHEMES, allowed_urls, wrong_with
from headroom.config.validation import Parts


def alert_problems(parts: Parts, document: Document) -> Iterator[Problem]:
    """Yield what is wrong with the channels and routes."""
    for name, channel in parts.channels.items():
        wrong = wrong_with(channel.url, WEBHOOK_SCHEMES)
        if wrong:
            yield document.problem(("alerts", "channels", name, "url"), wrong, allowed_urls(WEBHOOK_SCHEMES))
    yield from _routes(parts, document)
    if len(parts.routes) == document.size(("alerts", "routes")):  # a broken route may lead to any of them
        used = {name for route in parts.routes.values() for name in route.channels}
        for name in parts.channels:
            if name not in used:
                key = ("alerts", "channels", name)
                yield document.problem(
                    key, "a channel that no route leads to", "a channel that alerts.routes names"
                )


def _routes(parts: Parts, document: Document) -> Iterator[Problem]:
    written = document.at(("alerts", "channels"))
    names = tuple(written) if isinstance(written, dict) else ()
    ids = [budget.id for budget in parts.budgets.values() if budget.id]
    complete = len(ids) == document.size(("budgets",))  # a broken id may be the one that is meant
    for index, route in parts.routes.items():
        key: Key = ("alerts", "routes", index)
        for place, name in enumerate(route.channels):
            if name not in names:
                where: Key = (*key, "channels", place)
                allowed = one_of(names) or "a channel of alerts.channels, which has none"
                yield document.problem(
                    where, "which is not among the channels", allowed, closest(name, names)
                )
        for place, pattern in enumerate(route.budgets if complete else ()):
            if not any(fnmatchcase(each, pattern) for each in ids):
                where = (*key, "budgets", place)
                where = where if document.holds(where) else where[:-1]  # a single pattern has no list around
                allowed = "a pattern of budget ids, e.g. api.*"
                yield document.problem(where, "which matches no budget", allowed, closest(pattern, ids))
