"""One row in full as HTML: the evidence behind each verdict, and the promise. Pure; everything is escaped."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, tzinfo
from html import escape
from urllib.parse import urlsplit

from dashboard.charts import zone_name
from dashboard.markup import bar, chip, usage
from dashboard.shares import share, shares, whole
from dashboard.visitor import clock
from headroom.budgets import Budget, Measure, Unit, Verdict
from headroom.incidents import Incident
from headroom.standpoint import Standpoint, used
from headroom.units import format_duration, format_interval, format_value


def verdict(standpoint: Standpoint, *, now: datetime, zone: tzinfo) -> str:
    """Return the verdict on one limit: what was judged, on which evidence, and what would settle it."""
    said, limit = standpoint.verdict, standpoint.limit
    side = "at least" if limit.at_least else "at most"
    name = f"{limit.name}: {side} {format_value(limit.threshold, limit.unit)}"
    part = used(standpoint)
    pairs = [
        ("measured", "" if said.value is None else format_interval(said.value, said.unit, said.threshold)),
        ("slower than the limit", _slow(said)),
        ("rate of slow ones", "" if said.slow_share is None else _rate(said)),
        ("allowed", "" if said.allowed is None else format_value(said.allowed, Unit.SHARE)),
        ("headroom", _headroom(said)),
        ("source", said.source),
        ("judged on", _basis(said)),
        ("window", _window(said, now, zone)),
        ("covered by evidence", whole(said.window.coverage)),
        ("reason", said.reason.value),
        ("severity", said.severity.value),
        ("since", "" if standpoint.since is None else clock(standpoint.since, now, zone)),
    ]
    return (
        f'<section class="hr-verdict hr-{said.outcome}" data-limit="{escape(limit.name)}"'
        f' data-outcome="{said.outcome}"><h3>{chip(said.outcome, near=said.near)} {escape(name)}</h3>'
        f"<p>{escape(_sentence(said.detail))}</p>"
        f"{bar(part, said.outcome)}<small>{escape(usage(part))}</small>{facts(pairs)}</section>"
    )


def alert(incident: Incident, *, now: datetime, zone: tzinfo) -> str:
    """Return an open alert as plain text; the zone is told, since its last sentence is written in UTC."""
    since = clock(incident.fired or incident.opened, now, zone)
    return f"Alert {incident.state} since {since} ({zone_name(zone, now)}). {incident.worst}"


def promise(budget: Budget, today: datetime) -> str:
    """Return what was promised, by whom, and where that is written."""
    review = "" if budget.review_by is None else f"{budget.review_by:%-d %B %Y}"
    overdue = 0 if budget.review_by is None else (today.date() - budget.review_by).days
    if overdue > 0:
        review += f" · ▲ {overdue:,} {'day' if overdue == 1 else 'days'} overdue"
    held, kept = format_duration(budget.pending_for), format_duration(budget.recover_for)
    pairs = [
        ("budget", budget.id),
        ("guide", budget.guide),
        ("measure", f"{budget.measure.key} of {budget.measure.source}"),
        ("second measure", "" if budget.second is None else _second(budget.second)),
        ("window", format_duration(budget.window)),
        ("alert", f"after {held} over; ends after {kept} met"),
        ("owner", budget.owner),
        ("if broken", budget.if_broken),
        ("review by", review),
        ("note", budget.note),
    ]
    return facts(pairs, runbook(budget.runbook), kind="hr-facts hr-wide")


def _second(measure: Measure) -> str:
    return f"{measure.key} of {measure.source}; it judges where it can decide"


def runbook(address: str) -> str:
    """Return a link to the runbook; anything but http and https is shown as text, for it would run here."""
    if not address:
        return ""
    try:
        safe = urlsplit(address).scheme in {"http", "https"}
    except ValueError:
        safe = False
    shown = escape(address)
    if safe:
        shown = f'<a href="{shown}" target="_blank" rel="noopener noreferrer">{shown}</a>'
    return f"<div><dt>runbook</dt><dd>{shown}</dd></div>"


def facts(pairs: Iterable[tuple[str, str]], more: str = "", *, kind: str = "hr-facts") -> str:
    """Return names and values as a list of terms; those without a value are left out."""
    items = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in pairs if value
    )
    return f'<dl class="{kind}">{items}{more}</dl>'


def _sentence(detail: str) -> str:
    """Return a sentence with a capital at its beginning, unless that is the name of a metric."""
    return f"{detail[:1].upper()}{detail[1:]}" if detail.partition(" ")[0].isalpha() else detail


def _slow(said: Verdict) -> str:
    if said.slow is None or not said.n:
        return ""
    low, high = said.slow
    return f"{low:,}{'' if low == high else f' to {high:,}'} of {said.n:,}"


def _rate(said: Verdict) -> str:
    assert said.slow_share is not None
    return shares(said.slow_share.low or 0.0, said.slow_share.high, against=said.allowed)


def _basis(said: Verdict) -> str:
    if not said.n:
        return ""
    noun = "reading" if said.statistic.share is None and said.slow is None else "event"
    return f"{said.n:,} {noun}{'' if said.n == 1 else 's'}"


def _headroom(said: Verdict) -> str:
    if said.headroom is None:
        return ""
    return share(said.headroom) if said.headroom > 0 else "none"


def _window(said: Verdict, now: datetime, zone: tzinfo) -> str:
    start, end = (clock(moment, now, zone, seconds=True) for moment in (said.window.start, said.window.end))
    return f"{start} to {end}"
