"""Explanations of real cycles: what the history recorded is told again, word for word, also of the past."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from headroom.budgets import Kind, Measure, Outcome, Reason, Subject
from headroom.config import load
from headroom.evidence import Histogram
from headroom.history import Standing
from headroom.observation import Absence, Observation, Reading, Series
from monitor.explain.asked import UnknownError, end_of, subject_of
from monitor.explain.explained import Explained, explained
from monitor.explain.printed import FORMATS
from tests.explain.calculator import redo
from tests.monitor.scripted import EVERY, REFUSED, Stage, evicting, full, part, stage

LOGIN = Measure("metrics", Kind.HISTOGRAM, "http_request_duration_seconds", "endpoints.login")
CONFIG = """
version: 1
history: history.db
sources:
  metrics: {kind: prometheus, url: "http://scraper:hidden@127.0.0.1:9", every: 15s}
classes:
  endpoints:
    - {name: uploads, method: POST, path: "/files/*"}
    - {name: login, method: POST, path: "/auth/login"}
budgets:
  - id: api.login
    title: Authentication (login)
    measure: {histogram: http_request_duration_seconds, source: metrics, class: endpoints.login}
    window: 5m
    limits:
      - {statistic: p95, max: 200ms}
      - {statistic: p99, max: 500ms}
"""
GUIDE = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0)
HOST: Subject = (("instance", "10.0.0.7:3000"),)


def logins(fast: int, slow: int, *, subject: Subject = ()) -> Callable[[float], Reading]:
    """Return readings of requests of under 50 ms and of 0.5 to 1 s."""
    counts = (0, fast, 0, 0, slow, 0, 0)

    def reading(at: float) -> Reading:
        parts = part(at, Histogram(GUIDE, counts))
        told = Observation(Series.of(LOGIN, subject), (parts,))
        return Reading((told, Observation(Series.of(LOGIN), (parts,))) if subject else (told,))

    return reading


def told(on: Stage, name: str = "api.login", *, later: float = 0, **asked: object) -> list[Explained]:
    """Explain a budget of the stage as `headroom explain` does, some seconds after its clock."""
    config = load(on.history._path.parent / "budgets.yaml")
    given = {"limit": "", "subject": (), "at": None} | asked
    now = on.hands.read().wall + timedelta(seconds=later)
    return explained(config, name, now=now, **given)  # type: ignore[arg-type]  # keywords of the test


def assert_same(found: Explained, standing: Standing) -> None:
    """What is explained is the standing verdict of the same moment, and its lines can be redone."""
    assert found.at == standing.verdict.at
    assert found.verdict == standing.verdict
    assert found.same
    assert found.now is None
    redo(FORMATS["table"]([found]))


@pytest.mark.parametrize(
    ("fast", "slow", "outcome"),
    [(100, 0, Outcome.MET), (60, 40, Outcome.OVER), (19, 1, Outcome.UNDECIDED), (0, 0, Outcome.IDLE)],
)
async def test_the_standing_verdict_comes_out_again(
    tmp_path: Path, fast: int, slow: int, outcome: Outcome
) -> None:
    """Whatever the outcome, the explanation's verdict is the recorded one in every field."""
    async with stage(tmp_path, CONFIG) as on:
        for _ in range(6):
            standings = await on.poll(logins(fast, slow))
        first, second = told(on)
        assert_same(first, standings["p95"])
        assert_same(second, standings["p99"])
        assert standings["p95"].verdict.outcome is outcome


async def test_a_poll_that_failed_is_told_with_its_reason(tmp_path: Path) -> None:
    """The reason of a failed poll is kept only in the verdict, and is found there again."""
    async with stage(tmp_path, CONFIG) as on:
        await on.poll(logins(100, 0))
        for _ in range(6):
            standings = await on.poll(REFUSED)
        found = told(on)[0]
        assert_same(found, standings["p95"])
        assert found.verdict is not None
        assert found.verdict.reason is Reason.UNREACHABLE
        text = FORMATS["table"]([found])
        assert "metrics: 127.0.0.1:1 refuses connections" in text
        assert "the source answering again settles it" in text


async def test_broken_instrumentation_beside_good_figures_is_told(tmp_path: Path) -> None:
    """An absence that makes good evidence worthless comes out again, with the counts before it."""
    broken = Absence(Series.of(LOGIN), Reason.BROKEN_INSTRUMENTATION, "milliseconds in a _seconds histogram")
    async with stage(tmp_path, CONFIG) as on:
        for _ in range(4):
            await on.poll(logins(100, 0))
        standings = await on.poll(Reading(absences=(broken,)))
        found = told(on)[0]
        assert_same(found, standings["p95"])
        assert len(found.measured[0].explanation.rows) == 4
        assert found.measured[0].explanation.steps == ()


async def test_when_time_has_passed_both_are_said(tmp_path: Path) -> None:
    """A verdict that nobody renewed is explained as it was, beside what is said by now."""
    async with stage(tmp_path, CONFIG) as on:
        for _ in range(6):
            standings = await on.poll(logins(100, 0))
        found = told(on, later=600)[0]
        assert found.verdict == standings["p95"].verdict
        assert found.now is not None
        assert (found.now.outcome, found.now.reason) == (Outcome.BLIND, Reason.STALE)
        text = FORMATS["table"]([found])
        assert text.startswith("api.login p95: blind (stale)\n")
        (document,) = json.loads(FORMATS["json"]([found]))["explanations"]
        assert (document["verdict"]["outcome"], document["verdict"]["reason"]) == ("blind", "stale")
        assert document["recomputed"]["outcome"] == "met"
        assert "Judged anew as of 2026-11-22 12:01:30 UTC, from what was recorded then: met (within" in text
        assert "The same is recorded at 2026-11-22 12:01:30 UTC." in text
        assert "At 2026-11-22 12:11:30 UTC it is blind (stale): nothing was judged for 10 min" in text


async def test_the_past_is_explained_from_what_was_recorded_then(tmp_path: Path) -> None:
    """An earlier moment gives the verdict that was in force, and none of the evidence that came after."""
    async with stage(tmp_path, CONFIG) as on:
        said: dict[datetime, Standing] = {}
        for slow in [0] * 6 + [50] * 6:
            standing = (await on.poll(logins(100 - slow, slow)))["p95"]
            said[standing.verdict.at] = standing
        for at, standing in said.items():
            found = told(on, at=at, limit="p95")[0]
            assert found.at == at
            assert found.verdict == standing.verdict
            assert found.same
        between = min(said) + timedelta(seconds=1.5 * EVERY)
        found = told(on, at=between, limit="p95")[0]
        assert found.at == min(said) + timedelta(seconds=EVERY)
        assert found.remarks == (
            "asked about 2026-11-22 12:00:37 UTC; the last verdict up to then is 8 s older",
        )


async def test_a_moment_after_the_end_is_what_check_said_then(tmp_path: Path) -> None:
    """Ten minutes after the last poll nothing was met any more, however good the last reading was."""
    async with stage(tmp_path, CONFIG) as on:
        for _ in range(6):
            standing = (await on.poll(logins(100, 0)))["p95"]
        found = told(on, limit="p95", later=3600, at=standing.verdict.at + timedelta(minutes=10))[0]
        assert found.said is not None
        assert (found.said.outcome, found.said.reason) == (Outcome.BLIND, Reason.STALE)
        assert found.said.detail.startswith("nothing was judged for 10 min (last: met")
        assert FORMATS["table"]([found]).startswith("api.login p95: blind (stale)\n")


async def test_what_was_recorded_stands_in_the_heading(tmp_path: Path) -> None:
    """The heading is the recorded verdict also where the file has another window by now."""
    async with stage(tmp_path, CONFIG) as on:
        for slow in (50, 50, 50, 50, 50, 0, 0, 0, 0):
            standing = (await on.poll(logins(100 - slow, slow)))["p95"]
        (tmp_path / "budgets.yaml").write_text(CONFIG.replace("window: 5m", "window: 60s"))
        found = told(on, limit="p95")[0]
        assert not found.same
        assert found.said == standing.verdict
        text = FORMATS["table"]([found])
        assert text.startswith("api.login p95: over (over limit)\n")
        assert "Judged anew as of 2026-11-22 12:02:15 UTC, from what was recorded then: met (within" in text
        assert "Recorded at 2026-11-22 12:02:15 UTC is another: over (over limit)" in " ".join(text.split())


@pytest.mark.parametrize(
    ("was", "now"), [("127.0.0.1:9", "127.0.0.1:10"), ('path: "/auth/login"', 'path: "/auth/*"')]
)
async def test_evidence_of_another_address_or_class_says_so(tmp_path: Path, was: str, now: str) -> None:
    """What is recorded is not shown as if it came from where the file points by now."""
    async with stage(tmp_path, CONFIG) as on:
        for _ in range(6):
            await on.poll(logins(100, 0))
        assert told(on)[0].remarks == ()
        assert CONFIG.count(was) == 1
        (tmp_path / "budgets.yaml").write_text(CONFIG.replace(was, now))
        found = told(on)[0]
        assert found.remarks == (
            (
                "metrics: recorded under another address or other classes than budgets.yaml has now; the "
                "counts are of those, and `headroom run` begins anew with the present ones"
            ),
        )
        text = " ".join(FORMATS["table"]([found]).split())
        assert "The counts below were read under another address or other classes. This is read now:" in text
        assert json.loads(FORMATS["json"]([found]))["explanations"][0]["measures"][0]["foreign"] is True


async def test_before_the_first_poll_it_says_so(tmp_path: Path) -> None:
    """A moment of which nothing is kept is blind, with what to do."""
    async with stage(tmp_path, CONFIG) as on:
        await on.poll(logins(100, 0))
        found = told(on, at=end_of("2026-11-21T12:00:00Z"))[0]
        assert found.verdict is not None
        assert (found.verdict.outcome, found.verdict.reason) == (Outcome.BLIND, Reason.NO_DATA)
        assert found.told is None
        assert found.remarks == (
            "the history keeps nothing of that time: it is before the first poll, or was deleted by age",
        )


async def test_nothing_judged_yet_is_said(tmp_path: Path) -> None:
    """A history without any verdict on the budget is no error, but a sentence."""
    async with stage(tmp_path, CONFIG) as on:
        found = told(on)[0]
        assert found.remarks == (
            "nothing was ever judged of it: is `headroom run` running with this file and this history?",
        )
        text = FORMATS["table"]([found])
        assert text.startswith("api.login p95: blind (no data)\n")
        assert "it is blind (no data): no reading yet; is `headroom run` running?" in text
        assert "recorded then: blind (no data): no reading within 5 min" in " ".join(text.split())


async def test_an_instance_is_explained_by_its_own_evidence(tmp_path: Path) -> None:
    """A subject's explanation is the recorded verdict on that subject."""
    async with stage(tmp_path, CONFIG) as on:
        for _ in range(6):
            await on.poll(logins(60, 40, subject=HOST))
        found = told(on, subject=HOST)[0]
        standing = next(
            one
            for one in on.history.standings()
            if one.verdict.subject == HOST and one.verdict.limit == "p95"
        )
        assert_same(found, standing)
        assert_same(told(on)[0], on.standings()["p95"])
        query = found.measured[0].query
        assert query.rules[0] == "only what is of instance 10.0.0.7:3000"
        selector = (
            '{__name__=~"http_request_duration_seconds(_bucket|_sum|_count)?",instance="10.0.0.7:3000"}'
        )
        assert f"query={selector}[330000ms]" in shlex.split(query.paste)
        with pytest.raises(UnknownError) as error:
            told(on, subject=(("instance", "10.0.0.8:3000"),))
        assert str(error.value) == (
            'nothing was ever judged of "instance=10.0.0.8:3000" for api.login; did you mean '
            '"instance=10.0.0.7:3000"? it knows instance=10.0.0.7:3000'
        )


async def test_hostile_subjects_are_named_harmlessly(tmp_path: Path) -> None:
    """What an instance calls itself is one bounded line in an error, and counted as people count."""
    hostile: Subject = (("instance", "a\x1b[2J\nover  api.login" + "x" * 500),)
    async with stage(tmp_path, CONFIG) as on:
        for host in (hostile, (("instance", "n.10"),), (("instance", "n.2"),)):
            await on.poll(logins(60, 40, subject=host))
        with pytest.raises(UnknownError) as error:
            told(on, subject=(("instance", "zzz"),))
        text = str(error.value)
        assert text.isprintable()
        assert text.startswith(
            'nothing was ever judged of "instance=zzz" for api.login; did you mean "instance=n.2"? it knows '
            "instance=a\ufffd[2J"
        )
        assert text.endswith(", instance=n.2, instance=n.10")
        assert len(text) < 300


async def test_an_evicting_redis_is_explained_by_its_evictions(tmp_path: Path) -> None:
    """Under an evicting policy the limits of `evicting:` are explained, with their own fields."""
    async with stage(tmp_path) as on:
        for _ in range(6):
            standings = await on.poll(evicting(20))
        found = told(on, "resource.redis_memory")[0]
        assert_same(found, standings["target"])
        text = FORMATS["table"]([found])
        assert "This is the limit that holds while keys are evicted by policy." in text
        assert "evicted_keys" in text
        assert "value = 1000*120/6000 = 20" in text
        for _ in range(6):
            standings = await on.poll(full(0.5))
        assert_same(told(on, "resource.redis_memory")[0], standings["target"])


async def test_secrets_and_hostile_words_stay_out(tmp_path: Path) -> None:
    """No password of an address is printed, and what a source says cannot steer a terminal or a ticket."""
    hostile = "\x1b[2J\u202eevil\n| <script>@everyone ```"

    def strange(at: float) -> Reading:
        one = part(at, Histogram(GUIDE, (0, 60, 0, 0, 40, 0, 0)))
        return Reading((Observation(Series.of(LOGIN), (replace(one, detail=hostile),)),))

    async with stage(tmp_path, CONFIG) as on:
        for _ in range(6):
            await on.poll(strange)
        found = told(on)
        for form, write in FORMATS.items():
            text = write(found)
            assert "hidden" not in text, form
            assert "scraper" not in text, form
            assert all(line.isprintable() for line in text.split("\n")), form
        assert "<script>" not in FORMATS["markdown"](found)
        assert "@everyone" not in FORMATS["markdown"](found)


@pytest.mark.parametrize(
    ("name", "limit", "sentence"),
    [
        (
            "api.logn",
            "",
            'there is no budget "api.logn" in budgets.yaml; did you mean api.login? it has api.login',
        ),
        ("api.login:p90", "", 'api.login has no limit "p90"; it has p95, p99'),
        ("api.login", "p42", 'api.login has no limit "p42"; it has p95, p99'),
        ("\x1b[2J", "", 'there is no budget "\\x1b[2J" in budgets.yaml; it has api.login'),
    ],
)
async def test_what_does_not_exist_is_named_with_the_nearest(
    tmp_path: Path, name: str, limit: str, sentence: str
) -> None:
    """A wrong name is answered with the right ones."""
    async with stage(tmp_path, CONFIG) as on:
        with pytest.raises(UnknownError) as error:
            told(on, name, limit=limit)
        assert str(error.value) == sentence


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-22T12:00:00Z", "2026-11-22T12:00:00.999999+00:00"),
        ("2026-11-22 12:00", "2026-11-22T12:00:00.999999+00:00"),
        ("2026-11-22T13:00:00.417+01:00", "2026-11-22T12:00:00.417999+00:00"),
        ("2026-11-22T12:00:00.123456Z", "2026-11-22T12:00:00.123456+00:00"),
    ],
)
def test_a_moment_is_the_last_instant_of_what_is_named(text: str, moment: str) -> None:
    """What was recorded in the very second that a person reads off a screen is not left out."""
    assert end_of(text).isoformat() == moment


@pytest.mark.parametrize(
    "text", ["noon", "", "0001-01-01T00:00:00+14:00", "2026-13-01", "9999-12-31T23:59:59-14:00"]
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    """A text that names no moment is answered with the form of one."""
    with pytest.raises(UnknownError, match="is no moment; write it as 2026-11-22T12:00:00Z"):
        end_of(text)


def test_a_subject_is_read_as_it_is_printed() -> None:
    """Labels are sorted; commas and equal signs may stand in values."""
    assert subject_of("") == ()
    assert subject_of("job=erp,instance=10.0.0.7:3000") == (("instance", "10.0.0.7:3000"), ("job", "erp"))
    assert subject_of("path=/a,b=,x==1") == (("b", ""), ("path", "/a"), ("x", "=1"))
    with pytest.raises(UnknownError, match="is no subject; write it as instance="):
        subject_of("10.0.0.7")
