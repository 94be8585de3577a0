"""Raw URLs as path are told from routes, and from births that have another cause."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from collectors.prometheus.faults.raw_paths import pattern_of, too_many
from collectors.prometheus.snapshot import PrometheusSnapshot
from headroom.observation import Reading
from tests.collectors_prometheus.figures import (
    EVERY,
    METRIC,
    NOON,
    READ,
    absent,
    joined,
    read,
    requests,
    snapshot,
    up,
)

ADVICE = (
    "raw URLs as path make new series without end, which rate() never sees; "
    "fix: label requests with their route, such as /users/:id"
)


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        ("/users/17", "/users/*"),
        ("/users/17/orders/4", "/users/*/orders/*"),
        ("/files/3f2504e0-4f89-11d3-9a0c-0305e82c3301", "/files/*"),
        ("/files/3F2504E04F8911D39A0C0305E82C3301", "/files/*"),
        ("/commits/9fceb02d0ae598e95dc970b74767f19372d61af8", "/commits/*"),
        ("/share/dQw4w9WgXcQ8hT2mKp1z", "/share/*"),
        ("/orders/order-12345", "/orders/order-*"),
        ("/static/app.3f2a91bc.js", "/static/app.*.js"),
        ("/users/:id", "/users/:id"),
        ("/users/{id}", "/users/{id}"),
        ("/users/<int:id>", "/users/<int:id>"),
        ("/api/v2/en-us/top-10", "/api/v2/en-us/top-10"),
        ("/oauth2/callback", "/oauth2/callback"),
        ("/reports/sales-by-region", "/reports/sales-by-region"),
        ("/facade/effaced", "/facade/effaced"),
        ("", ""),
        ("/", "/"),
    ],
)
def test_what_is_an_id(path: str, pattern: str) -> None:
    """Numbers, UUIDs, long hex and tokens are; versions, languages, words and parameters are not."""
    assert pattern_of(path) == pattern


def poll(at: float, paths: Iterable[str], count: int = 1) -> PrometheusSnapshot:
    """Return a snapshot in which each path has counted so many reads."""
    counters = joined(requests(at, count, path=path, method="GET") for path in paths)
    return snapshot(at + 1, counters=counters, health=up(at))


def grown(
    before: list[str], after: list[str], counts: tuple[int, int] = (3, 3), age: float | None = 3600
) -> Reading:
    """Return what is told when paths are added; each old one has counted so much before and after.

    `age` is that of the process at the second poll, in seconds.
    """
    later = NOON + EVERY
    old = joined(requests(later, counts[1], path=path, method="GET") for path in before)
    new = joined(requests(later, 1, path=path, method="GET") for path in after)
    return read(
        poll(NOON, before, counts[0]),
        snapshot(
            later + 1,
            counters=old + new,
            health=up(later, started=None if age is None else later + 1 - age),
        ),
        READ,
    )


def users(start: int, end: int) -> list[str]:
    """Return the URLs of users."""
    return [f"/users/{number}" for number in range(start, end)]


def test_paths_that_come_without_end_blind_with_the_figures() -> None:
    """1,272 URLs of twelve routes are known, and forty come in fifteen seconds."""
    known = [f"/{word}/{n}" for word in "abcdefghijkl" for n in range(106)]
    new = [f"/a/{n}" for n in range(1000, 1040)]

    assert absent(grown(known, new, (3, 3)), READ) == (
        "broken instrumentation",
        (
            f"1,312 paths of {METRIC} are 12 once ids are taken out (/a/0 ...), and 40 of them were new in "
            f"this interval: {ADVICE}"
        ),
    )


def test_a_start_is_no_growth() -> None:
    """At the first sight of a process everything is new."""
    assert absent(grown(users(0, 49), users(100, 140)), READ) is None
    assert absent(grown(users(0, 50), users(100, 140)), READ) is not None


def test_a_known_set_of_ids_is_left_alone() -> None:
    """Ninety tenants by number in the path are many, but they are all there are."""
    assert absent(grown(users(0, 90), [], (100, 200)), READ) is None
    assert absent(grown(users(0, 90), users(90, 94), (100, 200)), READ) is None


def test_a_few_new_ones_among_much_traffic_are_left_alone() -> None:
    """Five of 105 events are under a twentieth; five of 100 are one."""
    assert absent(grown(users(0, 100), users(100, 105), (3, 4)), READ) is None
    assert absent(grown(users(0, 95), users(100, 105), (3, 4)), READ) is not None


def test_four_new_ones_are_a_rare_page() -> None:
    """Of 54 events four are more than a twentieth, and yet too few to tell."""
    assert absent(grown(users(0, 50), users(100, 104), (3, 4)), READ) is None
    assert absent(grown(users(0, 50), users(100, 105), (3, 4)), READ) is not None


def test_little_traffic_is_no_measure() -> None:
    """Nineteen events in all, all of new paths: the next interval will tell."""
    assert absent(grown(users(0, 99), users(100, 119)), READ) is None
    assert absent(grown(users(0, 99), users(100, 120)), READ) is not None


def test_tenants_that_come_one_by_one_after_a_start_are_left_alone() -> None:
    """A hundred and seventy known tenants: in the first five minutes each is new once."""
    assert absent(grown(users(0, 130), users(130, 170), age=299), READ) is None
    assert absent(grown(users(0, 130), users(130, 170), age=300), READ) is not None


def test_without_a_known_start_the_paths_decide() -> None:
    """A process that does not tell when it began is not taken for a young one."""
    assert absent(grown(users(0, 49), users(200, 240), age=None), READ) is None
    assert absent(grown(users(0, 50), users(200, 240), age=None), READ) is not None


def test_paths_asked_once_prove_nothing_without_growth() -> None:
    """The files of a page are many, each asked once, and there are no more of them."""
    assert absent(grown(users(0, 170), [], (1, 1)), READ) is None


def test_thousands_are_too_many_however_slowly_they_come() -> None:
    """Two thousand URLs are eighteen thousand series already."""
    said = absent(grown(users(0, 2000), [], (9, 9)), READ)
    assert said is not None
    assert said[1].startswith(
        f"2,000 paths of {METRIC} are 1 once ids are taken out (/users/0 ...), which are "
    )
    assert absent(grown(users(0, 1999), [], (9, 9)), READ) is None


def test_routes_with_numbers_in_them_are_left_alone() -> None:
    """Forty words in four numbered versions fall together by fours: declared so, not asked so."""
    routes = [f"/{version}/{word}-list" for version in range(1, 5) for word in WORDS]
    new = [f"/{version}/{word}-list" for version in range(5, 6) for word in WORDS[:9]]

    assert absent(grown(routes, new, (3, 4)), READ) is None


WORDS = [first + second for first in "abcdefgh" for second in "vwxyz"]


def test_probes_do_not_count() -> None:
    """What is no traffic of users is not looked at, whatever its path."""
    paths = [f"/health/{number}" for number in range(120)]
    assert absent(grown(paths, [f"/health/{number}" for number in range(120, 300)], (1, 1)), READ) is None


def test_a_path_cannot_break_the_sentence() -> None:
    """A hostile path is shown shortened and in one line."""
    paths = [f"/{'x' * 150}\n/{number}" for number in range(100)]
    said = absent(grown(paths, [f"/y{{}}\t%s/{number}" for number in range(30)]), READ)

    assert said is not None
    assert "(/y{} %s/0 ...)" in said[1]
    assert "\n" not in said[1]


def test_too_many_series_are_put_down_to_urls_where_they_are_urls() -> None:
    """Where an answer is refused for its size, the paths in it tell whether URLs are to blame."""
    assert too_many(METRIC, users(0, 3080)) == (
        f"at least 3,080 paths of {METRIC} are 1 once ids are taken out (/users/0 ...): {ADVICE}"
    )
    assert too_many(METRIC, [f"/search?token=s3cret{number}" for number in range(50)]) == (
        f"at least 50 paths of {METRIC} are 1 once ids are taken out (/search ...): {ADVICE}"
    )
    assert too_many(METRIC, [f"/{word}" for word in WORDS]) == ""
