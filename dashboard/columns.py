"""Little charts made of boxes: how a figure went, and what a whole is made of. Pure; everything is escaped.

`st.html` strips `<svg>`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape


def course(values: Sequence[float | None], said: Callable[[float], str], *, top: float | None = None) -> str:
    """Return values as a row of little columns; a stretch without any stays empty. Nothing without values.

    Args:
        values: 0 or more, oldest first.
        said: how one is written.
        top: what fills the height; the highest value where it is not given.
    """
    known = [value for value in values if value is not None]
    if not known:
        return ""
    low, high = said(min(known)), said(max(known))
    words = f"{low} all the time" if low == high else f"from {low} to {high}"
    if len(known) < len(values):
        words += f", {len(values) - len(known)} of {len(values)} stretches of time without any"
    whole = top or max(known)
    boxes = "".join(
        f'<i style="height:{max(100 * min(value / whole, 1.0), 3):.0f}%"></i>' if value else "<i></i>"
        for value in values
    )
    told = escape(words)
    return f'<span class="hr-spark" role="img" aria-label="{told}" title="{told}">{boxes}</span>'


def stack(shares: Sequence[tuple[str, float, str]], said: str) -> str:
    """Return shares of a whole beside each other: each a name, 0 to 1, and a colour of ours."""
    boxes = "".join(
        f'<i style="width:{100 * share:.2f}%;background:{colour}" title="{escape(name)} {share:.1%}"></i>'
        for name, share, colour in shares
        if share > 0
    )
    return f'<span class="hr-stack" role="img" aria-label="{escape(said)}">{boxes}</span>'


def length(share: float) -> str:
    """Return a bar that is filled to a share, 0 to 1; beyond that it is full."""
    filled = f'<i style="width:{100 * min(share, 1.0):.2f}%"></i>'
    return f'<span class="hr-length" aria-hidden="true">{filled}</span>'
