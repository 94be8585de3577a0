"""Alert: all that is kept of one incident, open or ended, and the forms by which a person acts on it."""

from __future__ import annotations

import streamlit as st

from dashboard import alerts_doing, alerts_forms, data, data_alerts
from dashboard.alerts_drawn import case, drawn
from dashboard.notices import trouble
from dashboard.opened import opened
from headroom.config import Config


@st.fragment(run_every=data.REFRESH)
def live(ident: str) -> None:
    """Draw one incident, open or ended, as it is now."""
    try:
        config = data.configuration()
        now = data.now()
        standing = data_alerts.standing(config, "24h", now)
        known = {one.id: one for one in (*standing.opened, *standing.ended)}
        incident = known.get(ident) or data_alerts.incident(config, ident)
        if incident is None:
            st.html('<p class="hr-said" data-empty="incident">There is no such alert (any more).</p>')
            return
        told = data_alerts.stories(config, [incident.id], standing.done)[incident.id]
        found = case(config, data.moment(config), standing, incident, told, now)
    except data.Unavailable as error:
        trouble(error)
        return
    alerts_doing.outcome(standing)
    drawn(config, found, now, alone=True)


def alone(config: Config, ident: str) -> None:
    """Draw the page of one incident: all of it, and the forms, which no refresh disturbs."""
    st.page_link("views/alerts.py", label="All alerts", icon=":material/arrow_back:")
    alerts_doing.person()
    live(ident)
    try:
        incident = data_alerts.incident(config, ident)
    except data.Unavailable:
        return  # said above
    if incident is None:
        return
    if incident.ended is None:
        st.html("<h2 class='hr-h2'>Silence it</h2>")
        alerts_forms.silence_one(config, incident)
    st.html("<h2 class='hr-h2'>Note</h2>")
    alerts_forms.note(config, incident)


def page() -> None:
    """Draw the page of the incident that the address names."""
    config = opened("Alert")
    if config is None:
        return
    alone(config, st.query_params.get("i", ""))


page()
