"""Records for the tests of the history: one good cycle, and moments to hang it on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from headroom.bounds import Bounds, Interval
from headroom.budgets import Outcome, Reason, Severity, Statistic, Subject, Unit, Verdict, Window
from headroom.evidence import Gauge, Histogram, Moments, Ratio
from headroom.history import Cycle, Poll
from headroom.incidents import Incident, Notice, NoticeStatus, State, Transition, Why
from headroom.observation import Observation, Part, Series

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LAYOUT = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
EVIDENCE = (
    Histogram(LAYOUT, (900, 40, 31, 9, 4, 2, 1, 0, 0, 0, 1, 0), 3.7421),
    Moments(250, 1.2345678, 0.00123, 0.5),
    Ratio(4711, 4800),
    Gauge.sample(0.71, 15.0),
)


def moment(number: int = 0) -> datetime:
    """Return the beginning of cycle `number`."""
    return START + number * timedelta(seconds=15)


def part(number: int = 0, kind: int = 0) -> Part:
    """Return the part of an interval that ends at cycle `number`."""
    return Part(
        moment(number - 1),
        moment(number),
        EVIDENCE[kind],
        bounds=(Bounds(0.2, 988, 2, 4), Bounds(0.5, 988, 1, 1)),
    )


def series(number: int = 0, source: str = "metrics") -> Series:
    """Return one of many series."""
    return Series(source, f"histogram:http_request_duration_seconds:endpoints.c{number}")


def verdict(
    number: int = 0,
    *,
    budget: str = "api.login",
    limit: str = "p95",
    subject: Subject = (),
    reason: Reason = Reason.WITHIN_LIMIT,
    detail: str = "12 to 14 of 4,711 were slow",
) -> Verdict:
    """Return a verdict of cycle `number`."""
    return Verdict(
        budget=budget,
        limit=limit,
        statistic=Statistic.P95,
        severity=Severity.CRITICAL,
        subject=subject,
        source="metrics",
        outcome=reason.outcome,
        reason=reason,
        detail=detail,
        unit=Unit.SECONDS,
        threshold=0.2,
        window=Window(moment(number) - timedelta(minutes=5), moment(number), 0.95),
        at=moment(number),
        value=Interval(0.1, None),
        slow=(12, 14),
        slow_share=Interval(0.0021, 0.0043),
        allowed=0.05,
        n=4711,
        headroom=0.914,
        firm=reason.outcome is Outcome.OVER,
    )


def poll(number: int = 0, source: str = "metrics", result: str = "ok") -> Poll:
    """Return the poll of cycle `number`."""
    return Poll(source, "started 2026-02-01", moment(number), timedelta(milliseconds=42), result)


def incident(
    name: str = "i1", state: State = State.FIRING, number: int = 0, severity: Severity = Severity.CRITICAL
) -> Incident:
    """Return an incident as it was at cycle `number`."""
    return Incident(
        id=name,
        budget="api.login",
        statistic=Statistic.P95,
        subject=(),
        state=state,
        severity=severity,
        limit="p95",
        opened=moment(0),
        fired=moment(0) if state in {State.FIRING, State.RESOLVED} else None,
        ended=moment(number) if state in {State.RESOLVED, State.DROPPED} else None,
        over_for=number * timedelta(seconds=15),
        budget_digest="b1",
        worst="0.25 s or more",
    )


def transition(name: str = "i1", number: int = 0, after: State = State.FIRING) -> Transition:
    """Return a move of an incident."""
    return Transition(name, moment(number), State.PENDING, after, Why.HELD, "over for 1 minute")


def notice(
    name: str = "i1",
    status: NoticeStatus = NoticeStatus.FIRING,
    *,
    channel: str = "webhook",
    number: int = 0,
) -> Notice:
    """Return a notice made in cycle `number` and due at once."""
    made = moment(number)
    return Notice(name, channel, status, f"{name}-{status}-{number}", f'{{"incident":"{name}"}}', made, made)


def cycle(number: int, *, breadth: int = 3) -> Cycle:
    """Return a cycle that touches every table it can, with `breadth` series and verdicts."""
    return Cycle(
        at=moment(number),
        poll=poll(number),
        observations=tuple(Observation(series(k), (part(number, k % 4),)) for k in range(breadth)),
        snapshot=("started 2026-02-01", f"snapshot {number}".encode() * 100),
        verdicts=tuple(
            verdict(number, limit=f"p{k}", reason=list(Reason)[number % 2]) for k in range(breadth)
        ),
        incidents=(incident(f"i{number}"),),
        transitions=(transition(f"i{number}", number),),
        notices=(notice(f"i{number}", number=number),),
        config_digest=f"c{number}",
        notes=(f"{number} requests matched no class",),
    )
