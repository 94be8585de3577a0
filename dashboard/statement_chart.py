"""The chart of one statement: mean and where its P95 lies, calls, and the debt they made. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboard.charts import Point, local, runs, steps, wall, zone_name
from dashboard.look import COLOURS, FIGURE, GRID, LIMIT
from dashboard.spans import between, took
from dashboard.statement_trace import Stretch, Whole
from dashboard.trace import Bin
from headroom.budgets import Outcome, Unit
from headroom.units import format_value

_FILL = "rgba(43, 140, 190, 0.24)"
_HIGHEST = 4.0  # times the mean or the limit: a P95 that may lie anywhere would flatten all else
_DOT = 5  # an interval that stands alone is too short a line to be seen
_FAR = 5.0  # times the highest: a limit so far above would press everything onto the axis
_ROWS = {True: (0.56, 0.2, 0.24), False: (0.72, 0.28)}


def figure(
    found: Sequence[Stretch], limit: float | None, *, since: datetime, until: datetime, zone: tzinfo
) -> go.Figure:
    """Return the chart of a statement.

    Args:
        found: at most `trace.MOST` stretches, oldest first.
        limit: the lowest one of its class, in seconds; None where none is promised.
        since: where the chart begins.
        until: where it ends.
        zone: the visitor's; all times are converted here, for Plotly drops offsets.
    """
    owing = any(one.owed is not None and one.owed.high for one in found)
    heights = _ROWS[owing]
    rows = len(heights)
    drawn = make_subplots(rows=rows, cols=1, shared_xaxes=True, vertical_spacing=0.05, row_heights=heights)
    bins = [local(_bin(one), zone) for one in found]
    drawn.add_traces(_durations(bins), rows=1, cols=1)
    doubted = [one for one in found if not one.moments.n]
    if doubted:
        drawn.add_trace(_doubts(doubted, zone), row=1, col=1)
    drawn.add_trace(_calls(bins), row=2, col=1)
    if limit is not None:
        _add_limit(drawn, limit, _top(bins, limit))
    if owing:
        drawn.add_traces(_debts(found, zone), rows=3, cols=1)
        drawn.update_yaxes(title_text="debt, s/s", rangemode="tozero", row=3, col=1)
    drawn.update_xaxes(
        type="date", range=[wall(since, zone), wall(until, zone)], gridcolor=GRID, zeroline=False
    )
    drawn.update_xaxes(title_text=f"time ({zone_name(zone, until)})", row=rows, col=1)
    drawn.update_yaxes(gridcolor=GRID, zeroline=False, fixedrange=True)
    drawn.update_yaxes(title_text="s", range=[0, _top(bins, limit)], row=1, col=1)
    drawn.update_yaxes(title_text="calls/s", rangemode="tozero", row=2, col=1)
    drawn.update_layout(
        height=470 if owing else 380,
        margin={"l": 10, "r": 10, "t": 24, "b": 10},
        showlegend=False,
        barmode="stack",
        bargap=0,
        hovermode="closest",
        dragmode=False,
        uirevision="same",
    )
    return drawn


def takeaway(whole: Whole, limit: float | None, period: str) -> str:
    """Return the chart in a sentence, for those who do not see it."""
    n = whole.moments.n
    if not n:
        return f"No calls in the last {period}"
    said = f"{n:,} calls in the last {period}, on average {took(whole.moments.total / n)}"
    if limit is None or whole.owed is None:
        return f"{said}; its class has no limit"
    return f"{said}, where the limit is {format_value(limit, Unit.SECONDS)}; debt {between(whole.owed)}"


def _add_limit(drawn: go.Figure, limit: float, top: float) -> None:
    """Draw the limit, or tell that it lies beyond the chart."""
    said = f"limit {format_value(limit, Unit.SECONDS)}"
    looks = {"bgcolor": LIMIT, "borderpad": 2, "font": {"color": "#ffffff"}}
    if limit <= top:
        drawn.add_hline(
            y=limit,
            line={"color": LIMIT, "width": 2},
            annotation={"text": said, **looks},
            annotation_position="top left",
            row=1,
            col=1,
        )
    else:
        place = {"x": 0, "xref": "x domain", "xanchor": "left", "y": 1, "yref": "y domain", "yanchor": "top"}
        drawn.add_annotation(text=f"↑ {said}, far above", showarrow=False, **place, **looks)


def _bin(one: Stretch) -> Bin:
    moments, p95 = one.moments, one.p95
    if p95 is None:
        return Bin(one.start, one.end, None, None)
    return Bin(one.start, one.end, p95.low, p95.high, moments.total / moments.n, moments.n)


def _top(bins: Sequence[Bin], limit: float | None) -> float:
    mean = max((one.mean or 0.0 for one in bins), default=0.0)
    upper = max((one.high or 0.0 for one in bins), default=0.0)
    near = 0.0 if limit is None or (upper and limit > _FAR * upper) else limit
    return 1.15 * max(mean, near, min(upper, _HIGHEST * max(mean, near))) or 1.0


def _durations(bins: Sequence[Bin]) -> list[go.Scatter]:
    area: list[Point] = []
    line: list[Point] = []
    told: list[str] = []
    sizes: list[int] = []
    for run in runs(bins):
        upper = steps(run, [one.high or 0.0 for one in run])
        lower = steps(run, [one.low or 0.0 for one in run])
        area += [*upper, *reversed(lower), (None, None)]
        line += [*steps(run, [one.mean or 0.0 for one in run]), (None, None)]
        told += [_said(one) for one in run for _ in range(2)]
        told.append("")
        sizes += [_DOT if len(run) == 1 else 0] * (2 * len(run) + 1)
    return [
        go.Scatter(
            x=[moment for moment, _ in area],
            y=[value for _, value in area],
            fill="toself",
            fillcolor=_FILL,
            line={"width": 0},
            mode="lines",
            hoverinfo="skip",
        ),
        go.Scatter(
            x=[moment for moment, _ in line],
            y=[value for _, value in line],
            customdata=told,
            mode="lines+markers",
            line={"color": FIGURE, "width": 2},
            marker={"color": FIGURE, "size": sizes},
            hovertemplate="%{x|%H:%M:%S}<br>%{customdata}<extra></extra>",
        ),
    ]


def _said(one: Bin) -> str:
    low, high = one.low or 0.0, one.high or 0.0
    return f"mean {took(one.mean or 0.0)}<br>P95 between {took(low)} and {took(high)}"


def _doubts(found: Sequence[Stretch], zone: tzinfo) -> go.Scatter:
    words = [", ".join(f"{count} {quality}" for quality, count in one.qualities.items()) for one in found]
    return go.Scatter(
        x=[wall(one.end, zone) for one in found],
        y=[0.0] * len(found),
        mode="markers",
        marker={"symbol": "x", "size": 8, "color": COLOURS[Outcome.BLIND]},
        cliponaxis=False,
        customdata=words,
        hovertemplate="%{x|%H:%M:%S}<br>left out: %{customdata}<extra></extra>",
    )


def _calls(bins: Sequence[Bin]) -> go.Bar:
    busy = [one for one in bins if one.n]
    return go.Bar(
        x=[one.start + (one.end - one.start) / 2 for one in busy],
        width=[(one.end - one.start).total_seconds() * 1000 for one in busy],
        y=[one.rate for one in busy],
        customdata=[one.n for one in busy],
        marker={"color": COLOURS[Outcome.IDLE], "line": {"width": 0}},
        hovertemplate="%{x|%H:%M:%S}<br>%{customdata:,} calls, %{y:.3g} per second<extra></extra>",
    )


def _debts(found: Sequence[Stretch], zone: tzinfo) -> list[go.Bar]:
    """Return the debt in each second: in full colour what is certain, in hatches what is possible."""
    known = [(one, one.owed) for one in found if one.owed is not None and one.owed.high]
    lengths = [max((one.end - one.start).total_seconds(), 1e-9) for one, _ in known]
    lows = [(owed.low or 0.0) / length for (_, owed), length in zip(known, lengths, strict=True)]
    highs = [(owed.high or 0.0) / length for (_, owed), length in zip(known, lengths, strict=True)]
    shared = {
        "x": [wall(one.start + (one.end - one.start) / 2, zone) for one, _ in known],
        "width": [1000 * length for length in lengths],
        "customdata": [between(owed) for _, owed in known],
        "hovertemplate": "%{x|%H:%M:%S}<br>over the limit: %{customdata}<extra></extra>",
    }
    hatched = {"shape": "/", "fgcolor": LIMIT, "bgcolor": "rgba(0,0,0,0)", "solidity": 0.3, "size": 5}
    return [
        go.Bar(y=lows, marker={"color": LIMIT, "line": {"width": 0}}, **shared),
        go.Bar(
            y=[high - low for low, high in zip(lows, highs, strict=True)],
            marker={"color": "rgba(0,0,0,0)", "line": {"width": 0}, "pattern": hatched},
            **shared,
        ),
    ]
