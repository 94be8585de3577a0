"""What a scrape gives: every figure of the history and the process, in text that real readers take."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as plain

from headroom.alerting import Alerting, Serving
from headroom.bounds import Interval
from headroom.budgets import Outcome, Reason, Severity
from headroom.channels import Channel, Webhook
from headroom.history import ChannelState, Cycle, HistoryError
from headroom.incidents import About, State
from headroom.sources import Secret
from monitor.serve import scrape
from tests import servers
from tests.history import build
from tests.serve.stage import HOOK, Stage, budget, configured, damage, fresh, source, stage

HOSTILE = 'a"b\\c\nd{x="1"} 7\u2028\ud800' + "é" * 300
LOGIN = {"budget": "api.login", "limit": "p95", "statistic": "p95", "severity": "critical"}

Figures = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def figures(text: str) -> Figures:
    """Return the samples of an answer in plain text."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in plain(text)
        for sample in family.samples
    }


async def scraped(it: Stage) -> Figures:
    """Scrape anew."""
    it.server._scrape._kept.clear()
    got = await it.ask("/metrics")
    assert got.status == 200
    return figures(got.text)


def of(name: str, **labels: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Name a series."""
    return name, tuple(sorted(labels.items()))


@pytest.mark.parametrize(
    "reason", [Reason.WITHIN_LIMIT, Reason.OVER_LIMIT, Reason.SAMPLES, Reason.NO_TRAFFIC]
)
async def test_a_verdict_is_one_of_five(tmp_path: Path, reason: Reason) -> None:
    """Exactly one of the five outcomes is 1, and the others are there as 0."""
    async with stage(configured(tmp_path)) as it:
        it.history.record(Cycle(datetime.now(UTC), verdicts=(fresh(reason=reason),)))
        found = await scraped(it)

    assert {
        outcome: found[of("headroom_verdict", **LOGIN, outcome=outcome.value)] for outcome in Outcome
    } == {outcome: float(outcome is reason.outcome) for outcome in Outcome}


async def test_values_have_both_ends(tmp_path: Path) -> None:
    """An end that is not known is infinite, never a figure."""
    async with stage(configured(tmp_path)) as it:
        it.history.record(Cycle(datetime.now(UTC), verdicts=(fresh(),)))
        found = await scraped(it)
        lower = replace(fresh(), value=Interval(None, 0.1))
        it.history.record(Cycle(datetime.now(UTC), verdicts=(lower,)))
        after = await scraped(it)

    unit = {"unit": "seconds"}
    assert found[of("headroom_value_low", **LOGIN, **unit)] == 0.1
    assert found[of("headroom_value_high", **LOGIN, **unit)] == float("inf")
    assert found[of("headroom_threshold", **LOGIN, **unit)] == 0.2
    assert found[of("headroom_headroom_ratio", **LOGIN)] == 0.914
    assert after[of("headroom_value_low", **LOGIN, **unit)] == float("-inf")
    assert after[of("headroom_value_high", **LOGIN, **unit)] == 0.1


async def test_what_is_stale_is_blind(tmp_path: Path) -> None:
    """A collector that hangs must not leave green figures behind."""
    async with stage(configured(tmp_path)) as it:
        it.history.record(Cycle(build.moment(), verdicts=(build.verdict(),)))
        found = await scraped(it)

    assert found[of("headroom_verdict", **LOGIN, outcome="blind")] == 1
    assert found[of("headroom_verdict", **LOGIN, outcome="met")] == 0
    assert of("headroom_value_low", **LOGIN, unit="seconds") not in found
    assert of("headroom_headroom_ratio", **LOGIN) not in found


async def test_a_budget_never_judged_is_blind(tmp_path: Path) -> None:
    """It is there from the first scrape on."""
    async with stage(configured(tmp_path)) as it:
        assert (await scraped(it))[of("headroom_verdict", **LOGIN, outcome="blind")] == 1


async def test_instances_make_no_series(tmp_path: Path) -> None:
    """However many there are, the budget's series are those of all of it."""
    async with stage(configured(tmp_path)) as it:
        before = await scraped(it)
        many = tuple(fresh(subject=(("instance", f"10.0.0.{n}"),)) for n in range(200))
        it.history.record(Cycle(datetime.now(UTC), verdicts=(fresh(), *many)))
        after = await scraped(it)

    assert not any("instance" in dict(labels) for _, labels in after)
    assert len(after) == len(before) + 3  # both ends of the value, and what is left


async def test_ages_incidents_outbox_and_channels(tmp_path: Path) -> None:
    """The rest of what the history knows."""
    now = datetime.now(UTC)
    mail = Channel("mail", Webhook(Secret("http://127.0.0.1:1/")), digest="new")
    config = configured(
        tmp_path,
        sources=(source(), source("cache"), source("none", url="")),
        alerting=Alerting(channels=(HOOK, mail)),
    )
    fire = replace(build.incident(), id="f", state=State.FIRING, severity=Severity.CRITICAL)
    wait = replace(fire, id="p", state=State.PENDING, about=About.BLIND)
    late = replace(build.notice(), incident="f", created=now - timedelta(minutes=3), next_at=now)
    async with stage(config) as it:
        poll = replace(build.poll(), at=now - timedelta(seconds=40))
        it.history.record(Cycle(now, poll=poll, incidents=(fire, wait), notices=(late, late)))
        it.history.keep_channel(ChannelState("hook", HOOK.digest, disabled=now, error="it answered 404"))
        it.history.keep_channel(ChannelState("mail", "old", disabled=now, error="it answered 404"))
        found = await scraped(it)

    assert found[of("headroom_evidence_age_seconds", source="metrics")] == pytest.approx(40, abs=5)
    assert found[of("headroom_evidence_age_seconds", source="cache")] == float("inf")
    assert of("headroom_evidence_age_seconds", source="none") not in found
    counted = {labels: value for (name, labels), value in found.items() if name == "headroom_incidents"}
    assert len(counted) == 8
    assert {labels for labels, value in counted.items() if value} == {
        (("about", "breach"), ("severity", "critical"), ("state", "firing")),
        (("about", "blind"), ("severity", "critical"), ("state", "pending")),
    }
    assert found[of("headroom_outbox_waiting")] == 2
    assert found[of("headroom_outbox_oldest_seconds")] == pytest.approx(180, abs=5)
    assert found[of("headroom_channel_up", channel="hook")] == 0
    assert found[of("headroom_channel_up", channel="mail")] == 1  # changed since it failed
    assert found[of("headroom_history_up")] == 1


async def test_it_is_negotiated(tmp_path: Path) -> None:
    """OpenMetrics where it is asked for, as Prometheus does; plain text for all others."""
    asks = "application/openmetrics-text;version=1.0.0;q=0.75,text/plain;version=0.0.4;q=0.5"
    async with stage(configured(tmp_path)) as it:
        modern = await it.ask("/metrics", Accept=asks)
        others = [
            await it.ask("/metrics", Accept=each)
            for each in ("*/*", "", "text/plain;version=abc", "application/openmetrics;", ";;,=,")
        ]
        odd = await it.ask("/metrics", Accept="application/openmetrics-text;version=x.y;escaping=evil")

    assert modern.headers["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert odd.headers["content-type"] == modern.headers["content-type"]
    assert modern.text.endswith("# EOF\n")
    assert list(openmetrics(modern.text))
    for each in others:
        assert each.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert figures(each.text)


async def test_hostile_names_stay_inside_their_label(tmp_path: Path) -> None:
    """Quotes, lines, half a character and length: the text stays readable, and nothing is added to it."""
    config = configured(
        tmp_path,
        budget(HOSTILE, HOSTILE),
        sources=(source(HOSTILE),),
        alerting=Alerting(channels=(Channel(HOSTILE, Webhook(Secret("http://127.0.0.1:1/"))),)),
    )
    async with stage(config) as it:
        it.own.polled(HOSTILE, 0.1, HOSTILE)
        it.own.cycled(HOSTILE, 0.1)
        it.own.delivered(HOSTILE, HOSTILE)
        got = await it.ask("/metrics")
        modern = await it.ask("/metrics", Accept="application/openmetrics-text")

    wanted = ('a"b\\c\nd{x="1"} 7\u2028?' + "é" * 300)[:200]
    named = {dict(labels)["source"] for _, labels in figures(got.text) if "source" in dict(labels)}
    assert named == {wanted}
    assert all(line.startswith(("headroom_", "# ")) for line in got.text.split("\n")[:-1])
    assert list(openmetrics(modern.text))


async def test_without_the_history_the_rest_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """That it cannot be read is a figure of its own, and one line of the log for all scrapes."""
    async with stage(configured(tmp_path)) as it:
        it.history.close()
        damage(it.config)
        first, second = await scraped(it), await scraped(it)

    assert first[of("headroom_history_up")] == second[of("headroom_history_up")] == 0
    assert of("headroom_polls_total", source="metrics", result="ok") in first
    assert not any(name == "headroom_verdict" for name, _ in first)
    assert caplog.text.count("/metrics goes without what the history knows") == 1


async def test_a_history_that_hangs_holds_up_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each scrape ends in time, with what is known without it, and one thread is lost to it, not many."""
    monkeypatch.setattr(scrape, "PATIENCE", 0.2)
    async with stage(configured(tmp_path)) as it:
        end = asyncio.Event()
        loop = asyncio.get_running_loop()

        def hangs() -> list[object]:
            asyncio.run_coroutine_threadsafe(end.wait(), loop).result(20)
            raise HistoryError("it hung")

        monkeypatch.setattr(it.history, "standings", hangs, raising=False)
        begun = monotonic()
        answers = await asyncio.gather(*(it.ask("/metrics") for _ in range(10)), it.ask("/livez"))
        took = monotonic() - begun
        end.set()
        await asyncio.sleep(0.1)

    assert took < 1.5
    assert [each.status for each in answers] == [200] * 11
    assert all(figures(each.text)[of("headroom_history_up")] == 0 for each in answers[:-1])


async def test_many_scrapes_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is a moment old is not read again; what is older is."""
    monkeypatch.setattr(scrape, "KEPT", 0.5)
    async with stage(configured(tmp_path)) as it:
        first = await it.ask("/metrics")
        it.own.polled("metrics", 0.1, "ok")
        again = await asyncio.gather(*(it.ask("/metrics") for _ in range(20)))
        await asyncio.sleep(0.6)
        later = await it.ask("/metrics")

    polls = of("headroom_polls_total", source="metrics", result="ok")
    assert figures(first.text)[polls] == 0
    assert {each.text for each in again} == {first.text}
    assert figures(later.text)[polls] == 1


def linted(text: str) -> tuple[int, str]:
    """Return what Prometheus's own linter has to say."""
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=text.encode(), capture_output=True, check=False
    )
    return done.returncode, (done.stdout + done.stderr).decode()


async def test_promtool_has_nothing_to_say(tmp_path: Path) -> None:
    """Names, units and help texts are as Prometheus's own linter wants them."""
    async with stage(configured(tmp_path)) as it:
        it.history.record(Cycle(datetime.now(UTC), verdicts=(fresh(),)))
        text = (await it.ask("/metrics")).text

    assert linted(text) == (0, "")


async def test_a_real_prometheus_takes_it(tmp_path: Path) -> None:
    """Scraped with a token, and asked for what a rule would ask for."""
    async with stage(configured(tmp_path), Serving(port=0, token=Secret("t0ken"))) as it:
        it.history.record(Cycle(datetime.now(UTC), verdicts=(fresh(reason=Reason.OVER_LIMIT),)))
        it.own.polled("metrics", 0.02, "ok")
        job = {
            "job_name": "headroom",
            "static_configs": [{"targets": [it.place]}],
            "authorization": {"credentials": "t0ken"},
        }
        over, up = await asyncio.to_thread(_asked, tmp_path, job)

    assert over == [({**LOGIN, "outcome": "over", "__name__": "headroom_verdict"}, "1")]
    assert [value for _, value in up] == ["1"]


def _asked(folder: Path, job: dict[str, object]) -> tuple[list[tuple[dict[str, str], str]], ...]:
    with servers.prometheus(folder, [job]) as place:
        until = monotonic() + 15
        while monotonic() < until:
            over = _query(place, 'headroom_verdict{outcome="over"} == 1')
            if over:
                return over, _query(place, 'up{job="headroom"}')
        raise AssertionError("nothing was scraped")


def _query(place: str, query: str) -> list[tuple[dict[str, str], str]]:
    with urlopen(f"http://{place}/api/v1/query?{urlencode({'query': query})}", timeout=5) as answer:
        result = json.load(answer)["data"]["result"]
    return [
        (
            {name: value for name, value in one["metric"].items() if name not in {"job", "instance"}},
            one["value"][1],
        )
        for one in result
    ]


async def test_the_document_lists_every_metric(tmp_path: Path) -> None:
    """docs/monitoring.md names what is exposed, with its labels, and nothing that is not."""
    text = (Path(__file__).parents[2] / "docs" / "monitoring.md").read_text()
    rows = re.findall(r"^\| `(headroom_\w+)(?:\{([\w, ]+)\})?` \|", text, re.MULTILINE)
    async with stage(configured(tmp_path)) as it:
        it.history.record(Cycle(datetime.now(UTC), verdicts=(fresh(),)))
        families = list(plain((await it.ask("/metrics")).text))
    exposed = {
        (
            f"{family.name}_total" if family.type == "counter" else family.name,
            ", ".join(sorted({name for one in family.samples for name in one.labels} - {"le"})),
        )
        for family in families
    }

    assert {
        (name, ", ".join(sorted(labels.split(", "))) if labels else "") for name, labels in rows
    } == exposed
