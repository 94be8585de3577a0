"""Which class a statement belongs to, decided from its normalised text.

Knows no catalogue: what a table's key is, or what a view hides, cannot be seen here.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from itertools import pairwise

from collectors.postgres.snapshot import OWN, Label
from collectors.postgres.statements import LONGEST_TEXT, MARKER
from collectors.postgres.tokens import Token, normalised, tokens
from headroom.sources import QueryRules

LOOKUP, LIST, AGGREGATE, ANALYTICS, WRITE, UTILITY = (
    "lookup",
    "list",
    "aggregate",
    "analytics",
    "write",
    "utility",
)

_WRITES = frozenset({"insert", "update", "delete", "merge"})
_READS = frozenset({"select", "with", "values", "table"})
_AGGREGATES = re.compile(
    "any_value|avg|bit_(and|or|xor)|bool_(and|or)|corr|count|covar_(pop|samp)|every|max|min|mode|sum|variance"
    "|(array|json|jsonb|json_object|jsonb_object|range|string|xml)_?agg|percentile_(cont|disc)|regr_[a-z0-9]+"
    "|(stddev|var)(_pop|_samp)?"
)
_CLAUSES = frozenset(
    {"where", "group", "having", "order", "limit", "offset", "fetch", "for", "window"}
    | {"union", "intersect", "except", "returning"}
)
_MANY_JOINS = 3
_SPACE = re.compile(r"\s+")


class Classifier:
    """Sorts texts by the patterns of the rules first, by their shape where no pattern is found.

    Attributes:
        digest: the same for the same rules, so that stored labels can be told from those of other rules.
    """

    def __init__(self, rules: QueryRules) -> None:
        self._patterns = [
            (group.name, [re.compile(pattern, re.IGNORECASE) for pattern in group.patterns])
            for group in rules.classes
        ]
        written = repr([(group.name, group.patterns) for group in rules.classes])
        self.digest = hashlib.sha256(f"{_VERSION} {written}".encode()).hexdigest()[:16]

    def label(self, text: str) -> Label:
        """Return the class and the fingerprint of a statement's text as pg_stat_statements gives it."""
        text = text[:LONGEST_TEXT]
        words = tokens(text)
        fingerprint = hashlib.sha256(normalised(words).encode()).hexdigest()[:16]
        if MARKER in text:
            return Label(OWN, fingerprint)
        line = _SPACE.sub(" ", text)
        for name, patterns in self._patterns:
            if any(pattern.search(line) for pattern in patterns):
                return Label(name, fingerprint)
        return Label(shape(words) or "", fingerprint)


def shape(words: Sequence[Token]) -> str | None:
    """Return the class that a statement's shape shows, or None for a read that shows none.

    In order: writes; what is no read, or reads the catalogue only; window functions, CTEs, grouping sets and
    three joins or more; groups and aggregate functions; one row of one table by its id; a limited list.
    """
    outside = next((at for at, word in enumerate(words) if word.text != "("), 0)
    first = words[outside].text if words else ""
    if first in _WRITES or (first == "with" and _writes_inside(words)):
        return WRITE
    if first not in _READS:
        return UTILITY
    tables = _clause(words, outside, "from")
    joins = sum(word.text == "join" for word in words)
    joins += sum(word.text == "," and word.depth == outside for word in tables)
    shapes = (
        # `SELECT 1` of a pool that asks whether the server lives; a function may do anything.
        (UTILITY, not tables and all(word.text != "(" for word in words[outside:])),
        (UTILITY, _reads_catalogue(words)),
        (ANALYTICS, first == "with" or joins >= _MANY_JOINS or _analytic(words)),
        (AGGREGATE, _aggregates(words)),
        (LOOKUP, not joins and _one_table(tables) and _by_id(_clause(words, outside, "where"))),
        (LIST, bool(_clause(words, outside, "limit") or _clause(words, outside, "fetch"))),
    )
    return next((name for name, holds in shapes if holds), None)


def _writes_inside(words: Sequence[Token]) -> bool:
    """Tell whether a WITH statement, or one of its CTEs, writes; FOR UPDATE does not."""
    return any(word.text in _WRITES and before.text in ("(", ")") for before, word in pairwise(words))


def _clause(words: Sequence[Token], depth: int, name: str) -> Sequence[Token]:
    """Return what follows a keyword at this depth, up to the next clause."""
    start = end = None
    for at, word in enumerate(words):
        if word.depth != depth or word.kind != "word":
            continue
        if start is not None and word.text in _CLAUSES:
            end = at
            break
        if start is None and word.text == name and not (at and words[at - 1].text == "distinct"):
            start = at + 1  # IS DISTINCT FROM names no table
    return words[start:end] if start is not None else ()


def _reads_catalogue(words: Sequence[Token]) -> bool:
    return any(
        before.text in ("from", "join") and (word.text.startswith("pg_") or word.text == "information_schema")
        for before, word in pairwise(words)
    )


def _analytic(words: Sequence[Token]) -> bool:
    return any(
        (before.text == ")" and word.text == "over" and word.kind == "word")
        or (before.text == "grouping" and word.text == "sets")
        or (before.text in ("cube", "rollup") and word.text == "(")
        for before, word in pairwise(words)
    )


def _aggregates(words: Sequence[Token]) -> bool:
    return any(
        before.kind == "word"
        and (
            (before.text == "group" and word.text == "by")
            or (word.text == "(" and _AGGREGATES.fullmatch(before.text) is not None)
        )
        for before, word in pairwise(words)
    )


def _one_table(tables: Sequence[Token]) -> bool:
    return bool(tables) and all(word.text != "(" for word in tables)


def _by_id(conditions: Sequence[Token]) -> bool:
    """Tell whether conditions that must all hold compare a column `id` with a constant."""
    text = " ".join(word.text for word in conditions)
    if any(word.text in ("or", "select", "case") for word in conditions) or "not (" in text:
        return False
    return _ID.search(text) is not None


_ID = re.compile(r"(?:^|and |\( )(?:\S+ \. ){0,2}(?:id = \?|\? = (?:\S+ \. ){0,2}id)(?= (?:and|\)|::)|$)")
_VERSION = 1  # of the shapes above; counts up when they change, so that what was labelled is read anew
