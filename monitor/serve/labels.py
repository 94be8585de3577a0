"""Words that become labels: whatever they are, the text stays one that a Prometheus can read."""

from __future__ import annotations

_LONGEST = 200  # characters; a series is kept for as long as a Prometheus keeps anything


def clean(text: str) -> str:
    """Return a label's value; with half a surrogate pair in it the whole answer could not be encoded."""
    return text[:_LONGEST].encode("utf-8", "replace").decode("utf-8")
