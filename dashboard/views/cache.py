"""Cache: is Redis full, has it what is asked for, which commands take long, and do keys live as agreed?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

import streamlit as st

from dashboard import (
    audited,
    cache_memory,
    cache_traffic,
    commands,
    confirmed,
    data,
    data_cache,
    instances,
    markup,
    visitor,
)
from dashboard.data_cache import PERIODS, Cached
from dashboard.foreign import one_line
from dashboard.notices import trouble
from dashboard.opened import opened
from headroom import recorded
from headroom.audit.guide.catalogue import catalogue
from headroom.budgets import Budget, Kind, Outcome
from headroom.config import Config
from headroom.sources import Source, SourceKind
from headroom.standpoint import Standpoint
from headroom.summary import Row, by_subject, rows, source_ages

_SELDOM = 10 * data.REFRESH  # what changes once an hour
_KINDS = {Kind.MEMORY_LIMIT, Kind.EVICTIONS, Kind.HIT_RATE, Kind.COMMANDS}
_POLICY = re.compile(r"maxmemory-policy is ([a-z-]{1,40}),")
_BY_HAND = "caching.invalidation."


def redis(config: Config) -> list[Source]:
    """Return the sources that this page is about."""
    return [source for source in config.sources if source.kind is SourceKind.REDIS]


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
    """Return the budgets that are about a Redis."""
    return [
        budget
        for budget in config.budgets
        if any(measure.source == source and measure.kind in _KINDS for measure in budget.measures)
    ]


@st.fragment(run_every=data.REFRESH)
def live(source: Source) -> None:
    """Draw what stands now: the rows of the budgets, memory and all that limits it, what the server said."""
    ages, table, memory, said = (st.container(gap=None) for _ in range(4))
    try:
        config = data.configuration()
        moment = data.moment(config)
        found = data_cache.cached(config, moment, source, next(iter(PERIODS)))
    except data.Unavailable as error:
        trouble(error)
        return
    now, sources = data.now(), {each.name: each for each in config.sources}
    with ages:
        own = [each for each in config.sources if each.name == source.name]
        st.html(markup.sources(source_ages(own, moment.last_ok, moment.last_polls, now)))
    budgets = budgets_of(config, source.name)
    policy = ""
    with table:
        if budgets:
            st.html(markup.HEADING)
        else:
            st.html(_without_budget(source.name))
        for row in rows(budgets, sources, moment.standings, moment.incidents, now):
            known = by_subject(row.budget, sources, moment.standings, now)
            since = "" if row.since is None else visitor.clock(row.since, now, visitor.zone())
            shown = markup.row(row, base=visitor.base(), since=since, beside=instances.over(row, known))
            st.html(f"{shown}{_stands_in(row)}")
            policy = policy or _policy(row.limits)
    with memory:
        evicting = any(budget.evicting for budget in budgets)
        shown = cache_memory.table(found.memory, found.growth, policy, judged=evicting)
        st.html(f"<h2 class='hr-h2'>Memory</h2>{shown}")
    told = tuple(one_line(note, 500) for note in moment.notes.get(source.name, ()))
    notes = markup.notes({source.name: told})
    with said:
        st.html(f"<h2 class='hr-h2'>What the server says</h2>{notes}" if notes else "<span></span>")


def _without_budget(source: str) -> str:
    name = escape(one_line(source, 80))
    return (
        f'<p class="hr-said" data-empty="budgets">No budget is about {name}. A line in the budgets file adds '
        f"one: <code>measure: {{redis_memory: maxmemory, source: {name}}}</code></p>"
    )


def _stands_in(row: Row) -> str:
    """Return why other limits than the file's own hold, where they do and the row does not say it itself."""
    limit = row.worst.limit
    if limit in row.budget.limits or row.outcome is not Outcome.MET:
        return ""
    return f'<div class="hr-below hr-{row.outcome}"><small>{escape(row.detail)}</small></div>'


def _policy(limits: Sequence[Standpoint]) -> str:
    told = (_POLICY.search(each.verdict.detail) for each in limits)
    return next((one[1] for one in told if one is not None), "")


@st.fragment(run_every=data.REFRESH)
def period(source: Source, period: str) -> None:
    """Draw what was done in a period: traffic, commands, slow log."""
    found = _read(source, period)
    if found is None:
        return
    sums = found.sums
    since = visitor.clock(sums.since, data.now(), visitor.zone())
    if not sums.columns:
        st.html(
            f'<p class="hr-said" data-empty="period">Nothing was recorded of this Redis in the last {period}.'
            " <code>headroom run</code> records it; <code>headroom doctor</code> tells what hinders it.</p>"
        )
        return
    st.html(
        f'<p class="hr-said">Since {since}; what Headroom itself asked is in none of it, as far as it can be '
        "told apart.</p>"
        f"{cache_traffic.table(sums, source.name, data_cache.EVICTIONS, data_cache.HITS)}"
        "<h2 class='hr-h2'>Commands</h2>"
        '<p class="hr-said">Inside the server, without network and waiting. A percentile lies between two '
        "bounds of the server's own histogram: nothing nearer is known.</p>"
        f"{commands.table(commands.commands(sums))}"
        "<h2 class='hr-h2'>Slow log</h2>"
        f"{commands.slow_log(sums, recorded.SLOW_LOG, since)}"
    )


def _read(source: Source, period: str) -> Cached | None:
    try:
        config = data.configuration()
        return data_cache.cached(config, data.moment(config), source, period)
    except data.Unavailable as error:
        trouble(error)
        return None


@st.fragment(run_every=_SELDOM)
def agreed(source: Source) -> None:
    """Draw what was agreed on keys and settings: what the audit found, and what people confirmed."""
    found = _read(source, next(iter(PERIODS)))
    if found is None:
        return
    config = data.configuration()
    st.html("<h2 class='hr-h2'>Keys and settings</h2>")
    if found.audit is None:
        audited.without(config.path, source.name, "this Redis against the guide's settings and lives of keys")
    else:
        audited.draw(found.audit.findings, found.audit.at)
    rules = [rule for rule in catalogue(config.policies) if rule.id.startswith(_BY_HAND)]
    st.html(
        "<h2 class='hr-h2'>Invalidation</h2>"
        '<p class="hr-said">Whether a change of data throws the right keys away cannot be seen from outside: '
        "a person who has looked confirms it, and again every half year.</p>"
        f"{confirmed.table(rules, found.confirmed, data.now())}"
    )


def page() -> None:
    """Draw the page: rows, memory, traffic, commands, findings, what is confirmed by hand."""
    config = opened("Cache")
    if config is None:
        return
    found = redis(config)
    if not found:
        st.info("The budgets file names no Redis source. One line adds it:", icon=":material/memory:")
        line = 'sources:\n  erp-cache: {kind: redis, url: "${HEADROOM_REDIS_URL}", every: 15s}'
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
    st.html("<h2 class='hr-h2'>What it did</h2>")
    chosen = st.segmented_control(
        "Period", list(PERIODS), default="1h", required=True, key="w", bind="query-params"
    )
    period(source, chosen)
    agreed(source)


page()
