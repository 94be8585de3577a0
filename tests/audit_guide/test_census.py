"""When keys are looked at, by whom, and what is kept of it; on a real server."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis as client

from collectors.redis import own
from headroom.audit.finding import Finding
from headroom.audit.redis.facts import Census, Prefix, RedisFacts
from headroom.audit.redis.kept import Kept, dump, load
from headroom.budgets import Outcome, Reason, Severity, Statistic, Unit, Verdict, Window
from headroom.checks import State
from headroom.config import Config
from headroom.config import load as load_config
from headroom.history import OK, Poll, Standing, open_history
from headroom.history.actions import PROBED
from headroom.policies import KeyPolicy, Policies
from headroom.sources import Secret, Source, SourceKind
from monitor.audit.audit import audit_sources
from monitor.audit.redis import Keys, not_now, read
from monitor.cycle import Cycles
from monitor.writer import Writer
from tests.audit_indexes.test_command import config
from tests.collectors_redis.server import Server

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
REPORTS = KeyPolicy(
    "finance-reports",
    "cache",
    b"finance:report:",
    timedelta(hours=1),
    timedelta(hours=1),
    "Cache-Aside Pattern",
)
OTHERS = KeyPolicy("distributed", "cache", b"", timedelta(hours=1), timedelta(hours=24), "Cache Layers")
Start = Callable[..., Server]


def poll(*, ago: float = 10.0, took: float = 0.01, result: str = OK) -> Poll:
    """Return a poll of the source "cache"."""
    return Poll("cache", "e", NOW - timedelta(seconds=ago), timedelta(seconds=took), result)


def standing(outcome: Outcome, *, source: str = "cache", ago: float = 10.0) -> Standing:
    """Return the latest verdict on a budget of a source."""
    at = NOW - timedelta(seconds=ago)
    verdict = Verdict(
        "resource.redis_memory", "target", Statistic.AVERAGE, Severity.WARNING, (), source, outcome,
        Reason.OVER_LIMIT if outcome is Outcome.OVER else Reason.WITHIN_LIMIT, "", Unit.SHARE, 0.8,
        Window(at, at, 1.0), at,
    )  # fmt: skip
    return Standing(verdict, at, 1)


@pytest.mark.parametrize(
    ("polls", "standings", "why"),
    [
        ([poll()], [standing(Outcome.MET)], ""),
        ([], [], ""),
        (
            [poll(), poll(ago=75, result="unreachable")], [],
            "a poll failed 1 min 15 s ago (unreachable): its keys are left alone",
        ),
        (
            [poll(took=0.25)], [],
            "a poll took 250 ms, over 100 ms: the server is slow, and its keys are left alone",
        ),
        (
            [poll()], [standing(Outcome.OVER)],
            "resource.redis_memory is over: the keys are left alone until it is met again",
        ),
        ([poll()], [standing(Outcome.OVER, source="other")], ""),
        ([poll()], [standing(Outcome.OVER, ago=3600)], ""),
    ],
)  # fmt: skip
def test_not_now(polls: list[Poll], standings: list[Standing], why: str) -> None:
    """A server that is slow, fails, or is over a budget is not bothered; old verdicts stop nobody."""
    assert not_now("cache", polls, standings, NOW) == why


def census() -> Census:
    """Return one of two policies."""
    return Census(
        NOW - timedelta(minutes=2), NOW - timedelta(minutes=1), complete=True, keys=5, seen=5, random=True,
        prefixes=(Prefix(REPORTS, 3, 3, 1, 0, 10.0, 20.0, 30.0, 3, 100.0, 1.5), Prefix(OTHERS)), other=2,
        took=0.25, stopped="",
    )  # fmt: skip


def test_kept_and_read_again() -> None:
    """A census comes back as it was, and what to resume from; no prefix is in the bytes."""
    facts = RedisFacts("cache", NOW, census=census())

    data = dump(facts, b'{"cursor": "\xff"}')

    assert load(data, (REPORTS, OTHERS), "cache") == Kept(census(), b'{"cursor": "\xff"}')
    assert b"finance" not in data
    assert load(dump(RedisFacts("cache", NOW), b""), (), "cache") == Kept()


@pytest.mark.parametrize(
    "policies",
    [
        (REPORTS,),
        (OTHERS, REPORTS),
        (replace(REPORTS, prefix=b"x"), OTHERS),
        (replace(REPORTS, most=None), OTHERS),
    ],
)
def test_other_policies_have_no_census(policies: tuple[KeyPolicy, ...]) -> None:
    """Figures of one policy are never shown as another's."""
    kept = load(dump(RedisFacts("cache", NOW, census=census()), b"x"), policies, "cache")
    assert kept == Kept(None, b"x")


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"null", b'{"form": 2}', b'{"form": 1, "census": {}}', b"\xff"]
)
def test_bytes_of_nobody(data: bytes) -> None:
    """Another release's bytes, or none, are nothing to go on from."""
    assert load(data, (REPORTS, OTHERS), "cache") == Kept()


def of_cache(tmp_path: Path, server: Server) -> Config:
    """Return a configuration with a Redis and two policies of keys."""
    loaded = load_config(config(tmp_path))
    source = Source("cache", SourceKind.REDIS, Secret(server.url), timedelta(seconds=15))
    return replace(loaded, sources=(source,), policies=Policies(keys=(REPORTS, OTHERS)))


def filled(server: Server) -> None:
    """Store reports, of which one never expires."""
    with client.Redis(port=server.port) as keys:
        for number in range(20):
            keys.set(f"finance:report:{number}", "x", ex=3600)
        keys.set("finance:report:eternal", "x")


def of_rule(found: tuple[Finding, ...], rule: str) -> Finding:
    """Return the finding about the reports."""
    (one,) = [one for one in found if one.rule == rule and ("policy", "finance-reports") in one.subject]
    return one


async def test_the_command_looks_where_nobody_collects(start: Start, tmp_path: Path) -> None:
    """A key without expiry is found and counted."""
    server = start()
    filled(server)
    loaded = of_cache(tmp_path, server)

    report = await audit_sources(loaded, loaded.sources)

    found = of_rule(report.findings, "caching.expiry")
    assert (found.state, found.found.partition(" (")[0]) == (State.FAIL, "1 of 21 keys")


async def test_the_command_never_looks_beside_a_collecting_process(start: Start, tmp_path: Path) -> None:
    """Its look-ups would count as the application's; what was recorded is told with its age."""
    server = start()
    filled(server)
    loaded = of_cache(tmp_path, server)
    with open_history(loaded.history, collecting=True) as history:
        with client.Redis(port=server.port) as asked:
            before = asked.info("stats")["keyspace_hits"]
        nothing = await audit_sources(loaded, loaded.sources)
        at = datetime.now(UTC)
        facts, resume = await read(loaded.sources[0], loaded, Keys(), at)
        assert facts.census is not None
        earlier = replace(facts.census, ended=at - timedelta(minutes=12))
        history.record_audit("cache", at, (), dump(replace(facts, census=earlier), resume))
        with client.Redis(port=server.port) as asked:
            looked = asked.info("stats")["keyspace_hits"]
        report = await audit_sources(loaded, loaded.sources)
        with client.Redis(port=server.port) as asked:
            after = asked.info("stats")["keyspace_hits"]

    not_yet = of_rule(nothing.findings, "caching.expiry")
    assert (not_yet.state, not_yet.found) == (
        State.CANNOT_CHECK,
        "no key was looked at: the collecting process does it once an hour, and has not done it yet",
    )
    found = of_rule(report.findings, "caching.expiry")
    assert found.state is State.FAIL
    assert found.found.endswith(" (the collecting process looked at the keys 12 min ago)")
    assert before == 0
    assert looked == after == 21


async def test_one_that_must_be_left_alone(start: Start, tmp_path: Path) -> None:
    """The reason is told instead of the keys, and what was seen before is not lost."""
    server = start()
    filled(server)
    loaded = of_cache(tmp_path, server)

    facts, _ = await read(loaded.sources[0], loaded, Keys(not_now="it is slow"), NOW)

    assert facts.census is not None
    assert (facts.census.seen, facts.census.stopped) == (0, "it is slow")


async def test_no_age_of_what_was_not_looked_at(start: Start, tmp_path: Path) -> None:
    """Where the collecting process saw no key, nothing is said of when it did."""
    server = start()
    loaded = of_cache(tmp_path, server)
    with open_history(loaded.history, collecting=True) as history:
        at = datetime.now(UTC)
        facts, resume = await read(loaded.sources[0], loaded, Keys(not_now="it is slow"), at)
        history.record_audit("cache", at, (), dump(facts, resume))
        report = await audit_sources(loaded, loaded.sources)

    assert of_rule(report.findings, "caching.expiry").found == "no key was looked at: it is slow"


async def test_what_the_command_looked_up_is_nobodys_hit(start: Start, tmp_path: Path) -> None:
    """After an audit between two collecting processes the second begins anew; without one it goes on."""
    server = start()
    filled(server)
    loaded = of_cache(tmp_path, server)
    own._LEDGERS.clear()

    async def collected() -> bool:
        """Poll once, as a new process, and tell whether it went on from the previous one's reading."""
        with open_history(loaded.history, collecting=True) as history, closing(Writer()) as writer:
            cycles = Cycles(loaded, history, writer, committed=lambda _: None)
            await cycles.resume()
            (feed,) = cycles.feeds
            known = feed.snapshot is not None
            assert await cycles.poll(feed)
            await cycles.close()
        return known

    assert [await collected(), await collected()] == [False, True]
    await audit_sources(loaded, loaded.sources)
    with closing(open_history(loaded.history, collecting=False)) as history:
        (action,) = history.actions((PROBED,))
        assert (action.person, action.body["source"], action.body["hits"]) == ("headroom", "cache", "21")
    assert [await collected(), await collected()] == [False, True]
