"""Statement: one shape of statement: its class and why, its text, how it went, and what names it."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from functools import partial
from html import escape
from shlex import quote

import streamlit as st
from plotly.io import from_json

from dashboard import data, data_database, findings, statement_chart, visitor
from dashboard.data_database import PERIODS, Past
from dashboard.detail import facts
from dashboard.foreign import one_line
from dashboard.notices import finding, style, trouble, waiting
from dashboard.shares import shares
from dashboard.spans import between, took
from dashboard.sql_layout import laid_out
from dashboard.statement_doubts import doubts
from dashboard.statement_link import back
from dashboard.statement_trace import Stretch, Whole
from dashboard.workload import Key, percentile
from headroom.budgets import Kind, Unit
from headroom.config import Config
from headroom.debt import limits
from headroom.statements import LONGEST, NO_CLASS, Statement
from headroom.units import format_interval, format_value

_LONGEST_NAME, _LONGEST_PRINT = 80, 100
_PEEK = "15m"  # the shortest period: only whether anything is known is asked


def asked() -> tuple[str, str]:
    """Return source and fingerprint of the address."""
    return st.query_params.get("source", ""), st.query_params.get("statement", "")


def read(source: str, fingerprint: str, period: str) -> tuple[Config, Past]:
    """Return what is known of a statement, or raise Unavailable."""
    config = data.configuration()
    every = next((one.every for one in config.sources if one.name == source), timedelta(seconds=15))
    length = PERIODS[period].length
    return config, data_database.past(config, data.moment(config), source, fingerprint, length, every)


def described(known: Statement, config: Config, elsewhere: list[str]) -> None:
    """Draw a statement's class, why it is in it, and its text."""
    limit = limits(config.budgets, known.source).get(known.group)
    pairs = [
        ("class", known.group or "none: no budget is about it"),
        ("why", one_line(known.why, 500)),
        ("limit of the class", "none" if limit is None else format_value(limit, Unit.SECONDS)),
        ("source", known.source),
        ("also known at", ", ".join(elsewhere)),
        ("fingerprint", known.fingerprint),
    ]
    st.html(facts(pairs, kind="hr-facts hr-wide"))
    if known.text:
        st.code(laid_out(known.text), language="sql", wrap_lines=True)
        cut = f" Cut at {LONGEST:,} characters." if len(known.text) >= LONGEST else ""
        st.caption(f"Without constants, and without what may be a secret.{cut}")
    else:
        st.info("Its text is not kept: it may carry a secret, or it could not be read.")
    if known.traits:
        words = ", ".join(f"{one_line(name, 60)} {one_line(value, 120)}" for name, value in known.traits)
        st.html(f'<p class="hr-said">What was read in it: {escape(words)}</p>')


@st.fragment(run_every=data.REFRESH)
def history(source: str, fingerprint: str, period: str) -> None:
    """Draw what the statement did over time, in each database and class."""
    try:
        config, found = read(source, fingerprint, period)
    except data.Unavailable as error:
        trouble(error)
        return
    if not found.stretches:
        st.html(
            f'<p class="hr-said" data-empty="stretches">In the last {period} it was at no poll among the 30 '
            "that are recorded one by one. What it did is in the rest of its class.</p>"
        )
        return
    known = limits(config.budgets, source)
    for key, stretches in found.stretches.items():
        drawn_for(key, stretches, known.get(key.group), period, found)


def drawn_for(
    key: Key, stretches: tuple[Stretch, ...], limit: float | None, period: str, found: Past
) -> None:
    """Draw the figures of one database and class, their chart, and how far they hold."""
    whole = Whole.of(stretches)
    group = "no class" if key.group == NO_CLASS else one_line(key.group, _LONGEST_NAME)
    st.html(
        f"<h2 class='hr-h2'>In {escape(one_line(key.database, _LONGEST_NAME))}, {escape(group)}</h2>"
        f"{facts(_figures(whole, limit))}"
    )
    zone = visitor.zone()
    begun = max(found.since, stretches[0].start)
    st.plotly_chart(
        from_json(drawn(key, stretches, limit, begun, found.until, zone)),
        key=f"statement-{key.database}-{key.group}",
        alt=f"In {one_line(key.database, _LONGEST_NAME)}: {statement_chart.takeaway(whole, limit, period)}",
        config={"displaylogo": False, "displayModeBar": False},
    )
    owing = whole.owed is not None and whole.owed.high
    debt = "; the debt in each second, hatched where it is only possible" if owing else ""
    st.caption(
        "The line is the mean, the band where the P95 lies for certain"
        f"{debt}. Where nothing is drawn it did not run, or was not among those recorded one by one."
    )
    st.html(doubts(stretches, whole.qualities, data.now(), zone))


def _figures(whole: Whole, limit: float | None) -> list[tuple[str, str]]:
    moments = whole.moments
    if not moments.n:
        return [("calls", "none that hold")]
    p95 = percentile(moments, whole.over)
    over = whole.over
    slow = ""
    if over is not None and over.n:
        count = f"{over.k_low:,}" if over.k_low == over.k_high else f"{over.k_low:,} to {over.k_high:,}"
        slow = f"{count} of {over.n:,}, {shares(over.k_low / over.n, over.k_high / over.n, against=0.05)}"
    return [
        ("calls", f"{moments.n:,}"),
        ("mean", format_value(moments.total / moments.n, Unit.SECONDS, against=limit)),
        ("P95 lies", "" if p95 is None else format_interval(p95, Unit.SECONDS, against=limit)),
        ("slower than the limit", slow),
        ("time over limit", "no limit" if whole.owed is None else between(whole.owed)),
        ("time", took(moments.total)),
    ]


@st.cache_data(max_entries=32, show_spinner=False)
def drawn(
    key: Key,  # noqa: ARG001 with the times it is the cache's key
    _stretches: tuple[Stretch, ...],
    limit: float | None,
    since: datetime,
    until: datetime,
    zone: tzinfo,
) -> str:
    """Return the figure as JSON; the same evidence gives the same text, or the browser would draw it anew."""
    made = statement_chart.figure(_stretches, limit, since=since, until=until, zone=zone)
    return str(made.to_json())


def named(source: str, fingerprint: str, known: Statement | None) -> None:
    """Draw the findings about the statement and its tables."""
    try:
        config = data.configuration()
        audit = data_database.beside(config, data.moment(config), source).audit
    except data.Unavailable as error:
        trouble(error)
        return
    found = [] if audit is None else findings.naming(audit.findings, fingerprint, known)
    st.html("<h2 class='hr-h2'>Findings about it</h2>")
    if not found:
        nothing = "The newest audit found nothing about it, nor to be mended on its tables."
        none = "No audit yet." if audit is None else nothing
        st.html(f'<p class="hr-said" data-empty="findings">{none}</p>')
    for one in found:
        finding(one)


def ask(config: Config, known: Statement) -> None:
    """Draw what asks the same on the command line."""
    budget = next(
        (
            budget.id
            for budget in config.budgets
            for measure in budget.measures
            if measure.source == known.source
            and measure.kind is Kind.STATEMENTS
            and measure.group == f"queries.{known.group}"
        ),
        None,
    )
    file = f"--config {quote(str(config.path))}"
    lines = [f"headroom explain --statement {quote(known.fingerprint)} {file}"]
    lines += [] if budget is None else [f"headroom explain {quote(budget)} {file}"]
    lines.append(findings.command(config.path, known.source))
    st.html("<h2 class='hr-h2'>On the command line</h2>")
    st.code("\n".join(lines), language="bash", wrap_lines=True)


def page() -> None:
    """Draw the page: class and text, figures and charts, findings, command line."""
    style()
    source, fingerprint = asked()
    st.html("<h1 class='hr-h1'>Statement</h1>")
    try:
        config, found = read(source, fingerprint, _PEEK)
        if not source and found.known:
            source = found.known[0].source
            config, found = read(source, fingerprint, _PEEK)
    except data.Unavailable as error:
        trouble(error)
        waiting(partial(read, source, fingerprint, _PEEK))
        return
    st.page_link(
        "views/database.py",
        label="All statements",
        icon=":material/arrow_back:",
        query_params=back(st.query_params.to_dict(), source),
    )
    known = next((one for one in found.known if one.source == source), None)
    if known is None and not fingerprint:
        st.info("The address names no statement; choose one on the Database page.")
        return
    if known is None:
        st.warning(
            f"Nothing is known of a statement {visitor.plain(one_line(fingerprint, _LONGEST_PRINT))} at "
            f"{visitor.plain(one_line(source, _LONGEST_NAME) or 'any source')}: its text was not read yet, "
            "or the link is old.",
            icon=":material/search_off:",
        )
        elsewhere = [one.source for one in found.known]
        if elsewhere:
            st.page_link(
                "views/statement.py",
                label=f"Open it at {visitor.plain(elsewhere[0])}",
                icon=":material/arrow_forward:",
                query_params={"source": elsewhere[0], "statement": fingerprint},
            )
    else:
        described(known, config, [one.source for one in found.known if one.source != source])
    period = st.segmented_control(
        "Period",
        list(PERIODS),
        default="1h",
        required=True,
        key="w",
        bind="query-params",
        label_visibility="collapsed",
    )
    history(source, fingerprint, period)
    named(source, fingerprint, known)
    if known is not None:
        ask(config, known)


page()
