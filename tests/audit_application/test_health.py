"""The health endpoints: status, words, time, and whether ready says the truth."""

from __future__ import annotations

import pytest

from headroom.audit.application.facts import Doors
from headroom.audit.application.health import live, ready
from headroom.checks import State
from headroom.policies import NOTHING
from tests.audit_application import cases
from tests.audit_application.cases import NOW, case, only

UP = {"database": "up", "cache": "up"}
EXPECTED = "expected were status OK, or up for each part"
SWALLOWED = (
    "; whether it would notice a cache that is gone was not proven: the guide's CacheService.get swallows "
    "errors, so that its cache is up whatever happens, and each probe is a miss of the key health-check"
)


@pytest.mark.parametrize(
    ("doors", "state", "found"),
    [
        (cases.live({"status": "ok"}), State.PASS, "200 in 4 ms, status ok"),
        (cases.live(None), State.PASS, "200 in 4 ms, and its body is empty"),
        (
            cases.live(None, size=15),
            State.CANNOT_CHECK,
            f"cannot be checked: 200 in 4 ms, and its body says nothing that is known; {EXPECTED}",
        ),
        (
            cases.live({"status": "other"}, size=15),
            State.CANNOT_CHECK,
            (
                "cannot be checked: 200 in 4 ms, status other: what it says of status is not known for up or "
                f"down; {EXPECTED}"
            ),
        ),
        *[
            (
                cases.live({"status": word}, size=15),
                State.WARN,
                f"200 in 4 ms, status {word}: status is neither up nor down for it",
            )
            for word in ("starting", "terminating")
        ],
        (
            cases.live({"status": "ok", "loop": "failing"}, size=15),
            State.FAIL,
            "200 in 4 ms, status ok, loop failing: it says that loop is down, and answers 200",
        ),
        (
            cases.live({"status": "ok"}, seconds=1.5, before=("2.0 s", "1.7 s")),
            State.WARN,
            (
                "200 in 1.5 s, status ok; asked 3 times, before that: 2.0 s, 1.7 s; a probe that waits for 1 "
                "s would take it for dead"
            ),
        ),
        (
            cases.live({"status": "ok"}, before=("1.4 s",)),
            State.PASS,
            "200 in 4 ms, status ok; asked 2 times, before that: 1.4 s",
        ),
        (
            cases.live({"status": "ok"}, before=("the connection broke off",)),
            State.WARN,
            "200 in 4 ms, status ok; asked 2 times, before that: the connection broke off",
        ),
        (
            cases.live({"status": "ok", "database": "up", "cache": "up"}),
            State.WARN,
            (
                "200 in 4 ms, status ok, database up, cache up: it asks database, cache, and their outage "
                "would restart every instance as well"
            ),
        ),
        (
            cases.live({"status": "error"}),
            State.FAIL,
            "200 in 4 ms, status error: it says error, and answers 200",
        ),
        (cases.live(None, 404), State.FAIL, "it answers 404: an orchestrator would restart the process"),
        (
            cases.live(None, 0, failure="nothing came"),
            State.FAIL,
            "nothing came: an orchestrator would restart the process",
        ),
    ],
)
def test_live(doors: Doors, state: State, found: str) -> None:
    """It answers by itself, with 200, within a second."""
    finding = only(live, case(doors))

    assert (finding.rule, finding.subject) == ("application.live", (("path", "/health/live"),))
    assert (finding.state, finding.found) == (state, found)


@pytest.mark.parametrize(
    ("doors", "state", "found"),
    [
        (cases.ready(UP), State.PASS, f"200 in 12 ms, database up, cache up{SWALLOWED}"),
        (
            cases.ready({"database": "up", "cache": "down"}),
            State.FAIL,
            "200 in 12 ms, database up, cache down: it says that cache is down, and answers 200",
        ),
        (
            cases.ready({"database": "up", "cache": "down"}, 503),
            State.WARN,
            (
                "503 in 12 ms, database up, cache down: it is not ready, and says so as it should; cache is "
                "down for it"
            ),
        ),
        (
            cases.ready(None, 500, size=9),
            State.FAIL,
            "500 in 12 ms, and its body says nothing that is known: it does not say what is down",
        ),
        (
            cases.ready(UP, unreachable=(("erp-cache", "redis"),)),
            State.FAIL,
            "200 in 12 ms, database up, cache up: it says cache up while erp-cache did not answer us",
        ),
        (
            cases.ready(
                {"typeorm": "up", "status": "ok"}, unreachable=(("erp-cache", "redis"), ("db", "postgres"))
            ),
            State.FAIL,
            (
                "200 in 12 ms, typeorm up, status ok: it says that it is ready while erp-cache did not "
                "answer us; it says typeorm up while db did not answer us"
            ),
        ),
        (
            cases.ready(UP, unreachable=(("metrics", "prometheus"),)),
            State.PASS,
            f"200 in 12 ms, database up, cache up{SWALLOWED}",
        ),
        (
            cases.ready({"status": "ok"}),
            State.WARN,
            "200 in 12 ms, status ok: it names no database and no cache, so that it may be ready without",
        ),
        (
            cases.ready(None),
            State.WARN,
            (
                "200 in 12 ms, and its body is empty: it names no database and no cache, so that it may be "
                "ready without"
            ),
        ),
        (
            cases.ready(None, size=15),
            State.CANNOT_CHECK,
            f"cannot be checked: 200 in 12 ms, and its body says nothing that is known; {EXPECTED}",
        ),
        *[
            (
                cases.ready({"database": "up", "cache": word}, unreachable=(("erp-cache", "redis"),), size=9),
                State.CANNOT_CHECK,
                (
                    f"cannot be checked: 200 in 12 ms, database up, cache {word}: what it says of "
                    f"cache is not known for up or down; {EXPECTED}"
                ),
            )
            for word in ("other", "unknown", "disabled")
        ],
        (
            cases.ready({"database": "starting", "cache": "degraded"}, size=9),
            State.WARN,
            (
                "200 in 12 ms, database starting, cache degraded: database, cache is neither up nor down for "
                "it, and requests are sent to it meanwhile"
            ),
        ),
        (
            cases.ready({"database": "up", "cache": "disconnected"}, size=9),
            State.FAIL,
            ("200 in 12 ms, database up, cache disconnected: it says that cache is down, and answers 200"),
        ),
        (
            cases.ready({"status": "starting"}, 503, size=9),
            State.WARN,
            (
                "503 in 12 ms, status starting: it is not ready, and says so as it should; status is not up "
                "yet, or no more"
            ),
        ),
        (
            cases.ready({"postgres": "up"}),
            State.WARN,
            "200 in 12 ms, postgres up: it names no cache, so that it may be ready without",
        ),
        (
            cases.ready(UP, seconds=2.0),
            State.WARN,
            (
                f"200 in 2.0 s, database up, cache up{SWALLOWED}; a probe that waits for 1 s would take it "
                "for dead"
            ),
        ),
        (cases.ready(None, 0, failure="nothing came"), State.FAIL, "nothing came"),
        (cases.ready(None, 301, failure="it redirects to x"), State.FAIL, "301: it redirects to x"),
        (
            cases.ready({"a": "up", "b": "up", "c": "up", "d": "down", "e": "down"}),
            State.FAIL,
            "200 in 12 ms, a up, b up, c up, d down and 1 more: it says that d, e is down, and answers 200",
        ),
    ],
)
def test_ready(doors: Doors, state: State, found: str) -> None:
    """Its status and its words must agree with each other, and with what answered us."""
    finding = only(ready, case(doors))

    assert (finding.rule, finding.subject) == ("application.ready", (("path", "/health/ready"),))
    assert (finding.state, finding.found) == (state, found)


@pytest.mark.parametrize("which", ["live", "ready"])
def test_endpoints_that_are_not_declared(which: str) -> None:
    """None at all fails, and an application that is nowhere cannot be checked."""
    rule = live if which == "live" else ready
    none = only(rule, case(Doors(NOW)))
    nowhere = only(rule, case(policies=NOTHING))

    assert (none.state, none.found, none.fix) == (
        State.FAIL,
        f"budgets.yaml says that there is none (application.{which} is empty), and the guide wants one",
        f"application:\n  {which}: /health/{which}",
    )
    assert (nowhere.state, nowhere.fix) == (State.CANNOT_CHECK, cases.DECLARE)
