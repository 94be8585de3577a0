"""Every defect of the guide is found on the sample ERP while its fault is on, and only then."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitor import sample
from tests.demo.running import RunningDemo
from tests.doctor.doctoring import Told, doctor

pytestmark = pytest.mark.xdist_group("doctor on the demo")

REQUESTS = "instrumentation:http_request_duration_seconds"
QUERIES = "instrumentation:db_query_duration_seconds"
FAULTS = {
    "milliseconds": {f"{REQUESTS}:milliseconds"},
    "raw-urls": {f"{REQUESTS}:raw-paths"},
    "label-mismatch": {f"{QUERIES}:never-counted"},
    "failures-untimed": {f"{REQUESTS}:failures-never-timed"},
    "redis-limit": {
        "memory:erp-cache",
        "never:resource.redis_memory:target",
        "never:resource.redis_memory:alert",
    },
}
AFTER, ON = 3, 20
SETTLING = 4  # seconds: two scrapes see what was switched
RAW_URLS = 9  # seconds: enough of them that nobody could have declared so many routes
ALWAYS = {
    # e, G4 to G6: the buckets
    "decidable:api.login:p95": "warn",
    "decidable:api.read:p99": "warn",
    "decidable:api.uploads:p95": "warn",
    "decidable:api.reports:p99": "fail",
    "decidable:db.analytics:p95": "warn",
    "buckets:http_request_duration_seconds": "fail",
    "buckets:db_query_duration_seconds": "warn",
    # i, G12: the gauge
    "instrumentation:cache_hit_rate:percent-as-ratio": "fail",
    "instrumentation:cache_hit_rate:ratio-in-a-gauge": "warn",
    # g, G14: the denominator
    "denominator:resource.db_connections": "warn",
    # j: the log
    "log:erp-db": "warn",
    # k: the review
    "review:api.login": "warn",
}


class Walked:
    """What the doctor said while each fault was on, and after all of them."""

    def __init__(self, folder: Path) -> None:
        words = [word for name in FAULTS for word in ("--fault", name)]
        self.demo = RunningDemo(folder, *words, "--fault-after", str(AFTER), "--fault-for", str(ON))
        self.during: dict[str, Told] = {}
        self.config = folder / "budgets.yaml"

    def walk(self) -> None:
        """Run the doctor once for each fault, and once without any."""
        self.demo.line("READY", 60)
        self.write(sample.configure(self.demo.servers, self.config.parent))
        for name in FAULTS:
            self.demo.line(f"Fault {name} is on", 60)
            time.sleep(RAW_URLS if name == "raw-urls" else SETTLING)
            self.during[name] = doctor(self.config, "--format", "json")
            assert f"Fault {name} is off." not in self.demo.lines, "the doctor took longer than the fault"
            self.demo.line(f"Fault {name} is off", 60)
        time.sleep(SETTLING)
        self.during[""] = doctor(self.config, "--format", "json")

    def write(self, path: Path, **without: str) -> Path:
        """Write the demo's configuration for shorter polls, and without some keys of one budget."""
        words: dict[str, Any] = yaml.safe_load(path.read_text())
        for source in words["sources"].values():
            source["every"] = "4s"
        for budget in words["budgets"]:
            for ident, key in without.items():
                if budget["id"].endswith(ident):
                    del budget[key]
        written = path.with_name("-".join(["budgets", *without.values()]) + ".yaml")
        written.write_text(yaml.safe_dump(words))
        return written


@pytest.fixture(scope="module")
def walked() -> Iterator[Walked]:
    """One demo, walked through its faults."""
    folder = Path(tempfile.mkdtemp(prefix="headroom-test-doctor-"))
    folder.chmod(0o755)
    walked = Walked(folder)
    try:
        walked.walk()
        yield walked
    finally:
        walked.demo.close()
        shutil.rmtree(folder)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_while_it_is_on(walked: Walked, fault: str) -> None:
    """Its checks fail while it is on; under every other fault, and without any, they do not."""
    states = walked.during[fault].states
    assert {ident: states.get(ident) for ident in FAULTS[fault]} == dict.fromkeys(FAULTS[fault], "fail")

    for other, told in walked.during.items():
        if other != fault:
            assert not FAULTS[fault] & told.found, other


def test_what_the_guide_always_has(walked: Walked) -> None:
    """Missing buckets, the gauge, the unnamed pool, the coarse log and the overdue review need no fault."""
    told = walked.during[""]

    assert {ident: told.states.get(ident) for ident in ALWAYS} == ALWAYS
    assert told.code == 0
    assert told.errors.strip().endswith("this takes 4 s.")


def test_nothing_else_is_found(walked: Walked) -> None:
    """What is sound on the demo is not complained of: no check fails that the guide has no part in."""
    states = walked.during[""].states

    assert {ident for ident, state in states.items() if state == "fail"} == {
        ident for ident, state in ALWAYS.items() if state == "fail"
    }
    assert {ident for ident, state in states.items() if state == "cannot check"} == set()
    warned = {ident for ident, state in states.items() if state == "warn" and not ident.startswith("review:")}
    assert warned - ALWAYS.keys() <= {"decidable:db.analytics:p95:second"}


def test_a_cache_without_limits_for_evictions(walked: Walked) -> None:
    """Under the guide's allkeys-lru its limits on used memory are always on, unless evictions have limits."""
    assert walked.during[""].states["policy:resource.redis_memory"] == "pass"
    config = walked.write(walked.config, redis_memory="evicting")

    told = doctor(config, "--format", "json", "--strict")

    assert told.states["policy:resource.redis_memory"] == "fail"
    assert told.details["policy:resource.redis_memory"].startswith("always on: under allkeys-lru")
    assert told.code == 3


def test_a_target_without_a_statistic(walked: Walked) -> None:
    """The guide's "< 10ms" names no percentile; such a limit is refused, and nothing is looked at."""
    words = yaml.safe_load(walked.config.read_text())
    lookup = next(budget for budget in words["budgets"] if budget["id"] == "db.lookup")
    del lookup["limits"][0]["statistic"]
    config = walked.config.with_name("without-statistic.yaml")
    config.write_text(yaml.safe_dump(words))

    told = doctor(config)

    assert told.code == 2
    assert "limits[0]" in told.errors
    assert "statistic" in told.errors
    assert told.out == ""
