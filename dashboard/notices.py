"""What several pages say: the banner, the style of our HTML, why nothing can be shown, what was found."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, tzinfo
from pathlib import Path

import streamlit as st

from dashboard import alerts_health, findings, markup
from dashboard.data import REFRESH, Unavailable
from dashboard.data_alerts import Health
from dashboard.visitor import base, plain
from headroom.audit.finding import Finding
from headroom.budgets import Outcome
from headroom.summary import Banner

_STYLE = Path(__file__).with_name("style.css").read_text(encoding="utf-8")


def style() -> None:
    """Put the style of rows, chips and bars into the page."""
    st.html(f"<style>{markup.palette()}{_STYLE}</style>")


def banner(said: Banner) -> None:
    """Draw the sentence on all rows, in the colour of what it comes to; green only where all is met."""
    text = f"**{plain(said.sentence)}**"
    match said.level:
        case Outcome.OVER:
            st.error(text, icon=":material/error:")
        case Outcome.BLIND:
            st.warning(text, icon=":material/visibility_off:")
        case Outcome.MET:
            st.success(text, icon=":material/check_circle:")
        case _:
            st.info(text, icon=":material/help:")


def health(known: Health | None, now: datetime, zone: tzinfo) -> None:
    """Say what would keep alerts from coming, or from reaching somebody; nothing where all is well."""
    # Always one element: those that come and go would move the others, and be drawn anew.
    st.html(alerts_health.health(known, now, zone) or "<span></span>")


def trouble(error: Unavailable) -> None:
    """Say why nothing can be shown, and that the page looks again by itself."""
    st.error(f"**{plain(error.title)}**", icon=":material/error:")
    st.code(str(error), language=None, wrap_lines=True)
    st.caption("This page looks again every few seconds and goes on by itself.")


@st.fragment(run_every=REFRESH)
def waiting(read: Callable[[], object]) -> None:
    """Look whether what raised Unavailable can be read again, and then draw the whole page."""
    try:
        read()
    except Unavailable:
        return
    st.rerun()


def finding(*ones: Finding) -> None:
    """Draw what an audit found, of several things where it is the same, and what mends it, to be copied."""
    st.html(findings.several(ones, base()))
    for text, sql in findings.mending(ones[0]):
        st.code(text, language="sql" if sql else None, wrap_lines=True)
