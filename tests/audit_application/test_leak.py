"""The suspicion of a memory leak, out of what was recorded of processes."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from headroom.audit.application.case import ApplicationCase
from headroom.audit.application.leak import leak
from headroom.audit.finding import Finding
from headroom.checks import State
from headroom.evidence import Gauge
from headroom.observation import Part, Series
from headroom.policies import NOTHING
from headroom.recorded import HEAP, PROCESS_MEMORY, RSS
from tests.audit_application.cases import NOW, only
from tests.audit_application.test_growth import BASE, HOUR, START, process

WHO = (("instance", "10.0.0.1:3000"), ("job", "app"))
RESIDENT = Series("metrics", PROCESS_MEMORY, WHO)
SUBJECT = (*WHO, ("memory", "resident memory"), ("source", "metrics"))


def parts(hours: float, rate: float = 0.0, seed: int = 1) -> tuple[Part, ...]:
    """Return polls of a minute each, newest first."""
    found = []
    for at, value in process(seed, hours, leak=rate, noise=0.01):
        end = datetime.fromtimestamp(at, UTC)
        gauge = Gauge(4, value * 60, value, value * 1.1, value * 1.05, 60.0)
        found.append(Part(end - timedelta(seconds=60), end, gauge))
    return tuple(reversed(found))


def of(told: tuple[Part, ...], series: Series = RESIDENT) -> Finding:
    """Return the one finding about one process."""
    return only(leak, ApplicationCase(NOTHING, parts={series: told}))


def test_what_only_grows_is_a_suspicion_and_never_more() -> None:
    """With the growth as an interval; within a day with what else it may be."""
    finding = of(parts(12, 0.03))

    assert (finding.rule, finding.subject, finding.state) == ("memory.leak", SUBJECT, State.WARN)
    assert finding.found.startswith("suspicion: its resident memory went from 1")
    assert " MiB over the last 12 h" in finding.found
    assert (
        " an hour (99% confidence); until a day has passed the rise of a day's load looks the same"
        in finding.found
    )
    assert finding.fix.startswith("take two heap snapshots an hour apart")
    assert of(parts(26, 0.03)).found.endswith(" an hour (99% confidence)")


def test_what_does_not_grow_passes() -> None:
    """Its heap as well as its resident memory."""
    finding = of(parts(24), Series("metrics", HEAP, WHO))

    assert finding.state is State.PASS
    assert finding.found == (
        "its heap went from 188 MiB to 193 MiB over the last 1 d; growth of more than 4.8% a day is excluded "
        "(99% confidence)"
    )


def swinging(hours: float, rate: float, swing: float, *, without: float = 0.0) -> tuple[Part, ...]:
    """Return polls of a minute each over the wave of a day's load; `without` leaves out hours from 6 on."""
    found = []
    for part in parts(hours, rate):
        at = part.end.timestamp() - START
        assert isinstance(part.evidence, Gauge)
        low = part.evidence.low + BASE * swing * math.sin(2 * math.pi * at / 86_400)
        if not 6 * HOUR <= at < (6 + without) * HOUR:
            found.append(replace(part, evidence=Gauge(4, low * 60, low, low * 1.1, low * 1.05, 60.0)))
    return tuple(found)


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (
            parts(12),
            (
                "188 MiB to 191 MiB over the last 12 h, and until a day has passed the fall of a day's load "
                "may hide a leak"
            ),
        ),
        (
            swinging(24, 0.05, 0.2),
            (
                "195 MiB to 415 MiB over the last 1 d, and growth of up to 390% a day is not excluded, of "
                "which 10% would matter; from 1 d 18 h on equal hours of the day are compared"
            ),
        ),
        (
            swinging(30, 0.0, 0.0, without=12),
            "188 MiB to 190 MiB over the last 1 d 6 h, and too many half hours of it have no samples",
        ),
    ],
)
def test_what_is_neither_suspected_nor_excluded_does_not_pass(told: tuple[Part, ...], why: str) -> None:
    """A leak may hide behind the day's load, or behind what nobody collected."""
    finding = of(told)

    assert (finding.state, finding.found) == (
        State.CANNOT_CHECK,
        f"cannot be checked: no telling: its resident memory went from {why}",
    )


def test_after_two_days_a_leak_is_found_behind_the_days_load() -> None:
    """And a process that only swings passes."""
    grows, swings = of(swinging(48, 0.02, 0.2)), of(swinging(48, 0.0, 0.2))

    assert (grows.state, swings.state) == (State.WARN, State.PASS)
    assert grows.found.endswith(" an hour (99% confidence)")
    assert swings.found.endswith("% a day is excluded (99% confidence)")


def test_too_short_a_time_cannot_be_checked() -> None:
    """Six hours are needed, since the last start."""
    young = of(parts(2))
    odd = of((Part(NOW, NOW, Gauge(1, BASE, 0.0, BASE, BASE, 1.0)),))

    assert young.state is State.CANNOT_CHECK
    assert young.found.startswith("cannot be checked: its resident memory was watched for 2 h")
    assert young.found.endswith("and 6 h are needed")
    assert odd.found == "cannot be checked: its resident memory was watched not at all, and 6 h are needed"


def test_a_process_that_was_started_anew_says_so() -> None:
    """What it held before is no evidence."""
    old = process(1, 12, leak=0.1, noise=0.01)
    shift = timedelta(hours=12)
    new = [Part(part.start + shift, part.end + shift, part.evidence) for part in parts(3)]
    before = [
        Part(datetime.fromtimestamp(at, UTC), datetime.fromtimestamp(at, UTC), Gauge.sample(value, 60.0))
        for at, value in old
    ]
    finding = of((*new, *reversed(before)))

    assert finding.found == (
        "cannot be checked: its resident memory was watched for 3 h 30 min since it was last started, and 6 "
        "h are needed"
    )


def test_without_processes_it_cannot_be_checked() -> None:
    """Other recorded figures are no memory of processes."""
    for told in ({}, {RESIDENT: ()}, {Series("cache", RSS): parts(12, 0.03)}):
        finding = only(leak, ApplicationCase(NOTHING, parts=told))
        assert (finding.state, finding.found) == (
            State.CANNOT_CHECK,
            "cannot be checked: no memory of processes was recorded in the last two days",
        )
