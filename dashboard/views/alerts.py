"""Alerts: what fired, is it real, who knows, and what a person does about it."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from dashboard import alerts_card, alerts_doing, alerts_forms, alerts_words, data, data_alerts, visitor
from dashboard.alerts_drawn import around, case, drawn, nothing
from dashboard.charts import zone_name
from dashboard.data_alerts import LOOKED_BACK, Standing
from dashboard.notices import health, trouble
from dashboard.opened import opened
from headroom.budgets import Outcome
from headroom.config import Config
from headroom.incidents import Incident, State

SHOWN = ("all", "firing", "pending", "silenced", "resolved")
AT_ONCE = 20
"""Cards on the page before somebody asks for more."""


def sorted_out(config: Config, standing: Standing, now: datetime) -> dict[str, list[Incident]]:
    """Return the open incidents by what is shown of them, each once, the loudest first."""
    quiet = {one.id for one in standing.opened if data_alerts.quieted(config, standing.silences, one, now)}
    ranked = sorted(standing.opened, key=lambda one: alerts_words.loudest(one, silenced=one.id in quiet))
    loud = [one for one in ranked if one.id not in quiet]
    return {
        "all": ranked,
        "firing": [one for one in loud if one.state is State.FIRING],
        "pending": [one for one in loud if one.state is State.PENDING],
        "silenced": [one for one in ranked if one.id in quiet],
    }


@st.fragment(run_every=data.REFRESH)
def live(show: str, lately: str) -> None:
    """Draw the incidents, and what stands around them, as they are now."""
    top, came, found_, rest = (st.container(gap=None) for _ in range(4))
    try:
        config = data.configuration()
        moment = data.moment(config)
        now = data.now()
        standing = data_alerts.standing(config, lately, now)
        found = sorted_out(config, standing, now)
        most = AT_ONCE * int(st.session_state.get("pages", 1))
        shown = found.get(show, [])
        told = data_alerts.stories(config, [one.id for one in shown[:most]], standing.done)
    except data.Unavailable as error:
        trouble(error)
        return
    with top:
        health(data_alerts.health(config, now), now, visitor.zone())
        critical = any(alerts_card.look(one) is Outcome.OVER for one in found["firing"])
        kinds = [
            ("firing", len(found["firing"]), Outcome.OVER if critical else Outcome.UNDECIDED),
            ("pending", len(found["pending"]), Outcome.UNDECIDED),
            ("silenced", len(found["silenced"]), Outcome.IDLE),
            (f"resolved ({lately})", len(standing.ended), Outcome.MET),
        ]
        st.html(alerts_card.counts(kinds, zone_name(visitor.zone(), now)))
    with came:
        alerts_doing.outcome(standing)
    with found_:
        for one in shown[:most]:
            drawn(config, case(config, moment, standing, one, told[one.id], now), now, alone=False)
        if len(shown) > most:
            st.button(f"Show more ({len(shown) - most:,} are left)", on_click=_more)
        if not shown and show != "resolved":
            nothing(config, moment, standing, show, now)
    with rest:
        around(config, standing, show, lately, now)


def _more() -> None:
    st.session_state["pages"] = int(st.session_state.get("pages", 1)) + 1


def page() -> None:
    """Draw the page: filter, name, incidents and what stands around them, and a form."""
    config = opened("Alerts")
    if config is None:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        show = st.segmented_control(
            "Shown", SHOWN, default="all", required=True, key="show", bind="query-params"
        )
        lately = st.segmented_control(
            "Resolved in the last", list(LOOKED_BACK), default="24h", required=True, key="lately",
            bind="query-params",
        )  # fmt: skip
        alerts_doing.person()
    live(str(show), str(lately))
    with st.expander("Silence several alerts"):
        alerts_forms.silence_several(config)


page()
