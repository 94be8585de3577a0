"""The worst of several: never better than any of them, whatever their order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from collectors.prometheus.worst import MOST, Use, tell_worst, worst_of
from headroom.evidence import Gauge
from headroom.observation import Series

SERIES = Series("metrics", "container_memory")
SHARES = st.lists(st.floats(0, 2), min_size=1, max_size=MOST + 30)


def uses_of(shares: list[float]) -> list[Use]:
    """Return uses of so much, each under a name of its own."""
    return [
        Use((("container", f"c{place:03}"),), f"c{place:03}", 0.0, 15.0, Gauge.sample(share, 15.0), share)
        for place, share in enumerate(shares)
    ]


@given(SHARES, st.data())
def test_the_worst_is_the_largest_and_does_not_depend_on_the_order(
    shares: list[float], data: st.DataObject
) -> None:
    """A law: nothing used more, and another order names the same."""
    uses = uses_of(shares)
    worst = worst_of(uses)
    other = data.draw(st.permutations(uses))

    assert worst.share == max(shares)
    assert worst_of(other) == worst


@given(SHARES)
def test_whoever_is_not_told_one_by_one_used_no_more_than_any_that_is(shares: list[float]) -> None:
    """And all are counted."""
    whole, *each = tell_worst(SERIES, uses_of(shares), "containers")
    told = [one.parts[0].evidence.last for one in each if isinstance(one.parts[0].evidence, Gauge)]

    assert len(told) == min(len(shares), MOST)
    assert sorted(told, reverse=True) == sorted(shares, reverse=True)[:MOST]
    assert isinstance(whole.parts[0].evidence, Gauge)
    assert whole.parts[0].evidence.last == max(shares)
    assert ("not told one by one" in whole.parts[0].detail) == (len(shares) > MOST)
