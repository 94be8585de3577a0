"""How much room an index takes, in words."""

from __future__ import annotations

from headroom.audit.facts import Index
from headroom.budgets import Unit
from headroom.units import format_value

_PAGE = 8192


def weight(index: Index) -> str:
    """Return about how large an index is, by its pages at the last VACUUM or ANALYZE."""
    return f"about {format_value(index.pages * _PAGE, Unit.BYTES)}" if index.pages else "of unknown size"
