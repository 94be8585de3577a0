"""Rows, chips and bars as HTML for `st.html`: pure, and everything that comes from outside is escaped.

`st.html` keeps classes, styles, data- and aria- attributes and strips `<svg>`, so bars are made of boxes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from urllib.parse import urlencode

from dashboard.look import COLOURS, ICONS
from dashboard.shares import LEAST, share, shares
from headroom.bounds import Interval
from headroom.budgets import Outcome
from headroom.evidence import Ratio
from headroom.summary import Row, SourceAge

NOTHING = "\u2013"
SCALE = 1.6  # the bar ends at 160 % of what is allowed


def chip(outcome: Outcome, *, near: bool = False) -> str:
    """Return the outcome's word with its shape in its colour."""
    shade = '<span class="hr-near">near</span>' if near else ""
    return (
        f'<span class="hr-chip hr-{outcome}"><span class="hr-icon" aria-hidden="true">{ICONS[outcome]}</span>'
        f"{outcome}</span>{shade}"
    )


def usage(used: Interval | None) -> str:
    """Return how much of the promise is used, in words: "uses 40% to 62% of what is allowed"."""
    if used is None or ((used.low or 0.0) < LEAST and used.high is None):
        return "how much is used of what is allowed cannot be told"
    return f"uses {shares(used.low or 0.0, used.high, against=1.0)} of what is allowed"


def bar(used: Interval | None, outcome: Outcome, marks: Iterable[tuple[str, float]] = ()) -> str:
    """Return how much is used as a bar: solid for certain, hatched where it may lie, a line at 100 %."""
    boxes = []
    if used is not None:
        low, high = used.low or 0.0, SCALE if used.high is None else used.high
        boxes.append(f'<span class="hr-sure" style="width:{_place(low)}"></span>')
        width = _place(min(high, SCALE) - min(low, SCALE))
        boxes.append(f'<span class="hr-maybe" style="left:{_place(low)};width:{width}"></span>')
        if low > SCALE:
            boxes.append(f'<span class="hr-beyond">▶ {low:.3g}\u00d7</span>')
    boxes += [
        f'<span class="hr-mark" style="left:{_place(at)}" title="{escape(name)}"></span>'
        for name, at in marks
        if at < SCALE
    ]
    boxes.append(f'<span class="hr-line" style="left:{_place(1.0)}"></span>')
    said = escape(usage(used))
    return f'<span class="hr-bar hr-{outcome}" role="img" aria-label="{said}">{"".join(boxes)}</span>'


def _place(used: float) -> str:
    return f"{100 * min(max(used, 0.0), SCALE) / SCALE:.2f}%"


def link(row: Row, base: str) -> str:
    """Return the address of a row's page below the server's base path."""
    query = urlencode({"b": row.budget.id, "s": row.statistic.value})
    return f"{base}/budget?{query}"


def row(row: Row, *, base: str, since: str, beside: str = "") -> str:
    """Return one row: a link to its page, readable by people, screen readers and tests.

    Args:
        row: what stands.
        base: the server's base path, without a slash at its end; empty at the root.
        since: since when, in the visitor's time zone; empty where it is not known.
        beside: what the row as a whole hides: "1 of 12 instances over"; empty where it hides nothing.
    """
    outcome = row.outcome
    measured = f", {row.value}" if row.value else ""
    said = f"{row.title}: {outcome}{measured}, target {row.target}{f', {beside}' if beside else ''}"
    hidden = f' <span class="hr-beside">{escape(beside)}</span>' if beside else ""
    detail = "" if outcome is Outcome.MET else f'<span class="hr-detail">{escape(row.detail)}</span>'
    alarm = (
        "" if row.incident is None else f'<span class="hr-alarm">alert {escape(row.incident.state)}</span>'
    )
    return (
        f'<a class="hr-row hr-{outcome}" href="{escape(link(row, base))}" target="_self"'
        f' data-row="{escape(row.id)}" data-outcome="{outcome}" aria-label="{escape(said)}">'
        f'<span class="hr-state">{chip(outcome, near=row.worst.verdict.near)}{alarm}</span>'
        f'<span class="hr-title">{escape(row.budget.title)} <b>{escape(row.statistic)}</b>{hidden}</span>'
        f'<span class="hr-value">{escape(row.value or NOTHING)}</span>'
        f'<span class="hr-target">{escape(row.target)}</span>'
        f"{bar(row.used, outcome, row.marks)}"
        f'<span class="hr-since">{escape(since)}</span>'
        f"{detail}</a>"
    )


HEADING = (
    '<div class="hr-row hr-heading" aria-hidden="true"><span class="hr-state">outcome</span>'
    '<span class="hr-title">budget</span><span class="hr-value">measured</span>'
    '<span class="hr-target">target</span>'
    '<span class="hr-scale"><span>0%</span><span style="left:62.5%">100% of what is allowed</span></span>'
    '<span class="hr-since">since</span></div>'
)


def sources(ages: Iterable[SourceAge]) -> str:
    """Return how old each source's newest reading is; what is late or failing says so in words."""
    items = []
    for age in ages:
        trouble = f" · {age.detail}" if age.detail else " · late" if age.late else ""
        outcome = Outcome.BLIND if age.late or age.detail else Outcome.MET
        items.append(
            f'<span class="hr-{outcome}" data-source="{escape(age.name)}">'
            f'<span class="hr-icon" aria-hidden="true">'
            f"{ICONS[outcome]}</span> <b>{escape(age.name)}</b> {escape(age.words)}{escape(trouble)}</span>"
        )
    return f'<div class="hr-sources">{"".join(items)}</div>'


def unclassified(found: Iterable[tuple[str, Ratio]]) -> str:
    """Return what matches no class, and so is held against no budget; empty where everything matches one."""
    told = [
        f"{share(ratio.part / ratio.whole)} of {escape(name)} ({ratio.part:,.0f} of {ratio.whole:,.0f})"
        for name, ratio in found
        if ratio.part and ratio.whole
    ]
    if not told:
        return ""
    return f'<div class="hr-sources" data-unclassified="{len(told)}">In no class: {"; ".join(told)}</div>'


def notes(said: Mapping[str, tuple[str, ...]]) -> str:
    """Return what the sources said about themselves as a whole, as a list."""
    items = "".join(
        f"<li><b>{escape(source)}</b>: {escape(note)}</li>" for source, all_ in said.items() for note in all_
    )
    return f'<ul class="hr-notes">{items}</ul>' if items else ""


def palette() -> str:
    """Return the outcomes' colours as a stylesheet, so that the classes and `look` cannot drift apart."""
    return "".join(f".hr-{outcome}{{--hr:{colour}}}" for outcome, colour in COLOURS.items())
