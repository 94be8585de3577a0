"""Database: are the guide's rows kept, which statements break them, and what would mend it?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

import streamlit as st

from dashboard import data, data_database, findings, instances, markup, sessions, statement_table, visitor
from dashboard.data_database import PERIODS, Work
from dashboard.foreign import one_line
from dashboard.notices import finding, trouble
from dashboard.opened import opened
from dashboard.spans import took
from dashboard.statement_link import NO_CLASS_SHOWN, statements_link
from dashboard.workload import Line, chosen
from headroom.budgets import Budget, Kind
from headroom.config import Config
from headroom.sources import Source, SourceKind
from headroom.statements import NO_CLASS
from headroom.summary import by_subject, rows, source_ages
from headroom.units import format_duration

ALL_CLASSES, ALL_DATABASES = "all classes", "all databases"
_SELDOM = 10 * data.REFRESH  # what changes once an hour, or is long
_DUE = 65  # minutes: an audit is made every hour, and takes its time
_KINDS = {Kind.STATEMENTS, Kind.CONNECTIONS}


def postgres(config: Config) -> list[Source]:
    """Return the sources that this page is about."""
    return [source for source in config.sources if source.kind is SourceKind.POSTGRES]


def choose(found: Sequence[Source]) -> Source:
    """Draw the choice of a source, kept in the address, where there is one."""
    if len(found) == 1:
        return found[0]
    name = st.segmented_control(
        "Source",
        [source.name for source in found],
        default=found[0].name,
        required=True,
        key="source",
        bind="query-params",
        label_visibility="collapsed",
    )
    return next(source for source in found if source.name == name)


def budgets_of(config: Config, source: str) -> list[Budget]:
    """Return the budgets that are about a source's statements or connections."""
    return [
        budget
        for budget in config.budgets
        if any(measure.source == source and measure.kind in _KINDS for measure in budget.measures)
    ]


@st.fragment(run_every=data.REFRESH)
def live(source: Source) -> None:
    """Draw what stands now, and beside it what the figures do not hold."""
    ages, table, unseen = (st.container(gap=None) for _ in range(3))
    try:
        config = data.configuration()
        moment = data.moment(config)
    except data.Unavailable as error:
        trouble(error)
        return
    now, zone, base = data.now(), visitor.zone(), visitor.base()
    sources = {each.name: each for each in config.sources}
    with ages:
        own = [each for each in config.sources if each.name == source.name]
        st.html(markup.sources(source_ages(own, moment.last_ok, moment.last_polls, now)))
    with table:
        budgets = budgets_of(config, source.name)
        if budgets:
            st.html(markup.HEADING)
        for row in rows(budgets, sources, moment.standings, moment.incidents, now):
            known = by_subject(row.budget, sources, moment.standings, now)
            since = "" if row.since is None else visitor.clock(row.since, now, zone)
            shown = markup.row(row, base=base, since=since, beside=instances.over(row, known))
            st.html(f"{shown}{statements_link(row.budget, base, row.outcome)}")
    name = f"the calls in {source.name}"
    strays = markup.unclassified((each, ratio) for each, ratio in moment.unclassified if each == name)
    said = markup.notes({source.name: moment.notes.get(source.name, ())})
    with unseen:
        if strays or said:
            st.html(f"<h2 class='hr-h2'>What these figures do not hold</h2>{strays}{said}")
        else:
            st.html("<span></span>")


@st.fragment(run_every=data.REFRESH)
def listing(source: str, period: str, group: str, database: str, words: str) -> None:
    """Draw the statements that were chosen."""
    try:
        config = data.configuration()
        found = data_database.work(config, data.moment(config), source, period)
    except data.Unavailable as error:
        trouble(error)
        return
    wanted = NO_CLASS if group == NO_CLASS_SHOWN else "" if group == ALL_CLASSES else group
    picked = chosen(found.found, wanted, "" if database == ALL_DATABASES else database, words)
    chosen_by = {"class": (group, ALL_CLASSES), "database": (database, ALL_DATABASES), "q": (words, "")}
    kept = {name: value for name, (value, all_of_them) in chosen_by.items() if value != all_of_them}
    st.html(f"{_told(found)}{_table(picked, source, period, kept, nothing=not found.found)}")


def _table(
    picked: Sequence[Line], source: str, period: str, kept: Mapping[str, str], *, nothing: bool
) -> str:
    if nothing:
        return (
            f'<p class="hr-said" data-empty="statements">No statement was recorded in the last {period}. '
            "They appear after the second poll of a server that has pg_stat_statements; "
            "<code>headroom doctor</code> tells what is missing.</p>"
        )
    if not picked:
        return (
            '<p class="hr-said" data-empty="filter">No statement of this period fits. '
            "Choose another class or database, or search for fewer words.</p>"
        )
    return statement_table.table(picked, base=visitor.base(), source=source, period=period, kept=kept)


def _told(found: Work) -> str:
    if not found.found:
        return ""
    calls = sum(line.sum.moments.n for line in found.found)
    time = sum(line.sum.moments.total for line in found.found)
    rest = sum(line.sum.moments.total for line in found.found if line.key.is_rest)
    since = visitor.clock(found.since, data.now(), visitor.zone())
    most = f"{rest / time:.0%} of the time" if time else "none"
    return (
        f'<p class="hr-said">All statements since {since}: {calls:,} calls, {took(time)}. “Time over limit” '
        "adds up what calls took beyond the limit of their class; what is certain of it decides the "
        "order. At each poll the 30 worst statements are recorded one by one, the others as the rest of "
        f"their class ({most} here): “at least” stands where some calls may be in it.</p>"
    )


@st.fragment(run_every=_SELDOM)
def audited(source: str) -> None:
    """Draw what the newest audit found, worst first, with what mends it."""
    try:
        config = data.configuration()
        found = data_database.beside(config, data.moment(config), source)
    except data.Unavailable as error:
        trouble(error)
        return
    if found.audit is None:
        st.html(
            '<p class="hr-said" data-empty="audit">No audit yet: it holds the guide\'s indexes, settings and '
            "habits against this database. <code>headroom run</code> makes one a minute after its start and "
            "then every hour; this shows the findings at once:</p>"
        )
        st.code(findings.command(config.path, source), language="bash", wrap_lines=True)
        return
    minutes = int((data.now() - found.audit.at).total_seconds() // 60)
    age = f"{format_duration(timedelta(minutes=minutes))} ago" if minutes > 0 else "just now"
    at = visitor.clock(found.audit.at, data.now(), visitor.zone())
    st.html(
        f"{findings.summary(found.audit.findings)}"
        f'<p class="hr-said">Audited {age}, at {at}; {_next(minutes)}; <code>headroom audit</code> '
        "looks now. Headroom changes nothing: what mends a finding is for a person to read and run. "
        "<code>headroom audit --sql</code> prints it as one script.</p>"
    )
    for state, ones in findings.grouped(found.audit.findings).items():
        if state in findings.FOLDED:
            st.expander(f"{len(ones)} {state}").html(findings.brief(ones, visitor.base()))
        else:
            for one in ones:
                finding(one)


def _next(minutes: int) -> str:
    """Return when the next audit is due, so many minutes after the last."""
    if minutes < _DUE:
        return "the next one follows within the hour"
    return "the next one is overdue: <code>headroom run</code> makes it once the polls of this source work"


@st.fragment(run_every=data.REFRESH)
def held(source: Source) -> None:
    """Draw who holds the connections, and what Headroom itself costs."""
    try:
        config = data.configuration()
        found = data_database.beside(config, data.moment(config), source.name)
    except data.Unavailable as error:
        trouble(error)
        return
    seats = '<p class="hr-said" data-empty="connections">Not recorded yet.</p>'
    if found.seats:
        seats = sessions.table(found.seats)
    st.html(
        f"<h2 class='hr-h2'>Connections</h2>{seats}"
        f"<h2 class='hr-h2'>What Headroom costs</h2>{sessions.cost(found.own, source.cost, found.own_said)}"
    )


def filters(config: Config, source: str, period: str) -> tuple[str, str, str]:
    """Draw class, database and words to search for, all kept in the address, and return them."""
    classes = [each.name for each in config.queries.classes]
    try:
        found = data_database.work(config, data.moment(config), source, period)
    except data.Unavailable:
        found = Work((), data.now(), data.now())
    seen = {line.key.group for line in found.found} - {*classes, NO_CLASS}
    places = sorted({line.key.database for line in found.found if not line.key.is_rest})
    group = st.selectbox(
        "Class",
        [ALL_CLASSES, *classes, *sorted(seen), NO_CLASS_SHOWN],
        key="class",
        bind="query-params",
    )
    database = st.selectbox(
        "Database",
        [ALL_DATABASES, *(place for place in places if place != ALL_DATABASES)],
        key="database",
        bind="query-params",
    )
    words = st.text_input(
        "Search", placeholder="words of the statement", key="q", bind="query-params", max_chars=200
    )
    return group, database, words


def page() -> None:
    """Draw the page: rows, statements, findings, connections."""
    config = opened("Database")
    if config is None:
        return
    found = postgres(config)
    if not found:
        st.info("The budgets file names no PostgreSQL source. One line adds it:", icon=":material/database:")
        line = 'sources:\n  erp-db: {kind: postgres, url: "${HEADROOM_POSTGRES_URL}", every: 15s}'
        st.code(line, language="yaml")
        return
    source = choose(found)
    if source.url is None:
        st.warning(
            f"{visitor.plain(one_line(source.name, 80))} is not configured: set "
            f"{visitor.plain(source.unset)} and start Headroom again. What was recorded before is shown.",
            icon=":material/link_off:",
        )
    live(source)
    st.html("<h2 class='hr-h2'>Statements</h2>")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        period = st.segmented_control(
            "Period", list(PERIODS), default="1h", required=True, key="w", bind="query-params"
        )
        group, database, words = filters(config, source.name, period)
    listing(source.name, period, group, database, words)
    st.html("<h2 class='hr-h2'>Findings of the audit</h2>")
    audited(source.name)
    held(source)


page()
