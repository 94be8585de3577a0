"""All rules of the audit, in the order in which they are printed."""

from __future__ import annotations

from headroom.audit.case import Rule
from headroom.audit.duplicate import duplicate
from headroom.audit.durations import log_threshold, slow_statements, statement_timeout
from headroom.audit.habits import in_lists, no_where, row_by_row_writes, select_star
from headroom.audit.invalid import invalid
from headroom.audit.memory import memory
from headroom.audit.pagination import offset_pagination
from headroom.audit.pool import pool
from headroom.audit.repeated import n_plus_one
from headroom.audit.required import required
from headroom.audit.settings import settings
from headroom.audit.stale import analyze
from headroom.audit.statistics import statistics
from headroom.audit.unread import unread
from headroom.audit.unused import unused

POSTGRES: tuple[Rule, ...] = (
    unread,
    required,
    invalid,
    duplicate,
    unused,
    analyze,
    settings,
    memory,
    statement_timeout,
    log_threshold,
    statistics,
    pool,
    slow_statements,
    offset_pagination,
    n_plus_one,
    select_star,
    row_by_row_writes,
    no_where,
    in_lists,
)
"""For sources of kind postgres."""
