"""The front door: which pages there are. `python -m streamlit run dashboard/app.py -- --config FILE`."""

from __future__ import annotations

import gc
from pathlib import Path

import streamlit as st

HERE = Path(__file__).parent


@st.cache_resource(show_spinner=False)
def settle(page: str) -> None:  # noqa: ARG001 once for each page, whose imports it settles
    """Take what was imported out of the garbage collector's rounds.

    Streamlit collects after every run of a script; walking through all modules took 40 ms of each.
    """
    gc.collect()
    gc.freeze()


# Icons from files: those that Streamlit knows by name come from servers elsewhere.
st.set_page_config(page_title="Headroom", page_icon=HERE / "icon.svg", layout="wide")
st.logo(HERE / "logo.svg", size="medium")
# Not in a folder called "pages": Streamlit would run those on their own, without this file, for whoever
# follows a link to one of them before anybody has opened the start page.
page = st.navigation(
    [
        st.Page(HERE / "views/overview.py", title="Overview", default=True),
        st.Page(HERE / "views/alerts.py", title="Alerts", url_path="alerts"),
        st.Page(HERE / "views/budget.py", title="Budget", url_path="budget"),
        st.Page(HERE / "views/database.py", title="Database", url_path="database"),
        st.Page(HERE / "views/cache.py", title="Cache", url_path="cache"),
        st.Page(HERE / "views/resources.py", title="Resources", url_path="resources"),
        st.Page(HERE / "views/alert.py", title="Alert", url_path="alert", visibility="hidden"),
        st.Page(HERE / "views/statement.py", title="Statement", url_path="statement", visibility="hidden"),
    ],
    position="top",
)
page.run()
settle(page.url_path)
