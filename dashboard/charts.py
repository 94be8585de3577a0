"""Figures of recorded evidence: pure, with colours of their own that hold on light and dark backgrounds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, tzinfo
from itertools import pairwise

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboard.look import COLOURS, FIGURE, GRID, ICONS, LIMIT, PATTERNS
from dashboard.trace import Bin, Span
from headroom.budgets import Limit, Outcome, Unit
from headroom.standpoint import LATE_AFTER
from headroom.units import format_value

Point = tuple[datetime | None, float | None]
_FILL = "rgba(43, 140, 190, 0.28)"
_SHADE = "rgba(213, 94, 0, 0.13)"


def figure(
    bins: Sequence[Bin],
    spans: Sequence[Span],
    limits: Sequence[Limit],
    *,
    since: datetime,
    until: datetime,
    zone: tzinfo,
) -> go.Figure:
    """Return a row's chart: what was measured with its limits, the traffic under it, the outcomes under that.

    Args:
        bins: at most `trace.MOST`, oldest first.
        spans: the periods of each outcome.
        limits: the row's; a percentile's chart shows slow shares against the allowed one.
        since: where the chart begins.
        until: where it ends.
        zone: the visitor's. Plotly drops offsets and draws the wall time it is given, so all times are
            converted here and the zone stands in the axis title.
    """
    events = any(interval.n for interval in bins)
    heights = [0.62, 0.24, 0.14] if events else [0.84, 0.16]
    rows = len(heights)
    drawn = make_subplots(rows=rows, cols=1, shared_xaxes=True, vertical_spacing=0.05, row_heights=heights)
    bins = [local(interval, zone) for interval in bins]
    shares = limits[0].statistic.share is not None
    drawn.add_traces(_band(bins, limits[0]), rows=1, cols=1)
    _add_limits(drawn, limits, shares=shares)
    if events:
        drawn.add_trace(_traffic(bins), row=2, col=1)
        drawn.update_yaxes(title_text="per second", rangemode="tozero", row=2, col=1)
    drawn.add_trace(_strip(spans, until - since, zone), row=rows, col=1)
    for span in spans:
        if span.outcome is Outcome.OVER:
            drawn.add_vrect(
                x0=wall(span.start, zone),
                x1=wall(span.end, zone),
                fillcolor=_SHADE,
                line_width=0,
                row=1,
                col=1,
            )
    # Without its type Plotly would take the strip's lengths for numbers.
    drawn.update_xaxes(
        type="date", range=[wall(since, zone), wall(until, zone)], gridcolor=GRID, zeroline=False
    )
    drawn.update_xaxes(title_text=f"time ({zone_name(zone, until)})", row=rows, col=1)
    drawn.update_yaxes(gridcolor=GRID, zeroline=False, fixedrange=True)
    drawn.update_yaxes(**_scale(bins, limits, shares=shares), row=1, col=1)
    drawn.update_yaxes(showticklabels=False, showgrid=False, title_text="outcome", row=rows, col=1)
    drawn.update_layout(
        height=460 if events else 380,
        margin={"l": 10, "r": 10, "t": 24, "b": 10},
        showlegend=False,
        barmode="overlay",
        bargap=0,
        hovermode="closest",
        dragmode=False,
        uirevision="same",
    )
    return drawn


def takeaway(title: str, spans: Sequence[Span], *, since: datetime, until: datetime) -> str:
    """Return the chart in a sentence, for those who do not see it."""
    whole = (until - since).total_seconds()
    if not spans or whole <= 0:
        return f"{title}: nothing was judged in this period"
    shares = {
        outcome: sum((span.end - span.start).total_seconds() for span in spans if span.outcome is outcome)
        / whole
        for outcome in Outcome
    }
    told = {str(outcome): share for outcome, share in shares.items()}
    told["not judged"] = 1 - sum(shares.values())
    parts = [f"{word} {share:.0%}" for word, share in told.items() if share >= 0.005]  # noqa: PLR2004 less is 0 %
    return f"{title}: of the time shown {', '.join(parts)}; now {spans[-1].outcome}"


def zone_name(zone: tzinfo, at: datetime) -> str:
    """Return the zone with its offset at a moment: "Europe/Berlin, UTC+01:00"."""
    offset = at.astimezone(zone).strftime("%z")
    utc = f"UTC{offset[:3]}:{offset[3:5]}" if offset.strip("+-0") else "UTC"
    name = getattr(zone, "key", "UTC")
    return utc if name == "UTC" else f"{name}, {utc}"


def wall(moment: datetime, zone: tzinfo) -> datetime:
    """Return a moment as the clocks of a zone show it, without the zone."""
    return moment.astimezone(zone).replace(tzinfo=None)


def local(interval: Bin, zone: tzinfo) -> Bin:
    """Return an interval as the clocks of a zone show it."""
    return Bin(
        wall(interval.start, zone),
        wall(interval.end, zone),
        interval.low,
        interval.high,
        interval.mean,
        interval.n,
    )


def runs(bins: Iterable[Bin]) -> list[list[Bin]]:
    """Return the stretches without a gap, so that no line is drawn where nothing was measured."""
    known = [interval for interval in bins if interval.low is not None or interval.high is not None]
    found: list[list[Bin]] = [known[:1]] if known else []
    for before, after in pairwise(known):
        # The moments of polls jitter against the times that they tell of: by less than half an interval.
        longest = max(before.end - before.start, after.end - after.start)
        if after.start - before.end > min(longest / 2, LATE_AFTER):
            found.append([])
        found[-1].append(after)
    return found


def steps(run: Sequence[Bin], heights: Sequence[float]) -> list[Point]:
    """Return two points of each interval; it begins where the one before ended: no edge is slanted."""
    points: list[Point] = []
    start = run[0].start
    for interval, height in zip(run, heights, strict=True):
        end = max(start, interval.end)
        points += [(start, height), (end, height)]
        start = end
    return points


def _band(bins: Sequence[Bin], limit: Limit) -> list[go.Scatter]:
    shares = limit.statistic.share is not None
    figures = "%{y:.2%}" if shares or limit.unit is Unit.SHARE else f"%{{y:.3g}} {limit.unit}"
    area: list[Point] = []
    line: list[Point] = []
    for run in runs(bins):
        upper = steps(run, [_high(interval) for interval in run])
        lower = steps(run, [interval.low or 0.0 for interval in run])
        area += [*upper, *reversed(lower), (None, None)]
        if shares:
            line += [*upper[::2], upper[-1], (None, None)]
        else:
            # From its start: a run of one interval would be one point, which is not drawn.
            line += [(run[0].start, run[0].mean), *((one.end, one.mean) for one in run), (None, None)]
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
            mode="lines",
            line={"color": FIGURE, "width": 2, "shape": "hv" if shares else "linear"},
            hovertemplate=f"%{{x|%H:%M:%S}}<br>{'at most ' if shares else ''}{figures}<extra></extra>",
        ),
    ]


def _high(interval: Bin) -> float:
    return interval.high if interval.high is not None else interval.low or 0.0


def _add_limits(drawn: go.Figure, limits: Sequence[Limit], *, shares: bool) -> None:
    for limit in limits[:1] if shares else limits:
        if shares:
            assert limit.statistic.allowed is not None
            height = float(limit.statistic.allowed)
            most, threshold = format_value(height, Unit.SHARE), format_value(limit.threshold, limit.unit)
            said = f"at most {most} slower than {threshold}"
        else:
            height = limit.threshold
            said = f"{limit.name} {format_value(height, limit.unit)}"
        drawn.add_hline(
            y=height,
            line={"color": LIMIT, "width": 2, "dash": "solid" if limit is limits[0] else "dash"},
            annotation={"text": said, "bgcolor": LIMIT, "borderpad": 2, "font": {"color": "#ffffff"}},
            annotation_position="top left",
            row=1,
            col=1,
        )


def _scale(bins: Sequence[Bin], limits: Sequence[Limit], *, shares: bool) -> dict[str, object]:
    highest = max((_high(interval) for interval in bins), default=0.0)
    if shares:
        assert limits[0].statistic.allowed is not None
        top = max(1.1 * highest, 3 * float(limits[0].statistic.allowed))
        return {"title_text": "slow share", "range": [0, min(1.02, top)], "tickformat": "~%"}
    top = 1.15 * max(highest, *(limit.threshold for limit in limits))
    if limits[0].unit is Unit.SHARE:
        return {"title_text": "in use", "range": [0, max(1.02, top)], "tickformat": "~%"}
    return {"title_text": limits[0].unit.value, "range": [0, top]}


def _traffic(bins: Sequence[Bin]) -> go.Bar:
    busy = [interval for interval in bins if interval.n]
    return go.Bar(
        x=[interval.start + (interval.end - interval.start) / 2 for interval in busy],
        width=[(interval.end - interval.start).total_seconds() * 1000 for interval in busy],
        y=[interval.rate for interval in busy],
        customdata=[interval.n for interval in busy],
        marker={"color": COLOURS[Outcome.IDLE], "line": {"width": 0}},
        hovertemplate="%{x|%H:%M:%S}<br>%{customdata:,} in the interval, %{y:.3g} per second<extra></extra>",
    )


def _strip(spans: Sequence[Span], whole: timedelta, zone: tzinfo) -> go.Bar:
    words = [f"{ICONS[span.outcome]} {span.outcome}" for span in spans]
    return go.Bar(
        base=[wall(span.start, zone) for span in spans],
        x=[(span.end - span.start).total_seconds() * 1000 for span in spans],
        y=["outcome"] * len(spans),
        orientation="h",
        width=0.9,
        text=[
            word if (span.end - span.start) * 8 > whole else ""
            for word, span in zip(words, spans, strict=True)
        ],
        textposition="inside",
        insidetextanchor="middle",
        constraintext="none",
        textangle=0,
        textfont={"color": "#ffffff"},
        marker={
            "color": [COLOURS[span.outcome] for span in spans],
            "line": {"width": 0},
            "pattern": {
                "shape": [PATTERNS[span.outcome] for span in spans],
                "fgcolor": "#ffffff",
                "fillmode": "overlay",
                "solidity": 0.25,
            },
        },
        customdata=[
            f"{word}, {wall(span.start, zone):%H:%M:%S} to {wall(span.end, zone):%H:%M:%S}"
            for word, span in zip(words, spans, strict=True)
        ],
        hovertemplate="%{customdata}<extra></extra>",
    )
