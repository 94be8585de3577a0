"""What cannot be read is not gone, what is silenced does not speak, and an instance does for itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from headroom.budgets import Kind, Measure, Outcome, Severity, Subject, Verdict
from headroom.config import load
from headroom.evidence import Ratio
from headroom.history import Cycle, History, open_history
from headroom.incidents import About, NoticeStatus, State, Why
from headroom.observation import Observation, Reading, Series, SourceError, Unread
from headroom.silences import Matcher, Silence
from monitor.clock import Moment
from monitor.watchlist import Moves, Watchlist
from monitor.writer import Writer
from tests.alerts.examples import verdict
from tests.monitor.scripted import MEMORY, NOON, REFUSED, full, part, stage

A: Subject = (("instance", "a:9100"),)
CONFIG = """
version: 1
history: history.db
sources:
  metrics: {kind: prometheus, url: "http://127.0.0.1:1", every: 15s}
classes:
  endpoints: [{name: login, method: POST, path: /auth/login}]
budgets:
  - id: api.login
    title: Login
    measure: {histogram: http_request_duration_seconds, source: metrics, class: endpoints.login}
    window: 5m
    for: 30s
    recover_for: 1m
    limits:
      - {statistic: p95, max: 200ms}
alerts:
  channels: {ops: {kind: webhook, url: "http://127.0.0.1:1/hook"}}
  routes: [{channels: [ops]}]
"""


def both(at: float, *unread: Unread) -> Reading:
    """Return the reading of a memory that is half full, and of one that is full at an instance."""
    one, other = full(0.5)(at), full(0.99, A)(at)
    return Reading(one.observations + other.observations, unread=unread)


def of(instance: str, *, measure: str = MEMORY.key, known: bool = True) -> Unread:
    """Return a target whose scrape fails."""
    return Unread(measure, (("instance", instance), ("job", "node")), known)


@pytest.mark.parametrize(
    ("unread", "ends"),
    [
        (of("a:9100"), False),
        (of("a:9100", known=False), False),
        (of("b:9100"), True),
        (of("a:9100", measure="another"), True),
    ],
    ids=["its own", "its own, of which nothing is known", "another one", "of another measure"],
)
async def test_an_instance_whose_scrape_fails_is_not_gone(tmp_path: Path, unread: Unread, ends: bool) -> None:
    """A machine that went down while it fired is firing, and told to be out of sight; never resolved."""
    async with stage(tmp_path) as on:
        for _ in range(6):
            await on.poll(both)
        for _ in range(200):
            await on.poll(lambda at: replace(full(0.5)(at), unread=(unread,)))

        (incident,) = on.history.incidents()
        assert (incident.state is State.RESOLVED) == ends
        if not ends:
            assert (incident.blind, incident.lost_told) == (True, True)
            for _ in range(2):  # it left service discovery
                await on.poll(full(0.5))
            (incident,) = on.history.incidents()
        assert on.history.transitions(incident.id)[-1].why is Why.SUBJECT_GONE


async def test_after_a_restart_nothing_is_gone_before_its_source_was_read(tmp_path: Path) -> None:
    """A target that is still down is known to be so from the first good poll on."""
    async with stage(tmp_path) as on:
        for _ in range(6):
            await on.poll(both)
        for _ in range(90):
            await on.poll(lambda at: replace(full(0.5)(at), unread=(of("a:9100"),)))
    async with stage(tmp_path, seconds=on.seconds) as again:
        reply: list[Reading | SourceError] = [
            REFUSED,
            replace(full(0.5)(on.seconds + 30), unread=(of("a:9100"),)),
        ]
        for one in reply:
            await again.poll(one)

        assert [one.state for one in again.history.open_incidents()] == [State.FIRING]


@pytest.mark.parametrize(
    ("labels", "known", "hidden"),
    [
        (A, True, True),
        ((("container", "api"),), True, True),
        ((("container", "api"),), False, False),
        ((("instance", "a:9100"), ("job", "other")), True, False),
        ((("instance", "a:9100"), ("device", "sda")), False, True),
    ],
)
def test_a_target_hides_what_contradicts_none_of_its_labels(
    labels: Subject, known: bool, hidden: bool
) -> None:
    """A container does not name the target that tells of it: it may be of any that has told of some."""
    assert of("a:9100", known=known).hides(Series.of(MEMORY, labels)) is hidden


class Watched:
    """The watchlist of a configuration over a real history, and what is told."""

    def __init__(self, folder: Path, text: str = CONFIG) -> None:
        path = folder / "budgets.yaml"
        path.write_text(text)
        self.config = load(path, {})
        self.history: History = open_history(str(folder / "watched.db"), collecting=True)
        self.writer = Writer()
        self.list = Watchlist(self.config, self.history, self.writer)
        self.at = 0.0
        self.told: list[tuple[NoticeStatus, bool, str]] = []

    async def cycle(self, rows: dict[Subject, Sequence[Verdict]]) -> None:
        """Decide on a budget's rows, and commit."""
        self.at += 15
        now, moves = Moment(NOON + timedelta(seconds=self.at), self.at), Moves()
        for subject, row in rows.items():
            await self.list.decide(
                self.config.budgets[0],
                subject,
                row,
                moves,
                now=now,
                elapsed=timedelta(seconds=15),
                whole=rows.get((), ()),
            )
        kept = tuple(moves.incidents)
        self.history.record(
            Cycle(
                now.wall,
                incidents=kept,
                transitions=tuple(moves.transitions),
                notices=tuple(moves.notices),
            )
        )
        subjects = {one.id: bool(one.subject) for one in kept}
        whys = {one.incident: one.why.name for one in moves.transitions}
        self.told += [(one.status, subjects[one.incident], whys[one.incident]) for one in moves.notices]
        self.list.committed(kept)

    def silence(self, **matcher: str | tuple[str, ...]) -> None:
        """Silence for a day what matches."""
        matches = Matcher(**matcher)  # type: ignore[arg-type]
        self.list.keep_quiet([Silence("s1", matches, NOON, NOON + timedelta(days=1), "ann")])

    def close(self) -> None:
        """Give back the history."""
        self.history.close()
        self.writer.close()


@pytest.mark.parametrize(
    ("whole", "heard"),
    [
        (verdict(Outcome.OVER, firm=False), True),
        (verdict(Outcome.UNDECIDED), True),
        (verdict(Outcome.OVER), False),
    ],
    ids=["not surely", "undecided", "surely"],
)
async def test_an_instance_is_told_unless_the_whole_is_over_surely(
    tmp_path: Path, whole: Verdict, heard: bool
) -> None:
    """A whole that is over for an hour, and never surely, tells nobody; the instance that is so must."""
    watched = Watched(tmp_path)
    own = verdict(Outcome.OVER, subject=A, severity=Severity.WARNING)
    for _ in range(240):
        await watched.cycle({(): [whole], A: [own]})

    assert watched.told == [(NoticeStatus.FIRING, heard, "HELD")]
    watched.close()


async def test_an_instance_that_waits_is_dropped_where_the_whole_tells_it(tmp_path: Path) -> None:
    """It was surely over before the whole was: its clock stands still then, and one message is told."""
    watched = Watched(tmp_path)
    own = verdict(Outcome.OVER, subject=A, severity=Severity.WARNING)
    await watched.cycle({(): [verdict(Outcome.OVER, firm=False)], A: [own]})
    for _ in range(60):
        await watched.cycle({(): [verdict(Outcome.OVER)], A: [own]})

    assert watched.told == [(NoticeStatus.FIRING, False, "HELD")]
    assert [one.subject for one in watched.list.open] == [()]
    watched.close()


@pytest.mark.parametrize("silenced", [True, False])
async def test_an_instance_that_fires_does_not_tell_that_the_whole_is_blind(
    tmp_path: Path, silenced: bool
) -> None:
    """Whoever silenced one instance has not agreed that the budget may go blind."""
    watched = Watched(tmp_path)
    own = verdict(Outcome.OVER, subject=A, severity=Severity.WARNING)
    for _ in range(4):
        await watched.cycle({(): [verdict(Outcome.UNDECIDED)], A: [own]})
    (incident,) = watched.list.open
    if silenced:
        watched.silence(incident=incident.id)
    for _ in range(100):
        await watched.cycle({(): [verdict(Outcome.BLIND)], A: [verdict(Outcome.BLIND, subject=A)]})

    assert (NoticeStatus.FIRING, False, "UNSEEN") in watched.told
    watched.close()


async def test_a_silenced_incident_does_not_tell_that_its_budget_is_blind(tmp_path: Path) -> None:
    """It keeps still, so the incident about sight speaks."""
    watched = Watched(tmp_path)
    for _ in range(4):
        await watched.cycle({(): [verdict(Outcome.OVER)]})
    (incident,) = watched.list.open
    watched.silence(incident=incident.id)
    for _ in range(100):
        await watched.cycle({(): [verdict(Outcome.BLIND)]})

    assert [one.about for one in watched.list.open if not one.silenced] == [About.BLIND]
    assert [each for each in watched.told if each[0] is NoticeStatus.FIRING][1:] == [
        (NoticeStatus.FIRING, False, "UNSEEN")
    ]
    watched.close()


async def test_sight_that_comes_and_goes_is_told_as_flapping(tmp_path: Path) -> None:
    """Blind for 12 minutes and seen for 4, for five hours: five messages, and one when it is calm."""
    watched = Watched(tmp_path)
    for _ in range(20):
        for _ in range(48):
            await watched.cycle({(): [verdict(Outcome.BLIND)]})
        for _ in range(16):
            await watched.cycle({(): [verdict(Outcome.MET)]})
    assert [status.value for status, _, _ in watched.told] == [
        "firing", "resolved", "firing", "resolved", "flapping",
    ]  # fmt: skip
    for _ in range(61):
        await watched.cycle({(): [verdict(Outcome.MET)]})

    assert [status.value for status, _, _ in watched.told][5:] == ["resolved"]
    assert watched.list.open == ()
    watched.close()


async def test_a_silence_of_warnings_does_not_hold_a_critical(tmp_path: Path) -> None:
    """It is told in the cycle in which it grows critical, as what it is."""
    limits = (
        "{name: target, statistic: p95, max: 100ms, severity: warning}\n      - {statistic: p95, max: 200ms}"
    )
    watched = Watched(tmp_path, CONFIG.replace("{statistic: p95, max: 200ms}", limits))
    watched.silence(severities=("warning",))
    target = verdict(Outcome.OVER, limit="target", severity=Severity.WARNING, threshold=0.1)
    for _ in range(5):
        await watched.cycle({(): [target, verdict(Outcome.MET)]})
    assert [one.silenced for one in watched.list.open] == ["s1"]
    assert watched.told == []
    await watched.cycle({(): [target, verdict(Outcome.OVER)]})

    assert [(status, whole) for status, whole, _ in watched.told] == [(NoticeStatus.FIRING, False)]
    (incident,) = watched.list.open
    assert incident.severity is Severity.CRITICAL
    whys = [one.why for one in watched.history.transitions(incident.id)]
    assert whys == [Why.OVER, Why.HELD, Why.SILENCED, Why.WORSE, Why.UNSILENCED]
    watched.close()


MACHINES = """
version: 1
history: history.db
sources:
  cache: {kind: prometheus, url: "http://127.0.0.1:1", every: 15s}
budgets:
  - id: resource.cpu
    title: CPU
    measure: {resource: cpu, source: cache}
    window: 5m
    for: 15s
    recover_for: 30s
    limits:
      - {name: target, statistic: average, max: 70%, severity: warning}
"""
CPU = Measure("cache", Kind.CPU)
B: Subject = (("instance", "b:9100"),)


def idle(at: float, *subjects: Subject, unread: tuple[Unread, ...] = ()) -> Reading:
    """Return the reading of machines that do little, beside that of all of them."""
    given = (part(at, Ratio(1, 60)),)
    return Reading(tuple(Observation(Series.of(CPU, one), given) for one in ((), *subjects)), unread=unread)


async def test_a_machine_that_is_lost_while_it_is_well_is_told(tmp_path: Path) -> None:
    """It did not fire, and all others are met: an incident about sight of it, until it is seen or gone."""
    lost = (of("a:9100", measure=CPU.key),)
    async with stage(tmp_path, MACHINES) as on:
        for _ in range(6):
            await on.poll(lambda at: idle(at, A, B))
        for _ in range(100):
            await on.poll(lambda at: idle(at, B, unread=lost))

        stand = on.standings()["target"].verdict.outcome
        (incident,) = on.history.open_incidents()
        assert (stand, incident.about, incident.subject) == (Outcome.MET, About.BLIND, A)
        assert incident.state is State.FIRING
        for _ in range(4):
            await on.poll(lambda at: idle(at, A, B))
        assert on.history.transitions(incident.id)[-1].why is Why.SEEN
        for _ in range(100):
            await on.poll(lambda at: idle(at, B, unread=lost))
        (again,) = on.history.open_incidents()
        await on.poll(lambda at: idle(at, B))

        assert on.history.open_incidents() == []
        assert on.history.transitions(again.id)[-1].why is Why.SUBJECT_GONE


async def test_a_source_that_cannot_be_read_at_all_is_told_once(tmp_path: Path) -> None:
    """The whole is blind, and so is each machine: the incident of the whole says it for all."""
    lost = tuple(of(name, measure=CPU.key) for name in ("a:9100", "b:9100"))
    async with stage(tmp_path, MACHINES) as on:
        for _ in range(6):
            await on.poll(lambda at: idle(at, A, B))
        for _ in range(100):
            await on.poll(Reading(unread=lost))

        assert [(one.about, one.subject) for one in on.history.open_incidents()] == [(About.BLIND, ())]
