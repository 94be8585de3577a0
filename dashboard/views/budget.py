"""Budget: one row in full: judged on which evidence, how it went over time, and who answers for it."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from html import escape
from typing import NamedTuple

import streamlit as st
from plotly.io import from_json

from dashboard import charts, data, detail, instances, markup, visitor
from dashboard.choice import address, names, until, wanted
from dashboard.notices import style, trouble, waiting
from dashboard.statement_link import asked
from dashboard.trace import CALM, end, step
from headroom.budgets import Limit, Reason
from headroom.config import Config
from headroom.sources import Source
from headroom.summary import Row, by_subject, rows

PERIODS = {
    "15m": timedelta(minutes=15),
    "1h": timedelta(hours=1),
    "6h": timedelta(hours=6),
    "24h": timedelta(hours=24),
}


def choose(config: Config) -> str | None:
    """Draw the choice of a row, kept in the address, and return the row's id."""
    known = names(config)
    found, problem = wanted(known, st.query_params.to_dict())
    if problem:
        st.warning(visitor.plain(problem), icon=":material/search_off:")
        if found is not None:
            label = f"Open the nearest, {visitor.plain(known[found])}"
            st.page_link(
                "views/budget.py", label=label, icon=":material/arrow_forward:", query_params=address(found)
            )
        st.page_link("views/overview.py", label="All rows", icon=":material/arrow_back:")
        return None
    if found is None:
        st.info("The budgets file names no budget.")
        return None
    st.session_state["row"] = found

    def follow() -> None:
        _now()
        st.query_params.update(address(st.session_state["row"]))

    with st.container(horizontal=True, vertical_alignment="center"):
        st.page_link("views/overview.py", label="All rows", icon=":material/arrow_back:")
        st.selectbox(
            "Row",
            list(known),
            format_func=known.__getitem__,
            key="row",
            on_change=follow,
            label_visibility="collapsed",
            width=380,
        )
    return found


def _now() -> None:
    """Look back from now again, and no longer from the moment in the address."""
    for name in ("from", "to"):
        st.query_params.pop(name, None)


class Found(NamedTuple):
    """A row as it stands now, with what it was found in."""

    config: Config
    moment: data.Moment
    row: Row
    now: datetime


def find(row_id: str) -> Found:
    """Return a row as it stands now, or raise Unavailable."""
    config = data.configuration()
    moment, now = data.moment(config), data.now()
    sources: dict[str, Source] = {source.name: source for source in config.sources}
    budgets = [budget for budget in config.budgets if row_id.startswith(f"{budget.id}:")]
    found = rows(budgets, sources, moment.standings, moment.incidents, now)
    row = next((row for row in found if row.id == row_id), None)
    if row is None:
        raise data.Unavailable(
            "The budget is gone", f"{row_id} is no longer in the budgets file; choose another row"
        )
    return Found(config, moment, row, now)


@st.fragment(run_every=data.REFRESH)
def live(row_id: str) -> None:
    """Draw the verdicts on the row's limits as they stand now."""
    try:
        config, moment, row, now = find(row_id)
    except data.Unavailable as error:
        trouble(error)
        return
    zone = visitor.zone()
    if row.incident is not None:
        st.error(
            visitor.plain(detail.alert(row.incident, now=now, zone=zone)),
            icon=":material/notifications_active:",
        )
    for standpoint in row.limits:
        st.html(detail.verdict(standpoint, now=now, zone=zone))
    own = {data.events_of(measure) for measure in row.budget.measures if measure.latency}
    strays = markup.unclassified((name, ratio) for name, ratio in moment.unclassified if name in own)
    sources = {source.name: source for source in config.sources}
    known = by_subject(row.budget, sources, moment.standings, now)
    # One element for both: those that come and go would move the others, and be drawn anew.
    st.html(f"{strays}{instances.table(row, known)}" or "<span></span>")


@st.fragment(run_every=data.REFRESH)
def chart(row_id: str, period: str, then: datetime | None, *, hold: bool) -> None:
    """Draw the row over time; an unchanged figure stays in the browser as it is, zoom and all.

    Args:
        row_id: the row.
        period: how far back.
        then: from when; None: from now.
        hold: whether it stays as it is.
    """
    try:
        config, _, row, now = find(row_id)
        every = next(
            (one.every for one in config.sources if one.name == row.budget.measure.source), data.REFRESH
        )
        length = PERIODS[period]
        limits = tuple(each.limit for each in row.limits)
        newest = max(each.verdict.at for each in row.limits)
        silent = row.worst.verdict.reason in {Reason.STALE, Reason.NO_DATA}
        # Where nobody judges, time goes on all the same, so that the silence is seen to grow.
        last = end(now, CALM) if silent else end(newest, step(length, every))
        if then is not None:
            last = min(then, last)
        elif hold:
            last = st.session_state.setdefault("held", last)
        else:
            st.session_state.pop("held", None)
        trace = data.trace(config, row, length, last)
    except data.Unavailable as error:
        trouble(error)
        return
    if not trace.bins:
        when = f"last {period}"
        if then is not None:
            when = f"{period} before {visitor.plain(visitor.clock(then, now, visitor.zone()))}"
        st.info(f"Nothing was recorded in the {when}.")
        return
    zone = visitor.zone()
    st.plotly_chart(
        from_json(drawn(trace, limits, zone)),
        key="trace",
        alt=charts.takeaway(row.title, trace.spans, since=trace.since, until=trace.until),
        config={"displaylogo": False, "displayModeBar": False},
    )
    if trace.measure:
        st.caption(visitor.plain(f"The chart shows {trace.measure}, which judged last."))


@st.cache_data(max_entries=32, show_spinner=False)
def drawn(trace: data.Trace, limits: tuple[Limit, ...], zone: tzinfo) -> str:
    """Return the figure as JSON; the same evidence gives the same text.

    As text, since a figure that comes out of the cache names its parts in another order than a new one, and
    the browser would take it for another chart and draw it again.
    """
    figure = charts.figure(trace.bins, trace.spans, limits, since=trace.since, until=trace.until, zone=zone)
    return str(figure.to_json())


def page() -> None:
    """Draw the page: choose, judge, chart, promise."""
    style()
    try:
        config = data.configuration()
    except data.Unavailable as error:
        trouble(error)
        waiting(data.configuration)
        return
    row_id = choose(config)
    if row_id is None:
        return
    budget = next(budget for budget in config.budgets if row_id.startswith(f"{budget.id}:"))
    st.html(f"<h1 class='hr-h1'>{escape(names(config)[row_id])}</h1>")
    live(row_id)
    if query := asked(budget):
        label = "Statements of this class"
        st.page_link("views/database.py", label=label, icon=":material/arrow_forward:", query_params=query)
    with st.container(horizontal=True, vertical_alignment="center"):
        period = st.segmented_control(
            "Period",
            list(PERIODS),
            default="1h",
            required=True,
            key="w",
            bind="query-params",
            label_visibility="collapsed",
        )
        hold = st.toggle(
            "Hold the chart", help="A chart that is drawn anew loses its zoom; a held one keeps it."
        )
    then = until(st.query_params.to_dict())
    if then is not None:
        moment = visitor.clock(then, data.now(), visitor.zone(), seconds=True)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"The chart ends at {visitor.plain(moment)}, the moment in the address.")
            st.button("Show it until now", on_click=_now)
    chart(row_id, period, then, hold=hold)
    st.html(f"<h2 class='hr-h2'>The promise</h2>{detail.promise(budget, data.now())}")


page()
