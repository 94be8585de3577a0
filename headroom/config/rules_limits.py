"""What must hold for the limits of a budget: unit, statistic, side and order fit what is measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from headroom.budgets import Severity
from headroom.config.document import Document
from headroom.config.forms import EVICTING, FORMS, UNIT_FORMS, Form, evicting_form
from headroom.config.problems import Key, Problem, closest, one_of
from headroom.config.rules_classes import repeated
from headroom.config.spec import LimitSpec
from headroom.config.validation import BudgetParts
from headroom.units import UnitError, parse_value

_EITHER = "either max, a rate such as 1 per 1000 commands, or min, a hit rate such as 80%"


def limit_problems(budget: BudgetParts, form: Form, key: Key, document: Document) -> Iterator[Problem]:
    """Yield what is wrong with the limits of a budget."""
    yield from _limits(budget.limits, form, (*key, "limits"), document)
    if budget.evicting and form is not FORMS["redis_memory"]:
        allowed = "evicting beside redis_memory only"
        yield document.problem((*key, "evicting"), "limits that only a cache can have", allowed)
    else:
        yield from _evicting(budget.evicting, (*key, "evicting"), document)


def _evicting(limits: Mapping[int, LimitSpec], key: Key, document: Document) -> Iterator[Problem]:
    clear = {}
    for index, limit in limits.items():
        if bool(limit.max) is bool(limit.min):
            what = "max and min" if limit.max else "neither max nor min"
            yield document.problem((*key, index), what, _EITHER)
        else:
            clear[index] = limit
    for form in (EVICTING, FORMS["hit_rate"]):
        own = {index: limit for index, limit in clear.items() if evicting_form(limit) is form}
        yield from _limits(own, form, key, document, form.called.removeprefix("a "))
    yield from _as_loud(clear, key, document)


def _as_loud(limits: Mapping[int, LimitSpec], key: Key, document: Document) -> Iterator[Problem]:
    """Yield a problem where two limits that are over only together would sound differently."""
    first: dict[str, int] = {}
    for index, limit in limits.items():
        other = first.setdefault(name_of(limit), index)
        if limits[other].severity is not limit.severity:
            line = document.line((*key, other))
            where = (*key, index, "severity")
            where = where if document.holds(where) else where[:-1]
            what = f"another severity than the limit of the same name in line {line}, which is judged with it"
            yield document.problem(where, what, "one severity for both")


def name_of(limit: LimitSpec) -> str:
    """Return a limit's name: as written, or its statistic."""
    return limit.name or limit.statistic.value


def _limits(
    limits: Mapping[int, LimitSpec],
    form: Form,
    key: Key,
    document: Document,
    what: str = "limit of this budget",
) -> Iterator[Problem]:
    names: list[tuple[Key, str]] = []
    sided = form.sided(limits.values())
    for index, limit in limits.items():
        where = (*key, index)
        names.append(((*where, "name") if limit.name else (*where, "statistic"), name_of(limit)))
        if limit.statistic not in form.statistics:
            words = [statistic.value for statistic in form.statistics]
            yield document.problem(
                (*where, "statistic"),
                f"which {form.called} does not have",
                one_of(words),
                closest(limit.statistic.value, words),
            )
        yield from _threshold(limit, sided, where, document)
    yield from repeated(names, document, what)
    yield from _order(limits, sided, key, document)


def _threshold(limit: LimitSpec, form: Form, key: Key, document: Document) -> Iterator[Problem]:
    given = [side for side in ("max", "min") if getattr(limit, side)]
    if given != [form.bound]:
        what = " and ".join(given) or "neither max nor min"
        yield document.problem(key, what, f"{form.bound} alone, for {form.called}")
        return
    where = (*key, form.bound)
    try:
        value = parse_value(getattr(limit, form.bound), form.unit)
    except UnitError as error:
        yield document.problem(where, f"which is {error.wrong}", UNIT_FORMS[form.unit])
        return
    if value <= 0:
        yield document.problem(where, "which nothing can keep", "more than 0")


def _order(limits: Mapping[int, LimitSpec], form: Form, key: Key, document: Document) -> Iterator[Problem]:
    for index, soft in limits.items():
        for other, hard in limits.items():
            if soft.statistic is not hard.statistic or not _softer(soft, hard):
                continue
            try:
                here, there = (parse_value(getattr(each, form.bound), form.unit) for each in (soft, hard))
            except UnitError:
                continue  # reported with the limit itself
            if here > there if form.bound == "max" else here < there:
                line = document.line((*key, other))
                what = f"which is beyond the harder limit in line {line}"
                yield document.problem((*key, index, form.bound), what, "the softer number first")


def _softer(limit: LimitSpec, other: LimitSpec) -> bool:
    if (limit.name, other.name) == ("target", "alert"):
        return True
    return limit.severity is Severity.WARNING and other.severity is Severity.CRITICAL
