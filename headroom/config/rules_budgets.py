"""What must hold between a budget, its measure, its source and its class."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from headroom.config.document import Document
from headroom.config.forms import FORMS, Form
from headroom.config.problems import Key, Problem, closest, one_of
from headroom.config.rules_classes import SHAPES, repeated
from headroom.config.rules_limits import limit_problems
from headroom.config.spec_classes import QueryClassSpec
from headroom.config.validation import BudgetParts, Parts
from headroom.sources import SourceKind
from headroom.units import format_duration, parse_duration

_POLLS = {1: "one poll", 4: "four polls"}


def budget_problems(parts: Parts, document: Document) -> Iterator[Problem]:
    """Yield what is wrong with the budgets, as far as they are sound by themselves."""
    ids = [(("budgets", index, "id"), each.id) for index, each in parts.budgets.items() if each.id]
    yield from repeated(ids, document, "budget")
    for index, budget in parts.budgets.items():
        key: Key = ("budgets", index)
        if budget.source is not None:
            where = (*key, "measure", "source")
            form = budget.form
            if form is not None and budget.evicting:  # those are counted, and a poll may count hardly any
                form = replace(form, polls=FORMS["hit_rate"].polls)
            yield from _source(budget.source, form, where, budget.window, parts, document)
        if budget.form is not None:
            yield from limit_problems(budget, budget.form, key, document)
            if budget.form.families and budget.class_ is not None:
                yield from _class(budget.class_, budget.form, (*key, "measure", "class"), parts, document)
            yield from _second(budget, budget.form, (*key, "second"), parts, document)


def _second(budget: BudgetParts, form: Form, key: Key, parts: Parts, document: Document) -> Iterator[Problem]:
    if document.at(key) is not None and not form.families:
        allowed = "second beside a latency only, which is a histogram or statements"
        yield document.problem(key, f"a second measure of {form.called}", allowed)
    elif budget.twice:
        yield document.problem(key, "what measure has already", "another histogram of the same calls")
    elif budget.second is not None:
        given, histogram = budget.second, FORMS["histogram"]
        # Where both come from one source, its window was looked at with the first.
        window = None if given.source == budget.source else budget.window
        yield from _source(given.source, histogram, (*key, "source"), window, parts, document)
        yield from _class(given.class_, histogram, (*key, "class"), parts, document)


def _source(
    name: str, form: Form | None, where: Key, window: str | None, parts: Parts, document: Document
) -> Iterator[Problem]:
    yield from source_problem(name, form, where, parts, document)
    if name in parts.sources:
        source = parts.sources[name]
        polls = form.polls if form is not None else 1
        least = polls * parse_duration(source.every)
        if window is not None and parse_duration(window) < least:
            short = (*where[:2], "window")
            default = "" if document.holds(short) else f"which means {window}, "
            polled = document.shown(where)
            allowed = f"at least {format_duration(least)}, which is {_POLLS[polls]}"
            yield document.problem(short, f"{default}too short for the polls of {polled}", allowed)


def source_problem(
    name: str, form: Form | None, where: Key, parts: Parts, document: Document
) -> Iterator[Problem]:
    """Yield what is wrong with the source that stands at `where`: it is unknown, or of the wrong kind."""
    written = document.at(("sources",))
    names = tuple(written) if isinstance(written, dict) else ()
    if name not in names:
        allowed = one_of(names) or "a source of sources, which has none"
        yield document.problem(where, "which is not among the sources", allowed, closest(name, names))
    elif name in parts.sources:
        kind_given = parts.sources[name].kind
        if form is not None and kind_given is not form.source:
            kind = form.source
            fitting = one_of(name for name, other in parts.sources.items() if other.kind is kind)
            allowed = f"a source of kind {kind.value}" + (f": {fitting}" if fitting else "")
            yield document.problem(where, f"which is a source of kind {kind_given.value}", allowed)


def _class(name: str, form: Form, where: Key, parts: Parts, document: Document) -> Iterator[Problem]:
    families = " and ".join(form.families)
    known = tuple(
        name for family in form.families for name in _names(document.at(("classes", family)), family)
    )
    if name not in known:
        allowed = one_of(known) or f"a class of classes.{families}, which has none"
        what = f"which is none of the classes of {families}"
        yield document.problem(where, what, allowed, closest(name, known))
    elif name.startswith("queries."):
        each = next((c for c in parts.queries.values() if f"queries.{c.name}" == name), None)
        if each is not None:
            yield from _query_class(each, form, where, document)


def _query_class(each: QueryClassSpec, form: Form, where: Key, document: Document) -> Iterator[Problem]:
    if form.source is SourceKind.PROMETHEUS and not each.labels:
        what = "which has no labels, so nothing of a histogram falls into it"
        yield document.problem(where, what, "a class with labels, e.g. labels: {query_type: lookup}")
    if form.source is SourceKind.POSTGRES and not each.claiming and each.name not in SHAPES:
        what = "which asks for nothing and is no known shape, so no statement falls into it"
        allowed = f"{one_of(SHAPES)}, or a class with patterns, tags, role or database"
        yield document.problem(where, what, allowed)


def _names(classes: Any, family: str) -> Iterable[str]:
    for each in classes if isinstance(classes, list) else ():
        if isinstance(each, dict) and isinstance(each.get("name"), str):
            yield f"{family}.{each['name']}"
