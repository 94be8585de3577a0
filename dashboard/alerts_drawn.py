"""Incidents and what stands around them, drawn with the buttons by which a person acts on them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from html import escape

import streamlit as st

from dashboard import alerts_card, alerts_doing, alerts_lists, alerts_words, data, data_alerts, visitor
from dashboard.alerts_card import Case
from dashboard.alerts_untold import untold
from dashboard.data_alerts import Standing, Story
from headroom import acting
from headroom.budgets import Budget, Verdict
from headroom.config import Config
from headroom.history import Action, DeliveryState
from headroom.history.actions import TEST
from headroom.incidents import Incident, State
from headroom.standpoint import UNKNOWN_PACE, as_of

_MISSED = frozenset({DeliveryState.GAVE_UP, DeliveryState.REROUTED})
_BEFORE = timedelta(minutes=10)

_PERIODS = {
    "15m": timedelta(minutes=15),
    "1h": timedelta(hours=1),
    "6h": timedelta(hours=6),
    "24h": timedelta(hours=24),
}


def verdict_of(config: Config, moment: data.Moment, one: Incident, now: datetime) -> Verdict | None:
    """Return the newest verdict on an incident's limit as it can be said now, or None."""
    limit = next(
        (
            each.verdict
            for each in moment.standings
            if (each.verdict.budget, each.verdict.limit, each.verdict.subject)
            == (one.budget, one.limit, one.subject)
        ),
        None,
    )
    every = next((each.every for each in config.sources if each.name == one.source), UNKNOWN_PACE)
    return None if limit is None else as_of(limit, now, every)


def case(
    config: Config, moment: data.Moment, standing: Standing, one: Incident, story: Story, now: datetime
) -> Case:
    """Return an incident with all that belongs to it."""
    budget = budgets(config).get(one.budget)
    verdict = None if one.ended is not None else verdict_of(config, moment, one, now)
    silence = data_alerts.quieted(config, standing.silences, one, now)
    reasons = untold(
        one,
        budget,
        verdict,
        silence,
        story.deliveries,
        config.alerting,
        standing.states,
        told=data_alerts.told_of(config, one),
        now=now,
        zone=visitor.zone(),
    )
    return Case(one, budget, verdict, silence, story, tuple(reasons))


def budgets(config: Config) -> dict[str, Budget]:
    """Return the budgets by their ids."""
    return {budget.id: budget for budget in config.budgets}


def drawn(config: Config, one: Case, now: datetime, *, alone: bool) -> None:
    """Draw an incident with what a person can do about it."""
    incident, zone = one.incident, visitor.zone()
    with st.container(key=f"card-{incident.id}", gap=None):
        st.html(alerts_card.card(one, now=now, zone=zone))
        with st.container(key=f"buttons-{incident.id}", horizontal=True, vertical_alignment="center"):
            _buttons(config, one, alone=alone)
            query = _at_that_time(one, now)
            label = "Its budget" if incident.ended is None else "Its budget at that time"
            st.page_link("views/budget.py", label=label, query_params=query)
        st.html(alerts_card.story(one, now=now, zone=zone, unfolded=alone))


def _buttons(config: Config, one: Case, *, alone: bool) -> None:
    incident = one.incident
    if incident.state is State.FIRING and incident.acknowledged is None:
        st.button(
            "Acknowledge",
            key=f"ack-{incident.id}",
            type="primary",
            on_click=alerts_doing.press,
            args=(config, partial(_acknowledging, incident), "Acknowledged"),
        )
    elif incident.ended is None and incident.acknowledged is not None:
        st.button(
            "Let go of it",
            key=f"unack-{incident.id}",
            on_click=alerts_doing.press,
            args=(config, partial(_letting_go, incident), "No longer acknowledged"),
        )
    if any(each.state in _MISSED for each in one.story.deliveries):
        st.button(
            "Send again what did not arrive",
            key=f"again-{incident.id}",
            on_click=alerts_doing.press,
            args=(config, partial(_resending, incident), "To be sent again"),
        )
    if not alone:
        st.page_link("views/alert.py", label="Silence, note, all of it", query_params={"i": incident.id})


def _acknowledging(one: Incident, who: str, now: datetime) -> Action:
    return acting.acknowledging(one, who, "", now)


def _letting_go(one: Incident, who: str, now: datetime) -> Action:
    return acting.letting_go(one, who, "", now)


def _resending(one: Incident | None, who: str, now: datetime) -> Action:
    return acting.resending(one, "", who, now)


def _testing(channel: str, who: str, now: datetime) -> Action:
    return Action(now, acting.signed(who), TEST, {"channel": channel})


def _at_that_time(one: Case, now: datetime) -> dict[str, str]:
    """Return the query of the page of an incident's row: until now, or until it had ended."""
    incident = one.incident
    begin = incident.opened - max(one.budget.window if one.budget else _BEFORE, _BEFORE)
    end = incident.ended or now
    period = next((name for name, length in _PERIODS.items() if end - begin <= length), "24h")
    asked = {"b": incident.budget, "s": incident.statistic.value, "w": period}
    if incident.ended is None:
        return asked
    return {**asked, "from": f"{begin:%Y-%m-%dT%H:%M:%SZ}", "to": f"{end:%Y-%m-%dT%H:%M:%SZ}"}


def around(config: Config, standing: Standing, show: str, lately: str, now: datetime) -> None:
    """Draw silences, channels, what ended, and who did what."""
    zone, base = visitor.zone(), visitor.base()
    known = budgets(config)
    everything: Sequence[Incident] = (*standing.opened, *standing.ended)
    names = {one.id: alerts_words.name(one, known.get(one.budget)) for one in everything}
    if show in ("all", "silenced"):
        st.html("<h2 class='hr-h2'>Silences</h2>")
        for one, more in alerts_lists.foremost(standing.silences, now):
            st.html(alerts_lists.silence(one, more, names, now, zone))
            st.button(
                "End it now" if one.holds(now) else "Take it back",
                key=f"end-{one.id}",
                on_click=alerts_doing.press,
                args=(config, partial(acting.ending, one), "Silence ended"),
            )
        if not standing.silences:
            st.html(
                '<p class="hr-said" data-empty="silences">Nothing is silenced, now or in the next 7 days.</p>'
            )
    if show == "all":
        _channels(config, standing, now)
    if show in ("all", "resolved"):
        st.html(f"<h2 class='hr-h2'>Resolved in {lately}</h2>")
        near = standing.near_misses
        missed = f"{near:,} more went over and never fired." if near else ""
        none = "" if standing.ended else f"None. {missed}"
        st.html(
            f'<p class="hr-said" data-empty="resolved">{none}</p>'
            if none
            else alerts_lists.ended(standing.ended, known, base, now, zone)
            + (f'<p class="hr-said">{missed}</p>' if missed else "")
        )
    if show == "all":
        st.html("<h2 class='hr-h2'>Who did what</h2>")
        st.html(
            alerts_lists.done(standing.done, standing.waiting, names, now, zone)
            if standing.done
            else '<p class="hr-said" data-empty="done">Nobody did anything about alerts so far.</p>'
        )


def _channels(config: Config, standing: Standing, now: datetime) -> None:
    st.html("<h2 class='hr-h2'>Channels</h2>")
    if not config.channels:
        said = alerts_lists.tested(standing.tests, config.channels, now)
        st.html(f'<p class="hr-said" data-empty="channels">{escape(said)}</p>')
    for one in config.channels:
        state, test = standing.states.get(one.name), standing.tests.get(one.name)
        st.html(alerts_lists.channel(one, state, test, now, visitor.zone()))
        st.button(
            "Send a test message",
            key=f"test-{one.name}",
            on_click=alerts_doing.press,
            args=(config, partial(_testing, one.name), f"Test of {one.name} asked for"),
        )


def nothing(config: Config, moment: data.Moment, standing: Standing, show: str, now: datetime) -> None:
    """Say that there is no alert of a kind, and what makes that believable."""
    judged = max((each.verdict.at for each in moment.standings), default=None)
    if standing.opened:
        said = f"Nothing is {show} now."
    elif standing.ended:
        heard = alerts_lists.tested(standing.tests, config.channels, now)
        said = f"No open alerts; {len(standing.ended):,} ended lately. {heard}"
    else:
        said = alerts_lists.nothing(judged, standing.tests, config.channels, now, "24 h")
    st.html(f'<p class="hr-said" data-empty="alerts">{escape(said)}</p>')
