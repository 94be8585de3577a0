"""Who hears of what is decided: whoever is routed for a severity hears of all that fires with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import invariant

from alerts.decide import Decision, decide
from alerts.notices import notices
from alerts.sight import RANK
from headroom.alerting import Alerting, Flapping
from headroom.budgets import Outcome, Severity, Verdict
from headroom.channels import Channel, PagerDuty, Webhook
from headroom.incidents import ALARMS, Incident, NoticeStatus, State
from headroom.routing import Route, Told, channels_for
from headroom.sources import Secret
from tests.alerts.examples import AT, resource
from tests.alerts.table import NOW
from tests.alerts.test_decide_machine import POLICY, Life

MET, OVER, *_ = Outcome
HOOK = Webhook(Secret("http://127.0.0.1:1/"))
WARNED, PAGED = frozenset({Severity.WARNING}), frozenset({Severity.CRITICAL})
ALERTING = Alerting(
    channels=(
        Channel("chat", HOOK),
        Channel("pager", PagerDuty(Secret("x" * 32))),
        *(Channel(name, HOOK) for name in ("everybody", "all")),
    ),
    routes=(Route(("chat",), WARNED), Route(("pager",), PAGED), Route(("all",))),
    steps=POLICY.steps,
)


def routed(incident: Incident) -> frozenset[str]:
    """Return who is routed for what an incident is now."""
    told = Told(incident.budget, incident.severity, source=incident.source)
    return frozenset(channels_for(ALERTING.routes, told, AT))


def hearers(decision: Decision, heard: frozenset[str]) -> frozenset[str]:
    """Return who is told of a decision, where so many heard that it fires before."""
    told = None if decision.notify in (NoticeStatus.FIRING, NoticeStatus.ESCALATED) else heard
    made = notices(decision, {"key": "k", "owner": ""}, ALERTING, created=AT, told=told)
    return frozenset(notice.channel for notice in made)


class Heard(Life):
    """The same lives, with a list of who heard."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: frozenset[str] = frozenset()
        self.owed: frozenset[str] = frozenset()

    def _keep(self, decision: Decision, *, booked: bool = False) -> None:
        before, after = self.incident, decision.incident
        super()._keep(decision, booked=booked)
        names = hearers(decision, self.heard)
        if after is None or after.ended is not None:
            if decision.notify is NoticeStatus.RESOLVED:
                assert names == self.heard  # who knows that it fires hears of its end
            self.heard = self.owed = frozenset()
            return
        if decision.notify in ALARMS:
            self.heard |= names
        if after.state is not State.FIRING:
            return
        fires = before is None or before.state is not State.FIRING
        if fires or RANK[after.severity] > RANK[before.severity]:  # type: ignore[union-attr]
            self.owed = routed(after)
        self.owed &= routed(after)  # a fall is told to nobody new

    @invariant()
    def whoever_is_routed_hears(self) -> None:
        """Of what fires, or grows more severe, all have heard who are routed for it."""
        if self.incident is not None and self.incident.state is State.FIRING and not self.incident.silenced:
            assert self.owed <= self.heard


TestHeard = Heard.TestCase
TestHeard.settings = settings(
    max_examples=150, stateful_step_count=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)

W = (resource("target", OVER), resource("alert", MET))
C = (resource("target", OVER), resource("alert", OVER))
G = (resource("target", MET), resource("alert", MET))


@pytest.mark.parametrize(
    ("lately", "seen", "expected"),
    [
        (2, [C], [("flapping", {"pager", "all"})]),
        (1, [W, C], [("firing", {"chat", "all"}), ("flapping", {"chat", "pager", "all"})]),
        (2, [W, C], [("flapping", {"chat", "all"}), ("firing", {"pager", "all"})]),
    ],
    ids=[
        "it fires again and again",
        "it grows critical as it begins to flap",
        "it grows critical while it flaps",
    ],
)
def test_what_flaps_pages_who_is_routed_for_it(
    lately: int, seen: Sequence[Sequence[Verdict]], expected: list[tuple[str, set[str]]]
) -> None:
    """A pager that is left out of it would never ring for what fires over and over."""
    incident: Incident | None = None
    heard: frozenset[str] = frozenset()
    found = []
    given: dict[str, Any] = {"at": AT, "elapsed": timedelta(seconds=15), "budget_digest": "d", "new_id": str}
    policy = replace(NOW, flapping=Flapping())
    for verdicts in seen:
        decision = decide(verdicts, incident, policy=policy, fired_lately=lately, **given)
        incident, names = decision.incident, hearers(decision, heard)
        heard |= names
        found.append((decision.notify and decision.notify.value, set(names)))

    assert found == expected
