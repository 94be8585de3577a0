"""The chapter Database Optimization."""

from __future__ import annotations

from headroom.audit.guide.rule import Asked, GuideRule, Place
from headroom.audit.wanted import ANALYZED, REQUIRED

_CHAPTER = "Database Optimization"
_INDEXES = Place(_CHAPTER, "Index Strategy")
_PATTERNS = Place(_CHAPTER, "Query Optimization Patterns")
_POOL = Place(_CHAPTER, "Connection Pooling")

RULES = (
    *(
        GuideRule(
            f"database.index.{one.name}",
            _INDEXES,
            f"{one.name} ON {one.table} {one.tail}",
            Asked.POSTGRES,
            ("postgres.index.required",),
            (("index", one.name),),
        )
        for one in REQUIRED
    ),
    *(
        GuideRule(
            f"database.analyze.{table}",
            _INDEXES,
            f"ANALYZE {table} once its indexes were made",
            Asked.POSTGRES,
            ("postgres.analyze",),
            (("table", table),),
        )
        for table in ANALYZED
    ),
    GuideRule(
        "database.index-migrations",
        _INDEXES,
        "indexes are made by a migration whose down() drops them again",
        by_hand=True,
    ),
    GuideRule(
        "database.n-plus-one",
        _PATTERNS,
        "no query for each row of another: join, or ask once",
        Asked.POSTGRES,
        ("postgres.n_plus_one",),
    ),
    GuideRule(
        "database.batch-loading",
        _PATTERNS,
        "large sets: load what belongs to them by one IN list",
        Asked.POSTGRES,
        ("postgres.in_lists",),
    ),
    GuideRule(
        "database.offset-pages",
        _PATTERNS,
        "pages by OFFSET for small tables only",
        Asked.POSTGRES,
        ("postgres.offset_pagination",),
    ),
    GuideRule(
        "database.cursor-pages",
        _PATTERNS,
        "pages by a cursor: ask for one row more than the page, and hand out the last row's place",
        by_hand=True,
    ),
    GuideRule(
        "database.page-size",
        _PATTERNS,
        "a page has 20 rows where nobody asks for another number, by OFFSET and by a cursor",
        by_hand=True,
    ),
    GuideRule(
        "database.page-order",
        _PATTERNS,
        "every page is sorted, the newest rows first (createdAt DESC)",
        by_hand=True,
    ),
    GuideRule(
        "database.pool-size",
        _POOL,
        "max 20 connections for each instance of the application",
        Asked.POSTGRES,
        ("postgres.pool",),
    ),
    GuideRule(
        "database.pool-settings",
        _POOL,
        "min 5, idleTimeoutMillis 30000, connectionTimeoutMillis 5000; poolSize 10, connectTimeoutMS 10000",
        Asked.POSTGRES,
        ("postgres.pool_settings",),
        by_hand=True,
    ),
    GuideRule(
        "database.pool-statement-timeout",
        _POOL,
        "queries are cancelled after 60 s (statement_timeout 60000)",
        Asked.POSTGRES,
        ("postgres.timeout",),
    ),
)
