"""Resources: what have machines, containers and processes left, which is worst, and does any grow?"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

import streamlit as st

from dashboard import audited, data, data_resources, growth, instances, machines, markup, processes, visitor
from dashboard.data_resources import KINDS, Resources
from dashboard.foreign import one_line
from dashboard.notices import trouble
from dashboard.opened import opened
from headroom.audit.guide.catalogue import RECORDED_AS
from headroom.budgets import Budget, Kind, Outcome
from headroom.config import Config
from headroom.observation import Series
from headroom.sources import SourceKind
from headroom.standpoint import Standpoint
from headroom.summary import Row, badness, by_subject, rows, source_ages
from headroom.units import format_interval

_SELDOM = 10 * data.REFRESH  # what changes once an hour
_FULL = 0.8  # of a limit, where no budget says how much is too much


def budgets_of(config: Config) -> list[Budget]:
    """Return the budgets that are about resources."""
    return [budget for budget in config.budgets if budget.measure.kind in KINDS]


def full(config: Config, kind: Kind) -> float:
    """Return the share that a budget on a kind allows at most."""
    of_kind = [one for one in config.budgets if one.measure.kind is kind]
    return min((one.limits[0].threshold for one in of_kind if not one.limits[0].at_least), default=_FULL)


@st.fragment(run_every=data.REFRESH)
def live() -> None:
    """Draw what stands now: the rows, each with its worst and its trend, tables, what the sources said."""
    ages, table, detail, said = (st.container(gap=None) for _ in range(4))
    try:
        config = data.configuration()
        moment = data.moment(config)
        found = data_resources.resources(config, moment)
    except data.Unavailable as error:
        trouble(error)
        return
    now, zone, base = data.now(), visitor.zone(), visitor.base()
    sources = {each.name: each for each in config.sources}
    budgets = budgets_of(config)
    feeding = {budget.measure.source for budget in budgets} | {
        source.name for source in data_resources.prometheus(config)
    }
    own = [each for each in config.sources if each.name in feeding]
    with ages:
        st.html(markup.sources(source_ages(own, moment.last_ok, moment.last_polls, now)))
    with table:
        st.html(markup.HEADING if budgets else _without_budgets())
        for row in rows(budgets, sources, moment.standings, moment.incidents, now):
            known = by_subject(row.budget, sources, moment.standings, now)
            since = "" if row.since is None else visitor.clock(row.since, now, zone)
            shown = markup.row(row, base=base, since=since, beside=instances.over(row, known))
            st.html(f"{shown}{_below(row, known, found)}")
    with detail:
        begun = min((one.since for one in found.sums.values() if one.columns), default=now)
        st.html(_tables(config, found, visitor.clock(begun, now, zone)))
    notes = {each.name: moment.notes.get(each.name, ()) for each in own}
    told = markup.notes({name: tuple(one_line(note, 500) for note in ones) for name, ones in notes.items()})
    with said:
        st.html(f"<h2 class='hr-h2'>What the sources say</h2>{told}" if told else "<span></span>")


def _without_budgets() -> str:
    return (
        '<p class="hr-said" data-empty="budgets">No budget is about resources. A line in the budgets file '
        "adds one: <code>measure: {resource: cpu, source: metrics}</code></p>"
    )


def _below(row: Row, known: Iterable[Standpoint], found: Resources) -> str:
    """Return what the row does not say: which is the worst of several, and whether it grows."""
    limits = {each.limit.name for each in row.limits}
    ones = [each for each in known if each.limit.name in limits]
    words = []
    series = Series.of(row.budget.measure)
    limit = row.limits[0].limit
    # Limits that stand in for the file's own count in something else than the series does.
    if series in found.growth and limit in row.budget.limits:
        words.append(growth.told(found.growth[series], limit.unit, (limit.threshold, "")))
    if ones:
        worst = min(ones, key=lambda each: (badness(each), -_value(each)))
        value = worst.verdict.value
        told = "" if value is None else f", {format_interval(value, worst.verdict.unit)}"
        name = one_line(instances.name(worst.verdict.subject), 80)
        several = len({each.verdict.subject for each in ones})
        words.append(f"the worst of {several} is {name}{told}" if several > 1 else f"it is of {name}")
    if not words or row.outcome is Outcome.BLIND:
        return ""
    return f'<div class="hr-below hr-{row.outcome}"><small>{escape("; ".join(words))}</small></div>'


def _value(each: Standpoint) -> float:
    value = each.verdict.value
    return 0.0 if value is None else value.high or value.low or 0.0


def _tables(config: Config, found: Resources, since: str) -> str:
    if not data_resources.prometheus(config):
        return (
            '<p class="hr-said" data-empty="prometheus">Machines, containers and processes are told by a '
            "Prometheus that scrapes node_exporter, cAdvisor and the application. One line in the budgets "
            'file adds it: <code>metrics: {kind: prometheus, url: "${HEADROOM_PROMETHEUS_URL}"}</code></p>'
        )
    ones = machines.machines(found.sums, found.growth, full(config, Kind.MEMORY))
    held = processes.containers(found.sums, found.growth, full(config, Kind.CONTAINER_MEMORY))
    running = processes.processes(found.sums, found.growth)
    return (
        f"<h2 class='hr-h2'>Machines</h2>{machines.table(ones, since)}"
        f"<h2 class='hr-h2'>Containers</h2>{processes.container_table(held, since)}"
        f"<h2 class='hr-h2'>Processes</h2>{processes.process_table(running, since)}"
        '<p class="hr-said">JavaScript runs on one core: a process at 100% of it is full, whatever its '
        "container may use. A trend is told of the last two days, or what there is of them, and only where "
        "a line fits what was measured.</p>"
    )


@st.fragment(run_every=_SELDOM)
def suspected() -> None:
    """Draw what the audit found of leaks, limits and throttling."""
    try:
        config = data.configuration()
        found = data_resources.resources(config, data.moment(config))
    except data.Unavailable as error:
        trouble(error)
        return
    st.html("<h2 class='hr-h2'>Leaks and limits</h2>")
    if found.audited is None:
        audited.without(config.path, RECORDED_AS, "the memory of processes and the limits of containers")
    elif not found.findings:
        st.html('<p class="hr-said" data-empty="findings">The newest audit says nothing of them.</p>')
    else:
        audited.draw(found.findings, found.audited)


def page() -> None:
    """Draw the page: rows, machines, containers, processes, findings."""
    config = opened("Resources")
    if config is None:
        return
    unset = [one for one in config.sources if one.kind is SourceKind.PROMETHEUS and one.url is None]
    for source in unset:
        st.warning(
            f"{visitor.plain(one_line(source.name, 80))} is not configured: set "
            f"{visitor.plain(source.unset)} and start Headroom again. What was recorded before is shown.",
            icon=":material/link_off:",
        )
    live()
    suspected()


page()
