"""The forms of the page of alerts: a note, a silence of one incident, a silence of several."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import streamlit as st

from dashboard import data, visitor
from dashboard.alerts_doing import LENGTHS, UNTIL, do, ends
from headroom import acting
from headroom.acting import LONGEST_NOTE
from headroom.budgets import Severity
from headroom.config import Config
from headroom.history import Action
from headroom.history.silence_body import LONGEST_COMMENT
from headroom.incidents import Incident
from headroom.silences import Matcher


def note(config: Config, one: Incident) -> None:
    """Draw the form that keeps a note about an incident."""

    def keep() -> None:
        text = str(st.session_state["note"])
        if do(config, lambda who, now: acting.noting(one, who, text, now), "Noted"):
            st.session_state["note"] = ""

    with st.form("noting"):
        st.text_area("Note", key="note", max_chars=LONGEST_NOTE, height=80)
        st.form_submit_button("Keep the note", on_click=keep)


def silence_one(config: Config, one: Incident) -> None:
    """Draw the form that silences one incident."""
    _silence(config, "one", lambda: Matcher(incident=one.id))


def silence_several(config: Config) -> None:
    """Draw the form that silences whatever is of some budgets, sources, owners or severities."""
    owners = sorted({each.owner for each in config.budgets if each.owner})

    def chosen(key: str) -> tuple[str, ...]:
        return tuple(st.session_state[f"several-{key}"])

    def matcher() -> Matcher:
        return Matcher(
            budgets=chosen("budgets"),
            sources=chosen("sources"),
            owners=chosen("owners"),
            severities=chosen("severities"),
        )

    fields = {
        "budgets": [each.id for each in config.budgets],
        "sources": [each.name for each in config.sources],
        "owners": owners,
        "severities": [each.value for each in Severity],
    }
    _silence(config, "several", matcher, fields)


def _silence(
    config: Config, key: str, matcher: Callable[[], Matcher], fields: dict[str, list[str]] | None = None
) -> None:
    zone = visitor.zone()
    length = st.segmented_control(
        "Silence it for" if not fields else "Silence them for",
        [*LENGTHS, UNTIL],
        default="1 h",
        required=True,
        key=f"{key}-length",
    )

    def set_() -> None:
        until = st.session_state.get(f"{key}-until")
        comment = str(st.session_state[f"{key}-comment"])
        everything = bool(st.session_state.get(f"{key}-everything", False))

        def build(who: str, now: datetime) -> Action:
            wanted = matcher()
            acting.check_known(wanted, config.budgets, [each.name for each in config.sources])
            end = ends(str(length), until, now, zone)
            return acting.silencing(
                wanted, now, end, person=who, comment=comment, now=now, everything=everything
            )[0]

        if do(config, build, f"Silenced {_for(str(length), until)}"):
            st.session_state[f"{key}-comment"] = ""

    with st.form(f"silencing-{key}"):
        for name, known in (fields or {}).items():
            st.multiselect(name.capitalize(), known, key=f"{key}-{name}", placeholder="any")
        if fields:
            st.checkbox("All alerts, whatever they are about", key=f"{key}-everything")
        if length == UNTIL:
            here = data.now().astimezone(zone).replace(tzinfo=None, second=0, microsecond=0)
            st.datetime_input(
                "Until, by your clock", here + timedelta(hours=8), key=f"{key}-until", format="DD.MM.YYYY"
            )
        st.text_input(
            "Why (others read it when they wonder where the alert is)",
            key=f"{key}-comment",
            max_chars=LONGEST_COMMENT,
        )
        st.form_submit_button("Silence", on_click=set_)


def _for(length: str, until: datetime | None) -> str:
    return f"for {length}" if length in LENGTHS or until is None else f"until {until:%d.%m. %H:%M}"
