"""Rate limits, circuit breakers, slow requests and in-memory layers."""

from __future__ import annotations

from datetime import timedelta

import pytest

from headroom.audit.application.breaker import breaker
from headroom.audit.application.facts import Breaker, Metrics
from headroom.audit.application.layers import layers
from headroom.audit.application.rate_limits import rate_limits
from headroom.audit.application.slow_requests import slow_requests
from headroom.checks import State
from headroom.policies import NOTHING, LayerPolicy, Policies
from tests.audit_application.cases import NOW, budget, case, only, told

SEEN = "in the last 3600 s"


@pytest.mark.parametrize(
    ("metrics", "state", "found"),
    [
        (
            told(limited={"read": (20, 1000), "login": (0, 50)}),
            State.WARN,
            (
                f"20 of 1,000 answers of the class read {SEEN} were 429 (2%): the budget of this class "
                "counts them as fast answers, and users got nothing"
            ),
        ),
        (
            told(limited={"read": (10, 1000)}),
            State.PASS,
            (
                f"10 of 1,000 answers {SEEN} were 429 (1%), in no class more than 1%: limits are at work, "
                "and which of the tiers refused cannot be seen"
            ),
        ),
        (
            told(limited={"read": (0, 1000)}, why={"limited": "what app (b:80) counted is not known"}),
            State.CANNOT_CHECK,
            (
                f"cannot be checked: none of 1,000 answers {SEEN} was 429; either nobody came near the "
                "limits, or there are none, or the histogram never sees what they refuse; what app (b:80) "
                "counted is not known"
            ),
        ),
        (
            told(limited={"read": (0, 0)}),
            State.CANNOT_CHECK,
            f"cannot be checked: there were no answers {SEEN}",
        ),
        (
            told(),
            State.NOT_APPLICABLE,
            "no budget of requests is held to a histogram of this source",
        ),
        (told(why={"limited": "too many series"}), State.CANNOT_CHECK, "cannot be checked: too many series"),
        (
            Metrics("metrics", NOW),
            State.CANNOT_CHECK,
            "cannot be checked: metrics knows nothing of what was before; ask again in some minutes",
        ),
    ],
)
def test_rate_limits(metrics: Metrics, state: State, found: str) -> None:
    """Many refusals warn; that there are none proves nothing."""
    finding = only(rate_limits, case(None, metrics))

    assert (finding.rule, finding.state, finding.found) == ("application.rate_limits", state, found)
    labels = dict(finding.subject)
    assert labels.get("class") == ("read" if state is State.WARN else None)


def test_a_histogram_without_counters_is_not_taken_for_no_budget() -> None:
    """Native ones have none, and a budget is held to it."""
    finding = only(rate_limits, case(None, told(), budgets=(budget("api.read", 0.1),)))

    assert (finding.state, finding.found) == (
        State.CANNOT_CHECK,
        (
            "cannot be checked: metrics has no http_request_duration_seconds_count, so that nobody counts "
            "answers by status: a native histogram has none, unless it is scraped "
            "with its classic buckets, too"
        ),
    )


@pytest.mark.parametrize("rule", [rate_limits, breaker])
def test_without_a_prometheus(rule: object) -> None:
    """Nothing can be checked."""
    finding = only(rule, case())  # type: ignore[arg-type]

    assert finding.found == "cannot be checked: no source of kind prometheus could be read"


@pytest.mark.parametrize(
    ("metrics", "state", "found"),
    [
        (
            told(breakers=(Breaker("deliver\n", 2, 100, 40, 30),)),
            State.WARN,
            (
                f"{SEEN} it opened 2 times: of 100 calls 40 failed, and 30 were refused without being tried; "
                "its 3 s, 50% and 30 s cannot be seen in metrics"
            ),
        ),
        (
            told(breakers=(Breaker("deliver", 0, 100, 4),)),
            State.PASS,
            (
                f"{SEEN} it stayed closed: 100 calls, of which 4 failed (4%); whether it opens when more do "
                "was not seen; its 3 s, 50% and 30 s cannot be seen in metrics"
            ),
        ),
        (
            told(breakers=(Breaker("deliver"),)),
            State.CANNOT_CHECK,
            (f"cannot be checked: {SEEN} nothing was called through it, so that it had nothing to open for"),
        ),
        (
            told(breakers=(Breaker("deliver", 0, 1000, 1000),)),
            State.FAIL,
            (
                f"{SEEN} 1,000 of 1,000 calls failed, and it never opened: the guide's opens at 50%, so that "
                "others are not called in vain"
            ),
        ),
        (
            told(breakers=(Breaker("deliver", 0, 9, 5),)),
            State.CANNOT_CHECK,
            (
                f"cannot be checked: {SEEN} 5 of 9 calls failed, and it never opened: "
                f"fewer than 10 calls are "
                "too few to tell why"
            ),
        ),
        (
            told(breakers=(Breaker("deliver", 0, 10, 5),)),
            State.PASS,
            (
                f"{SEEN} it stayed closed: 10 calls, of which 5 failed (50%); whether it opens when more do "
                "was not seen; its 3 s, 50% and 30 s cannot be seen in metrics"
            ),
        ),
        (
            told(breakers=()),
            State.CANNOT_CHECK,
            "cannot be checked: breakers are exposed, but nothing is known yet of what happened to them",
        ),
        (
            told(),
            State.CANNOT_CHECK,
            "cannot be checked: no circuit breaker exposes metrics (circuit, with labels name and event)",
        ),
        (told(why={"breakers": "refused"}), State.CANNOT_CHECK, "cannot be checked: refused"),
    ],
)
def test_breakers(metrics: Metrics, state: State, found: str) -> None:
    """One that opened, or still refuses, warns."""
    finding = only(breaker, case(None, metrics))

    assert (finding.rule, finding.state, finding.found) == ("application.breaker", state, found)


def test_limits_below_the_threshold_of_the_log_are_named() -> None:
    """The lowest limit is the threshold that would do."""
    budgets = (budget("api.read", 0.1, 0.2), budget("api.write", 0.5), budget("api.reports", 5.0))
    finding = only(slow_requests, case(budgets=budgets))

    assert finding.state is State.WARN
    assert finding.found == (
        "budgets.yaml declares that requests over 1 s are logged, which nobody "
        "saw: 3 of 4 limits of requests lie below 1 s, and a "
        "request that breaks one of them is in the log only where it takes longer still: api.read p95 (100 "
        "ms), api.read p95 (200 ms), api.write p95 (500 ms)"
    )
    assert finding.fix == "private readonly slowQueryThreshold = 100; // in performance.interceptor.ts"


def test_a_log_that_is_declared_or_not_is_not_seen() -> None:
    """The guide's second is then judged in its place, and said to be."""
    fine = only(slow_requests, case(budgets=(budget("api.reports", 5.0),)))
    unknown = only(slow_requests, case(budgets=(budget("api.read", 0.1),), policies=NOTHING))
    without = only(slow_requests, case(budgets=(budget("queries", 0.1, group="queries.list"),)))

    assert (fine.state, fine.found) == (
        State.CANNOT_CHECK,
        (
            "cannot be checked: budgets.yaml declares that requests over 1 s are "
            "logged, and whether they are "
            "is not seen; if so, each of 1 limit of requests is 1 s or more, and what breaks it is in the log"
        ),
    )
    assert (unknown.state, unknown.found, unknown.fix) == (
        State.CANNOT_CHECK,
        (
            "cannot be checked: budgets.yaml does not say from when on the application logs a request as "
            "slow; with the guide's 1 s, 1 of 1 limit of requests lie below 1 s, and a request that breaks "
            "one of them is in the log only where it takes longer still: api.read p95 (100 ms)"
        ),
        "application:\n  slow_requests: 1s",
    )
    assert (without.state, without.found) == (
        State.NOT_APPLICABLE,
        "no budget limits how long requests take",
    )


POLICY = LayerPolicy(
    "in-memory", "metrics", "app_cache_ttl_seconds", timedelta(seconds=5), timedelta(seconds=30)
)


@pytest.mark.parametrize(
    ("metrics", "state", "found"),
    [
        (
            told(layers={"in-memory": (5.0, 30.0)}),
            State.PASS,
            "app_cache_ttl_seconds says 5 s to 30 s, within the policy of 5 s to 30 s",
        ),
        (
            told(layers={"in-memory": (5.0, 40.0)}),
            State.FAIL,
            "app_cache_ttl_seconds says 5 s to 40 s, and the policy is 5 s to 30 s",
        ),
        (
            told(layers={"in-memory": (0.0, 0.0)}),
            State.FAIL,
            "app_cache_ttl_seconds says 0 s, and the policy is 5 s to 30 s",
        ),
        (told(layers={}), State.CANNOT_CHECK, "cannot be checked: metrics has no app_cache_ttl_seconds"),
        (told(why={"layers": "refused"}), State.CANNOT_CHECK, "cannot be checked: refused"),
        (None, State.CANNOT_CHECK, "cannot be checked: metrics could not be read"),
    ],
)
def test_layers(metrics: Metrics | None, state: State, found: str) -> None:
    """Each gauge must lie within its policy."""
    of = case(None, *([metrics] if metrics else []), policies=Policies(layers=(POLICY,)))
    finding = only(layers, of)

    assert (finding.rule, finding.state, finding.found) == ("caching.layer", state, found)
    assert finding.subject == (("policy", "in-memory"), ("source", "metrics"))


def test_a_policy_may_have_one_end_and_none_is_asked_for() -> None:
    """Without a policy nobody can see the layer."""
    policy = LayerPolicy("in-memory", "metrics", "ttl", None, timedelta(seconds=30))
    fine = only(
        layers, case(None, told(layers={"in-memory": (1.0, 2.0)}), policies=Policies(layers=(policy,)))
    )
    nobody = only(layers, case(policies=NOTHING))

    assert fine.found == "ttl says 1 s to 2 s, within the policy of at most 30 s"
    assert nobody.state is State.CANNOT_CHECK
    assert "gauge: app_cache_ttl_seconds" in nobody.fix
