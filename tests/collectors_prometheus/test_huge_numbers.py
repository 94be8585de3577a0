"""Numbers that no float holds, wherever a server could put one: each ends in an ordinary sentence."""

from __future__ import annotations

import json
from time import time

import pytest

from headroom.observation import SourceError
from tests.collectors_prometheus.figures import LOGIN, METRIC, absent
from tests.collectors_prometheus.hostile import Server, Write, collector, says, serving

HUGE = "1" * 400
STRANGE = "what answers at {} is no Prometheus: {}; is the address right?"


def answering(**answers: str) -> object:
    """Return the behaviour of a server that answers so to time, up, counters and count; well to the rest."""

    def behaviour(server: Server, write: Write, query: str) -> bool:
        now = time()
        kind = "counters"
        if query == "time()":
            kind = "time"
        elif "process_start" in query:
            kind = "up"
        elif query.startswith("count by"):
            kind = "count"
        usual = {"time": json.dumps([now, str(now)]), "up": "[]", "counters": "[]", "count": "[]"}
        result = answers.get(kind, usual[kind]).replace("NOW", repr(now - 1)).replace("HUGE", HUGE)
        return says(f'{{"status":"success","data":{{"resultType":"matrix","result":{result}}}}}')(
            server, write, query
        )

    return behaviour


BUCKET = f'"__name__":"{METRIC}_bucket","job":"erp","instance":"a:80","method":"POST","path":"/auth/login"'


@pytest.mark.parametrize(
    ("answers", "what"),
    [
        ({"time": "[1,HUGE]"}, "no time in answer to time()"),
        ({"time": "[1,1e999]"}, "no time in answer to time()"),
        ({"time": '[{"value":[1,HUGE]}]'}, "no time in answer to time()"),
        (
            {"up": '[{"metric":{"__name__":"up"},"values":[[HUGE,"1"],[NOW,"1"]]}]'},
            "samples of up of another form",
        ),
        (
            {"up": '[{"metric":{"__name__":"up"},"values":[[HUGE,"1"]]}]'},
            "samples of another time or type than was asked for",
        ),
        (
            {"counters": f'[{{"metric":{{{BUCKET},"le":"1"}},"values":[[HUGE,"1"],[NOW,"NaN"]]}}]'},
            "samples of another time or type than was asked for",
        ),
        (
            {"counters": f'[{{"metric":{{{BUCKET},"le":"1"}},"values":[[-1e300,"1"],[NOW,"NaN"]]}}]'},
            "samples of another time or type than was asked for",
        ),
        (
            {"counters": f'[{{"metric":{{{BUCKET},"le":HUGE}},"values":[[NOW,"1"]]}}]'},
            "labels that are no texts",
        ),
        (
            {
                "counters": "[" + ",".join(["1"] * 20_005) + "]",
                "count": '[{"metric":{"job":"a","instance":"b"},"value":[1,1e999]}]',
            },
            "a count of another form (OverflowError)",
        ),
    ],
)
async def test_a_number_that_no_float_holds_is_a_strange_answer(answers: dict[str, str], what: str) -> None:
    """The poll ends with the sentence about what is no Prometheus, and no other error."""
    with serving(answering(**answers)) as server:  # type: ignore[arg-type]
        asking = collector(server.place)
        with pytest.raises(SourceError) as caught:
            await asking.fetch()
        await asking.close()

    assert caught.value.message == STRANGE.format(server.place, what)


async def test_a_bound_that_no_float_holds_is_one_without_end() -> None:
    """Spelled as a text it is +Inf twice, which is said."""
    bounds = "".join(f'{{"metric":{{{BUCKET},"le":"{le}"}},"values":[[NOW,"1"]]}},' for le in (HUGE, "+Inf"))
    with serving(answering(counters=f"[{bounds[:-1]}]")) as server:  # type: ignore[arg-type]
        asking = collector(server.place)
        first, second = await asking.fetch(), await asking.fetch()
        await asking.close()

    assert absent(asking.difference(first, second), LOGIN) == (
        "broken instrumentation",
        f"{METRIC} of POST /auth/login of erp (a:80): it has one bucket twice under two spellings of le",
    )
