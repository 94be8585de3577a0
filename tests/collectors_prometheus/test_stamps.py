"""Targets that stamp their samples themselves, federation first of all: never idle while requests flow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from time import monotonic

from collectors.prometheus import build
from collectors.prometheus.snapshot import PrometheusSnapshot, load
from collectors.prometheus.stamps import Stamps
from headroom.evidence import Histogram
from headroom.observation import Collector, Quality
from headroom.sources import Secret, Source, SourceKind
from tests import servers
from tests.collectors_prometheus.figures import (
    LOGIN,
    METRIC,
    NOON,
    READ,
    RULES,
    Answer,
    absent,
    read,
    requests,
    seen,
    snapshot,
    told,
    up,
)
from tests.collectors_prometheus.real import Target

SENT = NOON + 0.5
"""When the origin scraped, which is no moment of the scrape that brings its samples."""
ORIGIN, FEDERATION = 0.4, 0.2
"""Seconds between two scrapes of the application, and between two of the Prometheus that scrapes it."""


def stamped(now: float, at: float, counters: Answer, every: float = 60.0) -> PrometheusSnapshot:
    """Return a reading of a target scraped a second ago, whose samples end at `at`, and are `every` apart."""
    whole = snapshot(now, counters=counters, health=up(now - 1))
    for series in counters:
        series["values"].insert(0, [at - every, "0"])
    stamps = Stamps()
    sets = whole.histograms[METRIC].sets
    stamps.see(counters, [(one.target, one.at) for one in sets], whole.scrapes)
    return replace(whole, scrapes=stamps.marked(whole.scrapes))


def test_older_samples_of_an_own_stamp_are_no_idleness() -> None:
    """Without a newer one there is no evidence; a newer one is an ordinary increment, even after a minute."""
    one = stamped(NOON + 31, SENT, requests(SENT, 0, 0, 100))
    same = stamped(NOON + 46, SENT, requests(SENT, 0, 0, 100))
    next_one = stamped(NOON + 76, SENT + 60, requests(SENT + 60, 0, 0, 400))

    assert told(read(one, same), LOGIN) == []
    (part,) = seen(read(same, next_one), LOGIN)
    assert isinstance(part.evidence, Histogram)
    assert (part.quality, part.evidence.counts, part.detail) == (Quality.EXACT, (0, 0, 300, 0, 0, 0, 0), "")


def test_samples_that_end_are_stale_after_some_of_their_own_periods() -> None:
    """However well the scrapes go that bring them."""
    before = stamped(NOON + 120, SENT, requests(SENT, 0, 0, 100))
    patient = stamped(NOON + 132, SENT, requests(SENT, 0, 0, 100))
    after = stamped(NOON + 133, SENT, requests(SENT, 0, 0, 100))

    assert told(read(before, patient), LOGIN) == []
    assert absent(read(patient, after), LOGIN) == (
        "stale",
        "the newest sample of erp (a:80) is 132 s old, of 12:00:00 UTC; does Prometheus still scrape it?",
    )


def test_a_class_without_series_is_not_idle_for_the_news_of_others() -> None:
    """The origin that gives it may be gone, which the scrape of what passes it on does not tell."""
    before = stamped(NOON + 31, SENT, requests(SENT, 0, 0, 100))
    after = stamped(NOON + 91, SENT + 60, requests(SENT + 60, 0, 0, 400))

    assert told(read(before, after), READ) == []


def test_a_series_that_is_passed_on_anew_is_a_baseline() -> None:
    """It appears when the server between was mended, and counted long before."""
    before = stamped(NOON + 31, SENT, requests(SENT, 0, 0, 100))
    both = requests(SENT + 60, 0, 0, 400) + requests(SENT + 60, 90_000, path="/x", method="GET")
    after = stamped(NOON + 76, SENT + 60, both)

    assert absent(read(before, after), READ) == ("no data", "one reading so far; a difference needs two")


def test_samples_of_a_scrape_are_no_own_stamps() -> None:
    """Not even where they are those of an older scrape: the target gives the series no more."""
    counters = requests(NOON - 15, 0, 0, 100)
    whole = snapshot(NOON + 1, counters=counters, health=up(NOON))
    stamps = Stamps()
    stamps.see(counters, [(("erp", "a:80"), NOON - 15)], whole.scrapes)

    assert [one.own for one in stamps.marked(whole.scrapes).values()] == [None]


def test_a_snapshot_keeps_who_stamps() -> None:
    """A monitor that restarts would otherwise take the first minute for silence."""
    one = stamped(NOON + 31, SENT, requests(SENT, 0, 0, 100))

    loaded = load(one.dump())

    assert loaded == one
    assert [scrape.own for scrape in loaded.scrapes.values()] == [60.0]
    stamps = Stamps()
    stamps.remember(loaded)
    stamps.begin()
    assert stamps.own(("erp", "a:80"))


def test_a_scrape_that_ends_while_it_is_read_is_no_own_stamp() -> None:
    """Its samples are newer than the newest scrape that was read a moment before them."""
    whole = snapshot(NOON + 1, counters=requests(NOON + 1, 0, 0, 100), health=up(NOON))
    stamps = Stamps()
    stamps.see([], [(("erp", "a:80"), NOON + 1)], whole.scrapes)

    assert [one.own for one in stamps.marked(whole.scrapes).values()] == [None]


def sampled(snapshot: PrometheusSnapshot) -> float:
    """Return when the only label set was sampled."""
    (one,) = snapshot.histograms[METRIC].sets
    return one.at


async def newer(asking: Collector, before: PrometheusSnapshot | None) -> AsyncIterator[PrometheusSnapshot]:
    """Poll until there are samples that are newer than before; yield every snapshot on the way."""
    deadline = monotonic() + 20
    while True:
        after = await asking.fetch()
        assert isinstance(after, PrometheusSnapshot)
        yield after
        if after.histograms[METRIC].sets and (before is None or sampled(after) > sampled(before)):
            return
        assert monotonic() < deadline, "nothing new within 20 s"
        await asyncio.sleep(0.05)


async def test_a_federated_application_is_counted_to_the_integer(tmp_path: Path) -> None:
    """One Prometheus federates the other without honor_labels: no poll in between says idle."""
    (tmp_path / "origin").mkdir()
    (tmp_path / "outer").mkdir()
    qualities: list[tuple[Quality, int]] = []
    with Target() as target:
        target.text = exposed(0)
        scraped = servers.scraping({"erp": [target.address]})
        with servers.prometheus(tmp_path / "origin", scraped, period=ORIGIN) as origin:
            federation = {
                "job_name": "federate",
                "metrics_path": "/federate",
                "params": {"match[]": ['{job="erp"}']},
                "static_configs": [{"targets": [origin]}],
            }
            with servers.prometheus(tmp_path / "outer", [federation], period=FEDERATION) as place:
                source = Source(
                    "metrics", SourceKind.PROMETHEUS, Secret(f"http://{place}"), timedelta(seconds=1)
                )
                asking = build(source, {LOGIN: (0.2, 0.5)}, RULES)
                before = [one async for one in newer(asking, None)][-1]
                for number in range(1, 5):
                    target.text = exposed(number * 50)
                    await asyncio.sleep(2 * ORIGIN)
                    async for after in newer(asking, before):
                        reading = asking.difference(before, after)
                        if sampled(after) == sampled(before):
                            assert told(reading, LOGIN) == []
                        qualities += [
                            (part.quality, part.evidence.n)
                            for part in seen(reading, LOGIN)
                            if isinstance(part.evidence, Histogram)
                        ]
                        before = after
                await asking.close()

    assert before.scrapes["federate", origin].own is not None
    assert {quality for quality, _ in qualities} == {Quality.EXACT}
    assert sum(n for _, n in qualities) == 200


def exposed(count: int) -> str:
    """Return the exposition of one label set with so many requests between 0.1 and 0.5 s."""
    labels = 'method="POST",path="/auth/login",status="200"'
    return (
        f"# TYPE {METRIC} histogram\n"
        f'{METRIC}_bucket{{{labels},le="0.1"}} 0\n'
        f'{METRIC}_bucket{{{labels},le="0.5"}} {count}\n'
        f'{METRIC}_bucket{{{labels},le="+Inf"}} {count}\n'
        f"{METRIC}_sum{{{labels}}} {count * 0.25}\n"
        f"{METRIC}_count{{{labels}}} {count}\n"
    )
