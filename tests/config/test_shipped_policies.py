"""The shipped budgets.yaml declares the guide's lives of keys, its table of invalidation, and its doors."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from headroom.budgets import Kind, Measure
from headroom.config import Config, load
from headroom.policies import Application, Invalidation, KeyPolicy, LayerPolicy

SHIPPED = Path(__file__).parents[2] / "budgets.yaml"
TABLE = """
| User preferences  | User updates preferences     | Immediate invalidation |
| Financial reports | New transaction created      | Immediate invalidation |
| Dashboard metrics | Any metrics-affecting change | Immediate invalidation |
| Service catalog   | Catalog updated              | Immediate invalidation |
| Tenant config     | Admin updates config         | Immediate invalidation |
"""


@pytest.fixture(scope="module", name="config")
def _config() -> Config:
    return load(SHIPPED, {})


def test_lives_of_keys(config: Config) -> None:
    """REPORT_CACHE_TTL is exactly an hour, and all else in Redis lives from one hour to a day."""
    hour, day = timedelta(hours=1), timedelta(days=1)
    assert config.policies.keys == (
        KeyPolicy(
            *("finance-reports", "erp-cache", b"finance:report:", hour, hour),
            "Caching Strategy, Cache-Aside Pattern",
        ),
        KeyPolicy("distributed", "erp-cache", b"", hour, day, "Caching Strategy, Cache Layers"),
    )
    assert config.policies.layers == ()


def test_the_layer_in_the_comments_works(tmp_path: Path) -> None:
    """Uncommented, the in-memory layer is the guide's 5 to 30 seconds."""
    path = tmp_path / "budgets.yaml"
    path.write_text(re.sub(r"(?m)^  # (- name: in-memory|  [a-z]+: )", r"  \1", SHIPPED.read_text()))
    least, most = timedelta(seconds=5), timedelta(seconds=30)
    assert load(path, {}).policies.layers == (
        LayerPolicy(
            "in-memory", "metrics", "app_cache_ttl_seconds", least, most, "Caching Strategy, Cache Layers"
        ),
    )


def test_every_row_of_the_guides_table_of_invalidation(config: Config) -> None:
    """All five rows, word by word."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in TABLE.strip().splitlines()]
    assert config.policies.invalidation == tuple(Invalidation(*row) for row in rows)


def test_the_doors_of_the_application(config: Config) -> None:
    """They are the guide's, and not configured until the variable is set."""
    assert config.policies.application == Application(
        None, "HEADROOM_APPLICATION_URL", slow_requests=timedelta(seconds=1)
    )
    application = load(SHIPPED, {"HEADROOM_APPLICATION_URL": "http://127.0.0.1:3000"}).policies.application
    assert application is not None
    assert application.url is not None
    assert (application.url.reveal(), application.unset) == ("http://127.0.0.1:3000", "")
    assert (application.live, application.ready, application.payloads) == (
        "/health/live",
        "/health/ready",
        (),
    )


def test_the_measures_in_the_comments_work(tmp_path: Path) -> None:
    """Each measure that the comments offer is one, with the limits that they speak of."""
    offered = re.findall(r"(?m)^#    (measure: \{(?:command_latency|resource): .*?\})", SHIPPED.read_text())
    budgets = [
        f"  - {{id: b{index}, title: t, {measure}, limits: [{limit}]}}"
        for index, measure in enumerate(offered)
        for limit in [
            "{statistic: p99, max: 5ms}" if "command" in measure else "{statistic: average, max: 1%}"
        ]
    ]
    text = SHIPPED.read_text().split("budgets:\n")[0] + "budgets:\n" + "\n".join(budgets) + "\n"
    path = tmp_path / "budgets.yaml"
    path.write_text(re.sub(r"(event_loop.*)max: 1%", r"\1max: 50ms", text))
    assert [each.measure for each in load(path, {}).budgets] == [
        Measure("erp-cache", Kind.COMMANDS, "all"),
        Measure("metrics", Kind.IO_PRESSURE),
        Measure("metrics", Kind.CONTAINER_MEMORY),
        Measure("metrics", Kind.EVENT_LOOP),
    ]
