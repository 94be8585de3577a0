"""How often an index was read between two audits, its parts on partitions counted in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from headroom.audit.facts import Facts, Index, Table
from headroom.audit.past import Past, Used, used

ENOUGH = timedelta(days=1)
"""What a required index must have gone unread for before that is said of it."""
SMALL = 1_000
"""Rows below which no plan may want an index."""


def use(indexes: Sequence[Index], facts: Facts, past: Past | None) -> Used | None:
    """Return how often these indexes were read in all; None where that is not known of one of them."""
    leaves = [leaf for index in indexes for leaf in _leaves(index, facts)]
    found = [used(leaf, facts, past) for leaf in leaves]
    known = [one for one in found if one is not None]
    if not known or len(known) < len(found):
        return None
    return Used(sum(one.scans for one in known), known[0].window)


def rows_of(table: Table, facts: Facts) -> float:
    """Return the rows of a table, or of all partitions of it."""
    if not table.partitioned:
        return table.size
    return sum(rows_of(one, facts) for one in facts.partitions_of(table))


def _leaves(index: Index, facts: Facts) -> list[Index]:
    if not index.partitioned:
        return [index]
    return [leaf for part in facts.parts_of(index) for leaf in _leaves(part, facts)]
