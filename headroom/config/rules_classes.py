"""What must hold within `classes:`: every class has a name of its own, and can be reached."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from headroom.config.document import Document
from headroom.config.problems import Key, Problem, one_of
from headroom.config.spec_classes import EndpointClassSpec, QueryClassSpec
from headroom.config.validation import Parts
from headroom.patterns import of_status, within

SHAPES = ("lookup", "list", "aggregate", "analytics", "write", "utility")
TAKES_ALL = {
    ".",
    ".*",
    ".+",
    "^",
    "$",
    "^.*",
    ".*$",
    "^.*$",
    "^.+$",
}  # spelled out: trying a pattern may never end
RESERVED = ("ignored", "unclassified")


def class_problems(parts: Parts, document: Document) -> Iterator[Problem]:
    """Yield what is wrong between the classes."""
    for family, classes in (("endpoints", parts.endpoints), ("queries", parts.queries)):
        names = [(("classes", family, index, "name"), each.name) for index, each in classes.items()]
        yield from repeated(names, document, "class")
        for key, name in names:
            if name in RESERVED:
                yield document.problem(key, "which Headroom uses for what is in no class", "another name")
    yield from _unreachable_endpoints(parts.endpoints, document)
    yield from _queries(parts.queries, document)


def repeated(names: Iterable[tuple[Key, str]], document: Document, what: str) -> Iterator[Problem]:
    """Yield a problem for each name that an earlier one has already."""
    first: dict[str, Key] = {}
    for key, name in names:
        if name in first:
            line = document.line(first[name])
            yield document.problem(key, f"which another {what} has already (line {line})", "a name used once")
        else:
            first[name] = key


def _unreachable_endpoints(classes: Mapping[int, EndpointClassSpec], document: Document) -> Iterator[Problem]:
    for index, later in classes.items():
        for before, earlier in classes.items():
            if before < index and _covers(earlier, later):
                line = document.line(("classes", "endpoints", before))
                yield document.problem(
                    ("classes", "endpoints", index),
                    f"a class that can never match: the one in line {line} takes all its requests first",
                    "the narrower class before the wider one",
                )
                break


def _covers(earlier: EndpointClassSpec, later: EndpointClassSpec) -> bool:
    """Tell whether every request of the later class surely belongs to the earlier one."""
    methods = not earlier.method or (bool(later.method) and set(later.method) <= set(earlier.method))
    statuses = [[of_status(status) for status in each.status] for each in (earlier, later)]
    return (
        methods
        and _all_within(later.path, earlier.path, route=True)
        and _all_within(statuses[1], statuses[0], route=False)
        and _labels_within(later.labels, earlier.labels)
    )


def _labels_within(narrow: Mapping[str, Sequence[str]], wide: Mapping[str, Sequence[str]]) -> bool:
    return all(_all_within(narrow.get(name, ()), values, route=False) for name, values in wide.items())


def _all_within(narrow: Sequence[str], wide: Sequence[str], *, route: bool) -> bool:
    """Tell whether all that a list of patterns matches surely matches another; an empty one matches all."""
    return not wide or all(any(within(one, other, route=route) for other in wide) for one in narrow or ["*"])


def _queries(classes: Mapping[int, QueryClassSpec], document: Document) -> Iterator[Problem]:
    greedy: Key | None = None
    for index, each in classes.items():
        key: Key = ("classes", "queries", index)
        if greedy is not None and not each.labels:
            what = f"a class that can never match: the pattern in line {document.line(greedy)} takes all"
            yield document.problem(key, what, "the narrower class before the wider one")
        if not each.claiming and not each.labels and each.name not in SHAPES:
            yield document.problem(
                (*key, "name"),
                "which is no known shape and asks for nothing else",
                f"{one_of(SHAPES)}, or patterns, tags, role, database or labels beside it",
            )
        wide = not (each.tags or each.role or each.database)
        if greedy is None and wide and any(pattern in TAKES_ALL for pattern in each.patterns):
            greedy = (*key, "patterns")
        if each.labels:
            yield from _covered_labels(index, each, classes, document)


def _covered_labels(
    index: int, later: QueryClassSpec, classes: Mapping[int, QueryClassSpec], document: Document
) -> Iterator[Problem]:
    for before, earlier in classes.items():
        if before < index and earlier.labels and _labels_within(later.labels, earlier.labels):
            line = document.line(("classes", "queries", before))
            yield document.problem(
                ("classes", "queries", index, "labels"),
                f"labels that can never match: the class in line {line} takes all that has them first",
                "the narrower class before the wider one",
            )
            return
