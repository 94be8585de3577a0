"""What must hold between channels, routes, steps and budgets: no alert may get lost by a slip of the pen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from headroom.config.document import Document
from headroom.config.problems import Key, Problem, closest, one_of
from headroom.config.spec_alerts import MaintenanceSpec, RouteSpec
from headroom.config.spec_channels import AlertmanagerSpec
from headroom.config.validation import Parts
from headroom.patterns import starred
from headroom.units import parse_duration

_CHANNELS: Key = ("alerts", "channels")
_ROUTES: Key = ("alerts", "routes")
_STEPS: Key = ("alerts", "escalate")


def alert_problems(parts: Parts, document: Document) -> Iterator[Problem]:
    """Yield what is wrong with routes and steps, and channels that nothing leads to."""
    for index, route in parts.routes.items():
        yield from _unknown(route.channels, (*_ROUTES, index), document)
        yield from pattern_problems(route, (*_ROUTES, index), parts, document)
        if route.hours is not None:
            yield from _hours(route, (*_ROUTES, index, "hours"), document)
    yield from _steps(parts, document)
    complete = (
        len(parts.routes) == document.size(_ROUTES)  # a broken one may lead to any of them
        and len(parts.steps) == document.size(_STEPS)
        and len(parts.channels) == document.size(_CHANNELS)
    )
    if complete:
        yield from _unreached(parts, document)


def channel_names(document: Document) -> tuple[str, ...]:
    """Return the names of the channels, those included that something is wrong with."""
    written = document.at(_CHANNELS)
    return tuple(written) if isinstance(written, dict) else ()


def unknown_channel(key: Key, document: Document) -> Problem:
    """Return the problem with what should be the name of a channel."""
    names = channel_names(document)
    allowed = one_of(names) or "a channel of alerts.channels, which has none"
    return document.problem(key, "which is not among the channels", allowed, closest(document.at(key), names))


def _unknown(channels: Sequence[str], key: Key, document: Document) -> Iterator[Problem]:
    names = channel_names(document)
    for place, name in enumerate(channels):
        if name not in names:
            yield unknown_channel((*key, "channels", place), document)


def _steps(parts: Parts, document: Document) -> Iterator[Problem]:
    before: Key = ()
    longest = None
    for index, step in parts.steps.items():
        key = (*_STEPS, index)
        yield from _unknown(step.channels, key, document)
        for place, name in enumerate(step.channels):
            if isinstance(parts.channels.get(name), AlertmanagerSpec):
                what = "which is of kind alertmanager: it is told the state, and escalates by its own rules"
                where = (*key, "channels", place)
                yield document.problem(where, what, "channels that are sent messages")
        after = parse_duration(step.after)
        if longest is not None and after < longest:
            what = f"which is earlier than the step before it (line {document.line(before)})"
            yield document.problem((*key, "after"), what, "steps in the order of their times")
        else:
            longest, before = after, (*key, "after")


def _hours(route: RouteSpec, key: Key, document: Document) -> Iterator[Problem]:
    hours = route.hours
    assert hours is not None
    if bool(hours.from_) is not bool(hours.to):
        there, other = ("from", "to") if hours.from_ else ("to", "from")
        what = f"without {other} beside it"
        yield document.problem((*key, there), what, "from and to, or neither for whole days")
    elif hours.from_ and hours.from_.zfill(5) == hours.to.zfill(5):
        what = "which is the same as from"
        yield document.problem((*key, "to"), what, "another time than from; whole days need neither")


def _unreached(parts: Parts, document: Document) -> Iterator[Problem]:
    used = {name for route in parts.routes.values() for name in route.channels}
    used |= {name for step in parts.steps.values() for name in step.channels}
    used |= {channel.fallback for channel in parts.channels.values()}
    for name in parts.channels:
        if name not in used:
            what = "a channel that no route, step or fallback leads to"
            allowed = "a channel that alerts.routes, alerts.escalate or a fallback names"
            yield document.problem((*_CHANNELS, name), what, allowed)


def pattern_problems(
    spec: RouteSpec | MaintenanceSpec, key: Key, parts: Parts, document: Document
) -> Iterator[Problem]:
    """Yield each pattern that takes nothing: it is a slip of the pen, or out of date."""
    budgets = parts.budgets.items()
    ids = [budget.id for _, budget in budgets if budget.id]
    if len(ids) == document.size(("budgets",)):  # a broken id may be the one that is meant
        yield from _idle(spec.budgets, ids, (*key, "budgets"), document)
    sources = document.at(("sources",))
    names = list(sources) if isinstance(sources, dict) else []
    yield from _idle(spec.sources, names, (*key, "sources"), document)
    owners = [budget.owner for _, budget in budgets]
    written = [document.at(("budgets", index, "owner")) for index, _ in budgets]
    if sum(each is not None for each in written) == sum(bool(each) for each in owners):
        yield from _idle(spec.owners, owners, (*key, "owners"), document)


_NOUNS = {
    "budgets": ("which matches no budget", "a pattern of budget ids, e.g. api.*"),
    "sources": ("which matches no source", "a pattern of names of sources, e.g. erp-*"),
    "owners": ("which matches no budget's owner", "a pattern of owners of budgets, e.g. Team *"),
}


def _idle(patterns: Sequence[str], known: Sequence[str], key: Key, document: Document) -> Iterator[Problem]:
    what, allowed = _NOUNS[str(key[-1])]
    for place, pattern in enumerate(patterns):
        if not any(starred(each, pattern) for each in known):
            where = (*key, place)
            where = where if document.holds(where) else key  # a single pattern has no list around
            # An owner may come from the environment, which no message shows.
            hint = "" if key[-1] == "owners" else closest(pattern, known)
            yield document.problem(where, what, allowed, hint)
