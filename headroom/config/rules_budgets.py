"""What must hold between a budget, its measure, its source and its class."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from headroom.config.document import Document
from headroom.config.problems import Key, Problem, closest, one_of
from headroom.config.rules_classes import repeated
from headroom.config.rules_limits import limit_problems
from headroom.config.validation import BudgetParts, Parts
from headroom.units import format_duration, parse_duration

POLLS_IN_WINDOW = 4


def budget_problems(parts: Parts, document: Document) -> Iterator[Problem]:
    """Yield what is wrong with the budgets, as far as they are sound by themselves."""
    ids = [(("budgets", index, "id"), each.id) for index, each in parts.budgets.items() if each.id]
    yield from repeated(ids, document, "budget")
    for index, budget in parts.budgets.items():
        key: Key = ("budgets", index)
        if budget.source is not None:
            yield from _source(budget, budget.source, key, parts, document)
        if budget.form is not None:
            yield from limit_problems(budget, budget.form, key, document)
            if budget.form.family and budget.class_ is not None:
                yield from _class(budget.class_, budget.form.family, key, document)


def _source(budget: BudgetParts, name: str, key: Key, parts: Parts, document: Document) -> Iterator[Problem]:
    where = (*key, "measure", "source")
    written = document.at(("sources",))
    names = tuple(written) if isinstance(written, dict) else ()
    if name not in names:
        allowed = one_of(names) or "a source of sources, which has none"
        yield document.problem(where, "which is not among the sources", allowed, closest(name, names))
    elif name in parts.sources:
        source = parts.sources[name]
        if budget.form is not None and source.kind is not budget.form.source:
            kind = budget.form.source
            fitting = one_of(name for name, other in parts.sources.items() if other.kind is kind)
            allowed = f"a source of kind {kind.value}" + (f": {fitting}" if fitting else "")
            yield document.problem(where, f"which is a source of kind {source.kind.value}", allowed)
        least = POLLS_IN_WINDOW * parse_duration(source.every)
        if budget.window is not None and parse_duration(budget.window) < least:
            where = (*key, "window")
            default = "" if document.holds(where) else f"which means {budget.window}, "
            polled = document.shown((*key, "measure", "source"))
            allowed = f"at least {format_duration(least)}, which is four polls"
            yield document.problem(where, f"{default}too short for the polls of {polled}", allowed)


def _class(name: str, family: str, key: Key, document: Document) -> Iterator[Problem]:
    known = tuple(_names(document.at(("classes", family)), family))
    if name not in known:
        allowed = one_of(known) or f"a class of classes.{family}, which has none"
        what = f"which is none of the classes of {family}"
        yield document.problem((*key, "measure", "class"), what, allowed, closest(name, known))


def _names(classes: Any, family: str) -> Iterable[str]:
    for each in classes if isinstance(classes, list) else ():
        if isinstance(each, dict) and isinstance(each.get("name"), str):
            yield f"{family}.{each['name']}"
