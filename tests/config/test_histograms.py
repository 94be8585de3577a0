"""Which names of histograms are taken: those of seconds, and those that name no unit."""

from __future__ import annotations

from pathlib import Path

import pytest

from headroom.config import ConfigError, load

GOOD = (Path(__file__).parent / "good.yaml").read_text()


def loaded(name: str, folder: Path) -> str:
    """Return the histogram of the good file's budget, called `name`."""
    path = folder / "budgets.yaml"
    path.write_text(GOOD.replace("http_request_duration_seconds", name))
    return load(path, {}).budgets[0].measure.of


@pytest.mark.parametrize(
    "name",
    [
        "http_request_duration_seconds",
        "request_seconds",
        "request_duration_s",
        "http_request_duration",
        "latency",
        "ms",
        "total",
        "ms_gateway_request_duration",
        "us_east_request_duration",
        "orders_total_duration",
        "subtotal",
        "job:http_request_duration_seconds:rate5m",
        "milliseconds_shown_in_seconds",
    ],
)
def test_seconds_and_names_without_a_unit_are_taken(name: str, tmp_path: Path) -> None:
    """A word that is a unit at the end of other names may be anything elsewhere."""
    assert loaded(name, tmp_path) == name


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("http_server_duration_milliseconds", "milliseconds"),
        ("milliseconds", "milliseconds"),
        ("latency_ms", "ms"),
        ("latency_MS", "ms"),
        ("latency_us", "us"),
        ("latency_microseconds", "microseconds"),
        ("latency_ns", "ns"),
        ("latency_nanoseconds", "nanoseconds"),
        ("job:latency:minutes", "minutes"),
        ("job_hours", "hours"),
        ("latency_millis_milliseconds_by_route", "milliseconds"),
    ],
)
def test_other_units_of_time_are_refused(name: str, unit: str, tmp_path: Path) -> None:
    """They would be read as seconds, and be a thousand times too slow or too fast."""
    with pytest.raises(ConfigError) as refused:
        loaded(name, tmp_path)

    (problem,) = refused.value.problems
    assert problem.found == f'"{name}", which is told in {unit}'
    assert problem.allowed == (
        "a histogram of seconds, which is what Headroom reads: name one such as "
        "http_request_duration_seconds, or let the application count seconds"
    )


@pytest.mark.parametrize("name", ["response_bytes", "response_size_kilobytes", "requests_total", "cpu_ratio"])
def test_sizes_and_counters_are_refused(name: str, tmp_path: Path) -> None:
    """What is no duration cannot keep a limit in milliseconds."""
    with pytest.raises(ConfigError) as refused:
        loaded(name, tmp_path)

    (problem,) = refused.value.problems
    assert problem.found == f'"{name}", which counts no durations by its name'


@pytest.mark.parametrize("suffix", ["bucket", "sum", "count"])
def test_a_series_of_a_histogram_is_refused(suffix: str, tmp_path: Path) -> None:
    """Its name is what dashboards show, and no series of it would be found."""
    with pytest.raises(ConfigError) as refused:
        loaded(f"http_request_duration_seconds_{suffix}", tmp_path)

    (problem,) = refused.value.problems
    assert (
        problem.found
        == f'"http_request_duration_seconds_{suffix}", which is one of the series of a histogram'
    )
    assert problem.allowed == "the name of the histogram itself, without _bucket, _sum or _count"
