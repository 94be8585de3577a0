"""Overview: is every budget kept now, and what is worst?"""

from __future__ import annotations

import streamlit as st

from dashboard import alerts_health, data, data_alerts, instances, markup, visitor
from dashboard.notices import banner, health, style, trouble
from dashboard.statement_link import statements_link
from headroom.summary import banner as summed_up
from headroom.summary import by_subject, rows, source_ages


@st.fragment(run_every=data.REFRESH)
def live() -> None:
    """Draw what stands now, again and again; what has not changed stays in the browser as it is."""
    sentence, alerts, ages, strays, table, notes = (st.container(gap=None) for _ in range(6))
    try:
        config = data.configuration()
        moment = data.moment(config)
    except data.Unavailable as error:
        trouble(error)
        return
    now, zone, base = data.now(), visitor.zone(), visitor.base()
    sources = {source.name: source for source in config.sources}
    found = rows(config.budgets, sources, moment.standings, moment.incidents, now)
    known = {budget.id: by_subject(budget, sources, moment.standings, now) for budget in config.budgets}
    with sentence:
        banner(summed_up(found))
    with alerts:
        health(data_alerts.health(config, now), now, zone)
        st.html(alerts_health.line(moment.incidents, base))
    with ages:
        st.html(markup.sources(source_ages(config.sources, moment.last_ok, moment.last_polls, now)))
    if unclassified := markup.unclassified(moment.unclassified):
        strays.html(unclassified)
    with table:
        st.html(markup.HEADING)
        for row in found:
            since = "" if row.since is None else visitor.clock(row.since, now, zone)
            beside = instances.over(row, known[row.budget.id])
            shown = markup.row(row, base=base, since=since, beside=beside)
            st.html(f"{shown}{statements_link(row.budget, base, row.outcome)}")
    if said := markup.notes(moment.notes):
        notes.expander("Notes on the sources").html(said)


style()
st.html("<h1 class='hr-h1'>Performance budgets</h1>")
live()
