"""An explained limit as a page of blocks, from the promise to what would change the verdict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby

from headroom.budgets import Subject, Verdict
from headroom.explain import Change, Explanation
from headroom.second import named
from headroom.units import format_duration, format_interval
from headroom.wording import share
from monitor.explain.blocks import Block, Code, Heading, Items, Sums, Text
from monitor.explain.counts import left_out, tables
from monitor.explain.explained import Explained, Measured
from monitor.explain.query import Query


def pages(explained: Iterable[Explained], *, narrow: bool) -> Iterator[Block]:
    """Yield the pages of several limits; `narrow` for a terminal."""
    for one in explained:
        yield from _page(one, narrow=narrow)


def _page(one: Explained, *, narrow: bool) -> Iterator[Block]:
    verdict, main = one.said, one.measured[0].explanation
    said = "cannot be told" if verdict is None else f"{verdict.outcome} ({verdict.reason})"
    yield Heading(1, f"{one.budget.id} {one.limit.name}{_of(one.subject)}: {said}")
    yield Text(f"{one.budget.title}. Explained as of {_moment(one.at)}, from what was recorded until then.")
    if one.remarks:
        yield Items(one.remarks)
    yield Heading(2, "1. The promise")
    yield Text(f"{main.promise.inequality}: {main.promise.words}.")
    if main.case.limit != one.limit:
        yield Text("This is the limit that holds while keys are evicted by policy.")
    if len(one.measured) > 1:
        first, second = named(one.budget.measure), named(one.budget.measures[-1])
        yield Text(f"It is measured twice: {second} judges where it decides, otherwise {first} does.")
    for each in one.measured:
        by = _by(each, len(one.measured))
        yield Heading(2, f"2. What is read{by}")
        if each.foreign:
            yield Text("The counts below were read under another address or other classes. This is read now:")
        yield from _query(each.query)
        yield Heading(2, f"3. The counts{by}")
        yield from _counts(each.explanation, narrow=narrow)
        yield Heading(2, f"4. The arithmetic{by}")
        yield from _arithmetic(each.explanation)
    yield Heading(2, "5. The verdict")
    yield from _verdict(one)
    for each in one.measured:
        yield Heading(2, f"6. What would change it{_by(each, len(one.measured))}")
        yield Items(
            [_change(change) for change in each.explanation.changes] or ["nothing that could be counted here"]
        )


def _of(subject: Subject) -> str:
    return "".join(f", {label} {value}" for label, value in subject)


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _by(measured: Measured, of: int) -> str:
    if of == 1:
        return ""
    return f", by {named(measured.measure)} ({'which judges' if measured.judges else 'which does not judge'})"


def _query(query: Query) -> Iterator[Block]:
    yield Text(f"{query.whom}:")
    yield Code(query.sent)
    if query.rules:
        yield Text("What counts of the answer:")
        yield Items(query.rules)
    if query.paste:
        yield Text("To see the raw figures of this window:")
        yield Code([query.paste])


def _counts(found: Explanation, *, narrow: bool) -> Iterator[Block]:
    window = found.verdict.window
    length = format_duration(window.end - window.start)
    if found.rows:
        covered = f"covering {share(window.coverage)} of it"
        yield Text(
            f"Recorded in the {length} up to {_moment(window.end)}, {covered}. Times are the source's, UTC."
        )
        yield from tables(found.rows, found.case.limit, narrow=narrow)
    else:
        yield Text(f"None that could be judged were recorded in the {length} up to {_moment(window.end)}.")
    yield from left_out(found.left_out)


def _arithmetic(found: Explanation) -> Iterator[Block]:
    for group, steps in groupby(found.steps, key=lambda step: step.group):
        yield Sums(group, [(step.text, step.words) for step in steps])
    yield Text(f"{found.rule}.")


def _verdict(one: Explained) -> Iterator[Block]:
    verdict = one.verdict
    if one.now is not None:
        yield Text(f"At {_moment(one.now.at)} it is {one.now.outcome} ({one.now.reason}): {one.now.detail}")
    if verdict is not None:
        anew = (
            ""
            if one.now is None and one.same
            else f"Judged anew as of {_moment(one.at)}, from what was recorded then: "
        )
        yield Text(f"{anew}{verdict.outcome.value} ({verdict.reason}): {verdict.detail}")
        facts = list(_facts(verdict))
        if facts:
            yield Items(facts)
    told = one.told
    if told is None:
        yield Text("The history keeps no verdict of that moment.")
    elif one.same:
        since = "recorded" if told.exact else "recorded as in force since"
        yield Text(f"The same is {since} {'at ' if told.exact else ''}{_moment(told.at)}.")
    else:
        yield Text(
            f"Recorded {'at' if told.exact else 'as in force since'} {_moment(told.at)} is another: "
            f"{told.outcome} ({told.reason}): {told.detail}"
        )
        yield Text(
            "It was judged by limits, classes or a window that have changed since, or by a process that had "
            "read less than is recorded."
        )


def _facts(verdict: Verdict) -> Iterator[str]:
    if verdict.value is not None:
        value = format_interval(verdict.value, verdict.unit, against=verdict.threshold)
        yield f"{verdict.statistic} of this window: {value}"
    if verdict.headroom is not None:
        left = (
            f"{share(verdict.headroom)} of the promise is left"
            if verdict.headroom > 0
            else "none of it is left"
        )
        yield f"headroom: {left}{', which is near the limit' if verdict.near else ''}"


def _change(change: Change) -> str:
    if change.outcome is None:
        return change.words
    return f"{change.words}: {change.outcome} ({change.reason})"
