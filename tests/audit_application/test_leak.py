"""The suspicion of a memory leak, out of what was recorded of processes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from headroom.audit.application.case import ApplicationCase
from headroom.audit.application.leak import leak
from headroom.audit.finding import Finding
from headroom.checks import State
from headroom.evidence import Gauge
from headroom.observation import Part, Series
from headroom.policies import NOTHING
from headroom.recorded import HEAP, PROCESS_MEMORY, RSS
from tests.audit_application.cases import NOW, only
from tests.audit_application.test_growth import BASE, process

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
    assert finding.found.startswith("its heap went from 1")
    assert finding.found.endswith("and does not look like one that only grows")


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
