"""Which errors a server counts: its own by name, those of scripts together, and too many not at all."""

from __future__ import annotations

import re

import pytest
import redis

from collectors.redis import fetch, info
from headroom import recorded
from headroom.evidence import Ratio
from headroom.observation import SourceError
from tests.redis_servers import SERVERS

from .asking import EVICTIONS, collecting, part
from .conftest import Start
from .server import Server

UNREAD = (
    "INFO errorstats gives more than is read of one answer, and is left out for an hour: which errors rose, "
    "refused writes (OOM) among them, is not known; scripts begin their errors with too many different "
    "words, and CONFIG RESETSTAT empties it"
)


def answer(server: Server, *words: str) -> None:
    """Let a script answer with an error for each of these, of which it is the first word."""
    with redis.Redis(port=server.port, protocol=2, driver_info=None) as client:
        asking = client.pipeline(transaction=False)
        for word in words:
            asking.eval("return {err=ARGV[1]..' x'}", 0, word)  # type: ignore[no-untyped-call]
        asking.execute(raise_on_error=False)


@pytest.mark.parametrize("which", SERVERS)
async def test_words_of_scripts_are_not_kept(start: Start, which: str) -> None:
    """A script may answer with the name of a key: what is no word of the servers' own is counted together."""
    server = start(which)
    async with collecting(server.url) as collector:
        before = await collector.fetch()
        answer(server, "PLANTEDKEY", "plantedSession:42", "CUSTOMER7", "WRONGTYPE", "PLANTEDKEY")
        after = await collector.fetch()
        reading = collector.difference(before, after)

    found = {
        dict(one.series.subject).get("error"): one.parts[0].evidence
        for one in reading.observations
        if one.series.measure == recorded.ERRORS
    }
    assert found == {None: Ratio(5, 5), "WRONGTYPE": Ratio(1, 5), "other": Ratio(4, 5)}
    for text in (after.dump().decode(), repr(after), repr(reading)):
        assert not re.search("planted|customer", text, re.IGNORECASE)


def test_garbled_counts_are_left_out() -> None:
    """Whatever stands behind the head, it is a name of nobody's."""
    text = b"errorstat_OOM:count=3\r\nerrorstat_:count=2\r\nerrorstat_ERRORSTATS_OVERFLOW:count=1\r\n"
    more = b"errorstat_ERR:count=x\r\nerrorstat_<script>:count=4\r\n"

    assert info.errors(info.fields(text + more)) == {"OOM": 3, "other": 7}


@pytest.mark.parametrize("which", ["6.2", "7.0"])
async def test_too_many_words_cost_the_errors_only(
    start: Start, which: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The poll goes on without that section, asks it again after an hour, and takes no old error for new."""
    server = start(which, maxmemory="100mb")
    now = 1000.0
    monkeypatch.setattr(fetch.time, "monotonic", lambda: now)
    async with collecting(server.url) as collector:
        answer(server, *(f"E{number:08}" for number in range(44_000)), "OOM")
        first = await collector.fetch()
        server.run("GET a")
        second = await collector.fetch()
        reading = collector.difference(first, second)
        now += 3599
        third = await collector.fetch()
        server.run("CONFIG RESETSTAT")
        answer(server, "OOM")
        fourth = await collector.fetch()
        now += 1
        last = await collector.fetch()

    assert UNREAD in reading.notes
    assert part(reading, EVICTIONS).evidence == Ratio(0, 1)
    assert [one.errors for one in (first, second, third, fourth)] == [{}] * 4
    assert last.errors == {"OOM": 1}
    assert UNREAD not in collector.difference(fourth, last).notes
    assert not [note for note in collector.difference(fourth, last).notes if "OOM" in note]


async def test_answer_that_stays_too_large_is_named(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is not the errors, the sentence still says what is too large."""
    monkeypatch.setattr("collectors.redis.replies.MOST_BYTES", 100)
    server = start()
    async with collecting(server.url) as collector:
        with pytest.raises(SourceError) as refused:
            await collector.fetch()

    assert refused.value.message == (
        f"127.0.0.1:{server.port} answers INFO with more than is read of one answer: in INFO mostly "
        "errorstats, which holds each word that scripts begin their errors with; CONFIG RESETSTAT empties it"
    )
