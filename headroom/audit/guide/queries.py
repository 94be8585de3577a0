"""The chapter Query Optimization."""

from __future__ import annotations

from headroom.audit.guide.rule import Asked, GuideRule, Place

_CHAPTER = "Query Optimization"
_BUILDER = Place(_CHAPTER, "Query Builder Best Practices")
_BATCHES = Place(_CHAPTER, "Batch Operations")
_PAGES = Place(_CHAPTER, "Pagination with Large Datasets")

RULES = (
    GuideRule(
        "queries.columns",
        _BUILDER,
        "select only the columns that are needed",
        Asked.POSTGRES,
        ("postgres.select_star",),
    ),
    GuideRule(
        "queries.where",
        _BUILDER,
        "use WHERE clauses effectively",
        Asked.POSTGRES,
        ("postgres.no_where",),
    ),
    GuideRule(
        "queries.group-by",
        _BUILDER,
        "count and add up by GROUP BY in the database, not in the application",
        by_hand=True,
    ),
    GuideRule(
        "queries.batch-insert",
        _BATCHES,
        "insert in chunks of 100",
        Asked.POSTGRES,
        ("postgres.row_by_row_writes",),
    ),
    GuideRule(
        "queries.batch-update",
        _BATCHES,
        "update many rows by one IN list",
        Asked.POSTGRES,
        ("postgres.row_by_row_writes", "postgres.in_lists"),
    ),
    GuideRule(
        "queries.keyset",
        _PAGES,
        "large tables: (created_at, id) < (the last row's), instead of OFFSET",
        Asked.POSTGRES,
        ("postgres.offset_pagination",),
    ),
    GuideRule(
        "queries.tie-breaker",
        _PAGES,
        "sort by createdAt and id, both descending, so that no row is skipped or shown twice",
        by_hand=True,
    ),
    GuideRule(
        "queries.page-size",
        _PAGES,
        "a page of a large table has 50 rows; one row more is asked for, which tells whether there are more",
        by_hand=True,
    ),
)
