"""What the leak rule is given: the recorded memory of processes, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from headroom.evidence import Gauge
from headroom.history import OK, Cycle, Poll, open_history
from headroom.observation import Observation, Part, Quality, Series
from headroom.recorded import HEAP, PROCESS_MEMORY, USED
from headroom.sources import Secret, Source, SourceKind
from monitor.audit.application import BACK, parts

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PROCESS = (("instance", "10.0.0.7:3000"), ("job", "erp"))


def source(name: str, kind: SourceKind) -> Source:
    """Return a source."""
    return Source(name, kind, Secret("http://127.0.0.1:1"), timedelta(seconds=15))


def cycle(name: str, measure: str, ago: timedelta, value: float) -> Cycle:
    """Return a poll that recorded one value of a process."""
    at = NOW - ago
    part = Part(at - timedelta(seconds=15), at, Gauge.sample(value, 15.0), Quality.EXACT)
    return Cycle(
        at=at,
        poll=Poll(name, "e", at, timedelta(seconds=0.1), OK),
        observations=(Observation(Series(name, measure, PROCESS), (part,)),),
    )


def test_parts(tmp_path: Path) -> None:
    """Of every Prometheus, newest first, two days back; other measures and other sources are left out."""
    hour = timedelta(hours=1)
    with open_history(str(tmp_path / "history.db"), collecting=True) as history:
        for one in (
            cycle("metrics", PROCESS_MEMORY, BACK + hour, 1.0),
            cycle("metrics", PROCESS_MEMORY, 2 * hour, 2.0),
            cycle("metrics", PROCESS_MEMORY, hour, 3.0),
            cycle("metrics", HEAP, hour, 4.0),
            cycle("metrics", USED, hour, 5.0),
            cycle("cache", PROCESS_MEMORY, hour, 6.0),
        ):
            history.record(one)
        sources = [source("metrics", SourceKind.PROMETHEUS), source("cache", SourceKind.REDIS)]
        found = parts(history, sources, NOW)

    told = {
        series.measure: [one.evidence.last for one in some if isinstance(one.evidence, Gauge)]
        for series, some in found.items()
    }
    assert told == {PROCESS_MEMORY: [3.0, 2.0], HEAP: [4.0]}
