"""Looking at the keys of real servers: counts are exact, the duty is kept, and nothing is left behind."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from datetime import UTC, datetime
from time import perf_counter

import pytest

from collectors.redis.audited import read
from collectors.redis.census.pace import DUTY
from collectors.redis.own import ledger
from headroom.audit.redis.case import RedisCase
from headroom.audit.redis.facts import Prefix
from headroom.audit.redis.lives import lives
from headroom.audit.redis.rules import REDIS
from headroom.binomial import lower_limit, upper_limit
from headroom.checks import State
from headroom.policies import Policies
from tests.redis_servers import SERVERS

from .conftest import Start
from .planted import (
    NAME,
    POLICIES,
    REPORTS,
    SECRET,
    TOO_LONG,
    WITHOUT_EXPIRY,
    audited,
    census,
    client,
    plant,
    source,
)


def _told(prefix: Prefix) -> tuple[int, int, int, int]:
    return prefix.seen, prefix.asked, prefix.without_expiry, prefix.too_long


@pytest.mark.parametrize("which", SERVERS)
async def test_a_complete_pass_counts_exactly(start: Start, which: str) -> None:
    """Every key of every version is counted once, and our own look-ups are booked to the last one."""
    server = start(which)
    part = 1 if which == "7.0" else 10
    plant(server, part)
    with client(server) as asked:
        before = asked.info()
        facts, state = await audited(server)
        after = asked.info()
    found, own = census(facts), ledger(NAME)

    assert (found.complete, found.stopped) == (True, "")
    assert (found.keys, found.seen, found.other) == (20_000 // part, 20_000 // part, 0)
    assert [tuple(part * one for one in _told(prefix)) for prefix in found.prefixes] == [
        (12_000, 12_000, WITHOUT_EXPIRY, TOO_LONG),
        (5_000, 5_000, 0, 50),
        (3_000, 3_000, 0, 0),
    ]
    assert state == b""
    assert facts.denied == ()
    assert all(one.measured == 200 for one in found.prefixes)
    assert own.hits == after["keyspace_hits"] - before["keyspace_hits"] == 20_000 // part
    assert own.misses == after["keyspace_misses"] - before["keyspace_misses"] == 0
    # The client's own INFO that gave the first counters is in the second ones.
    assert own.commands == after["total_commands_processed"] - before["total_commands_processed"] - 1


async def test_lives_and_sizes(start: Start) -> None:
    """What is left of lives is told in seconds with its middle, and sizes as MEMORY USAGE gives them."""
    server = start()
    plant(server, 10)
    with client(server) as asked:
        size = asked.memory_usage(f"finance:report:{SECRET}:1111")
    reports = census((await audited(server))[0]).prefixes[0]

    assert reports.shortest is not None
    assert reports.middle is not None
    assert reports.longest is not None
    assert 3_500 < reports.shortest <= 3_600
    assert 3_600 * 0.9 < reports.middle < 3_600 * 1.05
    assert 7_100 < reports.longest <= 7_200
    assert size is not None
    assert abs(reports.bytes_mean - size) < 16
    assert reports.bytes_deviation < 16


async def test_a_short_deadline_and_what_follows(start: Start) -> None:
    """A part gives an interval that holds the truth; the audits after it go on to the end, counting once."""
    server = start()
    plant(server)
    facts, state = await audited(server, deadline=0.5)
    first = census(facts)
    reports = first.prefixes[0]

    assert (first.complete, first.random, first.stopped) == (False, True, "")
    assert 500 <= first.seen < 20_000
    for count, truth in ((reports.without_expiry, WITHOUT_EXPIRY), (reports.too_long, TOO_LONG)):
        # 99.9 %, so that chance fails this test once in a thousand runs of each
        low, high = (limit(count, reports.asked, 0.0005) for limit in (lower_limit, upper_limit))
        assert low <= truth / 12_000 <= high
    rounds = 1
    while state:
        assert rounds < 60
        facts, state = await audited(server, deadline=0.5, resume=state)
        rounds += 1
    last = census(facts)

    assert rounds > 2
    assert last.began == first.began
    assert last.complete
    assert [_told(one)[1:] for one in last.prefixes] == [
        (12_000, WITHOUT_EXPIRY, TOO_LONG),
        (5_000, 0, 50),
        (3_000, 0, 0),
    ]


async def test_the_duty(start: Start) -> None:
    """The server's own clock shows less than 5 % of a core for the scan and all that goes with it."""
    server = start()
    plant(server)
    with client(server) as asked:
        asked.config_resetstat()
        before, began = asked.info("cpu"), perf_counter()
        found = census((await audited(server))[0])
        wall = perf_counter() - began
        stats, after = asked.info("commandstats"), asked.info("cpu")
    ours = sum(one["usec"] for name, one in stats.items() if name.split("_")[1].split("|")[0] in _OURS) / 1e6
    cpu = sum(after[name] - before[name] for name in ("used_cpu_user", "used_cpu_sys"))

    assert 0 < ours < DUTY * wall
    assert cpu < 2 * DUTY * wall  # with all that the server does besides
    assert ours <= found.took < 1.1 * DUTY * wall


_OURS = ("scan", "pttl", "memory")


async def test_nothing_of_a_key_is_kept_or_told(
    start: Start, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither names nor values come out in facts, findings, state or logs, nor do our prefixes."""
    server = start()
    plant(server)
    caplog.set_level(logging.DEBUG)
    facts, state = await audited(server, deadline=0.5)
    found = [one for rule in REDIS for one in rule(RedisCase(facts, Policies(POLICIES)))]
    printed = capsys.readouterr()

    told = f"{facts} {found} {caplog.text} {printed.out} {printed.err} {state.decode()}"
    assert json.loads(state)["seen"] > 0
    assert SECRET not in told
    assert "finance:report" not in told.replace(repr(REPORTS), "")


async def test_a_pass_is_of_one_run_of_the_server(start: Start) -> None:
    """After a restart the order of keys is another one, and the pass begins anew."""
    server = start()
    plant(server)
    _, state = await audited(server, deadline=0.3)
    server.stop()
    server.start()
    server.run("SET finance:report:1 x")
    found = census((await audited(server, resume=state))[0])

    assert state
    assert (found.complete, found.seen) == (True, 1)


async def test_not_now(start: Start) -> None:
    """Where the caller says why not, no key is looked at, and what is known already is told on."""
    server = start()
    plant(server)
    facts, state = await audited(server, deadline=0.3)
    before = ledger(NAME).hits
    later, kept = await audited(server, resume=state, not_now="the budget of its memory is over")

    assert census(later).stopped == "the budget of its memory is over"
    assert census(later).prefixes == census(facts).prefixes
    assert kept == state
    assert ledger(NAME).hits == before


async def test_without_policies(start: Start) -> None:
    """Where nothing is declared of keys none is looked at; policies of other sources are not its own."""
    server = start()
    plant(server)
    facts, state = await audited(server, policies=())

    assert (facts.census, state, ledger(NAME).hits) == (None, b"", 0)
    assert facts.settings is not None
    assert facts.settings["appendfsync"] == "everysec"


async def test_keys_with_very_long_names(start: Start) -> None:
    """A name that is longer than an answer may be ends the pass with a sentence; the audit goes on."""
    server = start()
    with client(server) as asked:
        asked.set(b"k" * (3 << 20), "v")
    facts, _ = await audited(server)

    assert census(facts).stopped == "an answer to SCAN was longer than is read: keys have very long names"
    assert facts.version.startswith("7.0")


async def test_other_databases_are_told(start: Start) -> None:
    """The keys are those of the database that the URL names, and others are said to be left out."""
    server = start()
    server.run("SET finance:report:1 x", "SELECT 3", "SET finance:report:2 x EX 60", "SET finance:report:3 x")
    first, _ = await audited(server)
    third, _ = await audited(server, url=f"{server.url}/3")

    assert (census(first).seen, census(first).keys) == (1, 1)
    assert first.denied == (
        "2 keys in other databases (3) were not looked at: keys are those of database 0, which the URL names",
    )
    assert (census(third).seen, census(third).prefixes[0].without_expiry) == (2, 1)


async def test_a_save_that_begins_on_the_way(start: Start) -> None:
    """While the server saves, nothing is added to what it does."""
    server = start(rdb_key_save_delay="2000")
    plant(server)
    scan = asyncio.create_task(audited(server, deadline=20))
    await asyncio.sleep(0.5)
    server.run("BGSAVE")
    found = census((await scan)[0])
    again = census((await audited(server))[0])

    assert found.stopped == "it is saving: pages that change are copied while it does"
    assert 0 < found.seen < 20_000
    assert (again.stopped, again.seen) == (found.stopped, 0)


async def test_a_change_of_role(start: Start) -> None:
    """A server that becomes a replica is left alone at once."""
    server, primary = start(), start()
    plant(server)
    scan = asyncio.create_task(audited(server, deadline=20))
    await asyncio.sleep(0.5)
    server.run(f"REPLICAOF 127.0.0.1 {primary.port}")
    found = census((await scan)[0])

    assert found.stopped == "its role changed from master to slave"


async def test_a_server_that_hangs_on_the_way(start: Start) -> None:
    """The facts that were read stay, and the census says what became of it."""
    server = start()
    plant(server)
    scan = asyncio.create_task(audited(server, deadline=3))
    await asyncio.sleep(0.5)
    with server.hanging():
        facts, state = await scan

    assert census(facts).stopped.startswith(f"127.0.0.1:{server.port} did not answer within ")
    assert facts.settings
    assert state


@pytest.mark.parametrize("policy", ["noeviction", "volatile-lru", "allkeys-lru"])
async def test_a_server_that_is_nearly_full(start: Start, policy: str) -> None:
    """Nobody polled it, and yet no key is looked at on a server that is over the budget of its memory."""
    server = start()
    with client(server) as asked:
        asked.setrange("finance:report:1", 8 << 20, b"x")
        used = asked.info("memory")["used_memory"]
        asked.config_set("maxmemory", int(used / 0.93))
        asked.config_set("maxmemory-policy", policy)
    found = census((await audited(server))[0])

    if policy == "allkeys-lru":
        assert (found.stopped, found.seen) == ("", 1)
        return
    assert re.fullmatch(
        r"it takes 9[0-9](\.[0-9])?% of maxmemory, and evicts nothing, over 90%: its keys are left alone",
        found.stopped,
    )
    assert found.seen == 0


async def test_a_container_that_is_nearly_full(start: Start) -> None:
    """What the process has taken of its container counts under every policy, by the budget's own share."""
    server = start()
    with client(server) as asked:
        asked.set("finance:report:1", "x")
        rss = asked.info("memory")["used_memory_rss"]
    facts, _ = await read(
        source(server, memory_limit=int(rss / 0.7)), POLICIES, datetime.now(UTC), deadline=5, full=0.5
    )

    assert re.fullmatch(
        r"it takes [67][0-9]% of its container, over 50%: its keys are left alone", census(facts).stopped
    )


async def test_a_server_that_fills_up_on_the_way(start: Start) -> None:
    """The pass ends where the budget of its memory is over since."""
    server = start()
    plant(server)
    scan = asyncio.create_task(audited(server, deadline=20))
    await asyncio.sleep(0.1)
    with client(server) as asked:
        asked.config_set("maxmemory", int(asked.info("memory")["used_memory"] / 0.95))
    found = census((await scan)[0])

    assert found.stopped.startswith("it takes 9")
    assert found.seen > 0


async def test_lives_that_were_set_too_short(start: Start) -> None:
    """5,000 keys of a minute are found and counted, whatever one that lives an hour says."""
    server = start()
    with client(server) as asked:
        pipe = asked.pipeline(transaction=False)
        for number in range(5_000):
            pipe.set(f"finance:report:{number}", "x", ex=60)
        pipe.set("finance:report:fine", "x", ex=3600)
        pipe.execute()
    facts, _ = await audited(server, policies=(REPORTS,))
    (one,) = lives(RedisCase(facts))

    assert census(facts).prefixes[0].short == 5_000
    assert one.state is State.WARN
    assert one.found.startswith(
        "5,000 of 5,001 keys (100%) have less than 6 min left, where keys set to 1 h "
    )
