"""Parameters of a query that some servers know and others do not, asked of the real ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from collectors.prometheus import fetch
from collectors.prometheus.asked import Asked
from collectors.prometheus.wire.address import Address
from collectors.prometheus.wire.session import BoundedSession
from headroom.budgets import Reason
from headroom.observation import SourceError
from headroom.sources import Access
from tests import servers
from tests.collectors_prometheus.figures import RULES
from tests.collectors_prometheus.hostile import prometheus, serving

HONOURS_LIMIT = {"2.42": False, "2.53": False, "3.5": True, "victoria": False}
FIVE = " or ".join(f'label_replace(vector({n}), "n", "{n}", "", "")' for n in range(5))
"""Five series out of nothing."""


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Run one server of each kind that scrapes nothing."""
    with ExitStack() as stack:
        running = {
            version: stack.enter_context(
                servers.prometheus(tmp_path_factory.mktemp("prometheus"), [], binary=binary)
            )
            for version, binary in servers.PROMETHEUS.items()
        }
        victoria = servers.victoria_metrics(tmp_path_factory.mktemp("victoria"), [])
        yield {**running, "victoria": stack.enter_context(victoria)}


def asked(place: str, **params: str) -> tuple[list[Any], tuple[str, ...]]:
    """Return the series of an answer, and what the server says of its own completeness."""
    session = BoundedSession(Address(f"http://{place}", place, "", Access()))
    with session.within(10):
        answer = session.get(f"http://{place}/api/v1/query", params={"query": FIVE, **params})
    session.close()
    return answer.json()["data"]["result"], session.complaints


def values(series: list[Any]) -> list[str]:
    """Return what the series are, without the time."""
    return sorted(one["value"][1] for one in series)


@pytest.mark.parametrize("server", HONOURS_LIMIT)
def test_what_a_server_does_not_know_it_ignores(server: str, places: dict[str, str]) -> None:
    """Parameters for Thanos and VictoriaMetrics change nothing elsewhere, nor does one that nobody knows."""
    ours = {"partial_response": "false", "deny_partial_response": "1", "nocache": "1", "timeout": "5000ms"}

    plain, _ = asked(places[server])
    series, complaints = asked(places[server], **ours, limit="20001", headroom="knows")

    assert values(series) == values(plain) == ["0", "1", "2", "3", "4"]
    assert complaints == ()


@pytest.mark.parametrize("server", HONOURS_LIMIT)
def test_a_server_that_cuts_its_answer_says_so(server: str, places: dict[str, str]) -> None:
    """Either all series come, or a warning with them: cut in silence, it would look like fewer requests."""
    series, complaints = asked(places[server], limit="3")

    if HONOURS_LIMIT[server]:
        assert (len(series), complaints) == (3, ("results truncated due to limit",))
    else:
        assert (len(series), complaints) == (5, ())


@pytest.mark.parametrize("server", HONOURS_LIMIT)
def test_the_cap_on_series_is_ours_wherever_the_server_stands(server: str, places: dict[str, str]) -> None:
    """Asked for one series more than is read, every server shows that there are too many."""
    place = places[server]
    address = Address(f"http://{place}", place, "", Access())
    reader = fetch.Reader(address, Asked("metrics", place, 10, {}, RULES), 10, most_series=3)
    with reader._session.within(10), pytest.raises(SourceError) as caught:
        reader._range(FIVE, 1_790_000_000.0, len)
    reader.close()

    came = 4 if HONOURS_LIMIT[server] else 5
    assert (caught.value.reason, caught.value.message) == (
        Reason.NO_DATA,
        (
            f"too many series: {came} or more at {place}, and 3 are read at most; drop labels with many "
            "values, such as raw URLs as path"
        ),
    )


def test_what_a_server_notes_beside_a_whole_answer_is_a_remark() -> None:
    """Infos, such as that a metric might be no counter, make no answer incomplete."""
    with serving(prometheus(beside={"infos": ["metric might not be a counter"]})) as server:
        session = BoundedSession(Address(f"http://{server.place}", server.place, "", Access()))
        with session.within(5):
            session.get(f"http://{server.place}/api/v1/query", params={"query": "up"})
        session.close()

    assert (session.complaints, session.remarks) == ((), ("metric might not be a counter",))
