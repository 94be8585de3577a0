"""Functions that say what a statement is: aggregates, and those that read no table."""

from __future__ import annotations

import re

from collectors.postgres.parsing import Shape

_AGGREGATES = re.compile(
    "any_value|avg|bit_(and|or|xor)|bool_(and|or)|corr|count|covar_(pop|samp)|every|max|min|mode|sum|variance"
    "|((array|jsonb?|jsonb?_object|range|range_intersect|string|xml)_?agg)(_strict|_unique|_unique_strict)?"
    "|percentile_(cont|disc)|regr_[a-z0-9]+|(stddev|var)(_pop|_samp)?"
    "|st_(collect|union|extent|makeline|clusterintersecting)|hll_(add|union)_agg|approx_count_distinct"
)
# These put the rows of one relation into one value, as ORMs do for what belongs to a row; no sum.
_COLLECTING = re.compile("(array|jsonb?|jsonb?_object|string|xml)_?agg(_strict|_unique|_unique_strict)?")
_HARMLESS = re.compile(
    "now|version|current_(setting|database|schemas?|user)|set_config|(next|curr|last|set)val|generate_series|unnest"
    "|clock_timestamp|statement_timestamp|transaction_timestamp|gen_random_uuid|uuid_generate_v[0-9a-z]+|random"
    "|txid_[a-z_]+|has_[a-z]+_privilege|to_reg[a-z]+|to_(char|date|timestamp|json|jsonb)|format_type|obj_description"
    "|pg_(?!sleep)[a-z_]+|lower|upper|coalesce|length|array_length|json_[a-z_]+|jsonb_[a-z_]+|extract|date_trunc|age|md5"
)


def aggregates(shape: Shape, own: frozenset[str]) -> list[str]:
    """Return the aggregates that sum up what is read; `own` are those that the database defines itself."""
    outer = [name for name in shape.functions if _aggregates(name, shape, own)]
    inner = [
        name for name in shape.inner if _aggregates(name, shape, own) and not _COLLECTING.fullmatch(name)
    ]
    if not shape.grouped and shape.limit == "inner" and all(map(_COLLECTING.fullmatch, outer)):
        outer = []  # one page as one value
    return list(dict.fromkeys([*outer, *inner]))


def opaque(shape: Shape, own: frozenset[str]) -> list[str]:
    """Return the functions that may read any table."""
    called = (*shape.functions, *shape.inner)
    return [name for name in called if not _HARMLESS.fullmatch(name) and not _aggregates(name, shape, own)]


def _aggregates(name: str, shape: Shape, own: frozenset[str]) -> bool:
    return _AGGREGATES.fullmatch(name) is not None or name in own or name in shape.marked
