"""How every page begins: its name, and the configuration or why there is none."""

from __future__ import annotations

import streamlit as st

from dashboard import data
from dashboard.notices import style, trouble, waiting
from headroom.config import Config


def opened(title: str) -> Config | None:
    """Draw the name of a page, and return the configuration; None where only that trouble can be shown."""
    style()
    st.html(f"<h1 class='hr-h1'>{title}</h1>")
    try:
        return data.configuration()
    except data.Unavailable as error:
        trouble(error)
        waiting(data.configuration)
        return None
